//! `[[hooks]]` as it is written, what is wrong with it, and what it becomes.

use schemars::JsonSchema;
use serde::Deserialize;

use super::validate::Judge;
use super::values::Period;
use crate::model::hook::{self, Call, Gate};

/// A command or a webhook, and the place where it is called.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Hook {
    /// Where in a plan it is called.
    pub(super) at: Place,
    /// The program and its arguments: relative to this file's folder when there is a `/` in it. With `shell = true`, a text for `sh -c`.
    pub(super) run: Option<Run>,
    /// `run` is a text for the shell.
    #[serde(default)]
    pub(super) shell: bool,
    /// Instead of `run`: the address that gets a JSON document.
    #[schemars(length(min = 1))]
    pub(super) post: Option<String>,
    /// The variable of the environment with the secret that the document is signed with.
    #[schemars(length(min = 1))]
    pub(super) secret_env: Option<String>,
    /// Variables that the command gets besides the documented ones, `PATH` and `HOME`. Their values are hidden in what it writes.
    #[serde(default)]
    #[schemars(inner(length(min = 1)))]
    pub(super) env: Vec<String>,
    /// How long one attempt may take.
    #[serde(default = "timeout")]
    pub(super) timeout: Period,
    /// How often it is tried again after it has failed: after 1 s, 2 s, 4 s and so on.
    #[serde(default)]
    #[schemars(range(max = 10))]
    pub(super) retries: u32,
    /// It may also say "not yet" (exit code 75, HTTP 202), and is then asked again.
    #[serde(default)]
    pub(super) gate: bool,
    /// Of a gate: how long until it is asked again; `15s` without it.
    pub(super) every: Option<Period>,
    /// Of a gate: how long it may say "not yet"; `1h` without it. After that it has failed.
    pub(super) expires: Option<Period>,
    /// At `after-promote`: its failure is the command's failure (exit code 6), not only a warning.
    #[serde(default)]
    pub(super) required: bool,
}

fn timeout() -> Period {
    Period::seconds(60)
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Run {
    Argv(#[schemars(length(min = 1))] Vec<String>),
    Script(#[schemars(length(min = 1))] String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Place {
    /// Before anything is made.
    BeforeDeploy,
    /// Before the candidate's first instance starts: what its release needs of the schema.
    Expand,
    /// The candidate is healthy, and reachable by the staging entrance only.
    BeforeTraffic,
    /// The candidate stands behind its door.
    AfterPreview,
    /// Before anything is held, raised or moved for a promotion.
    BeforePromote,
    /// Production has moved by a step and was read back; a failure puts it back.
    EachStep,
    /// Production has swung.
    AfterPromote,
    /// Production is back.
    OnRollback,
    /// Before the previous generation is shrunk to be removed.
    BeforeRetire,
    /// Nobody before live is left: what only they needed of the schema may go.
    Contract,
    /// A command has failed.
    OnFailure,
}

impl From<Place> for hook::Place {
    fn from(place: Place) -> Self {
        match place {
            Place::BeforeDeploy => Self::BeforeDeploy,
            Place::Expand => Self::Expand,
            Place::BeforeTraffic => Self::BeforeTraffic,
            Place::AfterPreview => Self::AfterPreview,
            Place::BeforePromote => Self::BeforePromote,
            Place::EachStep => Self::EachStep,
            Place::AfterPromote => Self::AfterPromote,
            Place::OnRollback => Self::OnRollback,
            Place::BeforeRetire => Self::BeforeRetire,
            Place::Contract => Self::Contract,
            Place::OnFailure => Self::OnFailure,
        }
    }
}

impl From<Hook> for hook::Hook {
    fn from(hook: Hook) -> Self {
        let gate = Gate {
            every: hook.every.unwrap_or(Period::seconds(15)).0,
            expires: hook.expires.unwrap_or(Period::seconds(3600)).0,
        };
        Self {
            at: hook.at.into(),
            call: match (hook.run, hook.post) {
                (Some(Run::Argv(argv)), _) => Call::Command { argv, env: hook.env },
                (Some(Run::Script(script)), _) => Call::Shell {
                    script,
                    env: hook.env,
                },
                (None, url) => Call::Webhook {
                    url: url.unwrap_or_default(),
                    secret_env: hook.secret_env,
                },
            },
            timeout: hook.timeout.0,
            retries: hook.retries,
            gate: hook.gate.then_some(gate),
            required: hook.required,
        }
    }
}

impl Judge<'_> {
    pub(super) fn hooks(&mut self, hooks: &[Hook]) {
        for (index, hook) in hooks.iter().enumerate() {
            self.call(index, hook);
            self.gate(index, hook);
            if hook.required && hook.at != Place::AfterPromote {
                self.say(
                    &[&format!("hooks.{index}.required")],
                    "`required` is for `after-promote` only",
                    "everywhere else it follows from the place whether a failure stops the command",
                );
            }
        }
    }

    fn call(&mut self, index: usize, hook: &Hook) {
        let key = |name: &str| format!("hooks.{index}.{name}");
        let (run, post) = (key("run"), key("post"));
        match (&hook.run, &hook.post) {
            (None, None) => self.say(
                &[&run, &post, &key("at")],
                "this hook calls nothing",
                "write `run = [\"./program\"]` or `post = \"https://…\"`",
            ),
            (Some(_), Some(_)) => self.say(
                &[&post],
                "this hook has both `run` and `post`",
                "make two hooks of it; those of one place are called in the order in which they are written",
            ),
            (Some(Run::Argv(_)), None) if hook.shell => self.say(
                &[&run],
                "`run` is a list, but `shell` is true",
                "write a text for the shell, or leave `shell` out",
            ),
            (Some(Run::Script(_)), None) if !hook.shell => self.say(
                &[&run],
                "`run` is a text, which no shell reads",
                "write a list like [\"./smoke.sh\", \"--quick\"], or add `shell = true`",
            ),
            (None, Some(url)) => {
                if let Some((why, help)) = address_problem(url) {
                    self.say(&[&post], format!("`post` {why}"), help);
                }
            }
            _ => {}
        }
        if hook.post.is_some() && !hook.env.is_empty() {
            self.say(
                &[&key("env")],
                "`env` is for commands",
                "a webhook gets a JSON document; `secret_env` names what it is signed with",
            );
        }
        if hook.post.is_none() && hook.secret_env.is_some() {
            self.say(
                &[&key("secret_env")],
                "`secret_env` is for webhooks",
                "a command gets variables by `env = [\"NAME\"]`",
            );
        }
    }

    fn gate(&mut self, index: usize, hook: &Hook) {
        let key = |name: &str| format!("hooks.{index}.{name}");
        if !hook.gate {
            for (name, given) in [("every", hook.every), ("expires", hook.expires)] {
                if given.is_some() {
                    self.say(
                        &[&key(name)],
                        format!("`{name}` is for gates"),
                        "add `gate = true`, or use `timeout` and `retries`",
                    );
                }
            }
        } else if hook::Place::from(hook.at).only_tells()
            || (hook.at == Place::AfterPromote && !hook.required)
        {
            self.say(
                &[&key("gate")],
                "nothing waits for a gate at this place",
                "leave `gate` out, or at `after-promote` add `required = true`",
            );
        } else if hook.every.is_some_and(|every| every.0.is_zero()) {
            self.say(
                &[&key("every")],
                "`every` is no time at all",
                "give whoever is asked a second, like \"1s\"",
            );
        }
    }
}

/// Why a document cannot be sent there, and what helps.
pub(super) fn address_problem(url: &str) -> Option<(String, &'static str)> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    let Some(rest) = rest else {
        return Some((
            format!("is \"{url}\", which is not an address"),
            "write it like \"https://…\"",
        ));
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Some(("has a user in it".into(), "sign with `secret_env` instead"));
    }
    if authority.is_empty() || url.contains(char::is_whitespace) {
        return Some((
            format!("is \"{url}\", which is not an address"),
            "write it like \"https://…\"",
        ));
    }
    None
}
