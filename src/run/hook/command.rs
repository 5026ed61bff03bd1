//! One command: in a process group of its own, with an environment of its own, and gone when it is over.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use futures_util::future::BoxFuture;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::output::Output;
use super::{Answer, Outside, Reply};
use crate::model::hook::Hook;
use crate::model::step::span;
use crate::model::told::Told;

/// The exit code by which a gate says that it is to be asked again: `EX_TEMPFAIL`.
const NOT_YET: i32 = 75;
/// How long it has between being asked to end and being killed.
const GRACE: Duration = Duration::from_secs(3);
/// How long what it wrote is read after it has ended: somebody may have taken its output along.
const LAST_WORDS: Duration = Duration::from_secs(1);

pub(super) async fn run(
    outside: &Outside,
    hook: &Hook,
    argv: &[String],
    told: &Told,
    stop: BoxFuture<'_, ()>,
) -> Reply {
    let mut given = Vec::new();
    for name in hook.variables() {
        match (outside.env)(name) {
            Some(value) => given.push((name.clone(), value)),
            None => return Reply::failed(format!("the variable {name} is not set")),
        }
    }
    let mut secrets: Vec<String> = given.iter().map(|(_, value)| value.clone()).collect();
    secrets.extend(told.entrance.iter().map(|entrance| entrance.value.clone()));
    let started = match start(outside, argv, told, given) {
        Ok(started) => started,
        Err(error) => {
            let program = argv.first().map_or("", String::as_str);
            return Reply::failed(format!("{program} could not be started: {error}"));
        }
    };
    let mut output = Output::without(secrets);
    let answer = match started.until_ended(hook.timeout, stop, &mut output).await {
        Ok((None, status)) => answer(hook, status),
        Ok((Some(End::Stopped), _)) => Answer::Stopped,
        Ok((Some(End::TooLong), _)) => Answer::Failed(format!("it took longer than {}", span(hook.timeout))),
        Err(error) => Answer::Failed(error.to_string()),
    };
    Reply {
        answer,
        said: output.lines(),
    }
}

fn answer(hook: &Hook, status: ExitStatus) -> Answer {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(0), _) => Answer::Passed,
        (Some(NOT_YET), _) if hook.gate.is_some() => Answer::NotYet(format!("exit code {NOT_YET}")),
        (Some(code), _) => Answer::Failed(format!("exit code {code}")),
        (None, signal) => Answer::Failed(format!("ended by signal {}", signal.unwrap_or_default())),
    }
}

/// Why it was ended.
#[derive(Clone, Copy)]
enum End {
    Stopped,
    TooLong,
}

struct Started {
    child: Child,
    group: Group,
    output: pipe::Receiver,
}

/// Whoever forgets it kills all that is in it.
struct Group(Option<Pid>);

impl Group {
    fn send(&self, signal: Signal) {
        // It may have ended by itself just now.
        let _ = self.0.map(|group| kill_process_group(group, signal));
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.send(Signal::KILL);
    }
}

fn start(
    outside: &Outside,
    argv: &[String],
    told: &Told,
    given: Vec<(String, String)>,
) -> std::io::Result<Started> {
    let (program, arguments) = argv
        .split_first()
        .ok_or_else(|| std::io::Error::other("there is nothing to run"))?;
    // One pipe for both, so that what was written first is read first.
    let (reader, writer) = std::io::pipe()?;
    let output = pipe::Receiver::from_owned_fd(OwnedFd::from(reader))?;
    let own = ["PATH", "HOME"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), (outside.env)(name)?)));
    let child = Command::new(located(&outside.folder, program))
        .args(arguments)
        .current_dir(&outside.folder)
        .env_clear()
        .envs(own)
        .envs(given)
        .envs(told.variables())
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .process_group(0)
        .kill_on_drop(true)
        .spawn()?;
    let group = child
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .and_then(Pid::from_raw);
    Ok(Started {
        child,
        group: Group(group),
        output,
    })
}

/// A program with a `/` in its name is relative to the folder; any other is looked for in `PATH`.
fn located(folder: &Path, program: &str) -> PathBuf {
    let path = Path::new(program);
    if path.is_relative() && program.contains('/') {
        // From a relative folder it would be looked for in that folder's own.
        std::path::absolute(folder.join(path)).unwrap_or_else(|_| folder.join(path))
    } else {
        path.to_owned()
    }
}

impl Started {
    async fn until_ended(
        mut self,
        limit: Duration,
        mut stop: BoxFuture<'_, ()>,
        output: &mut Output,
    ) -> std::io::Result<(Option<End>, ExitStatus)> {
        let mut buffer = [0; 4096];
        let mut open = true;
        let mut end = None;
        let mut kill_at = None;
        let too_long = sleep(limit);
        tokio::pin!(too_long);
        let status = loop {
            tokio::select! {
                status = self.child.wait() => break status?,
                read = self.output.read(&mut buffer), if open => match read {
                    Ok(0) | Err(_) => open = false,
                    Ok(length) => output.push(&buffer[..length]),
                },
                () = &mut stop, if end.is_none() => {
                    end = Some(End::Stopped);
                    kill_at = Some(self.asked_to_end());
                }
                () = &mut too_long, if end.is_none() => {
                    end = Some(End::TooLong);
                    kill_at = Some(self.asked_to_end());
                }
                () = reached(kill_at) => {
                    self.group.send(Signal::KILL);
                    kill_at = None;
                }
            }
        };
        // What it left behind goes with it.
        self.group.send(Signal::KILL);
        let rest = async {
            while let Ok(length @ 1..) = self.output.read(&mut buffer).await {
                output.push(&buffer[..length]);
            }
        };
        let _ = timeout(LAST_WORDS, rest).await;
        Ok((end, status))
    }

    fn asked_to_end(&self) -> Instant {
        self.group.send(Signal::TERM);
        Instant::now() + GRACE
    }
}

async fn reached(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
