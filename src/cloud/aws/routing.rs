//! Listeners and rules as the SDK describes them become ours.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use aws_sdk_elasticloadbalancingv2::types::{
    Action as SdkAction, ActionTypeEnum, HttpHeaderConditionConfig, PathPatternConditionConfig,
    Rule as SdkRule, RuleCondition, RuleTransform, SourceIpConditionConfig,
};
use sha2::{Digest, Sha256};

use super::actions;
use crate::model::ids::Arn;
use crate::model::routing::{Condition, Priority, Rule, Sticky};
use crate::model::tags::Tags;

/// A listener's rules in order of evaluation, without their tags, which are asked for separately.
pub(super) fn rules(port: u16, raw: &[SdkRule]) -> Vec<Rule> {
    let mut rules: Vec<Rule> = raw.iter().map(|raw| rule(port, raw)).collect();
    rules.sort_by_key(|rule| rule.priority);
    rules
}

fn rule(port: u16, raw: &SdkRule) -> Rule {
    Rule {
        arn: Arn::from(raw.rule_arn().unwrap_or_default()),
        port,
        priority: priority(raw),
        conditions: raw.conditions().iter().map(condition).collect(),
        action: actions::to_model(raw.actions()),
        sticky: sticky(raw.actions()),
        also: also(raw),
        tags: Tags::new(),
        keeps: keeps(raw),
    }
}

pub(super) fn priority(raw: &SdkRule) -> Priority {
    match raw.priority().and_then(|text| text.parse().ok()) {
        Some(number) if raw.is_default() != Some(true) => Priority::Numbered(number),
        _ => Priority::Default,
    }
}

pub(super) fn condition(raw: &RuleCondition) -> Condition {
    if let Some(header) = raw.http_header_config()
        && header.regex_values().is_empty()
        && raw.regex_values().is_empty()
    {
        return Condition::Header {
            name: header.http_header_name().unwrap_or_default().to_owned(),
            values: header.values().to_vec(),
        };
    }
    let plain = |values: &[String]| !values.is_empty() && raw.regex_values().is_empty();
    if let Some(path) = raw.path_pattern_config()
        && path.regex_values().is_empty()
        && plain(path.values())
    {
        return Condition::Path {
            values: path.values().to_vec(),
        };
    }
    if let Some(source) = raw.source_ip_config()
        && plain(source.values())
    {
        return Condition::Source {
            values: source.values().to_vec(),
        };
    }
    Condition::Other { text: described(raw) }
}

/// `None` for what is only described.
pub(super) fn to_sdk(condition: &Condition) -> Option<RuleCondition> {
    let of = |field: &str| RuleCondition::builder().field(field);
    Some(match condition {
        Condition::Header { name, values } => of("http-header")
            .http_header_config(
                HttpHeaderConditionConfig::builder()
                    .http_header_name(name)
                    .set_values(Some(values.clone()))
                    .build(),
            )
            .build(),
        Condition::Path { values } => of("path-pattern")
            .path_pattern_config(
                PathPatternConditionConfig::builder()
                    .set_values(Some(values.clone()))
                    .build(),
            )
            .build(),
        Condition::Source { values } => of("source-ip")
            .source_ip_config(
                SourceIpConditionConfig::builder()
                    .set_values(Some(values.clone()))
                    .build(),
            )
            .build(),
        Condition::Other { .. } => return None,
    })
}

/// A condition in a few words. Its values stand in a config of its kind, or beside it when it was
/// made the older way.
fn described(raw: &RuleCondition) -> String {
    let field = raw.field().unwrap_or("unknown");
    let words = match field {
        "path-pattern" => "path",
        "host-header" => "host",
        "http-request-method" => "method",
        "query-string" => "query",
        "source-ip" => "source",
        "http-header" => "header",
        other => other,
    };
    let name = raw
        .http_header_config()
        .and_then(|header| header.http_header_name())
        .map(|name| format!(" {name}"))
        .unwrap_or_default();
    let mut values: Vec<String> = Vec::new();
    let mut patterns: Vec<String> = Vec::new();
    if let Some(config) = raw.path_pattern_config() {
        values.extend_from_slice(config.values());
        patterns.extend_from_slice(config.regex_values());
    }
    if let Some(config) = raw.host_header_config() {
        values.extend_from_slice(config.values());
        patterns.extend_from_slice(config.regex_values());
    }
    if let Some(config) = raw.http_header_config() {
        values.extend_from_slice(config.values());
        patterns.extend_from_slice(config.regex_values());
    }
    if let Some(config) = raw.http_request_method_config() {
        values.extend_from_slice(config.values());
    }
    if let Some(config) = raw.source_ip_config() {
        values.extend_from_slice(config.values());
    }
    if let Some(config) = raw.query_string_config() {
        values.extend(config.values().iter().map(|pair| match pair.key() {
            Some(key) => format!("{key}={}", pair.value().unwrap_or_default()),
            None => pair.value().unwrap_or_default().to_owned(),
        }));
    }
    if values.is_empty() {
        values.extend_from_slice(raw.values());
    }
    if patterns.is_empty() {
        patterns.extend_from_slice(raw.regex_values());
    }
    let mut text = format!("{words}{name}");
    if !values.is_empty() {
        let _ = write!(text, " {}", values.join("|"));
    }
    if !patterns.is_empty() {
        let _ = write!(text, " ~ {}", patterns.join("|"));
    }
    text
}

fn also(raw: &SdkRule) -> Vec<String> {
    let mut texts: Vec<String> = actions::before_last(raw.actions())
        .into_iter()
        .map(|action| {
            let kind = action.r#type.as_ref().map_or("unknown", ActionTypeEnum::as_str);
            let by = action
                .authenticate_oidc_config()
                .and_then(|config| config.issuer())
                .or_else(|| {
                    action
                        .authenticate_cognito_config()
                        .and_then(|config| config.user_pool_domain())
                })
                .or_else(|| action.jwt_validation_config().and_then(|config| config.issuer()));
            match by {
                Some(by) => format!("{kind} ({by})"),
                None => kind.to_owned(),
            }
        })
        .collect();
    texts.extend(raw.transforms().iter().map(transform));
    if let Sticky::For(seconds) = sticky(raw.actions()) {
        texts.push(format!("group stickiness for {seconds} s"));
    }
    texts
}

fn transform(raw: &RuleTransform) -> String {
    let (what, rewrites) = match (raw.host_header_rewrite_config(), raw.url_rewrite_config()) {
        (Some(config), _) => ("host", config.rewrites()),
        (None, Some(config)) => ("url", config.rewrites()),
        (None, None) => ("request", [].as_slice()),
    };
    let texts: Vec<String> = rewrites
        .iter()
        .map(|rewrite| {
            format!(
                "{} → {}",
                rewrite.regex().unwrap_or_default(),
                rewrite.replace().unwrap_or_default()
            )
        })
        .collect();
    format!("rewrite {what} {}", texts.join(", "))
}

/// How long a client stays with the target group it was first sent to, when it does.
pub(super) fn sticky(raw: &[SdkAction]) -> Sticky {
    let config = actions::last(raw)
        .and_then(SdkAction::forward_config)
        .and_then(|config| config.target_group_stickiness_config())
        .filter(|config| config.enabled() == Some(true));
    config.map_or(Sticky::Off, |config| {
        Sticky::For(u32::try_from(config.duration_seconds().unwrap_or_default()).unwrap_or_default())
    })
}

/// A digest of all that a swing must keep. It is made of what the SDK's types print for debugging,
/// because that names every member, those of later SDKs included: a plan saved by another version
/// of this tool may then be called stale, which is the safe mistake.
fn keeps(raw: &SdkRule) -> String {
    let mut conditions: Vec<String> = raw.conditions().iter().map(|it| format!("{it:?}")).collect();
    conditions.sort();
    let mut transforms: Vec<String> = raw.transforms().iter().map(|it| format!("{it:?}")).collect();
    transforms.sort();
    let before: Vec<String> = actions::before_last(raw.actions())
        .into_iter()
        .map(canonical)
        .collect();
    let text = format!(
        "{conditions:?} {transforms:?} {before:?} {:?}",
        match sticky(raw.actions()) {
            Sticky::Off => None,
            Sticky::For(seconds) => Some(seconds),
        }
    );
    Sha256::digest(text.as_bytes())
        .iter()
        .take(6)
        .fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

/// An action before the last, without what differs between two descriptions of the same one: the
/// number it is ordered by, how its secret was given, and the order of a hash map.
fn canonical(action: &SdkAction) -> String {
    let mut action = action.clone();
    action.order = None;
    let mut extra = BTreeMap::new();
    if let Some(oidc) = &mut action.authenticate_oidc_config {
        oidc.client_secret = None;
        oidc.use_existing_client_secret = None;
        extra.extend(
            oidc.authentication_request_extra_params
                .take()
                .unwrap_or_default(),
        );
    }
    if let Some(cognito) = &mut action.authenticate_cognito_config {
        extra.extend(
            cognito
                .authentication_request_extra_params
                .take()
                .unwrap_or_default(),
        );
    }
    format!("{action:?} {extra:?}")
}

#[cfg(test)]
mod tests;
