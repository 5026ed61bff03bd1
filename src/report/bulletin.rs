//! Turns the end of a run into letters for those who want to hear of it.

use std::fmt;
use std::io;

use minijinja::{Environment, context};
use serde::Serialize;

use super::words;
use crate::model::event::{Ended, Event, EventKind, Reporter, Verdict};
use crate::model::judgement;
use crate::model::judgement::Verdict as Judged;
use crate::model::notify::{Letter, Notify, Occasion, Template};
use crate::model::plan::{Intent, Plan};
use crate::model::step::Step;

use super::visible::visible;

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

/// Hears a run; `post` gets each letter as soon as there is a reason for it.
pub struct Bulletin {
    wanted: Vec<Notify>,
    post: Box<dyn FnMut(Letter) + Send>,
    about: About,
    /// What was said last of the candidate: the same once more is no news.
    judged: Option<judgement::Verdict>,
}

/// What a run said about itself when it began.
#[derive(Default)]
struct About {
    app: String,
    command: String,
    plan: Option<Box<Plan>>,
}

/// What there is to tell.
struct News<'a> {
    occasion: Occasion,
    run: &'a str,
    code: Option<u8>,
    summary: String,
    reasons: &'a [String],
    truth: &'a [String],
    next: &'a [String],
}

impl Bulletin {
    pub fn new(wanted: Vec<Notify>, post: Box<dyn FnMut(Letter) + Send>) -> Self {
        Self {
            wanted,
            post,
            about: About::default(),
            judged: None,
        }
    }

    fn tell(&mut self, news: &News<'_>) {
        for notify in self
            .wanted
            .iter()
            .filter(|notify| notify.on.contains(&news.occasion))
        {
            let (kind, body) = written(&notify.template, &self.about, news);
            (self.post)(Letter {
                to: notify.to.clone(),
                kind,
                body,
                timeout: notify.timeout,
            });
        }
    }
}

impl Reporter for Bulletin {
    fn on(&mut self, event: &Event) -> io::Result<()> {
        match &event.kind {
            EventKind::RunStarted {
                app, command, plan, ..
            } => {
                self.about = About {
                    app: app.clone(),
                    command: command.clone(),
                    plan: plan.clone(),
                };
            }
            EventKind::Judged { judgement, .. } if matches!(judgement.verdict, Judged::Fail(_)) => {
                self.tell(&News {
                    occasion: Occasion::Judged,
                    run: &event.run,
                    code: None,
                    summary: words::judged(judgement),
                    reasons: &[],
                    truth: &[],
                    next: &[],
                });
            }
            EventKind::RunFinished { verdict } => {
                for occasion in occasions(self.about.plan.as_deref(), verdict) {
                    self.tell(&News {
                        occasion,
                        run: &event.run,
                        code: Some(verdict.code),
                        summary: verdict.summary.clone(),
                        reasons: &verdict.reasons,
                        truth: &verdict.truth,
                        next: &verdict.next,
                    });
                }
            }
            EventKind::Judged { judgement, .. } if self.judged != Some(judgement.verdict) => {
                self.judged = Some(judgement.verdict);
                self.tell(&News {
                    occasion: Occasion::Judged,
                    run: &event.run,
                    code: None,
                    summary: judgement.sentence.clone(),
                    reasons: &judgement.notes,
                    truth: &[],
                    next: &[],
                });
            }
            _ => {}
        }
        Ok(())
    }
}

impl fmt::Debug for Bulletin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bulletin")
            .field("wanted", &self.wanted.len())
            .finish()
    }
}

/// What the end of a run comes to. What was so already, or was refused before it began, is no news.
fn occasions(plan: Option<&Plan>, verdict: &Verdict) -> Vec<Occasion> {
    match (verdict.ended, plan) {
        (Ended::Done, Some(plan)) => match &plan.intent {
            Intent::Deploy { .. } if plan.moves_production() => vec![Occasion::Deployed, Occasion::Promoted],
            Intent::Deploy { .. } => vec![Occasion::Deployed],
            Intent::Promote | Intent::PromoteFully | Intent::Resume | Intent::Winner { .. } => {
                vec![Occasion::Promoted]
            }
            Intent::Rollback { .. } | Intent::Retreat => vec![Occasion::RolledBack],
            Intent::Shift { .. } | Intent::Pause => vec![Occasion::Paused],
            // The test was over, and its measure has picked.
            Intent::Repair if plan.steps.iter().any(awaits_winner) => vec![Occasion::Promoted],
            Intent::Abort | Intent::Retire { .. } | Intent::Repair => Vec::new(),
        },
        (Ended::SwungBack, _) => vec![Occasion::RolledBack, Occasion::Failed],
        (Ended::Failed | Ended::Stopped, _) => vec![Occasion::Failed],
        (Ended::Paused, _) => vec![Occasion::Paused],
        _ => Vec::new(),
    }
}

fn awaits_winner(step: &Step) -> bool {
    matches!(step, Step::AwaitWinner { .. })
}

fn written(template: &Template, about: &About, news: &News<'_>) -> (&'static str, String) {
    match template {
        Template::Plain => (TEXT, plain(about, news)),
        Template::Json => (JSON, serde_json::json!(said(about, news)).to_string()),
        Template::Slack => {
            let text = plain(about, news)
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;");
            (JSON, serde_json::json!({ "text": text }).to_string())
        }
        Template::Text(text) => match rendered(text, about, news) {
            Ok(body) if serde_json::from_str::<serde_json::Value>(&body).is_ok() => (JSON, body),
            Ok(body) => (TEXT, body),
            // Better something than nothing.
            Err(error) => (
                TEXT,
                format!("{}\n(the template failed: {error})\n", plain(about, news)),
            ),
        },
    }
}

fn plain(about: &About, news: &News<'_>) -> String {
    let mut text = format!("{}: {}: {}\n", about.app, news.occasion, news.summary);
    let lists = [("", news.reasons), ("", news.truth), ("next: ", news.next)];
    for (before, lines) in lists {
        for line in lines {
            text += &format!("{before}{line}\n");
        }
    }
    // Whoever reads it sees all that is in it; lines stay lines.
    text.lines().map(|line| format!("{}\n", visible(line))).collect()
}

/// All of it by name.
#[derive(Serialize)]
struct Said<'a> {
    app: String,
    command: String,
    run: &'a str,
    occasion: String,
    code: Option<u8>,
    summary: String,
    reasons: Vec<String>,
    truth: Vec<String>,
    next: Vec<String>,
}

fn said<'a>(about: &About, news: &News<'a>) -> Said<'a> {
    let seen = |lines: &[String]| lines.iter().map(|line| visible(line).into_owned()).collect();
    Said {
        app: visible(&about.app).into_owned(),
        command: visible(&about.command).into_owned(),
        run: news.run,
        occasion: news.occasion.to_string(),
        code: news.code,
        summary: visible(&news.summary).into_owned(),
        reasons: seen(news.reasons),
        truth: seen(news.truth),
        next: seen(news.next),
    }
}

fn rendered(text: &str, about: &About, news: &News<'_>) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.add_filter("json", |text: String| serde_json::Value::from(text).to_string());
    let said = said(about, news);
    environment.render_str(
        text,
        context! {
            app => said.app,
            command => said.command,
            run => said.run,
            occasion => said.occasion,
            code => said.code,
            summary => said.summary,
            reasons => said.reasons,
            truth => said.truth,
            next => said.next,
        },
    )
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::super::recorded;
    use super::*;
    use crate::model::judgement::Judgement;
    use crate::model::notify::Address;

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
        ];
        let letters = told(
            &[Occasion::Judged],
            Template::Text("{{ summary }}".into()),
            &events,
        );
        let bodies: Vec<&str> = letters.iter().map(|letter| letter.body.as_str()).collect();
        assert_eq!(bodies, ["too little", "all is well"]);
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
}
