//! How a life goes when nothing goes wrong: what each command finds, which calls it makes, and what it leaves.

use std::collections::BTreeSet;
use std::sync::OnceLock;
use std::time::Duration;

use swingbridge::model::estate::Estate;
use swingbridge::model::ids::GroupName;
use swingbridge::model::plan::Intent;
use swingbridge::model::policy::Strategy;
use swingbridge::model::roles::Roles;
use swingbridge::model::standing::Standing;

use crate::life::Life;
use crate::operator::{Operator, Who};
use crate::oracle::Law;
use crate::outcome::{Serving, serving_on};
use crate::shape::{Shape, shape};
use crate::stage::{Stage, in_virtual_time};
use crate::tap::{Call, Hit};

/// Longer than a pause that ends by itself, and than anything is held.
const IDLE: Duration = Duration::from_secs(30);

/// One command of a life, and all that came before it.
#[derive(Debug)]
pub(crate) struct Prefix {
    pub(crate) before: Stage,
    pub(crate) found: Estate,
    /// Every call of the command, in order.
    pub(crate) calls: Vec<Call>,
    pub(crate) left: Shape,
    /// What requests may meet from its beginning to its end.
    pub(crate) law: Law,
    /// Target groups that another command could swing to at the same time: the candidate's, the previous one's.
    pub(crate) neighbours: BTreeSet<String>,
    /// The candidate, or the generation that a deploy would make.
    pub(crate) next: u32,
    pub(crate) live_before: u32,
    pub(crate) live_after: u32,
    /// Production is shared by two generations when the command begins.
    pub(crate) shared_before: bool,
    /// What production meets before the command, and after it.
    pub(crate) serving_before: Serving,
    pub(crate) serving_after: Serving,
}

impl Prefix {
    /// How often the command has made this call before.
    pub(crate) fn made_before(&self, call: &Call) -> usize {
        let before = &self.calls[..call.number - 1];
        before.iter().filter(|other| other.action == call.action).count()
    }

    /// What happens to a call: everything. To a question that the command has asked before it is one thing, by turns, until
    /// all of them have happened to that question: what it meets is what the change before it left, a little later.
    pub(crate) fn happens<T>(&self, call: &Call, all: Vec<T>) -> Vec<T> {
        match self.made_before(call) {
            0 => all,
            _ if call.changes() => all,
            turn => by_turns(turn, all),
        }
    }
}

/// Nothing is by turns: what a question that is asked again meets differs from what it met before by the time alone, and
/// whoever does not take that for granted tries it.
static EVERY: OnceLock<()> = OnceLock::new();

pub(crate) fn take_every() {
    EVERY.get_or_init(|| ());
}

pub(crate) fn takes_every() -> bool {
    EVERY.get().is_some()
}

/// One of all, another one with every turn.
pub(crate) fn by_turns<T>(turn: usize, all: Vec<T>) -> Vec<T> {
    if takes_every() {
        return all;
    }
    let turn = turn % all.len().max(1);
    all.into_iter().skip(turn).take(1).collect()
}

impl Life {
    pub(crate) fn prefixes(&self) -> &[Prefix] {
        self.prefixes.get_or_init(|| in_virtual_time(self.lived()))
    }

    async fn lived(&self) -> Vec<Prefix> {
        let mut stage = Stage::built(&self.estate).await;
        if let Some(name) = self.alarm() {
            stage = stage.with_alarm(name).await;
        }
        if self.failing().is_some() {
            stage = stage.with_users("tg-2");
        }
        let mut all = Vec::new();
        for (at, intent) in self.commands.iter().enumerate() {
            // A look takes time, and an attempt at this command does not begin with one.
            let found = Operator::calm(&stage.open(), &self.config)
                .sees()
                .await
                .expect("an estate");
            let scene = stage.open();
            let cut = self.is_cut_short(at);
            let operator = if cut {
                Operator::on(&scene, &self.config, Who::somebody(), once_it_watches())
            } else {
                Operator::calm(&scene, &self.config)
            };
            let ended = if self.is_left_for_later(at) {
                operator.does_without_staying(intent).await
            } else {
                operator.does(intent).await
            };
            assert_eq!(
                ended.code(),
                (!cut).then(|| self.well(at)),
                "{}: {}: {ended}",
                self.name,
                intent.word()
            );
            let calls = operator.tap.calls();
            let serving_before = serving_on(&stage, self).await;
            let serving_after = serving_on(&scene.kept().await, self).await;
            let witness = Operator::calm(&scene, &self.config);
            let after = witness.sees().await.expect("an estate");
            let (was, is) = (self.roles(&found), self.roles(&after));
            let law = law(&was, &is);
            if self.commands.get(at + 1) == Some(&Intent::Repair) {
                // Nobody comes in time.
                tokio::time::sleep(IDLE).await;
            }
            all.push(Prefix {
                calls,
                left: shape(&after),
                law: Law {
                    one_at_a_time: self.config.policy.strategy == Strategy::Recreate,
                    live: match self.well(at) {
                        // For as long as it took to find out.
                        5 => law.live.union(&law.candidate).cloned().collect(),
                        _ => law.live.clone(),
                    },
                    grace: self.config.policy.grace().unwrap_or_default(),
                    ..law
                },
                neighbours: [&was.candidate, &was.previous, &is.candidate, &is.previous]
                    .into_iter()
                    .flatten()
                    .chain(&was.variants)
                    .chain(&is.variants)
                    .filter_map(|standing| standing.target_group.as_ref().map(ToString::to_string))
                    .collect(),
                next: next(&was, &is),
                live_before: was.live.generation.0,
                live_after: is.live.generation.0,
                shared_before: was.halfway,
                serving_before,
                serving_after,
                found: found.clone(),
                before: std::mem::replace(&mut stage, scene.kept().await),
            });
        }
        all
    }

    pub(crate) fn roles<'a>(&self, estate: &'a Estate) -> Roles<'a> {
        Roles::of(estate, &self.config.policy).unwrap_or_else(|reasons| panic!("{reasons:?}"))
    }

    /// The name by which a command of this life is found again.
    pub(crate) fn command_name(&self, at: usize) -> String {
        format!("{}/{}-{}", self.name, at + 1, self.commands[at].word())
    }
}

/// The lock is given up while a stage is watched: the first look after that.
fn once_it_watches() -> impl FnMut(&Call) -> Option<Hit> + Send + 'static {
    let mut given_up = false;
    move |call| {
        given_up |= call.action == "DeleteRule";
        (given_up && !call.changes()).then_some(Hit::DieAfter)
    }
}

fn next(was: &Roles<'_>, is: &Roles<'_>) -> u32 {
    let candidate = was.candidate.as_ref().or(is.candidate.as_ref());
    let variants = was.variants.iter().chain(&is.variants);
    if let Some(last) = variants.map(|standing| standing.generation.0).max() {
        return last;
    }
    let highest = was.live.generation.max(is.live.generation);
    match candidate {
        Some(candidate) => candidate.generation.0,
        None if highest > was.live.generation => highest.0,
        None => highest.0 + 1,
    }
}

fn law(was: &Roles<'_>, is: &Roles<'_>) -> Law {
    let previous = was.previous.as_ref().map(|previous| previous.generation);
    let goes_further_back = previous.is_some_and(|previous| is.live.generation < previous);
    let name = |standing: &Standing| standing.target_group.as_ref().map(ToString::to_string);
    let sharing = [was, is].into_iter().filter(|roles| roles.halfway);
    let live: BTreeSet<String> = [&was.live, &is.live]
        .into_iter()
        .chain(sharing.flat_map(|roles| roles.candidate.iter().chain(&roles.variants)))
        .filter_map(name)
        .collect();
    let candidate = [&was.candidate, &is.candidate]
        .into_iter()
        .flatten()
        .chain(&was.variants)
        .chain(&is.variants)
        .filter_map(name)
        // A direct deploy opens the door on its way to production.
        .chain(name(&is.live).filter(|_| is.live.generation > was.live.generation))
        // Whoever goes further back than to the previous one leads production where nothing else keeps anybody checked.
        .chain(name(&is.live).filter(|_| goes_further_back))
        .collect();
    Law {
        live,
        candidate,
        one_at_a_time: false,
        candidate_may_be_empty: false,
        route_under_way: false,
        grace: Duration::ZERO,
    }
}

/// The groups of an estate with what must not be forgotten when it is changed: minimum, maximum, what is suspended.
pub(crate) fn limits(estate: &Estate) -> impl Iterator<Item = (&GroupName, (u32, u32, Vec<&String>))> {
    estate.groups.iter().map(|group| {
        (
            &group.name,
            (group.size.min, group.size.max, group.suspended.keys().collect()),
        )
    })
}
