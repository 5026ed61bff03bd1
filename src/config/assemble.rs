//! From the checked file to what the rest of the program reads.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::ab;
use super::file::{self, File, RoutePriority, Size};
use super::judging;
use super::rolling;
use super::source::Node;
use super::validate::written_in_file;
use super::{Config, ReleaseDefaults};
use super::{doors, gradual};
use crate::cloud::aws::Connection;
use crate::model::ids::{Generation, GroupName, TargetGroupName};
use crate::model::lock::LockPlace;
use crate::model::policy::{
    AfterPromotion, AfterRollback, Capacity, HealthGate, OnFailure, Policy, RouteSelection, Strategy, Swing,
    Treatment,
};
use crate::model::routing::Priority;
use crate::model::scope::{Adopted, Generations, NameTemplate, Names, Scope};

/// Fails only with what the check must have said before: a name template without its place.
pub(super) fn assemble(
    file: File,
    tree: &Node,
    path: &Path,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Config, String> {
    let shift = gradual::shift(&file);
    let rolling = rolling::rolling(&file);
    let ab = ab::test(&file);
    let names = Names {
        generations: match file.generations {
            file::Generations::Fresh => Generations::Fresh,
            file::Generations::Pair => Generations::Pair,
        },
        group: NameTemplate::try_from(file.names.group.0)?,
        target_group: NameTemplate::try_from(file.names.target_group.0)?,
        adopted: file.adopted.map(|adopted| Adopted {
            generation: Generation(adopted.generation),
            group: GroupName::new(adopted.group),
            target_group: TargetGroupName::new(adopted.target_group),
        }),
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    let home = env("HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    let place = |key: &str, text: &str| located(text, folder, home.as_deref(), written_in_file(tree, key));
    let journal = match &file.journal.dir {
        Some(dir) => place("journal.dir", dir),
        None => journal_home(env, home.as_deref(), folder),
    };
    let release = ReleaseDefaults {
        user_data: file
            .release
            .user_data
            .as_deref()
            .map(|text| place("release.user_data", text)),
        tags: file.release.tags,
    };
    let listener = file.lock.listener;
    let user_doors = file
        .doors
        .as_ref()
        .map(|written| doors::user_doors(written, listener));
    let doors = file
        .doors
        .as_ref()
        .and_then(|written| doors::doors(written, listener));
    let policy = Policy {
        strategy: match file.strategy {
            file::Strategy::Preview => Strategy::Preview,
            file::Strategy::Direct => Strategy::Direct,
            file::Strategy::Canary => Strategy::Canary,
            file::Strategy::Linear => Strategy::Linear,
            file::Strategy::Rolling => Strategy::Rolling,
            file::Strategy::Recreate => Strategy::Recreate,
            file::Strategy::Ab => Strategy::Ab,
        },
        shift,
        rolling,
        ab,
        names: names.clone(),
        lock: LockPlace {
            port: file.lock.listener,
            priority: file.lock.priority,
        },
        entrance: file.lock.entrance_priority,
        routes: file.routes.map_or(RouteSelection::All, routes_of),
        doors,
        user_doors: user_doors.unwrap_or_default(),
        health: HealthGate {
            want: file.health.want.0,
            soak: file.health.soak.0,
            timeout: file.health.timeout.0,
        },
        capacity: match file.capacity.size {
            Size::Word(_) => Capacity::SameAsLive,
            Size::Fixed(size) => Capacity::Fixed(crate::model::ids::Size {
                min: size.min,
                max: size.max,
                desired: size.desired,
            }),
        },
        after_promotion: AfterPromotion {
            previous: match file.after_promotion.previous {
                file::Previous::Keep => Treatment::Keep,
                file::Previous::Retire => Treatment::Retire,
                file::Previous::Scale(count) => Treatment::Scale(count),
            },
            after: file.after_promotion.after.0,
        },
        after_rollback: match file.after_rollback.candidate {
            file::Candidate::Keep => AfterRollback::Keep,
            file::Candidate::Remove => AfterRollback::Remove,
        },
        swing: Swing {
            confirmations: file.swing.confirmations,
            propagation: file.swing.propagation.0,
            // What was just started has no alarms that speak of a time when it was idle.
            hold: match file.strategy {
                file::Strategy::Recreate => Duration::ZERO,
                _ => file.swing.hold.0,
            },
            on_failure: match file.swing.on_failure {
                file::OnFailure::PutBack => OnFailure::PutBack,
                file::OnFailure::Stop => OnFailure::Stop,
            },
        },
        hooks: file.hooks.into_iter().map(Into::into).collect(),
        judge: file.judge.as_ref().map(judging::assembled),
    };
    Ok(Config {
        scope: Scope {
            app: file.app.clone(),
            load_balancer: file.load_balancer,
            names,
            image: None,
        },
        app: file.app,
        policy,
        connection: Connection {
            region: file.aws.region,
            profile: file.aws.profile,
            endpoint: file.aws.endpoint,
        },
        lease: file.lock.lease.0,
        journal,
        release,
        notify: file.notify.into_iter().map(Into::into).collect(),
        path: path.to_owned(),
    })
}

fn routes_of(routes: Vec<file::Route>) -> RouteSelection {
    RouteSelection::Listed(
        routes
            .into_iter()
            .map(|route| {
                let priority = match route.priority {
                    RoutePriority::Number(number) => Priority::Numbered(number),
                    RoutePriority::Default(_) => Priority::Default,
                };
                (route.listener, priority)
            })
            .collect(),
    )
}

/// A path in the file is relative to the file, one in a flag or a variable to the current folder.
fn located(text: &str, folder: &Path, home: Option<&Path>, in_file: bool) -> PathBuf {
    match (text.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ if in_file => folder.join(text),
        _ => PathBuf::from(text),
    }
}

fn journal_home(env: &dyn Fn(&str) -> Option<String>, home: Option<&Path>, folder: &Path) -> PathBuf {
    let state = env("XDG_STATE_HOME")
        .map(PathBuf::from)
        // The XDG specification: a relative path is to be ignored.
        .filter(|path| path.is_absolute())
        .or_else(|| home.map(|home| home.join(".local/state")));
    match state {
        Some(state) => state.join("swingbridge"),
        // Bare containers have no home.
        None => folder.join(".swingbridge"),
    }
}
