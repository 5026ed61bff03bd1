//! The verbs of the cloud, as the world in memory obeys them.

use std::collections::BTreeMap;

use super::{World, refreshing};
use crate::cloud::{Cloud, CloudError, Look, NewRule, Swing, Versions};
use crate::model::estate::{Attachment, AttachmentKind, Estate, Group, Launch, TemplateVersion};
use crate::model::fixtures;
use crate::model::ids::{Arn, Generation, GroupName, Size, TargetGroupName, TemplateId};
use crate::model::judging::Judging;
use crate::model::readings::{Compared, Readings, Window};
use crate::model::release::Release;
use crate::model::rollout::Rolling;
use crate::model::routing::Priority;
use crate::model::scope::Scope;
use crate::model::step::{NewGroup, Pinned};
use crate::model::tags::{self, Tags};

fn gone(what: impl std::fmt::Display) -> CloudError {
    CloudError::NotFound {
        what: what.to_string(),
    }
}

impl Cloud for World {
    fn now(&self) -> jiff::Timestamp {
        self.time()
    }

    async fn observe(&self, _: &Scope) -> Result<Estate, CloudError> {
        let seen = self.now();
        let slow = *self.slow.lock().expect("not poisoned");
        tokio::time::sleep(slow).await;
        Ok(seen)
    }

    async fn look(
        &self,
        _: &Scope,
        _: &Estate,
        _: Look,
        _: &[(GroupName, TargetGroupName)],
    ) -> Result<Estate, CloudError> {
        Ok(self.now())
    }

    async fn readings(
        &self,
        _: &Judging,
        window: Window,
        compared: &Compared,
    ) -> Result<Readings, CloudError> {
        let told = self.readings.lock().expect("not poisoned");
        Ok(told
            .as_ref()
            .map_or_else(|| Readings::none(window, compared), |tell| tell(window, compared)))
    }

    async fn create_rule(&self, _: &Estate, new: &NewRule) -> Result<Arn, CloudError> {
        let arn = Arn::new(format!("rule-{}-{}-{}", new.port, new.priority, new.condition));
        let created = arn.clone();
        self.call(format!("create :{} rule {}", new.port, new.priority), |estate| {
            let listener = estate
                .listeners
                .iter_mut()
                .find(|listener| listener.port == new.port)
                .ok_or_else(|| gone("listener"))?;
            let priority = Priority::Numbered(new.priority);
            if let Some(standing) = listener.rules.iter().find(|rule| rule.priority == priority) {
                // Our own, created by a call whose answer was lost.
                return if standing.arn == created {
                    Ok(())
                } else {
                    Err(CloudError::PriorityInUse {
                        priority: new.priority,
                    })
                };
            }
            let mut rule = fixtures::rule(
                new.port,
                priority,
                std::slice::from_ref(&new.condition),
                new.action.clone(),
            );
            rule.arn = created.clone();
            rule.tags = new.tags.clone();
            listener.rules.push(rule);
            listener.rules.sort_by_key(|rule| rule.priority);
            Ok(())
        })
        .await?;
        Ok(arn)
    }

    async fn delete_rule(&self, rule: &Arn) -> Result<(), CloudError> {
        self.call(format!("delete {rule}"), |estate| {
            for listener in &mut estate.listeners {
                listener.rules.retain(|one| one.arn != *rule);
            }
            Ok(())
        })
        .await
    }

    async fn point(&self, _: &Estate, swing: Swing<'_>) -> Result<(), CloudError> {
        self.call(format!("point {} → {}", swing.rule, swing.after), |estate| {
            let rule = estate
                .listeners
                .iter_mut()
                .flat_map(|listener| &mut listener.rules)
                .find(|rule| rule.arn == swing.rule.arn)
                .ok_or_else(|| gone(swing.rule))?;
            rule.action = swing.after.clone();
            rule.sticky = swing.sticky.unwrap_or(rule.sticky);
            Ok(())
        })
        .await
    }

    async fn create_target_group(
        &self,
        name: &TargetGroupName,
        copy_of: &Arn,
        tags: &Tags,
    ) -> Result<(), CloudError> {
        self.call(format!("create {name}"), |estate| {
            if estate.target_group(name).is_some() {
                return Ok(());
            }
            let mut made = estate
                .target_groups
                .iter()
                .find(|tg| tg.arn == *copy_of)
                .ok_or_else(|| gone(copy_of))?
                .clone();
            made.name = name.clone();
            made.arn = Arn::new(format!("arn-{name}"));
            made.generation = number(tags);
            made.attributes = BTreeMap::new();
            made.targets = Vec::new();
            made.tags = tags.clone();
            estate.taken.target_groups.insert(name.clone());
            estate.target_groups.push(made);
            Ok(())
        })
        .await
    }

    async fn set_target_group_attributes(
        &self,
        tg: &Arn,
        attributes: &BTreeMap<String, String>,
    ) -> Result<(), CloudError> {
        self.call(format!("set attributes of {tg}"), |estate| {
            let tg = estate
                .target_groups
                .iter_mut()
                .find(|one| one.arn == *tg)
                .ok_or_else(|| gone(tg))?;
            tg.attributes.extend(attributes.clone());
            Ok(())
        })
        .await
    }

    async fn delete_target_group(&self, tg: &Arn) -> Result<(), CloudError> {
        self.call(format!("delete {tg}"), |estate| {
            let Some(found) = estate.target_groups.iter().find(|one| one.arn == *tg) else {
                return Ok(());
            };
            if estate.rules_naming(&found.name).next().is_some() {
                return Err(CloudError::InUse { what: tg.to_string() });
            }
            estate.target_groups.retain(|one| one.arn != *tg);
            Ok(())
        })
        .await
    }

    async fn build_template_version(
        &self,
        app: &str,
        template: &TemplateId,
        _: u64,
        release: &Release,
        _: Option<&str>,
    ) -> Result<u64, CloudError> {
        let description = release.version_description(app);
        self.call(format!("build a version of {template}"), |estate| {
            let template = estate
                .templates
                .iter_mut()
                .find(|one| one.id == *template)
                .ok_or_else(|| gone(template))?;
            if template.described(&description).is_none() {
                template.latest_version += 1;
                template.versions.insert(
                    0,
                    TemplateVersion {
                        number: template.latest_version,
                        description: Some(description.clone()),
                        image: None,
                        user_data: None,
                    },
                );
            }
            Ok(())
        })
        .await?;
        self.now()
            .template(template)
            .and_then(|template| template.described(&description))
            .ok_or_else(|| gone(template))
    }

    async fn create_group(&self, _: &Estate, new: &NewGroup, versions: &Versions) -> Result<(), CloudError> {
        self.call(format!("create {}", new.group), |estate| {
            if estate.group(&new.group).is_some() {
                return Ok(());
            }
            let mut made = estate
                .group(&new.copy_of)
                .ok_or_else(|| gone(&new.copy_of))?
                .clone();
            made.name = new.group.clone();
            made.generation = Some(new.generation);
            made.size = new.size;
            made.instances = Vec::new();
            made.target_groups = vec![new.target_group.clone()];
            made.tags = new.tags.clone();
            made.suspended = BTreeMap::new();
            made.attachments
                .retain(|attachment| attachment.kind == AttachmentKind::Hook);
            if let Launch::Template { uses, .. } = &mut made.launch {
                for used in uses {
                    used.version = versions[&used.template].to_string();
                }
            }
            estate.taken.groups.insert(new.group.clone());
            estate.groups.push(made);
            Ok(())
        })
        .await
    }

    async fn reshape_group(&self, _: &Estate, new: &NewGroup, versions: &Versions) -> Result<(), CloudError> {
        self.call(format!("reshape {}", new.group), |estate| {
            let original = estate
                .group(&new.copy_of)
                .ok_or_else(|| gone(&new.copy_of))?
                .clone();
            let group = group_mut(estate, &new.group)?;
            if !group.instances.is_empty() {
                return Err(CloudError::InUse {
                    what: new.group.to_string(),
                });
            }
            group.size = Size {
                min: 0,
                max: 0,
                desired: 0,
            };
            group.settings = original.settings;
            group.launch = original.launch;
            if let Launch::Template { uses, .. } = &mut group.launch {
                for used in uses {
                    used.version = versions[&used.template].to_string();
                }
            }
            Ok(())
        })
        .await
    }

    async fn stand_on(&self, group: &GroupName, target_group: &Arn) -> Result<(), CloudError> {
        self.call(format!("stand {group} on {target_group}"), |estate| {
            let name = estate
                .target_groups
                .iter()
                .find(|tg| tg.arn == *target_group)
                .ok_or_else(|| gone(target_group))?
                .name
                .clone();
            let on = &mut group_mut(estate, group)?.target_groups;
            on.retain(|one| *one != name);
            on.push(name);
            Ok(())
        })
        .await
    }

    async fn stand_down(&self, _: &Estate, group: &GroupName) -> Result<(), CloudError> {
        self.call(format!("stand {group} down"), |estate| {
            let group = group_mut(estate, group)?;
            if !group.instances.is_empty() {
                return Err(CloudError::InUse {
                    what: group.name.to_string(),
                });
            }
            group.target_groups.clear();
            group
                .attachments
                .retain(|attachment| attachment.kind != AttachmentKind::WarmPool);
            Ok(())
        })
        .await
    }

    async fn attach(
        &self,
        _: &Estate,
        group: &GroupName,
        copy_of: &GroupName,
        kind: AttachmentKind,
        _: &TargetGroupName,
        _: &TargetGroupName,
    ) -> Result<(), CloudError> {
        self.call(format!("attach {kind:?} to {group}"), |estate| {
            let copies: Vec<Attachment> = estate
                .group(copy_of)
                .ok_or_else(|| gone(copy_of))?
                .attachments
                .iter()
                .filter(|attachment| attachment.kind == kind && attachment.stays.is_none())
                .cloned()
                .map(|mut copy| {
                    if kind == AttachmentKind::Alarm {
                        copy.name =
                            crate::model::clone::alarm_name(&copy.name, copy_of.as_str(), group.as_str());
                    }
                    copy
                })
                .collect();
            let group = group_mut(estate, group)?;
            group.attachments.retain(|attachment| attachment.kind != kind);
            group.attachments.extend(copies);
            Ok(())
        })
        .await
    }

    async fn pin(&self, group: &GroupName, versions: &[Pinned]) -> Result<(), CloudError> {
        self.call(format!("pin {group}"), |estate| {
            if let Launch::Template { uses, .. } = &mut group_mut(estate, group)?.launch {
                for used in uses {
                    if let Some(pin) = versions.iter().find(|pin| pin.template == used.template) {
                        used.version = pin.to.to_string();
                    }
                }
            }
            Ok(())
        })
        .await
    }

    async fn start_refresh(
        &self,
        group: &GroupName,
        versions: &Versions,
        _: &Rolling,
    ) -> Result<(), CloudError> {
        self.call(format!("replace the instances of {group}"), |estate| {
            refreshing::start(group_mut(estate, group)?, versions)
        })
        .await
    }

    async fn take_refresh_back(&self, group: &GroupName) -> Result<(), CloudError> {
        self.call(format!("take back what {group} had replaced"), |estate| {
            refreshing::take_back(group_mut(estate, group)?);
            Ok(())
        })
        .await
    }

    async fn resize(&self, group: &GroupName, size: Size) -> Result<(), CloudError> {
        self.call(format!("resize {group} to {size}"), |estate| {
            group_mut(estate, group)?.size = size;
            Ok(())
        })
        .await
    }

    async fn raise(&self, group: &GroupName, floor: u32) -> Result<(), CloudError> {
        self.call(format!("raise {group} to {floor}"), |estate| {
            let size = &mut group_mut(estate, group)?.size;
            size.desired = size.desired.max(floor);
            size.min = size.desired;
            size.max = size.max.max(size.desired);
            Ok(())
        })
        .await
    }

    async fn bound(&self, group: &GroupName, min: u32, max: u32) -> Result<(), CloudError> {
        self.call(format!("bound {group} by {min} and {max}"), |estate| {
            let size = &mut group_mut(estate, group)?.size;
            size.min = min;
            size.desired = size.desired.max(min);
            size.max = max.max(size.desired);
            Ok(())
        })
        .await
    }

    async fn suspend(&self, group: &GroupName, processes: &[String]) -> Result<(), CloudError> {
        self.call(format!("suspend {} on {group}", processes.join(" ")), |estate| {
            let group = group_mut(estate, group)?;
            group.suspended.extend(
                processes
                    .iter()
                    .map(|process| (process.clone(), "User suspended".into())),
            );
            Ok(())
        })
        .await
    }

    async fn resume(&self, group: &GroupName, processes: &[String]) -> Result<(), CloudError> {
        self.call(format!("resume {} on {group}", processes.join(" ")), |estate| {
            group_mut(estate, group)?
                .suspended
                .retain(|process, _| !processes.contains(process));
            Ok(())
        })
        .await
    }

    async fn delete_group(&self, _: &Estate, group: &GroupName) -> Result<(), CloudError> {
        self.call(format!("delete {group}"), |estate| {
            match estate.group(group) {
                Some(found) if !found.instances.is_empty() => {
                    return Err(CloudError::InUse {
                        what: group.to_string(),
                    });
                }
                _ => {}
            }
            estate.groups.retain(|one| one.name != *group);
            Ok(())
        })
        .await
    }

    async fn tag(&self, arn: &Arn, set: &Tags, remove: &[&str]) -> Result<(), CloudError> {
        let text: Vec<String> = set.iter().map(|(key, value)| format!("{key}={value}")).collect();
        self.call(format!("tag {arn} {}", text.join(" ")), |estate| {
            let found = estate
                .target_groups
                .iter_mut()
                .find(|tg| tg.arn == *arn)
                .map(|tg| &mut tg.tags)
                .or_else(|| {
                    estate
                        .listeners
                        .iter_mut()
                        .flat_map(|listener| &mut listener.rules)
                        .find(|rule| rule.arn == *arn)
                        .map(|rule| &mut rule.tags)
                });
            put(found.ok_or_else(|| gone(arn))?, set, remove);
            Ok(())
        })
        .await
    }

    async fn tag_group(&self, group: &GroupName, set: &Tags, remove: &[&str]) -> Result<(), CloudError> {
        let text: Vec<String> = set.iter().map(|(key, value)| format!("{key}={value}")).collect();
        self.call(
            format!("tag {group} {} -{}", text.join(" "), remove.join(" -")),
            |estate| {
                let app = estate.app.clone();
                let group = group_mut(estate, group)?;
                put(&mut group.tags, set, remove);
                if tags::owned_by(&group.tags, &app) && set.contains_key(tags::GENERATION) {
                    group.generation = number(&group.tags);
                }
                Ok(())
            },
        )
        .await
    }
}

fn group_mut<'a>(estate: &'a mut Estate, name: &GroupName) -> Result<&'a mut Group, CloudError> {
    estate
        .groups
        .iter_mut()
        .find(|group| group.name == *name)
        .ok_or_else(|| gone(name))
}

fn put(tags: &mut Tags, set: &Tags, remove: &[&str]) {
    tags.extend(set.clone());
    tags.retain(|key, _| !remove.contains(&key.as_str()));
}

fn number(tags: &Tags) -> Option<Generation> {
    Some(Generation(tags.get(tags::GENERATION)?.parse().ok()?))
}
