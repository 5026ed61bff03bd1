//! Promotions share by share: what is planned from each stage, for how long it waits, and every way out of it.

use std::time::Duration;

use super::super::goes_on;
use super::*;
use crate::model::fixtures::{closed, deployed, minute, policy, rolled_back, to};
use crate::model::lock::Holder;
use crate::model::routing::Sticky;
use crate::model::shift::{Expired, Expiry, Held, Shift, Stage, Wait};
use crate::model::step::Step;

const TEN: Duration = Duration::from_secs(600);

fn bake(weight: u32) -> Stage {
    Stage {
        weight,
        wait: Wait::Bake(TEN),
    }
}

fn pause(weight: u32, expiry: Option<Expiry>) -> Stage {
    Stage {
        weight,
        wait: Wait::Pause(expiry),
    }
}

fn canary(stages: Vec<Stage>) -> Policy {
    Policy {
        strategy: Strategy::Canary,
        shift: Some(Shift {
            stages,
            sticky: None,
            reduce_every: Duration::from_secs(60),
        }),
        ..policy()
    }
}

fn at(stage: u32, weight: u32, held: Option<Held>) -> Estate {
    doors_are_ours(fixtures::shared(stage, weight, held))
}

const TO_THE_END: [&str; 6] = [
    "swing :80 default rule: tg-1:50 tg-2:50 → tg-2",
    "point the blue door at :80 rule 10: tg-1 → tg-2",
    "close the green door at :80 rule 11: tg-2 → closed (404)",
    "read all 3 rules back until they agree",
    "mark generation 2 as live",
    "mark generation 1 as previous",
];

/// What keeps up with live before each further stage.
const KEPT_UP: [&str; 2] = [
    "bring asg-2 to at least what asg-1 has by then",
    "wait for as many healthy targets in tg-2 as asg-2 has capacity",
];

#[test]
fn a_canary_is_shifted_read_back_written_down_and_watched_stage_by_stage() {
    let policy = canary(vec![bake(5), pause(5, None), bake(50)]);
    let all = titles(&doors_are_ours(deployed()), &Intent::Promote, &policy);
    let mut expected = vec![
        "hold asg-1 from scaling in",
        "hold asg-2 from scaling in",
        "wait for as many healthy targets in tg-2 as asg-2 has capacity",
        "mark generation 2 as promoting",
        "create the entrance as :80 rule 2 → tg-1",
        "shift :80 default rule: tg-1 → tg-1:95 tg-2:5",
        "read the rule back until it agrees",
        "write down that stage 1, 5 %, is reached",
        "let 5 % bake for 10m",
    ];
    expected.extend(KEPT_UP);
    expected.extend([
        "shift :80 default rule: tg-1:95 tg-2:5 → tg-1:95 tg-2:5",
        "read the rule back until it agrees",
        "write down that stage 2, 5 %, is reached",
        "pause at 5 % for a person to promote or roll back",
    ]);
    expected.extend(KEPT_UP);
    expected.extend([
        "shift :80 default rule: tg-1:95 tg-2:5 → tg-1:50 tg-2:50",
        "read the rule back until it agrees",
        "write down that stage 3, 50 %, is reached",
        "let 50 % bake for 10m",
    ]);
    expected.extend(KEPT_UP);
    expected.extend(TO_THE_END);
    expected.push("release asg-2: undo what was held");
    assert_eq!(all, expected);
}

#[test]
fn a_promotion_goes_on_where_it_stands() {
    let policy = canary(vec![bake(5), bake(20), pause(50, None)]);
    let first = |estate: &Estate, intent: &Intent| {
        let all = titles(estate, intent, &policy);
        let wait = all
            .iter()
            .find(|title| title.contains("bake") || title.contains("pause"));
        wait.cloned().unwrap_or_else(|| all.join("; "))
    };
    let goes_on = "let 20 % bake for 10m";
    for (estate, expected) in [
        // The stage under way is watched to its end.
        (at(1, 5, None), "let 5 % bake for 10m"),
        // Where a person had stopped it, it is watched again.
        (at(1, 5, Some(Held::Asked)), "let 5 % bake for 10m"),
        // Where the judge would not decide, a person has.
        (at(1, 5, Some(Held::Judged)), goes_on),
        // By hand: on with the next larger share.
        (at(0, 7, Some(Held::Asked)), goes_on),
        // Of another configuration.
        (at(3, 7, None), goes_on),
    ] {
        for intent in [Intent::Promote, Intent::Resume] {
            assert_eq!(first(&estate, &intent), expected);
        }
    }
    // A pause that a person has ended, and nothing comes after it.
    let last = titles(&at(3, 50, None), &Intent::Promote, &policy);
    assert!(
        !last
            .iter()
            .any(|title| title.contains("bake") || title.contains("pause")),
        "{last:#?}"
    );
    assert!(last.contains(&TO_THE_END[0].to_owned()), "{last:#?}");
}

#[test]
fn what_is_planned_at_the_end_of_a_wait_is_what_was_planned_before_it() {
    let policy = canary(vec![bake(5), bake(20), bake(50)]);
    let began = planned(&doors_are_ours(deployed()), &Intent::Promote, &policy);
    for (stage, weight) in [(1, 5), (2, 20), (3, 50)] {
        let wait = began
            .steps
            .iter()
            .position(|step| matches!(step, Step::Bake { weight: found, .. } if *found == weight));
        let rest = &began.steps[wait.expect("it bakes") + 1..];
        let fresh = planned(&at(stage, weight, None), &Intent::Promote, &policy);
        assert!(
            crate::plan::goes_on(&fresh, rest),
            "{stage}: {:#?}\n{rest:#?}",
            fresh.steps
        );
        // Somebody else's share is not what was planned.
        let other = planned(&at(stage, weight + 1, None), &Intent::Promote, &policy);
        assert!(!crate::plan::goes_on(&other, rest), "{stage}");
    }
}

#[test]
fn a_full_promotion_passes_over_the_stages() {
    let all = titles(
        &at(1, 50, None),
        &Intent::PromoteFully,
        &canary(vec![bake(50), bake(60)]),
    );
    assert_eq!(all[1..7], TO_THE_END);
}

#[test]
fn a_share_by_hand_stays_until_a_person_goes_on() {
    let all = titles(
        &doors_are_ours(deployed()),
        &Intent::Shift { percent: 30 },
        &policy(),
    );
    assert_eq!(
        all[5..],
        [
            "shift :80 default rule: tg-1 → tg-1:70 tg-2:30",
            "read the rule back until it agrees",
            "write down that production stays at 30 %",
        ]
    );
    for percent in [0, 100, 101] {
        let refused = reasons(&deployed(), &Intent::Shift { percent }, &policy());
        assert_eq!(refused, [Reason::NoShare { percent }]);
    }
}

#[test]
fn a_promotion_that_is_under_way_can_be_paused_once() {
    let policy = canary(vec![bake(5)]);
    assert_eq!(
        titles(&at(1, 5, None), &Intent::Pause, &policy),
        ["write down that production stays at 5 %"]
    );
    let again = planned(&at(1, 5, Some(Held::Asked)), &Intent::Pause, &policy);
    assert_eq!(again.steps, []);
    for estate in [deployed(), fixtures::promoted(), rolled_back()] {
        assert_eq!(reasons(&estate, &Intent::Pause, &policy), [Reason::NotShifting]);
    }
    assert_eq!(
        reasons(&deployed(), &Intent::Resume, &policy),
        [Reason::NotShifting]
    );
}

/// The same with the lock of a run that took it then, and died.
fn locked(mut estate: Estate, since: i64) -> Estate {
    let holder = Holder {
        since: minute(since),
        ..fixtures::holder()
    };
    fixtures::add_rule(&mut estate, fixtures::lock_rule(&holder, closed(404)));
    estate
}

/// What a pause writes down of the first stage, if it writes anything.
fn paused(estate: &Estate, policy: &Policy) -> Option<Held> {
    let plan = planned(estate, &Intent::Pause, policy);
    match plan.steps.as_slice() {
        [] => None,
        [
            Step::MarkStage {
                stage: 1,
                weight: 5,
                held: Some(held),
                ..
            },
        ] => Some(*held),
        other => panic!("{other:#?}"),
    }
}

#[test]
fn a_pause_asks_a_person_but_leaves_it_to_the_next_promotion_where_a_stage_was_to_ask_and_did_not() {
    let (asked, anew) = (Some(Held::Asked), Some(Held::Anew));
    let by_judge = Some(Held::Judged);
    let retreating = Some(Held::Retreating);
    // Nobody holds the lock; whoever wrote the mark still does; somebody does who came after it was written.
    for (stage, held, expected) in [
        (bake(5), None, [asked, asked, asked]),
        // Nobody was told that the judge would not decide, and now nobody need be.
        (bake(5), by_judge, [None, asked, None]),
        (bake(5), asked, [None, None, None]),
        (bake(5), anew, [asked, asked, asked]),
        (bake(5), retreating, [None, None, None]),
        (pause(5, None), None, [asked, anew, asked]),
        (pause(5, None), by_judge, [None, None, None]),
        (pause(5, None), asked, [None, None, None]),
        // It was written down before that the next one asks.
        (pause(5, None), anew, [None, None, None]),
        (pause(5, None), retreating, [None, None, None]),
    ] {
        let wait = stage.wait;
        let policy = canary(vec![stage]);
        let estates = [
            at(1, 5, held),
            locked(at(1, 5, held), -12),
            locked(at(1, 5, held), 1),
        ];
        let found = estates.map(|estate| paused(&estate, &policy));
        assert_eq!(found, expected, "{wait:?}, {held:?}");
    }
}

#[test]
fn a_pause_of_a_stage_that_was_to_ask_goes_by_its_time_and_by_what_it_has_of_its_share() {
    let (asked, anew) = (Some(Held::Asked), Some(Held::Anew));
    for (then, minutes, expected) in [
        (Expired::Rollback, 9, anew),
        (Expired::Rollback, 10, anew),
        (Expired::GoOn, 9, anew),
        // Time has decided already, whoever was told.
        (Expired::GoOn, 10, asked),
    ] {
        let mut estate = locked(at(1, 5, None), -12);
        estate.observed_at = minute(minutes);
        let policy = canary(vec![pause(5, Some(Expiry { after: TEN, then }))]);
        assert_eq!(paused(&estate, &policy), expected, "{then:?}, {minutes}");
        let rolls_back = planned(&estate, &Intent::Pause, &policy)
            .summary
            .ends_with("or `repair` rolls back once its time is over");
        assert_eq!(rolls_back, then == Expired::Rollback, "{then:?}, {minutes}");
    }
    // A rollback that was cut off has led one route back.
    let mut less = at(1, 5, None);
    fixtures::add_rule(
        &mut less,
        fixtures::rule(80, Priority::Numbered(20), &[fixtures::path("/api/*")], to(1)),
    );
    assert_eq!(paused(&less, &canary(vec![pause(5, None)])), anew);
    assert_eq!(paused(&less, &canary(vec![bake(5)])), asked);
    // A person is told of it, whether or not there is anything to write down.
    for held in [None, asked] {
        let but = |estate: &Estate| {
            let plan = planned(estate, &Intent::Pause, &canary(vec![bake(5)]));
            let told = plan.summary.split_once("; but ");
            told.map(|(_, but)| but.to_owned())
        };
        let mut less = at(1, 5, held);
        assert_eq!(but(&less), None);
        let api = [fixtures::path("/api/*")];
        fixtures::add_rule(&mut less, fixtures::rule(80, Priority::Numbered(20), &api, to(1)));
        assert_eq!(
            but(&less).as_deref(),
            Some(
                ":80 rule 20 has 0 %: `swingbridge resume` goes on with every route, `swingbridge rollback` takes all of it back"
            )
        );
    }
    // A share by hand, and one of another configuration, belong to no stage.
    for (stage, weight) in [(0, 7), (3, 7)] {
        let estate = locked(at(stage, weight, None), -12);
        assert_eq!(
            titles(&estate, &Intent::Pause, &canary(vec![pause(5, None)])),
            ["write down that production stays at 7 %"]
        );
    }
}

#[test]
fn a_rollback_takes_the_whole_share_back_at_once() {
    let all = titles(&at(2, 20, None), &rollback(), &canary(vec![bake(5), bake(20)]));
    assert_eq!(all[0], "swing :80 default rule: tg-1:80 tg-2:20 → tg-1");
}

#[test]
fn a_gradual_rollback_halves_the_share_until_little_is_left() {
    let all = titles(&at(1, 50, None), &Intent::Retreat, &canary(vec![bake(50)]));
    let moves: Vec<&String> = all
        .iter()
        .filter(|title| title.starts_with("shift") || title.starts_with("swing"))
        .collect();
    assert_eq!(
        moves,
        [
            "shift :80 default rule: tg-1:50 tg-2:50 → tg-1:75 tg-2:25",
            "shift :80 default rule: tg-1:75 tg-2:25 → tg-1:88 tg-2:12",
            "shift :80 default rule: tg-1:88 tg-2:12 → tg-1:94 tg-2:6",
            "swing :80 default rule: tg-1:94 tg-2:6 → tg-1",
        ]
    );
    assert_eq!(all[0], "write down that the weight is taken back");
    // What was taken back before is not given again.
    let mut back = at(1, 50, Some(Held::Retreating));
    fixtures::point(&mut back, 80, Priority::Default, fixtures::to(1));
    let all = titles(&back, &Intent::Retreat, &canary(vec![bake(50)]));
    assert!(all.iter().all(|title| !title.starts_with("shift")), "{all:#?}");
    // What has no share is rolled back as always.
    for estate in [deployed(), fixtures::promoted(), rolled_back()] {
        let policy = policy();
        assert_eq!(
            titles(&estate, &Intent::Retreat, &policy),
            titles(&estate, &rollback(), &policy)
        );
    }
}

#[test]
fn clients_stay_with_a_generation_only_while_it_shares_production() {
    let mut policy = canary(vec![bake(5), bake(50)]);
    policy.shift.as_mut().expect("a shift").sticky = Some(Sticky::For(3600));
    let stickiness = |estate: &Estate, intent: &Intent| -> Vec<Option<Sticky>> {
        let plan = planned(estate, intent, &policy);
        let routes = plan.steps.iter().filter(|step| step.moves_production());
        routes
            .map(|step| match step {
                Step::Point { sticky, .. } => *sticky,
                _ => None,
            })
            .collect()
    };
    let begun = doors_are_ours(deployed());
    let on = Some(Sticky::For(3600));
    assert_eq!(
        stickiness(&begun, &Intent::Promote),
        [on, None, Some(Sticky::Off)]
    );
    let mut shared = at(1, 5, None);
    fixtures::rule_mut(&mut shared, 80, Priority::Default).sticky = Sticky::For(3600);
    assert_eq!(stickiness(&shared, &Intent::Promote), [None, Some(Sticky::Off)]);
    assert_eq!(stickiness(&shared, &rollback()), [Some(Sticky::Off)]);
    // A rule's own stickiness is nobody else's business.
    let mut own = begun;
    fixtures::rule_mut(&mut own, 80, Priority::Default).sticky = Sticky::For(60);
    assert_eq!(stickiness(&own, &Intent::Promote), [None, None, None]);
}

#[test]
fn a_pause_that_nobody_ends_in_time_ends_as_configured() {
    for (then, expected) in [
        (Expired::Rollback, "swing :80 default rule: tg-1:95 tg-2:5 → tg-1"),
        (Expired::GoOn, "swing :80 default rule: tg-1:95 tg-2:5 → tg-2"),
    ] {
        let expiry = Expiry { after: TEN, then };
        let policy = canary(vec![pause(5, Some(expiry))]);
        let mut estate = at(1, 5, None);
        estate.observed_at = minute(9);
        let early = titles(&estate, &Intent::Repair, &policy);
        assert!(
            early.iter().all(|title| !title.starts_with("swing")),
            "{early:#?}"
        );
        estate.observed_at = minute(10);
        let late = titles(&estate, &Intent::Repair, &policy);
        assert!(late.contains(&expected.to_owned()), "{late:#?}");
    }
}

#[test]
fn a_pause_that_is_over_does_not_go_on_with_what_a_person_holds_or_has_begun_to_take_back() {
    let swings = |mut estate: Estate, then| {
        let policy = canary(vec![pause(5, Some(Expiry { after: TEN, then }))]);
        estate.observed_at = minute(30);
        let all = titles(&estate, &Intent::Repair, &policy);
        all.iter().any(|title| title.starts_with("swing"))
    };
    for (held, back) in [(Held::Asked, false), (Held::Retreating, true), (Held::Anew, true)] {
        assert!(!swings(at(1, 5, Some(held)), Expired::GoOn), "{held:?}");
        assert_eq!(swings(at(1, 5, Some(held)), Expired::Rollback), back, "{held:?}");
    }
    // A rollback that was cut off has led one route back.
    let mut less = at(1, 5, None);
    fixtures::add_rule(
        &mut less,
        fixtures::rule(80, Priority::Numbered(20), &[fixtures::path("/api/*")], to(1)),
    );
    assert!(!swings(less, Expired::GoOn));
}

#[test]
fn where_a_promotion_stands_is_told() {
    let policy = canary(vec![bake(5), pause(50, None)]);
    let told = |estate: &Estate| crate::plan::truth(estate, &policy)[..2].join("; ");
    assert_eq!(
        told(&at(1, 5, None)),
        format!(
            "5 % of production goes to generation 2 (release 42), the rest to generation 1; stage 1 of 2: bakes until {}",
            minute(10)
        )
    );
    assert_eq!(
        told(&at(2, 50, None)),
        format!(
            "50 % of production goes to generation 2 (release 42), the rest to generation 1; stage 2 of 2: waits for a person since {}",
            minute(0)
        )
    );
}

#[test]
fn a_stage_at_which_somebody_has_decided_otherwise_does_not_go_on_as_was_planned() {
    let policy = canary(vec![bake(5), bake(50)]);
    let planned = |held| planned(&at(1, 5, held), &Intent::Promote, &policy);
    let before = planned(None);
    let wait = before.steps.iter().position(Step::lets_go).expect("it bakes");
    let rest = &before.steps[wait + 1..];
    assert!(goes_on(&before, rest));
    for held in [Held::Asked, Held::Retreating] {
        assert!(!goes_on(&planned(Some(held)), rest), "{held:?}");
    }
}
