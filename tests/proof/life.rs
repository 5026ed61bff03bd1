//! The lives that are proven: an estate, a configuration, and the commands that follow each other on it.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use swingbridge::config::{self, Config, Overrides};
use swingbridge::lab::estates::Estate;
use swingbridge::model::doors::Scheme;
use swingbridge::model::plan::Intent;
use swingbridge::model::policy::{AfterRollback, Strategy};
use swingbridge::model::release::{Release, Source};
use swingbridge::model::scope::Generations;
use swingbridge::model::shift::Wait;
use swingbridge::model::tags::Tags;

use crate::operator::Ended;
use crate::oracle::{Meant, Request};
use crate::prefix::Prefix;
use crate::settings::{
    AB, AB_HEADER, AB_NEW, CANARY, CAUGHT, CONFIG, DOORS, EXPIRING, HOOKED, JUDGED, LINEAR, NO_DOORS, PAUSED,
    RETIRED, ROLLING, SCALED, TURNS,
};
use crate::shape::Shape;

#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) name: &'static str,
    pub(crate) estate: Estate,
    pub(crate) config: Config,
    /// What an operator does, one after the other.
    pub(crate) commands: Vec<Intent>,
    pub(crate) requests: Vec<Request>,
    /// How it goes when nothing goes wrong, once somebody has asked.
    pub(crate) prefixes: OnceLock<Vec<Prefix>>,
}

const NEIGHBOUR: &str = include_str!("estates/neighbour.toml");
const RICH: &str = include_str!("estates/rich.toml");

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

/// The same as a variant of a test.
fn deploy_as(variant: &str, version: u64) -> Intent {
    let mut intent = deploy(variant, version);
    if let Intent::Deploy { release } = &mut intent {
        release.variant = Some(variant.into());
    }
    intent
}

fn winner(name: &str) -> Intent {
    Intent::Winner { name: name.into() }
}

pub(crate) fn rollback() -> Intent {
    Intent::Rollback {
        to: None,
        failed: None,
    }
}

fn rollback_and_remove() -> Intent {
    Intent::Rollback {
        to: None,
        failed: Some(AfterRollback::Remove),
    }
}

/// A version made from an image and user data, as most pipelines do.
fn build(name: &str) -> Intent {
    Intent::Deploy {
        release: Release {
            name: name.into(),
            inputs: format!("inputs-of-{name}"),
            source: Source::Build {
                image: None,
                user_data: Some("#!sample\nversion = \"built\"\n".into()),
            },
            tags: Tags::new(),
            variant: None,
        },
    }
}

fn seed() -> Estate {
    drains_longer(Estate::named("001").expect("the lab's own seed"))
}

fn rich() -> Estate {
    Estate::read(RICH).expect("an estate")
}

fn without_doors(mut estate: Estate) -> Estate {
    for balancer in &mut estate.load_balancers {
        for listener in &mut balancer.listeners {
            listener.rules.retain(|rule| rule.header.is_none());
        }
    }
    estate
}

/// Longer than the load balancer takes to obey: what Auto Scaling ends by itself waits for nothing else.
fn drains_longer(mut estate: Estate) -> Estate {
    for target_group in &mut estate.target_groups {
        let delay = "deregistration_delay.timeout_seconds".to_owned();
        target_group.attributes.insert(delay, "10".to_owned());
    }
    estate
}

pub(crate) fn lives() -> Vec<Life> {
    let back = || vec![deploy("2.0", 2), Intent::Promote, rollback(), Intent::Abort];
    vec![
        life("canary", seed(), "canary", &format!("{DOORS}{CANARY}"), back()),
        life(
            "by-hand",
            seed(),
            "preview",
            DOORS,
            vec![
                deploy("2.0", 2),
                Intent::Shift { percent: 40 },
                Intent::Retreat,
                Intent::Abort,
            ],
        ),
        life(
            "handed",
            seed(),
            "preview",
            DOORS,
            vec![
                deploy("2.0", 2),
                Intent::Shift { percent: 25 },
                Intent::PromoteFully,
                rollback(),
            ],
        ),
        life(
            "held",
            seed(),
            "canary",
            &format!("{DOORS}{CANARY}"),
            vec![
                deploy("2.0", 2),
                // Cut off while it watches its first stage.
                Intent::Promote,
                Intent::Pause,
                Intent::Resume,
            ],
        ),
        life(
            "paused",
            seed(),
            "canary",
            &format!("{DOORS}{PAUSED}"),
            vec![deploy("2.0", 2), Intent::Promote, Intent::Resume, rollback()],
        ),
        life(
            "expired",
            seed(),
            "canary",
            &format!("{DOORS}{EXPIRING}"),
            vec![deploy("2.0", 2), Intent::Promote, Intent::Repair],
        ),
        life(
            "linear",
            seed(),
            "linear",
            &format!("{DOORS}{LINEAR}"),
            vec![deploy("2.0", 2), Intent::Promote, rollback()],
        ),
        life(
            "judged",
            seed(),
            "canary",
            &format!("{DOORS}{JUDGED}"),
            vec![deploy("2.0", 2), Intent::Promote, rollback()],
        ),
        life(
            "caught",
            seed(),
            "canary",
            &format!("{DOORS}{CAUGHT}"),
            vec![deploy("2.0", 2), Intent::Promote],
        ),
        life(
            "hooked",
            seed(),
            "preview",
            &format!("{HOOKED}{DOORS}"),
            vec![
                deploy("2.0", 2),
                Intent::Promote,
                Intent::Retire { generation: None },
            ],
        ),
        life("turns", seed(), "preview", TURNS, back()),
        life(
            "turns-canary",
            seed(),
            "canary",
            &format!("{TURNS}{CANARY}"),
            vec![deploy("2.0", 2), Intent::Promote, rollback()],
        ),
        life(
            "owed",
            seed(),
            "preview",
            &format!("{DOORS}{SCALED}"),
            vec![
                deploy("2.0", 2),
                Intent::Promote,
                Intent::Repair,
                rollback(),
                Intent::Repair,
            ],
        ),
        life(
            "rich-canary",
            rich(),
            "canary",
            &format!("{DOORS}{CANARY}"),
            vec![deploy("2.0", 2), Intent::Promote, rollback()],
        ),
        life(
            "ab",
            seed(),
            "ab",
            &format!("{DOORS}{AB}"),
            vec![
                deploy_as("bold", 2),
                deploy_as("calm", 1),
                Intent::Promote,
                winner("calm"),
            ],
        ),
        life(
            "ab-live",
            seed(),
            "ab",
            &format!("{DOORS}{AB}"),
            vec![
                deploy_as("bold", 2),
                deploy_as("calm", 1),
                Intent::Promote,
                winner("control"),
            ],
        ),
        life(
            "ab-new",
            seed(),
            "ab",
            &format!("{DOORS}{AB_NEW}"),
            vec![
                deploy_as("bold", 2),
                deploy_as("calm", 1),
                Intent::Promote,
                rollback_and_remove(),
            ],
        ),
        life(
            "ab-header",
            seed(),
            "ab",
            &format!("{DOORS}{AB_HEADER}"),
            vec![deploy_as("bold", 2), Intent::Promote, winner("bold"), rollback()],
        ),
        life("preview", seed(), "preview", DOORS, back()),
        life(
            "direct",
            seed(),
            "direct",
            DOORS,
            vec![deploy("2.0", 2), rollback_and_remove()],
        ),
        life(
            "twice",
            seed(),
            "preview",
            DOORS,
            vec![
                deploy("2.0", 2),
                Intent::Promote,
                deploy("3.0", 1),
                Intent::Promote,
                rollback(),
            ],
        ),
        in_turn(life(
            "pair",
            seed(),
            "preview",
            DOORS,
            vec![
                deploy("2.0", 2),
                Intent::Promote,
                deploy("3.0", 1),
                Intent::Promote,
                rollback(),
                Intent::Abort,
            ],
        )),
        in_turn(life(
            "pair-retired",
            seed(),
            "preview",
            DOORS,
            vec![
                deploy("2.0", 2),
                Intent::Promote,
                Intent::Retire { generation: None },
            ],
        )),
        in_turn(life(
            "pair-direct",
            rich(),
            "direct",
            DOORS,
            vec![deploy("2.0", 2), deploy("3.0", 3), rollback_and_remove()],
        )),
        in_turn(life(
            "pair-canary",
            without_doors(seed()),
            "canary",
            &format!("{NO_DOORS}{CANARY}"),
            vec![
                deploy("2.0", 2),
                Intent::Promote,
                deploy("3.0", 1),
                Intent::Promote,
            ],
        )),
        life("doorless", without_doors(seed()), "preview", NO_DOORS, back()),
        life(
            "built",
            seed(),
            "preview",
            DOORS,
            vec![build("2.0"), Intent::Promote],
        ),
        life(
            "rolling",
            seed(),
            "rolling",
            &format!("{DOORS}{ROLLING}"),
            vec![deploy("2.0", 2), rollback()],
        ),
        life(
            "recreate",
            without_doors(seed()),
            "recreate",
            NO_DOORS,
            vec![deploy("2.0", 2), rollback(), Intent::Abort],
        ),
        life(
            "removed",
            seed(),
            "preview",
            DOORS,
            vec![deploy("2.0", 2), rollback_and_remove()],
        ),
        life(
            "scaled",
            seed(),
            "preview",
            &format!("{DOORS}{SCALED}"),
            vec![deploy("2.0", 2), Intent::Promote, rollback()],
        ),
        life(
            "retired",
            seed(),
            "direct",
            &format!("{DOORS}{RETIRED}"),
            vec![deploy("2.0", 2)],
        ),
        hasty(life("hasty", seed(), "preview", DOORS, back())),
        life(
            "neighbour",
            drains_longer(Estate::read(NEIGHBOUR).expect("an estate")),
            "preview",
            DOORS,
            vec![
                deploy("2.0", 2),
                Intent::Promote,
                Intent::Retire { generation: None },
            ],
        ),
        life(
            "rich",
            rich(),
            "preview",
            DOORS,
            vec![
                deploy("2.0", 2),
                Intent::Promote,
                rollback(),
                Intent::Abort,
                deploy("3.0", 3),
                Intent::Promote,
                Intent::Retire { generation: None },
            ],
        ),
    ]
}

impl Life {
    /// The exit code of a command that goes well: one that begins a test leaves it to run, one that comes to a pause
    /// leaves production there, one that an alarm rings for swings it back.
    pub(crate) fn well(&self, at: usize) -> u8 {
        let begins = self.config.policy.strategy == Strategy::Ab;
        let pauses = self.is_ended_next(at) && !self.is_cut_short(at);
        match self.commands[at] {
            Intent::Promote if self.alarm().is_some() => 5,
            Intent::Promote if begins || pauses => 9,
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

    /// Whether two commands are interleaved call by call in this life. The others have another estate or other waits
    /// under a strategy that a life here stands for, and what differs there is not who comes before whom.
    pub(crate) fn stands_for_its_strategy(&self) -> bool {
        [
            "preview",
            "direct",
            "pair",
            "turns",
            "canary",
            "by-hand",
            "paused",
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
        self.is_cut_short(at) || self.is_left_for_later(at)
    }

    /// A command that is cut off while it watches a stage, and is there for what comes after it.
    pub(crate) fn is_cut_short(&self, at: usize) -> bool {
        self.commands.get(at + 1) == Some(&Intent::Pause)
    }
}

fn life(name: &'static str, estate: Estate, strategy: &str, parts: &str, commands: Vec<Intent>) -> Life {
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
    if parts.contains("x-variant") {
        requests.push(Request {
            port: 80,
            path: "/",
            header: Some(("x-variant", "bold")),
            meant: Meant::Beta,
        });
    }
    Life {
        name,
        estate,
        config,
        commands,
        requests,
        prefixes: OnceLock::new(),
    }
}

/// Generations have two groups, by turns.
fn in_turn(mut life: Life) -> Life {
    life.config.policy.names.generations = Generations::Pair;
    life.config.scope.names = life.config.policy.names.clone();
    life
}

/// What is healthy for a moment is good enough.
fn hasty(mut life: Life) -> Life {
    life.config.policy.health.soak = Duration::ZERO;
    life
}

/// Every route, every door, and whatever belongs to others.
fn requests(estate: &Estate, doors: Option<Scheme>) -> Vec<Request> {
    let request = |port, path, header, meant| Request {
        port,
        path,
        header,
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
            all.push(request(80, "/", Some(("x-beta", "yes")), Meant::Beta));
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
