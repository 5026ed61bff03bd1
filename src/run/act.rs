//! Turns one step into the calls it stands for. Each can be made again without harm.

use jiff::Timestamp;
use rand::RngExt;

use super::drive::Drive;
use super::stop::Stop;
use super::{lock, replace, reuse};
use crate::cloud::{Cloud, CloudError, NewRule, Swing, Versions};
use crate::model::ab::Taking;
use crate::model::estate::{Estate, Group, TargetGroup};
use crate::model::ids::{GroupName, Size, TargetGroupName};
use crate::model::obligation::{HELD_PROCESS, Obligation, owed};
use crate::model::rollout::Rollout;
use crate::model::routing::{Action, Asks, Condition, Rule};
use crate::model::rule_tag::RuleTag;
use crate::model::shift::Reached;
use crate::model::standing::State;
use crate::model::step::{Pick, PickedVersion, Step};
use crate::model::tags::{self, Tags};
use crate::plan;

pub(super) async fn act<C: Cloud>(drive: &mut Drive<'_, C>, step: &Step) -> Result<(), Stop> {
    let cloud = drive.job.cloud;
    let estate = &drive.estate;
    match step {
        Step::Adopt {
            generation,
            group,
            target_group,
        } => {
            let own = Tags::from([
                (tags::APP.to_owned(), estate.app.clone()),
                (tags::GENERATION.to_owned(), generation.to_string()),
            ]);
            let arn = target_group_of(estate, target_group)?.arn.clone();
            cloud.tag_group(group, &own, &[]).await?;
            drive.still_ours().await?;
            cloud.tag(&arn, &own, &[]).await?;
        }
        Step::AdoptRule { rule } => cloud.tag(&rule.arn, &RuleTag::Door.tags(&estate.app), &[]).await?,
        Step::Pin { group, versions } => cloud.pin(group, versions).await?,
        Step::BuildTemplateVersion {
            template,
            source,
            release,
            root_device,
            ..
        } => {
            let number = cloud
                .build_template_version(&estate.app, template, *source, release, root_device.as_deref())
                .await?;
            drive.built.insert(template.clone(), number);
        }
        Step::CreateTargetGroup {
            target_group,
            copy_of,
            tags,
        } => {
            let original = &target_group_of(estate, copy_of)?.arn;
            cloud
                .create_target_group(
                    target_group,
                    original,
                    &stamped(tags, &drive.plan.id, cloud.now()),
                )
                .await?;
        }
        Step::SetTargetGroupAttributes {
            target_group,
            attributes,
        } => {
            let arn = &target_group_of(estate, target_group)?.arn;
            cloud.set_target_group_attributes(arn, attributes).await?;
        }
        Step::OpenStaging { target_group } => {
            let lock = drive.lock.rule(estate).ok_or(Stop::LockLost)?;
            point(cloud, estate, lock, &Action::to(target_group)).await?;
        }
        Step::StayInUse { target_groups } => {
            let lock = drive.lock.rule(estate).ok_or(Stop::LockLost)?;
            let after = lock::keeping(&lock.action, target_groups);
            point(cloud, estate, lock, &after).await?;
        }
        Step::CreateGroup(new) => {
            let versions = versions(drive, &new.versions)?;
            cloud.create_group(estate, new, &versions).await?;
        }
        Step::ReuseGroup(new) => reuse::made(drive, new).await?,
        Step::SuspendProcesses { group, processes } => {
            let suspended = &group_of(estate, group)?.suspended;
            let missing: Vec<String> = processes
                .iter()
                .filter(|process| !suspended.contains_key(*process))
                .cloned()
                .collect();
            cloud.suspend(group, &missing).await?;
        }
        Step::Attach {
            group,
            copy_of,
            kind,
            target_group,
            instead_of,
            ..
        } => {
            cloud
                .attach(estate, group, copy_of, *kind, target_group, instead_of)
                .await?;
        }
        Step::Hold { group } => {
            let held = group_of(estate, group)?.clone();
            let wanted = held.size.desired;
            hold(drive, &held, wanted).await?;
        }
        Step::MatchCapacity { group, like } => {
            let wanted = group_of(estate, like)?.size.desired;
            let held = group_of(estate, group)?.clone();
            hold(drive, &held, wanted).await?;
        }
        Step::Mark {
            target_group,
            state,
            previous,
            ..
        } => {
            let mut marks = Tags::from([
                (tags::STATE.to_owned(), state.tag(cloud.now())),
                (tags::PLAN.to_owned(), drive.plan.id.clone()),
            ]);
            if let Some(previous) = previous {
                marks.insert(tags::PREVIOUS.to_owned(), previous.to_string());
            }
            let tg = target_group_of(estate, target_group)?;
            let arn = tg.arn.clone();
            // Whatever share it had, it is whole now, or none. In the same call, and by a word: removing a tag would take
            // a permission of its own.
            if *state != State::Promoting {
                let shared = [tags::STAGE, tags::TEST].into_iter();
                let shared = shared.filter(|key| tg.tags.contains_key(*key));
                marks.extend(shared.map(|key| (key.to_owned(), tags::NONE.to_owned())));
            }
            cloud.tag(&arn, &marks, &[]).await?;
        }
        Step::MarkSchema {
            target_group,
            generation,
            change,
        } => {
            let mark = Tags::from([(change.tag().to_owned(), generation.to_string())]);
            cloud
                .tag(&target_group_of(estate, target_group)?.arn, &mark, &[])
                .await?;
        }
        Step::Point {
            rule,
            before,
            after,
            sticky,
            ..
        } => {
            let swing = Swing {
                rule,
                before,
                after,
                sticky: *sticky,
            };
            cloud.point(estate, swing).await?;
        }
        Step::MarkStage {
            target_group,
            stage,
            weight,
            held,
        } => {
            let tg = target_group_of(estate, target_group)?;
            let reached = Reached {
                stage: *stage,
                weight: *weight,
                held: *held,
                since: cloud.now(),
            };
            let mark = Tags::from([(tags::STAGE.to_owned(), reached.tag())]);
            cloud.tag(&tg.arn, &mark, &[]).await?;
        }
        Step::StartRefresh { .. } => replace::start(drive, step).await?,
        Step::TakeRefreshBack { group } => cloud.take_refresh_back(group).await?,
        Step::MarkRelease { .. } => replace::mark(drive, step).await?,
        Step::EndRollout { group } => cloud.tag_group(group, &Tags::new(), Rollout::keys()).await?,
        Step::MarkTest {
            target_group,
            weight,
            won,
            ..
        } => {
            let tg = target_group_of(estate, target_group)?;
            let taking = Taking {
                weight: *weight,
                won: *won,
                // It began when it began, however its weights are changed meanwhile.
                since: Taking::of(&tg.tags).map_or_else(|| cloud.now(), |before| before.since),
            };
            let mark = Tags::from([(tags::TEST.to_owned(), taking.tag())]);
            cloud.tag(&tg.arn, &mark, &[]).await?;
        }
        Step::CreateRule { .. } => create_rule(cloud, estate, step).await?,
        Step::DeleteRule { rule, .. } => cloud.delete_rule(&rule.arn).await?,
        Step::PayObligations { group } => {
            let group = group_of(estate, group)?.clone();
            pay(drive, &group).await?;
        }
        Step::Shrink { group, to } => {
            let group = group_of(estate, group)?.clone();
            shrink(drive, &group, *to).await?;
        }
        Step::Stop { group, .. } => {
            let group = group_of(estate, group)?.clone();
            shrink(drive, &group, 0).await?;
        }
        Step::Start { group, after } => {
            let group = group_of(estate, group)?.clone();
            let wanted = plan::started_size(estate, &group, after);
            hold(drive, &group, wanted).await?;
        }
        Step::DeleteGroup { group } => cloud.delete_group(estate, group).await?,
        Step::Vacate { group } => reuse::freed(drive, group).await?,
        Step::DeleteTargetGroup { target_group } => {
            cloud
                .delete_target_group(&target_group_of(estate, target_group)?.arn)
                .await?;
        }
        Step::AwaitHealthy { .. }
        | Step::AwaitEmpty { .. }
        | Step::AwaitRefresh { .. }
        | Step::Confirm { .. }
        | Step::Bake { .. }
        | Step::Pause { .. }
        | Step::AwaitWinner { .. }
        // Hooks are called by the drive itself, which has somebody to tell.
        | Step::Hook { .. } => {}
    }
    Ok(())
}

/// A target group says from its first moment whose it is and where it stands.
fn stamped(tags: &Tags, plan: &str, now: Timestamp) -> Tags {
    let mut tags = tags.clone();
    tags.insert(tags::CREATED_AT.to_owned(), now.to_string());
    tags.insert(tags::STATE.to_owned(), State::Staged.tag(now));
    tags.insert(tags::PLAN.to_owned(), plan.to_owned());
    tags
}

pub(super) fn group_of<'a>(estate: &'a Estate, name: &GroupName) -> Result<&'a Group, Stop> {
    Ok(estate.group(name).ok_or_else(|| CloudError::NotFound {
        what: format!("Auto Scaling group {name}"),
    })?)
}

pub(super) fn target_group_of<'a>(
    estate: &'a Estate,
    name: &TargetGroupName,
) -> Result<&'a TargetGroup, Stop> {
    Ok(estate.target_group(name).ok_or_else(|| CloudError::NotFound {
        what: format!("target group {name}"),
    })?)
}

/// A value that nobody guesses, for headers that must not let strangers in.
pub(super) fn unguessable() -> String {
    format!("{:032x}", rand::rng().random::<u128>())
}

pub(super) fn versions<C: Cloud>(drive: &Drive<'_, C>, picks: &[Pick]) -> Result<Versions, Stop> {
    let mut versions = Versions::new();
    for pick in picks {
        let number = match &pick.version {
            PickedVersion::Number(number) => Some(*number),
            PickedVersion::Described(description) => drive
                .estate
                .template(&pick.template)
                .and_then(|template| template.described(description))
                .or_else(|| drive.built.get(&pick.template).copied()),
        };
        let number = number.ok_or_else(|| CloudError::NotFound {
            what: format!(
                "version of launch template {} made for this release",
                pick.template
            ),
        })?;
        versions.insert(pick.template.clone(), number);
    }
    Ok(versions)
}

async fn create_rule<C: Cloud>(cloud: &C, estate: &Estate, step: &Step) -> Result<(), Stop> {
    let Step::CreateRule {
        port,
        priority,
        purpose,
        asks,
        action,
    } = step
    else {
        return Ok(());
    };
    let new = NewRule {
        port: *port,
        priority: *priority,
        condition: match asks {
            Asks::Secret(header) => Condition::Header {
                name: header.clone(),
                values: vec![unguessable()],
            },
            Asks::This(condition) => condition.clone(),
        },
        action: action.clone(),
        tags: purpose.rule_tag().tags(&estate.app),
    };
    cloud.create_rule(estate, &new).await?;
    Ok(())
}

/// The lock's own rule, which no request meets.
async fn point<C: Cloud>(cloud: &C, estate: &Estate, lock: &Rule, after: &Action) -> Result<(), CloudError> {
    let swing = Swing {
        rule: &lock.at(),
        before: &lock.action,
        after,
        sticky: None,
    };
    cloud.point(estate, swing).await
}

/// Keeps a group from shrinking below `wanted`, raising it if it is smaller. What is to be put back
/// is written down before anything is changed.
async fn hold<C: Cloud>(drive: &mut Drive<'_, C>, group: &Group, wanted: u32) -> Result<(), Stop> {
    let cloud = drive.job.cloud;
    let name = &group.name;
    let desired = group.size.desired.max(wanted);
    let noted = owed(&group.tags);
    let mut note = Tags::new();
    let minimum_noted = noted
        .iter()
        .any(|one| matches!(one, Obligation::Minimum { .. } | Obligation::Size { .. }));
    // Also when it seems to be as high already: the group may have grown by the time that it is raised.
    if group.size.min < group.size.max.max(desired) && !minimum_noted {
        note.extend([Obligation::Minimum { was: group.size.min }.tag()]);
    }
    let suspend = !group.suspended.contains_key(HELD_PROCESS);
    if suspend && !noted.iter().any(|one| matches!(one, Obligation::Resume { .. })) {
        note.extend([Obligation::Resume {
            processes: vec![HELD_PROCESS.to_owned()],
        }
        .tag()]);
    }
    if !note.is_empty() {
        cloud.tag_group(name, &note, &[]).await?;
        drive.still_ours().await?;
    }
    if suspend {
        cloud.suspend(name, &[HELD_PROCESS.to_owned()]).await?;
        drive.still_ours().await?;
    }
    if group.size.min < desired || group.size.desired < desired {
        cloud.raise(name, desired).await?;
    }
    Ok(())
}

/// Puts back what was changed for a while, then crosses it out.
async fn pay<C: Cloud>(drive: &mut Drive<'_, C>, group: &Group) -> Result<(), Stop> {
    let cloud = drive.job.cloud;
    let noted = owed(&group.tags);
    let mut size = group.size;
    for obligation in &noted {
        match obligation {
            Obligation::Minimum { was } => size.min = *was,
            Obligation::Size { was } => {
                size.min = was.min;
                size.max = was.max.max(size.desired);
            }
            Obligation::Resume { .. } => {}
        }
    }
    if (size.min, size.max) != (group.size.min, group.size.max) {
        cloud.bound(&group.name, size.min, size.max).await?;
        drive.still_ours().await?;
    }
    for obligation in &noted {
        if let Obligation::Resume { processes } = obligation {
            cloud.resume(&group.name, processes).await?;
            drive.still_ours().await?;
        }
    }
    let keys: Vec<&str> = noted.iter().map(Obligation::key).collect();
    cloud.tag_group(&group.name, &Tags::new(), &keys).await?;
    Ok(())
}

/// Scales a group down, and keeps it there: nothing may start instances that no request reaches.
async fn shrink<C: Cloud>(drive: &mut Drive<'_, C>, group: &Group, to: u32) -> Result<(), Stop> {
    let cloud = drive.job.cloud;
    let noted = owed(&group.tags);
    let mut note = Tags::new();
    if !noted.iter().any(|one| matches!(one, Obligation::Size { .. })) {
        let min = noted
            .iter()
            .find_map(|one| match one {
                Obligation::Minimum { was } => Some(*was),
                _ => None,
            })
            .unwrap_or(group.size.min);
        note.extend([Obligation::Size {
            was: Size { min, ..group.size },
        }
        .tag()]);
    }
    let suspend = !group.suspended.contains_key(HELD_PROCESS);
    if suspend && !noted.iter().any(|one| matches!(one, Obligation::Resume { .. })) {
        note.extend([Obligation::Resume {
            processes: vec![HELD_PROCESS.to_owned()],
        }
        .tag()]);
    }
    let minimum_noted = noted.iter().any(|one| matches!(one, Obligation::Minimum { .. }));
    if !note.is_empty() || minimum_noted {
        // The size as it was says more than the minimum as it was.
        cloud.tag_group(&group.name, &note, &[tags::OWES_MIN]).await?;
        drive.still_ours().await?;
    }
    if suspend {
        cloud.suspend(&group.name, &[HELD_PROCESS.to_owned()]).await?;
        drive.still_ours().await?;
    }
    if to == 0 && group.suspended.contains_key("Terminate") {
        cloud.resume(&group.name, &["Terminate".to_owned()]).await?;
        drive.still_ours().await?;
    }
    let size = Size {
        min: to,
        // With a maximum of none, no policy starts one again.
        max: if to == 0 { 0 } else { group.size.max },
        desired: to.min(group.size.desired),
    };
    cloud.resize(&group.name, size).await?;
    Ok(())
}
