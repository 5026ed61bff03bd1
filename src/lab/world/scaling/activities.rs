//! Scaling activities: what a group did, why, and how far it is.

use jiff::{SignedDuration, Timestamp};

use crate::lab::world::World;

/// AWS keeps them for six weeks.
const KEPT: SignedDuration = SignedDuration::from_hours(6 * 7 * 24);

#[derive(Clone, Debug, PartialEq)]
pub struct Activity {
    pub id: String,
    pub group: String,
    pub group_arn: String,
    pub description: String,
    pub cause: String,
    pub started: Timestamp,
    pub ended: Option<Timestamp>,
    /// As the API writes it: `PreInService`, `Successful`, `Failed`, ….
    pub status: &'static str,
    pub message: Option<String>,
    pub progress: i64,
    /// JSON with the subnet and zone.
    pub details: String,
}

impl World {
    /// The time as causes write it.
    pub(super) fn stamp(&self) -> String {
        self.clock().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// Begins an activity of a group and gives its id.
    pub(super) fn begin_activity(
        &mut self,
        group: &str,
        description: String,
        cause: String,
        status: &'static str,
        zone: &str,
    ) -> String {
        let oldest = self.clock().saturating_sub(KEPT).unwrap_or(Timestamp::MIN);
        self.scaling
            .activities
            .retain(|activity| activity.started >= oldest);
        let id = self.ids.uuid();
        let group_arn = self
            .scaling
            .groups
            .get(group)
            .map_or_else(String::new, |group| group.arn.clone());
        self.tell("group", format!("{group}: {description}"));
        let started = self.clock();
        self.scaling.activities.push(Activity {
            id: id.clone(),
            group: group.to_owned(),
            group_arn,
            description,
            cause,
            started,
            ended: None,
            status,
            message: None,
            progress: 0,
            details: format!("{{\"Availability Zone\":\"{zone}\"}}"),
        });
        id
    }

    pub(super) fn continue_activity(&mut self, id: Option<&str>, status: &'static str, progress: i64) {
        if let Some(activity) = self.activity_mut(id) {
            activity.status = status;
            activity.progress = progress;
        }
    }

    /// Ends an activity; a message makes it a failed or cancelled one's.
    pub(super) fn end_activity(&mut self, id: Option<&str>, status: &'static str, message: Option<String>) {
        let now = self.clock();
        let Some(activity) = self.activity_mut(id) else {
            return;
        };
        activity.status = status;
        activity.progress = 100;
        activity.ended = Some(now);
        activity.message = message;
    }

    pub(super) fn activities_in_progress(&self, group_arn: &str) -> bool {
        self.scaling
            .activities
            .iter()
            .any(|activity| activity.group_arn == group_arn && activity.ended.is_none())
    }

    // The wanted one is nearly always among the last.
    fn activity_mut(&mut self, id: Option<&str>) -> Option<&mut Activity> {
        let id = id?;
        self.scaling
            .activities
            .iter_mut()
            .rev()
            .find(|activity| activity.id == id && activity.ended.is_none())
    }
}
