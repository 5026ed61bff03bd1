//! What a rule asks of a request, and how much it may ask.

use super::limits;
use super::refusals::bad_configuration;
use crate::lab::refusal::Refused;
use crate::lab::world::routing;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    Host(Vec<String>),
    Path(Vec<String>),
    Header {
        name: String,
        values: Vec<String>,
    },
    Method(Vec<String>),
    /// Key (any, when there is none) and value.
    Query(Vec<(Option<String>, String)>),
    /// CIDR blocks.
    Source(Vec<String>),
}

impl Condition {
    pub fn field(&self) -> &'static str {
        match self {
            Self::Host(_) => "host-header",
            Self::Path(_) => "path-pattern",
            Self::Header { .. } => "http-header",
            Self::Method(_) => "http-request-method",
            Self::Query(_) => "query-string",
            Self::Source(_) => "source-ip",
        }
    }

    fn values(&self) -> Vec<&str> {
        match self {
            Self::Host(values)
            | Self::Path(values)
            | Self::Header { values, .. }
            | Self::Method(values)
            | Self::Source(values) => values.iter().map(String::as_str).collect(),
            Self::Query(pairs) => pairs.iter().map(|(_, value)| value.as_str()).collect(),
        }
    }

    fn wildcards(&self) -> usize {
        let count = |text: &str| text.chars().filter(|letter| matches!(letter, '*' | '?')).count();
        match self {
            Self::Host(values) | Self::Path(values) | Self::Header { values, .. } => {
                values.iter().map(|value| count(value)).sum()
            }
            Self::Query(pairs) => pairs
                .iter()
                .map(|(key, value)| key.as_deref().map_or(0, count) + count(value))
                .sum(),
            Self::Method(_) | Self::Source(_) => 0,
        }
    }

    /// Several conditions of a rule may be of this kind.
    fn may_repeat(&self) -> bool {
        matches!(self, Self::Header { .. } | Self::Query(_))
    }

    fn check(&self) -> Result<(), Refused> {
        let field = self.field();
        let values = self.values();
        if values.is_empty() {
            return Err(Refused::invalid(format!(
                "A '{field}' condition must have at least one value"
            )));
        }
        if values.len() > limits::VALUES_PER_CONDITION {
            return Err(Refused::invalid(format!(
                "A '{field}' condition can have at most {} values, not {}",
                limits::VALUES_PER_CONDITION,
                values.len()
            )));
        }
        let too_long = |text: &str| text.is_empty() || text.chars().count() > 128;
        if let Some(value) = values.iter().find(|value| too_long(value)) {
            return Err(Refused::invalid(format!(
                "The '{field}' condition value '{value}' must have between 1 and 128 characters"
            )));
        }
        match self {
            Self::Host(values) => each(field, values, |value| {
                only(value, |letter| "-.*?".contains(letter))
            }),
            Self::Path(values) => each(field, values, |value| {
                only(value, |letter| "_-.$/~\"'@:+&*?".contains(letter))
            }),
            Self::Header { name, .. } => check_header(name),
            Self::Method(values) => each(field, values, |value| {
                value.len() <= 40
                    && value
                        .chars()
                        .all(|letter| letter.is_ascii_uppercase() || "-_".contains(letter))
            }),
            Self::Query(pairs) => match pairs
                .iter()
                .filter_map(|(key, _)| key.as_ref())
                .find(|key| too_long(key))
            {
                Some(key) => Err(Refused::invalid(format!(
                    "The query string key '{key}' must have between 1 and 128 characters"
                ))),
                None => Ok(()),
            },
            Self::Source(values) => each(field, values, is_cidr),
        }
    }

    pub(super) fn pictured(&self) -> routing::Condition {
        match self.clone() {
            Self::Host(values) => routing::Condition::Host(values),
            Self::Path(values) => routing::Condition::Path(values),
            Self::Header { name, values } => routing::Condition::Header { name, values },
            Self::Method(values) => routing::Condition::Method(values),
            Self::Query(pairs) => routing::Condition::Query(pairs),
            Self::Source(values) => routing::Condition::Source(values),
        }
    }
}

/// Whether a rule may have these conditions together.
pub(super) fn check(conditions: &[Condition]) -> Result<(), Refused> {
    if conditions.is_empty() {
        return Err(Refused::invalid("A rule must have at least one condition"));
    }
    for (index, condition) in conditions.iter().enumerate() {
        condition.check()?;
        let again = conditions[..index]
            .iter()
            .any(|earlier| earlier.field() == condition.field());
        if again && !condition.may_repeat() {
            return Err(bad_configuration(format!(
                "A rule can only have one '{}' condition",
                condition.field()
            )));
        }
    }
    let values: usize = conditions.iter().map(|condition| condition.values().len()).sum();
    if values > limits::VALUES_PER_RULE {
        return Err(Refused::invalid(format!(
            "A rule can only have '{}' condition values, not {values}",
            limits::VALUES_PER_RULE
        )));
    }
    let wildcards: usize = conditions.iter().map(Condition::wildcards).sum();
    if wildcards > limits::WILDCARDS_PER_RULE {
        return Err(Refused::invalid(format!(
            "A rule can only have '{}' wildcards, not {wildcards}",
            limits::WILDCARDS_PER_RULE
        )));
    }
    Ok(())
}

fn each(field: &str, values: &[String], fits: impl Fn(&str) -> bool) -> Result<(), Refused> {
    match values.iter().find(|value| !fits(value)) {
        Some(value) => Err(Refused::invalid(format!(
            "'{value}' is not a valid value of a '{field}' condition"
        ))),
        None => Ok(()),
    }
}

fn only(value: &str, also: impl Fn(char) -> bool) -> bool {
    value
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || also(letter))
}

fn check_header(name: &str) -> Result<(), Refused> {
    let token = |letter: char| letter.is_ascii_alphanumeric() || "!#$%&'+-.^_`|~".contains(letter);
    if name.is_empty() || name.len() > 40 || !name.chars().all(token) {
        return Err(Refused::invalid(format!(
            "The HTTP header name '{name}' must have between 1 and 40 characters, without wildcards"
        )));
    }
    if name.eq_ignore_ascii_case("host") {
        return Err(Refused::invalid(
            "An 'http-header' condition cannot be on 'Host'; use a 'host-header' condition",
        ));
    }
    Ok(())
}

fn is_cidr(value: &str) -> bool {
    let Some((address, bits)) = value.split_once('/') else {
        return false;
    };
    let (Ok(address), Ok(bits)) = (address.parse::<std::net::IpAddr>(), bits.parse::<u8>()) else {
        return false;
    };
    bits <= if address.is_ipv4() { 32 } else { 128 }
}
