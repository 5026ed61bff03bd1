//! `[[notify]]` as it is written, what is wrong with it, and what it becomes.

use schemars::JsonSchema;
use serde::Deserialize;

use super::hooks::address_problem;
use super::validate::Judge;
use super::values::Period;
use crate::model::notify::{self, Address};

/// A message about how an operation went. Whether it arrives changes nothing about that.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Notify {
    /// What is told.
    #[schemars(length(min = 1))]
    pub(super) on: Vec<Occasion>,
    /// The address that it is sent to.
    #[schemars(length(min = 1))]
    pub(super) post: Option<String>,
    /// Instead of `post`: the variable of the environment with the address, for those that let one in.
    #[schemars(length(min = 1))]
    pub(super) url_env: Option<String>,
    /// `plain`, `json`, `slack`, or a text of its own with places like `{{ app }}` and `{{ summary }}`.
    #[serde(default = "plain")]
    #[schemars(length(min = 1))]
    pub(super) template: String,
    /// How long it may take. The command ends that much later at most.
    #[serde(default = "timeout")]
    pub(super) timeout: Period,
}

fn plain() -> String {
    "plain".into()
}

fn timeout() -> Period {
    Period::seconds(5)
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Occasion {
    /// A candidate stands beside live.
    Deployed,
    /// Production has swung to the candidate.
    Promoted,
    /// Production was swung back, by somebody or by itself.
    RolledBack,
    /// A command has failed, or stopped where a person is needed.
    Failed,
    /// A promotion waits for a person.
    Paused,
    /// The judge says something else of the candidate than before.
    Judged,
}

impl From<Occasion> for notify::Occasion {
    fn from(occasion: Occasion) -> Self {
        match occasion {
            Occasion::Deployed => Self::Deployed,
            Occasion::Promoted => Self::Promoted,
            Occasion::RolledBack => Self::RolledBack,
            Occasion::Failed => Self::Failed,
            Occasion::Paused => Self::Paused,
            Occasion::Judged => Self::Judged,
        }
    }
}

impl From<Notify> for notify::Notify {
    fn from(notify: Notify) -> Self {
        Self {
            on: notify.on.into_iter().map(Into::into).collect(),
            to: match notify.url_env {
                Some(name) => Address::Variable(name),
                None => Address::Url(notify.post.unwrap_or_default()),
            },
            template: match notify.template.as_str() {
                "plain" => notify::Template::Plain,
                "json" => notify::Template::Json,
                "slack" => notify::Template::Slack,
                _ => notify::Template::Text(notify.template),
            },
            timeout: notify.timeout.0,
        }
    }
}

impl Judge<'_> {
    pub(super) fn notify(&mut self, all: &[Notify]) {
        for (index, notify) in all.iter().enumerate() {
            let key = |name: &str| format!("notify.{index}.{name}");
            match (&notify.post, &notify.url_env) {
                (None, None) => self.say(
                    &[&key("on")],
                    "this message goes nowhere",
                    "write `post = \"https://…\"`, or `url_env` with the name of a variable that holds the address",
                ),
                (Some(_), Some(_)) => self.say(
                    &[&key("post")],
                    "this message has both `post` and `url_env`",
                    "give it one address",
                ),
                (Some(url), None) => {
                    if let Some((why, help)) = address_problem(url) {
                        self.say(&[&key("post")], format!("`post` {why}"), help);
                    }
                }
                (None, Some(_)) => {}
            }
            let template = notify.template.as_str();
            let own = !matches!(template, "plain" | "json" | "slack");
            if own && !template.contains(['{', ' ', '\n']) {
                self.say(
                    &[&key("template")],
                    format!("`template` cannot be \"{template}\""),
                    "use \"plain\", \"json\", \"slack\" or a text with places like {{ summary }}",
                );
            } else if own && let Err(error) = minijinja::Environment::new().template_from_str(template) {
                self.say(
                    &[&key("template")],
                    format!("`template` cannot be read: {error}"),
                    "places are written {{ summary }}",
                );
            }
        }
    }
}
