//! The shell steps of the pipelines, taken out of their files and run in order, so that they cannot rot.

use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use crate::support::swing::{Ran, Scene};

#[derive(Deserialize)]
struct Step {
    file: String,
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
fn run(scene: &Scene, file: &str, given: &[(&str, &str)]) -> usize {
    let mut left_out = 0;
    for step in steps(file) {
        if step.is_of_the_platform() {
            left_out += 1;
            continue;
        }
        let ran = one(scene, &step, given);
        // Jenkins decides by the plan's own exit code; the GitHub step turns it into an output.
        let expected = if step.name() == "plan" && file.starts_with("jenkins") {
            10
        } else {
            0
        };
        assert_eq!(
            ran.code,
            expected,
            "{}: {}: {}",
            step.file,
            step.name(),
            ran.transcript()
        );
    }
    left_out
}

fn one(scene: &Scene, step: &Step, given: &[(&str, &str)]) -> Ran {
    let tool = Path::new(env!("CARGO_BIN_EXE_swingbridge"));
    let folder = tool.parent().expect("a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = scene.command("bash");
    command
        .args(["-c", &step.run])
        .env("PATH", format!("{}:{path}", folder.display()))
        .env("GITHUB_ACTOR", "ada")
        .env("GITHUB_STEP_SUMMARY", scene.path("summary.md"))
        .env("GITHUB_OUTPUT", scene.path("output.txt"));
    for (name, value) in &step.env {
        match given.iter().find(|(given, _)| given == name) {
            Some((_, value)) => command.env(name, value),
            // What the platform would have to fill in is not ours to guess.
            None if value.contains("${") => command.env(name, ""),
            None => command.env(name, value),
        };
    }
    let output = command.output().expect("bash runs");
    Ran::of(&output, step.name().to_owned())
}

#[test]
fn the_github_workflows_plan_deploy_promote_and_roll_back() {
    let scene = Scene::new("initial");
    scene.write("release.env", "RELEASE=2.0\nLAUNCH_TEMPLATE_VERSION=2\n");
    let before = scene.look();
    assert_eq!(run(&scene, "github/plan.yml", &[]), 2);
    assert_eq!(scene.look(), before, "a plan changed something");
    let summary = std::fs::read_to_string(scene.path("summary.md")).expect("a summary");
    assert!(summary.contains("<!-- swingbridge plan:"), "{summary}");

    assert_eq!(run(&scene, "github/deploy.yml", &[]), 2);
    assert!(
        scene.status().contains("generation 2 (2.0) is"),
        "{}",
        scene.status()
    );
    assert_eq!(run(&scene, "github/promote.yml", &[]), 2);
    assert!(
        scene.status().contains("generation 2 (2.0) is live"),
        "{}",
        scene.status()
    );
    assert_eq!(
        run(&scene, "github/rollback.yml", &[("REASON", "too many errors")]),
        1
    );
    assert!(
        scene.status().contains("generation 1 is live"),
        "{}",
        scene.status()
    );
}

#[test]
fn the_jenkins_pipelines_deploy_promote_and_roll_back() {
    let scene = Scene::new("initial");
    let release = [
        ("RELEASE", "2.0"),
        ("LAUNCH_TEMPLATE_VERSION", "2"),
        ("IMAGE", ""),
    ];
    assert_eq!(run(&scene, "jenkins/Jenkinsfile.deploy", &release), 0);
    assert_eq!(run(&scene, "jenkins/Jenkinsfile.promote", &[]), 0);
    assert!(
        scene.status().contains("generation 2 (2.0) is live"),
        "{}",
        scene.status()
    );
    assert_eq!(
        run(
            &scene,
            "jenkins/Jenkinsfile.rollback",
            &[("REASON", "too many errors")]
        ),
        0
    );
    assert!(
        scene.status().contains("generation 1 is live"),
        "{}",
        scene.status()
    );
}
