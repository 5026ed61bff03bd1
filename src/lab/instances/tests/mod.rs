//! The machines of these tests are this same test executable, started again for one test only: [`machine`].

mod imagined;
mod machines;
mod probes;
mod processes;

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, test_kill_process};
use tokio::time::{sleep, timeout};

use super::addresses::Addresses;
use super::child;
use super::user_data::Program;

#[test]
#[ignore = "what the other tests start as a machine; alone it finds nothing to be"]
fn machine() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(child::main());
}

/// Starts [`machine`].
fn command() -> Vec<OsString> {
    again("machine")
}

/// Starts this executable again, for one test of this module.
fn again(test: &str) -> Vec<OsString> {
    let (_, module) = module_path!().split_once("::").expect("the crate comes first");
    let name = format!("{module}::{test}");
    let mut command = vec![std::env::current_exe().expect("this executable").into_os_string()];
    command.extend([&*name, "--exact", "--ignored", "--nocapture"].map(OsString::from));
    command
}

/// Waits for what comes soon, and fails when it does not.
async fn soon(what: &str, mut so: impl FnMut() -> bool) {
    let waited = timeout(Duration::from_secs(20), async {
        while !so() {
            sleep(Duration::from_millis(10)).await;
        }
    });
    assert!(waited.await.is_ok(), "{what}: not in 20 s");
}

fn alive(process: Pid) -> bool {
    test_kill_process(process).is_ok()
}

/// A process id that a script wrote.
fn written(path: &Path) -> Option<Pid> {
    Pid::from_raw(
        std::fs::read_to_string(path)
            .ok()?
            .strip_suffix('\n')?
            .parse()
            .ok()?,
    )
}

#[test]
#[cfg(target_os = "linux")]
fn each_instance_has_a_loopback_address_of_its_own_and_the_port_it_is_expected_on() {
    let addresses = Addresses::for_process(7);
    let [first, second] = [(); 2].map(|()| addresses.take(18_080).expect("an address"));
    assert_eq!(first.to_string(), "127.1.7.1:18080");
    assert_eq!(second.to_string(), "127.1.7.2:18080");
}

#[test]
#[cfg(target_os = "linux")]
fn an_address_that_is_listened_on_is_left_alone() {
    let _taken = std::net::TcpListener::bind("127.1.9.1:18081").expect("a free address");
    assert_eq!(
        Addresses::for_process(9)
            .take(18_081)
            .expect("an address")
            .to_string(),
        "127.1.9.2:18081"
    );
}

#[test]
fn user_data_that_cannot_run_here_is_the_sample_with_a_reason() {
    for (user_data, reason) in [
        ("", "no user data"),
        ("#cloud-config\npackages: [nginx]", "cloud-init"),
        ("MZ\0", "neither"),
    ] {
        let Ok(Program::Sample {
            because: Some(because),
            ..
        }) = Program::of(user_data)
        else {
            panic!("{user_data}")
        };
        assert!(because.contains(reason), "{because}");
    }
    assert_eq!(
        Program::of("#!/bin/sh\nexec true").expect("a program"),
        Program::Script
    );
    assert_eq!(Program::of("#!samples/run").expect("a program"), Program::Script);
}

#[test]
fn knobs_that_cannot_be_read_are_an_error_with_the_line_of_the_user_data() {
    let error = Program::of("#!sample\nversion = '1'\nbooot = '2s'\n").expect_err("this knob is unknown");
    assert!(error.contains("booot") && error.contains("line 3"), "{error}");
}
