//! Whole ways, each command with exactly what is printed for its role: by shares, by turns, without two at once, and by
//! a saved plan.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::ground::{Command, Ground, Told, printed_for};
use super::{RESUME_TERMINATE, configs, in_virtual_time, next, rollback, user_data, version};
use crate::cli::args::PolicyFor;
use crate::config::Config;
use crate::model::obligation;
use crate::model::plan::Intent;
use crate::model::policy::AfterRollback;
use crate::model::routing::{Action, Priority};

/// Longer than anything is held, and than a colour stays open.
const ALL_IS_DUE: Duration = Duration::from_secs(3600);
/// How long somebody tries who wants to come between.
const PATIENCE: Duration = Duration::from_secs(240);

/// An app with its configuration, and whoever does things to it.
struct Way {
    ground: Ground,
    config: fn() -> Config,
}

impl Way {
    async fn with(config: fn() -> Config) -> Self {
        Self {
            ground: Ground::new().await,
            config,
        }
    }

    /// From now on by somebody with this role.
    fn by(&self, role: PolicyFor) {
        self.ground.hold_to(&printed_for(&(self.config)(), role));
    }

    async fn told(&self, command: &Command) -> Told {
        let told = self.ground.does(command, (self.config)()).await;
        assert!(
            !told.words.contains("not authorized"),
            "{command:?}: {}",
            told.words
        );
        told
    }

    async fn well(&self, role: PolicyFor, command: Command) -> Told {
        self.by(role);
        let told = self.told(&command).await;
        assert_eq!(told.code, 0, "{role:?}, {command:?}: {}", told.words);
        told
    }

    /// What a command stays for is done by the same role, as `repair` would do it. There must be something.
    async fn what_is_left(&self, role: PolicyFor) {
        sleep(ALL_IS_DUE).await;
        let before = self.ground.sees().await;
        self.well(role, Command::Run(Intent::Repair)).await;
        assert!(
            self.ground.sees().await != before,
            "{role:?}: nothing was left to do"
        );
    }

    /// Where production goes, whole or shared.
    async fn production(&self) -> BTreeSet<String> {
        let routes = self.ground.sees().await.routes();
        let led = |action: &Action| match action.only_target() {
            Some(target_group) => target_group.to_string(),
            None => "shared".to_owned(),
        };
        routes.iter().map(|(_, _, action)| led(action)).collect()
    }

    async fn is_at(&self, place: &str) {
        assert_eq!(self.production().await, BTreeSet::from([place.to_owned()]));
    }
}

#[test]
fn shares_are_given_held_and_taken_back_with_what_is_printed_for_promote_and_rollback() {
    in_virtual_time(|| async {
        let way = Way::with(configs::stages).await;
        way.well(PolicyFor::Deploy, Command::Run(version())).await;
        way.by(PolicyFor::Promote);
        let promote = Command::Run(Intent::Promote);
        // Whoever promotes holds the lock but for the bake.
        let between = async {
            let pause = Command::Run(Intent::Pause);
            while way.told(&pause).await.code != 0 {
                sleep(Duration::from_secs(5)).await;
            }
        };
        let (promoted, paused) = tokio::join!(way.told(&promote), timeout(PATIENCE, between));
        assert!(paused.is_ok(), "nobody could pause it: {promoted:?}");
        assert_eq!(promoted.code, 9, "{}", promoted.words);
        way.is_at("shared").await;
        way.well(PolicyFor::Promote, Command::Run(Intent::Resume)).await;
        way.is_at("tg-2").await;

        way.well(PolicyFor::Deploy, Command::Run(next("3.0"))).await;
        way.well(PolicyFor::Promote, super::shifted()).await;
        way.is_at("shared").await;
        way.well(PolicyFor::Promote, Command::Run(Intent::PromoteFully))
            .await;
        way.is_at("tg-3").await;
        way.what_is_left(PolicyFor::Promote).await;

        way.well(PolicyFor::Deploy, Command::Run(next("4.0"))).await;
        way.well(PolicyFor::Promote, super::shifted()).await;
        way.well(PolicyFor::Rollback, Command::Run(Intent::Retreat)).await;
        way.is_at("tg-3").await;
        // Nothing stays held for a share that has been taken back.
        let seen = way.ground.sees().await.estate;
        let live = seen.groups.iter().find(|group| group.name.as_str() == "asg-3");
        assert_eq!(obligation::owed(&live.expect("asg-3").tags), []);
    });
}

#[test]
fn what_must_not_run_twice_is_replaced_with_everything_and_taken_back_with_what_is_printed_for_rollback() {
    in_virtual_time(|| async {
        let way = Way::with(configs::recreate).await;
        let ends = Command::Call(RESUME_TERMINATE);
        way.ground.prepare(&ends, configs::recreate()).await;
        way.well(PolicyFor::All, Command::Run(version())).await;
        way.is_at("tg-2").await;
        way.well(PolicyFor::Rollback, rollback(AfterRollback::Keep)).await;
        way.is_at("tg-1").await;
    });
}

#[test]
fn colours_beacon_and_doors_for_users_take_what_is_printed_for_the_command_that_turns_them() {
    in_virtual_time(|| async {
        let way = Way::with(configs::by_turns).await;
        let rules = async || -> Vec<u32> {
            let seen = way.ground.sees().await;
            let numbers = seen.estate.rules().filter_map(|rule| match rule.priority {
                Priority::Numbered(number) if (10..20).contains(&number) => Some(number),
                _ => None,
            });
            numbers.collect()
        };
        way.well(PolicyFor::Deploy, Command::Run(version())).await;
        assert_eq!(rules().await, [10, 11, 12, 13, 14]);
        way.well(PolicyFor::Promote, Command::Run(Intent::Promote)).await;
        way.is_at("tg-2").await;
        way.what_is_left(PolicyFor::Promote).await;
        assert_eq!(
            rules().await,
            [10, 11, 12],
            "users have no door without a candidate"
        );
        way.well(PolicyFor::Rollback, rollback(AfterRollback::Keep)).await;
        way.is_at("tg-1").await;
        way.what_is_left(PolicyFor::Rollback).await;

        way.well(PolicyFor::Deploy, Command::Run(next("3.0"))).await;
        way.well(PolicyFor::Promote, Command::Run(Intent::Abort)).await;
        way.well(PolicyFor::Deploy, Command::Run(next("4.0"))).await;
        way.well(PolicyFor::Promote, Command::Run(Intent::Promote)).await;
        way.well(PolicyFor::Rollback, rollback(AfterRollback::Remove))
            .await;
        way.is_at("tg-1").await;
    });
}

#[test]
fn a_saved_plan_is_made_with_what_is_printed_for_plan_and_applied_with_what_is_printed_for_its_command() {
    in_virtual_time(|| async {
        let way = Way::with(|| configs::config("")).await;
        let Command::Run(back) = rollback(AfterRollback::Remove) else {
            unreachable!("a rollback is run");
        };
        for (role, intent, place) in [
            (PolicyFor::Deploy, user_data(), "tg-1"),
            (PolicyFor::Promote, Intent::Promote, "tg-2"),
            (PolicyFor::Rollback, back, "tg-1"),
        ] {
            let saved = way.well(PolicyFor::Plan, Command::Save(intent)).await.words;
            way.well(role, Command::Apply(saved)).await;
            way.is_at(place).await;
        }
    });
}
