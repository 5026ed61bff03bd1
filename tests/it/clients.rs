//! What was written for AWS drives the lab: boto3, the aws CLI, and a browser that opens its dashboard; and another
//! stand-in for AWS judges as it does. The reference client is held to its contract.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use crate::support::ground::Lab;
use crate::support::localstack::skip;
use crate::support::swing::binary;

/// Far more than it takes, on a machine that is busy with everything else.
const PATIENCE: Duration = Duration::from_secs(300);

pub(crate) fn of_the_tests(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(path)
}

/// Runs a program to its end and gives what it said. Fails with all of that when the program does.
async fn output(command: &mut Command) -> String {
    let done = timeout(PATIENCE, command.kill_on_drop(true).output())
        .await
        .expect("in time")
        .expect("the program can be started");
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(
        done.status.success(),
        "{}\n{said}{}",
        done.status,
        String::from_utf8_lossy(&done.stderr)
    );
    said
}

fn is_in_path(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

/// The Python that has what this file names.
pub(crate) async fn environment(requirements: &str) -> String {
    let mut install = Command::new(of_the_tests("clients/environment"));
    output(install.arg(requirements)).await.trim().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_and_the_aws_cli_find_what_aws_promises() {
    let python = environment("requirements.txt").await;
    let lab = Lab::empty().await;
    let said = output(
        Command::new(&python)
            .arg(of_the_tests("clients/conformance.py"))
            .arg(&lab.endpoint),
    )
    .await;
    assert!(said.contains(" held, 0 failed"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lab_and_moto_deny_the_same_calls_under_every_printed_policy() {
    let python = environment("requirements.txt").await;
    let said = output(
        Command::new(&python)
            .arg(of_the_tests("clients/permissions.py"))
            .arg(binary()),
    )
    .await;
    assert!(
        said.contains("lab and moto agree") && said.contains("status: done"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grpc_client_that_pins_a_colour_does_not_notice_that_the_doors_swing() {
    let python = environment("requirements.txt").await;
    let estate = of_the_tests("clients/colours.toml");
    let estate = estate.to_str().expect("a path in words");
    let lab = Lab::up(&["--config", estate, "--speed", "10"]).await;
    let said = output(
        Command::new(&python)
            .arg(of_the_tests("clients/colours.py"))
            .arg(&lab.endpoint),
    )
    .await;
    assert!(said.contains("ok "), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reference_client_does_as_its_contract_says_under_answers_that_no_lab_gives() {
    let python = environment("requirements.txt").await;
    let said = output(Command::new(&python).arg(of_the_tests("clients/pinned_answers.py"))).await;
    assert!(said.contains(" held, 0 failed"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_dashboard_shows_in_a_browser_what_the_lab_says() {
    let missing: Vec<_> = ["node", "chromium", "chromedriver"]
        .into_iter()
        .filter(|program| !is_in_path(program))
        .collect();
    if !missing.is_empty() {
        skip(&format!(
            "the dashboard in a browser: no {}",
            missing.join(", no ")
        ));
        return;
    }
    let lab = Lab::up(&[]).await;
    let said = output(
        Command::new("node")
            .arg(of_the_tests("browser/dashboard.mjs"))
            .arg(&lab.endpoint),
    )
    .await;
    assert!(said.contains("ok "), "{said}");
}
