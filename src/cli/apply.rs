//! `apply`: carry out a saved plan, unless what it was decided on has changed.

use super::args::{Apply, Global};
use super::failure::Failure;
use super::run::{self, Go};
use super::session::Session;
use crate::model::estate::Estate;
use crate::model::plan::{Intent, Plan};
use crate::model::release::Source;
use crate::model::tags;
use crate::plan;

pub(super) async fn run(global: &Global, args: &Apply) -> Result<u8, Failure> {
    let saved = super::plan::read(&args.file)?;
    let mut session = Session::open(global).await?;
    if saved.app != session.config.app {
        return Err(Failure::usage(
            format!(
                "the plan is for app {}, the configuration for {}",
                saved.app, session.config.app
            ),
            "use the configuration that the plan was made with (--config)",
        ));
    }
    if let Intent::Deploy { release } = &saved.intent
        && let Source::Build { image, .. } = &release.source
    {
        session.config.scope.image = image.clone();
    }
    // The plan carries the policy it was reviewed with; names are needed to see the same estate.
    session.config.scope.names = saved.policy.names.clone();
    let estate = session.observe().await?;
    if saved.load_balancer != estate.load_balancer.arn {
        return Err(Failure::usage(
            format!(
                "the plan is for load balancer {}, the configuration for {}",
                saved.load_balancer, estate.load_balancer.arn
            ),
            "use the account, region and configuration that the plan was made with",
        ));
    }
    let fresh = plan::plan(&estate, &saved.intent, &saved.policy);
    let to_run = match fresh {
        Ok(fresh) if fresh.basis == saved.basis => saved,
        // An interrupted application of this same plan: what is left was all reviewed.
        Ok(fresh)
            if is_rest_of(&fresh, &saved)
                && (begun(&estate, &saved) || only_ours(&estate, &saved, &fresh)) =>
        {
            Plan {
                id: saved.id,
                ..fresh
            }
        }
        Ok(fresh) => return Err(stale(&saved, saved.basis.changes_to(&fresh.basis))),
        Err(refusal) => {
            let reasons = refusal.reasons.iter().map(ToString::to_string).collect();
            return Err(stale(&saved, reasons));
        }
    };
    run::go(&session, to_run, estate, &args.run, Go::Reviewed).await
}

fn begun(estate: &Estate, saved: &Plan) -> bool {
    estate
        .target_groups
        .iter()
        .any(|tg| tg.tags.get(tags::PLAN) == Some(&saved.id))
}

/// Whether whatever has changed is explained by steps of the plan that were taken before it left its mark.
fn only_ours(estate: &Estate, saved: &Plan, fresh: &Plan) -> bool {
    let taken: Vec<_> = saved
        .steps
        .iter()
        .filter(|step| !fresh.steps.contains(step))
        .collect();
    taken.iter().all(|step| plan::reached(step, estate))
        && saved
            .basis
            .differing(&fresh.basis)
            .all(|fact| taken.iter().any(|step| plan::explains(step, fact)))
}

fn is_rest_of(fresh: &Plan, saved: &Plan) -> bool {
    fresh.steps.iter().all(|step| saved.steps.contains(step))
}

fn stale(saved: &Plan, changes: Vec<String>) -> Failure {
    let what = saved.intent.word();
    let mut message = String::from("the plan is stale: what it was decided on has changed");
    for change in changes {
        message.push_str(&format!("\n  {change}"));
    }
    Failure::refused(
        message,
        vec![format!("`swingbridge plan {what} …` makes a fresh one")],
    )
    .with_code(8)
}
