//! What a plan does to the listener rules, rule by rule: the table a reviewer reads first.

use std::collections::BTreeMap;

use crate::model::plan::Plan;
use crate::model::routing::Priority;
use crate::model::step::{Purpose, Step};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RuleChange {
    /// For instance `:80 rule 10`.
    pub(super) place: String,
    pub(super) purpose: Purpose,
    pub(super) conditions: String,
    pub(super) before: String,
    /// What becomes of it, in order: usually one.
    pub(super) after: Vec<String>,
}

/// Every rule that changes, in order of evaluation.
pub(super) fn of(plan: &Plan) -> Vec<RuleChange> {
    let mut all: BTreeMap<(u16, Priority), RuleChange> = BTreeMap::new();
    for step in &plan.steps {
        let (at, change) = match step {
            Step::Point {
                rule,
                purpose,
                before,
                after,
                when,
                ..
            } => (
                (rule.port, rule.priority),
                change(*purpose, when.clone(), before.to_string(), after.to_string()),
            ),
            Step::CreateRule {
                port,
                priority,
                purpose,
                asks,
                action,
            } => {
                let before = "not there".to_owned();
                (
                    (*port, Priority::Numbered(*priority)),
                    change(*purpose, asks.to_string(), before, action.to_string()),
                )
            }
            Step::DeleteRule { rule, purpose } => (
                (rule.port, rule.priority),
                change(*purpose, String::new(), "there".to_owned(), "removed".to_owned()),
            ),
            _ => continue,
        };
        all.entry(at)
            .and_modify(|known| known.after.extend_from_slice(&change.after))
            .or_insert_with(|| RuleChange {
                place: place(at),
                ..change
            });
    }
    all.into_values().collect()
}

/// How many of the rules the plan was decided on stay as they are.
pub(super) fn untouched(plan: &Plan, changes: &[RuleChange]) -> usize {
    plan.basis
        .rules()
        .filter(|key| changes.iter().all(|change| change.place != *key))
        .count()
}

fn change(purpose: Purpose, conditions: String, before: String, after: String) -> RuleChange {
    RuleChange {
        place: String::new(),
        purpose,
        conditions,
        before,
        after: vec![after],
    }
}

fn place((port, priority): (u16, Priority)) -> String {
    match priority {
        Priority::Numbered(number) => format!(":{port} rule {number}"),
        Priority::Default => format!(":{port} default rule"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::recorded;
    use super::*;

    #[test]
    fn a_rule_that_changes_twice_is_one_row_with_everything_that_becomes_of_it() {
        let mut plan = recorded::deploy_plan();
        plan.steps.extend(recorded::promote_plan().steps);
        let changes = of(&plan);
        let green = changes
            .iter()
            .find(|change| change.purpose == Purpose::GreenDoor)
            .expect("the green door changes");
        assert_eq!(green.before, "closed (404)");
        assert_eq!(green.after, ["tg-2", "closed (404)"]);
    }

    #[test]
    fn rules_stand_in_order_of_evaluation_with_the_default_rule_last() {
        let places: Vec<String> = of(&recorded::promote_plan())
            .into_iter()
            .map(|change| change.place)
            .collect();
        assert_eq!(
            places,
            [":80 rule 2", ":80 rule 10", ":80 rule 11", ":80 default rule"]
        );
    }

    #[test]
    fn untouched_rules_are_those_that_were_looked_at_and_do_not_change() {
        let plan = recorded::deploy_plan();
        assert_eq!(untouched(&plan, &of(&plan)), 3);
    }
}
