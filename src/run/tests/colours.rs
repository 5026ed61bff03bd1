//! Doors by turns: who pins a colour finishes where the work was begun, and is told when to go on elsewhere.

use tokio::time::{Instant, sleep};

use super::*;
use crate::model::doors::{Beacon, Colour, Scheme};
use crate::model::judging::Consequence;
use crate::model::refusal::Reason;
use crate::model::routing::FixedResponse;
use crate::model::step::{Purpose, Step};

const GRACE: Duration = Duration::from_secs(600);

pub(super) fn by_turns(grace: Duration) -> Policy {
    let mut policy = quick();
    let doors = policy.doors.as_mut().expect("doors");
    doors.scheme = Scheme::Alternate { grace };
    doors.closed = FixedResponse {
        status: 456,
        content_type: None,
        body: None,
    };
    doors.beacon = Some(Beacon {
        path: "/which".into(),
        priority: 12,
    });
    policy
}

/// Where blue and green lead; `None`: closed.
fn colours(world: &World, policy: &Policy) -> [Option<String>; 2] {
    let estate = world.now();
    let roles = Roles::of(&estate, policy).expect("roles");
    [Colour::Blue, Colour::Green].map(|colour| {
        let door = roles.doors(colour)[0];
        door.action.only_target().map(ToString::to_string)
    })
}

fn leads(blue: Option<&str>, green: Option<&str>) -> [Option<String>; 2] {
    [blue, green].map(|name| name.map(str::to_owned))
}

/// What the beacon says of which colour is live, and which are open.
fn said(world: &World) -> (String, Vec<String>) {
    let estate = world.now();
    let rule = estate
        .rules()
        .find(|rule| rule.priority == Priority::Numbered(12))
        .expect("a beacon");
    let Action::Fixed(fixed) = &rule.action else {
        panic!("the beacon answers by itself");
    };
    let said: serde_json::Value = serde_json::from_str(fixed.body.as_deref().expect("a body")).expect("JSON");
    let open = said["open"].as_array().expect("a list").iter();
    (
        said["live"].as_str().expect("a colour").to_owned(),
        open.map(|one| one.as_str().expect("a colour").to_owned())
            .collect(),
    )
}

#[tokio::test(start_paused = true)]
async fn generations_have_the_colours_by_turns_and_what_is_left_keeps_its_own_for_the_grace() {
    let policy = by_turns(GRACE);
    let world = World::new(fixtures::initial());
    must(&world, &deploy("42"), &policy).await;
    assert_eq!(
        colours(&world, &policy),
        leads(Some("tg-1"), None),
        "nobody finds the candidate before production goes to it"
    );
    assert_eq!(said(&world), ("blue".into(), vec!["blue".into()]));

    must(&world, &Intent::Promote, &policy).await;
    assert_eq!(colours(&world, &policy), leads(Some("tg-1"), Some("tg-2")));
    assert_eq!(
        said(&world),
        ("green".into(), vec!["green".into(), "blue".into()])
    );
    must(&world, &Intent::Repair, &policy).await;
    assert_eq!(
        colours(&world, &policy),
        leads(Some("tg-1"), Some("tg-2")),
        "too early"
    );

    sleep(GRACE).await;
    must(&world, &Intent::Repair, &policy).await;
    assert_eq!(colours(&world, &policy), leads(None, Some("tg-2")));
    assert_eq!(said(&world), ("green".into(), vec!["green".into()]));

    must(&world, &deploy("43"), &policy).await;
    must(&world, &Intent::Promote, &policy).await;
    assert_eq!(colours(&world, &policy), leads(Some("tg-3"), Some("tg-2")));
    must(&world, &rollback(), &policy).await;
    assert_eq!(live(&world, &policy), 2);
    assert_eq!(
        colours(&world, &policy),
        leads(Some("tg-3"), Some("tg-2")),
        "what was begun on the release that is taken back finishes there, too"
    );
    sleep(GRACE).await;
    must(&world, &Intent::Repair, &policy).await;
    assert_eq!(colours(&world, &policy), leads(None, Some("tg-2")));
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn a_colour_in_its_grace_is_given_to_nobody_else_and_its_generation_is_not_taken_away() {
    let policy = by_turns(GRACE);
    let world = World::new(fixtures::initial());
    must(&world, &deploy("42"), &policy).await;
    must(&world, &Intent::Promote, &policy).await;
    must(&world, &deploy("43"), &policy).await;
    for intent in [Intent::Promote, Intent::Retire { generation: None }] {
        let refusal = plan::plan(&world.now(), &intent, &policy).expect_err("in grace");
        assert!(
            matches!(
                refusal.reasons[..],
                [Reason::InGrace {
                    generation: Generation(1),
                    ..
                }]
            ),
            "{}: {refusal}",
            intent.word()
        );
    }
    sleep(GRACE).await;
    must(&world, &Intent::Promote, &policy).await;
    assert_eq!(colours(&world, &policy), leads(Some("tg-3"), Some("tg-2")));
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn what_was_rolled_back_is_not_removed_before_the_grace_of_its_colour_is_over() {
    let policy = by_turns(GRACE);
    let world = World::new(fixtures::initial());
    must(&world, &deploy("42"), &policy).await;
    must(&world, &Intent::Promote, &policy).await;
    must(&world, &rollback(), &policy).await;
    let by_number = Intent::Retire {
        generation: Some(Generation(2)),
    };
    let minute = Duration::from_secs(60);
    // At once, and shortly before it is over.
    for waited in [Duration::ZERO, GRACE - minute] {
        sleep(waited).await;
        for intent in [&Intent::Abort, &by_number] {
            let refusal = plan::plan(&world.now(), intent, &policy).expect_err("in grace");
            assert!(
                matches!(
                    refusal.reasons[..],
                    [Reason::InGrace {
                        generation: Generation(2),
                        ..
                    }]
                ),
                "{} after {waited:?}: {refusal}",
                intent.word()
            );
        }
        assert_eq!(colours(&world, &policy), leads(Some("tg-1"), Some("tg-2")));
    }
    sleep(minute).await;
    must(&world, &Intent::Abort, &policy).await;
    assert!(world.now().group(&asg(2)).is_none());
    assert_eq!(colours(&world, &policy), leads(Some("tg-1"), None));
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn what_is_treated_after_a_promotion_waits_for_the_grace() {
    let mut policy = by_turns(GRACE);
    policy.after_promotion.previous = Treatment::Retire;
    let world = World::new(fixtures::initial());
    must(&world, &deploy("42"), &policy).await;
    must(&world, &Intent::Promote, &policy).await;
    assert!(world.now().group(&asg(1)).is_some());
    sleep(GRACE).await;
    must(&world, &Intent::Repair, &policy).await;
    assert!(world.now().group(&asg(1)).is_none());
    assert_eq!(colours(&world, &policy), leads(None, Some("tg-2")));
    nothing_broken(&world);
}

#[tokio::test(start_paused = true)]
async fn a_rollback_tells_of_a_colour_only_when_it_is_open_everywhere_and_production_does_not_wait_for_it() {
    let policy = by_turns(GRACE);
    let world = World::new(fixtures::initial());
    must(&world, &deploy("42"), &policy).await;
    must(&world, &Intent::Promote, &policy).await;
    let order = || -> Vec<&str> {
        let plan = plan::plan(&world.now(), &rollback(), &policy).expect("a plan");
        let words = plan.steps.iter().filter_map(|step| match step {
            Step::Point { purpose, .. } => match purpose {
                Purpose::Route => Some("route"),
                Purpose::Beacon => Some("told"),
                Purpose::BlueDoor | Purpose::GreenDoor => Some("door"),
                _ => None,
            },
            Step::Confirm { .. } => Some("read back"),
            _ => None,
        });
        words.collect()
    };
    assert_eq!(order(), ["route", "told", "read back"], "blue is open still");
    sleep(GRACE).await;
    must(&world, &Intent::Repair, &policy).await;
    assert_eq!(order(), ["door", "route", "read back", "told", "read back"]);
}

#[tokio::test(start_paused = true)]
async fn the_colour_of_a_candidate_that_the_judge_took_back_is_closed_by_what_the_last_lines_say() {
    let policy = Policy {
        doors: by_turns(GRACE).doors,
        ..gradual::judged(Consequence::Rollback)
    };
    let world = gradual::with_candidate(&policy).await;
    gradual::measured(&world, 500.0, 50.0);
    let verdict = gradual::promote(&world, &policy).await;
    assert_eq!(verdict.code, 5, "{verdict:#?}");
    assert_eq!(colours(&world, &policy), leads(Some("tg-1"), Some("tg-2")));
    let said = |line: &String| line.starts_with("swingbridge repair");
    assert!(verdict.next.iter().any(said), "{:?}", verdict.next);
    sleep(GRACE).await;
    must(&world, &Intent::Repair, &policy).await;
    assert_eq!(colours(&world, &policy), leads(Some("tg-1"), None));
}

#[tokio::test(start_paused = true)]
async fn a_rollback_that_removes_closes_the_colour_that_is_left_at_once_and_waits_for_no_grace() {
    for both_open in [true, false] {
        let policy = by_turns(GRACE);
        let world = World::new(fixtures::initial());
        must(&world, &deploy("42"), &policy).await;
        must(&world, &Intent::Promote, &policy).await;
        if !both_open {
            sleep(GRACE).await;
            must(&world, &Intent::Repair, &policy).await;
        }
        let blue = both_open.then_some("tg-1");
        assert_eq!(colours(&world, &policy), leads(blue, Some("tg-2")));
        let began = Instant::now();
        must(&world, &rollback_and_remove(), &policy).await;
        assert!(began.elapsed() < GRACE, "{:?}", began.elapsed());
        assert_eq!(colours(&world, &policy), leads(Some("tg-1"), None));
        assert_eq!(said(&world), ("blue".into(), vec!["blue".into()]));
        assert_eq!(live(&world, &policy), 1);
        let estate = world.now();
        assert!(estate.group(&asg(2)).is_none() && estate.target_group(&tg(2)).is_none());
        let again = plan::plan(&estate, &rollback_and_remove(), &policy).expect("a plan");
        assert!(again.is_empty(), "{:#?}", again.steps);
        no_lock(&world);
        nothing_broken(&world);
    }
}
