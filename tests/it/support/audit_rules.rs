//! A rule's conditions and actions as text.

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2 as elb;

use super::audit::{Rule, Snapshot, TargetGroup};

/// A header's condition as a person writes it, any other as AWS answers it.
pub(super) fn condition(condition: &elb::types::RuleCondition) -> String {
    match condition.http_header_config() {
        Some(header) => format!(
            "{}={}",
            header.http_header_name().unwrap_or_default(),
            header.values().join("|")
        ),
        None => format!("{condition:?}"),
    }
}

pub(super) fn leads_to(action: &elb::types::Action, targets: &BTreeMap<String, TargetGroup>) -> String {
    let name = |arn: Option<&str>| {
        let mut named = targets
            .iter()
            .filter(|(_, group)| Some(group.arn.as_str()) == arn);
        named
            .next()
            .map_or_else(|| format!("{arn:?}"), |(name, _)| name.clone())
    };
    if let Some(fixed) = action.fixed_response_config() {
        let text = [fixed.status_code(), fixed.content_type(), fixed.message_body()];
        return text.map(Option::unwrap_or_default).join(" ");
    }
    let Some(forward) = action
        .forward_config()
        .filter(|forward| forward.target_groups().len() > 1)
    else {
        // One target group is answered in either form, or in both.
        let of_config = action
            .forward_config()
            .and_then(|forward| forward.target_groups().first());
        let arn = of_config.and_then(|tuple| tuple.target_group_arn());
        return name(action.target_group_arn().or(arn));
    };
    let weighted = forward.target_groups().iter();
    let weighted = weighted.map(|to| format!("{}:{}", name(to.target_group_arn()), to.weight().unwrap_or(1)));
    weighted.collect::<Vec<_>>().join(" ")
}

impl Snapshot {
    /// The rules of a listener, one line each.
    pub(crate) fn lines(&self, port: i32) -> Vec<String> {
        let here = self.rules.iter().filter(|rule| rule.port == port);
        here.map(Rule::line).collect()
    }
}

impl Rule {
    /// For instance `10 x-client-mode=blue → tg-1`.
    pub(crate) fn line(&self) -> String {
        let parts = [
            self.priority.clone(),
            self.conditions.join(" and "),
            format!("→ {}", self.actions.join(", ")),
        ];
        parts
            .iter()
            .filter(|part| !part.is_empty())
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(" ")
    }
}
