//! Somebody else's estate is adopted, deployed on, promoted and rolled back, and loses nothing of its own.

use crate::initial::assert_no_lock;
use crate::support::{Estate, Ground, Snapshot, Swing, on_both_grounds};

const DEPLOY: [&str; 6] = [
    "deploy",
    "--release",
    "v8",
    "--launch-template-version",
    "2",
    "--yes",
];

/// Members that a clone cannot have, as this LocalStack does not keep them when a group is created.
const LOST_BY_THE_FAKE: [&str; 2] = ["default_instance_warmup", "max_instance_lifetime"];

fn is_rule(name: &str) -> bool {
    name.starts_with("rule ")
}

/// Tags that are ours, and where rules lead: all that a deployment may change about rules.
fn is_ours(name: &str) -> bool {
    name.contains(" tag swingbridge:")
}

fn moves(name: &str) -> bool {
    name.ends_with(" actions") || name.ends_with(" leads to")
}

/// Where all ten rules lead, by place.
fn routing(seen: &Snapshot) -> Vec<(&str, &str)> {
    seen.pairs()
        .filter_map(|(name, value)| Some((name.strip_suffix(" leads to")?, value)))
        .collect()
}

/// The routing with `live` behind every route and blue door, and `green` behind every green door.
fn expected<'a>(live: &'a str, green: &'a str, other: &'a str) -> Vec<(&'static str, &'a str)> {
    vec![
        ("rule :80/10", live),
        ("rule :80/11", green),
        ("rule :80/20", live),
        ("rule :80/30", other),
        ("rule :80/default", live),
        ("rule :8443/100", green),
        ("rule :8443/101", live),
        ("rule :8443/40", other),
        ("rule :8443/5", live),
        ("rule :8443/default", live),
    ]
}

async fn a_foreign_estate_goes_through_deploy_promote_and_rollback_and_loses_nothing(estate: Estate) {
    let before = estate.look().await;
    if estate
        .ground
        .has_cloudwatch("the alarm of a foreign estate stays as it is")
    {
        let alarm = format!("alarm {} drives", estate.name("shop-asg-7-cpu-high"));
        assert!(before.get(&alarm).contains("cpu-steps"), "{}", before.get(&alarm));
    }
    let swing = Swing::adopting(&estate).await;
    let [old, new, other] = ["shop-tg-7", "shop-tg-8", "other-app"].map(|plain| estate.name(plain));
    let [original, clone] = ["shop-asg-7", "shop-asg-8"].map(|plain| estate.name(plain));

    // Adopting tags, and does nothing else.
    let adopted = estate.look().await;
    before.same_as(&adopted.without(is_ours), "after init");
    let tagged: Vec<&str> = adopted.names().filter(|name| is_ours(name)).collect();
    assert!(
        !tagged
            .iter()
            .any(|name| name.contains(&other) || name.contains(":80/30")),
        "{tagged:?}"
    );

    swing.run(&["check"]).await.ended(0);
    let planned = swing
        .run(&[
            "plan",
            "deploy",
            "--release",
            "v8",
            "--launch-template-version",
            "2",
        ])
        .await;
    planned.ended(0).says("pin ").says(":8443 rule 100");
    adopted.same_as(&estate.look().await, "after check and plan");

    swing.run(&DEPLOY).await.ended(0);
    let deployed = estate.look().await;
    assert_eq!(routing(&deployed), expected(&old, &new, &other));
    assert_no_lock(&deployed);
    assert_clone(&estate, &before, &deployed, &original, &clone);

    swing.run(&["promote", "--yes"]).await.ended(0);
    let promoted = estate.look().await;
    // Without the entrance, which keeps the previous generation checked for a rollback.
    let rules = promoted.without(|name| name.starts_with("rule :80/2 "));
    assert_eq!(routing(&rules), expected(&new, "404", &other));
    assert_no_lock(&promoted);
    let live = promoted.about(&format!("group {clone}"));
    assert_eq!(
        live.get("min_size"),
        "Some(1,)",
        "the minimum is put back at promotion"
    );
    assert_eq!(
        live.get("suspended"),
        "AZRebalance",
        "scheduled actions run again"
    );
    assert!(!live.names().any(|name| name.contains("owes")), "{live:?}");
    let previous = promoted.about(&format!("group {original}"));
    assert_eq!(
        previous.get("desired_capacity"),
        "Some(3,)",
        "ready for a rollback"
    );

    swing.run(&["rollback", "--yes"]).await.ended(0);
    let back = estate.look().await;
    assert_eq!(routing(&back), expected(&old, "404", &other));
    assert_no_lock(&back);

    // Nothing of what was there is lost or changed, but for the pinned version.
    let pinned = format!("group {original} launch_template");
    let ours_or_new = |name: &str| {
        is_ours(name)
            || name == pinned
            || name.contains(&clone)
            || name.contains(&format!("target-group {new} "))
    };
    before
        .without(ours_or_new)
        .same_as(&back.without(ours_or_new), "after the rollback");
    assert!(
        back.get(&pinned).contains("\"2\""),
        "pinned by number: {}",
        back.get(&pinned)
    );
    let owed: Vec<&str> = back.names().filter(|name| name.contains("owes")).collect();
    assert!(owed.is_empty(), "nothing is owed any more: {owed:?}");
    for seen in [&deployed, &promoted] {
        before.only(is_rule).without(moves).same_as(
            &seen
                .only(is_rule)
                .without(|name| is_ours(name) || moves(name) || name.starts_with("rule :80/2 ")),
            "meanwhile",
        );
        for foreign in ["rule :80/30", "rule :8443/40", &format!("target-group {other}")] {
            before
                .about(foreign)
                .same_as(&seen.about(foreign), "another team's");
        }
    }
}

/// The clone is the original in everything that was not meant to change.
fn assert_clone(estate: &Estate, before: &Snapshot, after: &Snapshot, original: &str, clone: &str) {
    let [old, new] = ["shop-tg-7", "shop-tg-8"].map(|plain| estate.name(plain));
    // The original as it should look under the clone's names.
    let words = [
        (old.clone(), new.clone()),
        (original.to_owned(), clone.to_owned()),
    ];
    let same = |kind: &str, except: &[&str]| {
        let (from, to) = match kind {
            "target-group" => (old.as_str(), new.as_str()),
            _ => (original, clone),
        };
        let skip = |name: &str| name.starts_with("tag swingbridge:") || except.contains(&name);
        let from = before.about(&format!("{kind} {from}")).renamed(&words);
        assert_ne!(from, Snapshot::default(), "no {kind} to compare");
        from.without(skip).same_as(
            &after.about(&format!("{kind} {to}")).without(skip),
            &format!("the clone's {kind}"),
        );
    };
    // MinSize is raised until promotion, and ScheduledActions held; the version is the release's.
    let mut meant = vec![
        "min_size",
        "suspended",
        "launch_template",
        "versions of instances",
    ];
    meant.extend(LOST_BY_THE_FAKE);
    same("group", &meant);
    same("target-group", &[]);
    // The service makes these itself, under names of its own.
    same("policy", &["requests-per-target alarms"]);
    same("schedule", &[]);
    same("hook", &[]);
    same("notification", &[]);

    let group = after.about(&format!("group {clone}"));
    assert_eq!(group.get("min_size"), "Some(3,)", "raised until promotion");
    assert_eq!(group.get("suspended"), "AZRebalance, ScheduledActions");
    assert_eq!(group.get("tag swingbridge:owes-min"), "1 (propagated: false)");
    assert_eq!(group.get("versions of instances"), "2");
    assert_eq!(group.get("tag runbook"), "wiki/shop (propagated: false)");
    assert_eq!(group.get("tag team"), "payments (propagated: true)");
    // A tag whose value is the group's name gives the clone's.
    assert_eq!(group.get("tag Name"), format!("{clone} (propagated: true)"));
    assert_eq!(group.get("metric GroupDesiredCapacity"), "1Minute");
    let policy = after.get(&format!(
        "policy {clone} requests-per-target target_tracking_configuration"
    ));
    assert!(
        policy.contains(&format!("targetgroup/<{new}>")),
        "the label names the clone's target group: {policy}"
    );
    if estate.ground == Ground::Lab {
        for (policy, alarm) in [
            ("cpu-steps", clone.to_owned()),
            ("requests-per-target", format!("TargetTracking-{clone}")),
        ] {
            let alarms = after.get(&format!("policy {clone} {policy} alarms"));
            assert!(alarms.contains(&alarm), "{policy}: {alarms}");
        }
    }
    assert!(
        after
            .get(&format!("schedule {clone} evening time_zone"))
            .contains("Europe/Rome")
    );
}

on_both_grounds! {
    foreign:
    a_foreign_estate_goes_through_deploy_promote_and_rollback_and_loses_nothing,
}
