//! CloudWatch: its reads, and alarms by their name.

use super::{Needed, read, tags_in, with_request_tags};
use crate::lab::permission::Question;
use crate::lab::tree::Tree;
use crate::lab::world::World;

const SERVICE: &str = "cloudwatch";

pub(super) fn needed(world: &World, operation: &str, input: &Tree) -> Option<Vec<Needed>> {
    let action = |action: &str| format!("{SERVICE}:{action}");
    let alarm = |name: &str| {
        format!(
            "arn:aws:cloudwatch:{}:{}:alarm:{name}",
            world.settings.region, world.settings.account
        )
    };
    let tags = tags_in(input, "Tags");
    Some(match operation {
        "PutMetricAlarm" => {
            let arn = alarm(input.text("AlarmName").unwrap_or("*"));
            let mut needed: Vec<Needed> =
                vec![with_request_tags(Question::new(action(operation), arn.as_str()), &tags).into()];
            if !tags.is_empty() {
                let tagging = Question::new(action("TagResource"), arn);
                needed.push(with_request_tags(tagging, &tags).into());
            }
            needed
        }
        "DeleteAlarms" => input
            .strings("AlarmNames")
            .iter()
            .map(|name| Question::new(action(operation), alarm(name)).into())
            .collect(),
        "TagResource" | "ListTagsForResource" => {
            let arn = input.text("ResourceARN").unwrap_or("*");
            vec![with_request_tags(Question::new(action(operation), arn), &tags).into()]
        }
        other => return read(SERVICE, other),
    })
}
