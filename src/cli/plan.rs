//! `plan`: what a command would do, shown or saved.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use super::args::{Global, PlanFormat, PlanWhat, ShowArgs};
use super::failure::Failure;
use super::release;
use super::session::{Session, json, look_of_stdout, out};
use crate::model::plan::{Intent, Plan};
use crate::plan;
use crate::report::{self, in_json, visible};

pub(super) async fn run(global: &Global, what: &PlanWhat) -> Result<u8, Failure> {
    if let PlanWhat::Show { file, format } = what {
        show(&read(file)?, *format, global.verbose > 0)?;
        return Ok(0);
    }
    let mut session = Session::open(global).await?;
    let (intent, show) = match what {
        PlanWhat::Deploy { release, show } => (release::intent(&mut session.config, release)?, show),
        PlanWhat::Promote { how, show } => (how.intent(), show),
        PlanWhat::Shift { share, show } => (share.intent(), show),
        PlanWhat::Winner { who, show } => (who.intent(), show),
        PlanWhat::Rollback { back, show } => (back.intent(), show),
        PlanWhat::Abort { show } => (Intent::Abort, show),
        PlanWhat::Repair { show } => (Intent::Repair, show),
        PlanWhat::Retire { which, show } => (which.intent(), show),
        PlanWhat::Show { .. } => return Ok(0),
    };
    let estate = session.observe_for(&intent).await?;
    let plan = plan::plan(&estate, &intent, &session.config.policy)?;
    finish(&plan, show, global.verbose > 0)
}

fn finish(plan: &Plan, show: &ShowArgs, verbose: bool) -> Result<u8, Failure> {
    if let Some(path) = &show.out {
        save(plan, path)?;
    }
    self::show(plan, show.format, verbose)?;
    Ok(if show.detailed_exitcode && !plan.is_empty() {
        10
    } else {
        0
    })
}

pub(super) fn show(plan: &Plan, format: PlanFormat, verbose: bool) -> Result<(), Failure> {
    match format {
        PlanFormat::Text => out(&report::plan_text::text(plan, verbose, look_of_stdout())),
        PlanFormat::Markdown => out(&report::plan_markdown::markdown(plan)),
        PlanFormat::Json => json(&report::plan_json::json(&plan.without_secrets())?),
    }
}

fn save(plan: &Plan, path: &Path) -> Result<(), Failure> {
    let text = report::plan_json::json(plan)?;
    private(path)
        .and_then(|mut file| file.write_all(in_json(&text).as_bytes()))
        .map_err(|error| Failure::file("written", path, error))
}

/// A plan carries the release's user data, which may hold secrets. Nobody else may read it, not even
/// where somebody had left a file that everybody can read.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    if file.metadata()?.is_file() {
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    }
    Ok(file)
}

pub(super) fn read(path: &Path) -> Result<Plan, Failure> {
    let usage = |error: String| {
        Failure::usage(
            // Why not is told in the file's words.
            format!("{} is not a saved plan: {}", path.display(), visible(&error)),
            "save one with `swingbridge plan … --out FILE`",
        )
    };
    let text = std::fs::read_to_string(path).map_err(|error| usage(error.to_string()))?;
    let plan = Plan::read(&text).map_err(|error| usage(error.to_string()))?;
    if plan::is_whole(&plan) {
        Ok(plan)
    } else {
        Err(usage("it was changed since it was saved".into()))
    }
}
