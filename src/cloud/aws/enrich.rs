//! What groups have beyond their description: attachments, failed activities, refreshes.

use std::collections::BTreeSet;

use aws_sdk_autoscaling::types::{
    Activity as RawActivity, NotificationConfiguration, ScalingActivityStatusCode, ScalingPolicy,
};
use futures_util::future::join_all;

use super::attachments::{hooks, notifications, policies, schedules};
use super::groups::timestamp;
use super::{Aws, alarms};
use crate::cloud::CloudError;
use crate::model::estate::{Activity, Attachment, Gap, Group, Part};
use crate::model::ids::GroupName;
use crate::model::rollout::Refresh;

/// How many failures of a group are worth showing.
const FAILURES: usize = 20;

/// What one group's own calls answered.
struct Found {
    policies: Vec<ScalingPolicy>,
    attachments: Vec<Attachment>,
    failures: Vec<Activity>,
    refresh: Option<Refresh>,
    gaps: Vec<Gap>,
}

impl Aws {
    /// Adds what takes calls of its own. A part that cannot be seen becomes a gap and fails nothing else.
    pub(super) async fn enrich_groups(&self, groups: Vec<Group>) -> (Vec<Group>, Vec<Gap>) {
        let names: Vec<GroupName> = groups.iter().map(|group| group.name.clone()).collect();
        let (all, notified) = tokio::join!(
            join_all(names.iter().map(|name| self.find(name))),
            self.notifications_of(&names)
        );
        let mut gaps = Vec::new();
        let every = names
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ");
        let notified = or_gap(notified, Part::Attachments, &every, &mut gaps);
        let alarm_names: BTreeSet<String> = all
            .iter()
            .flat_map(|found| alarms::names(&found.policies))
            .collect();
        // Without any, there is nothing to ask for, and no right to it is needed.
        let alarms = or_gap(
            self.alarms_named(&alarm_names).await.map(Some),
            Part::Alarms,
            &every,
            &mut gaps,
        );
        let groups = groups
            .into_iter()
            .zip(all)
            .map(|(group, found)| {
                gaps.extend(found.gaps.iter().cloned());
                with(group, found, &notified, alarms.as_ref())
            })
            .collect();
        (groups, gaps)
    }

    async fn find(&self, group: &GroupName) -> Found {
        let (policies, schedules, hooks, failures, refresh) = tokio::join!(
            self.policies_of(group),
            self.schedules_of(group),
            self.hooks_of(group),
            self.failures_of(group),
            self.refresh_of(group),
        );
        let mut gaps = Vec::new();
        let about = group.as_str();
        let policies = or_gap(policies, Part::Attachments, about, &mut gaps);
        let schedules = or_gap(schedules, Part::Attachments, about, &mut gaps);
        let hooks = or_gap(hooks, Part::Attachments, about, &mut gaps);
        let now = self.clock.now();
        Found {
            attachments: hooks
                .iter()
                .map(hooks::attachment)
                .chain(policies.iter().map(policies::attachment))
                .chain(schedules.iter().map(|action| schedules::attachment(action, now)))
                .collect(),
            policies,
            failures: or_gap(failures, Part::Activities, about, &mut gaps),
            refresh: or_gap(refresh, Part::Refreshes, about, &mut gaps),
            gaps,
        }
    }

    /// Scaling activities that failed or were cancelled, newest first.
    pub(super) async fn failures_of(&self, group: &GroupName) -> Result<Vec<Activity>, CloudError> {
        // One page: it holds the newest hundred, and what failed before them explains nothing now.
        let page = self
            .asg
            .describe_scaling_activities()
            .auto_scaling_group_name(group.as_str())
            .max_records(100)
            .send()
            .await
            .map_err(|e| self.error("DescribeScalingActivities", e))?;
        Ok(failures(page.activities()))
    }
}

fn with(
    mut group: Group,
    found: Found,
    notified: &[NotificationConfiguration],
    alarms: Option<&alarms::Alarms>,
) -> Group {
    group.attachments.extend(found.attachments);
    if let Some(alarms) = alarms {
        let names = alarms::names(&found.policies);
        group
            .attachments
            .extend(names.iter().map(|name| alarms::attachment(name, alarms)));
    }
    group
        .attachments
        .extend(notifications::attachments(notified, &group.name));
    // The order in which they are listed and attached must not depend on which call answered first.
    group
        .attachments
        .sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    group.failures = found.failures;
    group.refresh = found.refresh;
    group
}

fn or_gap<T: Default>(answer: Result<T, CloudError>, part: Part, about: &str, gaps: &mut Vec<Gap>) -> T {
    answer.unwrap_or_else(|error| {
        gaps.push(error.gap(part, about));
        T::default()
    })
}

fn failures(all: &[RawActivity]) -> Vec<Activity> {
    let mut failed: Vec<Activity> = all
        .iter()
        .filter_map(|activity| {
            let status = activity.status_code()?;
            let failed = matches!(
                status,
                ScalingActivityStatusCode::Failed | ScalingActivityStatusCode::Cancelled
            );
            failed.then(|| Activity {
                at: activity.start_time().and_then(timestamp),
                status: status.as_str().to_owned(),
                message: message(activity),
            })
        })
        .collect();
    failed.sort_by_key(|activity| std::cmp::Reverse(activity.at));
    failed.truncate(FAILURES);
    failed
}

/// What went wrong, then why it was tried.
fn message(activity: &RawActivity) -> String {
    let texts: Vec<&str> = [
        activity.status_message().or(activity.description()),
        activity.cause(),
    ]
    .into_iter()
    .flatten()
    .map(str::trim)
    .filter(|text| !text.is_empty())
    .collect();
    texts.join(" Cause: ")
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::DateTime;

    use super::*;

    fn activity(at: i64, status: ScalingActivityStatusCode) -> RawActivity {
        RawActivity::builder()
            .start_time(DateTime::from_secs(at))
            .status_code(status)
            .status_message(format!("message {at}"))
            .cause("an instance was wanted")
            .build()
    }

    #[test]
    fn the_newest_failures_come_first_and_success_is_not_one() {
        let all = [
            activity(1, ScalingActivityStatusCode::Failed),
            activity(3, ScalingActivityStatusCode::Cancelled),
            activity(2, ScalingActivityStatusCode::Successful),
        ];
        let messages: Vec<String> = failures(&all).into_iter().map(|one| one.message).collect();
        assert_eq!(
            messages,
            [
                "message 3 Cause: an instance was wanted",
                "message 1 Cause: an instance was wanted"
            ]
        );
    }

    #[test]
    fn only_so_many_failures_are_kept() {
        let all: Vec<RawActivity> = (0..50)
            .map(|at| activity(at, ScalingActivityStatusCode::Failed))
            .collect();
        assert_eq!(failures(&all).len(), FAILURES);
    }
}
