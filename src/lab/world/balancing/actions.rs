//! What a rule does with a request.

use std::collections::BTreeSet;
use std::time::Duration;

use super::limits;
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;

const WEEK: u64 = 604_800;

/// One action, as it was given.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    pub order: Option<i64>,
    pub deed: Deed,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Deed {
    Forward(Forward),
    Redirect(Redirect),
    Fixed(Fixed),
    Authenticate(Authenticate),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// Target groups and their weights.
    pub groups: Vec<(String, u32)>,
    pub sticky: bool,
    pub sticky_seconds: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// `HTTP_301` or `HTTP_302`.
    pub status: String,
    pub protocol: String,
    pub port: String,
    pub host: String,
    pub path: String,
    pub query: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed {
    pub status: String,
    pub content_type: Option<String>,
    pub body: Option<String>,
}

/// A check of who asks, before the action proper. The lab keeps it; its data plane lets everybody through.
#[derive(Clone, Debug, PartialEq)]
pub struct Authenticate {
    /// `authenticate-oidc`, `authenticate-cognito` or `jwt-validation`.
    pub kind: &'static str,
    /// The kind's own configuration as the API writes it, without the secret.
    pub config: Tree,
    pub secret: Option<String>,
    pub use_existing_secret: bool,
}

/// A forward action as a call writes it: one target group, or several, or the same one in both ways.
#[derive(Clone, Debug, Default)]
pub struct ForwardAsked {
    pub group: Option<String>,
    pub groups: Vec<(String, Option<i64>)>,
    pub sticky: Option<bool>,
    pub sticky_seconds: Option<i64>,
}

impl Forward {
    /// To one target group, with everything it gets.
    pub fn to(group: &str) -> Self {
        Self {
            groups: vec![(group.to_owned(), 1)],
            sticky: false,
            sticky_seconds: None,
        }
    }

    /// Fails when what was asked contradicts itself or the limits.
    pub fn settle(asked: &ForwardAsked) -> Result<Self, Refused> {
        let groups = match (&asked.group, asked.groups.as_slice()) {
            (None, []) => return Err(refuse("A forward action needs a target group")),
            (Some(group), []) => vec![(group.clone(), 1)],
            (Some(group), named) if named.len() != 1 || &named[0].0 != group => {
                return Err(refuse(format!(
                    "TargetGroupArn is '{group}', so ForwardConfig can only hold that target group and no other"
                )));
            }
            (_, named) => weighted(named)?,
        };
        let sticky = asked.sticky.unwrap_or(false);
        let sticky_seconds = match asked.sticky_seconds {
            None if sticky => {
                return Err(refuse(
                    "Group stickiness needs DurationSeconds when it is enabled",
                ));
            }
            None => None,
            Some(seconds) => Some(
                u64::try_from(seconds)
                    .ok()
                    .filter(|seconds| (1..=WEEK).contains(seconds))
                    .ok_or_else(|| {
                        refuse(format!(
                            "Group stickiness of {seconds} seconds is not between 1 and {WEEK}"
                        ))
                    })?,
            ),
        };
        Ok(Self {
            groups,
            sticky,
            sticky_seconds,
        })
    }

    pub(super) fn stickiness(&self) -> Option<Duration> {
        self.sticky_seconds
            .filter(|_| self.sticky)
            .map(Duration::from_secs)
    }
}

fn weighted(named: &[(String, Option<i64>)]) -> Result<Vec<(String, u32)>, Refused> {
    if named.len() > limits::TARGET_GROUPS_PER_ACTION {
        return Err(Refused::new(
            "TooManyTargetGroups",
            format!(
                "A forward action can name at most {} target groups",
                limits::TARGET_GROUPS_PER_ACTION
            ),
        ));
    }
    let mut seen = BTreeSet::new();
    named
        .iter()
        .map(|(group, weight)| {
            if !seen.insert(group) {
                return Err(refuse(format!(
                    "The target group '{group}' is named twice in one action"
                )));
            }
            let weight = match weight {
                None if named.len() == 1 => 1,
                None => {
                    return Err(refuse(format!(
                        "The target group '{group}' needs a weight, being one of several"
                    )));
                }
                Some(weight) => u32::try_from(*weight)
                    .ok()
                    .filter(|weight| *weight <= 999)
                    .ok_or_else(|| {
                        Refused::invalid(format!(
                            "The weight {weight} of '{group}' is not between 0 and 999"
                        ))
                    })?,
            };
            Ok((group.clone(), weight))
        })
        .collect()
}

/// Whether a rule may have these actions together, on a listener of this protocol; apart from what they name.
pub(super) fn check(actions: &[Action], protocol: &str) -> Result<(), Refused> {
    let finals = actions
        .iter()
        .filter(|action| !matches!(action.deed, Deed::Authenticate(_)))
        .count();
    match finals {
        1 => {}
        0 => {
            return Err(refuse(
                "A rule needs exactly one forward, redirect or fixed-response action",
            ));
        }
        _ => {
            return Err(Refused::new(
                "TooManyActions",
                "A rule can have only one forward, redirect or fixed-response action",
            ));
        }
    }
    if actions.len() > 2 {
        return Err(Refused::new(
            "TooManyActions",
            "A rule can have at most one authentication action",
        ));
    }
    check_order(actions)?;
    for action in actions {
        match &action.deed {
            Deed::Forward(_) => {}
            Deed::Redirect(redirect) => check_redirect(redirect)?,
            Deed::Fixed(fixed) => check_fixed(fixed)?,
            Deed::Authenticate(authenticate) if protocol != "HTTPS" => {
                return Err(refuse(format!(
                    "An {} action is only possible on an HTTPS listener, not on {protocol}",
                    authenticate.kind
                )));
            }
            Deed::Authenticate(_) => {}
        }
    }
    Ok(())
}

fn check_order(actions: &[Action]) -> Result<(), Refused> {
    if let Some(order) = actions
        .iter()
        .filter_map(|action| action.order)
        .find(|order| !(1..=50_000).contains(order))
    {
        return Err(Refused::invalid(format!(
            "The action order {order} is not between 1 and 50000"
        )));
    }
    if actions.len() < 2 {
        return Ok(());
    }
    let mut orders = BTreeSet::new();
    for action in actions {
        let order = action
            .order
            .ok_or_else(|| refuse("Each of several actions needs an Order"))?;
        if !orders.insert(order) {
            return Err(refuse(format!("Two actions have the Order {order}")));
        }
    }
    match actions.iter().max_by_key(|action| action.order) {
        Some(Action {
            deed: Deed::Authenticate(_),
            ..
        }) => Err(refuse(
            "The forward, redirect or fixed-response action must be the last one",
        )),
        _ => Ok(()),
    }
}

fn check_redirect(redirect: &Redirect) -> Result<(), Refused> {
    if !matches!(redirect.status.as_str(), "HTTP_301" | "HTTP_302") {
        return Err(Refused::invalid(format!(
            "The redirect status '{}' is not HTTP_301 or HTTP_302",
            redirect.status
        )));
    }
    if !matches!(redirect.protocol.as_str(), "HTTP" | "HTTPS" | "#{protocol}") {
        return Err(Refused::invalid(format!(
            "The redirect protocol '{}' is not HTTP, HTTPS or #{{protocol}}",
            redirect.protocol
        )));
    }
    if redirect.port != "#{port}" && redirect.port.parse::<u16>().map_or(true, |port| port == 0) {
        return Err(Refused::invalid(format!(
            "The redirect port '{}' is not between 1 and 65535",
            redirect.port
        )));
    }
    if !redirect.path.starts_with('/') {
        return Err(Refused::invalid(format!(
            "The redirect path '{}' does not begin with '/'",
            redirect.path
        )));
    }
    let parts = [&redirect.host, &redirect.path, &redirect.query];
    if let Some(part) = parts.iter().find(|part| part.chars().count() > 128) {
        return Err(Refused::invalid(format!(
            "'{part}' in a redirect has more than 128 characters"
        )));
    }
    let unchanged = redirect.protocol == "#{protocol}"
        && redirect.port == "#{port}"
        && redirect.host == "#{host}"
        && redirect.path == "/#{path}";
    if unchanged {
        return Err(refuse(
            "A redirect must change at least one of protocol, port, host and path",
        ));
    }
    Ok(())
}

fn check_fixed(fixed: &Fixed) -> Result<(), Refused> {
    let digits = fixed.status.len() == 3 && fixed.status.chars().all(|digit| digit.is_ascii_digit());
    if !(digits && fixed.status.starts_with(['2', '4', '5'])) {
        return Err(Refused::invalid(format!(
            "The fixed response status '{}' is not 2XX, 4XX or 5XX",
            fixed.status
        )));
    }
    if fixed
        .body
        .as_ref()
        .is_some_and(|body| body.chars().count() > 1024)
    {
        return Err(Refused::invalid(
            "The fixed response body has more than 1024 characters",
        ));
    }
    let types = [
        "text/plain",
        "text/css",
        "text/html",
        "application/javascript",
        "application/json",
    ];
    match &fixed.content_type {
        Some(kind) if !types.contains(&kind.as_str()) => Err(Refused::invalid(format!(
            "The content type '{kind}' is not one of {}",
            types.join(", ")
        ))),
        _ => Ok(()),
    }
}

/// Sees to it that every OIDC action has its secret: given anew, or kept from the rule's actions so far.
pub(super) fn keep_secrets(actions: &mut [Action], so_far: &[Action]) -> Result<(), Refused> {
    let kept = so_far.iter().find_map(|action| match &action.deed {
        Deed::Authenticate(authenticate) => authenticate.secret.clone(),
        _ => None,
    });
    for action in actions {
        let Deed::Authenticate(authenticate) = &mut action.deed else {
            continue;
        };
        if authenticate.kind != "authenticate-oidc" || authenticate.secret.is_some() {
            continue;
        }
        if authenticate.use_existing_secret && kept.is_some() {
            authenticate.secret.clone_from(&kept);
        } else {
            return Err(refuse(
                "An authenticate-oidc action needs its ClientSecret, unless the rule has one already",
            ));
        }
    }
    Ok(())
}

/// The target groups that actions name, each with the forward that names it.
pub(super) fn forwards(actions: &[Action]) -> impl Iterator<Item = &Forward> {
    actions.iter().filter_map(|action| match &action.deed {
        Deed::Forward(forward) => Some(forward),
        _ => None,
    })
}

fn refuse(message: impl Into<String>) -> Refused {
    Refused::new("InvalidLoadBalancerAction", message)
}
