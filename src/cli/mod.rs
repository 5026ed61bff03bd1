//! The commands: one small file each. Wiring, no logic.

use std::process::ExitCode;

use clap::Parser;

mod apply;
mod args;
mod check;
mod complete;
mod demo;
mod failure;
mod help;
mod history;
#[cfg(test)]
mod hostile_tests;
mod iam_policy;
mod init;
mod judge;
mod lab;
mod letters;
mod load;
#[cfg(test)]
mod load_tests;
mod log;
mod man;
mod metrics;
mod plan;
mod release;
mod run;
mod session;
mod status;
#[cfg(test)]
mod typed_tests;
mod unlock;

use args::{Cli, Command};
use failure::Failure;

use crate::report::visible;

/// Parses what was typed, does it, and says how it went in an exit code.
pub fn main() -> ExitCode {
    let cli = match parsed() {
        Ok(cli) => cli,
        Err(failure) => return failure.print(),
    };
    log::start(cli.global.verbose, cli.global.log_format);
    let runtime = match runtime_for(&cli.command) {
        Ok(runtime) => runtime,
        Err(error) => return Failure::unexpected(error).print(),
    };
    match runtime.block_on(dispatch(&cli)) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => failure.print(),
    }
}

/// What is wrong is said in the words that were typed, and those may be the name of a branch: clap is then given
/// them again with nothing hidden.
fn parsed() -> Result<Cli, Failure> {
    Cli::try_parse().or_else(|_| {
        let typed = std::env::args_os();
        let seen = typed.map(|word| visible(&word.to_string_lossy()).into_owned());
        match Cli::try_parse_from(seen) {
            Err(error) => error.exit(),
            Ok(_) => Err(Failure::usage(
                "something that was typed has characters in it that cannot be seen, or is no text",
                "type it without them",
            )),
        }
    })
}

/// A command waits for AWS on one thread; a lab and a load are work.
fn runtime_for(command: &Command) -> std::io::Result<tokio::runtime::Runtime> {
    match command {
        Command::Lab(_) | Command::Load(_) | Command::Demo(_) => tokio::runtime::Builder::new_multi_thread(),
        _ => tokio::runtime::Builder::new_current_thread(),
    }
    .enable_all()
    .build()
}

/// Boxed, because every command's future would otherwise be as large as the largest of them.
async fn dispatch(cli: &Cli) -> Result<u8, Failure> {
    let global = &cli.global;
    match &cli.command {
        Command::Init(args) => Box::pin(init::run(global, args)).await,
        Command::Check(args) => Box::pin(check::run(global, args)).await,
        Command::Plan(args) => Box::pin(plan::run(global, &args.what)).await,
        Command::Apply(args) => Box::pin(apply::run(global, args)).await,
        Command::Deploy(args) => Box::pin(run::deploy(global, args)).await,
        Command::Promote(args) => Box::pin(run::promote(global, args)).await,
        Command::Rollback(args) => Box::pin(run::rollback(global, args)).await,
        Command::Shift(args) => Box::pin(run::shift(global, args)).await,
        Command::Winner(args) => Box::pin(run::winner(global, args)).await,
        Command::Pause(args) => Box::pin(run::pause(global, args)).await,
        Command::Resume(args) => Box::pin(run::resume(global, args)).await,
        Command::Abort(args) => Box::pin(run::abort(global, args)).await,
        Command::Retire(args) => Box::pin(run::retire(global, args)).await,
        Command::Repair(args) => Box::pin(run::repair(global, args)).await,
        Command::Status(args) => Box::pin(status::run(global, args)).await,
        Command::History(args) => Box::pin(history::run(global, args)).await,
        Command::Metrics(args) => Box::pin(metrics::run(global, args)).await,
        Command::Judge(args) => judge::run(global, &args.what),
        Command::Unlock(args) => Box::pin(unlock::run(global, args)).await,
        Command::IamPolicy(args) => iam_policy::run(global, args),
        Command::Lab(args) => Box::pin(lab::run(global, &args.what)).await,
        Command::Load(args) => Box::pin(load::run(args)).await,
        Command::Demo(args) => Box::pin(demo::run(args)).await,
        Command::Completions { shell } => complete::run(*shell),
        Command::Man { dir } => man::run(dir),
    }
}
