//! What every request would have met, at every instant: all routes and all doors, from what the data plane knew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use swingbridge::lab::keeper::Keeper;
use swingbridge::lab::traffic::rules::{Asked, first};
use swingbridge::lab::world::World;
use swingbridge::lab::world::compute::InstanceState;
use swingbridge::lab::world::routing::{Action, Routing};
use swingbridge::model::tags;
use tokio::task::JoinHandle;

use crate::stage::SOURCE;

/// A request that somebody could make at any moment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Request {
    pub(crate) port: u16,
    pub(crate) path: &'static str,
    pub(crate) header: Option<(&'static str, &'static str)>,
    pub(crate) from: IpAddr,
    pub(crate) meant: Meant,
}

/// Whom a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Meant {
    /// Production, or the blue door, which is always where production is or was a moment ago.
    Live,
    /// The green door: closed, or a candidate's.
    Candidate,
    /// Whoever is to meet the candidate while there is one, and live otherwise.
    Beta,
    /// A colour that generations have by turns: closed, or one that production is or was with a moment ago.
    Colour,
    /// What says which colours are open; production, until it is there.
    Beacon,
    /// Somebody else's service: never anything else than before.
    Others,
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, ":{}{}", self.port, self.path)?;
        match self.header {
            Some((name, value)) => write!(f, " {name}={value}"),
            None if self.from != SOURCE => write!(f, " from {}", self.from),
            None => Ok(()),
        }
    }
}

/// Which target groups may be met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Law {
    pub(crate) live: BTreeSet<String>,
    pub(crate) candidate: BTreeSet<String>,
    /// What is stopped on purpose may be empty, if that is written down, and no two generations may ever run.
    pub(crate) one_at_a_time: bool,
    /// Somebody takes the candidate's instances away on purpose.
    pub(crate) candidate_may_be_empty: bool,
    /// What alone keeps the candidate health-checked, the lock's rule or a share of production, is taken away while the
    /// call that leads production there is under way.
    pub(crate) route_under_way: bool,
    /// How long a colour stays open that production has left.
    pub(crate) grace: Duration,
}

/// What a request meets.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Met {
    Nobody,
    Status(u16),
    Groups(Vec<Group>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    name: String,
    targets: usize,
    failed_open: bool,
    /// Targets whose instance does not run any more.
    gone: usize,
}

#[derive(Debug, Default)]
struct Seen {
    pictures: u64,
    violations: Vec<String>,
    at_first: BTreeMap<Request, Met>,
    /// What production meets now.
    serving: BTreeSet<String>,
    /// When production last met each target group.
    served: BTreeMap<String, Duration>,
    /// What each colour met a moment ago.
    colours: BTreeMap<Request, Vec<String>>,
}

/// Watches a scene from now on.
#[derive(Debug)]
pub(crate) struct Oracle {
    seen: Arc<Mutex<Seen>>,
    watching: JoinHandle<()>,
}

impl Oracle {
    pub(crate) fn over(keeper: &Arc<Keeper>, requests: &[Request], law: Law) -> Self {
        let seen: Arc<Mutex<Seen>> = Arc::default();
        // Nothing happens between two turns.
        let (routing, mut turns) = (keeper.routing(), keeper.turns());
        let (kept, requests, keeper) = (Arc::clone(&seen), requests.to_vec(), Arc::downgrade(keeper));
        let watching = tokio::spawn(async move {
            loop {
                turns.mark_unchanged();
                let picture = Arc::clone(&routing.borrow());
                let Some(keeper) = keeper.upgrade() else { return };
                let (running, groups) = keeper.look(|world| (running(world, &picture), law.of_groups(world)));
                let at: Duration = keeper.moment().since_start();
                drop(keeper);
                kept.lock()
                    .expect("not poisoned")
                    .look(&picture, &running, &requests, (&law, &groups), at);
                if turns.changed().await.is_err() {
                    return;
                }
            }
        });
        Self { seen, watching }
    }

    /// Whatever was wrong, at any instant.
    pub(crate) async fn violations(&self) -> Vec<String> {
        // A picture of this very instant is still looked at.
        tokio::task::yield_now().await;
        self.seen.lock().expect("not poisoned").violations.clone()
    }

    /// How many pictures it has judged.
    pub(crate) fn pictures(&self) -> u64 {
        self.seen.lock().expect("not poisoned").pictures
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

impl Seen {
    fn look(
        &mut self,
        picture: &Routing,
        running: &BTreeSet<String>,
        requests: &[Request],
        (law, groups): (&Law, &Groups),
        at: Duration,
    ) {
        self.pictures += 1;
        if let Some(several) = &groups.several {
            self.violations
                .push(format!("at {at:?}, {several} run at the same time"));
        }
        for request in requests {
            let met = met(picture, running, request);
            let wrong = match request.meant {
                Meant::Live if is_stopped(&met, &groups.stopped) => None,
                Meant::Live if law.route_under_way && is_candidates(&met, law) => None,
                Meant::Live => wrong(&met, &law.live, false),
                Meant::Beta if law.candidate_may_be_empty => None,
                Meant::Beta if law.route_under_way && is_candidates(&met, law) => None,
                Meant::Beta => {
                    let either = law.live.union(&law.candidate).cloned().collect();
                    wrong(&met, &either, false)
                }
                Meant::Colour => wrong(&met, &law.live, true),
                Meant::Beacon if matches!(met, Met::Groups(_)) => wrong(&met, &law.live, false),
                Meant::Beacon => misleads(picture, request, requests),
                Meant::Candidate if law.candidate_may_be_empty => None,
                Meant::Candidate => wrong(&met, &law.candidate, true),
                Meant::Others => {
                    let first = self
                        .at_first
                        .entry(request.clone())
                        .or_insert_with(|| met.clone());
                    (*first != met).then(|| format!("meets {met:?}, and met {first:?} before"))
                }
            };
            if let Some(wrong) = wrong {
                self.violations.push(format!("at {at:?}, {request} {wrong}"));
            }
        }
        let mut colours = requests
            .iter()
            .filter(|request| request.meant == Meant::Colour)
            .peekable();
        let closed = |request: &Request| matches!(met(picture, running, request), Met::Status(_));
        if colours.peek().is_some() && colours.all(closed) {
            self.violations.push(format!(
                "at {at:?}, every colour is closed: who pins one finds none"
            ));
        }
        let until_now = std::mem::take(&mut self.serving);
        self.served.extend(until_now.into_iter().map(|name| (name, at)));
        for request in requests {
            self.keeps_its_colour(request, &met(picture, running, request), law.grace, at);
        }
    }

    /// Whoever has begun something with a colour that production had can go on with it for the grace.
    fn keeps_its_colour(&mut self, request: &Request, met: &Met, grace: Duration, at: Duration) {
        let names: Vec<String> = match met {
            Met::Groups(groups) => groups.iter().map(|group| group.name.clone()).collect(),
            _ => Vec::new(),
        };
        match request.meant {
            Meant::Live => {
                self.served.extend(names.iter().map(|name| (name.clone(), at)));
                self.serving.extend(names);
            }
            Meant::Colour => {
                let was = self
                    .colours
                    .insert(request.clone(), names.clone())
                    .unwrap_or_default();
                for left in was.iter().filter(|name| !names.contains(name)) {
                    let since = self.served.get(left).map(|served| at.saturating_sub(*served));
                    if let Some(since) = since.filter(|since| *since < grace) {
                        self.violations.push(format!(
                            "at {at:?}, {request} meets {left} no more, {since:?} after production left it"
                        ));
                    }
                }
            }
            _ => {}
        }
    }
}

/// What only one strategy may do, and what it must not.
#[derive(Debug, Default)]
struct Groups {
    /// The target groups whose group is stopped on purpose.
    stopped: BTreeSet<String>,
    /// Groups that run at the same time.
    several: Option<String>,
}

/// Nobody answers, and that is written down.
fn is_stopped(met: &Met, stopped: &BTreeSet<String>) -> bool {
    matches!(met, Met::Groups(groups) if groups.iter().all(|group| stopped.contains(&group.name)))
}

/// Only the candidate.
fn is_candidates(met: &Met, law: &Law) -> bool {
    matches!(met, Met::Groups(groups) if groups.iter().all(|group| law.candidate.contains(&group.name)))
}

impl Law {
    fn of_groups(&self, world: &World) -> Groups {
        if !self.one_at_a_time {
            return Groups::default();
        }
        let ours = || {
            world
                .scaling
                .groups
                .values()
                .filter(|group| group.tags.contains_key(tags::APP))
        };
        let stopped = ours().filter(|group| group.tags.contains_key(tags::OWES_SIZE));
        let stopped = stopped
            .flat_map(|group| &group.traffic)
            .filter_map(|traffic| traffic.arn.split('/').nth(1).map(str::to_owned))
            .collect();
        let running: Vec<&str> = ours()
            .filter(|group| !group.members.is_empty())
            .map(|group| group.name.as_str())
            .collect();
        Groups {
            stopped,
            several: (running.len() > 1).then(|| running.join(" and ")),
        }
    }
}

/// The target groups that requests for production would meet at this instant.
pub(crate) fn serving(keeper: &Keeper, requests: &[Request]) -> BTreeSet<String> {
    let picture = Arc::clone(&keeper.routing().borrow());
    requests
        .iter()
        .filter(|request| request.meant == Meant::Live)
        .flat_map(|request| match met(&picture, &BTreeSet::new(), request) {
            Met::Groups(groups) => groups.into_iter().map(|group| group.name).collect(),
            other => vec![format!("{other:?}")],
        })
        .collect()
}

/// What is wrong with what a request meets.
fn wrong(met: &Met, allowed: &BTreeSet<String>, may_be_closed: bool) -> Option<String> {
    match met {
        Met::Status(404 | 456) if may_be_closed => None,
        Met::Status(status) => Some(format!("is answered {status}")),
        Met::Nobody => Some("meets no listener".into()),
        Met::Groups(groups) => groups.iter().find_map(|group| {
            let Group {
                name,
                targets,
                failed_open,
                gone,
            } = group;
            if !allowed.contains(name) {
                Some(format!("meets {name}, a wrong generation"))
            } else if *targets == 0 {
                Some(format!("meets {name}, which is empty"))
            } else if *failed_open {
                Some(format!("meets {name}, where nobody is healthy"))
            } else if *gone > 0 {
                Some(format!("meets {name}, of whose instances {gone} have ended"))
            } else {
                None
            }
        }),
    }
}

/// Those of a picture's instances that still answer.
fn running(world: &World, picture: &Routing) -> BTreeSet<String> {
    let rules = picture.listeners.iter().flat_map(|listener| &listener.rules);
    let pools = rules.filter_map(|rule| match &rule.action {
        Action::Forward { pools, .. } => Some(pools),
        _ => None,
    });
    pools
        .flatten()
        .flat_map(|(pool, _)| &pool.targets)
        .filter(|target| {
            world
                .instance(&target.instance)
                .is_some_and(|instance| instance.state == InstanceState::Running)
        })
        .map(|target| target.instance.clone())
        .collect()
}

fn met(picture: &Routing, running: &BTreeSet<String>, request: &Request) -> Met {
    match done(picture, request) {
        None => Met::Nobody,
        Some(Action::Fixed { status, .. } | Action::Redirect { status, .. }) => Met::Status(*status),
        Some(Action::Forward { pools, .. }) => Met::Groups(
            pools
                .iter()
                .filter(|(_, weight)| *weight > 0)
                .map(|(pool, _)| Group {
                    name: pool.name.clone(),
                    targets: pool.targets.len(),
                    failed_open: pool.failed_open,
                    gone: pool
                        .targets
                        .iter()
                        .filter(|target| !running.contains(&target.instance))
                        .count(),
                })
                .collect(),
        ),
    }
}

/// What the load balancer does with a request.
fn done<'a>(picture: &'a Routing, request: &Request) -> Option<&'a Action> {
    let mut listeners = picture.listeners.iter();
    let listener = listeners.find(|listener| listener.port == request.port)?;
    let mut headers = HeaderMap::new();
    if let Some((name, value)) = request.header {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let asked = Asked {
        host: "shop.example",
        path: request.path,
        query: "",
        method: "GET",
        headers: &headers,
        source: request.from,
    };
    first(&listener.rules, &asked).map(|(_, rule)| &rule.action)
}

/// Whoever pins a colour because the beacon calls it open, and is answered that it is closed.
fn misleads(picture: &Routing, beacon: &Request, requests: &[Request]) -> Option<String> {
    let Some(Action::Fixed {
        status: 200, body, ..
    }) = done(picture, beacon)
    else {
        return Some("does not answer 200".into());
    };
    let Ok(said) = serde_json::from_str::<Beacon>(body) else {
        return Some(format!("says {body:?}"));
    };
    if !said.open.contains(&said.live) {
        return Some(format!(
            "says that {} is live, and not that it is open",
            said.live
        ));
    }
    said.open.iter().find_map(|colour| {
        let mut pinned = requests
            .iter()
            .filter(|request| request.meant == Meant::Colour)
            .filter(|request| request.header.is_some_and(|(_, value)| value == colour));
        let closed = |request: &Request| !matches!(done(picture, request), Some(Action::Forward { .. }));
        (pinned.next().is_none_or(closed)).then(|| format!("says that {colour} is open"))
    })
}

/// What clients read.
#[derive(Deserialize)]
struct Beacon {
    live: String,
    open: Vec<String>,
}
