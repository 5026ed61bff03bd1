//! How reasons read: a clause that fits behind a colon, and a way out for each.

use crate::model::ab_reason::AbReason;
use crate::model::colours::Whose;
use crate::model::estate::{Gap, Part};
use crate::model::fixtures::{asg, tg};
use crate::model::ids::Generation;
use crate::model::refusal::{Reason, Refusal};

/// A sample of every reason. [`counted`] does not compile when one is added; then add it here.
fn samples() -> Vec<Reason> {
    let generation = Generation(2);
    let text = || "something".to_owned();
    vec![
        Reason::NoLive {
            patterns: "tg-{n}".into(),
        },
        Reason::SplitRoutes {
            generations: vec!["generation 1".into(), "generation 2".into()],
            rules: vec![":80 default rule → tg-1:1 tg-2:1".into()],
        },
        Reason::MixedRoute {
            rule: ":80 default rule".into(),
            others: "other".into(),
        },
        Reason::NoSuchRoute {
            place: ":80 rule 7".into(),
        },
        Reason::Unseen {
            part: Part::Alarms,
            about: "asg-1".into(),
            error: "AccessDenied".into(),
            denied: true,
        },
        Reason::Unseen {
            part: Part::TargetHealth,
            about: "tg-2".into(),
            error: "no answer".into(),
            denied: false,
        },
        Reason::NoGroup {
            generation,
            target_group: tg(2),
        },
        Reason::CandidateExists {
            generation,
            release: "42".into(),
        },
        Reason::SameLabelOtherInputs {
            release: "42".into(),
            generation,
        },
        Reason::NoCandidate { rolled_back: None },
        Reason::NoCandidate {
            rolled_back: Some(generation),
        },
        Reason::CandidateNotReady {
            generation,
            state: "staged".into(),
        },
        Reason::NoPrevious,
        Reason::NoSuchGeneration { generation },
        Reason::RollbackHalfWay { to: generation },
        Reason::PromotionHalfWay { generation },
        Reason::IsLive { generation },
        Reason::IsCandidate { generation },
        Reason::NotOurs {
            what: "generation 2".into(),
        },
        Reason::Reachable {
            what: "asg-1".into(),
            rules: ":80 default rule".into(),
        },
        Reason::NameTaken { name: "tg-2".into() },
        Reason::BadName {
            name: "tg-2".into(),
            why: text(),
        },
        Reason::LaunchConfiguration {
            group: asg(1),
            name: "lc-7".into(),
        },
        Reason::Operated {
            group: asg(1),
            operator: "ecs.amazonaws.com".into(),
        },
        Reason::ExtraTraffic {
            group: asg(1),
            what: "classic-1".into(),
        },
        Reason::Refreshing {
            group: asg(1),
            status: "InProgress".into(),
        },
        Reason::Deleting { group: asg(1) },
        Reason::NoSuchVersion {
            template: "shop".into(),
            number: 9,
        },
        Reason::NoSuchImage {
            image: "ami-9".into(),
            why: "does not exist here".into(),
        },
        Reason::SeveralTemplates { group: asg(1) },
        Reason::NoListener {
            port: 443,
            wanted_by: "[lock] listener".into(),
        },
        Reason::PriorityTaken {
            port: 80,
            priority: 1,
            what: text(),
            setting: "[lock] priority".into(),
        },
        Reason::PriorityTooLow {
            what: "the lock".into(),
            port: 80,
            priority: 9,
            first: 3,
            setting: "[lock] priority".into(),
        },
        Reason::TooManyTargetGroups {
            would: 101,
            limit: 100,
        },
        Reason::ZonalShift {
            zone: "eu-central-1a".into(),
            target_group: tg(2),
        },
        Reason::RuleChanged {
            rule: ":80 default rule".into(),
            expected: "tg-1".into(),
            found: "tg-9".into(),
        },
        Reason::Gone {
            what: ":80 rule 7".into(),
        },
        Reason::NotHealthy {
            target_group: tg(2),
            healthy: 0,
            wanted: 1,
        },
        Reason::SeveralOfOne {
            generation,
            what: "tg-2 and a-copy".into(),
        },
        Reason::NumbersUsedUp {
            names: "asg-4294967295 or tg-4294967295".into(),
        },
        Reason::NotShifting,
        Reason::NoShare { percent: 100 },
        Reason::Contracted {
            to: Generation(1),
            contracted: generation,
        },
        Reason::Suspended {
            group: asg(1),
            process: "Terminate".into(),
        },
        Reason::StillRuns {
            group: asg(1),
            instances: 2,
            next: asg(2),
        },
        Reason::NotVacant { group: asg(1) },
        Reason::RollingOut {
            group: asg(1),
            release: "release 42".into(),
        },
        Reason::RollingBack { group: asg(1) },
        Reason::NotWithStrategy {
            command: "promote".into(),
            strategy: crate::model::policy::Strategy::Rolling,
            instead: text(),
        },
        Reason::InGrace {
            generation,
            until: crate::model::fixtures::minute(10),
        },
        Reason::Ab(AbReason::VariantsMissing {
            names: "bold, calm".into(),
        }),
        Reason::Ab(AbReason::VariantExists {
            variant: "bold".into(),
            generation,
            release: "42".into(),
        }),
        Reason::Ab(AbReason::NoSuchVariant {
            variant: "loud".into(),
            known: "bold, calm".into(),
        }),
        Reason::Ab(AbReason::NotAVariant {
            known: "bold, calm".into(),
        }),
        Reason::Ab(AbReason::VariantNotReady {
            variant: "bold".into(),
            generation,
        }),
        Reason::Ab(AbReason::SharedByTest),
        Reason::Ab(AbReason::NoVariant { generation }),
        Reason::Ab(AbReason::StrangeVariant {
            generation,
            variant: "loud".into(),
        }),
        Reason::Ab(AbReason::TestRuns { live: generation }),
        Reason::Ab(AbReason::NoTest),
        Reason::Ab(AbReason::WonAlready {
            variant: "bold".into(),
        }),
        Reason::Ab(AbReason::TooManyShares {
            rule: ":80 default rule".into(),
            would: 6,
            limit: 5,
        }),
        Reason::DoorTaken {
            rule: ":80 rule 11".into(),
            asks: "x-client-mode=green".into(),
            whose: Whose::App("till".into()),
        },
        Reason::CandidateBeside {
            generation,
            to: Generation(1),
        },
        Reason::OwnImages { group: asg(1) },
    ]
}

/// A place in the list for every variant; no wildcard, so that none is forgotten.
fn counted(reason: &Reason) -> usize {
    match reason {
        Reason::NoLive { .. } => 0,
        Reason::SplitRoutes { .. } => 1,
        Reason::MixedRoute { .. } => 2,
        Reason::NoSuchRoute { .. } => 3,
        Reason::Unseen { .. } => 4,
        Reason::NoGroup { .. } => 5,
        Reason::CandidateExists { .. } => 6,
        Reason::SameLabelOtherInputs { .. } => 7,
        Reason::NoCandidate { .. } => 8,
        Reason::CandidateNotReady { .. } => 9,
        Reason::NoPrevious => 10,
        Reason::NoSuchGeneration { .. } => 11,
        Reason::RollbackHalfWay { .. } => 12,
        Reason::PromotionHalfWay { .. } => 13,
        Reason::IsLive { .. } => 14,
        Reason::IsCandidate { .. } => 15,
        Reason::NotOurs { .. } => 16,
        Reason::Reachable { .. } => 17,
        Reason::NameTaken { .. } => 18,
        Reason::BadName { .. } => 19,
        Reason::LaunchConfiguration { .. } => 20,
        Reason::Operated { .. } => 21,
        Reason::ExtraTraffic { .. } => 22,
        Reason::Refreshing { .. } => 23,
        Reason::Deleting { .. } => 24,
        Reason::NoSuchVersion { .. } => 25,
        Reason::NoSuchImage { .. } => 26,
        Reason::SeveralTemplates { .. } => 27,
        Reason::NoListener { .. } => 28,
        Reason::PriorityTaken { .. } => 29,
        Reason::PriorityTooLow { .. } => 30,
        Reason::TooManyTargetGroups { .. } => 31,
        Reason::ZonalShift { .. } => 32,
        Reason::RuleChanged { .. } => 33,
        Reason::Gone { .. } => 34,
        Reason::NotHealthy { .. } => 35,
        Reason::SeveralOfOne { .. } => 36,
        Reason::NumbersUsedUp { .. } => 37,
        Reason::NotShifting => 38,
        Reason::NoShare { .. } => 39,
        Reason::Contracted { .. } => 40,
        Reason::Suspended { .. } => 41,
        Reason::StillRuns { .. } => 42,
        Reason::NotVacant { .. } => 43,
        Reason::RollingOut { .. } => 44,
        Reason::RollingBack { .. } => 45,
        Reason::NotWithStrategy { .. } => 46,
        Reason::InGrace { .. } => 47,
        Reason::Ab(reason) => match reason {
            AbReason::VariantsMissing { .. } => 48,
            AbReason::VariantExists { .. } => 49,
            AbReason::NoSuchVariant { .. } => 50,
            AbReason::NotAVariant { .. } => 51,
            AbReason::VariantNotReady { .. } => 52,
            AbReason::SharedByTest => 53,
            AbReason::NoVariant { .. } => 54,
            AbReason::StrangeVariant { .. } => 55,
            AbReason::TestRuns { .. } => 56,
            AbReason::NoTest => 57,
            AbReason::WonAlready { .. } => 58,
            AbReason::TooManyShares { .. } => 59,
        },
        Reason::DoorTaken { .. } => 60,
        Reason::CandidateBeside { .. } => 61,
        Reason::OwnImages { .. } => 62,
    }
}

/// How many variants there are.
const VARIANTS: usize = 63;

#[test]
fn every_reason_has_a_sample() {
    let mut seen: Vec<usize> = samples().iter().map(counted).collect();
    seen.dedup();
    assert_eq!(seen, (0..VARIANTS).collect::<Vec<_>>());
}

#[test]
fn a_reason_is_a_clause_that_fits_behind_a_colon() {
    for reason in samples() {
        let text = reason.to_string();
        let first = text.chars().next().expect("not empty");
        assert!(!first.is_uppercase(), "{text:?} begins like a sentence");
        assert!(!text.ends_with(['.', '!', ' ']), "{text:?} ends like a sentence");
        assert!(!text.contains('\n'), "{text:?} is more than a line");
        assert!(!text.contains("Some("), "{text:?} shows how it is made");
    }
}

#[test]
fn every_reason_shows_a_way_out() {
    for reason in samples() {
        let way = reason.way_out();
        assert!(way.len() > 8, "{reason}: {way:?}");
        assert!(!way.ends_with('.'), "{way:?} ends like a sentence");
        assert_ne!(way, reason.to_string());
        assert_eq!(reason.in_full(), format!("{reason}\n→ {way}"));
    }
}

#[test]
fn a_way_out_names_only_commands_that_exist() {
    const COMMANDS: [&str; 11] = [
        "abort",
        "check",
        "deploy",
        "iam-policy",
        "init",
        "promote",
        "retire",
        "rollback",
        "status",
        "unlock",
        "winner",
    ];
    for reason in samples() {
        let way = reason.way_out();
        for (at, word) in way.match_indices("swingbridge ") {
            let rest = &way[at + word.len()..];
            let command = rest.split([' ', '`']).next().expect("a word");
            assert!(COMMANDS.contains(&command), "{way:?} names {command:?}");
        }
    }
}

#[test]
fn a_refusal_says_every_reason_in_its_order() {
    let refusal = Refusal::from(vec![Reason::NoPrevious, Reason::Deleting { group: asg(1) }]);
    assert_eq!(
        refusal.to_string(),
        "refused: there is no previous generation to roll back to; asg-1 is being deleted"
    );
}

#[test]
fn a_way_out_of_several_reasons_is_said_once() {
    let gone = |n| Reason::NoSuchGeneration {
        generation: Generation(n),
    };
    let refusal = Refusal::from(vec![
        gone(7),
        Reason::NoPrevious,
        gone(8),
        Reason::Deleting { group: asg(1) },
        Reason::Deleting { group: asg(2) },
    ]);
    assert_eq!(
        refusal.ways_out(),
        [
            "`swingbridge status` lists the generations",
            "`swingbridge deploy` an earlier release instead",
            "wait until it is gone and run the command again",
        ]
    );
}

#[test]
fn what_may_not_be_seen_has_another_way_out_than_what_cannot_be_seen_for_now() {
    for (denied, way_out) in [
        (
            true,
            "allow the call (`swingbridge iam-policy plan`) and try again",
        ),
        (
            false,
            "try again once AWS answers; `swingbridge check` shows all that cannot be seen",
        ),
    ] {
        let gap = Gap {
            part: Part::Alarms,
            about: "asg-1".into(),
            error: "no".into(),
            denied,
            passes: !denied,
        };
        let unseen = Reason::unseen(&gap);
        assert_eq!(unseen.to_string(), "could not see the alarms of asg-1: no");
        assert_eq!(unseen.way_out(), way_out);
    }
}

#[test]
fn reasons_survive_being_saved() {
    for reason in samples() {
        let json = serde_json::to_string(&reason).expect("it serialises");
        assert_eq!(serde_json::from_str::<Reason>(&json).expect("and back"), reason);
    }
}
