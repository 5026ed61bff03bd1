//! The smallest estate a deployment begins with: two doors, one listener, two instances.

use crate::support::{Estate, Snapshot, Swing, on_both_grounds};

/// Where the three rules of the estate lead, in the order blue, green, default.
pub(crate) fn doors(seen: &Snapshot) -> [&str; 3] {
    [
        "rule :80/10 leads to",
        "rule :80/11 leads to",
        "rule :80/default leads to",
    ]
    .map(|name| seen.get(name))
}

/// What every finished run leaves clean: no lock, nothing half done.
#[track_caller]
pub(crate) fn assert_no_lock(seen: &Snapshot) {
    let lock = seen
        .names()
        .find(|name| name.starts_with("rule ") && name.ends_with("tag swingbridge:lock-owner"));
    assert_eq!(lock, None, "a lock is left: {seen:?}");
}

pub(crate) const DEPLOY: [&str; 6] = [
    "deploy",
    "--release",
    "v2",
    "--launch-template-version",
    "2",
    "--yes",
];

async fn a_release_is_deployed_promoted_rolled_back_and_followed_by_another(estate: Estate) {
    let swing = Swing::adopting(&estate).await;
    let [first, second, third] = ["tg-1", "tg-2", "tg-3"].map(|plain| estate.name(plain));
    let before = estate.look().await;
    assert_eq!(doors(&before), [first.as_str(), "404", &first]);

    swing.run(&["check"]).await.ended(0);
    swing
        .run(&DEPLOY)
        .await
        .ended(0)
        .says("is the candidate and ready");
    let deployed = estate.look().await;
    // Green opens to the new one; blue and production stay.
    assert_eq!(doors(&deployed), [first.as_str(), &second, &first]);
    assert_no_lock(&deployed);
    let candidate = deployed.about(&format!("group {}", estate.name("asg-2")));
    assert_eq!(candidate.get("versions of instances"), "2");
    assert_eq!(candidate.get("instances"), "2");
    let live = deployed.about(&format!("group {}", estate.name("asg-1")));
    assert_eq!(live.get("versions of instances"), "1");
    assert_eq!(candidate.get("tag swingbridge:release"), "v2 (propagated: false)");

    // Once more changes nothing.
    swing.run(&DEPLOY).await.ended(0).says("nothing to do");
    deployed.same_as(&estate.look().await, "after the same deploy again");

    swing.run(&["promote", "--yes"]).await.ended(0);
    let promoted = estate.look().await;
    assert_eq!(doors(&promoted), [second.as_str(), "404", &second]);
    assert_no_lock(&promoted);
    swing
        .run(&["promote", "--yes"])
        .await
        .ended(0)
        .says("nothing to do");

    swing.run(&["rollback", "--yes"]).await.ended(0);
    let back = estate.look().await;
    assert_eq!(doors(&back), [first.as_str(), "404", &first]);
    assert_no_lock(&back);
    assert_eq!(
        before.only(|name| name.starts_with("rule ") && !name.contains(" tag ")),
        back.only(|name| name.starts_with("rule ") && !name.contains(" tag ")),
    );

    let again = [
        "deploy",
        "--release",
        "v3",
        "--launch-template-version",
        "2",
        "--yes",
    ];
    swing.run(&again).await.ended(0);
    let deployed = estate.look().await;
    assert_eq!(doors(&deployed), [first.as_str(), &third, &first]);
    assert_eq!(
        deployed.get(&format!("group {} instances", estate.name("asg-3"))),
        "2"
    );

    // A candidate is rolled back by closing its door.
    swing.run(&["rollback", "--yes"]).await.ended(0);
    let closed = estate.look().await;
    assert_eq!(doors(&closed), [first.as_str(), "404", &first]);

    // And what was rolled back is removed by an abort, both of them.
    swing.run(&["abort", "--yes"]).await.ended(0);
    let aborted = estate.look().await;
    assert_eq!(doors(&aborted), [first.as_str(), "404", &first]);
    for gone in ["group t", "target-group t"].map(|kind| kind.trim_end_matches('t').to_owned()) {
        let left: Vec<&str> = aborted
            .names()
            .filter(|name| name.starts_with(&gone) && ["-2 ", "-3 "].iter().any(|end| name.contains(end)))
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }
    before.without(|name| name.contains(" tag swingbridge:")).same_as(
        &aborted.without(|name| name.contains(" tag swingbridge:")),
        "after all of it",
    );
}

async fn the_previous_generation_is_retired_and_nothing_of_it_is_left(estate: Estate) {
    let swing = Swing::adopting(&estate).await;
    swing.run(&DEPLOY).await.ended(0);
    swing
        .run(&["retire", "--yes"])
        .await
        .ended(0)
        .says("nothing to do");
    swing.run(&["promote", "--yes"]).await.ended(0);
    swing.run(&["retire", "--yes"]).await.ended(0);
    let seen = estate.look().await;
    let second = estate.name("tg-2");
    assert_eq!(doors(&seen), [second.as_str(), "404", &second]);
    let groups: Vec<String> = estate
        .groups()
        .await
        .iter()
        .filter_map(|group| group.auto_scaling_group_name().map(str::to_owned))
        .collect();
    assert_eq!(groups, [estate.name("asg-2")]);
    assert_eq!(
        seen.find(&format!("target-group {} port", estate.name("tg-1"))),
        None
    );
    assert_eq!(seen.find("rule :80/2 leads to"), None, "the entrance is gone too");
    swing.run(&["rollback", "--yes"]).await.ended(3).says("previous");
}

async fn a_candidate_is_aborted_as_if_it_had_never_been(estate: Estate) {
    let swing = Swing::adopting(&estate).await;
    let before = estate.look().await;
    swing.run(&DEPLOY).await.ended(0);
    swing.run(&["abort", "--yes"]).await.ended(0);
    before.same_as(&estate.look().await, "after deploy and abort");
}

async fn what_init_was_not_allowed_to_tag_is_tagged_by_the_first_deploy(estate: Estate) {
    let before = estate.look().await;
    let swing = Swing::describing(&estate).await;
    before.same_as(&estate.look().await, "after an init that nobody said yes to");
    swing.run(&DEPLOY).await.ended(0);
    let seen = estate.look().await;
    let app = estate.name("alb-ks");
    for door in [":80/10", ":80/11"] {
        assert_eq!(seen.get(&format!("rule {door} tag swingbridge:app")), app);
        assert_eq!(seen.get(&format!("rule {door} tag swingbridge:rule")), "door");
    }
    assert_eq!(
        seen.get(&format!(
            "target-group {} tag swingbridge:generation",
            estate.name("tg-1")
        )),
        "1"
    );
    assert_eq!(
        seen.find("rule :80/default tag swingbridge:app"),
        None,
        "routes are nobody's"
    );
}

on_both_grounds! {
    initial:
    a_release_is_deployed_promoted_rolled_back_and_followed_by_another,
    the_previous_generation_is_retired_and_nothing_of_it_is_left,
    a_candidate_is_aborted_as_if_it_had_never_been,
    what_init_was_not_allowed_to_tag_is_tagged_by_the_first_deploy,
}
