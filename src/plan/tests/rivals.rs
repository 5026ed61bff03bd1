//! Rules of others that ask for our colours: no doors of ours in any plan, and what a deploy is refused for.

use super::*;
use crate::model::colours::Whose;
use crate::model::fixtures::{
    closed, default_rule, deployed, door, header, initial, listener, policy, promoted, rule, tg, to,
};
use crate::model::routing::{Action, Condition, Rule, Share};
use crate::model::step::{Purpose, Step};

/// To somebody else.
fn elsewhere() -> Action {
    Action::to(&"till-1".into())
}

/// To generation 1 and to somebody else.
fn shared(ours: u32, theirs: u32) -> Action {
    let share = |target_group, weight| Share { target_group, weight };
    Action::Forward {
        shares: vec![share(tg(1), ours), share("till-1".into(), theirs)],
    }
}

/// As that app's own run has made it.
fn of_till(mut rule: Rule) -> Rule {
    rule.tags.insert(tags::APP.into(), "till".into());
    rule.tags.insert(tags::RULE.into(), "door".into());
    rule
}

/// For the requests of one host only.
fn narrowed(mut rule: Rule) -> Rule {
    rule.conditions.push(Condition::Other {
        text: "host till.example.com".into(),
    });
    rule
}

/// Rules that ask for green, and are somebody else's: by their tag, or by where they lead.
fn strangers(priority: u32) -> [Rule; 3] {
    let green = |action| door(80, priority, "green", action);
    [
        of_till(green(elsewhere())),
        of_till(green(closed(404))),
        green(elsewhere()),
    ]
}

fn with(mut estate: Estate, rule: Rule) -> Estate {
    fixtures::add_rule(&mut estate, rule);
    estate
}

fn taken(rule: &str, asks: &str, whose: Whose) -> Reason {
    Reason::DoorTaken {
        rule: rule.into(),
        asks: asks.into(),
        whose,
    }
}

fn of_app_till() -> Whose {
    Whose::App("till".into())
}

fn leads_away() -> Whose {
    Whose::LeadsTo("till-1".into())
}

/// What a plan does to doors.
fn about_doors(estate: &Estate, intent: &Intent) -> Vec<String> {
    let mut all = titles(estate, intent, &policy());
    all.retain(|title| title.contains("door"));
    all
}

#[test]
fn a_rule_of_somebody_else_is_neither_adopted_nor_pointed_nor_part_of_what_is_decided_on() {
    let narrow = || strangers(5).map(narrowed);
    let all = || [strangers(5), narrow()].concat();
    let adopted = [
        "adopt the door at :80 rule 10 (tags only)",
        "adopt the door at :80 rule 11 (tags only)",
    ];
    for (estate, intent, strangers, adopted, pointed) in [
        (
            initial(),
            deploy("42"),
            narrow().to_vec(),
            adopted.to_vec(),
            vec!["point the green door at :80 rule 11: closed (404) → tg-2"],
        ),
        (
            deployed(),
            Intent::Promote,
            all(),
            adopted.to_vec(),
            vec![
                "point the blue door at :80 rule 10: tg-1 → tg-2",
                "close the green door at :80 rule 11: tg-2 → closed (404)",
            ],
        ),
        (
            promoted(),
            rollback(),
            all(),
            Vec::new(),
            vec!["point the blue door at :80 rule 10: tg-2 → tg-1"],
        ),
    ] {
        let expected = [adopted, pointed].concat();
        for stranger in strangers {
            let estate = with(estate.clone(), stranger);
            assert_eq!(about_doors(&estate, &intent), expected, "{}", intent.word());
            let basis = planned(&estate, &intent, &policy()).basis;
            let facts: Vec<&str> = basis.0.keys().map(String::as_str).collect();
            let doors: Vec<&str> = facts
                .iter()
                .copied()
                .filter(|fact| fact.contains("door"))
                .collect();
            assert_eq!(
                doors,
                ["the blue door at :80 rule 10", "the green door at :80 rule 11"]
            );
            assert!(!facts.iter().any(|fact| fact.contains("rule 5")), "{facts:#?}");
        }
    }
}

#[test]
fn a_deploy_is_refused_with_whose_rule_it_is_that_asks_for_a_colour_of_ours() {
    let mut known = initial();
    let mut theirs = fixtures::target_group(9, &[]);
    (theirs.name, theirs.generation) = ("till-1".into(), None);
    known.target_groups.push(theirs);
    let green = |action| door(80, 5, "green", action);
    let unlike = rule(
        80,
        Priority::Numbered(5),
        &[header("X-Client-Mode", "GREEN")],
        elsewhere(),
    );
    for (theirs, asks, whose) in [
        (of_till(green(elsewhere())), "x-client-mode=green", of_app_till()),
        (of_till(green(closed(404))), "x-client-mode=green", of_app_till()),
        (
            of_till(door(80, 5, "blue", elsewhere())),
            "x-client-mode=blue",
            of_app_till(),
        ),
        (green(elsewhere()), "x-client-mode=green", leads_away()),
        (unlike, "X-Client-Mode=GREEN", leads_away()),
        // That it once led to us is nothing.
        (green(shared(0, 1)), "x-client-mode=green", leads_away()),
    ] {
        for estate in [initial(), known.clone()] {
            let estate = with(estate, theirs.clone());
            for policy in [policy(), direct()] {
                let expected = taken(":80 rule 5", asks, whose.clone());
                assert_eq!(reasons(&estate, &deploy("42"), &policy), [expected]);
            }
        }
    }
}

#[test]
fn every_rule_of_another_app_that_has_our_colours_is_named_with_its_way_out() {
    let blue = of_till(door(80, 5, "blue", elsewhere()));
    let green = of_till(door(80, 6, "green", closed(404)));
    let estate = with(with(initial(), green), blue);
    let found = reasons(&estate, &deploy("42"), &policy());
    assert_eq!(
        found,
        [
            taken(":80 rule 5", "x-client-mode=blue", of_app_till()),
            taken(":80 rule 6", "x-client-mode=green", of_app_till()),
        ]
    );
    assert_eq!(
        found[1].in_full(),
        ":80 rule 6 asks for x-client-mode=green, as a door of this app does, and is a rule of app till\n\
         → give this app's doors a header of their own ([doors] header) at free priorities, or do without (scheme = \"none\"); \
         if nobody needs :80 rule 6, delete it"
    );
}

#[test]
fn a_rule_that_nobody_has_put_their_name_on_is_a_door_if_it_leads_to_us_or_nowhere() {
    let green = |action| door(80, 8, "green", action);
    let redirect = Action::Other {
        text: "redirect to /".into(),
    };
    let mut ours = green(elsewhere());
    ours.tags.insert(tags::APP.into(), fixtures::APP.into());
    for (rule, is_ours_already, does) in [
        (green(closed(503)), false, "closed (503)"),
        (green(redirect), false, "redirect to /"),
        (green(to(1)), false, "tg-1"),
        (green(shared(1, 1)), false, "tg-1:1 till-1:1"),
        // What we have put our name on is ours, wherever somebody has led it.
        (ours, true, "till-1"),
    ] {
        let estate = with(without_doors(initial()), door(80, 7, "blue", to(1)));
        let mut expected = vec!["adopt the door at :80 rule 7 (tags only)".to_owned()];
        if !is_ours_already {
            expected.push("adopt the door at :80 rule 8 (tags only)".into());
        }
        expected.push(format!("point the green door at :80 rule 8: {does} → tg-2"));
        assert_eq!(about_doors(&with(estate, rule), &deploy("42")), expected);
    }
}

#[test]
fn only_a_rule_that_has_all_the_requests_of_a_door_or_loses_all_of_its_own_to_it_is_a_reason() {
    /// Our green door, at 11.
    #[derive(Clone, Copy, Debug)]
    enum Ours {
        General,
        Narrowed,
        /// It is still to be made.
        Missing,
    }
    let (general, narrow) = (false, true);
    for (ours, priority, is_narrow, is_reason) in [
        (Ours::General, 5, general, true),
        (Ours::General, 5, narrow, false),
        (Ours::General, 15, general, true),
        (Ours::General, 15, narrow, true),
        (Ours::Narrowed, 5, general, true),
        (Ours::Narrowed, 5, narrow, false),
        (Ours::Narrowed, 15, general, false),
        (Ours::Narrowed, 15, narrow, false),
        (Ours::Missing, 5, general, true),
        (Ours::Missing, 5, narrow, false),
        (Ours::Missing, 11, general, true),
        (Ours::Missing, 11, narrow, true),
        (Ours::Missing, 15, general, true),
        (Ours::Missing, 15, narrow, true),
    ] {
        let mut estate = initial();
        match ours {
            Ours::General => {}
            Ours::Narrowed => {
                let green = fixtures::rule_mut(&mut estate, 80, Priority::Numbered(fixtures::GREEN));
                *green = narrowed(green.clone());
            }
            Ours::Missing => {
                fixtures::remove_rule(&mut estate, 80, Priority::Numbered(fixtures::GREEN));
            }
        }
        for stranger in strangers(priority) {
            let stranger = if is_narrow { narrowed(stranger) } else { stranger };
            let found = match plan(&with(estate.clone(), stranger), &deploy("42"), &policy()) {
                Ok(_) => Vec::new(),
                Err(refusal) => refusal.reasons,
            };
            let as_expected = match found.as_slice() {
                [] => !is_reason,
                [Reason::DoorTaken { rule, .. }] => {
                    is_reason && priority != 11 && *rule == format!(":80 rule {priority}")
                }
                // Where ours is to be made, its place is taken, too.
                [
                    Reason::DoorTaken { rule, .. },
                    Reason::PriorityTaken {
                        port: 80,
                        priority: 11,
                        setting,
                        ..
                    },
                ] => is_reason && rule == ":80 rule 11" && setting == "[doors] green_priority",
                _ => false,
            };
            assert!(
                as_expected,
                "ours {ours:?}, theirs at {priority}, narrow {is_narrow}: {found:#?}"
            );
        }
    }
}

#[test]
fn a_rule_on_a_listener_that_is_to_have_no_doors_is_no_reason() {
    let mut estate = initial();
    estate.listeners.push(listener(
        443,
        vec![
            of_till(door(443, 5, "green", elsewhere())),
            default_rule(443, closed(404)),
        ],
    ));
    planned(&estate, &deploy("42"), &policy());
    let mut both = policy();
    both.doors.as_mut().expect("doors").ports.push(443);
    assert_eq!(
        reasons(&estate, &deploy("42"), &both),
        [taken(":443 rule 5", "x-client-mode=green", of_app_till())]
    );
    // Without doors nobody asks for a colour.
    planned(&estate, &deploy("42"), &doorless());
}

#[test]
fn whoever_changes_the_header_and_keeps_the_priorities_hears_of_their_own_doors_before_anything_is_built() {
    let mut other = policy();
    other.doors.as_mut().expect("doors").header = "x-shop-mode".into();
    let of_place = |reason: &Reason| match reason {
        Reason::PriorityTaken { port, priority, .. } => Some((*port, *priority)),
        _ => None,
    };
    let mut adopted = initial();
    let app = adopted.app.clone();
    for priority in [fixtures::BLUE, fixtures::GREEN] {
        let door = fixtures::rule_mut(&mut adopted, 80, Priority::Numbered(priority));
        door.tags.insert(tags::APP.into(), app.clone());
        door.tags.insert(tags::RULE.into(), "door".into());
    }
    let found = reasons(&adopted, &deploy("42"), &other);
    assert_eq!(
        found.iter().filter_map(of_place).collect::<Vec<_>>(),
        [(80, fixtures::BLUE), (80, fixtures::GREEN)]
    );
    // A rollback goes on without a door that cannot be made.
    let made = planned(&promoted(), &rollback(), &other).steps;
    let made = made.iter().filter(|step| {
        matches!(
            step,
            Step::CreateRule {
                purpose: Purpose::BlueDoor | Purpose::GreenDoor,
                ..
            }
        )
    });
    assert_eq!(made.count(), 0);
}

#[test]
fn a_rollback_is_never_refused_for_a_rule_of_somebody_else() {
    for stranger in [5, 15].into_iter().flat_map(strangers) {
        for estate in [promoted(), deployed()] {
            assert_eq!(
                titles(&with(estate.clone(), stranger.clone()), &rollback(), &policy()),
                titles(&estate, &rollback(), &policy()),
                "it is what it would be without that rule"
            );
        }
    }
}
