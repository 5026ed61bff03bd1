//! An estate that somebody else built and decorated: all of it is carried over, and nothing of it is spoilt.

use std::collections::BTreeMap;

use crate::support::audit::{Group, Snapshot, Tags};
use crate::support::localstack;
use crate::support::swing::Scene;

const DEPLOY: &[&str] = &["deploy", "--release", "8", "--launch-template-version", "2"];
const LIVE: &str = "shop-asg-7";
const CLONE: &str = "shop-asg-8";

#[test]
fn a_foreign_estate_is_checked_deployed_promoted_and_rolled_back_without_a_trace_on_its_rules() {
    let scene = Scene::untouched("foreign");
    let before = scene.look();
    scene.init().expect(0);
    scene.run(&["check"]).expect(0);
    scene
        .run(&[
            "plan",
            "deploy",
            "--release",
            "8",
            "--launch-template-version",
            "2",
        ])
        .expect(0);
    // Neither look may have changed anything but the tags of the adoption.
    assert_as_before(&scene.look(), &before);

    scene.done(DEPLOY);
    let deployed = scene.look();
    assert_eq!(leading_to(&deployed, "shop-tg-8"), [(80, "11"), (8443, "100")]);
    assert_other_team_untouched(&deployed, &before);

    scene.done(&["promote"]);
    let promoted = scene.look();
    assert_eq!(
        leading_to(&promoted, "shop-tg-8"),
        [
            (80, "10"),
            (80, "20"),
            (80, "default"),
            (8443, "5"),
            (8443, "101"),
            (8443, "default")
        ]
    );
    assert_other_team_untouched(&promoted, &before);

    scene.done(&["rollback"]);
    let back = scene.look();
    assert_as_before(&back, &before);
    assert_live_group_as_before(&back.groups[LIVE], &before.groups[LIVE], &scene.prefix);
}

#[test]
fn the_clone_of_a_decorated_group_has_everything_that_hung_on_it() {
    let scene = Scene::new("foreign");
    scene.done(DEPLOY);
    scene.done(&["promote"]);
    let now = scene.look();
    let (original, clone) = (&now.groups[LIVE], &now.groups[CLONE]);
    assert_eq!(clone.target_groups, ["shop-tg-8"]);
    assert_eq!(clone.fields, original.fields);
    assert_eq!(clone.size, (1, 3, 9));
    assert_eq!(clone.suspended, ["AZRebalance"]);
    assert_eq!(clone.metrics, ["GroupDesiredCapacity", "GroupInServiceInstances"]);
    assert_eq!(clone.hooks, original.hooks);
    assert!(clone.hooks.contains_key("drain"), "{:?}", clone.hooks);
    assert_eq!(clone.notifications, original.notifications);
    assert_eq!(clone.notifications.len(), 2);
    assert_eq!(clone.schedules, original.schedules);
    assert!(
        clone.schedules["evening"].contains("Europe/Rome"),
        "{:?}",
        clone.schedules
    );

    // A policy on requests per target counts those of one target group: of the clone's, in the clone.
    let label = |target_group: &str| {
        let (_, identity) = now.target_groups[target_group]
            .arn
            .rsplit_once(':')
            .expect("an ARN");
        identity.to_owned()
    };
    let mut expected = original.policies.clone();
    let requests = expected.get_mut("requests-per-target").expect("the policy");
    assert!(requests.contains(&label("shop-tg-7")), "{requests}");
    *requests = requests.replace(&label("shop-tg-7"), &label("shop-tg-8"));
    assert_eq!(clone.policies, expected);

    // Every tag of the owner as it was, its value too, and instances get the same ones.
    assert_eq!(foreign_group_tags(clone), foreign_group_tags(original));
    assert_eq!(clone.tags["team"], ("payments".to_owned(), true));
    assert_eq!(clone.tags["runbook"], ("wiki/shop".to_owned(), false));
}

#[test]
fn the_clone_of_a_tuned_target_group_has_its_settings_attributes_and_tags() {
    let scene = Scene::new("foreign");
    scene.done(DEPLOY);
    let now = scene.look();
    let (original, clone) = (&now.target_groups["shop-tg-7"], &now.target_groups["shop-tg-8"]);
    assert_eq!(clone.settings, original.settings);
    assert_eq!(clone.attributes, original.attributes);
    assert_eq!(clone.attributes["deregistration_delay.timeout_seconds"], "17");
    assert_eq!(clone.attributes["slow_start.duration_seconds"], "30");
    assert_eq!(foreign_tags(&clone.tags), foreign_tags(&original.tags));
    assert_eq!(clone.tags["team"], "payments");
    assert_eq!(clone.targets, 3);
}

#[test]
fn the_alarm_that_drives_a_policy_survives_a_deploy_and_its_abortion() {
    if !localstack::cloudwatch() {
        return localstack::skip("this LocalStack has no CloudWatch, so no alarm");
    }
    let scene = Scene::new("foreign");
    let before = scene.look();
    assert_eq!(before.alarms.len(), 1, "{:?}", before.alarms);
    scene.done(DEPLOY);
    // A copy for the clone is looked for by the policy's alarms, which the free runtime does not list:
    // that it is made is tested without LocalStack.
    let deployed = scene.look();
    for (name, alarm) in &before.alarms {
        assert_eq!(deployed.alarms.get(name), Some(alarm), "{name}");
    }
    scene.done(&["abort"]);
    assert_eq!(scene.look().alarms, before.alarms);
}

/// Ports and priorities of the rules that lead to a target group, in the load balancer's order;
/// without the entrance, which leads nobody anywhere.
fn leading_to<'a>(snapshot: &'a Snapshot, target_group: &str) -> Vec<(i32, &'a str)> {
    let rules = snapshot.rules.iter().filter(|rule| rule.priority != "2");
    rules
        .filter(|rule| rule.actions == [target_group])
        .map(|rule| (rule.port, rule.priority.as_str()))
        .collect()
}

fn foreign_tags(tags: &Tags) -> Tags {
    let foreign = tags.iter().filter(|(key, _)| !key.starts_with("swingbridge:"));
    foreign.map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn foreign_group_tags(group: &Group) -> BTreeMap<String, (String, bool)> {
    let mut tags = group.tags.clone();
    tags.retain(|key, _| !key.starts_with("swingbridge:"));
    tags
}

/// The rules and target groups of the owner are what they were, apart from our tags.
fn assert_as_before(now: &Snapshot, before: &Snapshot) {
    let foreign = |snapshot: &Snapshot| {
        let mut rules = snapshot.rules.clone();
        for rule in &mut rules {
            rule.tags = foreign_tags(&rule.tags);
        }
        rules
    };
    assert_eq!(foreign(now), foreign(before));
    for (name, group) in &before.target_groups {
        let mut now = now.target_groups[name].clone();
        now.tags = foreign_tags(&now.tags);
        assert_eq!(now, *group, "{name}");
    }
    assert_other_team_untouched(now, before);
}

/// Not even a tag of ours.
fn assert_other_team_untouched(now: &Snapshot, before: &Snapshot) {
    let other = |snapshot: &Snapshot| {
        let mut rules = snapshot.rules.clone();
        rules.retain(|rule| rule.actions == ["other-app"]);
        rules
    };
    assert_eq!(other(before).len(), 2);
    assert_eq!(other(now), other(before));
    assert_eq!(now.target_groups["other-app"], before.target_groups["other-app"]);
}

/// All but our tags and the launch template's version: at `$Latest` a rollback would launch the
/// release it has just left.
fn assert_live_group_as_before(now: &Group, before: &Group, prefix: &str) {
    assert_eq!(before.launch_template, format!("{prefix}shop@$Latest"));
    assert_eq!(now.launch_template, format!("{prefix}shop@2"));
    let owed: Vec<_> = now
        .tags
        .keys()
        .filter(|key| key.starts_with("swingbridge:owes"))
        .collect();
    assert!(owed.is_empty(), "{owed:?}");
    let mut now = now.clone();
    now.tags = foreign_group_tags(&now);
    now.launch_template.clone_from(&before.launch_template);
    assert_eq!(now, *before);
}
