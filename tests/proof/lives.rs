//! The lives that are proven.

use std::time::Duration;

use swingbridge::lab::estates::Estate;
use swingbridge::model::ids::Generation;
use swingbridge::model::plan::Intent;
use swingbridge::model::policy::AfterRollback;
use swingbridge::model::release::{Release, Source};
use swingbridge::model::scope::Generations;
use swingbridge::model::tags::Tags;

use crate::life::{Life, deploy, life, rollback};
use crate::settings::{
    AB, AB_HEADER, AB_NEW, CANARY, CAUGHT, DOORS, EXPIRING, FAILING, HOOKED, JUDGED, LINEAR, NO_DOORS,
    PAUSED, RETIRED, ROLLING, SCALED, TURNS, USERS, USERS_OF_BOLD,
};

const NEIGHBOUR: &str = include_str!("estates/neighbour.toml");
const RICH: &str = include_str!("estates/rich.toml");

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
        proven_from(
            2,
            life(
                "withdrawn",
                seed(),
                "preview",
                DOORS,
                vec![
                    deploy("2.0", 2),
                    Intent::Shift { percent: 40 },
                    rollback(),
                    Intent::Abort,
                ],
            ),
        ),
        proven_from(
            4,
            life(
                "further",
                seed(),
                "preview",
                DOORS,
                vec![
                    deploy("2.0", 2),
                    Intent::Promote,
                    deploy("3.0", 1),
                    Intent::Promote,
                    Intent::Rollback {
                        to: Some(Generation(1)),
                        failed: None,
                    },
                ],
            ),
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
            "reduced",
            seed(),
            "canary",
            &format!("{DOORS}{FAILING}then = \"reduce\"\n"),
            vec![deploy("2.0", 2), Intent::Promote],
        ),
        life(
            "unsure",
            seed(),
            "canary",
            &format!("{DOORS}{FAILING}then = \"hold\"\n"),
            vec![deploy("2.0", 2), Intent::Promote, Intent::Resume, rollback()],
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
        proven_from(
            2,
            life(
                "ab-users",
                seed(),
                "ab",
                &format!("{DOORS}{USERS_OF_BOLD}{AB}"),
                vec![
                    deploy_as("bold", 2),
                    deploy_as("calm", 1),
                    Intent::Promote,
                    winner("calm"),
                ],
            ),
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
            "direct-users",
            seed(),
            "direct",
            &format!("{DOORS}{USERS}"),
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

fn proven_from(at: usize, mut life: Life) -> Life {
    life.proven_from = at;
    life
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
