//! Runs an instance's script, and whatever the script leaves running.

use std::env;
use std::fs;
use std::io;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use tokio::process::Command;
use tokio::signal::unix::Signal;
use tokio::time::sleep;

use super::super::description::Description;
use super::family;
use super::log::Log;

/// How often to look whether what a script left running still runs.
const LOOK: Duration = Duration::from_millis(200);

/// How a script came to its end.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) said: String,
    /// Whether the instance was to end; a script that ends before that has only prepared its machine.
    pub(super) asked: bool,
}

/// Until the script has ended and, as on a real machine, everything that it put in the background.
pub(super) async fn run(
    description: &Description,
    log: &Log,
    termination: &mut Signal,
) -> Result<Ended, String> {
    let path = description.folder.join("user-data");
    fs::write(&path, &description.user_data).map_err(|error| format!("{}: {error}", path.display()))?;
    // The interpreter is called here and not by the system, which would not run a script from every temporary folder.
    let first = description
        .user_data
        .lines()
        .next()
        .unwrap_or_default()
        .trim_start_matches("#!")
        .trim();
    let (interpreter, argument) = first.split_once(char::is_whitespace).unwrap_or((first, ""));
    let argument = Some(argument.trim()).filter(|argument| !argument.is_empty());
    let (reader, writer) = io::pipe().map_err(|error| error.to_string())?;
    let again = writer.try_clone().map_err(|error| error.to_string())?;
    let mut command = Command::new(interpreter);
    command
        .args(argument)
        .arg(&path)
        .current_dir(&description.folder)
        .envs(description.environment());
    command.stdin(Stdio::null()).stdout(writer).stderr(again);
    if let Ok(executable) = env::current_exe() {
        command.env("SWINGBRIDGE", executable);
    }
    log.say(&format!(
        "the user data is a script for {interpreter}, which is to serve at {}",
        description.address
    ));
    let mut child = command
        .spawn()
        .map_err(|error| format!("{interpreter}: {error}"))?;
    // Its ends of the pipe must not be the ones that keep it open.
    drop(command);
    let copy = log.clone();
    let copier = thread::spawn(move || copy.copy(reader));
    let mut asked = false;
    let status = loop {
        tokio::select! {
            status = child.wait() => break status.map_err(|error| error.to_string())?,
            _ = termination.recv(), if !asked => {
                asked = true;
                log.say("asked to end");
                family::ask_to_end();
            }
        }
    };
    if family::goes_on() {
        log.say(&format!(
            "the script ended ({status}); what it left running is the instance now"
        ));
    }
    while family::goes_on() {
        tokio::select! {
            () = sleep(LOOK) => {}
            _ = termination.recv(), if !asked => {
                asked = true;
                log.say("asked to end");
                family::ask_to_end();
            }
        }
    }
    // Nobody is left that could write, so the last words are all there are.
    let _ = copier.join();
    let said = format!("the script ended ({status})");
    // As on a real machine, a script that fails is nobody's end but its own.
    Ok(Ended { said, asked })
}
