//! `judge replay`: what the configured thresholds say of readings that were recorded.

use std::path::Path;

use super::args::{Global, JudgeCommand, TextOrJson};
use super::failure::Failure;
use super::metrics::judging;
use super::session::{env, json, look_of_stdout, out};
use crate::config;
use crate::judge;
use crate::model::judgement::{Judgement, Verdict};
use crate::model::judging::Consequence;
use crate::model::readings::Readings;
use crate::report::{self, visible};

pub(super) fn run(global: &Global, command: &JudgeCommand) -> Result<u8, Failure> {
    let JudgeCommand::Replay { file, format } = command;
    let (readings, judgement) = judged(global, file)?;
    match format {
        TextOrJson::Text => out(&report::metrics::sentences(&judgement, look_of_stdout()))?,
        TextOrJson::Json => json(&report::metrics::json(&readings, &judgement)?)?,
    }
    Ok(code_of(judgement.verdict))
}

fn judged(global: &Global, file: &Path) -> Result<(Readings, Judgement), Failure> {
    let config = config::load(global.config.as_deref(), &global.settings.overrides(), &env)?;
    let readings = recorded(file)?;
    let judgement = judge::judge(&judging(&config), &readings);
    Ok((readings, judgement))
}

pub(super) fn recorded(file: &Path) -> Result<Readings, Failure> {
    let wrong = |why: String| {
        Failure::usage(
            format!("{}: {why}", file.display()),
            "`swingbridge metrics --record FILE` writes readings",
        )
    };
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    // What is wrong is told in the file's words.
    serde_json::from_str(&text).map_err(|error| {
        let error = error.to_string();
        wrong(format!("these are no readings: {}", visible(&error)))
    })
}

/// What a promotion would end with on this verdict.
fn code_of(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Pass => 0,
        Verdict::Fail(Consequence::Rollback | Consequence::Reduce) => 5,
        Verdict::Fail(Consequence::Hold) | Verdict::Inconclusive => 9,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use clap::Parser;

    use super::*;
    use crate::cli::args::{Cli, Command};

    const CONFIG: &str = "app = \"ks\"\nload_balancer = \"alb\"\n";

    /// The exit code on a recording of one minute with so many requests and failures, by these settings.
    fn ends(settings: &str, requests: u32, failed: u32, name: &str) -> u8 {
        let folder: PathBuf =
            std::env::temp_dir().join(format!("swingbridge-replay-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let (config, file) = (folder.join("swingbridge.toml"), folder.join("readings.json"));
        std::fs::write(&config, format!("{CONFIG}{settings}")).expect("written");
        let at = "2026-03-02T12:00:00Z";
        let recording = serde_json::json!({
            "from": at, "to": "2026-03-02T12:01:00Z", "period": "1m",
            "live": { "target_group": "tg-1", "series": {} },
            "candidate": { "target_group": "tg-2", "series": {
                "RequestCount": [[at, requests]],
                "HTTPCode_Target_5XX_Count": [[at, failed]],
            } },
        });
        std::fs::write(&file, recording.to_string()).expect("written");
        let (config_text, file_text) = (config.display().to_string(), file.display().to_string());
        let typed = ["swingbridge", "-c", &config_text, "judge", "replay", &file_text];
        let cli = Cli::try_parse_from(typed).expect("a command");
        let Command::Judge(args) = &cli.command else {
            panic!("{:?}", cli.command);
        };
        let JudgeCommand::Replay { file, .. } = &args.what;
        let code = match judged(&cli.global, file) {
            Ok((_, judgement)) => code_of(judgement.verdict),
            Err(failure) => failure.code(),
        };
        std::fs::remove_dir_all(&folder).expect("removed");
        code
    }

    #[test]
    fn a_replay_ends_as_the_thresholds_of_now_judge_it() {
        const ONLY_ERRORS: &str = "[judge.rules]\nsuccess-rate.enabled = false\nlatency-p95.enabled = false\n\
                                   connection-errors.enabled = false\nunhealthy-hosts.enabled = false\n";
        let table = [
            ("good", String::new(), 1000, 10, 0),
            ("bad", String::new(), 1000, 60, 5),
            ("stricter", "error-rate.at_most = 0.5\n".into(), 1000, 10, 5),
            ("looser", "error-rate.at_most = 50\n".into(), 1000, 60, 0),
            ("hold", "error-rate.then = \"hold\"\n".into(), 1000, 60, 9),
            ("thin", String::new(), 99, 60, 9),
        ];
        for (name, more, requests, failed, code) in table {
            let settings = format!("{ONLY_ERRORS}{more}");
            assert_eq!(ends(&settings, requests, failed, name), code, "{name}");
        }
    }
}
