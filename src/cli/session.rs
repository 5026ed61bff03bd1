//! What most commands begin with: the configuration, a connection, and a first look.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use super::args::Global;
use super::failure::Failure;
use crate::cloud::aws::Aws;
use crate::config::{self, Config};
use crate::model::estate::Estate;
use crate::model::plan::Intent;
use crate::report::{self, Look};
use crate::run;
use crate::run::hook::Outside;

pub(super) struct Session {
    pub(super) config: Config,
    pub(super) aws: Aws,
}

pub(super) fn env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

impl Session {
    pub(super) async fn open(global: &Global) -> Result<Self, Failure> {
        let config = config::load(global.config.as_deref(), &global.settings.overrides(), &env)?;
        let aws = Aws::connect(&config.connection).await?;
        Ok(Self { config, aws })
    }

    /// Commands begin where the configuration stands.
    pub(super) fn hooks(&self) -> Outside {
        Outside {
            folder: match self.config.path.parent() {
                Some(folder) if folder != Path::new("") => folder.to_owned(),
                _ => ".".into(),
            },
            env,
        }
    }

    pub(super) async fn observe(&self) -> Result<Estate, Failure> {
        Ok(run::look_patiently(&self.aws, &self.config.scope).await?)
    }

    /// What is true now, for a plan.
    pub(super) async fn observe_for(&self, intent: &Intent) -> Result<Estate, Failure> {
        let Config { scope, policy, .. } = &self.config;
        Ok(run::look_to_plan(&self.aws, scope, intent, policy).await?)
    }
}

/// Whether there is somebody to ask.
pub(super) fn someone_is_there() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks on stderr, so that stdout stays what it is. Anything but yes is no.
pub(super) fn ask(question: &str) -> io::Result<bool> {
    let mut err = io::stderr();
    write!(err, "{} [y/N] ", report::visible(question))?;
    err.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// Colours only where somebody looks.
pub(super) fn look_of_stdout() -> Look {
    if io::stdout().is_terminal() {
        Look::of_terminal()
    } else {
        Look::PLAIN
    }
}

/// Writes a whole text for people to stdout, with nothing hidden in it.
pub(super) fn out(text: &str) -> Result<(), Failure> {
    hand_over(&for_people(text, look_of_stdout().color))
}

/// A text as people get it.
pub(super) fn for_people(text: &str, color: bool) -> String {
    report::without_commands(&report::shown_lines(text, color)).into_owned()
}

/// Writes JSON to stdout, in which people can see everything, too.
pub(super) fn json(text: &str) -> Result<(), Failure> {
    hand_over(&report::in_json(text))
}

/// Writes a text for programs to stdout, byte by byte as it is. A reader that has gone is no error.
pub(super) fn hand_over(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}
