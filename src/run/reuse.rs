//! A group that stays: freed of one generation, and made the next one's. Each can be made again without harm.

use super::act::{group_of, target_group_of, versions};
use super::drive::Drive;
use super::stop::Stop;
use crate::cloud::{Cloud, CloudError};
use crate::model::clone::NEEDED;
use crate::model::estate::{AttachmentKind, Part};
use crate::model::ids::{GroupName, Size};
use crate::model::obligation::HELD_PROCESS;
use crate::model::rollout::{Before, Rollout};
use crate::model::step::NewGroup;
use crate::model::tags::{self, Tags};

const EMPTY: Size = Size {
    min: 0,
    max: 0,
    desired: 0,
};

/// An empty group becomes what a clone of its original would be. It says whose it is before it stands on the target
/// group, and has no instance before all the rest is as it should be.
pub(super) async fn made<C: Cloud>(drive: &mut Drive<'_, C>, new: &NewGroup) -> Result<(), Stop> {
    let cloud = drive.job.cloud;
    let numbers = versions(drive, &new.versions)?;
    cloud.reshape_group(&drive.estate, new, &numbers).await?;
    drive.still_ours().await?;

    let estate = drive.estate.clone();
    let (group, original) = (group_of(&estate, &new.group)?, group_of(&estate, &new.copy_of)?);
    let target_group = target_group_of(&estate, &new.target_group)?;
    let needless: Vec<String> = group
        .suspended
        .keys()
        .filter(|process| *process != HELD_PROCESS)
        .filter(|process| !original.suspended.contains_key(*process) || NEEDED.contains(&process.as_str()))
        .cloned()
        .collect();
    cloud.resume(&new.group, &needless).await?;
    drive.still_ours().await?;

    let ours = new.tags.clone().into_iter();
    let (owed, own): (Tags, Tags) = ours
        .filter(|(key, _)| key.starts_with(tags::PREFIX))
        .partition(|(key, _)| tags::OWES.contains(&key.as_str()));
    cloud.tag_group(&new.group, &Tags::new(), &others(&own)).await?;
    drive.still_ours().await?;
    cloud.tag_group(&new.group, &own, &[]).await?;
    drive.still_ours().await?;
    cloud.stand_on(&new.group, &target_group.arn).await?;
    drive.still_ours().await?;

    // What is not seen to hang on the original would be left as it is here.
    for part in [Part::Attachments, Part::Alarms] {
        if let Some(gap) = estate.gap(part) {
            let message = gap.error.clone();
            let action = format!("looking at the {part} of {}", gap.about);
            return Err(CloudError::Passing { action, message }.into());
        }
    }
    // A policy may count the requests of the target group only once the group stands on it.
    for kind in AttachmentKind::ALL {
        let mut hanging = original.attachments.iter();
        if hanging.any(|one| one.kind == kind && one.stays.is_none()) {
            let (to, from) = (&new.target_group, &new.instead_of);
            cloud
                .attach(&estate, &new.group, &new.copy_of, kind, to, from)
                .await?;
            drive.still_ours().await?;
        }
    }
    if !owed.is_empty() {
        cloud.tag_group(&new.group, &owed, &[]).await?;
        drive.still_ours().await?;
    }
    cloud.resize(&new.group, new.size).await?;
    Ok(())
}

/// An empty group leaves its target groups and holds no generation any more. Nothing is put back that was owed: its
/// next generation gets live's size, and until then no schedule may start instances of a release that has gone.
pub(super) async fn freed<C: Cloud>(drive: &mut Drive<'_, C>, name: &GroupName) -> Result<(), Stop> {
    let cloud = drive.job.cloud;
    let group = group_of(&drive.estate, name)?.clone();
    cloud.stand_down(&drive.estate, name).await?;
    drive.still_ours().await?;
    if !group.suspended.contains_key(HELD_PROCESS) {
        cloud.suspend(name, &[HELD_PROCESS.to_owned()]).await?;
        drive.still_ours().await?;
    }
    if group.size != EMPTY {
        cloud.resize(name, EMPTY).await?;
        drive.still_ours().await?;
    }
    cloud.tag_group(name, &Tags::new(), &others(&Tags::new())).await?;
    drive.still_ours().await?;
    // Last: until then whoever frees it finds it again by its generation.
    let vacant = Tags::from([(tags::GENERATION.to_owned(), tags::VACANT.to_owned())]);
    cloud.tag_group(name, &vacant, &[]).await?;
    Ok(())
}

/// What earlier generations may have left written on a group, and what was owed on it. Which of it is there is not asked:
/// the answer may be from before it was written.
fn others(own: &Tags) -> Vec<&'static str> {
    [tags::RELEASE, tags::INPUTS, tags::VARIANT]
        .iter()
        .chain(tags::OWES)
        .chain(Rollout::keys())
        .chain(Before::keys())
        .copied()
        .filter(|key| !own.contains_key(*key))
        .collect()
}
