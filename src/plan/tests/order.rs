//! What must hold of the order of any plan's steps, on the estate that it was made for: the rules are
//! turned as the plan turns them, and each step is judged by how they stand when its turn has come.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::estate::Estate;
use crate::model::fleet;
use crate::model::ids::{Generation, GroupName, TargetGroupName};
use crate::model::obligation;
use crate::model::plan::Plan;
use crate::model::roles::Roles;
use crate::model::routing::{Action, Priority};
use crate::model::step::{Purpose, Step};
use crate::model::tags;

/// Where requests are led, as the plan has turned it so far.
struct Way {
    action: Action,
    /// Nobody guesses the header of the lock and of the entrance.
    hidden: bool,
}

impl Way {
    fn leads_to(&self, target_group: &TargetGroupName) -> bool {
        let weight = |share: &crate::model::routing::Share| share.weight > 0;
        let shares = self.action.shares();
        shares
            .iter()
            .any(|share| share.target_group == *target_group && weight(share))
    }

    fn names(&self, target_group: &TargetGroupName) -> bool {
        let shares = self.action.shares();
        shares.iter().any(|share| share.target_group == *target_group)
    }
}

struct Course<'a> {
    estate: &'a Estate,
    ways: BTreeMap<(u16, Priority), Way>,
    /// Target groups that production goes to already, that stand healthy, or were waited for.
    answering: BTreeSet<&'a TargetGroupName>,
    emptied: BTreeSet<&'a GroupName>,
    /// Groups that nothing makes smaller.
    held: BTreeSet<&'a GroupName>,
    /// Where whoever leaves drains.
    in_use: BTreeSet<&'a TargetGroupName>,
    /// The weights of the variants of a test, as configured.
    variants: Vec<u32>,
    unconfirmed: bool,
    breaches: Vec<String>,
}

/// What the plan does in an order in which it must not be done.
pub(crate) fn breaches(estate: &Estate, plan: &Plan) -> Vec<String> {
    let mut course = Course {
        estate,
        ways: ways(estate),
        answering: answering(estate, plan),
        emptied: BTreeSet::new(),
        held: held(estate),
        in_use: BTreeSet::new(),
        variants: variants(plan),
        unconfirmed: false,
        breaches: Vec::new(),
    };
    for step in &plan.steps {
        let before = course.breaches.len();
        course.take(step);
        for breach in &mut course.breaches[before..] {
            *breach = format!("{}: {breach}", step.title());
        }
    }
    course.breaches
}

fn ways(estate: &Estate) -> BTreeMap<(u16, Priority), Way> {
    let kind = |tags: &tags::Tags| tags.get(tags::RULE).cloned().unwrap_or_default();
    estate
        .rules()
        // The lock of a run goes with it.
        .filter(|rule| !(tags::owned_by(&rule.tags, &estate.app) && kind(&rule.tags) == "lock"))
        .map(|rule| {
            let way = Way {
                action: rule.action.clone(),
                hidden: tags::owned_by(&rule.tags, &estate.app) && kind(&rule.tags) == "entrance",
            };
            ((rule.port, rule.priority), way)
        })
        .collect()
}

fn answering<'a>(estate: &'a Estate, plan: &Plan) -> BTreeSet<&'a TargetGroupName> {
    let routes = Roles::of(estate, &plan.policy).map_or(Vec::new(), |roles| roles.routes);
    let serving = routes
        .into_iter()
        .flat_map(|rule| rule.action.shares())
        .filter(|share| share.weight > 0)
        .map(|share| &share.target_group);
    let healthy = estate.target_groups.iter().filter(|tg| {
        let mut groups = estate.groups.iter();
        groups.any(|group| fleet::healthy_capacity(group, tg) > 0)
    });
    serving.chain(healthy.map(|tg| &tg.name)).collect()
}

fn variants(plan: &Plan) -> Vec<u32> {
    let test = plan.policy.ab.iter();
    let weights = test.flat_map(|test| &test.variants).map(|variant| variant.weight);
    weights.filter(|weight| *weight > 0).collect()
}

fn held(estate: &Estate) -> BTreeSet<&GroupName> {
    let held = estate.groups.iter().filter(|group| obligation::is_held(group));
    held.map(|group| &group.name).collect()
}

impl<'a> Course<'a> {
    fn take(&mut self, step: &'a Step) {
        match step {
            Step::AwaitHealthy { target_group, .. } => drop(self.answering.insert(target_group)),
            Step::AwaitEmpty { group, .. } => drop(self.emptied.insert(group)),
            Step::Hold { group } => drop(self.held.insert(group)),
            Step::CreateGroup(new) | Step::ReuseGroup(new) => drop(self.held.insert(&new.group)),
            Step::PayObligations { group } => drop(self.held.remove(group)),
            Step::StayInUse { target_groups } => self.in_use.extend(target_groups),
            Step::Point {
                rule,
                purpose,
                before,
                after,
                ..
            } => {
                if *purpose == Purpose::Route {
                    self.unconfirmed = true;
                    self.keeps_weights(before, after);
                    self.leaves_nobody_to_shrink(before, after);
                }
                self.leads(*purpose, after);
                self.turn(rule.port, rule.priority, *purpose, after);
            }
            Step::CreateRule {
                port,
                priority,
                purpose,
                action,
                ..
            } => {
                self.leads(*purpose, action);
                self.turn(*port, Priority::Numbered(*priority), *purpose, action);
            }
            Step::DeleteRule { rule, .. } => drop(self.ways.remove(&(rule.port, rule.priority))),
            Step::Confirm { .. } => self.unconfirmed = false,
            Step::Shrink { group, .. } => {
                self.read_back();
                for name in self.target_groups_of(group) {
                    self.unless(|way| way.leads_to(name) && !way.hidden, name, "leads to");
                }
            }
            Step::DeleteGroup { group } | Step::Vacate { group } => {
                self.read_back();
                let freed_before = matches!(step, Step::Vacate { .. }) && self.is_empty(group);
                if !self.emptied.contains(group) && !freed_before {
                    self.breaches
                        .push("it was not waited for until it is empty".into());
                }
                for name in self.target_groups_of(group) {
                    self.unless(|way| way.leads_to(name), name, "leads to");
                }
            }
            Step::DeleteTargetGroup { target_group } => {
                self.read_back();
                self.unless(|way| way.names(target_group), target_group, "names");
            }
            _ => {}
        }
    }

    /// Nobody has to go first.
    fn is_empty(&self, group: &GroupName) -> bool {
        let found = self.estate.group(group);
        found.is_some_and(|group| group.instances.is_empty())
    }

    fn target_groups_of(&self, group: &GroupName) -> impl Iterator<Item = &'a TargetGroupName> + use<'a> {
        let found = self.estate.group(group);
        found.into_iter().flat_map(|group| &group.target_groups)
    }

    fn turn(&mut self, port: u16, priority: Priority, purpose: Purpose, action: &Action) {
        let way = Way {
            action: action.clone(),
            hidden: purpose == Purpose::Entrance,
        };
        self.ways.insert((port, priority), way);
    }

    /// Nothing that a request can find is pointed where nobody was seen to answer.
    fn leads(&mut self, purpose: Purpose, action: &Action) {
        let led = action.shares().iter().filter(|share| share.weight > 0);
        for share in led.filter(|_| purpose != Purpose::Entrance) {
            if !self.answering.contains(&share.target_group) {
                self.breaches
                    .push(format!("{} was not waited for", share.target_group));
            }
        }
    }

    /// Every request of a route still goes somewhere: all to one, so many of a hundred to each of two, or to every
    /// variant of a test its weight. Nobody who waits in it is put out. Whoever is not ours has nothing in a route that
    /// is planned for, so what is above nothing is ours.
    fn keeps_weights(&mut self, before: &Action, after: &Action) {
        let weights: Vec<u32> = after
            .shares()
            .iter()
            .map(|share| share.weight)
            .filter(|weight| *weight > 0)
            .collect();
        let whole = match weights.as_slice() {
            [] => false,
            [1] => true,
            [one, other] if u64::from(*one) + u64::from(*other) == 100 => true,
            several => several == self.variants.as_slice(),
        };
        if !whole {
            self.breaches.push(format!("its weights are {weights:?}"));
        }
        let generation =
            |name: &TargetGroupName| -> Option<Generation> { self.estate.target_group(name)?.generation };
        for share in before.shares() {
            if generation(&share.target_group).is_none() && !after.shares().contains(share) {
                self.breaches
                    .push(format!("{}, which is not ours, leaves it", share.target_group));
            }
        }
    }

    /// Requests come until every node of the load balancer has heard: whoever is left stays as large until then, or
    /// drains.
    fn leaves_nobody_to_shrink(&mut self, before: &Action, after: &Action) {
        let served = |action: &Action, name: &TargetGroupName| {
            let mut shares = action.shares().iter();
            shares.any(|share| share.target_group == *name && share.weight > 0)
        };
        let left = self.estate.groups.iter().filter(|group| {
            let all = group.target_groups.iter();
            let mut own = all.filter(|name| {
                let found = self.estate.target_group(name);
                found.is_some_and(|tg| tg.generation.is_some() && tg.generation == group.generation)
            });
            own.any(|name| served(before, name) && !served(after, name) && !self.in_use.contains(name))
        });
        for group in left.filter(|group| !group.instances.is_empty()) {
            if !self.held.contains(&group.name) && !self.emptied.contains(&group.name) {
                self.breaches
                    .push(format!("{} is left, and may shrink at once", group.name));
            }
        }
    }

    fn read_back(&mut self) {
        if self.unconfirmed {
            self.breaches.push("the routes were not read back before".into());
        }
    }

    fn unless(&mut self, bad: impl Fn(&Way) -> bool, name: &TargetGroupName, does: &str) {
        let found: Vec<String> = self
            .ways
            .iter()
            .filter(|(_, way)| bad(way))
            .map(|((port, priority), _)| format!(":{port} {priority:?} {does} {name}"))
            .collect();
        self.breaches.extend(found);
    }
}
