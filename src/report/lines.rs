//! Plain lines for pipelines and log files: a line for each event worth reading.

use std::io::{self, Write};
use std::time::Duration;

use crate::model::event::{Event, EventKind, Outcome, Reporter};

use super::look::Look;
use super::track::Track;
use super::verdict;
use super::visible::visible;
use super::words;

/// How long a wait may say nothing: pipelines stop jobs that fall silent.
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub struct Lines<W> {
    out: W,
    look: Look,
    track: Track,
    /// What was said last while waiting, and when.
    said: Option<(String, Duration)>,
}

impl<W: Write> Lines<W> {
    pub fn new(out: W, look: Look) -> Self {
        Self {
            out,
            look,
            track: Track::default(),
            said: None,
        }
    }

    fn line(&mut self, at: Duration, text: &str) -> io::Result<()> {
        let clock = self.look.dim(format!("[{:6.1}s]", at.as_secs_f64()));
        for line in text.lines() {
            writeln!(self.out, "{clock} {}", self.look.line(line))?;
        }
        self.out.flush()
    }

    fn step(&mut self, at: Duration, step: usize, text: &str) -> io::Result<()> {
        let text = format!("{} {text}", self.track.number(step));
        self.line(at, &text)
    }

    /// Says how a wait stands when that has changed, or as a sign of life.
    fn standing(&mut self, at: Duration, step: usize, text: String) -> io::Result<()> {
        let same = self.said.as_ref().filter(|(said, _)| *said == text);
        match same {
            Some((_, since)) if at.saturating_sub(*since) < SIGN_OF_LIFE => return Ok(()),
            Some(_) => self.step(at, step, &format!("still {text}"))?,
            None => self.step(at, step, &text)?,
        }
        self.said = Some((text, at));
        Ok(())
    }

    fn finished(&mut self, at: Duration, step: usize, outcome: &Outcome) -> io::Result<()> {
        self.said = None;
        let took = self
            .track
            .took(step, at)
            .map_or_else(String::new, |took| format!(" in {}", words::took(took)));
        let text = match outcome {
            Outcome::Done => self.look.good(format!("done{took}")),
            Outcome::AlreadyTrue => self.look.good("already so"),
            Outcome::Warned { warning } => self.look.careful(format!("done{took}, but: {warning}")),
            Outcome::Failed { error } => self.look.bad(format!("failed: {error}")),
        };
        self.step(at, step, &text)
    }
}

impl<W: Write> Reporter for Lines<W> {
    fn on(&mut self, event: &Event) -> io::Result<()> {
        self.track.on(event);
        let at = event.elapsed;
        match &event.kind {
            EventKind::RunStarted {
                app,
                command,
                summary,
                steps,
                ..
            } => {
                let steps = words::count(steps.len(), "step");
                let text = format!("{command} {app}: {summary} ({steps})");
                self.line(at, &visible(&text))
            }
            EventKind::Notice { text } => self.line(at, text),
            EventKind::StepStarted { step } => {
                self.said = None;
                let title = format!("{} …", self.track.title(*step));
                self.step(at, *step, &title)
            }
            EventKind::Progress {
                step,
                have,
                want,
                reasons,
            } => {
                let mut text = self.track.measure(*step, *have, *want);
                if !reasons.is_empty() {
                    text = format!("{text}: {}", visible(&reasons.join("; ")));
                }
                self.standing(at, *step, text)
            }
            EventKind::Retrying { step, error } => {
                self.standing(at, *step, format!("trying again after: {error}"))
            }
            EventKind::Judged { judgement, .. } => self.line(at, &format!("  {}", words::judged(judgement))),
            EventKind::HookOutput { lines, .. } => lines
                .iter()
                .try_for_each(|line| self.line(at, &format!("  │ {}", visible(line)))),
            EventKind::StepFinished { step, outcome } => self.finished(at, *step, outcome),
            EventKind::RunFinished { verdict } => {
                for line in verdict::lines(verdict, self.look) {
                    writeln!(self.out, "{line}")?;
                }
                self.out.flush()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::recorded;
    use super::*;

    fn shown(events: &[Event], look: Look) -> String {
        let mut out = Vec::new();
        let mut lines = Lines::new(&mut out, look);
        for event in events {
            lines.on(event).expect("memory can be written");
        }
        String::from_utf8(out).expect("lines are UTF-8")
    }

    #[test]
    fn a_deploy_reads_as_lines_that_change() {
        insta::assert_snapshot!(shown(&recorded::deploy(), Look::PLAIN));
    }

    #[test]
    fn a_failure_ends_with_what_is_true_and_what_to_run() {
        insta::assert_snapshot!(shown(&recorded::troubled(), Look::PLAIN));
    }

    #[test]
    fn a_swing_back_that_was_not_laid_out_reads_as_notices() {
        insta::assert_snapshot!(shown(&recorded::swung_back(), Look::PLAIN));
    }

    #[test]
    fn a_wait_without_change_still_gives_a_sign_of_life() {
        let text = shown(&recorded::long_wait(), Look::PLAIN);
        let still = text.lines().filter(|line| line.contains("still 0/2 healthy"));
        assert_eq!(still.count(), 3, "{text}");
    }

    #[test]
    fn no_line_has_colour_codes_or_carriage_returns_unless_told() {
        for events in [recorded::deploy(), recorded::troubled(), recorded::long_wait()] {
            let text = shown(&events, Look::PLAIN);
            assert!(!text.contains(['\u{1b}', '\r']), "{text}");
        }
        let told = Look {
            color: true,
            unicode: true,
        };
        assert!(shown(&recorded::deploy(), told).contains('\u{1b}'));
    }
}
