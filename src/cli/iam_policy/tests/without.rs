//! One command without each single permission of its role's policy: it goes well all the same, or it fails clearly,
//! with production where it was and nothing left that the way out it names does not clear up.

use serde_json::Value;

use super::configs::config;
use super::ground::{Command, Ground, Seen, Told, printed_for};
use crate::cli::args::PolicyFor;
use crate::config::Config;
use crate::model::plan::Intent;
use crate::model::policy::Strategy;

/// One action of one statement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Permission {
    statement: String,
    pub(super) action: String,
}

/// A command, and what was done before it by somebody who may do everything.
pub(super) struct Scenario {
    what: &'static str,
    before: Vec<Command>,
    dead_lock: bool,
    command: Command,
    settings: &'static str,
    /// Of everything that is done in it; the settings are for the command alone.
    strategy: fn() -> Config,
    ends_with: u8,
    adopting: bool,
}

impl Scenario {
    pub(super) fn of(what: &'static str, command: Command) -> Self {
        Self {
            what,
            before: Vec::new(),
            dead_lock: false,
            command,
            settings: "",
            strategy: || config(""),
            ends_with: 0,
            adopting: true,
        }
    }

    pub(super) fn by(self, strategy: fn() -> Config) -> Self {
        Self { strategy, ..self }
    }

    /// How the command ends when it may do everything that it needs.
    pub(super) fn ending_with(self, ends_with: u8) -> Self {
        Self { ends_with, ..self }
    }

    pub(super) fn after(mut self, command: Command) -> Self {
        self.before.push(command);
        self
    }

    pub(super) fn with_a_dead_lock(self) -> Self {
        Self {
            dead_lock: true,
            ..self
        }
    }

    /// With these settings when the command itself is given. The first lines are still of `[swing]`.
    pub(super) fn set(self, settings: &'static str) -> Self {
        Self { settings, ..self }
    }

    /// With the role as it is to be after the first deployment, which has adopted what was there.
    pub(super) fn adopting_no_more(self) -> Self {
        Self {
            adopting: false,
            ..self
        }
    }

    fn policy(&self, role: PolicyFor) -> String {
        let printed = printed_for(&(self.strategy)(), role);
        let mut policy: Value = serde_json::from_str(&printed).expect("JSON");
        if !self.adopting {
            let statements = policy["Statement"].as_array_mut().expect("statements");
            statements
                .retain(|one| !["AdoptRules", "AdoptGroup"].contains(&one["Sid"].as_str().unwrap_or("")));
        }
        policy.to_string()
    }

    async fn prepared(&self) -> Ground {
        let ground = Ground::new().await;
        for command in &self.before {
            ground.prepare(command, (self.strategy)()).await;
        }
        if self.dead_lock {
            ground.leave_a_dead_lock().await;
        }
        // What was launched has come to rest.
        tokio::time::sleep(std::time::Duration::from_secs(120)).await;
        ground
    }

    async fn done(&self, ground: &Ground) -> Told {
        let config = match self.settings {
            "" => (self.strategy)(),
            settings => config(settings),
        };
        ground.does(&self.command, config).await
    }

    /// Takes each permission away in turn, and says which were missed, and what was wrong with how it ended.
    pub(super) async fn without_each(&self, role: PolicyFor) -> (Vec<Permission>, Vec<String>) {
        let whole = self.policy(role);
        let ground = self.prepared().await;
        ground.hold_to(&whole);
        let good = self.done(&ground).await;
        assert_eq!(good.code, self.ends_with, "{}: {}", self.what, good.words);
        assert!(
            !good.words.contains("not authorized") || role == PolicyFor::Plan,
            "{} with its whole policy: {}",
            self.what,
            good.words
        );
        let end = ground.sees().await.shape();
        let asked = ground.keeper.with(|world| world.asked.clone());

        let (mut needed, mut wrong) = (Vec::new(), Vec::new());
        let mut unchanged: Option<Ground> = None;
        // What was not asked about cannot be missed.
        let in_use = permissions(&whole)
            .into_iter()
            .filter(|one| asked.contains(&one.action));
        for permission in in_use {
            let ground = match unchanged.take() {
                Some(ground) => ground,
                None => self.prepared().await,
            };
            let before = ground.sees().await;
            ground.hold_to(&permission.taken_from(&whole));
            let told = self.done(&ground).await;
            let after = ground.sees().await;
            let missed = told.words.contains(&permission.action) && !good.words.contains(&permission.action);
            let well = told.code == self.ends_with;
            if missed || !well || (after != before && after.shape() != end) {
                needed.push(permission.clone());
            }
            let ending = Ending {
                reading: permission.action.contains(":Describe"),
                before: &before,
                after: &after,
                told: &told,
                well,
                missed,
            };
            let mut why = ending.is_clear();
            if why.is_ok() && !well && after != before {
                why = self.is_put_right(&ground, &whole, &ending, &end).await;
            }
            if let Err(why) = why {
                wrong.push(format!(
                    "{} without {} of {} ended with {}, {why}: {}",
                    self.what, permission.action, permission.statement, told.code, told.words
                ));
            }
            if after == before {
                unchanged = Some(ground);
            }
        }
        (needed, wrong)
    }

    /// What a denial left is finished by the same command, or, where it is a candidate, cleared up by `abort`, once the
    /// permission is there.
    async fn is_put_right(
        &self,
        ground: &Ground,
        whole: &str,
        ending: &Ending<'_>,
        end: &[String],
    ) -> Result<(), String> {
        let must = |told: Told, what: &str, ends_with| match told.code {
            code if code == ends_with => Ok(()),
            code => Err(format!("and then {what} ended with {code} ({})", told.words)),
        };
        ground.hold_to(&printed_for(&(self.strategy)(), PolicyFor::Promote));
        if ending.after.is_locked() {
            let told = ground.does(&Command::Unlock, (self.strategy)()).await;
            must(told, "unlock", 0)?;
        }
        let abort = async || {
            let abort = Command::Run(Intent::Abort);
            ground.does(&abort, (self.strategy)()).await
        };
        let deploys = matches!(self.command, Command::Run(Intent::Deploy { .. }));
        // Replaced in place, there is no candidate to remove.
        let in_place = (self.strategy)().policy.strategy == Strategy::Rolling;
        // Where it goes on to production by itself, what has swung is finished instead.
        if self.settings.is_empty() && deploys && !in_place && ending.told.code != 6 {
            must(abort().await, "abort", 0)?;
            let (left, was) = (ground.sees().await.generations(), ending.before.generations());
            return same("abort left something behind", &left, &was);
        }
        if ending.told.code == 5 {
            return must(abort().await, "abort", 0);
        }
        ground.hold_to(whole);
        must(self.done(ground).await, "the same command", self.ends_with)?;
        same(
            "the same command did not finish it",
            &ground.sees().await.shape(),
            end,
        )
    }
}

/// How a command ended for want of a permission.
struct Ending<'a> {
    /// What it missed was permission to see something, which is known before anything is changed.
    reading: bool,
    before: &'a Seen,
    after: &'a Seen,
    told: &'a Told,
    /// As it would have with every permission.
    well: bool,
    /// It said which permission it missed.
    missed: bool,
}

impl Ending<'_> {
    fn is_clear(&self) -> Result<(), String> {
        let moved = self.after.routes() != self.before.routes();
        match self.told.code {
            _ if self.well => return Ok(()),
            3 | 4 if self.after != self.before && (self.reading || self.told.code == 3) => {
                return Err("and had changed something".into());
            }
            4 | 5 if moved => return Err("and production has moved".into()),
            3..=6 => {}
            _ => return Err("which is not a code for this".into()),
        }
        if !self.missed {
            return Err("and did not say what it missed".into());
        }
        if !self.told.words.contains("iam-policy") {
            return Err("and named no way out".into());
        }
        Ok(())
    }
}

fn same(otherwise: &str, is: &[String], should_be: &[String]) -> Result<(), String> {
    let only = |these: &[String], those: &[String]| {
        let only: Vec<&String> = these.iter().filter(|one| !those.contains(one)).collect();
        format!("{only:?}")
    };
    if is == should_be {
        return Ok(());
    }
    Err(format!(
        "{otherwise}: {} and not {}",
        only(is, should_be),
        only(should_be, is)
    ))
}

impl Permission {
    /// The policy without this one action in this one statement.
    pub(super) fn taken_from(&self, policy: &str) -> String {
        let mut policy: Value = serde_json::from_str(policy).expect("JSON");
        let statements = policy["Statement"].as_array_mut().expect("statements");
        for statement in statements.iter_mut() {
            if statement["Sid"] == self.statement.as_str() {
                let left: Vec<Value> = actions(statement)
                    .into_iter()
                    .filter(|action| *action != self.action)
                    .map(Value::from)
                    .collect();
                statement["Action"] = left.into();
            }
        }
        statements.retain(|statement| !actions(statement).is_empty());
        policy.to_string()
    }
}

/// Everything that a policy allows.
pub(super) fn permissions(policy: &str) -> Vec<Permission> {
    let policy: Value = serde_json::from_str(policy).expect("JSON");
    let statements = policy["Statement"].as_array().expect("statements");
    statements
        .iter()
        .filter(|statement| statement["Effect"] == "Allow")
        .flat_map(|statement| {
            actions(statement).into_iter().map(|action| Permission {
                statement: statement["Sid"].as_str().expect("a Sid").to_owned(),
                action,
            })
        })
        .collect()
}

fn actions(statement: &Value) -> Vec<String> {
    match &statement["Action"] {
        Value::Array(several) => several
            .iter()
            .filter_map(|action| action.as_str().map(str::to_owned))
            .collect(),
        one => one.as_str().map(str::to_owned).into_iter().collect(),
    }
}
