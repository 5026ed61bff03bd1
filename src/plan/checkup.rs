//! Everything in an estate that would break a deploy or surprise its operator.

use super::{Context, leads, preflight};
use crate::model::account::{Finding, Limits, Weight};
use crate::model::estate::{Estate, Group, TargetGroup, TargetState};
use crate::model::lock::{self, LockState};
use crate::model::policy::{Policy, Strategy};
use crate::model::refusal::Reason;
use crate::model::roles::Roles;
use crate::model::routing::Priority;

pub fn checkup(estate: &Estate, policy: &Policy, limits: &Limits) -> Vec<Finding> {
    let mut findings = Vec::new();
    if estate.load_balancer.state != "active" {
        findings.push(breaks(
            format!(
                "load balancer {} is {}",
                estate.load_balancer.name, estate.load_balancer.state
            ),
            "wait until it is active",
        ));
    }
    let roles = match Roles::of(estate, policy) {
        Ok(roles) => roles,
        Err(reasons) => {
            findings.extend(reasons.into_iter().map(refusal));
            quotas(estate, limits, 2, &mut findings);
            return findings;
        }
    };
    if let Err(reasons) = preflight::common(estate, policy, &roles) {
        findings.extend(reasons.into_iter().map(refusal));
    }
    if let LockState::Held { holder, .. } = lock::state(estate, policy.lock) {
        findings.push(risk(
            format!("the lock is held by {holder}"),
            "`swingbridge unlock` shows more",
        ));
    }
    findings.push(fine(format!(
        "generation {} is live by {}",
        roles.live.generation,
        roles
            .routes
            .iter()
            .map(|rule| rule.at().to_string())
            .collect::<Vec<_>>()
            .join(", ")
    )));
    if roles.halfway && roles.shared().is_none() && !roles.runs() {
        findings.push(risk(
            "production is half way between two generations",
            "run the interrupted command again, or `swingbridge rollback`",
        ));
    }
    let context = Context {
        estate,
        policy,
        roles,
    };
    live(&context, &mut findings);
    doors(&context, &mut findings);
    // With one fleet nobody ever waits behind a door.
    let places = match policy.strategy {
        Strategy::Rolling => Vec::new(),
        _ => super::doors::misplaced(&context),
    };
    for reason in places {
        let finding = refusal(reason);
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }
    names(&context, &mut findings);
    quotas(estate, limits, missing_rules(&context), &mut findings);
    for unknown in &limits.unknown {
        findings.push(risk(
            format!("a quota could not be read: {unknown}"),
            "allow the call (`swingbridge iam-policy plan`)",
        ));
    }
    for gap in &estate.gaps {
        let unseen = Reason::unseen(gap);
        findings.push(risk(unseen.to_string(), unseen.way_out()));
    }
    findings.sort_by_key(|finding| finding.weight);
    findings.dedup();
    findings
}

fn live(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let group = match preflight::group_of(context, &context.roles.live) {
        Ok(group) => group,
        Err(reasons) => return findings.extend(reasons.into_iter().map(refusal)),
    };
    let mut reasons = Vec::new();
    preflight::cloneable(context, group, &mut reasons);
    let cloneable = reasons.is_empty();
    findings.extend(reasons.into_iter().map(refusal));
    if cloneable {
        findings.push(fine(format!("{} can be cloned", group.name)));
    }
    group_traps(group, findings);
    let target_group = context
        .roles
        .live
        .target_group
        .as_ref()
        .and_then(|name| context.estate.target_group(name));
    if let Some(target_group) = target_group {
        target_group_traps(target_group, findings);
    }
    for rule in &context.roles.routes {
        for also in &rule.also {
            findings.push(fine(format!("{} keeps its {also}", rule.at())));
        }
    }
}

fn group_traps(group: &Group, findings: &mut Vec<Finding>) {
    let setting = |key: &str| group.settings.get(key).map(String::as_str);
    if setting("HealthCheckType").is_some_and(|kind| kind.contains("ELB"))
        && matches!(setting("HealthCheckGracePeriod"), None | Some("0"))
    {
        findings.push(breaks(
            format!(
                "{} has load balancer health checks and no grace period: a clone's instances are replaced while they boot",
                group.name
            ),
            "set a grace period longer than boot and first checks take",
        ));
    }
    for used in group.launch.uses().iter().filter(|used| used.pinned().is_none()) {
        findings.push(risk(
            format!(
                "{} follows {} of {}: a new version would leak into live",
                group.name, used.version, used.name
            ),
            "deploy pins it by number first",
        ));
    }
    for process in ["Launch", "AddToLoadBalancer"] {
        if group.suspended.contains_key(process) {
            findings.push(risk(
                format!(
                    "{process} is suspended on {}; the clone will not have it suspended",
                    group.name
                ),
                "resume it, or know that live cannot replace instances",
            ));
        }
    }
    for failure in group.failures.iter().take(1) {
        findings.push(risk(
            format!("{} lately failed to scale: {}", group.name, failure.message),
            "the next generation needs as many instances again: see that they can start",
        ));
    }
}

fn target_group_traps(target_group: &TargetGroup, findings: &mut Vec<Finding>) {
    let name = &target_group.name;
    let attribute = |key: &str| target_group.attributes.get(key).map(String::as_str);
    if attribute("stickiness.enabled") == Some("true") {
        findings.push(risk(
            format!("{name} has target stickiness: clients are rebalanced when production swings"),
            "expect it, or turn it off",
        ));
    }
    if let Some(seconds) = attribute("slow_start.duration_seconds").filter(|value| *value != "0") {
        findings.push(risk(
            format!("slow start ({seconds} s) of {name} does not protect a generation that starts empty"),
            "expect full load on the candidate at once, or shift by steps",
        ));
    }
    if target_group
        .settings
        .get("HealthCheckEnabled")
        .map(String::as_str)
        == Some("false")
    {
        findings.push(breaks(
            format!("{name} has no health check: no target will ever count as healthy"),
            "enable its health check",
        ));
    }
    let bad: Vec<&str> = target_group
        .targets
        .iter()
        .filter(|target| target.state == TargetState::Unhealthy)
        .filter_map(|target| target.reason.as_deref())
        .collect();
    if !bad.is_empty() {
        findings.push(risk(
            format!(
                "{name} has {} unhealthy targets now: {}",
                bad.len(),
                bad.join(", ")
            ),
            "see that its health check path answers as its matcher expects",
        ));
    }
    if let Some(zone) = target_group
        .targets
        .iter()
        .find_map(|target| target.zonal_override.as_ref())
    {
        findings.push(refusal(Reason::ZonalShift {
            zone: zone.clone(),
            target_group: name.clone(),
        }));
    }
}

/// A door behind a route is never opened for the requests that the route takes.
fn doors(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let roles = &context.roles;
    let all = roles.blue_doors.iter().chain(&roles.green_doors);
    let others = roles.user_doors.iter().chain(&roles.variant_rules);
    for door in all.chain(others).chain(&roles.beacons) {
        for route in roles.routes.iter().filter(|route| route.port == door.port) {
            if route.priority != Priority::Default && route.priority < door.priority {
                findings.push(risk(
                    format!(
                        "{} takes its requests before the door at {} sees them",
                        route.at(),
                        door.at()
                    ),
                    "give the door the lower priority",
                ));
            }
        }
    }
}

fn names(context: &Context<'_>, findings: &mut Vec<Finding>) {
    match super::naming::next_names(context) {
        Ok((group, target_group)) => {
            findings.push(fine(format!(
                "the next generation is {group} with {target_group}; both names are free"
            )));
        }
        Err(reasons) => findings.extend(reasons.into_iter().map(refusal)),
    }
}

/// The rules a deploy may have to add: lock, entrance, and doors that do not exist.
fn missing_rules(context: &Context<'_>) -> usize {
    let roles = &context.roles;
    let doors = context.policy.doors.as_ref().map_or(0, |doors| {
        [&roles.blue_doors, &roles.green_doors]
            .into_iter()
            .map(|standing| {
                doors
                    .ports
                    .iter()
                    .filter(|port| !standing.iter().any(|rule| rule.port == **port))
                    .count()
            })
            .sum()
    });
    let beacons = context
        .policy
        .doors
        .as_ref()
        .map_or(0, |doors| doors.beacon.as_ref().map_or(0, |_| doors.ports.len()));
    let users: usize = match &context.policy.ab {
        Some(test) => leads::missing(context, test),
        None => {
            let doors = context.policy.user_doors.iter();
            let all: usize = doors.map(|door| door.ports.len()).sum();
            all.saturating_sub(roles.user_doors.len())
        }
    };
    let ours = beacons.saturating_sub(roles.beacons.len()) + users;
    1 + usize::from(roles.entrance.is_none()) + doors + ours
}

fn quotas(estate: &Estate, limits: &Limits, more_rules: usize, findings: &mut Vec<Finding>) {
    let rules = estate
        .rules()
        .filter(|rule| rule.priority != Priority::Default)
        .count();
    for (what, have, more, limit) in [
        (
            "rules on the load balancer",
            rules,
            more_rules,
            limits.rules_per_load_balancer,
        ),
        (
            "target groups in the region",
            estate.taken.target_groups.len(),
            1,
            limits.target_groups_per_region,
        ),
        (
            "Auto Scaling groups in the region",
            estate.taken.groups.len(),
            1,
            limits.groups,
        ),
    ] {
        let Some(limit) = limit else { continue };
        if have + more > limit {
            findings.push(breaks(
                format!("{what}: {have}, {more} more needed, {limit} allowed"),
                "remove some, or have the quota raised",
            ));
        } else {
            findings.push(fine(format!("{what}: {have} of {limit}")));
        }
    }
}

fn refusal(reason: Reason) -> Finding {
    breaks(reason.to_string(), reason.way_out())
}

fn breaks(text: impl Into<String>, way_out: impl Into<String>) -> Finding {
    Finding {
        weight: Weight::Breaks,
        text: text.into(),
        way_out: Some(way_out.into()),
    }
}

fn risk(text: impl Into<String>, way_out: impl Into<String>) -> Finding {
    Finding {
        weight: Weight::Risk,
        text: text.into(),
        way_out: Some(way_out.into()),
    }
}

fn fine(text: impl Into<String>) -> Finding {
    Finding {
        weight: Weight::Fine,
        text: text.into(),
        way_out: None,
    }
}
