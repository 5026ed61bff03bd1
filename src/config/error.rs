//! What is wrong with a configuration: every problem at once, each with its place and its way out.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::source::Origin;

#[derive(Debug, Error)]
pub enum ConfigError {
    #[error(
        "there is no {}\n  `swingbridge init` writes a commented one, `swingbridge init --from-aws` makes one \
         from a running load balancer, `--config PATH` names another",
        .path.display()
    )]
    Missing { path: PathBuf },
    #[error(
        "cannot read {}: {source}\n  \
         it is text in UTF-8, which whoever runs this may read; `--config PATH` names another",
        .path.display()
    )]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{}", join(.0))]
    Invalid(Vec<Problem>),
}

impl ConfigError {
    /// Empty unless the file was read and found wrong.
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Invalid(problems) => problems,
            _ => &[],
        }
    }
}

fn join(problems: &[Problem]) -> String {
    let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
    texts.join("\n")
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub at: Location,
    pub message: String,
    /// What to do about it.
    pub help: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// Line and column count from 1; the width is that of the marked text.
    Line {
        path: PathBuf,
        line: usize,
        column: usize,
        width: usize,
        text: String,
    },
    /// Something is missing from the file.
    File { path: PathBuf },
    /// A flag or an environment variable.
    Setting { name: &'static str },
}

/// Longer lines are not repeated: a caret under wrapped text points at nothing.
const LONGEST_LINE: usize = 100;

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.at {
            Location::Line {
                path,
                line,
                column,
                width,
                text,
            } => {
                write!(f, "{}:{line}:{column}: {}", path.display(), self.message)?;
                if text.chars().count() <= LONGEST_LINE {
                    let space: String = text
                        .chars()
                        .take(column - 1)
                        .map(|c| if c == '\t' { '\t' } else { ' ' })
                        .collect();
                    let caret = "^".repeat((*width).max(1));
                    write!(f, "\n{line:>5} | {text}\n      | {space}{caret}")?;
                }
            }
            Location::File { path } => write!(f, "{}: {}", path.display(), self.message)?,
            Location::Setting { name } => write!(f, "{name}: {}", self.message)?,
        }
        write!(f, "\n  {}", self.help)
    }
}

/// Gathers problems while a configuration is read, then gives each its place in the text.
#[derive(Debug, Default)]
pub(super) struct Report {
    found: Vec<(Origin, String, String)>,
    /// Keys whose values were refused: what they contradict is not worth saying as well.
    refused: Vec<String>,
}

impl Report {
    pub(super) fn add(&mut self, origin: Origin, message: impl Into<String>, help: impl Into<String>) {
        self.found.push((origin, message.into(), help.into()));
    }

    pub(super) fn refuse(&mut self, path: &str) {
        self.refused.push(path.to_owned());
    }

    /// Whether the key, or a table or list that it is in, was refused.
    pub(super) fn refused(&self, path: &str) -> bool {
        self.refused.iter().any(|refused| {
            path.strip_prefix(refused.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }

    /// Whether anything inside the key was refused.
    pub(super) fn refused_within(&self, path: &str) -> bool {
        let inside = |refused: &String| {
            refused
                .strip_prefix(path)
                .is_some_and(|rest| rest.starts_with('.'))
        };
        self.refused.iter().any(inside)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    pub(super) fn into_error(self, path: &Path, text: &str) -> ConfigError {
        let mut problems: Vec<Problem> = self
            .found
            .into_iter()
            .map(|(origin, message, help)| Problem {
                at: locate(origin, path, text),
                message,
                help,
            })
            .collect();
        problems.sort_by_key(|problem| match problem.at {
            Location::File { .. } => (0, 0, 0),
            Location::Line { line, column, .. } => (1, line, column),
            Location::Setting { .. } => (2, 0, 0),
        });
        ConfigError::Invalid(problems)
    }
}

fn locate(origin: Origin, path: &Path, text: &str) -> Location {
    let range = match origin {
        Origin::Text(range) => range,
        Origin::Setting(name) => return Location::Setting { name },
        Origin::Nowhere => return Location::File { path: path.into() },
    };
    let start = floor(text, range.start);
    let end = floor(text, range.end).max(start);
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    Location::Line {
        path: path.into(),
        line: text[..start].matches('\n').count() + 1,
        column: text[line_start..start].chars().count() + 1,
        // A value that goes on over several lines is marked on its first.
        width: text[start..end.min(line_end)].chars().count(),
        text: text[line_start..line_end].trim_end().to_owned(),
    }
}

/// The nearest place before that does not cut a character in two.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
