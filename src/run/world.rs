//! A cloud in memory for the runner's tests: an estate that obeys, with faults that can be ordered.
//!
//! It guards what must hold after every single change: production is served, and nothing that is
//! not ours is touched.

use std::collections::BTreeMap;
use std::sync::Mutex;

use tokio::sync::Notify;

use crate::cloud::{Cloud, CloudError, Look, NewRule, Swing, Versions};
use crate::model::estate::{
    Attachment, AttachmentKind, Estate, Instance, Launch, Target, TargetState, TemplateVersion,
};
use crate::model::ids::{Arn, GroupName, Size, TargetGroupName, TemplateId};
use crate::model::release::Release;
use crate::model::routing::{Condition, Priority, Rule};
use crate::model::scope::Scope;
use crate::model::step::{NewGroup, Pinned};
use crate::model::tags::{self, Tags};
use crate::model::{fixtures, fleet};

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The process dies before the call is sent.
    DieBefore,
    /// The process dies before the answer comes.
    DieAfter,
    /// It is throttled.
    Throttle,
    /// It works, and the answer is lost.
    LoseAnswer,
    /// It is denied, now and whenever it is tried again.
    Deny,
}

pub(super) struct World {
    estate: Mutex<Estate>,
    /// Every change made, in order.
    changes: Mutex<Vec<String>>,
    fault: Mutex<Option<(usize, Fault)>>,
    seen: Mutex<usize>,
    pub(super) died: Notify,
    pub(super) broken: Mutex<Vec<String>>,
    /// Target groups whose targets never become healthy.
    pub(super) sick: Mutex<Vec<TargetGroupName>>,
    foreign: BTreeMap<Arn, Rule>,
}

impl World {
    pub(super) fn new(estate: Estate) -> Self {
        let ours = |rule: &Rule| {
            rule.action.shares().iter().any(|share| {
                estate
                    .target_group(&share.target_group)
                    .is_some_and(|tg| tg.generation.is_some())
            }) || rule.conditions.iter().any(
                |condition| matches!(condition, Condition::Header { name, .. } if name == "x-client-mode"),
            )
        };
        let foreign = estate
            .rules()
            .filter(|rule| !ours(rule))
            .map(|rule| (rule.arn.clone(), rule.clone()))
            .collect();
        Self {
            estate: Mutex::new(estate),
            changes: Mutex::default(),
            fault: Mutex::default(),
            seen: Mutex::default(),
            died: Notify::new(),
            broken: Mutex::default(),
            sick: Mutex::default(),
            foreign,
        }
    }

    /// The next fault: it hits the call with this number, counted from now.
    pub(super) fn order(&self, fault: Option<(usize, Fault)>) {
        *self.fault.lock().expect("not poisoned") = fault;
        *self.seen.lock().expect("not poisoned") = 0;
    }

    /// How many changing calls were tried since the last order.
    pub(super) fn tried(&self) -> usize {
        *self.seen.lock().expect("not poisoned")
    }

    pub(super) fn changes(&self) -> Vec<String> {
        self.changes.lock().expect("not poisoned").clone()
    }

    pub(super) fn now(&self) -> Estate {
        let mut estate = self.estate.lock().expect("not poisoned");
        breathe(&mut estate, &self.sick.lock().expect("not poisoned"));
        estate.observed_at = jiff::Timestamp::now();
        estate.clone()
    }

    pub(super) fn vary(&self, change: impl FnOnce(&mut Estate)) {
        change(&mut self.estate.lock().expect("not poisoned"));
    }

    /// One changing call: perhaps a fault, then the change, then the guards.
    async fn call(
        &self,
        what: String,
        change: impl FnOnce(&mut Estate) -> Result<(), CloudError>,
    ) -> Result<(), CloudError> {
        let fault = {
            let mut seen = self.seen.lock().expect("not poisoned");
            let this = *seen;
            *seen += 1;
            let ordered = *self.fault.lock().expect("not poisoned");
            ordered
                .filter(|(at, fault)| *at == this || (*fault == Fault::Deny && *at < this))
                .map(|(_, fault)| fault)
        };
        let passing = |message: &str| CloudError::Passing {
            action: what.clone(),
            message: message.into(),
        };
        match fault {
            Some(Fault::DieBefore) => self.die().await,
            Some(Fault::Throttle) => return Err(passing("Throttling")),
            Some(Fault::Deny) => {
                return Err(CloudError::Denied {
                    action: what,
                    message: "a policy says no".into(),
                });
            }
            _ => {}
        }
        let result = {
            let mut estate = self.estate.lock().expect("not poisoned");
            let result = change(&mut estate);
            breathe(&mut estate, &self.sick.lock().expect("not poisoned"));
            if result.is_ok() {
                self.changes.lock().expect("not poisoned").push(what.clone());
                self.guard(&estate, &what);
            }
            result
        };
        match fault {
            Some(Fault::DieAfter) => self.die().await,
            Some(Fault::LoseAnswer) => return Err(passing("timed out")),
            _ => {}
        }
        result
    }

    async fn die(&self) {
        self.died.notify_one();
        std::future::pending::<()>().await;
    }

    fn guard(&self, estate: &Estate, what: &str) {
        let mut broken = self.broken.lock().expect("not poisoned");
        for rule in estate.rules() {
            if rule
                .conditions
                .iter()
                .any(|condition| matches!(condition, Condition::Header { .. }))
            {
                continue;
            }
            for share in rule.action.shares().iter().filter(|share| share.weight > 0) {
                let Some(tg) = estate.target_group(&share.target_group) else {
                    broken.push(format!(
                        "after {what}: {} forwards to a target group that is gone",
                        rule.at()
                    ));
                    continue;
                };
                if tg.generation.is_none() {
                    continue;
                }
                let healthy: u32 = estate
                    .groups
                    .iter()
                    .filter(|group| group.target_groups.contains(&tg.name))
                    .map(|group| fleet::healthy_capacity(group, tg))
                    .sum();
                if healthy == 0 {
                    broken.push(format!(
                        "after {what}: {} forwards to {} where nothing is healthy",
                        rule.at(),
                        tg.name
                    ));
                }
            }
        }
        for (arn, was) in &self.foreign {
            if estate.rule(arn) != Some(was) {
                broken.push(format!(
                    "after {what}: a rule that is not ours changed: {}",
                    was.at()
                ));
            }
        }
    }
}

/// What time does by itself: targets follow instances, and become healthy where a rule names them.
fn breathe(estate: &mut Estate, sick: &[TargetGroupName]) {
    let named: Vec<TargetGroupName> = estate
        .target_groups
        .iter()
        .filter(|tg| estate.rules_naming(&tg.name).next().is_some())
        .map(|tg| tg.name.clone())
        .collect();
    for group in &mut estate.groups {
        let wanted = group.size.desired as usize;
        group.instances.truncate(wanted);
        while group.instances.len() < wanted {
            let index = group.instances.len();
            group.instances.push(Instance {
                id: format!("i-{}-{index}", group.name),
                zone: "eu-central-1a".into(),
                lifecycle: "InService".into(),
                healthy: true,
                weight: 1,
                template_version: None,
            });
        }
    }
    for tg in &mut estate.target_groups {
        if tg.generation.is_none() {
            continue;
        }
        let state = if !named.contains(&tg.name) {
            TargetState::Unused
        } else if sick.contains(&tg.name) {
            TargetState::Unhealthy
        } else {
            TargetState::Healthy
        };
        tg.targets = estate
            .groups
            .iter()
            .filter(|group| group.target_groups.contains(&tg.name))
            .flat_map(|group| &group.instances)
            .map(|instance| Target {
                id: instance.id.clone(),
                state,
                reason: None,
                description: None,
                zonal_override: None,
            })
            .collect();
    }
}

fn gone(what: impl std::fmt::Display) -> CloudError {
    CloudError::NotFound {
        what: what.to_string(),
    }
}

impl Cloud for World {
    async fn observe(&self, _: &Scope) -> Result<Estate, CloudError> {
        Ok(self.now())
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

    async fn create_rule(&self, _: &Estate, new: &NewRule) -> Result<Arn, CloudError> {
        let arn = Arn::new(format!("rule-{}-{}-{}", new.port, new.priority, new.value));
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
                &[fixtures::header(&new.header, &new.value)],
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

    async fn resize(&self, group: &GroupName, size: Size) -> Result<(), CloudError> {
        self.call(format!("resize {group} to {size}"), |estate| {
            group_mut(estate, group)?.size = size;
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
                put(&mut group_mut(estate, group)?.tags, set, remove);
                Ok(())
            },
        )
        .await
    }
}

fn group_mut<'a>(
    estate: &'a mut Estate,
    name: &GroupName,
) -> Result<&'a mut crate::model::estate::Group, CloudError> {
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

fn number(tags: &Tags) -> Option<crate::model::ids::Generation> {
    Some(crate::model::ids::Generation(
        tags.get(tags::GENERATION)?.parse().ok()?,
    ))
}
