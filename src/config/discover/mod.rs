//! Finds out how a running load balancer is set up, and writes the configuration that fits it. Pure:
//! it reads an estate that was observed, and changes nothing.

use thiserror::Error;

use super::naming;
use super::starter::{Filling, fill};
use crate::model::estate::{Estate, Group, TargetGroup, TargetState};
use crate::model::ids::{Generation, GroupName, TargetGroupName};
use crate::model::routing::{Action, Condition, Listener, Priority, Rule, RulePlace};
use crate::model::rule_tag::RuleTag;
use crate::model::tags;

mod doors;
mod names;
mod priorities;
mod warnings;

#[cfg(test)]
mod tests;

/// What was found, and the configuration that says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovery {
    /// A complete, commented `swingbridge.toml`.
    pub config_text: String,
    /// What was found, for people.
    pub findings: Vec<String>,
    /// What may go wrong with it.
    pub warnings: Vec<String>,
    pub adopt: Adoption,
}

/// What is to be tagged as ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adoption {
    pub app: String,
    pub generation: Generation,
    pub group: GroupName,
    pub target_group: TargetGroupName,
    /// The door rules that were there before.
    pub doors: Vec<RulePlace>,
}

#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DiscoverError {
    #[error("the app's name {why}\n  pass --app with letters, digits, `.`, `_` and `-`")]
    App { why: String },
    #[error("{load_balancer} has no listener on port {port}\n  pass --listener with one of {}", .have.join(", "))]
    NoListener {
        load_balancer: String,
        port: u16,
        have: Vec<String>,
    },
    #[error(
        "no rule forwards to one target group: {}\n  point the default rule of a listener at the target group that \
         serves production, then run this again",
        list(.rules)
    )]
    NothingForwards { rules: Vec<String> },
    #[error(
        "production is split: {rule} forwards to {shares}\n  give all its weight to one target group first"
    )]
    Split { rule: String, shares: String },
    #[error("several target groups could be live: {}\n  choose with --listener PORT", list(.rules))]
    SeveralLive { rules: Vec<String> },
    #[error(
        "several target groups could be live: {}\n  write the file with `swingbridge init`, and list this app's rules \
         under [[routes]]",
        list(.rules)
    )]
    SeveralRules { rules: Vec<String> },
    #[error(
        "no Auto Scaling group stands on {target_group}\n  attach one: `aws autoscaling attach-traffic-sources`"
    )]
    NoGroup { target_group: TargetGroupName },
    #[error(
        "several Auto Scaling groups stand on {target_group}: {}\n  a generation has one; move the others to target \
         groups of their own",
        .groups.join(", ")
    )]
    SeveralGroups {
        target_group: TargetGroupName,
        groups: Vec<String>,
    },
    #[error(
        "two priorities must be free before the first rule of this app on :{port}, which is at {first}\n  move the \
         rules, in the same order, with:\n  {command}"
    )]
    NoFreePriority { port: u16, first: u32, command: String },
    #[error("the configuration could not be written: {why}\n  `swingbridge init` writes one to fill in")]
    Template { why: String },
}

fn list(rules: &[String]) -> String {
    match rules {
        [] => "there are no rules".to_owned(),
        rules => rules.join(", "),
    }
}

/// `listener` is the one whose default rule is production's, when that is not clear by itself.
pub fn discover(
    estate: &Estate,
    listener: Option<u16>,
    app: Option<&str>,
    endpoint: Option<&str>,
) -> Result<Discovery, DiscoverError> {
    let (home, live) = live(estate, listener)?;
    let group = group_on(estate, &live)?;
    let tags = estate.target_group(&live).map(|tg| &tg.tags);
    let owner = tags.and_then(|tags| tags.get(tags::APP)).map(String::as_str);
    let app = app.or(owner).unwrap_or(&estate.load_balancer.name).to_owned();
    if let Some(why) = naming::app_problem(&app) {
        return Err(DiscoverError::App { why });
    }
    let named = names::templates(&live, &group.name);
    let doors = doors::find(estate, &live, &app);
    let routes: Vec<&Rule> = estate
        .rules()
        .filter(|rule| serves(rule, &live) && !doors.is_door(rule))
        .collect();
    let kept = priorities::choose(estate, home, &live, &doors, &app)?;
    let filling = Filling {
        app: app.clone(),
        load_balancer: estate.load_balancer.name.clone(),
        region: region(estate).map(str::to_owned),
        endpoint: endpoint.map(str::to_owned),
        group: named.group.clone(),
        target_group: named.target_group.clone(),
        adopted: named
            .adopted
            .then(|| (named.generation.0, group.name.to_string(), live.to_string())),
        routes: routes.iter().map(|rule| rule.at().to_string()).collect(),
        doors: doors.found.as_ref().map(|found| found.filling(&kept)),
        lock_listener: home.port,
        lock_priority: kept.lock,
        entrance_priority: kept.entrance,
        spare: kept.spare,
    };
    let config_text = fill(&filling).map_err(|error| DiscoverError::Template {
        why: format!("{error:#}"),
    })?;

    let mut findings = vec![
        match region(estate) {
            Some(region) => format!("load balancer {} in {region}", estate.load_balancer.name),
            None => format!("load balancer {}", estate.load_balancer.name),
        },
        found_live(estate, &live, group, named.generation),
        format!("production: {}", filling.routes.join(", ")),
    ];
    findings.push(doors.finding());
    findings.push(match named.adopted {
        true => format!(
            "its names carry no number that both share: it is adopted as generation {}, and the next are named {} and {}",
            named.generation, named.target_group, named.group
        ),
        false => format!("names: {} and {}", named.target_group, named.group),
    });
    findings.push(format!(
        "free for Swingbridge's own rules on :{}: priorities {} and {}",
        home.port, kept.lock, kept.entrance
    ));
    let mut warnings = warnings::find(estate, &live, group, &routes);
    warnings.extend(neighbours(estate, &live, &app));
    warnings.extend(doors.warnings.clone());
    Ok(Discovery {
        config_text,
        findings,
        warnings,
        adopt: Adoption {
            app,
            generation: named.generation,
            group: group.name.clone(),
            target_group: live,
            doors: doors.found.map(|found| found.rules).unwrap_or_default(),
        },
    })
}

/// The listener to build on, and the target group that production goes to.
fn live(estate: &Estate, port: Option<u16>) -> Result<(&Listener, TargetGroupName), DiscoverError> {
    let mut listeners: Vec<&Listener> = estate.listeners.iter().collect();
    listeners.sort_by_key(|listener| listener.port);
    if let Some(port) = port {
        let have = listeners
            .iter()
            .map(|listener| listener.port.to_string())
            .collect();
        listeners.retain(|listener| listener.port == port);
        if listeners.is_empty() {
            return Err(DiscoverError::NoListener {
                load_balancer: estate.load_balancer.name.clone(),
                port,
                have,
            });
        }
    }
    let rules = || {
        listeners
            .iter()
            .flat_map(|listener| listener.rules.iter().map(move |rule| (*listener, rule)))
    };
    let defaults: Vec<(&Listener, &Rule)> = rules()
        .filter(|(_, rule)| rule.priority == Priority::Default)
        .collect();
    if let Some(found) = agreed(&defaults) {
        return found.map_err(|rules| match port {
            None => DiscoverError::SeveralLive { rules },
            Some(_) => DiscoverError::SeveralRules { rules },
        });
    }
    if let Some((_, rule)) = defaults.iter().find(|(_, rule)| rule.action.shares().len() > 1) {
        return Err(DiscoverError::Split {
            rule: rule.at().to_string(),
            shares: rule.action.to_string(),
        });
    }
    // Where default rules forward nowhere, production has rules of its own. Header rules are not
    // among them: they are doors.
    let others: Vec<(&Listener, &Rule)> = rules()
        .filter(|(_, rule)| rule.priority != Priority::Default && !has_header(rule))
        .collect();
    match agreed(&others) {
        Some(found) => found.map_err(|rules| DiscoverError::SeveralRules { rules }),
        None => Err(DiscoverError::NothingForwards {
            rules: rules().map(|(_, rule)| described(rule)).collect(),
        }),
    }
}

/// The one target group that those of the rules lead to which lead to one at all: `None` when none
/// does, all of them when they disagree.
fn agreed<'a>(
    rules: &[(&'a Listener, &Rule)],
) -> Option<Result<(&'a Listener, TargetGroupName), Vec<String>>> {
    let serving: Vec<(&Listener, &Rule, &TargetGroupName)> = rules
        .iter()
        .filter_map(|(listener, rule)| Some((*listener, *rule, rule.action.only_target()?)))
        .collect();
    let (listener, _, first) = serving.first()?;
    Some(if serving.iter().all(|(_, _, target)| target == first) {
        Ok((*listener, (*first).clone()))
    } else {
        Err(serving.iter().map(|(_, rule, _)| described(rule)).collect())
    })
}

fn group_on<'a>(estate: &'a Estate, live: &TargetGroupName) -> Result<&'a Group, DiscoverError> {
    let standing: Vec<&Group> = estate
        .groups
        .iter()
        .filter(|group| group.target_groups.contains(live))
        .collect();
    match standing.as_slice() {
        [only] => Ok(only),
        [] => Err(DiscoverError::NoGroup {
            target_group: live.clone(),
        }),
        several => Err(DiscoverError::SeveralGroups {
            target_group: live.clone(),
            groups: several.iter().map(|group| group.name.to_string()).collect(),
        }),
    }
}

fn has_header(rule: &Rule) -> bool {
    let header = |condition: &Condition| matches!(condition, Condition::Header { .. });
    rule.conditions.iter().any(header)
}

fn serves(rule: &Rule, live: &TargetGroupName) -> bool {
    rule.weight_of(live).is_some_and(|weight| weight > 0)
}

/// The rules that Swingbridge keeps for this app, left by an operation or an earlier `init`.
fn is_kept(rule: &Rule, app: &str) -> bool {
    RuleTag::by(app, rule).is_some_and(RuleTag::is_hidden)
}

fn described(rule: &Rule) -> String {
    match &rule.action {
        Action::Forward { .. } => format!("{} → {}", rule.at(), rule.action),
        other => format!("{}: {other}", rule.at()),
    }
}

fn region(estate: &Estate) -> Option<&str> {
    let part = estate.load_balancer.arn.as_str().split(':').nth(3)?;
    (!part.is_empty()).then_some(part)
}

/// Other apps on the same load balancer, by the tags of the target groups that its rules name.
fn neighbours(estate: &Estate, live: &TargetGroupName, app: &str) -> Vec<String> {
    let mut all: Vec<String> = estate
        .target_groups
        .iter()
        .filter_map(|tg| {
            let other = tg.tags.get(tags::APP).filter(|owner| *owner != app)?;
            Some(match tg.name == *live {
                true => format!(
                    "{live} carries the tag of another app, {other}: use --app {other}, or remove the tag"
                ),
                false => format!(
                    "{other} is deployed behind this load balancer as well: give [lock] priorities that its own \
                     configuration does not use"
                ),
            })
        })
        .collect();
    all.sort();
    all.dedup();
    all
}

fn found_live(estate: &Estate, live: &TargetGroupName, group: &Group, generation: Generation) -> String {
    let targets = estate.target_group(live).map(|tg: &TargetGroup| &tg.targets);
    let healthy = targets.into_iter().flatten();
    let healthy = healthy
        .filter(|target| target.state == TargetState::Healthy)
        .count();
    format!(
        "live is generation {generation}: {live} with {} ({}, healthy {healthy})",
        group.name, group.size
    )
}
