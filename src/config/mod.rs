//! `swingbridge.toml`, the environment and flags become one checked [`Config`].
//!
//! The file is read into a tree whose values know where they were written ([`source`]); flags and
//! variables are put over it ([`overrides`]); the tree is compared with the schema ([`check`]), and
//! what the schema cannot say is judged ([`validate`]). Every problem is reported at once.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cloud::aws::Connection;
use crate::model::notify::Notify;
use crate::model::policy::Policy;
use crate::model::scope::Scope;
use crate::model::tags::Tags;

mod ab;
mod assemble;
mod check;
pub mod discover;
#[cfg(test)]
mod docs;
mod doors;
mod error;
mod file;
mod gradual;
mod hooks;
mod judging;
mod naming;
mod notify;
mod overrides;
pub mod release;
mod rolling;
mod schema;
mod source;
mod starter;
pub mod user_data;
mod validate;
mod values;

#[cfg(test)]
mod tests;

pub use error::{ConfigError, Location, Problem};
pub use overrides::{CONFIG, Overrides, SETTINGS, Setting};
pub use schema::schema;
pub use starter::starter;

use error::Report;
use source::{Node, Origin};

/// The file that is looked for in the current folder.
pub const FILE_NAME: &str = "swingbridge.toml";

/// Everything that was configured, checked and with every default filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    pub app: String,
    pub policy: Policy,
    pub scope: Scope,
    pub connection: Connection,
    /// How long a holder of the lock may be silent.
    pub lease: Duration,
    /// The folder of the journal.
    pub journal: PathBuf,
    pub release: ReleaseDefaults,
    pub notify: Vec<Notify>,
    /// The file that was read.
    pub path: PathBuf,
}

/// What a release is made with unless a flag says otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReleaseDefaults {
    /// A user-data template.
    pub user_data: Option<PathBuf>,
    pub tags: Tags,
}

/// Finds, reads and checks the configuration. Flags beat the environment, which beats the file.
pub fn load(
    path: Option<&Path>,
    overrides: &Overrides,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Config, ConfigError> {
    let path = match path {
        Some(path) => path.to_owned(),
        None => env(CONFIG)
            .filter(|path| !path.is_empty())
            .map_or_else(|| PathBuf::from(FILE_NAME), PathBuf::from),
    };
    let text = std::fs::read_to_string(&path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => ConfigError::Missing { path: path.clone() },
        _ => ConfigError::Unreadable {
            path: path.clone(),
            source,
        },
    })?;
    read(&text, &path, overrides, env)
}

/// Checks a configuration that was read already; `path` is for messages and relative paths.
pub fn read(
    text: &str,
    path: &Path,
    overrides: &Overrides,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Config, ConfigError> {
    judged(text, path, overrides, env).map_err(|report| report.into_error(path, text))
}

fn judged(
    text: &str,
    path: &Path,
    overrides: &Overrides,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Config, Report> {
    let mut report = Report::default();
    let Some(mut tree) = Node::parse(text, &mut report) else {
        return Err(report);
    };
    overrides::apply(&mut tree, overrides, env);
    check::check(&schema(), &mut tree, &mut report);
    let config = serde_json::from_value(tree.to_json())
        .map_err(|error| error.to_string())
        .and_then(|file| {
            validate::validate(&file, &tree, &mut report);
            assemble::assemble(file, &tree, path, env)
        });
    match config {
        Ok(config) if report.is_empty() => Ok(config),
        Ok(_) => Err(report),
        Err(error) => {
            // The schema let something through that the types do not take: say what serde saw.
            report.add(Origin::Nowhere, error, "see docs/configuration.md");
            Err(report)
        }
    }
}
