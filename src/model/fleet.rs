//! How much of a group serves, and what is missing: counted from instances and targets, never guessed.

use std::collections::BTreeMap;

use super::estate::{Group, Instance, Target, TargetGroup, TargetState};

const IN_SERVICE: &str = "InService";
const NOT_IN_USE: &str = "Target.NotInUse";
/// How many failed scaling activities are worth telling.
const FAILURES: usize = 2;

/// Capacity units that serve: of instances in service whose every target here is healthy.
///
/// `unused`, `unavailable` and a load balancer that fails open never count, nor does a target whose
/// instance is not in the group.
pub fn healthy_capacity(group: &Group, target_group: &TargetGroup) -> u32 {
    let serves = |instance: &&Instance| {
        let mut own = targets_of(target_group, &instance.id).peekable();
        own.peek().is_some() && own.all(|target| target.state == TargetState::Healthy)
    };
    units(group.instances.iter().filter(is_in_service).filter(serves))
}

/// Capacity units in service, as Auto Scaling sees it; says nothing about target health.
pub fn in_service(group: &Group) -> u32 {
    units(group.instances.iter().filter(is_in_service))
}

fn is_in_service(instance: &&Instance) -> bool {
    instance.lifecycle == IN_SERVICE
}

/// A sum that is too large is still a large one.
fn units<'a>(instances: impl Iterator<Item = &'a Instance>) -> u32 {
    instances.fold(0, |sum, instance| sum.saturating_add(instance.weight))
}

/// What is missing, grouped and counted, with the load balancer's reason codes.
pub fn reasons(group: &Group, target_group: &TargetGroup) -> Vec<String> {
    let mut all = targets(group, target_group);
    all.extend(instances(group, target_group));
    // An old failure says nothing about a fleet that is complete.
    if healthy_capacity(group, target_group) < group.size.desired {
        all.extend(failures(group));
    }
    all
}

fn targets_of<'a>(target_group: &'a TargetGroup, instance: &'a str) -> impl Iterator<Item = &'a Target> {
    target_group
        .targets
        .iter()
        .filter(move |target| target.id == instance)
}

fn targets(group: &Group, target_group: &TargetGroup) -> Vec<String> {
    let mut counts: BTreeMap<(TargetState, String), u32> = BTreeMap::new();
    let mut strangers = 0;
    let mut shifted: BTreeMap<&str, u32> = BTreeMap::new();
    for target in &target_group.targets {
        if let Some(why) = &target.zonal_override {
            *shifted.entry(why).or_default() += 1;
        }
        if target.state != TargetState::Healthy {
            *counts.entry((target.state, cause(target))).or_default() += 1;
        } else if !group.instances.iter().any(|instance| instance.id == target.id) {
            strangers += 1;
        }
    }
    let mut all: Vec<String> = counts
        .into_iter()
        .map(|((state, cause), count)| format!("{count} {state}{cause}"))
        .collect();
    if let Some(idle) = all.iter_mut().find(|text| text.contains(NOT_IN_USE)) {
        idle.push_str(
            "; the load balancer checks a target only while a rule names its group and its zone is enabled",
        );
    }
    if strangers > 0 {
        all.push(format!("{strangers} healthy but not in {}", group.name));
    }
    all.extend(
        shifted
            .into_iter()
            .map(|(why, count)| format!("{count} in a zone that is shifted away ({why})")),
    );
    all
}

fn cause(target: &Target) -> String {
    match (&target.reason, &target.description) {
        (Some(code), Some(text)) => format!(" ({code}: {text})"),
        (Some(text), None) | (None, Some(text)) => format!(" ({text})"),
        (None, None) => String::new(),
    }
}

fn instances(group: &Group, target_group: &TargetGroup) -> Vec<String> {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for instance in &group.instances {
        let what = if instance.lifecycle != IN_SERVICE {
            &instance.lifecycle
        } else if targets_of(target_group, &instance.id).next().is_none() {
            "in service but not registered"
        } else if !instance.healthy {
            "marked unhealthy by Auto Scaling"
        } else {
            continue;
        };
        *counts.entry(what.to_owned()).or_default() += 1;
    }
    let mut all: Vec<String> = counts
        .into_iter()
        .map(|(what, count)| match count {
            1 => format!("1 instance {what}"),
            _ => format!("{count} instances {what}"),
        })
        .collect();
    let there = units(group.instances.iter());
    match group.size.desired.saturating_sub(there) {
        0 => {}
        1 => all.push("1 instance not launched yet".to_owned()),
        missing => all.push(format!("{missing} instances not launched yet")),
    }
    all
}

fn failures(group: &Group) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for failure in &group.failures {
        // A group may have taken over the name of one that was deleted, and its activities with it.
        if matches!((failure.at, group.created_at), (Some(at), Some(created)) if at < created) {
            continue;
        }
        let what = match failure.status.as_str() {
            "Failed" => format!("launch failed: {}", failure.message),
            status => format!("scaling activity {}: {}", status.to_lowercase(), failure.message),
        };
        if !all.contains(&what) {
            all.push(what);
        }
        if all.len() == FAILURES {
            break;
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::estate::Activity;
    use super::super::fixtures::{self, TargetState::*};
    use super::*;

    fn fleet(states: &[TargetState]) -> (Group, TargetGroup) {
        let instances = states.len() as u32;
        (fixtures::group(2, instances), fixtures::target_group(2, states))
    }

    #[test]
    fn only_healthy_targets_of_instances_in_service_count() {
        let (mut group, tg) = fleet(&[
            Healthy,
            Initial,
            Unhealthy,
            Unused,
            Unavailable,
            Draining,
            Healthy,
        ]);
        assert_eq!(healthy_capacity(&group, &tg), 2);
        group.instances[6].lifecycle = "Terminating:Wait".into();
        assert_eq!(healthy_capacity(&group, &tg), 1);
        group.instances.remove(0);
        assert_eq!(healthy_capacity(&group, &tg), 0);
    }

    #[test]
    fn a_weighted_instance_counts_with_its_capacity_units() {
        let (mut group, tg) = fleet(&[Healthy, Healthy]);
        group.instances[0].weight = 4;
        assert_eq!(healthy_capacity(&group, &tg), 5);
        assert_eq!(in_service(&group), 5);
    }

    #[test]
    fn an_instance_with_a_second_target_that_fails_does_not_count() {
        let (group, mut tg) = fleet(&[Healthy]);
        let mut second = tg.targets[0].clone();
        second.state = Unhealthy;
        tg.targets.push(second);
        assert_eq!(healthy_capacity(&group, &tg), 0);
    }

    #[test]
    fn reasons_are_grouped_and_counted_with_their_codes() {
        let (mut group, mut tg) = fleet(&[Initial, Initial, Unhealthy, Healthy]);
        for target in &mut tg.targets[..2] {
            target.reason = Some("Elb.InitialHealthChecking".into());
        }
        tg.targets[2].reason = Some("Target.ResponseCodeMismatch".into());
        tg.targets[2].description = Some("Health checks failed with these codes: [503]".into());
        group.instances[3].id = "i-another".into();
        group.instances[3].lifecycle = "Pending:Wait".into();
        group.size.desired = 5;
        assert_eq!(
            reasons(&group, &tg),
            [
                "2 initial (Elb.InitialHealthChecking)",
                "1 unhealthy (Target.ResponseCodeMismatch: Health checks failed with these codes: [503])",
                "1 healthy but not in asg-2",
                "1 instance Pending:Wait",
                "1 instance not launched yet",
            ]
        );
    }

    #[test]
    fn an_unused_target_says_why_it_never_becomes_healthy() {
        let (group, mut tg) = fleet(&[Unused]);
        tg.targets[0].reason = Some("Target.NotInUse".into());
        let reasons = reasons(&group, &tg);
        assert!(
            reasons[0].starts_with("1 unused (Target.NotInUse); the load balancer checks"),
            "{reasons:?}"
        );
    }

    #[test]
    fn a_complete_fleet_misses_nothing_whatever_failed_before() {
        let (mut group, tg) = fleet(&[Healthy, Healthy]);
        group.failures = vec![failed(0, "no capacity")];
        assert_eq!(reasons(&group, &tg), Vec::<String>::new());
    }

    #[test]
    fn the_last_two_different_launch_failures_of_this_group_are_told() {
        let (mut group, tg) = fleet(&[]);
        group.size.desired = 1;
        group.failures = vec![
            failed(3, "no capacity"),
            failed(2, "no capacity"),
            failed(1, "no such image"),
            failed(1, "a third cause"),
        ];
        assert_eq!(
            reasons(&group, &tg),
            [
                "1 instance not launched yet",
                "launch failed: no capacity",
                "launch failed: no such image"
            ]
        );
        group.failures = vec![failed(-60 * 24 * 365, "of a group that had this name before")];
        assert_eq!(reasons(&group, &tg), ["1 instance not launched yet"]);
    }

    fn failed(minute: i64, message: &str) -> Activity {
        Activity {
            at: Some(fixtures::minute(minute)),
            status: "Failed".into(),
            message: message.into(),
        }
    }
}
