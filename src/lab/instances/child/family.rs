//! All processes of this machine: they are found even where they have left its process group, and end together.

use std::fs;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::Duration;

use rustix::process::{
    Pid, Signal, WaitOptions, getpgid, getpgrp, getpid, kill_current_process_group, kill_process, setpgid,
    wait,
};

/// How often the last ones are looked for, and how long between: together less than the lab waits for this machine.
const ROUNDS: usize = 200;
const ROUND: Duration = Duration::from_millis(2);

/// Held by whoever is ending this process.
static LAST: Mutex<()> = Mutex::new(());

/// Makes this process the head of its own group, and on Linux the parent of whatever loses its own in it.
pub(super) fn found() {
    // It is the head already when the lab started it.
    let _ = setpgid(None, None);
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_child_subreaper(Some(getpid()));
}

/// SIGTERM to everything but this process, which has asked for it to be sent on and hears its own only as an echo.
pub(super) fn ask_to_end() {
    let _ = kill_current_process_group(Signal::TERM);
    let own = getpgrp();
    for child in children() {
        if getpgid(Some(child)).is_ok_and(|group| group != own) {
            let _ = kill_process(child, Signal::TERM);
        }
    }
}

/// Whether anything is left once the script itself has ended.
pub(super) fn goes_on() -> bool {
    !childless()
}

/// Kills everything, this process too.
pub(super) fn end() {
    let _last = last();
    // Whoever loses its parent here becomes our child, so that in the end all are found. Elsewhere the group has to do.
    if cfg!(target_os = "linux") {
        for _ in 0..ROUNDS {
            for child in children() {
                let _ = kill_process(child, Signal::KILL);
            }
            if childless() {
                break;
            }
            sleep(ROUND);
        }
    }
    let _ = kill_current_process_group(Signal::KILL);
}

/// Keeps this process from ending in any other way while it kills what it runs: what would be left then would never end.
pub(super) fn last() -> MutexGuard<'static, ()> {
    LAST.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Buries the dead, and asks the system whether there are others: it knows better than any list, which is old when it is read.
fn childless() -> bool {
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some(_)) => {}
            Ok(None) => return false,
            Err(_) => return true,
        }
    }
}

/// The direct children, from Linux's `/proc`; nothing is known of them elsewhere.
fn children() -> Vec<Pid> {
    let own = getpid().as_raw_nonzero().to_string();
    let Ok(processes) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    processes
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|id: &i32| {
            // `id (name) state parent …`, where the name may hold anything.
            let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
            let parent = stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(1));
            parent == Some(own.as_str())
        })
        .filter_map(Pid::from_raw)
        .collect()
}
