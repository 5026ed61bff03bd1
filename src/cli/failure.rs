//! Any error on its way out: printed once, with its causes and ways out, and an exit code.

use std::io::{self, IsTerminal};
use std::path::Path;
use std::process::ExitCode;

use crate::cloud::CloudError;
use crate::config::ConfigError;
use crate::config::release::ReleaseError;
use crate::model::refusal::Refusal;
use crate::report::{self, Look};

#[derive(Debug)]
pub(super) struct Failure {
    code: u8,
    error: anyhow::Error,
    ways_out: Vec<String>,
}

impl Failure {
    /// Something nobody planned for.
    pub(super) fn unexpected(error: impl Into<anyhow::Error>) -> Self {
        Self {
            code: 1,
            error: error.into(),
            ways_out: Vec::new(),
        }
    }

    /// Wrong usage: nothing was changed.
    pub(super) fn usage(message: impl Into<String>, way_out: impl Into<String>) -> Self {
        Self {
            code: 2,
            error: anyhow::anyhow!(message.into()),
            ways_out: vec![way_out.into()],
        }
    }

    /// Refused, with ways out of its own.
    pub(super) fn refused(message: impl Into<String>, ways_out: Vec<String>) -> Self {
        Self {
            code: 3,
            error: anyhow::anyhow!(message.into()),
            ways_out,
        }
    }

    /// A file that was named, and could not be `done` to.
    pub(super) fn file(done: &str, path: &Path, error: io::Error) -> Self {
        Self {
            code: 2,
            error: anyhow::Error::new(error).context(format!("{} could not be {done}", path.display())),
            ways_out: vec![format!("name a file that can be {done}")],
        }
    }

    pub(super) fn with_code(self, code: u8) -> Self {
        Self { code, ..self }
    }

    pub(super) fn text(&self, look: Look) -> String {
        report::error::text(&self.error, &self.ways_out, look)
    }

    pub(super) fn print(self) -> ExitCode {
        let look = if io::stderr().is_terminal() {
            Look::of_terminal()
        } else {
            Look::PLAIN
        };
        #[expect(clippy::print_stderr, reason = "the one place where an error is printed")]
        {
            eprint!("{}", self.text(look));
        }
        ExitCode::from(self.code)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self {
            code: 2,
            error: error.into(),
            ways_out: Vec::new(),
        }
    }
}

impl From<CloudError> for Failure {
    fn from(error: CloudError) -> Self {
        Self {
            code: 4,
            ways_out: vec![error.way_out().into()],
            error: error.into(),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self {
            code: 3,
            error: refusal.into(),
            ways_out: Vec::new(),
        }
    }
}

impl From<ReleaseError> for Failure {
    fn from(error: ReleaseError) -> Self {
        Self {
            code: 2,
            error: error.into(),
            ways_out: Vec::new(),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::unexpected(error)
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::unexpected(error)
    }
}

#[cfg(test)]
impl Failure {
    pub(super) fn code(&self) -> u8 {
        self.code
    }
}
