//! What single planners refuse, each for reasons of its own, and all reasons at once.

use super::*;
use crate::model::fixtures::{
    asg, deployed, group_mut, halfway, initial, policy, promoted, target_group_mut, tg,
};
use crate::model::standing::State;

#[test]
fn a_group_that_somebody_else_is_changing_is_left_alone() {
    let mut estate = deployed();
    for n in [1, 2] {
        let group = group_mut(&mut estate, n);
        group.operator = Some("ecs.amazonaws.com".into());
        group.deleting = true;
        group.refresh = Some(fixtures::refresh("InProgress"));
    }
    let expected = [
        Reason::Operated {
            group: asg(1),
            operator: "ecs.amazonaws.com".into(),
        },
        Reason::Deleting { group: asg(1) },
        Reason::Refreshing {
            group: asg(1),
            status: "InProgress".into(),
        },
    ];
    for intent in [deploy("42"), Intent::Promote] {
        assert_eq!(
            reasons(&estate, &intent, &policy()),
            expected,
            "{}",
            intent.word()
        );
    }
}

#[test]
fn a_candidate_that_somebody_else_is_changing_is_not_promoted() {
    let mut estate = deployed();
    group_mut(&mut estate, 2).refresh = Some(fixtures::refresh("InProgress"));
    assert_eq!(
        reasons(&estate, &Intent::Promote, &policy()),
        [Reason::Refreshing {
            group: asg(2),
            status: "InProgress".into()
        }]
    );
}

#[test]
fn only_a_finished_candidate_is_promoted() {
    assert_eq!(
        reasons(&initial(), &Intent::Promote, &policy()),
        [Reason::NoCandidate { rolled_back: None }]
    );
    assert_eq!(
        reasons(&fixtures::rolled_back(), &Intent::Promote, &policy()),
        [Reason::NoCandidate {
            rolled_back: Some(Generation(2))
        }]
    );
    let mut estate = deployed();
    fixtures::mark(&mut estate, 2, State::Staged, None);
    assert_eq!(
        reasons(&estate, &Intent::Promote, &policy()),
        [Reason::CandidateNotReady {
            generation: Generation(2),
            state: "staged".into()
        }]
    );
}

#[test]
fn a_candidate_in_a_zone_that_is_shifted_away_cannot_be_judged() {
    let mut estate = deployed();
    target_group_mut(&mut estate, 2).targets[1].zonal_override = Some("eu-central-1b".into());
    assert_eq!(
        reasons(&estate, &Intent::Promote, &policy()),
        [Reason::ZonalShift {
            zone: "eu-central-1b".into(),
            target_group: tg(2)
        }]
    );
}

#[test]
fn a_half_of_a_generation_is_named_as_what_it_is() {
    let mut estate = promoted();
    estate.groups.retain(|group| group.name != asg(1));
    assert_eq!(
        reasons(&estate, &rollback(), &policy()),
        [Reason::NoGroup {
            generation: Generation(1),
            target_group: tg(1)
        }]
    );
    let mut estate = promoted();
    estate.groups.retain(|group| group.name != asg(2));
    assert_eq!(
        reasons(&estate, &deploy("43"), &policy()),
        [Reason::NoGroup {
            generation: Generation(2),
            target_group: tg(2)
        }]
    );
}

#[test]
fn a_way_back_must_exist() {
    assert_eq!(reasons(&initial(), &rollback(), &policy()), [Reason::NoPrevious]);
    for intent in [rollback_to(9), retire(Some(9))] {
        assert_eq!(
            reasons(&promoted(), &intent, &policy()),
            [Reason::NoSuchGeneration {
                generation: Generation(9)
            }]
        );
    }
}

#[test]
fn retire_takes_neither_live_nor_the_candidate() {
    assert_eq!(
        reasons(&deployed(), &retire(Some(1)), &policy()),
        [Reason::IsLive {
            generation: Generation(1)
        }]
    );
    assert_eq!(
        reasons(&deployed(), &retire(Some(2)), &policy()),
        [Reason::IsCandidate {
            generation: Generation(2)
        }]
    );
}

#[test]
fn nothing_is_removed_while_production_is_half_way() {
    for intent in [Intent::Abort, retire(None)] {
        assert_eq!(
            reasons(&halfway(), &intent, &policy()),
            [Reason::PromotionHalfWay {
                generation: Generation(2)
            }]
        );
    }
}

#[test]
fn the_previous_generation_is_not_removed_while_a_door_may_still_lead_to_it() {
    // Every route has been swung; the run died before the blue door was.
    let mut estate = promoted();
    fixtures::mark(&mut estate, 2, State::Promoting, Some(1));
    fixtures::point(
        &mut estate,
        80,
        Priority::Numbered(fixtures::BLUE),
        fixtures::to(1),
    );
    for intent in [retire(None), retire(Some(1))] {
        assert_eq!(
            reasons(&estate, &intent, &policy()),
            [Reason::PromotionHalfWay {
                generation: Generation(2)
            }]
        );
    }
}

#[test]
fn what_is_not_ours_is_never_removed_whoever_asks() {
    let not_ours = [Reason::NotOurs {
        what: "generation 1".into(),
    }];
    // One tag is missing on one of the two parts.
    for part in ["group", "target group"] {
        let mut estate = promoted();
        match part {
            "group" => group_mut(&mut estate, 1).tags.remove(tags::APP),
            _ => target_group_mut(&mut estate, 1).tags.remove(tags::APP),
        };
        for intent in [retire(None), retire(Some(1))] {
            assert_eq!(reasons(&estate, &intent, &policy()), not_ours, "{part}");
        }
    }
    let mut stranger = deployed();
    fixtures::mark(&mut stranger, 2, State::RolledBack, None);
    group_mut(&mut stranger, 2)
        .tags
        .insert(tags::APP.into(), "another".into());
    assert_eq!(
        reasons(&stranger, &Intent::Abort, &policy()),
        [Reason::NotOurs {
            what: "generation 2".into()
        }]
    );
}
