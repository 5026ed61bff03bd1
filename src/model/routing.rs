//! Listeners and their rules: where a request goes.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::ids::{Arn, TargetGroupName};
use super::tags::Tags;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Listener {
    pub arn: Arn,
    pub port: u16,
    pub protocol: String,
    /// In order of evaluation; the default rule is last.
    pub rules: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    pub arn: Arn,
    /// The port of the listener it stands on.
    pub port: u16,
    pub priority: Priority,
    pub conditions: Vec<Condition>,
    /// The last action: what happens to the request.
    pub action: Action,
    /// Whether clients stay with the target group that they met first.
    pub sticky: Sticky,
    /// Everything else the rule does, for people: authentication, transforms, group stickiness.
    pub also: Vec<String>,
    pub tags: Tags,
    /// A digest of all that a swing must keep: everything but the forward's target groups.
    pub keeps: String,
}

impl Rule {
    pub fn at(&self) -> RulePlace {
        RulePlace {
            port: self.port,
            priority: self.priority,
            arn: self.arn.clone(),
        }
    }

    /// The share of requests a target group gets from this rule; `None` when it is not named.
    pub fn weight_of(&self, target_group: &TargetGroupName) -> Option<u32> {
        self.action.weight_of(target_group)
    }

    /// The same in per cent of all that the rule leads to.
    pub fn percent_of(&self, target_group: &TargetGroupName) -> Option<u64> {
        self.action.percent_of(target_group)
    }
}

/// Group stickiness: between target groups of one rule, not between targets of one group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sticky {
    /// Every request is weighed anew.
    #[default]
    Off,
    /// So many seconds from a client's first request.
    For(u32),
}

impl fmt::Display for Sticky {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("not sticky"),
            Self::For(seconds) => write!(f, "sticky for {seconds} s"),
        }
    }
}

/// Which rule, so that a person and the API both find it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RulePlace {
    pub port: u16,
    pub priority: Priority,
    pub arn: Arn,
}

impl fmt::Display for RulePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.priority {
            Priority::Numbered(n) => write!(f, ":{} rule {n}", self.port),
            Priority::Default => write!(f, ":{} default rule", self.port),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    Numbered(u32),
    /// Evaluated last, cannot be deleted. Ordered after every number by its place here.
    Default,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "on", rename_all = "lowercase")]
pub enum Condition {
    Header {
        name: String,
        values: Vec<String>,
    },
    Path {
        values: Vec<String>,
    },
    /// Ranges of addresses that requests come from.
    Source {
        values: Vec<String>,
    },
    /// Any other kind, described; we never need to understand it, only to keep it.
    Other {
        text: String,
    },
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header { name, values } => write!(f, "{name}={}", values.join("|")),
            Self::Path { values } => write!(f, "path {}", values.join("|")),
            Self::Source { values } => write!(f, "source {}", values.join("|")),
            Self::Other { text } => f.write_str(text),
        }
    }
}

/// What a rule that is to be made asks of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Asks {
    /// This header, with a value that nobody guesses: made when the rule is.
    Secret(String),
    This(Condition),
}

impl fmt::Display for Asks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(header) => write!(f, "{header}=(an unguessable value)"),
            Self::This(condition) => write!(f, "{condition}"),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Action {
    Forward {
        shares: Vec<Share>,
    },
    Fixed(FixedResponse),
    /// A redirect or anything else we never write, described.
    Other {
        text: String,
    },
}

impl Action {
    pub fn to(target_group: &TargetGroupName) -> Self {
        Self::Forward {
            shares: vec![Share {
                target_group: target_group.clone(),
                weight: 1,
            }],
        }
    }

    pub fn shares(&self) -> &[Share] {
        match self {
            Self::Forward { shares } => shares,
            _ => &[],
        }
    }

    fn weight_of(&self, target_group: &TargetGroupName) -> Option<u32> {
        let mut shares = self.shares().iter();
        let share = shares.find(|share| share.target_group == *target_group)?;
        Some(share.weight)
    }

    /// The share of requests that a target group gets, in per cent; `None` when it is not named.
    pub fn percent_of(&self, target_group: &TargetGroupName) -> Option<u64> {
        let total: u64 = self.shares().iter().map(|share| u64::from(share.weight)).sum();
        (u64::from(self.weight_of(target_group)?) * 100).checked_div(total)
    }

    /// The one target group that gets every request, if there is one.
    pub fn only_target(&self) -> Option<&TargetGroupName> {
        let mut serving = self.shares().iter().filter(|share| share.weight > 0);
        match (serving.next(), serving.next()) {
            (Some(share), None) => Some(&share.target_group),
            _ => None,
        }
    }

    /// Whether two actions do the same to every request, and keep the same target groups in use,
    /// however they are written down.
    pub fn same_effect(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Forward { shares: a }, Self::Forward { shares: b }) => {
                let (a, b) = (by_name(a), by_name(b));
                match (self.only_target(), other.only_target()) {
                    (Some(one), Some(another)) => one == another && a.keys().eq(b.keys()),
                    _ => a == b,
                }
            }
            (Self::Fixed(a), Self::Fixed(b)) => {
                a.status == b.status && a.body == b.body && a.sent_as() == b.sent_as()
            }
            _ => self == other,
        }
    }
}

fn by_name(shares: &[Share]) -> BTreeMap<&TargetGroupName, u32> {
    shares
        .iter()
        .map(|share| (&share.target_group, share.weight))
        .collect()
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forward { shares } => match shares.as_slice() {
                [share] => write!(f, "{}", share.target_group),
                shares => {
                    let texts: Vec<String> = shares
                        .iter()
                        .map(|share| format!("{}:{}", share.target_group, share.weight))
                        .collect();
                    f.write_str(&texts.join(" "))
                }
            },
            Self::Fixed(fixed) => write!(f, "{fixed}"),
            Self::Other { text } => f.write_str(text),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    pub target_group: TargetGroupName,
    pub weight: u32,
}

/// What a closed door answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FixedResponse {
    pub status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

impl FixedResponse {
    /// A response without a content type is sent, and may be described, as plain text.
    fn sent_as(&self) -> &str {
        self.content_type.as_deref().unwrap_or("text/plain")
    }
}

impl fmt::Display for FixedResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "closed ({})", self.status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forward(shares: &[(&str, u32)]) -> Action {
        Action::Forward {
            shares: shares
                .iter()
                .map(|(name, weight)| Share {
                    target_group: TargetGroupName::from(*name),
                    weight: *weight,
                })
                .collect(),
        }
    }

    fn closed(status: u16, content_type: Option<&str>) -> Action {
        Action::Fixed(FixedResponse {
            status,
            content_type: content_type.map(str::to_owned),
            body: None,
        })
    }

    #[test]
    fn what_is_written_differently_but_does_the_same_has_the_same_effect() {
        for (a, b) in [
            (forward(&[("tg-1", 1)]), forward(&[("tg-1", 100)])),
            (
                forward(&[("tg-1", 1), ("tg-2", 0)]),
                forward(&[("tg-2", 0), ("tg-1", 100)]),
            ),
            (
                forward(&[("tg-1", 90), ("tg-2", 10)]),
                forward(&[("tg-2", 10), ("tg-1", 90)]),
            ),
            (closed(404, None), closed(404, Some("text/plain"))),
        ] {
            assert!(a.same_effect(&b), "{a:?} and {b:?}");
        }
    }

    #[test]
    fn what_does_something_else_does_not_have_the_same_effect() {
        for (a, b) in [
            (forward(&[("tg-1", 1)]), forward(&[("tg-2", 1)])),
            (forward(&[("tg-1", 1)]), forward(&[("tg-1", 1), ("tg-2", 0)])),
            (
                forward(&[("tg-1", 1), ("tg-2", 0)]),
                forward(&[("tg-1", 1), ("tg-3", 0)]),
            ),
            (
                forward(&[("tg-1", 90), ("tg-2", 10)]),
                forward(&[("tg-1", 10), ("tg-2", 90)]),
            ),
            (closed(404, None), closed(456, None)),
            (closed(404, None), closed(404, Some("text/html"))),
            (closed(404, None), forward(&[("tg-1", 1)])),
        ] {
            assert!(!a.same_effect(&b), "{a:?} and {b:?}");
        }
    }
}
