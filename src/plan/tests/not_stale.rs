//! What happens every day and must make no saved plan stale.

use super::fingerprint::{Change, changes};
use super::*;
use crate::model::estate::{Activity, TargetState};
use crate::model::fixtures::{
    closed, deployed, group_mut, initial, minute, policy, promoted, rule_mut, target_group_mut,
};
use crate::model::standing::State;

/// What happens all the time, to any estate.
const DAILY: [(&str, Change); 9] = [
    ("later", |estate| estate.observed_at = minute(90)),
    ("one target's health", |estate| {
        target_group_mut(estate, 1).targets[0].state = TargetState::Unhealthy;
    }),
    ("desired capacity", |estate| group_mut(estate, 1).size.desired = 3),
    ("another instance", |estate| {
        group_mut(estate, 1).instances[0].id = "i-replaced".into();
    }),
    ("somebody takes the lock", |estate| {
        fixtures::add_rule(estate, fixtures::lock_rule(&fixtures::holder(), closed(404)));
    }),
    ("a failed activity", |estate| {
        group_mut(estate, 1).failures.push(Activity {
            at: Some(minute(-1)),
            status: "Failed".into(),
            message: "no capacity".into(),
        });
    }),
    ("somebody else's rule", |estate| {
        fixtures::add_rule(
            estate,
            fixtures::rule(
                80,
                Priority::Numbered(400),
                &[fixtures::path("/other")],
                closed(410),
            ),
        );
    }),
    ("a tag of theirs", |estate| {
        group_mut(estate, 1).tags.insert("team".into(), "shop".into());
    }),
    ("an alarm's state", |estate| {
        estate
            .load_balancer
            .attributes
            .insert("idle_timeout".into(), "61".into());
    }),
];

#[test]
fn what_happens_all_the_time_makes_no_plan_stale() {
    for (name, change) in DAILY {
        for (estate, intent) in [
            (initial(), deploy("42")),
            (deployed(), Intent::Promote),
            (deployed(), rollback()),
            (deployed(), Intent::Abort),
            (promoted(), rollback()),
            (promoted(), retire(None)),
            (promoted(), Intent::Repair),
        ] {
            assert_eq!(
                changes(&estate, &intent, change),
                [""; 0],
                "{}: {name}",
                intent.word()
            );
        }
    }
}

#[test]
fn a_heartbeat_and_another_holder_make_no_plan_stale() {
    let mut held = deployed();
    fixtures::add_rule(&mut held, fixtures::lock_rule(&fixtures::holder(), closed(404)));
    let beat: Change = |estate| {
        let mut holder = fixtures::holder();
        holder.beat = minute(1);
        holder.owner = "another".into();
        rule_mut(estate, 80, Priority::Numbered(fixtures::LOCK)).tags = holder.to_tags(fixtures::APP);
    };
    assert_eq!(changes(&held, &Intent::Promote, beat), [""; 0]);
}

#[test]
fn since_when_a_mark_stands_makes_no_plan_stale() {
    let later: Change = |estate| {
        target_group_mut(estate, 2)
            .tags
            .insert(tags::STATE.into(), State::Ready.tag(minute(3)));
    };
    assert_eq!(changes(&deployed(), &Intent::Promote, later), [""; 0]);
}

#[test]
fn the_same_decision_has_the_same_id() {
    let id = |estate: &Estate, intent: &Intent| planned(estate, intent, &policy()).id;
    let first = id(&deployed(), &Intent::Promote);
    assert_eq!(first, id(&deployed(), &Intent::Promote));
    assert_eq!(
        (first.len(), first.chars().all(|c| c.is_ascii_hexdigit())),
        (12, true)
    );
    for (name, change) in DAILY.iter().filter(|(name, _)| *name != "desired capacity") {
        let mut later = deployed();
        change(&mut later);
        assert_eq!(id(&later, &Intent::Promote), first, "{name}");
    }
}
