//! Conditions, actions and health checks of the API, in words.

use crate::lab::tree::Tree;

/// A rule's condition as a person would say it.
pub(super) fn condition(condition: &Tree) -> String {
    let field = condition.text("Field").unwrap_or_default();
    let of = |config: &str| match condition.get(config) {
        Some(config) => {
            let values = config.strings("Values");
            if values.is_empty() {
                config.strings("RegexValues")
            } else {
                values
            }
        }
        None => condition.strings("Values"),
    };
    match field {
        "host-header" => format!("host is {}", either(&of("HostHeaderConfig"))),
        "path-pattern" => format!("path is {}", either(&of("PathPatternConfig"))),
        "http-request-method" => format!("method is {}", either(&of("HttpRequestMethodConfig"))),
        "source-ip" => format!("source is {}", either(&of("SourceIpConfig"))),
        "http-header" => {
            let name = condition
                .get("HttpHeaderConfig")
                .and_then(|config| config.text("HttpHeaderName"));
            format!(
                "header {} is {}",
                name.unwrap_or("?"),
                either(&of("HttpHeaderConfig"))
            )
        }
        "query-string" => format!("query has {}", either(&pairs(condition))),
        other => other.to_owned(),
    }
}

fn pairs(condition: &Tree) -> Vec<String> {
    let values = condition
        .get("QueryStringConfig")
        .map(|config| config.items("Values"))
        .unwrap_or_default();
    let pair = |value: &Tree| match (value.text("Key"), value.text("Value")) {
        (Some(key), Some(value)) => format!("{key}={value}"),
        (_, value) => value.unwrap_or_default().to_owned(),
    };
    values.iter().map(pair).collect()
}

fn either(values: &[String]) -> String {
    values.join(" or ")
}

/// What the load balancer answers by itself; nothing for a forward.
pub(super) fn answer(action: &Tree) -> Option<String> {
    let part = |config: &Tree, name: &str, default: &str| config.text(name).unwrap_or(default).to_owned();
    match action.text("Type")? {
        "fixed-response" => {
            let config = action.get("FixedResponseConfig")?;
            let body = part(config, "MessageBody", "");
            let status = part(config, "StatusCode", "?");
            Some(if body.is_empty() {
                format!("answer {status}")
            } else {
                format!("answer {status}: {body}")
            })
        }
        "redirect" => {
            let config = action.get("RedirectConfig")?;
            let query = part(config, "Query", "#{query}");
            Some(format!(
                "redirect to {}://{}:{}{}{}{query}",
                part(config, "Protocol", "#{protocol}").to_lowercase(),
                part(config, "Host", "#{host}"),
                part(config, "Port", "#{port}"),
                part(config, "Path", "/#{path}"),
                if query.is_empty() { "" } else { "?" },
            ))
        }
        "forward" => None,
        other => Some(other.to_owned()),
    }
}

/// How a target group's targets are checked.
pub(super) fn health_check(group: &Tree) -> String {
    if group.flag("HealthCheckEnabled").ok().flatten() == Some(false) {
        return "no health check".to_owned();
    }
    let number = |name: &str| group.whole(name).ok().flatten().unwrap_or_default();
    let matcher = group
        .get("Matcher")
        .and_then(|matcher| matcher.text("HttpCode").or(matcher.text("GrpcCode")));
    format!(
        "{} {} every {} s expects {} within {} s; healthy after {}, unhealthy after {}",
        group.text("HealthCheckProtocol").unwrap_or("HTTP"),
        group.text("HealthCheckPath").unwrap_or("/"),
        number("HealthCheckIntervalSeconds"),
        matcher.unwrap_or("200"),
        number("HealthCheckTimeoutSeconds"),
        number("HealthyThresholdCount"),
        number("UnhealthyThresholdCount"),
    )
}
