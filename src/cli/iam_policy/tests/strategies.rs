//! What each strategy does in its own way, without each single permission of the role that does it: whatever is missed,
//! it ends as clearly as any.

use std::collections::BTreeSet;

use super::ground::{Command, printed, printed_for};
use super::without::{Permission, Scenario, permissions};
use super::{RESUME_TERMINATE, configs, image, in_virtual_time, next, rollback, shifted, version};
use crate::cli::args::PolicyFor;
use crate::config::Config;
use crate::model::plan::Intent;
use crate::model::policy::AfterRollback;

fn deployed() -> Command {
    Command::Run(version())
}

fn promoted() -> Command {
    Command::Run(Intent::Promote)
}

fn back() -> Command {
    rollback(AfterRollback::Keep)
}

/// All of what was missed.
async fn each_is_missed_clearly(scenarios: Vec<(PolicyFor, Scenario)>) -> BTreeSet<Permission> {
    let mut all: BTreeSet<Permission> = BTreeSet::new();
    let mut wrong = Vec::new();
    for (role, scenario) in scenarios {
        let (missed, found) = Box::pin(scenario.without_each(role)).await;
        assert!(missed.len() > 5, "{missed:?}");
        all.extend(missed);
        wrong.extend(found);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    all
}

#[test]
fn a_deployment_that_goes_on_by_itself_and_misses_a_permission_says_so_and_leaves_nothing() {
    in_virtual_time(|| async {
        let direct = Scenario::of("deploy", deployed()).by(configs::direct);
        each_is_missed_clearly(vec![(PolicyFor::All, direct)]).await;
    });
}

#[test]
fn a_canary_that_misses_a_permission_says_so_and_leaves_nothing() {
    in_virtual_time(|| async {
        let by = |what, command| Scenario::of(what, command).by(configs::canary);
        each_is_missed_clearly(vec![
            (PolicyFor::Deploy, by("deploy", deployed())),
            (PolicyFor::Promote, by("promote", promoted()).after(deployed())),
            (
                PolicyFor::Rollback,
                by("rollback of a share", back())
                    .after(deployed())
                    .after(shifted()),
            ),
        ])
        .await;
    });
}

#[test]
fn even_stages_that_miss_a_permission_on_their_way_or_back_say_so_and_leave_nothing() {
    in_virtual_time(|| async {
        let by = |what, command| Scenario::of(what, command).by(configs::linear).after(deployed());
        let resume = Command::Run(Intent::Resume);
        let retreat = Command::Run(Intent::Retreat);
        each_is_missed_clearly(vec![
            (PolicyFor::Promote, by("promote", promoted())),
            (PolicyFor::Promote, by("shift", shifted())),
            (
                PolicyFor::Promote,
                by("resume, on from a share by hand", resume).after(shifted()),
            ),
            (
                PolicyFor::Rollback,
                by("rollback --gradually", retreat).after(shifted()),
            ),
        ])
        .await;
    });
}

#[test]
fn a_stage_that_waits_for_a_person_who_misses_a_permission_says_so_and_leaves_nothing() {
    in_virtual_time(|| async {
        let by = |what, command| Scenario::of(what, command).by(configs::waiting).after(deployed());
        let waits = |what, intent| by(what, Command::Run(intent)).after(promoted());
        each_is_missed_clearly(vec![
            (PolicyFor::Promote, by("promote", promoted()).ending_with(9)),
            (PolicyFor::Promote, waits("pause", Intent::Pause)),
            (PolicyFor::Promote, waits("promote --full", Intent::PromoteFully)),
            (
                PolicyFor::Promote,
                waits("repair, which takes it back", Intent::Repair),
            ),
        ])
        .await;
    });
}

#[test]
fn a_test_of_variants_that_misses_a_permission_says_so_and_leaves_nothing() {
    in_virtual_time(|| async {
        let mut bold = version();
        if let Intent::Deploy { release } = &mut bold {
            release.variant = Some("bold".into());
        }
        let bold = || Command::Run(bold.clone());
        let winner = || Command::Run(Intent::Winner { name: "bold".into() });
        let ways: [fn() -> Config; 2] = [|| configs::variants(false), || configs::variants(true)];
        for way in ways {
            let by = |what, command| Scenario::of(what, command).by(way);
            each_is_missed_clearly(vec![
                (PolicyFor::Deploy, by("deploy", bold())),
                (
                    PolicyFor::Promote,
                    by("promote", promoted()).after(bold()).ending_with(9),
                ),
                (
                    PolicyFor::Promote,
                    by("winner", winner()).after(bold()).after(promoted()),
                ),
                (
                    PolicyFor::Rollback,
                    by("rollback", back()).after(bold()).after(promoted()),
                ),
            ])
            .await;
        }
        // Before it begins, it is the same by whatever it is to be shared.
        let abort = Scenario::of("abort", Command::Run(Intent::Abort)).by(ways[0]);
        each_is_missed_clearly(vec![(PolicyFor::Promote, abort.after(bold()))]).await;
    });
}

#[test]
fn what_must_not_run_twice_and_misses_a_permission_says_so_and_leaves_nothing() {
    in_virtual_time(|| async {
        let by = |what, command| {
            let scenario = Scenario::of(what, command).by(configs::recreate);
            scenario.after(Command::Call(RESUME_TERMINATE))
        };
        each_is_missed_clearly(vec![
            (PolicyFor::All, by("deploy", deployed())),
            (PolicyFor::Rollback, by("rollback", back()).after(deployed())),
        ])
        .await;
    });
}

#[test]
fn one_of_two_groups_that_cannot_be_freed_for_want_of_a_permission_is_freed_once_it_is_there() {
    in_virtual_time(|| async {
        let by = |what, command| Scenario::of(what, command).by(configs::pair).after(deployed());
        let removed = rollback(AfterRollback::Remove);
        each_is_missed_clearly(vec![
            (PolicyFor::Promote, by("abort", Command::Run(Intent::Abort))),
            (
                PolicyFor::Rollback,
                by("rollback --remove", removed).after(promoted()),
            ),
        ])
        .await;
    });
}

#[test]
fn a_group_that_is_replaced_in_place_misses_whatever_is_printed_for_that_alone_and_says_so() {
    in_virtual_time(|| async {
        let by = |what, command, config: fn() -> Config| {
            let scenario = Scenario::of(what, command).by(config);
            scenario.after(Command::Call(RESUME_TERMINATE))
        };
        let whole = |what, command| by(what, command, configs::rolling);
        let deploys = vec![
            whole("deploy of a version", deployed()),
            whole("deploy of an image", Command::Run(image())),
        ];
        let rollbacks = vec![
            whole("rollback to what was there before", back()).after(deployed()),
            // The version that passes a role and tags on is the one before, too.
            whole("rollback to a release", back())
                .after(deployed())
                .after(Command::Run(next("3.0"))),
            by("rollback half way", back(), configs::rolling_by_halves).after(Command::Begun(version())),
        ];
        for (role, scenarios) in [(PolicyFor::Deploy, deploys), (PolicyFor::Rollback, rollbacks)] {
            let scenarios = scenarios.into_iter().map(|one| (role, one)).collect();
            let missed = each_is_missed_clearly(scenarios).await;
            let others = permissions(&printed(role));
            let idle: Vec<_> = permissions(&printed_for(&configs::rolling(), role))
                .into_iter()
                .filter(|one| !others.contains(one) && !missed.contains(one))
                .collect();
            assert!(
                idle.is_empty(),
                "printed for this strategy alone, and no command of {role:?} needs {idle:#?}"
            );
        }
    });
}
