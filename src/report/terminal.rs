//! The display for a person at a terminal: every step from the start, the running one arunning.
//!
//! What has ended is printed and scrolls away; only the running step, what it waits for and a window
//! of the next steps are redrawn, so that a plan longer than the screen stays readable.

use std::io;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle, TermLike};

use crate::model::event::{Event, EventKind, Outcome, Reporter};

use super::look::Look;
use super::track::Track;
use super::verdict;
use super::visible::visible;
use super::words;

/// How many reasons of a wait are shown at once.
const REASONS: usize = 5;
/// Room at the end of the running step's line for how long it has taken.
const CLOCK: usize = 9;
/// How far details stand in, below a step's title.
const INDENT: usize = 4;

#[derive(Debug)]
pub struct Terminal<T> {
    term: T,
    look: Look,
    /// How often the spinner turns; `None`: only when something happens.
    tick: Option<Duration>,
    track: Track,
    /// When the last event was, within the run.
    at: Duration,
    /// The part of the screen that is redrawn, while there is one.
    bar: Option<ProgressBar>,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    step: usize,
    /// How the wait stands, after the title.
    measure: String,
    details: Vec<String>,
}

impl<T: TermLike + Clone + 'static> Terminal<T> {
    pub fn new(term: T, look: Look, tick: Option<Duration>) -> Self {
        Self {
            term,
            look,
            tick,
            track: Track::default(),
            at: Duration::ZERO,
            bar: None,
            running: None,
        }
    }

    /// Prints above what is redrawn.
    fn print(&self, text: &str) -> io::Result<()> {
        for line in self.look.text(text).lines() {
            match &self.bar {
                Some(bar) => bar.println(line),
                None => self.term.write_line(line)?,
            }
        }
        self.term.flush()
    }

    fn lay_out(&mut self) {
        if self.track.len() == 0 {
            return;
        }
        let target = ProgressDrawTarget::term_like(Box::new(self.term.clone()));
        let bar = ProgressBar::with_draw_target(None, target);
        if let Some(tick) = self.tick {
            bar.enable_steady_tick(tick);
        }
        self.bar = Some(bar);
        self.rest(0);
    }

    fn started(&mut self, step: usize) {
        self.running = Some(Running {
            step,
            measure: String::new(),
            details: Vec::new(),
        });
        self.redraw();
    }

    fn standing(&mut self, step: usize, measure: Option<String>, details: Vec<String>) {
        // What puts things back after a failure was not laid out, and is not announced either.
        if !self.track.has(step) && self.running.is_none() {
            self.started(step);
        }
        let Some(running) = self.running.as_mut().filter(|running| running.step == step) else {
            return;
        };
        if let Some(measure) = measure {
            running.measure = measure;
        }
        running.details = details
            .iter()
            .map(|detail| visible(detail).into_owned())
            .collect();
        self.redraw();
    }

    fn finished(&mut self, step: usize, outcome: &Outcome) -> io::Result<()> {
        let look = self.look;
        let (mark, below) = match outcome {
            Outcome::Done => (look.done(), None),
            Outcome::AlreadyTrue => (look.same(), None),
            Outcome::Warned { warning } => (look.warned(), Some(look.careful(visible(warning)))),
            Outcome::Failed { error } => (look.failed(), Some(look.bad(visible(error)))),
        };
        let took = match outcome {
            Outcome::AlreadyTrue => "already so".to_owned(),
            _ => self
                .track
                .took(step, self.at)
                .map_or_else(String::new, words::took),
        };
        let mut text = format!(
            "{mark} {} {}  {}",
            look.dim(self.track.number(step)),
            self.track.title(step),
            look.dim(took)
        );
        if let Some(below) = below {
            text.push_str(&format!("\n{:INDENT$}{below}", ""));
        }
        self.running = None;
        self.rest(step + 1);
        self.print(&text)
    }

    /// Draws only what is still to come.
    fn rest(&self, from: usize) {
        let Some(bar) = &self.bar else { return };
        bar.set_style(self.style("{prefix}"));
        bar.set_prefix(self.pending(from, 0));
        bar.tick();
    }

    fn redraw(&self) {
        let (Some(bar), Some(running)) = (&self.bar, &self.running) else {
            return;
        };
        // The title gives way: what is missing matters more than the end of a sentence.
        let measure = match running.measure.as_str() {
            "" => String::new(),
            measure => format!("  {measure}"),
        };
        let title = self.cut(
            &format!(
                "{} {}",
                self.look.dim(self.track.number(running.step)),
                self.look.text(self.track.title(running.step))
            ),
            CLOCK + console::measure_text_width(&measure),
        );
        let mut below: Vec<String> = running
            .details
            .iter()
            .take(REASONS)
            .map(|reason| self.cut(&format!("{:INDENT$}{}", "", self.look.careful(reason)), 0))
            .collect();
        if running.details.len() > REASONS {
            let more = running.details.len() - REASONS;
            below.push(self.look.dim(format!("{:INDENT$}… {more} more", "")));
        }
        let pending = self.pending(running.step.saturating_add(1), below.len() + 1);
        if !pending.is_empty() {
            below.push(pending);
        }
        let template = if below.is_empty() {
            "{spinner} {msg} {took}"
        } else {
            "{spinner} {msg} {took}\n{prefix}"
        };
        bar.set_style(self.style(template));
        bar.set_prefix(below.join("\n"));
        bar.set_message(format!("{title}{}", self.look.active(measure)));
    }

    /// The next steps, as many as there is room for beside `used` lines.
    fn pending(&self, from: usize, used: usize) -> String {
        let left = self.track.len().saturating_sub(from);
        // One line stays free for the cursor, one for what does not fit.
        let room = usize::from(self.term.height()).saturating_sub(used + 2);
        let shown = if left <= room {
            left
        } else {
            room.saturating_sub(1)
        };
        let mut lines: Vec<String> = (from..from + shown)
            .map(|step| {
                let text = format!("  {} {}", self.track.number(step), self.track.title(step));
                self.cut(&self.look.dim(text), 0)
            })
            .collect();
        if shown < left && room > 0 {
            lines.push(self.look.dim(format!("  … {} more", left - shown)));
        }
        lines.join("\n")
    }

    /// Shortens a line to the terminal's width: a line that wraps is more lines than it looks.
    fn cut(&self, line: &str, keep: usize) -> String {
        let width = usize::from(self.term.width()).saturating_sub(keep + 3);
        let tail = if self.look.unicode { "…" } else { "..." };
        console::truncate_str(line, width, tail).into_owned()
    }

    fn style(&self, template: &str) -> ProgressStyle {
        let frames = self.look.spinner();
        let frames: Vec<&str> = frames.iter().map(String::as_str).collect();
        let look = self.look;
        let took = self
            .running
            .as_ref()
            .and_then(|running| self.track.took(running.step, self.at));
        // Between two events the clock goes on by itself, if anything does.
        let drawn = self.tick.map(|_| Instant::now());
        ProgressStyle::with_template(template)
            .unwrap_or_else(|_| ProgressStyle::default_spinner())
            .tick_strings(&frames)
            .with_key("took", move |_: &ProgressState, out: &mut dyn std::fmt::Write| {
                if let Some(took) = took {
                    let took = took + drawn.map_or(Duration::ZERO, |at| at.elapsed());
                    // A display has no way to report that it cannot draw.
                    let _ = out.write_str(&look.dim(words::span(took)));
                }
            })
    }

    fn clear(&mut self) {
        self.running = None;
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl<T: TermLike + Clone + 'static> Reporter for Terminal<T> {
    fn on(&mut self, event: &Event) -> io::Result<()> {
        self.track.on(event);
        self.at = event.elapsed;
        match &event.kind {
            EventKind::RunStarted {
                app,
                command,
                summary,
                ..
            } => {
                self.clear();
                let what = format!("{app}: {summary}");
                self.print(&format!(
                    "{} {}",
                    self.look.bold(visible(command)),
                    visible(&what)
                ))?;
                self.lay_out();
                Ok(())
            }
            EventKind::Notice { text } => {
                if self
                    .running
                    .take_if(|running| !self.track.has(running.step))
                    .is_some()
                {
                    self.rest(self.track.len());
                }
                self.print(&self.look.active(visible(text)))
            }
            EventKind::StepStarted { step } => {
                self.started(*step);
                Ok(())
            }
            EventKind::Progress {
                step,
                have,
                want,
                reasons,
            } => {
                let measure = self.track.measure(*step, *have, *want);
                self.standing(*step, Some(measure), reasons.clone());
                Ok(())
            }
            EventKind::Retrying { step, error } => {
                self.standing(*step, None, vec![format!("trying again after: {error}")]);
                Ok(())
            }
            EventKind::Judged { judgement, .. } => self.print(&format!("  {}", words::judged(judgement))),
            EventKind::HookOutput { lines, .. } => lines
                .iter()
                .try_for_each(|line| self.print(&self.look.dim(format!("  │ {}", visible(line))))),
            EventKind::StepFinished { step, outcome } => self.finished(*step, outcome),
            EventKind::RunFinished { verdict } => {
                self.clear();
                for line in verdict::lines(verdict, self.look) {
                    self.term.write_line(&line)?;
                }
                self.term.flush()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use indicatif::InMemoryTerm;

    use super::super::recorded;
    use super::*;

    fn shown(events: &[Event], rows: u16, look: Look) -> String {
        let term = InMemoryTerm::new(rows, 90);
        let mut terminal = Terminal::new(term.clone(), look, None);
        for event in events {
            terminal.on(event).expect("memory can be written");
        }
        term.contents()
    }

    /// The events up to and with the last one that `last` accepts.
    fn until(events: Vec<Event>, last: impl Fn(&EventKind) -> bool) -> Vec<Event> {
        let end = events
            .iter()
            .rposition(|event| last(&event.kind))
            .expect("such an event");
        events.into_iter().take(end + 1).collect()
    }

    #[test]
    fn every_step_is_laid_out_while_the_first_ones_run() {
        let events = until(recorded::deploy(), |kind| {
            matches!(kind, EventKind::Progress { have: 1, .. })
        });
        insta::assert_snapshot!(shown(&events, 40, Look::PLAIN));
    }

    #[test]
    fn a_finished_run_leaves_its_steps_and_its_verdict() {
        insta::assert_snapshot!(shown(&recorded::deploy(), 40, Look::PLAIN));
    }

    #[test]
    fn a_plan_longer_than_the_screen_shows_a_window_of_the_next_steps() {
        let events = until(recorded::deploy(), |kind| {
            matches!(kind, EventKind::StepStarted { step: 1 })
        });
        insta::assert_snapshot!(shown(&events, 8, Look::PLAIN));
    }

    #[test]
    fn a_failing_call_shows_on_its_step_and_the_failure_stays() {
        let retrying = until(recorded::troubled(), |kind| {
            matches!(kind, EventKind::Retrying { .. })
        });
        insta::assert_snapshot!("retrying", shown(&retrying, 24, Look::PLAIN));
        insta::assert_snapshot!("troubled", shown(&recorded::troubled(), 40, Look::PLAIN));
    }

    #[test]
    fn a_swing_back_that_was_not_laid_out_shows_what_it_waits_for() {
        let events = until(recorded::swung_back(), |kind| {
            matches!(kind, EventKind::Progress { .. })
        });
        insta::assert_snapshot!("swinging_back", shown(&events, 40, Look::PLAIN));
        insta::assert_snapshot!("swung_back", shown(&recorded::swung_back(), 40, Look::PLAIN));
    }

    #[test]
    fn a_small_terminal_without_unicode_is_not_garbled() {
        let ascii = Look {
            color: false,
            unicode: false,
        };
        for rows in [2, 3, 5, 12] {
            let text = shown(&recorded::deploy(), rows, ascii);
            assert!(text.is_ascii(), "{text}");
        }
        // Enough rows to see the whole run: each step stands there once.
        let text = shown(&recorded::deploy(), 60, ascii);
        let steps = recorded::titles();
        for title in &steps {
            let title = ascii.text(title).chars().take(60).collect::<String>();
            assert_eq!(text.matches(&title).count(), 1, "{title} in\n{text}");
        }
    }
}
