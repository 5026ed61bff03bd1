//! The life of a service with one listener, two doors and a default rule, from adoption to retirement.

use crate::support::audit::Snapshot;
use crate::support::swing::Scene;

const DEPLOY: &[&str] = &["deploy", "--release", "2", "--launch-template-version", "2"];
const CLOSED: &str = "11 x-client-mode=green → 404 text/plain no green deployment";

/// The rules that others made or the tool adopted, as they were before the first deploy.
const BEFORE: [&str; 3] = ["10 x-client-mode=blue → tg-1", CLOSED, "default → tg-1"];
const CANDIDATE: [&str; 3] = [
    "10 x-client-mode=blue → tg-1",
    "11 x-client-mode=green → tg-2",
    "default → tg-1",
];
const PROMOTED: [&str; 3] = ["10 x-client-mode=blue → tg-2", CLOSED, "default → tg-2"];

/// Between a promotion and what ends it, generation 1 stays health-checked behind the entrance.
fn with_entrance(snapshot: &Snapshot, to: &str) -> Vec<String> {
    let mut lines = snapshot.lines(80);
    let entrance = lines.remove(0);
    assert!(entrance.starts_with("2 "), "{entrance}");
    assert!(entrance.ends_with(&format!("→ {to}")), "{entrance}");
    lines
}

#[test]
fn init_adopts_what_runs_and_changes_no_rule() {
    let scene = Scene::untouched("initial");
    let before = scene.look();
    scene.init().expect(0);
    let after = scene.look();
    assert_eq!(after.lines(80), before.lines(80));
    assert_eq!(after.lines(80), BEFORE);
    assert_eq!(after.groups["asg-1"].fields, before.groups["asg-1"].fields);
    assert_eq!(after.groups["asg-1"].size, before.groups["asg-1"].size);
}

#[test]
fn a_release_is_deployed_promoted_and_rolled_back_and_so_is_the_next_one() {
    let scene = Scene::new("initial");
    let before = scene.look();

    scene.done(DEPLOY);
    let deployed = scene.look();
    assert_eq!(deployed.lines(80), CANDIDATE);
    assert_eq!(deployed.groups["asg-2"].target_groups, ["tg-2"]);
    assert_eq!(
        deployed.groups["asg-2"].launch_template,
        format!("{}ks-app@2", scene.prefix)
    );
    assert_eq!(deployed.target_groups["tg-2"].targets, 2);
    assert_eq!(
        deployed.target_groups["tg-2"].settings,
        before.target_groups["tg-1"].settings
    );
    assert_eq!(
        deployed.target_groups["tg-2"].attributes,
        before.target_groups["tg-1"].attributes
    );

    scene.done(&["promote"]);
    let promoted = scene.look();
    assert_eq!(with_entrance(&promoted, "tg-1"), PROMOTED);
    assert_eq!(promoted.groups["asg-1"].size.1, 2, "rollback must swing at once");
    assert_eq!(promoted.groups["asg-2"].size, before.groups["asg-1"].size);
    assert_eq!(
        promoted.groups["asg-2"].suspended,
        before.groups["asg-1"].suspended
    );

    scene.done(&["rollback"]);
    let back = scene.look();
    assert_eq!(back.lines(80), BEFORE);
    assert_same_rules(&back, &before);
    assert_eq!(back.groups["asg-1"].size, before.groups["asg-1"].size);
    assert_eq!(back.groups["asg-1"].suspended, before.groups["asg-1"].suspended);
    assert!(
        back.groups.contains_key("asg-2"),
        "kept, to find out what went wrong"
    );

    // The next release gets the next number, whatever became of the last one.
    scene.done(&["deploy", "--release", "3", "--launch-template-version", "2"]);
    let again = scene.look();
    assert_eq!(again.lines(80)[1], "11 x-client-mode=green → tg-3");
    assert_eq!(again.lines(80)[2], "default → tg-1");
    scene.done(&["rollback"]);
    assert_same_rules(&scene.look(), &before);
}

#[test]
fn a_candidate_is_rolled_back_and_its_door_closed_without_touching_production() {
    let scene = Scene::new("initial");
    let before = scene.look();
    scene.done(DEPLOY);
    scene.done(&["rollback"]);
    let closed = scene.look();
    assert_same_rules(&closed, &before);
    assert!(closed.groups.contains_key("asg-2"));

    scene.done(&["rollback", "--remove"]);
    let removed = scene.look();
    assert_same_rules(&removed, &before);
    assert!(!removed.groups.contains_key("asg-2"));
    assert!(!removed.target_groups.contains_key("tg-2"));
}

#[test]
fn a_candidate_is_aborted_and_nothing_of_it_is_left() {
    let scene = Scene::new("initial");
    let before = scene.look();
    scene.done(DEPLOY);
    scene.done(&["abort"]);
    let aborted = scene.look();
    assert_same_rules(&aborted, &before);
    assert_eq!(aborted.groups.keys().collect::<Vec<_>>(), ["asg-1"]);
    assert_eq!(aborted.target_groups.keys().collect::<Vec<_>>(), ["tg-1"]);
    // There is nothing left to abort, and that is no failure.
    scene.done(&["abort"]);
    assert_same_rules(&scene.look(), &before);
}

#[test]
fn a_promoted_generation_lives_on_alone_once_the_previous_one_is_retired() {
    let scene = Scene::new("initial");
    let before = scene.look();
    scene.done(DEPLOY);
    scene.done(&["promote"]);
    scene.done(&["retire"]);
    let retired = scene.look();
    assert_eq!(retired.lines(80), PROMOTED);
    assert_eq!(retired.groups.keys().collect::<Vec<_>>(), ["asg-2"]);
    assert_eq!(retired.target_groups.keys().collect::<Vec<_>>(), ["tg-2"]);
    assert_eq!(retired.groups["asg-2"].size, before.groups["asg-1"].size);
    assert_eq!(retired.target_groups["tg-2"].targets, 2);

    // There is nothing to go back to: refused, and nothing is changed.
    scene.go(&["rollback"]).expect(3);
    assert_eq!(scene.look(), retired);
}

/// The same rules, and nothing of each is different, not even a tag.
fn assert_same_rules(now: &Snapshot, before: &Snapshot) {
    assert_eq!(now.lines(80), before.lines(80));
    assert_eq!(now.rules, before.rules);
}
