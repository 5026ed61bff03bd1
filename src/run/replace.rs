//! The calls by which a group's instances are replaced in place. What is begun is written down before it is.

use super::act::{group_of, target_group_of, versions};
use super::drive::Drive;
use super::stop::Stop;
use crate::cloud::{Cloud, CloudError};
use crate::model::rollout::{Before, Rollout};
use crate::model::step::Step;

pub(super) async fn start<C: Cloud>(drive: &mut Drive<'_, C>, step: &Step) -> Result<(), Stop> {
    let Step::StartRefresh {
        group,
        rollout,
        versions: picks,
        rolling,
    } = step
    else {
        return Ok(());
    };
    let cloud = drive.job.cloud;
    let versions = versions(drive, picks)?;
    let to = picks.first().and_then(|base| versions.get(&base.template));
    let to = *to.ok_or_else(|| CloudError::NotFound {
        what: format!("launch template of {group}"),
    })?;
    let found = group_of(&drive.estate, group)?;
    let (set, remove) = Rollout {
        direction: rollout.direction,
        to,
        from: rollout.from,
        after: found.refresh.as_ref().map(|refresh| refresh.id.clone()),
        released: rollout.released.clone(),
    }
    .written();
    cloud.tag_group(group, &set, &remove).await?;
    drive.still_ours().await?;
    cloud.start_refresh(group, &versions, rolling).await?;
    Ok(())
}

/// The group first: what it can be rolled back to is there before it passes for what it is now.
pub(super) async fn mark<C: Cloud>(drive: &mut Drive<'_, C>, step: &Step) -> Result<(), Stop> {
    let Step::MarkRelease {
        group,
        target_group,
        released,
        before,
    } = step
    else {
        return Ok(());
    };
    let cloud = drive.job.cloud;
    let arn = target_group_of(&drive.estate, target_group)?.arn.clone();
    let (set, remove) = released.written();
    let (mut all, mut gone) = Before::written(before.as_ref());
    all.extend(set.clone());
    gone.extend(remove.iter().copied());
    cloud.tag_group(group, &all, &gone).await?;
    drive.still_ours().await?;
    cloud.tag(&arn, &set, &remove).await?;
    Ok(())
}
