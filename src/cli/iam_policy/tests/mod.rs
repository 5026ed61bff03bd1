//! Least privilege, proven: each command with exactly the policy that is printed for its role, on a lab that holds it
//! to that policy; and without each single permission of it in turn.

mod bounds;
mod configs;
mod estates;
mod ground;
mod strategies;
mod ways;
mod without;

use std::collections::BTreeSet;

use ground::{Command, printed, printed_for};
use serde_json::Value;
use without::{Permission, Scenario, permissions};

use super::super::args::PolicyFor;
use crate::model::plan::Intent;
use crate::model::policy::AfterRollback;
use crate::model::release::{Release, Source};
use crate::model::tags::Tags;

/// What a promotion leaves for later is due, and shrinks the generation that was live.
const SHRINK_NOW: &str = "hold = \"0s\"\n[after_promotion]\nprevious = { scale = 1 }\n";
/// Then only the number of instances is left to change, and not the bounds.
const LOWER_MINIMUM: &str =
    "Action=UpdateAutoScalingGroup&Version=2011-01-01&AutoScalingGroupName=asg-1&MinSize=1";

/// Then what is removed has to be kept from starting instances again.
const RESUME_SCHEDULES: &str = "Action=ResumeProcesses&Version=2011-01-01&AutoScalingGroupName=asg-2\
                                &ScalingProcesses.member.1=ScheduledActions";

/// Then instances can be replaced.
const RESUME_TERMINATE: &str = "Action=ResumeProcesses&Version=2011-01-01&AutoScalingGroupName=asg-1\
                                &ScalingProcesses.member.1=Terminate";

/// Runs a test in virtual time, and with room for the futures of whole commands as large as a debug build makes them.
fn in_virtual_time<F: Future<Output = ()>>(test: impl FnOnce() -> F + Send + 'static) {
    let run = move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(test());
    };
    let thread = std::thread::Builder::new().stack_size(64 << 20).spawn(run);
    if let Err(panic) = thread.expect("a thread").join() {
        std::panic::resume_unwind(panic);
    }
}

fn deploy(source: Source) -> Intent {
    Intent::Deploy {
        release: Release {
            name: "2.0".into(),
            inputs: "inputs-of-2.0".into(),
            source,
            tags: Tags::new(),
            variant: None,
        },
    }
}

/// The version that passes a role and tags on.
fn version() -> Intent {
    deploy(Source::Version { number: 3 })
}

fn user_data() -> Intent {
    deploy(Source::Build {
        image: None,
        user_data: Some("#!sample\nversion = \"2\"\n".into()),
    })
}

/// By the image's name, which stands for its number in the lab.
fn image() -> Intent {
    deploy(Source::Build {
        image: Some("app-2".into()),
        user_data: None,
    })
}

fn rollback(failed: AfterRollback) -> Command {
    Command::Run(Intent::Rollback {
        to: None,
        failed: Some(failed),
    })
}

/// Production is shared by hand.
fn shifted() -> Command {
    Command::Run(Intent::Shift { percent: 40 })
}

fn retire() -> Command {
    Command::Run(Intent::Retire { generation: None })
}

/// Every scenario works with the role's policy; and what each permission is for is shown by taking it away.
async fn each_permission_is_needed(role: PolicyFor, scenarios: Vec<Scenario>) {
    let mut needed: BTreeSet<Permission> = BTreeSet::new();
    let mut wrong = Vec::new();
    for scenario in scenarios {
        let (missed, found) = Box::pin(scenario.without_each(role)).await;
        needed.extend(missed);
        wrong.extend(found);
    }
    let idle: Vec<_> = permissions(&printed(role))
        .into_iter()
        .filter(|permission| !needed.contains(permission))
        .collect();
    assert!(wrong.is_empty(), "{}\n\nidle: {idle:#?}", wrong.join("\n\n"));
    assert!(idle.is_empty(), "no command of {role:?} needs {idle:#?}");
}

#[test]
fn planning_and_checking_take_every_permission_that_is_printed_for_them_and_no_other() {
    in_virtual_time(|| async {
        let scenarios = vec![
            Scenario::of("check", Command::Check),
            Scenario::of("status", Command::Status),
            Scenario::of("plan deploy", Command::Plan(version())),
            Scenario::of("plan deploy of an image", Command::Plan(image())),
            Scenario::of("plan promote", Command::Plan(Intent::Promote)).after(Command::Run(version())),
            Scenario::of("metrics", Command::Metrics).after(Command::Run(version())),
        ];
        each_permission_is_needed(PolicyFor::Plan, scenarios).await;
    });
}

#[test]
fn deploying_takes_every_permission_that_is_printed_for_it_and_no_other() {
    in_virtual_time(|| async {
        let scenarios = vec![
            Scenario::of("check", Command::Check),
            Scenario::of("init", Command::Adopt),
            Scenario::of("deploy of a version", Command::Run(version())),
            Scenario::of("deploy of an image", Command::Run(image())),
            Scenario::of("deploy after the first one", Command::Run(image()))
                .after(Command::Adopt)
                .adopting_no_more(),
            Scenario::of("deploy of user data", Command::Run(user_data())),
            Scenario::of(
                "deploy of what is live, finishing its promotion",
                Command::Run(version()),
            )
            .after(Command::Run(version()))
            .after(Command::Run(Intent::Promote))
            .set(SHRINK_NOW),
            Scenario::of("deploy of what is live, after somebody", Command::Run(version()))
                .after(Command::Run(version()))
                .after(Command::Run(Intent::Promote))
                .after(Command::Call(LOWER_MINIMUM))
                .set(SHRINK_NOW),
        ];
        each_permission_is_needed(PolicyFor::Deploy, scenarios).await;
    });
}

#[test]
fn promoting_and_clearing_up_take_every_permission_that_is_printed_for_them_and_no_other() {
    in_virtual_time(|| async {
        let deployed = || Command::Run(version());
        let promoted = || Command::Run(Intent::Promote);
        let scenarios = vec![
            Scenario::of("promote", promoted()).after(deployed()),
            Scenario::of("promote, taking over a dead lock", promoted())
                .after(deployed())
                .with_a_dead_lock(),
            Scenario::of("promote, shrinking what was live", promoted())
                .after(deployed())
                .set(SHRINK_NOW),
            Scenario::of("abort", Command::Run(Intent::Abort)).after(deployed()),
            Scenario::of("retire", retire())
                .after(deployed())
                .after(promoted()),
            Scenario::of("repair", Command::Run(Intent::Repair))
                .after(deployed())
                .after(promoted())
                .set("hold = \"0s\"\n"),
            Scenario::of("repair, after somebody", Command::Run(Intent::Repair))
                .after(deployed())
                .after(promoted())
                .after(Command::Call(LOWER_MINIMUM))
                .set(SHRINK_NOW),
            Scenario::of("promote of what has a share already", promoted())
                .after(deployed())
                .after(shifted()),
            Scenario::of("metrics", Command::Metrics).after(deployed()),
            Scenario::of("unlock", Command::Unlock).with_a_dead_lock(),
            Scenario::of("status", Command::Status),
        ];
        each_permission_is_needed(PolicyFor::Promote, scenarios).await;
    });
}

#[test]
fn rolling_back_takes_every_permission_that_is_printed_for_it_and_no_other() {
    in_virtual_time(|| async {
        let deployed = || Command::Run(version());
        let promoted = || Command::Run(Intent::Promote);
        let scenarios = vec![
            Scenario::of("rollback", rollback(AfterRollback::Keep))
                .after(deployed())
                .after(promoted()),
            Scenario::of("status", Command::Status),
            Scenario::of("rollback of a share", rollback(AfterRollback::Keep))
                .after(deployed())
                .after(shifted()),
            Scenario::of("rollback of a candidate", rollback(AfterRollback::Keep)).after(deployed()),
            Scenario::of("rollback --remove", rollback(AfterRollback::Remove))
                .after(deployed())
                .after(promoted()),
            Scenario::of(
                "rollback --remove, after somebody",
                rollback(AfterRollback::Remove),
            )
            .after(deployed())
            .after(promoted())
            .after(Command::Call(RESUME_SCHEDULES)),
        ];
        each_permission_is_needed(PolicyFor::Rollback, scenarios).await;
    });
}

#[test]
fn one_operator_with_everything_goes_the_whole_way() {
    in_virtual_time(|| async {
        let ground = ground::Ground::new().await;
        ground.hold_to(&printed(PolicyFor::All));
        for command in [
            Command::Adopt,
            Command::Check,
            Command::Run(user_data()),
            retire(),
        ] {
            let told = ground.does(&command, configs::direct()).await;
            assert_eq!(told.code, 0, "{command:?}: {}", told.words);
            assert!(
                !told.words.contains("not authorized"),
                "{command:?}: {}",
                told.words
            );
        }
    });
}

#[test]
fn a_canary_takes_what_is_printed_for_deploy_and_promote() {
    in_virtual_time(|| async {
        let ground = ground::Ground::new().await;
        for (role, intent) in [
            (PolicyFor::Deploy, version()),
            (PolicyFor::Promote, Intent::Promote),
        ] {
            ground.hold_to(&printed(role));
            let command = Command::Run(intent);
            let told = ground.does(&command, configs::canary()).await;
            assert_eq!(told.code, 0, "{command:?}: {}", told.words);
        }
    });
}

#[test]
fn a_test_of_variants_takes_what_is_printed_for_deploy_and_promote() {
    in_virtual_time(|| async {
        for header in [false, true] {
            let ground = ground::Ground::new().await;
            let mut bold = version();
            if let Intent::Deploy { release } = &mut bold {
                release.variant = Some("bold".into());
            }
            let winner = Intent::Winner { name: "bold".into() };
            for (role, intent, code) in [
                (PolicyFor::Deploy, bold, 0),
                (PolicyFor::Promote, Intent::Promote, 9),
                (PolicyFor::Plan, Intent::Promote, 9),
                (PolicyFor::Promote, winner, 0),
            ] {
                ground.hold_to(&printed(role));
                let command = Command::Run(intent);
                let told = ground.does(&command, configs::variants(header)).await;
                assert_eq!(told.code, code, "{command:?}: {}", told.words);
                assert!(
                    !told.words.contains("not authorized"),
                    "{command:?}: {}",
                    told.words
                );
            }
        }
    });
}

#[test]
fn one_group_is_rolled_forward_and_back_with_what_is_printed_for_that_strategy_alone() {
    in_virtual_time(|| async {
        let rolling = configs::rolling();
        let deploy = printed_for(&rolling, PolicyFor::Deploy);
        let back = printed_for(&rolling, PolicyFor::Rollback);
        for (policy, command, code) in [
            (printed(PolicyFor::Deploy), Command::Run(version()), 4),
            (deploy, Command::Run(version()), 0),
            (printed(PolicyFor::Rollback), rollback(AfterRollback::Keep), 4),
            (back, rollback(AfterRollback::Keep), 0),
        ] {
            // Each attempt at an estate of its own, but for the way back, which needs a release to go back from.
            let ground = ground::Ground::new().await;
            ground
                .prepare(&Command::Call(RESUME_TERMINATE), configs::rolling())
                .await;
            if matches!(command, Command::Run(Intent::Rollback { .. })) {
                ground.prepare(&Command::Run(version()), configs::rolling()).await;
            }
            ground.hold_to(&policy);
            let told = ground.does(&command, configs::rolling()).await;
            assert_eq!(told.code, code, "{command:?}: {}", told.words);
            let denied = told.words.contains("autoscaling:StartInstanceRefresh");
            assert_eq!(denied, code == 4, "{command:?}: {}", told.words);
        }
    });
}

/// A release that follows the first.
fn next(name: &str) -> Intent {
    let mut intent = version();
    if let Intent::Deploy { release } = &mut intent {
        release.name = name.into();
        release.inputs = format!("inputs-of-{name}");
    }
    intent
}

#[test]
fn two_groups_take_turns_with_what_is_printed_for_them_alone() {
    in_virtual_time(|| async {
        let pair = configs::pair();
        let turns = [
            (PolicyFor::Deploy, Command::Run(version())),
            (PolicyFor::Promote, Command::Run(Intent::Promote)),
            (PolicyFor::Deploy, Command::Run(next("3.0"))),
            (PolicyFor::Promote, Command::Run(Intent::Abort)),
            (PolicyFor::Deploy, Command::Run(next("4.0"))),
            (PolicyFor::Promote, Command::Run(Intent::Promote)),
            (PolicyFor::Rollback, rollback(AfterRollback::Remove)),
            (PolicyFor::All, Command::Run(next("5.0"))),
            (PolicyFor::Promote, Command::Run(Intent::Promote)),
            (PolicyFor::Promote, retire()),
        ];
        let ground = ground::Ground::new().await;
        for (role, command) in &turns {
            ground.hold_to(&printed_for(&pair, *role));
            let told = ground.does(command, configs::pair()).await;
            assert_eq!(told.code, 0, "{command:?}: {}", told.words);
            assert!(
                !told.words.contains("not authorized"),
                "{command:?}: {}",
                told.words
            );
        }
        let groups: Vec<String> = ground
            .keeper
            .with(|world| world.scaling.groups.keys().cloned().collect());
        assert_eq!(groups, ["asg-1", "asg-2"]);

        // Whatever is printed for it alone is asked for by a deploy that uses a group again.
        let whole = printed_for(&pair, PolicyFor::Deploy);
        let more: Vec<Permission> = permissions(&whole)
            .into_iter()
            .filter(|one| !permissions(&printed(PolicyFor::Deploy)).contains(one))
            .collect();
        assert_eq!(more.len(), 7, "{more:#?}");
        for permission in more {
            let ground = ground::Ground::new().await;
            // The instances of what is given up are protected only if they are of a copy.
            for command in [version(), Intent::Promote, next("3.0"), Intent::Promote] {
                ground.prepare(&Command::Run(command), configs::pair()).await;
            }
            // As Terraform attaches it with `traffic_source`: only one of the two calls takes it off.
            ground.keeper.with(|world| {
                let group = world.scaling.groups.get_mut("asg-2").expect("asg-2");
                for traffic in &mut group.traffic {
                    traffic.by_traffic_sources = true;
                }
            });
            ground.hold_to(&permission.taken_from(&whole));
            let told = ground.does(&Command::Run(next("4.0")), configs::pair()).await;
            assert_eq!(told.code, 4, "without {permission:?}: {}", told.words);
            assert!(
                told.words.contains(&permission.action),
                "{permission:?}: {}",
                told.words
            );
            ground.hold_to(&whole);
            let told = ground.does(&Command::Run(next("4.0")), configs::pair()).await;
            assert_eq!(told.code, 0, "with {permission:?} again: {}", told.words);
        }
    });
}

/// What a document lets anybody do: each action on each resource, with the conditions if they are asked for.
fn grants(document: &str, conditions: bool) -> BTreeSet<String> {
    let policy: Value = serde_json::from_str(document).expect("JSON");
    let each = |value: &Value| match value {
        Value::Array(several) => several.clone(),
        one => vec![one.clone()],
    };
    let mut all = BTreeSet::new();
    for statement in policy["Statement"].as_array().expect("statements") {
        for action in each(&statement["Action"]) {
            for resource in each(&statement["Resource"]) {
                // Statements about rules and target groups say nothing of the one with the other's action.
                if action.to_string().contains("Rule") && resource.to_string().contains(":targetgroup/") {
                    continue;
                }
                let condition = if conditions {
                    &statement["Condition"]
                } else {
                    &Value::Null
                };
                all.insert(format!("{} {action} {resource} {condition}", statement["Effect"]));
            }
        }
    }
    all
}

#[test]
fn the_policy_for_everything_is_the_others_together() {
    let together = |conditions| -> BTreeSet<String> {
        [PolicyFor::Deploy, PolicyFor::Promote, PolicyFor::Rollback]
            .into_iter()
            .flat_map(|role| grants(&printed(role), conditions))
            .collect()
    };
    let all = |conditions| grants(&printed(PolicyFor::All), conditions);
    let more: Vec<_> = all(true).difference(&together(true)).cloned().collect();
    assert!(more.is_empty(), "only the policy for everything has {more:#?}");
    let less: Vec<_> = together(false).difference(&all(false)).cloned().collect();
    assert!(less.is_empty(), "the policy for everything lacks {less:#?}");
}
