//! Commands: what they get, what they say, and that nothing of them is left.

use std::os::unix::fs::PermissionsExt;

use rustix::process::{Pid, test_kill_process};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::*;

fn shell(script: &str) -> Hook {
    Hook {
        call: Call::Shell {
            script: script.into(),
            env: vec!["TOKEN".into()],
        },
        ..fixtures::hook(Place::BeforeTraffic)
    }
}

async fn run(hook: &Hook) -> Reply {
    outside(with_path).call(hook, &told(), never()).await
}

/// Whether somebody is there, and not only still to be buried.
fn running(process: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let state = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .trim_start()
        .to_owned();
    test_kill_process(process).is_ok() && !state.starts_with('Z')
}

async fn is_gone(process: &str) {
    let process = process
        .trim()
        .parse()
        .ok()
        .and_then(Pid::from_raw)
        .expect("a process");
    let gone = async {
        while running(process) {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(10), gone).await.expect("it is gone");
}

#[tokio::test]
async fn a_command_gets_the_documented_variables_and_nothing_else() {
    let reply = run(&shell(
        "env | sort | grep -v '^_=' | grep -v '^PWD=' | grep -v '^SHLVL='",
    ))
    .await;
    assert_eq!(reply.answer, Answer::Passed);
    let names: Vec<&str> = reply
        .said
        .iter()
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(
        names,
        [
            "HOME",
            "HOOK_APP",
            "HOOK_CANDIDATE_GENERATION",
            "HOOK_CANDIDATE_GROUP",
            "HOOK_CANDIDATE_TARGET_GROUP",
            "HOOK_COMMAND",
            "HOOK_ENTRANCE_HEADER",
            "HOOK_ENTRANCE_VALUE",
            "HOOK_LIVE_GENERATION",
            "HOOK_LIVE_GROUP",
            "HOOK_LIVE_TARGET_GROUP",
            "HOOK_LOAD_BALANCER",
            "HOOK_PLACE",
            "HOOK_PLAN",
            "HOOK_RELEASE",
            "HOOK_RUN",
            "PATH",
            "TOKEN"
        ]
    );
    assert!(
        reply
            .said
            .contains(&"HOOK_CANDIDATE_TARGET_GROUP=tg-2".to_owned())
    );
}

#[tokio::test]
async fn what_it_was_trusted_with_is_hidden_in_what_it_writes() {
    let reply = run(&shell("echo the token is $TOKEN; echo $HOOK_ENTRANCE_VALUE >&2")).await;
    assert_eq!(reply.said, ["the token is (hidden)", "(hidden)"]);
}

#[tokio::test]
async fn exit_codes_pass_fail_and_of_a_gate_put_off() {
    for (code, gate, answer) in [
        (0, None, Answer::Passed),
        (1, None, Answer::Failed("exit code 1".into())),
        (75, None, Answer::Failed("exit code 75".into())),
        (75, gate(), Answer::NotYet("exit code 75".into())),
        (1, gate(), Answer::Failed("exit code 1".into())),
        (0, gate(), Answer::Passed),
    ] {
        let hook = Hook {
            gate,
            ..shell(&format!("exit {code}"))
        };
        assert_eq!(run(&hook).await.answer, answer);
    }
    let reply = run(&shell("kill -9 $$")).await;
    assert_eq!(reply.answer, Answer::Failed("ended by signal 9".into()));
}

#[tokio::test]
async fn no_shell_reads_what_is_a_list() {
    let hook = Hook {
        call: Call::Command {
            argv: ["printf", "%s|", "$HOME; exit 3", "a b"].map(Into::into).into(),
            env: Vec::new(),
        },
        ..fixtures::hook(Place::BeforeTraffic)
    };
    let reply = run(&hook).await;
    assert_eq!(reply.answer, Answer::Passed);
    assert_eq!(reply.said, ["$HOME; exit 3|a b|"]);
}

#[tokio::test]
async fn a_program_is_found_beside_the_configuration_and_begins_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = folder.path().join("smoke.sh");
    std::fs::write(&program, "#!/bin/sh\npwd\n").expect("written");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("executable");
    let outside = Outside {
        folder: folder.path().into(),
        env: with_path,
    };
    let mut hook = fixtures::hook(Place::BeforeTraffic);
    for (name, found) in [("./smoke.sh", true), ("smoke.sh", false), ("./none.sh", false)] {
        hook.call = Call::Command {
            argv: vec![name.into()],
            env: Vec::new(),
        };
        let reply = outside.call(&hook, &told(), never()).await;
        if found {
            let real = folder.path().canonicalize().expect("a folder");
            assert_eq!(reply.said, [real.display().to_string()]);
        } else {
            let Answer::Failed(why) = reply.answer else {
                panic!("{name}: {reply:?}")
            };
            assert!(
                why.starts_with(&format!("{name} could not be started: ")),
                "{why}"
            );
        }
    }
}

#[tokio::test]
async fn a_variable_that_is_not_set_is_said() {
    let mut hook = shell("true");
    hook.call = Call::Shell {
        script: "true".into(),
        env: vec!["NOT_THERE".into()],
    };
    let answer = run(&hook).await.answer;
    assert_eq!(answer, Answer::Failed("the variable NOT_THERE is not set".into()));
}

#[tokio::test]
async fn what_takes_too_long_is_ended_with_all_that_it_started() {
    let hook = Hook {
        timeout: Duration::from_millis(300),
        ..shell("sleep 60 & echo $!; echo before; wait")
    };
    let reply = run(&hook).await;
    assert_eq!(reply.answer, Answer::Failed("it took longer than 300ms".into()));
    assert_eq!(reply.said[1], "before", "what it said until then is kept");
    is_gone(&reply.said[0]).await;
}

#[tokio::test]
async fn what_does_not_listen_is_killed() {
    let hook = Hook {
        timeout: Duration::from_millis(200),
        ..shell("trap '' TERM; sh -c 'trap \"\" TERM; echo $$; sleep 60'")
    };
    let reply = run(&hook).await;
    assert_eq!(reply.answer, Answer::Failed("it took longer than 200ms".into()));
    is_gone(&reply.said[0]).await;
}

#[tokio::test]
async fn what_it_leaves_running_is_ended_when_it_has_passed() {
    let reply = run(&shell("sleep 60 & echo $!")).await;
    assert_eq!(reply.answer, Answer::Passed);
    is_gone(&reply.said[0]).await;
}

#[tokio::test]
async fn an_interruption_ends_it_in_its_own_way() {
    let (interrupt, interrupted) = oneshot::channel::<()>();
    let folder = tempfile::tempdir().expect("a folder");
    let there = folder.path().join("there");
    let hook = shell(&format!(
        "trap 'echo cleaned up; exit 0' TERM; touch {}; while true; do sleep 0.05; done",
        there.display()
    ));
    let outside = outside(with_path);
    let told = told();
    let stop: BoxFuture<'_, ()> = Box::pin(async {
        let _ = interrupted.await;
    });
    let call = outside.call(&hook, &told, stop);
    let begun = async {
        while !there.exists() {
            sleep(Duration::from_millis(10)).await;
        }
        interrupt.send(()).expect("it listens");
    };
    let (reply, ()) = tokio::join!(call, begun);
    assert_eq!(reply.answer, Answer::Stopped);
    assert_eq!(reply.said.last().map(String::as_str), Some("cleaned up"));
}

#[tokio::test]
async fn of_what_it_writes_without_end_the_end_is_kept() {
    let reply = run(&shell(
        "i=0; while [ $i -lt 9000 ]; do echo line $i; i=$((i+1)); done",
    ))
    .await;
    assert_eq!(reply.answer, Answer::Passed);
    assert!(reply.said[0].contains("left out"), "{}", reply.said[0]);
    assert_eq!(reply.said.last().map(String::as_str), Some("line 8999"));
    assert!(reply.said.iter().map(String::len).sum::<usize>() <= 33 * 1024);
}
