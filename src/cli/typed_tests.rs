//! What is suggested to be typed can be typed, and means what it was suggested for.

use clap::Parser;

use super::args::{Cli, Command, PlanWhat, ReleaseArgs};
use crate::model::fixtures;
use crate::model::ids::Generation;
use crate::model::plan::Intent;
use crate::model::policy::AfterRollback;

fn intents() -> Vec<Intent> {
    let mut all = vec![
        Intent::Deploy {
            release: fixtures::release("2026-03-02.1"),
        },
        Intent::Promote,
        Intent::PromoteFully,
        Intent::Shift { percent: 20 },
        Intent::Pause,
        Intent::Resume,
        Intent::Retreat,
        Intent::Winner { name: "bold".into() },
        Intent::Abort,
        Intent::Repair,
    ];
    for generation in [None, Some(Generation(3))] {
        all.push(Intent::Retire { generation });
        for failed in [None, Some(AfterRollback::Keep), Some(AfterRollback::Remove)] {
            all.push(Intent::Rollback {
                to: generation,
                failed,
            });
        }
    }
    all
}

/// As a shell takes it apart.
fn typed(line: &str) -> Command {
    match Cli::try_parse_from(line.split(' ')) {
        Ok(cli) => cli.command,
        Err(error) => panic!("`{line}`: {error}"),
    }
}

/// What a release is made of is in its configuration; here by its name alone.
fn deploys(release: &ReleaseArgs) -> Intent {
    let name = release.release.as_deref().expect("a release");
    Intent::Deploy {
        release: fixtures::release(name),
    }
}

/// What a command wants that changes something.
fn wanted(command: &Command) -> Intent {
    match command {
        Command::Deploy(args) => deploys(&args.release),
        Command::Promote(args) => args.how.intent(),
        Command::Rollback(args) => args.back.intent(),
        Command::Shift(args) => args.share.intent(),
        Command::Winner(args) => args.who.intent(),
        Command::Pause(_) => Intent::Pause,
        Command::Resume(_) => Intent::Resume,
        Command::Abort(_) => Intent::Abort,
        Command::Retire(args) => args.which.intent(),
        Command::Repair(_) => Intent::Repair,
        other => panic!("{other:?}"),
    }
}

/// What is planned by a command, or what it wants itself.
fn planned(command: &Command) -> Intent {
    let Command::Plan(args) = command else {
        return wanted(command);
    };
    match &args.what {
        PlanWhat::Deploy { release, .. } => deploys(release),
        PlanWhat::Promote { how, .. } => how.intent(),
        PlanWhat::Rollback { back, .. } => back.intent(),
        PlanWhat::Shift { share, .. } => share.intent(),
        PlanWhat::Winner { who, .. } => who.intent(),
        PlanWhat::Abort { .. } => Intent::Abort,
        PlanWhat::Retire { which, .. } => which.intent(),
        PlanWhat::Repair { .. } => Intent::Repair,
        other @ PlanWhat::Show { .. } => panic!("{other:?}"),
    }
}

#[test]
fn the_command_that_is_told_for_an_intent_wants_that_intent() {
    for intent in intents() {
        let line = intent.command();
        assert_eq!(wanted(&typed(&line)), intent, "{line}");
    }
}

#[test]
fn the_command_that_is_told_to_plan_an_intent_plans_it_and_only_what_has_no_plan_is_the_command_itself() {
    for intent in intents() {
        let line = intent.plan_command();
        // There the rest of a release is to be typed.
        let whole = line.strip_suffix(" …");
        assert_eq!(whole.is_some(), matches!(intent, Intent::Deploy { .. }), "{line}");
        let line = whole.unwrap_or(&line);
        let command = typed(line);
        assert_eq!(planned(&command), intent, "{line}");
        let has_no_plan = matches!(intent, Intent::Pause | Intent::Resume);
        assert_eq!(!matches!(command, Command::Plan(_)), has_no_plan, "{line}");
    }
}
