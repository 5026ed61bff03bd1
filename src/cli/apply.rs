//! `apply`: carry out a saved plan, unless what it was decided on has changed.

use super::args::{Apply, Global};
use super::failure::Failure;
use super::run::{self, Go};
use super::session::Session;
use crate::config::release;
use crate::model::plan::{Intent, Plan};
use crate::model::release::Source;
use crate::plan;
use crate::report::visible;

pub(super) async fn run(global: &Global, args: &Apply) -> Result<u8, Failure> {
    let saved = super::plan::read(&args.file)?;
    let mut session = Session::open(global).await?;
    if saved.app != session.config.app {
        return Err(Failure::usage(
            format!(
                "the plan is for app {}, the configuration for {}",
                visible(&saved.app),
                session.config.app
            ),
            "use the configuration that the plan was made with (--config)",
        ));
    }
    if let Intent::Deploy { release } = &saved.intent {
        release::verify(release)?;
        if let Source::Build { image, .. } = &release.source {
            session.config.scope.image = image.clone();
        }
    }
    let estate = session.observe_for(&saved.intent).await?;
    if saved.load_balancer != estate.load_balancer.arn {
        return Err(Failure::usage(
            format!(
                "the plan is for load balancer {}, the configuration for {}",
                visible(saved.load_balancer.as_str()),
                estate.load_balancer.arn
            ),
            "use the account, region and configuration that the plan was made with",
        ));
    }
    match plan::resume(&saved, &estate, &session.config.policy) {
        Ok(to_run) if args.run.dry_run => run::show(&to_run, &args.run, global.verbose > 0),
        Ok(to_run) => run::go(&session, to_run, estate, &args.run, Go::Reviewed)
            .await
            .map(|(code, _)| code),
        Err(changes) => Err(stale(&saved, changes)),
    }
}

fn stale(saved: &Plan, changes: Vec<String>) -> Failure {
    let mut message = String::from("the plan is stale: what it was decided on has changed");
    for change in changes {
        // What was so is told in the file's words.
        message.push_str(&format!("\n  {}", visible(&change)));
    }
    Failure::refused(
        message,
        vec![format!(
            "`{}` makes a fresh one",
            visible(&saved.intent.plan_command())
        )],
    )
    .with_code(8)
}
