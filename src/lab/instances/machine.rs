//! One instance's machine as the lab sees it: a process that is told what it is, and that is sure to end.

use std::ffi::OsString;
use std::fs::{self, File};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::description::Description;

/// How long a machine may take to kill what it runs before it is killed itself.
const LAST_CALL: Duration = Duration::from_secs(1);

/// How an instance is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Stop { grace: Duration },
    Kill,
}

#[derive(Debug)]
pub(super) struct Machine {
    child: Child,
    /// The machine's life: it ends when this closes.
    line: ChildStdin,
    /// Its process group, which is its own.
    group: Option<Pid>,
}

impl Machine {
    pub(super) async fn start(command: &[OsString], description: &Description) -> Result<Self, String> {
        let (program, arguments) = command
            .split_first()
            .ok_or("there is no command to start instances with")?;
        let folder = &description.folder;
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let log = folder.join(super::child::LOG);
        let said = File::options().create(true).append(true).open(&log);
        let said = said.map_err(|error| format!("{}: {error}", log.display()))?;
        let mut child = Command::new(program)
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(said)
            .process_group(0)
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        let group = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw);
        let mut line = child.stdin.take().ok_or("the machine has no standard input")?;
        let mut told = serde_json::to_vec(description).map_err(|error| error.to_string())?;
        told.push(b'\n');
        line.write_all(&told)
            .await
            .map_err(|error| format!("the machine did not listen: {error}"))?;
        Ok(Self { child, line, group })
    }

    /// Carries out how it is to end, if it is told, until it has ended. Ends it when nobody is left to tell.
    pub(super) async fn until_ended(self, mut endings: mpsc::UnboundedReceiver<Ending>) {
        let Self {
            mut child,
            line,
            group,
        } = self;
        let mut line = Some(line);
        let mut asked = false;
        let mut limit = None;
        loop {
            tokio::select! {
                _ = child.wait() => break,
                ending = endings.recv(), if line.is_some() => match ending {
                    Some(Ending::Stop { grace }) if !asked => {
                        asked = true;
                        limit = Some(Instant::now() + grace);
                        // It may have ended by itself just now.
                        let _ = group.map(|machine| kill_process(machine, Signal::TERM));
                    }
                    Some(Ending::Stop { .. }) => {}
                    Some(Ending::Kill) | None => limit = Some(Instant::now()),
                },
                () = reached(limit) => {
                    if line.take().is_some() {
                        limit = Some(Instant::now() + LAST_CALL);
                    } else {
                        limit = None;
                        let _ = child.start_kill();
                    }
                }
            }
        }
        // A machine that somebody else killed could not clear up.
        let _ = group.map(|group| kill_process_group(group, Signal::KILL));
    }
}

async fn reached(limit: Option<Instant>) {
    match limit {
        Some(limit) => sleep_until(limit).await,
        None => std::future::pending().await,
    }
}
