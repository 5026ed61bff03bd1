//! How a life goes when nothing goes wrong: what each command finds, which calls it makes, and what it leaves.

use std::collections::BTreeSet;
use std::time::Duration;

use swingbridge::model::estate::Estate;
use swingbridge::model::ids::GroupName;
use swingbridge::model::policy::Strategy;
use swingbridge::model::roles::{Roles, Standing};

use crate::life::Life;
use crate::operator::Operator;
use crate::oracle::Law;
use crate::shape::{Shape, shape};
use crate::stage::{Stage, in_virtual_time};
use crate::tap::Call;

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
}

impl Life {
    pub(crate) fn prefixes(&self) -> &[Prefix] {
        self.prefixes.get_or_init(|| in_virtual_time(self.lived()))
    }

    async fn lived(&self) -> Vec<Prefix> {
        let mut stage = Stage::built(&self.estate).await;
        let mut all = Vec::new();
        for intent in &self.commands {
            // A look takes time, and an attempt at this command does not begin with one.
            let found = Operator::calm(&stage.open(), &self.config)
                .sees()
                .await
                .expect("an estate");
            let scene = stage.open();
            let operator = Operator::calm(&scene, &self.config);
            let ended = operator.does(intent).await;
            assert_eq!(
                ended.code(),
                self.well(intent),
                "{}: {}: {ended}",
                self.name,
                intent.word()
            );
            let calls = operator.tap.calls();
            let after = operator.sees().await.expect("an estate");
            let (was, is) = (self.roles(&found), self.roles(&after));
            all.push(Prefix {
                calls,
                left: shape(&after),
                law: Law {
                    one_at_a_time: self.config.policy.strategy == Strategy::Recreate,
                    grace: self.config.policy.grace().unwrap_or_default(),
                    ..law(&was, &is)
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
        .collect();
    Law {
        live,
        candidate,
        one_at_a_time: false,
        candidate_may_be_empty: false,
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
