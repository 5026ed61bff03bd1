//! Tables for the planners: an estate and an intent on one side, what must come of them on the other.

use super::plan;
use crate::model::estate::Estate;
use crate::model::fixtures::{self, hold};
use crate::model::ids::Generation;
use crate::model::obligation::HELD_PROCESS;
use crate::model::plan::{Intent, Note, Plan, Severity};
use crate::model::policy::{AfterRollback, Policy, Strategy};
use crate::model::refusal::Reason;
use crate::model::routing::Priority;
use crate::model::tags;

mod ab;
mod ab_rules;
mod arbitrary;
mod building;
mod carried;
mod checkup;
mod deploy;
mod fingerprint;
mod hooks;
mod in_place;
mod not_stale;
mod notes;
mod odd;
pub(crate) mod order;
mod pair;
mod promote;
mod properties;
mod quotas;
mod reached;
mod reached_rules;
mod reasons;
mod refusals;
mod refusals_by_intent;
mod refusals_of_deploy;
mod refusals_of_places;
mod removal;
mod resume;
mod rivals;
mod rollback;
mod rollback_again;
mod rolling;
mod safe;
mod safe_routes;
mod saved;
mod seeds;
mod stages;
mod treatment;
mod waits;

fn deploy(release: &str) -> Intent {
    Intent::Deploy {
        release: fixtures::release(release),
    }
}

fn rollback() -> Intent {
    Intent::Rollback {
        to: None,
        failed: None,
    }
}

fn rollback_to(n: u32) -> Intent {
    Intent::Rollback {
        to: Some(Generation(n)),
        failed: None,
    }
}

fn rollback_and_remove() -> Intent {
    Intent::Rollback {
        to: None,
        failed: Some(AfterRollback::Remove),
    }
}

fn retire(n: Option<u32>) -> Intent {
    Intent::Retire {
        generation: n.map(Generation),
    }
}

/// Production is swung as soon as the fleet is ready.
fn direct() -> Policy {
    Policy {
        strategy: Strategy::Direct,
        ..fixtures::policy()
    }
}

/// No doors at all.
fn doorless() -> Policy {
    Policy {
        doors: None,
        ..fixtures::policy()
    }
}

/// The same estate without its door rules.
fn without_doors(mut estate: Estate) -> Estate {
    for number in [fixtures::BLUE, fixtures::GREEN] {
        fixtures::remove_rule(&mut estate, 80, Priority::Numbered(number));
    }
    estate
}

/// The same estate with door rules that carry our tags, as a first deploy leaves them.
fn doors_are_ours(mut estate: Estate) -> Estate {
    for number in [fixtures::BLUE, fixtures::GREEN] {
        let tags = &mut fixtures::rule_mut(&mut estate, 80, Priority::Numbered(number)).tags;
        tags.insert(tags::APP.into(), fixtures::APP.into());
        tags.insert(tags::RULE.into(), "door".into());
    }
    estate
}

fn planned(estate: &Estate, intent: &Intent, policy: &Policy) -> Plan {
    plan(estate, intent, policy).unwrap_or_else(|refusal| panic!("{}: {refusal}", intent.word()))
}

fn titles(estate: &Estate, intent: &Intent, policy: &Policy) -> Vec<String> {
    planned(estate, intent, policy)
        .steps
        .iter()
        .map(|step| step.title())
        .collect()
}

fn reasons(estate: &Estate, intent: &Intent, policy: &Policy) -> Vec<Reason> {
    match plan(estate, intent, policy) {
        Ok(plan) => panic!("{} was planned: {:#?}", intent.word(), plan.steps),
        Err(refusal) => refusal.reasons,
    }
}

fn risks(notes: &[Note]) -> Vec<&str> {
    notes
        .iter()
        .filter(|note| note.severity == Severity::Risk)
        .map(|note| note.text.as_str())
        .collect()
}

fn infos(notes: &[Note]) -> Vec<&str> {
    notes
        .iter()
        .filter(|note| note.severity == Severity::Info)
        .map(|note| note.text.as_str())
        .collect()
}
