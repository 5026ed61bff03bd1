//! Scheduled actions: what a group does by the clock, in the time zone it does it in.

use aws_sdk_autoscaling::types::{ScheduledUpdateGroupAction, ScheduledUpdateGroupActionRequest};
use aws_smithy_types::DateTime;
use jiff::{Timestamp, ToSpan};

use super::is_unknown_operation;
use super::swap::Swap;
use crate::cloud::CloudError;
use crate::cloud::aws::Aws;
use crate::cloud::aws::groups::timestamp;
use crate::model::estate::{Attachment, AttachmentKind};
use crate::model::ids::GroupName;

/// The most actions one call may put.
const BATCH: usize = 50;

impl Aws {
    pub(in crate::cloud::aws) async fn schedules_of(
        &self,
        group: &GroupName,
    ) -> Result<Vec<ScheduledUpdateGroupAction>, CloudError> {
        self.asg
            .describe_scheduled_actions()
            .auto_scaling_group_name(group.as_str())
            .max_records(100)
            .into_paginator()
            .items()
            .send()
            .collect::<Result<Vec<_>, _>>()
            .await
            .map_err(|error| self.error("DescribeScheduledActions", error))
    }

    pub(super) async fn copy_schedules(&self, swap: &Swap) -> Result<(), CloudError> {
        // What starts while the calls are on their way would be refused as past.
        let soon = self.clock.now() + 1.minute();
        let wanted: Vec<ScheduledUpdateGroupActionRequest> = self
            .schedules_of(&swap.from)
            .await?
            .iter()
            .filter(|action| is_over(action, soon).is_none())
            .map(|action| put(action, soon))
            .collect();
        if wanted.is_empty() {
            return Ok(());
        }
        for some in wanted.chunks(BATCH) {
            match self.put_schedules(&swap.to, some).await {
                // Put one by one below.
                Err(error) if is_unknown_operation(&error) => break,
                other => other?,
            }
        }
        // Not every endpoint knows the batch, or keeps all that it is given in one.
        let there = self.schedules_of(&swap.to).await?;
        for action in wanted
            .iter()
            .filter(|action| !there.iter().any(|one| is_as(one, action)))
        {
            self.put_schedule(&swap.to, action).await?;
        }
        Ok(())
    }

    async fn put_schedules(
        &self,
        group: &GroupName,
        actions: &[ScheduledUpdateGroupActionRequest],
    ) -> Result<(), CloudError> {
        const ACTION: &str = "BatchPutScheduledUpdateGroupAction";
        let done = self
            .asg
            .batch_put_scheduled_update_group_action()
            .auto_scaling_group_name(group.as_str())
            .set_scheduled_update_group_actions(Some(actions.to_vec()))
            .send()
            .await
            .map_err(|e| self.error(ACTION, e))?;
        // A refused action does not fail the call.
        let failed = done.failed_scheduled_update_group_actions();
        let Some(first) = failed.first() else {
            return Ok(());
        };
        let lines: Vec<String> = failed
            .iter()
            .map(|one| {
                format!(
                    "{}: {}",
                    one.scheduled_action_name().unwrap_or_default(),
                    one.error_message().unwrap_or_default()
                )
            })
            .collect();
        Err(CloudError::Rejected {
            action: ACTION.to_owned(),
            code: first.error_code().unwrap_or("unknown").to_owned(),
            message: lines.join("; "),
        })
    }

    async fn put_schedule(
        &self,
        group: &GroupName,
        action: &ScheduledUpdateGroupActionRequest,
    ) -> Result<(), CloudError> {
        self.asg
            .put_scheduled_update_group_action()
            .auto_scaling_group_name(group.as_str())
            .set_scheduled_action_name(action.scheduled_action_name.clone())
            .set_start_time(action.start_time)
            .set_end_time(action.end_time)
            .set_recurrence(action.recurrence.clone())
            .set_time_zone(action.time_zone.clone())
            .set_min_size(action.min_size)
            .set_max_size(action.max_size)
            .set_desired_capacity(action.desired_capacity)
            .send()
            .await
            .map_err(|e| self.error("PutScheduledUpdateGroupAction", e))?;
        Ok(())
    }
}

pub(in crate::cloud::aws) fn attachment(action: &ScheduledUpdateGroupAction, now: Timestamp) -> Attachment {
    let sizes = [
        ("min", action.min_size()),
        ("max", action.max_size()),
        ("desired", action.desired_capacity()),
    ];
    let mut words: Vec<String> = sizes
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name} {}", value?)))
        .collect();
    let at = match recurrence(action) {
        Some(recurrence) => Some(recurrence.to_owned()),
        None => start(action).map(|at| at.to_string()),
    };
    words.extend(at.map(|at| format!("at {at}")));
    words.extend(action.time_zone().map(str::to_owned));
    Attachment {
        kind: AttachmentKind::Schedule,
        name: action.scheduled_action_name().unwrap_or_default().to_owned(),
        detail: words.join(" "),
        stays: is_over(action, now).map(str::to_owned),
    }
}

fn start(action: &ScheduledUpdateGroupAction) -> Option<Timestamp> {
    action.start_time().or(action.time()).and_then(timestamp)
}

fn recurrence(action: &ScheduledUpdateGroupAction) -> Option<&str> {
    action.recurrence().filter(|text| !text.is_empty())
}

/// Why an action will not happen again, if it will not.
fn is_over(action: &ScheduledUpdateGroupAction, now: Timestamp) -> Option<&'static str> {
    if action
        .end_time()
        .and_then(timestamp)
        .is_some_and(|end| end <= now)
    {
        Some("it has ended")
    } else if recurrence(action).is_none() && start(action).is_some_and(|start| start <= now) {
        Some("its one time has passed")
    } else {
        None
    }
}

/// The request for the same action; a start in the past would be refused, and says nothing any more.
fn put(action: &ScheduledUpdateGroupAction, now: Timestamp) -> ScheduledUpdateGroupActionRequest {
    let ahead = |at: &DateTime| timestamp(at).is_some_and(|at| at > now);
    ScheduledUpdateGroupActionRequest::builder()
        .set_scheduled_action_name(action.scheduled_action_name.clone())
        .set_start_time(action.start_time.or(action.time).filter(ahead))
        .set_end_time(action.end_time)
        .set_recurrence(action.recurrence.clone().filter(|text| !text.is_empty()))
        .set_min_size(action.min_size)
        .set_max_size(action.max_size)
        .set_desired_capacity(action.desired_capacity)
        .set_time_zone(action.time_zone.clone().filter(|text| !text.is_empty()))
        .build()
}

/// Whether an action there is the one wanted. Starts are left out: of a recurring action, the API
/// may show the next one.
fn is_as(there: &ScheduledUpdateGroupAction, wanted: &ScheduledUpdateGroupActionRequest) -> bool {
    there.scheduled_action_name == wanted.scheduled_action_name
        && there.min_size == wanted.min_size
        && there.max_size == wanted.max_size
        && there.desired_capacity == wanted.desired_capacity
        && recurrence(there) == wanted.recurrence()
        && there.time_zone().filter(|text| !text.is_empty()) == wanted.time_zone()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-20T12:00:00Z".parse().expect("a time")
    }

    fn at(text: &str) -> DateTime {
        DateTime::from_secs(text.parse::<Timestamp>().expect("a time").as_second())
    }

    fn nightly() -> ScheduledUpdateGroupAction {
        ScheduledUpdateGroupAction::builder()
            .auto_scaling_group_name("asg-1")
            .scheduled_action_name("night")
            .scheduled_action_arn("arn:night")
            .start_time(at("2025-01-01T00:00:00Z"))
            .time(at("2025-01-01T00:00:00Z"))
            .end_time(at("2030-01-01T00:00:00Z"))
            .recurrence("0 20 * * *")
            .time_zone("Europe/Rome")
            .min_size(1)
            .max_size(4)
            .desired_capacity(2)
            .build()
    }

    #[test]
    fn a_recurring_action_is_put_without_its_past_start() {
        let request = put(&nightly(), now());
        let expected = ScheduledUpdateGroupActionRequest::builder()
            .scheduled_action_name("night")
            .end_time(at("2030-01-01T00:00:00Z"))
            .recurrence("0 20 * * *")
            .time_zone("Europe/Rome")
            .min_size(1)
            .max_size(4)
            .desired_capacity(2)
            .build();
        assert_eq!(request, expected);
        assert!(is_as(&nightly(), &request));
    }

    #[test]
    fn an_action_still_to_come_keeps_its_start() {
        let mut action = nightly();
        action.start_time = Some(at("2027-01-01T00:00:00Z"));
        assert_eq!(put(&action, now()).start_time, action.start_time);
    }

    #[test]
    fn an_action_that_will_not_happen_again_stays() {
        let mut once = nightly();
        once.recurrence = None;
        assert_eq!(
            attachment(&once, now()).stays.as_deref(),
            Some("its one time has passed")
        );
        let mut ended = nightly();
        ended.end_time = Some(at("2026-01-01T00:00:00Z"));
        assert_eq!(attachment(&ended, now()).stays.as_deref(), Some("it has ended"));
        assert_eq!(attachment(&nightly(), now()).stays, None);
    }

    #[test]
    fn a_schedule_reads_as_what_it_does_and_when() {
        assert_eq!(
            attachment(&nightly(), now()).detail,
            "min 1 max 4 desired 2 at 0 20 * * * Europe/Rome"
        );
    }

    #[test]
    fn an_action_that_lost_its_time_zone_is_not_taken_for_the_one_wanted() {
        let mut there = nightly();
        there.time_zone = None;
        assert!(!is_as(&there, &put(&nightly(), now())));
    }
}
