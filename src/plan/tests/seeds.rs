//! What the fuzzers begin with: scenes and saved plans, as they are written today.

use std::fs;
use std::path::Path;

use serde::Serialize;

use super::*;
use crate::model::event::{Ended, Event, EventKind, Outcome, Verdict};
use crate::model::fixtures::{
    deployed, halfway, holder, initial, lock_rule, policy, policy_of, promoted, rolled_back, test,
    test_running, to,
};

#[derive(Serialize)]
struct Scene {
    estate: Estate,
    policy: Policy,
    intent: Intent,
}

fn scenes() -> Vec<(&'static str, Scene)> {
    let mut held = halfway();
    fixtures::add_rule(&mut held, lock_rule(&holder(), to(2)));
    [
        ("initial", initial(), deploy("42")),
        ("deployed", deployed(), Intent::Promote),
        ("halfway", held, rollback()),
        ("promoted", promoted(), retire(None)),
        ("rolled-back", rolled_back(), Intent::Abort),
    ]
    .map(|(name, estate, intent)| {
        let policy = policy();
        (
            name,
            Scene {
                estate,
                policy,
                intent,
            },
        )
    })
    .into_iter()
    .chain([(
        "test",
        Scene {
            estate: test_running(),
            policy: policy_of(test()),
            intent: Intent::Winner { name: "bold".into() },
        },
    )])
    .collect()
}

/// `UPDATE_SEEDS=1` writes them, and a test fails when they are not what is written now.
fn kept(folder: &str, name: &str, text: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
    let path = root.join(folder).join(name);
    if std::env::var_os("UPDATE_SEEDS").is_some() {
        fs::create_dir_all(root.join(folder)).expect("a folder");
        fs::write(&path, text).expect("written");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == text,
        "{} is out of date: run with UPDATE_SEEDS=1",
        path.display()
    );
}

/// A promotion that failed, as its journal has it.
fn journal() -> String {
    let plan = plan(&deployed(), &Intent::Promote, &policy()).expect("a plan");
    let error = "ModifyRule did not answer for now: Rate exceeded".to_owned();
    let kinds = [
        EventKind::RunStarted {
            app: plan.app.clone(),
            command: "swingbridge promote".into(),
            summary: plan.summary.clone(),
            steps: plan.steps.iter().map(|step| step.title()).collect(),
            plan: Some(Box::new(plan)),
        },
        EventKind::Notice {
            text: "the lock is taken over".into(),
        },
        EventKind::StepStarted { step: 0 },
        EventKind::Progress {
            step: 0,
            have: 1,
            want: 2,
            reasons: vec!["1 initial (Elb.InitialHealthChecking)".into()],
        },
        EventKind::Retrying {
            step: 0,
            error: error.clone(),
        },
        EventKind::StepFinished {
            step: 0,
            outcome: Outcome::Failed { error: error.clone() },
        },
        EventKind::RunFinished {
            verdict: Verdict {
                ended: Ended::Failed,
                code: 4,
                summary: "promote failed".into(),
                reasons: vec![error],
                truth: vec!["production goes to generation 1".into()],
                next: vec!["swingbridge promote".into()],
            },
        },
    ];
    (0..)
        .zip(kinds)
        .map(|(index, kind)| Event {
            run: "run-1".into(),
            index,
            at: fixtures::minute(0),
            elapsed: std::time::Duration::from_millis(1500 * index),
            kind,
        })
        .map(|event| serde_json::to_string(&event).expect("JSON") + "\n")
        .collect()
}

#[test]
fn the_fuzzers_begin_with_what_is_written_today() {
    for (name, scene) in scenes() {
        let text = serde_json::to_string(&scene).expect("JSON");
        kept("estate", &format!("{name}.json"), &text);
        let plan = plan(&scene.estate, &scene.intent, &scene.policy).expect("a plan");
        let text = serde_json::to_string(&plan).expect("JSON");
        kept("plan_file", &format!("{name}.json"), &text);
    }
    kept("journal", "promote.jsonl", &journal());
}
