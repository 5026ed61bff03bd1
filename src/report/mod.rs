//! Makes events, plans and estates readable, for people and for programs. Never calls the cloud.

mod bulletin;
pub mod check;
pub mod comparison;
pub mod error;
mod fan;
pub mod history;
#[cfg(test)]
mod hostile_tests;
mod json;
mod lines;
mod look;
pub mod metrics;
pub mod plan_json;
pub mod plan_markdown;
pub mod plan_text;
#[cfg(test)]
mod recorded;
mod rule_changes;
mod screen;
pub mod status;
mod terminal;
mod track;
pub mod verdict;
mod visible;
mod words;

use std::io::Write;
use std::time::Duration;

use crate::model::event::Reporter;

pub use bulletin::Bulletin;
pub use fan::Fan;
pub use json::Json;
pub use lines::Lines;
pub use look::Look;
pub use screen::Screen;
pub use terminal::Terminal;
pub use visible::{in_json, shown_lines, visible, without_commands};

/// How a run is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Redrawn in place, for a person.
    Terminal,
    /// A line per event, for pipelines and files.
    Lines,
    /// A JSON object per event, for programs.
    Json,
}

/// How often a terminal is redrawn while nothing happens.
const TICK: Duration = Duration::from_millis(120);

/// The reporter for an output. The caller knows whether that is a terminal.
pub fn reporter(format: Format, out: Box<dyn Write + Send>) -> Box<dyn Reporter + Send> {
    match format {
        // A dumb terminal cannot move its cursor.
        Format::Terminal if console::is_dumb() => Box::new(Lines::new(out, Look::of_terminal())),
        Format::Terminal => {
            let screen = Screen::new(out, console::Term::stderr());
            Box::new(Terminal::new(screen, Look::of_terminal(), Some(TICK)))
        }
        Format::Lines => Box::new(Lines::new(out, Look::PLAIN)),
        Format::Json => Box::new(Json::new(out)),
    }
}
