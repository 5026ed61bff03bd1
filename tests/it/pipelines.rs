//! The shell steps of the pipelines, taken out of their files and run in order, so that they cannot rot.

use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use crate::support::{Estate, Ground, Swing};

#[derive(Deserialize)]
struct Step {
    name: Option<String>,
    env: std::collections::BTreeMap<String, String>,
    run: String,
}

impl Step {
    fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    /// Steps that need GitHub itself, or fetch the tool.
    fn is_of_the_platform(&self) -> bool {
        self.name().starts_with("install:") || self.name().starts_with("comment:")
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn steps(file: &str) -> Vec<Step> {
    let output = Command::new(root().join("pipelines/check"))
        .args(["extract", &root().join("pipelines").join(file).to_string_lossy()])
        .output()
        .expect("the extractor runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("steps")
}

/// Runs a file's steps; `given` are the values that the platform would put in. Says how many were
/// left to the platform.
async fn run(swing: &Swing, file: &str, given: &[(&str, &str)]) -> usize {
    let mut left_out = 0;
    for step in steps(file) {
        if step.is_of_the_platform() {
            left_out += 1;
            continue;
        }
        // Jenkins decides by the plan's own exit code; the GitHub step turns it into an output.
        let expected = if step.name() == "plan" && file.starts_with("jenkins") {
            10
        } else {
            0
        };
        swing
            .shell(&step.run, &variables(swing, &step, given))
            .await
            .ended(expected);
    }
    left_out
}

fn variables(swing: &Swing, step: &Step, given: &[(&str, &str)]) -> Vec<(String, String)> {
    let place = |name: &str| swing.path(name).to_string_lossy().into_owned();
    let mut all = vec![
        ("GITHUB_ACTOR".to_owned(), "ada".to_owned()),
        ("GITHUB_STEP_SUMMARY".to_owned(), place("summary.md")),
        ("GITHUB_OUTPUT".to_owned(), place("output.txt")),
    ];
    for (name, value) in &step.env {
        let value = match given.iter().find(|(given, _)| given == name) {
            Some((_, value)) => (*value).to_owned(),
            // What the platform would have to fill in is not ours to guess.
            None if value.contains("${") => String::new(),
            None => value.clone(),
        };
        all.push((name.clone(), value));
    }
    all
}

async fn live_is(swing: &Swing, headline: &str) {
    swing.run(&["status"]).await.ended(0).says(headline);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_github_workflows_plan_deploy_promote_and_roll_back() {
    let estate = Estate::initial(Ground::LocalStack).await;
    let swing = Swing::adopting(&estate).await;
    swing.write("release.env", "RELEASE=2.0\nLAUNCH_TEMPLATE_VERSION=2\n");
    let before = estate.look().await;
    assert_eq!(run(&swing, "github/plan.yml", &[]).await, 2);
    assert_eq!(estate.look().await, before, "a plan changed something");
    let summary = std::fs::read_to_string(swing.path("summary.md")).expect("a summary");
    assert!(summary.contains("<!-- swingbridge plan:"), "{summary}");

    assert_eq!(run(&swing, "github/deploy.yml", &[]).await, 2);
    live_is(&swing, "generation 1 is live; generation 2 (2.0) is ready").await;
    assert_eq!(run(&swing, "github/promote.yml", &[]).await, 2);
    live_is(&swing, "generation 2 (2.0) is live").await;
    assert_eq!(
        run(&swing, "github/rollback.yml", &[("REASON", "too many errors")]).await,
        1
    );
    live_is(&swing, "generation 1 is live").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_jenkins_pipelines_deploy_promote_and_roll_back() {
    let estate = Estate::initial(Ground::LocalStack).await;
    let swing = Swing::adopting(&estate).await;
    let release = [
        ("RELEASE", "2.0"),
        ("LAUNCH_TEMPLATE_VERSION", "2"),
        ("IMAGE", ""),
    ];
    assert_eq!(run(&swing, "jenkins/Jenkinsfile.deploy", &release).await, 0);
    assert_eq!(run(&swing, "jenkins/Jenkinsfile.promote", &[]).await, 0);
    live_is(&swing, "generation 2 (2.0) is live").await;
    assert_eq!(
        run(
            &swing,
            "jenkins/Jenkinsfile.rollback",
            &[("REASON", "too many errors")]
        )
        .await,
        0
    );
    live_is(&swing, "generation 1 is live").await;
}
