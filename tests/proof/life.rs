//! What a life is: an estate, a configuration, the commands that follow each other on it, and whoever asks meanwhile.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::OnceLock;

use swingbridge::config::{self, Config, Overrides};
use swingbridge::lab::estates::Estate;
use swingbridge::model::doors::Scheme;
use swingbridge::model::judging::{Consequence, Measure};
use swingbridge::model::plan::Intent;
use swingbridge::model::policy::Strategy;
use swingbridge::model::release::{Release, Source};
use swingbridge::model::shift::Wait;
use swingbridge::model::tags::Tags;

use crate::operator::Ended;
use crate::oracle::{Meant, Request};
use crate::prefix::Prefix;
use crate::settings::CONFIG;
use crate::shape::Shape;
use crate::stage::SOURCE;

/// One of those whom a door of the configuration knows by their address.
const OFFICE: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7));

#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) name: &'static str,
    pub(crate) estate: Estate,
    pub(crate) config: Config,
    /// What an operator does, one after the other.
    pub(crate) commands: Vec<Intent>,
    /// Those before this one have cells in another life.
    pub(crate) proven_from: usize,
    pub(crate) requests: Vec<Request>,
    /// How it goes when nothing goes wrong, once somebody has asked.
    pub(crate) prefixes: OnceLock<Vec<Prefix>>,
}

pub(crate) fn deploy(name: &str, version: u64) -> Intent {
    Intent::Deploy {
        release: Release {
            name: name.into(),
            inputs: format!("inputs-of-{name}"),
            source: Source::Version { number: version },
            tags: Tags::new(),
            variant: None,
        },
    }
}

pub(crate) fn rollback() -> Intent {
    Intent::Rollback {
        to: None,
        failed: None,
    }
}

impl Life {
    /// The exit code of a command that goes well: one that begins a test leaves it to run, one that comes to a pause
    /// leaves production there, one that an alarm rings for swings it back.
    pub(crate) fn well(&self, at: usize) -> u8 {
        let begins = self.config.policy.strategy == Strategy::Ab;
        let pauses = self.is_ended_next(at) && !self.is_cut_short(at);
        match self.commands[at] {
            Intent::Promote if self.takes_back() => 5,
            Intent::Promote if begins || pauses || self.failing() == Some(Consequence::Hold) => 9,
            _ => 0,
        }
    }

    /// How a command may end that goes well, and what it leaves. Whoever promotes again at a pause has ended it.
    pub(crate) fn ends(&self, at: usize) -> impl Iterator<Item = (u8, &Shape)> {
        let pauses = self.well(at) == 9 && self.is_ended_next(at);
        let further = pauses.then_some(at + 1);
        let ends = std::iter::once(at).chain(further);
        ends.map(|at| (self.well(at), &self.prefixes()[at].left))
    }

    /// Whether a pause ends by itself: `repair` may be what moves production then.
    pub(crate) fn expires(&self) -> bool {
        let stages = self.config.policy.shift.iter().flat_map(|shift| &shift.stages);
        stages
            .into_iter()
            .any(|stage| matches!(stage.wait, Wait::Pause(Some(_))))
    }

    /// What finishes a command that was cut off: the same, but for a `repair` that had ended a pause and is a promotion
    /// from then on, as it says itself.
    pub(crate) fn goes_on_by(&self, at: usize) -> &Intent {
        match &self.commands[at] {
            Intent::Repair if self.expires() => &Intent::Promote,
            same => same,
        }
    }

    /// Whether the next command ends the pause that this one comes to.
    fn is_ended_next(&self, at: usize) -> bool {
        match self.commands.get(at + 1) {
            Some(Intent::Resume) => true,
            Some(Intent::Repair) => self.expires(),
            _ => false,
        }
    }

    /// Whether somebody who gives a command again may hear this. What was swung back, or is on its way, cannot be promoted.
    pub(crate) fn may_end(&self, at: usize, ended: &Ended) -> bool {
        self.ends(at).any(|(code, _)| ended.code() == Some(code))
            || (self.well(at) == 5 && matches!(ended, Ended::Refused(_)))
    }

    /// The alarm that rings through all of it.
    pub(crate) fn alarm(&self) -> Option<&String> {
        self.config.policy.judge.as_ref()?.alarms.first()
    }

    /// What follows when users of the candidate fail, where anybody counts them.
    pub(crate) fn failing(&self) -> Option<Consequence> {
        let judging = self.config.policy.judge.as_ref()?;
        let mut rules = judging.rules.iter();
        let rule = rules.find(|rule| rule.measure == Measure::ErrorRate)?;
        (rule.then != Consequence::Rollback).then_some(rule.then)
    }

    /// Whether whatever is promoted is swung back.
    pub(crate) fn takes_back(&self) -> bool {
        self.alarm().is_some() || self.failing() == Some(Consequence::Reduce)
    }

    /// Whether two commands are interleaved call by call in this life. The others have another estate or other waits
    /// under a strategy that a life here stands for, and what differs there is not who comes before whom.
    pub(crate) fn stands_for_its_strategy(&self) -> bool {
        [
            "preview",
            "direct",
            "pair",
            "turns",
            "canary",
            "linear",
            "by-hand",
            "paused",
            "reduced",
            "ab",
            "ab-header",
            "rolling",
            "recreate",
        ]
        .contains(&self.name)
    }

    /// Whether nobody stays for what a swing leaves: it is there for the `repair` that comes after it.
    pub(crate) fn is_left_for_later(&self, at: usize) -> bool {
        self.commands.get(at + 1) == Some(&Intent::Repair) && !self.expires()
    }

    /// Whether a command has no cells of its own, as another life has them.
    pub(crate) fn is_there_for_the_next(&self, at: usize) -> bool {
        at < self.proven_from || self.is_cut_short(at) || self.is_left_for_later(at)
    }

    /// A command that is cut off while it watches a stage, and is there for what comes after it.
    pub(crate) fn is_cut_short(&self, at: usize) -> bool {
        self.commands.get(at + 1) == Some(&Intent::Pause)
    }
}

pub(crate) fn life(
    name: &'static str,
    estate: Estate,
    strategy: &str,
    parts: &str,
    commands: Vec<Intent>,
) -> Life {
    let balancer = &estate.load_balancers[0];
    let top = format!(
        "app = \"shop\"\nload_balancer = {:?}\nstrategy = {strategy:?}\n",
        balancer.name
    );
    let text = format!("{top}{CONFIG}{parts}");
    let config = config::read(
        &text,
        Path::new("swingbridge.toml"),
        &Overrides::default(),
        &|_| None,
    )
    .expect("a configuration");
    let mut requests = requests(&estate, config.policy.doors.as_ref().map(|doors| doors.scheme));
    if !config.policy.user_doors.is_empty() {
        requests.extend(of_users());
    }
    if parts.contains("x-variant") {
        requests.push(Request {
            port: 80,
            path: "/",
            header: Some(("x-variant", "bold")),
            from: SOURCE,
            meant: Meant::Beta,
        });
    }
    Life {
        name,
        estate,
        config,
        commands,
        proven_from: 0,
        requests,
        prefixes: OnceLock::new(),
    }
}

/// Those who have doors of their own in every configuration that has any.
fn of_users() -> [Request; 2] {
    let beta = Request {
        port: 80,
        path: "/",
        header: Some(("x-beta", "yes")),
        from: SOURCE,
        meant: Meant::Beta,
    };
    let office = Request {
        header: None,
        from: OFFICE,
        ..beta.clone()
    };
    [beta, office]
}

/// Every route, every door, and whatever belongs to others.
fn requests(estate: &Estate, doors: Option<Scheme>) -> Vec<Request> {
    let request = |port, path, header, meant| Request {
        port,
        path,
        header,
        from: SOURCE,
        meant,
    };
    let mut all = vec![
        request(80, "/", None, Meant::Live),
        request(80, "/", Some(("x-client-mode", "red")), Meant::Live),
    ];
    let (blue, green) = (("x-client-mode", "blue"), ("x-client-mode", "green"));
    match doors {
        None => {}
        Some(Scheme::Role) => {
            all.push(request(80, "/", Some(blue), Meant::Live));
            all.push(request(80, "/", Some(green), Meant::Candidate));
        }
        Some(Scheme::Alternate { .. }) => {
            all.push(request(80, "/", Some(blue), Meant::Colour));
            all.push(request(80, "/", Some(green), Meant::Colour));
            all.push(request(80, "/.well-known/swingbridge", None, Meant::Beacon));
        }
    }
    if estate.name == "rich" {
        all.push(request(8080, "/api/orders", None, Meant::Live));
        all.push(request(8080, "/", None, Meant::Others));
    }
    if ["rich", "neighbour"].contains(&estate.name.as_str()) {
        all.push(request(80, "/other/one", None, Meant::Others));
    }
    all
}
