//! What is told to whom, in which form, and of which end.

use std::sync::mpsc;
use std::time::Duration;

use super::super::recorded;
use super::*;
use crate::model::fixtures;
use crate::model::judgement::Judgement;
use crate::model::judging::Consequence;
use crate::model::notify::Address;
use crate::model::rollout::End;

fn told(on: &[Occasion], template: Template, events: &[Event]) -> Vec<Letter> {
    let notify = Notify {
        on: on.to_vec(),
        to: Address::Variable("SLACK".into()),
        template,
        timeout: Duration::from_secs(5),
    };
    let (sender, letters) = mpsc::channel();
    let mut bulletin = Bulletin::new(
        vec![notify],
        Box::new(move |letter| sender.send(letter).expect("somebody listens")),
    );
    for event in events {
        bulletin.on(event).expect("it never fails");
    }
    letters.try_iter().collect()
}

#[test]
fn as_json_it_has_everything_by_name() {
    let letters = told(&[Occasion::Deployed], Template::Json, &recorded::deploy());
    let [letter] = letters.as_slice() else {
        panic!("{letters:?}")
    };
    assert_eq!(letter.kind, JSON);
    let body: serde_json::Value = serde_json::from_str(&letter.body).expect("json");
    let keys: Vec<&String> = body.as_object().expect("an object").keys().collect();
    assert_eq!(
        keys,
        [
            "app", "code", "command", "next", "occasion", "reasons", "run", "summary", "truth"
        ]
    );
    assert_eq!(
        (&body["occasion"], &body["code"]),
        (&"deployed".into(), &0.into())
    );
}

#[test]
fn of_what_is_repaired_only_a_test_whose_measure_picked_is_told() {
    let wait = Step::AwaitWinner {
        lasts: Duration::ZERO,
        pick: Some("orders".into()),
    };
    for (steps, told_of) in [(Vec::new(), vec![]), (vec![wait], vec!["promoted"])] {
        let mut events = recorded::deploy();
        for event in &mut events {
            if let EventKind::RunStarted { plan: Some(plan), .. } = &mut event.kind {
                (plan.intent, plan.steps) = (Intent::Repair, steps.clone());
            }
        }
        let letters = told(&ALL, Template::Text("{{ occasion }}".into()), &events);
        let bodies: Vec<&str> = letters.iter().map(|letter| letter.body.as_str()).collect();
        assert_eq!(bodies, told_of);
    }
}

const ALL: [Occasion; 4] = [
    Occasion::Deployed,
    Occasion::Promoted,
    Occasion::RolledBack,
    Occasion::Failed,
];

#[test]
fn each_end_is_told_to_those_who_wanted_to_hear_of_it() {
    for (events, occasions) in [
        (recorded::deploy(), vec!["deployed"]),
        (recorded::troubled(), vec!["failed"]),
        (recorded::swung_back(), vec!["rolled-back", "failed"]),
    ] {
        let letters = told(&ALL, Template::Text("{{ occasion }}".into()), &events);
        let bodies: Vec<&str> = letters.iter().map(|letter| letter.body.as_str()).collect();
        assert_eq!(bodies, occasions);
    }
    assert_eq!(
        told(&[Occasion::Failed], Template::Plain, &recorded::deploy()),
        []
    );
}

#[test]
fn the_judge_is_quoted_when_it_says_something_else_than_before() {
    let said = |verdict, sentence: &str| Event {
        kind: EventKind::Judged {
            step: 3,
            judgement: Judgement {
                verdict,
                sentence: sentence.into(),
                findings: Vec::new(),
                notes: Vec::new(),
            },
        },
        ..recorded::deploy().remove(0)
    };
    let events = [
        said(judgement::Verdict::Inconclusive, "too little"),
        said(judgement::Verdict::Pass, "all is well"),
        said(judgement::Verdict::Pass, "all is well still"),
        said(judgement::Verdict::Fail(Consequence::Reduce), "too slow"),
    ];
    let letters = told(
        &[Occasion::Judged],
        Template::Text("{{ summary }}".into()),
        &events,
    );
    let bodies: Vec<&str> = letters.iter().map(|letter| letter.body.as_str()).collect();
    assert_eq!(
        bodies,
        [
            "no verdict yet: too little",
            "good so far: all is well",
            "bad (reduce): too slow"
        ]
    );
}

#[test]
fn slack_gets_its_own_form_in_which_nobody_is_called() {
    let mut events = recorded::troubled();
    if let Some(EventKind::RunFinished { verdict }) = events.last_mut().map(|event| &mut event.kind) {
        verdict.summary = "<!channel> \u{1b}[2J & more".into();
    }
    let letter = told(&ALL, Template::Slack, &events).remove(0);
    assert_eq!(letter.kind, JSON);
    let body: serde_json::Value = serde_json::from_str(&letter.body).expect("JSON");
    let text = body["text"].as_str().expect("a text");
    assert!(
        text.contains("failed: &lt;!channel&gt; \\u{1b}[2J &amp; more\n"),
        "{text}"
    );
}

#[test]
fn a_text_of_ones_own_is_json_when_it_reads_as_json() {
    let events = recorded::deploy();
    let own = |text: &str| told(&ALL, Template::Text(text.into()), &events).remove(0);
    let json = own("{\"what\": {{ summary | json }}, \"code\": {{ code }}}");
    assert_eq!(json.kind, JSON);
    let body: serde_json::Value = serde_json::from_str(&json.body).expect("JSON");
    assert_eq!(body["code"], 0);
    assert_eq!(own("{{ app }} is done").kind, TEXT);
    assert!(
        own("{{ app | nothing_like_it }}")
            .body
            .contains("the template failed")
    );
}

/// One that takes these steps.
fn plan(intent: Intent, steps: &[Step]) -> Plan {
    Plan {
        intent,
        steps: steps.to_vec(),
        ..recorded::empty_plan()
    }
}

fn by(strategy: Strategy, mut plan: Plan) -> Plan {
    plan.policy.strategy = strategy;
    plan
}

fn verdict(ended: Ended, code: u8) -> Verdict {
    Verdict {
        ended,
        code,
        summary: String::new(),
        reasons: Vec::new(),
        truth: Vec::new(),
        next: Vec::new(),
    }
}

/// The commands that there are, each with steps that it may take, and what it is told as when it is done.
fn commands() -> Vec<(Plan, Vec<Occasion>)> {
    use Occasion::{Deployed, Paused, Promoted, RolledBack};
    let deploy = || Intent::Deploy {
        release: fixtures::release("42"),
    };
    let beside = recorded::deploy_plan().steps;
    let swings = recorded::promote_plan().steps;
    let direct: Vec<Step> = beside.iter().chain(&swings).cloned().collect();
    let stop = Step::Stop {
        group: fixtures::asg(1),
        target_group: fixtures::tg(1),
        next: fixtures::asg(2),
    };
    let instead: Vec<Step> = std::iter::once(&stop).chain(&swings).cloned().collect();
    let in_place = [Step::AwaitRefresh {
        group: fixtures::asg(1),
        wants: End::Successful,
    }];
    let picks = [Step::AwaitWinner {
        lasts: Duration::ZERO,
        pick: Some("orders".into()),
    }];
    let pays = [Step::PayObligations {
        group: fixtures::asg(2),
    }];
    let back = Intent::Rollback {
        to: None,
        failed: None,
    };
    let winner = Intent::Winner { name: "bold".into() };
    let retire = Intent::Retire { generation: None };
    vec![
        (plan(deploy(), &beside), vec![Deployed]),
        (plan(deploy(), &direct), vec![Deployed, Promoted]),
        (plan(deploy(), &instead), vec![Deployed, Promoted]),
        (
            by(Strategy::Rolling, plan(deploy(), &in_place)),
            vec![Deployed, Promoted],
        ),
        // What was left of one that was cut off.
        (
            by(Strategy::Direct, plan(deploy(), &pays)),
            vec![Deployed, Promoted],
        ),
        (plan(deploy(), &pays), vec![Deployed]),
        (plan(Intent::Promote, &swings), vec![Promoted]),
        (plan(Intent::Promote, &pays), vec![Promoted]),
        (plan(Intent::Promote, &picks), vec![Promoted]),
        (plan(Intent::PromoteFully, &swings), vec![Promoted]),
        (plan(Intent::Resume, &swings), vec![Promoted]),
        (plan(winner, &swings), vec![Promoted]),
        (plan(Intent::Shift { percent: 30 }, &swings), vec![Paused]),
        (plan(Intent::Pause, &[]), vec![Paused]),
        (plan(back, &swings), vec![RolledBack]),
        (plan(Intent::Retreat, &swings), vec![RolledBack]),
        (plan(Intent::Abort, &pays), vec![]),
        (plan(retire, &pays), vec![]),
        (plan(Intent::Repair, &pays), vec![]),
        (plan(Intent::Repair, &picks), vec![Promoted]),
    ]
}

#[test]
fn what_is_done_is_told_as_what_it_was() {
    for (plan, told_of) in commands() {
        let told = occasions(Some(&plan), &verdict(Ended::Done, 0));
        assert_eq!(told, told_of, "{}: {:#?}", plan.intent.word(), plan.steps);
    }
}

#[test]
fn whatever_was_not_done_is_told_by_how_it_ended() {
    use Occasion::{Failed, Paused, RolledBack};
    // A pause, a test that begins or runs, and what the judge holds for a person all end with 9.
    let table: [(Ended, u8, &[Occasion]); 11] = [
        (Ended::Paused, 9, &[Paused]),
        // By the judge, by nobody who is healthy, by a route that could not be written.
        (Ended::SwungBack, 5, &[RolledBack, Failed]),
        (Ended::Failed, 4, &[Failed]),
        (Ended::Stopped, 6, &[Failed]),
        (Ended::NothingToDo, 0, &[]),
        (Ended::Refused, 3, &[]),
        (Ended::Locked, 7, &[]),
        (Ended::Stale, 8, &[]),
        (Ended::Overtaken, 8, &[]),
        (Ended::Interrupted, 130, &[]),
        (Ended::Interrupted, 143, &[]),
    ];
    for (ended, code, told_of) in table {
        let verdict = verdict(ended, code);
        assert_eq!(
            told_of.contains(&Failed),
            matches!(code, 4..=6),
            "as docs/hooks.md has it: {ended:?}"
        );
        for (plan, _) in commands() {
            let word = plan.intent.word();
            assert_eq!(occasions(Some(&plan), &verdict), told_of, "{word}: {ended:?}");
        }
        assert_eq!(occasions(None, &verdict), told_of, "{ended:?}");
    }
    assert_eq!(occasions(None, &verdict(Ended::Done, 0)), []);
}
