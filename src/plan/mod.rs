//! Estate + intent + policy become a plan, or a refusal with every reason. Pure: nothing here
//! awaits, prints or reads a clock.

use sha2::{Digest, Sha256};

use crate::model::clone::Carried;
use crate::model::estate::Estate;
use crate::model::plan::{FORMAT, Intent, Note, Plan};
use crate::model::policy::{Policy, Strategy};
use crate::model::refusal::{Reason, Refusal};
use crate::model::roles::Roles;
use crate::model::routing::Priority;
use crate::model::rule_tag::RuleTag;
use crate::model::standing::State;
use crate::model::step::Step;

mod ab;
mod abort;
mod carried;
mod checkup;
mod clone;
mod deploy;
mod doors;
mod fingerprint;
mod hooks;
mod later;
mod leads;
mod naming;
mod pair;
mod picking;
mod preflight;
mod promote;
mod reached;
mod recreate;
mod removal;
mod repair;
mod retire;
mod rollback;
mod rolling;
mod safe;
mod saved;
mod shifting;
mod stages;
mod swing;
mod truth;
mod variant;
mod versions;
mod winner;

#[cfg(test)]
pub(crate) mod tests;

pub use checkup::checkup;
pub use later::{Left, left_by, swings};
pub use reached::{Progress, progress, reached, started_size};
pub use safe::{healthy, safe};
pub use saved::{is_whole, resume};
pub use swing::ENTRANCE_HEADER;
pub use truth::truth;

/// Decides what is to be done. The same estate, intent and policy always give the same plan.
pub fn plan(estate: &Estate, intent: &Intent, policy: &Policy) -> Result<Plan, Refusal> {
    let roles = Roles::of(estate, policy)?;
    preflight::common(estate, policy, &roles)?;
    if roles.halfway
        && roles.live.state == State::RollingBack
        && !matches!(intent, Intent::Rollback { .. } | Intent::Retreat | Intent::Repair)
    {
        let to = roles.live.previous.unwrap_or(roles.live.generation);
        return Err(Reason::RollbackHalfWay { to }.into());
    }
    let context = Context {
        estate,
        policy,
        roles,
    };
    let meant = match intent {
        Intent::Repair => repair::meant(&context),
        _ => None,
    };
    let intent = meant.as_ref().unwrap_or(intent);
    if let Some(reason) = rolling::refused(&context, intent) {
        return Err(reason.into());
    }
    ab::admits(&context, intent)?;
    let draft = match intent {
        Intent::Deploy { release } if context.policy.strategy == Strategy::Rolling => {
            rolling::deploy(&context, release)
        }
        Intent::Deploy { release } => deploy::draft(&context, release),
        Intent::Promote | Intent::Resume if policy.strategy == Strategy::Ab => ab::draft(&context),
        Intent::Promote => promote::draft(&context),
        Intent::PromoteFully => promote::at_once(&context),
        Intent::Winner { name } => winner::draft(&context, name),
        Intent::Shift { percent } => shifting::shift(&context, *percent),
        Intent::Pause => shifting::pause(&context),
        Intent::Resume => shifting::resume(&context),
        Intent::Retreat => shifting::retreat(&context),
        Intent::Rollback { to, failed } => rollback::draft(&context, *to, *failed),
        Intent::Abort => abort::draft(&context),
        Intent::Retire { generation } => retire::draft(&context, *generation),
        Intent::Repair => repair::draft(&context),
    }?;
    let mut wanted = draft.steps;
    if matches!(intent, Intent::Deploy { .. }) {
        // The dead lock that tells of it goes with this run.
        wanted.splice(0..0, stages::anew(&context));
    }
    let steps = hooks::woven(&context, intent, remaining(estate, wanted));
    let mut notes = draft.notes;
    notes.extend(hooks::note(&context, &steps));
    notes.extend(removal::notes(&context, &steps));
    let basis = fingerprint::of(&context, intent);
    Ok(sealed(Plan {
        format: FORMAT,
        id: String::new(),
        app: estate.app.clone(),
        load_balancer: estate.load_balancer.arn.clone(),
        intent: intent.clone(),
        policy: policy.clone(),
        basis,
        summary: match draft.when_done {
            Some(done) if steps.is_empty() => done,
            _ => draft.summary,
        },
        carried: if steps.iter().any(makes_a_group) {
            draft.carried
        } else {
            Vec::new()
        },
        steps,
        notes,
    }))
}

fn makes_a_group(step: &Step) -> bool {
    matches!(step, Step::CreateGroup(_) | Step::ReuseGroup(_))
}

/// A plan with the id that its content gives it.
pub fn sealed(mut plan: Plan) -> Plan {
    plan.id = digest(&plan);
    plan
}

/// What a planner looks at.
struct Context<'a> {
    estate: &'a Estate,
    policy: &'a Policy,
    roles: Roles<'a>,
}

/// What a planner decides: every step from the beginning, whether or not it is done already.
#[derive(Default)]
struct Draft {
    summary: String,
    /// What it comes to when every step is done already.
    when_done: Option<String>,
    steps: Vec<Step>,
    notes: Vec<Note>,
    carried: Vec<Carried>,
}

impl Draft {
    fn nothing(summary: impl Into<String>) -> Self {
        Self {
            summary: summary.into(),
            ..Self::default()
        }
    }
}

type Drafted = Result<Draft, Vec<Reason>>;

/// Drops what is so already, and then the waits that no later change needs.
fn remaining(estate: &Estate, steps: Vec<Step>) -> Vec<Step> {
    let mut left: Vec<Step> = Vec::new();
    for step in steps {
        let needed = match &step {
            // How things are after a wait is not known before it.
            _ if left.iter().any(Step::lets_go) => true,
            // The lock rule that stands now is not the one that this plan will run under.
            Step::OpenStaging { target_group } => {
                estate
                    .rules_naming(target_group)
                    .all(|rule| RuleTag::of(rule) == Some(RuleTag::Lock))
                    && !left.contains(&step)
            }
            // Likewise; nobody is let go of who was not kept.
            Step::StayInUse { target_groups } => {
                !target_groups.is_empty()
                    || left
                        .iter()
                        .any(|earlier| matches!(earlier, Step::StayInUse { .. }))
            }
            // It may be an earlier step that holds the group.
            Step::PayObligations { group } => {
                !reached(&step, estate) || left.iter().any(|earlier| earlier.holds() == Some(group))
            }
            // It may be an earlier step that writes something else there.
            Step::MarkStage { target_group, .. } => {
                let elsewhere = |earlier: &Step| matches!(earlier, Step::MarkStage { target_group: its, .. } if its == target_group);
                !reached(&step, estate) || left.iter().any(elsewhere)
            }
            // What stands there now goes first.
            Step::CreateRule { port, priority, .. } => {
                let goes = |earlier: &Step| matches!(earlier, Step::DeleteRule { rule, .. } if (rule.port, rule.priority) == (*port, Priority::Numbered(*priority)));
                !reached(&step, estate) || left.iter().any(goes)
            }
            // A direct deploy adopts live first of all, and its promotion need not do it again.
            Step::Adopt { .. } | Step::AdoptRule { .. } => !reached(&step, estate) && !left.contains(&step),
            step => step.only_waits() || !reached(step, estate),
        };
        if needed {
            left.push(step);
        }
    }
    let last_change = left.iter().rposition(|step| !step.only_prepares());
    // A rule that was just written is read back even when nothing comes after.
    let end = last_change.map_or(0, |last| match left.get(last + 1) {
        Some(Step::Confirm { .. }) => last + 2,
        _ => last + 1,
    });
    left.truncate(end);
    left
}

/// Whether a plan that is made after a wait, at which it begins again, goes on as was planned before.
pub fn goes_on(fresh: &Plan, rest: &[Step]) -> bool {
    let wait = fresh.steps.iter().position(Step::lets_go);
    // A stage that is to be written down again is one at which somebody has decided otherwise.
    let same_stage = |wait: usize| {
        let marks = |step: &Step| matches!(step, Step::MarkStage { .. });
        !fresh.steps[..wait].iter().any(marks)
    };
    wait.is_some_and(|wait| same_stage(wait) && fresh.steps[wait + 1..] == *rest)
}

fn digest(plan: &Plan) -> String {
    // Everything but the id itself.
    let decided = serde_json::to_string(&Plan {
        id: String::new(),
        ..plan.clone()
    })
    .unwrap_or_default();
    Sha256::digest(decided.as_bytes())
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
