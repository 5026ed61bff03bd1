//! Who runs this: for the lock's tags, and to know that a holder on this machine has died.

use std::fs;

use crate::model::address;

/// The one who holds the lock, as others will read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub owner: String,
    pub host: String,
    pub process: String,
    pub url: Option<String>,
}

impl Identity {
    /// From the environment of a shell or a pipeline.
    pub fn from_environment(env: &dyn Fn(&str) -> Option<String>) -> Self {
        let first = |names: &[&str]| {
            names
                .iter()
                .find_map(|name| env(name))
                .filter(|text| !text.is_empty())
        };
        let github = match (
            env("GITHUB_SERVER_URL"),
            env("GITHUB_REPOSITORY"),
            env("GITHUB_RUN_ID"),
        ) {
            (Some(server), Some(repository), Some(run)) => {
                Some(format!("{server}/{repository}/actions/runs/{run}"))
            }
            _ => None,
        };
        Self {
            owner: first(&[
                "SWINGBRIDGE_OWNER",
                "GITHUB_ACTOR",
                "BUILD_USER_ID",
                "GITLAB_USER_LOGIN",
                "USER",
                "LOGNAME",
            ])
            .unwrap_or_else(|| "somebody".into()),
            host: gethostname::gethostname().to_string_lossy().into_owned(),
            process: this_process().unwrap_or_default(),
            url: github
                .or_else(|| first(&["BUILD_URL", "CI_JOB_URL"]))
                .map(|url| address::shown(&url)),
        }
    }
}

/// Boot, process namespace, pid and start time. `None` where the system does not show them.
fn this_process() -> Option<String> {
    let pid = std::process::id();
    Some(format!("{} {pid} {}", machine()?, started(pid)?))
}

fn machine() -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
    let digits: String = namespace
        .to_string_lossy()
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    Some(format!("{} {digits}", boot.trim()))
}

/// When a process started, in clock ticks since boot: a pid alone may have been given again.
fn started(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses, which may contain anything.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X") {
        return None;
    }
    fields.nth(18).map(str::to_owned)
}

/// Whether a process of this machine and namespace has certainly ended.
pub fn has_ended(process: &str) -> bool {
    let mut parts = process.split_whitespace();
    let (Some(boot), Some(namespace), Some(pid), Some(start)) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let Ok(pid) = pid.parse::<u32>() else { return false };
    if started(1).is_none() {
        // Other people's processes are hidden here: not seeing one says nothing.
        return false;
    }
    machine().as_deref() == Some(format!("{boot} {namespace}").as_str())
        && started(pid).as_deref() != Some(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_runs_has_not_ended() {
        let this = this_process().expect("this system shows its processes");
        assert!(!has_ended(&this));
    }

    #[test]
    fn a_process_that_was_killed_has_ended_although_its_pid_is_known() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .expect("sleep starts");
        let its = format!(
            "{} {} {}",
            machine().expect("a machine"),
            child.id(),
            started(child.id()).expect("a start time")
        );
        assert!(!has_ended(&its));
        child.kill().expect("it is ours to kill");
        child.wait().expect("it ends");
        assert!(has_ended(&its));
    }

    #[test]
    fn nothing_is_said_about_processes_of_other_machines() {
        for other in ["", "boot", "0f0f 4026531836 1 1", "a b c d"] {
            assert!(!has_ended(other), "{other:?}");
        }
    }

    #[test]
    fn a_pipeline_is_named_by_its_page() {
        let env = |name: &str| {
            let value = match name {
                "GITHUB_SERVER_URL" => "https://github.example",
                "GITHUB_REPOSITORY" => "shop/web",
                "GITHUB_RUN_ID" => "42",
                "GITHUB_ACTOR" => "ada",
                _ => return None,
            };
            Some(value.to_owned())
        };
        let identity = Identity::from_environment(&env);
        assert_eq!(identity.owner, "ada");
        assert_eq!(
            identity.url.as_deref(),
            Some("https://github.example/shop/web/actions/runs/42")
        );
    }

    #[test]
    fn the_page_of_a_pipeline_is_told_without_the_token_that_opens_it() {
        let env = |name: &str| (name == "BUILD_URL").then(|| "https://ci:token@ci.example/job/7/".to_owned());
        let identity = Identity::from_environment(&env);
        assert_eq!(identity.url.as_deref(), Some("https://ci.example/job/7/"));
    }
}
