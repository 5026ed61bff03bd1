//! The view of an estate: its fields are the JSON form of `status`, a documented contract.

use jiff::Timestamp;
use serde::Serialize;

use crate::model::estate::{Estate, Part};
use crate::model::ids::Generation;
use crate::model::lock::{self, Holder, LockState};
use crate::model::obligation;
use crate::model::policy::Policy;
use crate::model::refusal::Reason;
use crate::model::roles::Roles;
use crate::model::schema::{self, Change};

use super::super::words;
use super::advice;
use super::doors::{self, DoorsView};
use super::generations::{self, GenerationView};
use super::phase::{self, Phase, PhaseView};
use super::rollback::{self, RollbackView};
use super::rules::{self, RuleView};
use super::variants::{self, TestView};

/// The version of the JSON form. Fields may be added; none changes its meaning within a version.
const FORMAT: u32 = 1;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StatusView {
    pub format: u32,
    pub app: String,
    pub load_balancer: String,
    pub dns_name: String,
    pub observed_at: Timestamp,
    /// What ages are measured against.
    pub now: Timestamp,
    pub phase: PhaseView,
    /// Live first, then candidate, previous and all others.
    pub generations: Vec<GenerationView>,
    /// Absent without doors, and when it cannot be told who is live.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doors: Option<DoorsView>,
    /// In order of evaluation. When roles cannot be told: every rule there is.
    pub rules: Vec<RuleView>,
    /// How many other rules the listeners have.
    pub other_rules: usize,
    /// Where rules do not lead where the roles say that they should.
    pub disagreements: Vec<String>,
    pub lock: LockView,
    pub owed: Vec<OwedView>,
    /// Groups that are free for the next release.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub free: Vec<String>,
    /// What hooks did to the schema; absent when nothing is pending and nothing was contracted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<SchemaView>,
    /// Absent when no variant stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<TestView>,
    /// What could not be seen.
    pub gaps: Vec<GapView>,
    /// Why it cannot be told who is live; empty when it can.
    pub unclear: Vec<UnclearView>,
    pub rollback: RollbackView,
    pub next: Vec<Advice>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum LockView {
    Free {
        place: String,
    },
    Held {
        place: String,
        owner: String,
        host: String,
        command: String,
        run: String,
        url: Option<String>,
        since: Timestamp,
        /// Seconds since its last heartbeat.
        silent: u64,
        /// Seconds of silence after which it may be taken over.
        lease: u64,
        /// It may be taken over: its lease has run out, or its process has ended.
        expired: bool,
        ended: bool,
    },
    /// Another rule stands in the lock's place.
    Foreign {
        place: String,
        what: String,
    },
    NoListener {
        place: String,
    },
    /// The tags that name the holder could not be seen.
    Unseen {
        place: String,
    },
}

/// Temporary changes to a group that have to be undone.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OwedView {
    pub group: String,
    pub what: Vec<String>,
}

/// What hooks did to the schema that generations share.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SchemaView {
    /// It was expanded for this generation, and not contracted since.
    pub contract_pending: Option<Generation>,
    /// Generations before this one cannot be rolled back to.
    pub contracted: Option<Generation>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GapView {
    pub part: Part,
    pub about: String,
    pub error: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UnclearView {
    pub reason: String,
    pub way_out: String,
}

/// A command that makes sense now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Advice {
    pub command: String,
    pub why: String,
}

impl StatusView {
    /// Never fails: what cannot be told is said to be so.
    /// `has_ended` says of a holder on this machine whether its process is gone.
    pub fn of(estate: &Estate, policy: &Policy, now: Timestamp, has_ended: &dyn Fn(&Holder) -> bool) -> Self {
        let (roles, reasons) = match Roles::of(estate, policy) {
            Ok(roles) => (Some(roles), Vec::new()),
            Err(reasons) => (None, reasons),
        };
        let roles = roles.as_ref();
        let lock = lock_view(estate, policy, now, has_ended);
        let phase = phase::of(estate, policy, roles);
        let owed = owed(estate);
        let rollback = rollback::of(estate, policy, roles);
        let next = advice::of(roles, phase.name, &lock, &owed, estate);
        let rules = rules::of(estate, policy, roles);
        Self {
            format: FORMAT,
            app: estate.app.clone(),
            load_balancer: estate.load_balancer.name.clone(),
            dns_name: estate.load_balancer.dns_name.clone(),
            observed_at: estate.observed_at,
            now,
            generations: generations::of(estate, roles),
            doors: roles.and_then(|roles| doors::of(policy, roles)),
            other_rules: estate.rules().count() - rules.len(),
            rules,
            disagreements: roles.map_or_else(Vec::new, |roles| rules::disagreements(policy, roles)),
            lock,
            owed,
            free: estate.vacant().map(|group| group.name.to_string()).collect(),
            schema: schema_view(estate),
            test: roles.and_then(|roles| variants::of(policy, roles)),
            gaps: gaps(estate),
            unclear: reasons.iter().map(unclear).collect(),
            rollback,
            next,
            phase,
        }
    }

    pub fn is_clear(&self) -> bool {
        self.phase.name != Phase::Unclear
    }
}

fn lock_view(
    estate: &Estate,
    policy: &Policy,
    now: Timestamp,
    has_ended: &dyn Fn(&Holder) -> bool,
) -> LockView {
    let place = policy.lock.to_string();
    match lock::state(estate, policy.lock) {
        LockState::Free => LockView::Free { place },
        LockState::NoListener => LockView::NoListener { place },
        // Without its tags our own lock looks like anybody's rule, its secret among the conditions.
        LockState::Foreign { .. } if estate.gap(Part::RuleTags).is_some() => LockView::Unseen { place },
        LockState::Foreign { what, .. } => LockView::Foreign { place, what },
        LockState::Held { holder, .. } => LockView::Held {
            place,
            silent: words::since(holder.beat, now).as_secs(),
            lease: holder.lease.as_secs(),
            expired: holder.expired(now) || has_ended(&holder),
            ended: has_ended(&holder),
            owner: holder.owner,
            host: holder.host,
            command: holder.command,
            run: holder.run,
            url: holder.url,
            since: holder.since,
        },
    }
}

fn owed(estate: &Estate) -> Vec<OwedView> {
    estate
        .groups
        .iter()
        .map(|group| OwedView {
            group: group.name.to_string(),
            what: obligation::owed(&group.tags)
                .iter()
                .map(ToString::to_string)
                .collect(),
        })
        .filter(|owed| !owed.what.is_empty())
        .collect()
}

fn schema_view(estate: &Estate) -> Option<SchemaView> {
    let view = SchemaView {
        contract_pending: schema::contract_pending(estate),
        contracted: Change::Contracted.up_to(estate),
    };
    (view.contract_pending.is_some() || view.contracted.is_some()).then_some(view)
}

fn gaps(estate: &Estate) -> Vec<GapView> {
    estate
        .gaps
        .iter()
        .map(|gap| GapView {
            part: gap.part,
            about: gap.about.clone(),
            error: gap.error.clone(),
        })
        .collect()
}

fn unclear(reason: &Reason) -> UnclearView {
    UnclearView {
        reason: reason.to_string(),
        way_out: reason.way_out(),
    }
}
