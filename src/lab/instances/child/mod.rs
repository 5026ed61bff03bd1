//! The machine's side of an instance: the lab's own executable, started again to run one instance's user data.

mod family;
mod log;
mod script;

use std::io::{self, BufRead, BufReader, Read};
use std::process::ExitCode;
use std::thread;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use self::log::Log;
use super::description::{Description, is_to_fail};
use super::user_data::Program;
use crate::lab::sample::knobs::Knobs;
use crate::lab::sample::{self, Outcome};

/// The name of the log in an instance's folder.
pub(super) const LOG: &str = "log";

/// Runs the instance that is described on standard input, until it ends or standard input does.
pub async fn main() -> ExitCode {
    let (sender, described) = oneshot::channel();
    // A thread, so that nothing this process does can keep it from noticing that the lab is gone.
    thread::spawn(move || listen(sender));
    let Ok(description) = described.await else {
        return ExitCode::FAILURE;
    };
    let Ok(log) = Log::open(&description.folder.join(LOG)) else {
        return ExitCode::FAILURE;
    };
    let outcome = run(&description, &log).await;
    let _last = family::last();
    match outcome {
        Ok(said) => {
            log.say(&said);
            ExitCode::SUCCESS
        }
        Err(error) => {
            log.say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// The description is the first line; after it nothing comes but the end.
fn listen(sender: oneshot::Sender<Description>) {
    let mut line = Vec::new();
    let mut input = BufReader::new(io::stdin());
    let read = input.read_until(b'\n', &mut line);
    let description = read
        .ok()
        .filter(|_| line.ends_with(b"\n"))
        .and_then(|_| serde_json::from_slice(&line).ok());
    // Not described, nothing was started: the dropped sender says so.
    let Some(description) = description else { return };
    family::found();
    if sender.send(description).is_ok() {
        let _ = input.read_to_end(&mut Vec::new());
        family::end();
    }
}

async fn run(description: &Description, log: &Log) -> Result<String, String> {
    let mut termination = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let program = Program::of(&description.user_data)?;
    let failing = is_to_fail(&description.tags);
    if failing {
        log.say("this machine was started with the fault that it answers 503 to everything");
    }
    match program {
        Program::Script if failing => serve(description, Knobs::default().failing(), log, termination).await,
        Program::Script => {
            let ended = script::run(description, log, &mut termination).await?;
            if ended.asked {
                return Ok(ended.said);
            }
            // As on a real machine, where user data prepares what the image then runs.
            log.say(&format!(
                "{}: the image's own service follows, the built-in sample",
                ended.said
            ));
            serve(description, Knobs::default(), log, termination).await
        }
        Program::Sample { knobs, because } => {
            if let Some(because) = because {
                log.say(&format!("{because}: this is the built-in sample"));
            }
            let knobs = if failing { knobs.failing() } else { *knobs };
            serve(description, knobs, log, termination).await
        }
    }
}

async fn serve(
    description: &Description,
    knobs: Knobs,
    log: &Log,
    termination: Signal,
) -> Result<String, String> {
    let (address, identity) = (description.address, description.identity(&knobs));
    log.say(&format!(
        "version {} boots in {:?} and serves at {address}",
        identity.version, knobs.boot
    ));
    match sample::serve(address, knobs, identity, asked(termination, log)).await {
        Ok(Outcome::Finished) => Ok("everything is finished".to_owned()),
        Ok(Outcome::Cut) => Ok("requests in flight took too long and were cut".to_owned()),
        Ok(Outcome::Died) => Err("died, as its knobs have it".to_owned()),
        Err(error) => Err(format!("cannot listen at {address}: {error}")),
    }
}

async fn asked(mut termination: Signal, log: &Log) {
    termination.recv().await;
    log.say("asked to end");
}
