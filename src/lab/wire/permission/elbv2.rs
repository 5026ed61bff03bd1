//! Elastic Load Balancing: a rule is created on its listener, and changed on itself; where it leads is not checked.

use super::{Needed, read, tags_in, with_request_tags};
use crate::lab::permission::Question;
use crate::lab::tree::Tree;
use crate::lab::world::World;

const SERVICE: &str = "elasticloadbalancing";

pub(super) fn needed(world: &World, operation: &str, input: &Tree) -> Option<Vec<Needed>> {
    let action = |action: &str| format!("{SERVICE}:{action}");
    let on = |arn: &str| with_tags(world, Question::new(action(operation), arn), arn);
    let given = |member: &str| on(input.text(member).unwrap_or("*"));
    let tags = tags_in(input, "Tags");
    let created = |question: Question, made: String| {
        let mut needed: Vec<Needed> = vec![with_request_tags(question, &tags).into()];
        if !tags.is_empty() {
            let tagging =
                Question::new(action("AddTags"), made).with("elasticloadbalancing:CreateAction", operation);
            needed.push(with_request_tags(tagging, &tags).into());
        }
        needed
    };
    Some(match operation {
        "CreateRule" => {
            let listener = input.text("ListenerArn").unwrap_or("*");
            let made = format!("{}/*", listener.replacen(":listener/", ":listener-rule/", 1));
            created(on(listener), made)
        }
        "CreateTargetGroup" => {
            let made = format!(
                "arn:aws:elasticloadbalancing:{}:{}:targetgroup/{}/*",
                world.settings.region,
                world.settings.account,
                input.text("Name").unwrap_or_default()
            );
            created(Question::new(action(operation), made.as_str()), made)
        }
        "ModifyRule" | "DeleteRule" => vec![given("RuleArn").into()],
        "SetRulePriorities" => input
            .items("RulePriorities")
            .iter()
            .map(|rule| on(rule.text("RuleArn").unwrap_or("*")).into())
            .collect(),
        "ModifyListener" => vec![given("ListenerArn").into()],
        "ModifyTargetGroup"
        | "ModifyTargetGroupAttributes"
        | "DeleteTargetGroup"
        | "RegisterTargets"
        | "DeregisterTargets" => vec![given("TargetGroupArn").into()],
        "AddTags" => input
            .strings("ResourceArns")
            .iter()
            .map(|arn| with_request_tags(on(arn), &tags).into())
            .collect(),
        "RemoveTags" => input
            .strings("ResourceArns")
            .iter()
            .map(|arn| {
                let keys = input.strings("TagKeys");
                keys.into_iter()
                    .fold(on(arn), |question, key| question.with("aws:TagKeys", key))
                    .into()
            })
            .collect(),
        other => return read(SERVICE, other),
    })
}

fn with_tags(world: &World, question: Question, arn: &str) -> Question {
    let arns = [arn.to_owned()];
    let described = world.describe_balancing_tags(&arns).unwrap_or_default();
    described
        .into_iter()
        .flat_map(|(_, tags)| tags)
        .fold(question, |question, (key, value)| {
            question
                .with(&format!("aws:ResourceTag/{key}"), value.as_str())
                .with(&format!("elasticloadbalancing:ResourceTag/{key}"), value.as_str())
        })
}
