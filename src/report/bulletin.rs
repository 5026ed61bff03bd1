//! Turns the end of a run into letters for those who want to hear of it.

use std::fmt;
use std::io;

use minijinja::{Environment, context};
use serde::Serialize;

use crate::model::event::{Ended, Event, EventKind, Reporter, Verdict};
use crate::model::judgement;
use crate::model::notify::{Letter, Notify, Occasion, Template};
use crate::model::plan::{Intent, Plan};
use crate::model::policy::Strategy;
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
                    summary: format!("{}: {}", judgement.verdict, judgement.sentence),
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
            Intent::Deploy { .. } if swings(plan) => vec![Occasion::Deployed, Occasion::Promoted],
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

/// Whether production goes to what is deployed, perhaps by a run before this one.
fn swings(plan: &Plan) -> bool {
    let strategy = plan.policy.strategy;
    matches!(
        strategy,
        Strategy::Direct | Strategy::Recreate | Strategy::Rolling
    ) || plan.moves_production()
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
    let mut lines = vec![format!("{}: {}: {}", about.app, news.occasion, news.summary)];
    let lists = [("", news.reasons), ("", news.truth), ("next: ", news.next)];
    for (before, texts) in lists {
        for text in texts {
            // A way out follows its reason on a line of its own; other line breaks are not ours.
            let mut parts = text.split("\n→ ");
            lines.extend(parts.next().map(|reason| format!("{before}{reason}")));
            lines.extend(parts.map(|way| format!("→ {way}")));
        }
    }
    // Whoever reads it sees all that is in it.
    lines.iter().map(|line| format!("{}\n", visible(line))).collect()
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
mod tests;
