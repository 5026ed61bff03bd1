//! The status of every phase an app can be in.

use std::time::Duration;

use crate::model::estate::{Estate, Gap, Part};
use crate::model::fixtures::{self, TargetState, asg};
use crate::model::ids::Generation;
use crate::model::policy::Strategy;
use crate::model::rollout::{Direction, Released, Rollout};
use crate::model::routing::Priority;
use crate::model::shift::{Shift, Stage, Wait};
use crate::model::standing::State;

use super::super::Look;
use super::{LockView, Phase, Speed, StatusView, json, text};

fn view(estate: &Estate) -> StatusView {
    StatusView::of(estate, &fixtures::policy(), fixtures::minute(0), &|_| false)
}

fn shown(estate: &Estate) -> String {
    text(&view(estate), Look::PLAIN)
}

#[test]
fn before_the_first_deploy_one_generation_is_live() {
    let estate = fixtures::initial();
    assert_eq!(view(&estate).phase.name, Phase::Steady);
    insta::assert_snapshot!(shown(&estate));
}

#[test]
fn a_ready_candidate_stands_behind_the_green_door() {
    let estate = fixtures::deployed();
    assert_eq!(view(&estate).phase.name, Phase::Ready);
    insta::assert_snapshot!(shown(&estate));
}

#[test]
fn a_candidate_being_built_says_what_it_waits_for_and_who_builds_it() {
    let mut estate = fixtures::deployed();
    fixtures::mark(&mut estate, 2, State::Staged, None);
    fixtures::point(
        &mut estate,
        80,
        Priority::Numbered(fixtures::GREEN),
        fixtures::closed(404),
    );
    fixtures::add_rule(
        &mut estate,
        fixtures::lock_rule(&fixtures::holder(), fixtures::to(2)),
    );
    let target = &mut fixtures::target_group_mut(&mut estate, 2).targets[1];
    target.state = TargetState::Unhealthy;
    target.reason = Some("Target.ResponseCodeMismatch".into());
    target.description = Some("Health checks failed with these codes: [503]".into());
    assert_eq!(view(&estate).phase.name, Phase::Building);
    insta::assert_snapshot!(shown(&estate));
}

#[test]
fn after_a_promotion_production_can_swing_back_at_once() {
    let estate = fixtures::promoted();
    let view = view(&estate);
    assert_eq!(view.phase.name, Phase::StandingBy);
    assert_eq!(view.rollback.speed, Speed::AtOnce);
    assert_eq!(view.rollback.to, Some(Generation(1)));
    insta::assert_snapshot!(shown(&estate));
}

#[test]
fn a_previous_generation_that_was_scaled_down_has_to_start_first() {
    let mut estate = fixtures::promoted();
    fixtures::group_mut(&mut estate, 1).instances.truncate(1);
    let view = view(&estate);
    assert_eq!(view.rollback.speed, Speed::AfterBoot);
    assert_eq!(view.rollback.boots, 1);
    assert_eq!(
        view.rollback.text,
        "yes, to generation 1, after starting 1 instance: 1 of 2 wanted are healthy in tg-1"
    );
}

#[test]
fn a_previous_generation_that_is_being_deleted_is_no_way_back() {
    let mut estate = fixtures::promoted();
    fixtures::group_mut(&mut estate, 1).deleting = true;
    assert_eq!(view(&estate).rollback.speed, Speed::Impossible);
}

#[test]
fn a_swing_that_stopped_half_way_is_said_with_the_rules_that_disagree() {
    let estate = fixtures::halfway();
    let view = view(&estate);
    assert_eq!(view.phase.name, Phase::Promoting);
    assert_eq!(view.rollback.to, Some(Generation(1)));
    insta::assert_snapshot!(shown(&estate));
}

#[test]
fn after_a_rollback_the_generation_left_is_named() {
    let estate = fixtures::rolled_back();
    assert_eq!(view(&estate).phase.name, Phase::RolledBack);
    insta::assert_snapshot!(shown(&estate));
}

#[test]
fn when_roles_cannot_be_told_everything_seen_is_shown_with_the_way_out() {
    let mut estate = fixtures::deployed();
    fixtures::point(&mut estate, 80, Priority::Default, fixtures::closed(503));
    let view = view(&estate);
    assert_eq!(view.phase.name, Phase::Unclear);
    assert_eq!(view.rules.len(), 3);
    assert_eq!(view.generations.len(), 2);
    insta::assert_snapshot!(shown(&estate));
}

#[test]
fn what_could_not_be_seen_is_said_and_never_counted_as_healthy() {
    let mut estate = fixtures::promoted();
    estate.gaps.push(Gap {
        part: Part::TargetHealth,
        about: "tg-1".into(),
        error: "access denied".into(),
        denied: false,
        passes: true,
    });
    let view = view(&estate);
    assert_eq!(view.rollback.speed, Speed::Unknown);
    let text = shown(&estate);
    assert!(text.contains("tg-1 ?/2 healthy"), "{text}");
    assert!(text.contains("target health of tg-1: access denied"), "{text}");
}

#[test]
fn a_lock_whose_holder_fell_silent_is_expired() {
    let mut estate = fixtures::initial();
    let mut holder = fixtures::holder();
    holder.beat = fixtures::minute(-9);
    fixtures::add_rule(&mut estate, fixtures::lock_rule(&holder, fixtures::to(1)));
    let view = view(&estate);
    assert!(
        matches!(
            view.lock,
            LockView::Held {
                expired: true,
                silent: 540,
                ..
            }
        ),
        "{:?}",
        view.lock
    );
    assert!(
        view.next
            .iter()
            .any(|advice| advice.command == "swingbridge unlock")
    );
}

#[test]
fn the_header_value_of_lock_and_entrance_is_never_shown() {
    let mut estate = fixtures::promoted();
    fixtures::add_rule(
        &mut estate,
        fixtures::lock_rule(&fixtures::holder(), fixtures::to(1)),
    );
    let mut unseen = estate.clone();
    for listener in &mut unseen.listeners {
        for rule in &mut listener.rules {
            rule.tags.clear();
        }
    }
    unseen.gaps.push(Gap {
        part: Part::RuleTags,
        about: "alb-ks".into(),
        error: "access denied".into(),
        denied: false,
        passes: true,
    });
    for estate in [estate, unseen] {
        let view = view(&estate);
        let all = text(&view, Look::PLAIN) + &json(&view).expect("a view is JSON");
        assert!(!all.contains("unguessable"), "{all}");
    }
}

#[test]
fn an_obligation_left_on_live_asks_for_repair() {
    let mut estate = fixtures::promoted();
    fixtures::owe_minimum(&mut estate, 2, 1);
    let view = view(&estate);
    assert_eq!(view.next[0].command, "swingbridge repair");
    assert!(view.owed.iter().any(|owed| owed.group == asg(2).as_str()));
}

#[test]
fn the_words_of_the_json_form_are_a_contract() {
    insta::assert_snapshot!(json(&view(&fixtures::promoted())).expect("a view is JSON"));
}

#[test]
fn after_a_rollback_only_a_named_generation_goes_further_back() {
    let mut estate = fixtures::rolled_back();
    fixtures::add_generation(&mut estate, 3, "43", &[TargetState::Healthy; 2]);
    fixtures::mark(&mut estate, 1, State::Restored, Some(3));
    let view = view(&estate);
    assert_eq!(view.rollback.speed, Speed::Impossible);
    assert!(
        view.rollback.text.contains("`swingbridge rollback --to 3`"),
        "{}",
        view.rollback.text
    );
}

#[test]
fn a_share_of_production_is_told_as_what_it_is() {
    let mut policy = fixtures::policy();
    policy.shift = Some(Shift {
        stages: vec![Stage {
            weight: 5,
            wait: Wait::Bake(Duration::from_secs(600)),
        }],
        sticky: None,
        reduce_every: Duration::from_secs(60),
    });
    let estate = fixtures::shared(1, 5, None);
    let view = StatusView::of(&estate, &policy, fixtures::minute(3), &|_| false);
    assert_eq!(view.phase.name, Phase::Sharing);
    insta::assert_snapshot!(text(&view, Look::PLAIN));
}

#[test]
fn variants_that_stand_for_a_test_are_told_by_name() {
    let policy = fixtures::policy_of(fixtures::test());
    let estate = fixtures::variants_ready();
    let view = StatusView::of(&estate, &policy, fixtures::minute(3), &|_| false);
    assert_eq!(view.phase.name, Phase::Ready);
    assert_eq!(
        view.phase.text,
        "generation 1 is live; every variant is ready to be tested"
    );
}

#[test]
fn a_test_is_told_with_every_share_and_until_when_it_runs() {
    let policy = fixtures::policy_of(fixtures::test());
    let estate = fixtures::test_running();
    let view = StatusView::of(&estate, &policy, fixtures::minute(3), &|_| false);
    assert_eq!(view.phase.name, Phase::Testing);
    insta::assert_snapshot!(text(&view, Look::PLAIN));
    let all: serde_json::Value = serde_json::from_str(&json(&view).expect("JSON")).expect("JSON");
    insta::assert_snapshot!(serde_json::to_string_pretty(&all["test"]).expect("JSON"));
}

#[test]
fn a_test_that_has_a_winner_is_told_as_one_that_is_being_ended() {
    let policy = fixtures::policy_of(fixtures::test());
    let view = StatusView::of(&fixtures::bold_wins(), &policy, fixtures::minute(3), &|_| false);
    assert_eq!(view.phase.name, Phase::Promoting);
    assert_eq!(view.next[0].command, "swingbridge winner bold");
}

#[test]
fn a_rollout_under_way_is_told_in_per_cent_and_by_direction() {
    let mut policy = fixtures::policy();
    policy.strategy = Strategy::Rolling;
    for (direction, released, status, phase) in [
        (
            Direction::Forward,
            Some("42"),
            "Baking",
            "release 42 is being rolled out on asg-1: 40 %, Baking, 2 instances left, watching shop-5xx",
        ),
        (
            Direction::Back,
            None,
            "InProgress",
            "asg-1 is being rolled back to what was there before any release: 40 %, InProgress, 2 instances left, watching shop-5xx",
        ),
    ] {
        let mut estate = fixtures::initial();
        let rollout = Rollout {
            direction,
            to: 8,
            from: 7,
            after: None,
            released: Released {
                release: released.map(str::to_owned),
                inputs: None,
            },
        };
        let group = fixtures::group_mut(&mut estate, 1);
        group.tags.extend(rollout.written().0);
        let mut refresh = fixtures::refresh(status);
        refresh.to = Some(8);
        refresh.reason = Some("watching shop-5xx".into());
        group.refresh = Some(refresh);
        let view = StatusView::of(&estate, &policy, fixtures::minute(3), &|_| false);
        assert_eq!(
            (view.phase.name, view.phase.text.as_str()),
            (Phase::RollingOut, phase)
        );
        let text = text(&view, Look::PLAIN);
        assert!(text.contains(phase), "{text}");
        assert!(
            text.contains(&format!("instance refresh {status}, 40 %")),
            "{text}"
        );
        let all: serde_json::Value = serde_json::from_str(&json(&view).expect("JSON")).expect("JSON");
        let group = &all["generations"][0]["group"];
        assert_eq!(
            (&group["refresh"], &group["refreshed"]),
            (&status.into(), &40.into())
        );
        assert_eq!(all["phase"]["text"], phase);
    }
}
