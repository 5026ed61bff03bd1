//! The configurations that commands are tried with: one app, whose releases come to production in different ways.

use std::path::Path;

use crate::config::{self, Config, Overrides};

const CONFIG: &str = r#"
app = "ks"
load_balancer = "alb-ks"

[names]
group = "asg-{n}"
target_group = "tg-{n}"

[doors]
scheme = "role"
header = "x-client-mode"
blue = "blue"
green = "green"
listeners = [80]
blue_priority = 10
green_priority = 11

[lock]
listener = 80
priority = 1
entrance_priority = 2

[health]
soak = "0s"
"#;

/// What is waited out costs looks, and is not what these tests are about.
const SWING: &str = "[swing]\npropagation = \"0s\"\nconfirmations = 1\n";

pub(super) fn config(and: &str) -> Config {
    read(&format!("{CONFIG}{SWING}{and}"))
}

/// The same for a deployment that goes on to production by itself.
pub(super) fn direct() -> Config {
    let config = with_users("");
    read(&format!("strategy = \"direct\"\n{config}{SWING}"))
}

/// With doors for some of the users. `to`: what else each says.
fn with_users(to: &str) -> String {
    let users = format!(
        r#"scheme = "role"
users = [
    {{ name = "beta", priority = 13, header = "x-beta", values = ["yes"]{to} }},
    {{ name = "office", priority = 14, source = ["203.0.113.0/24"]{to} }},
]"#
    );
    CONFIG.replace("scheme = \"role\"", &users)
}

/// The same with two groups that take turns.
pub(super) fn pair() -> Config {
    read(&format!("generations = \"pair\"\n{CONFIG}{SWING}"))
}

/// The same for a deployment that goes to production by shares.
pub(super) fn canary() -> Config {
    read(&format!(
        "strategy = \"canary\"\n{CONFIG}{SWING}[canary]\nsteps = [{{ weight = 50, bake = \"10s\" }}]\n"
    ))
}

/// The same by a stage that waits for a person; when nobody has come for a minute, `repair` takes it back.
pub(super) fn waiting() -> Config {
    read(&format!(
        "strategy = \"canary\"\n{CONFIG}{SWING}[canary]\n\
         steps = [{{ weight = 50, pause = \"1m\", then = \"rollback\" }}]\n"
    ))
}

/// The same in even stages.
pub(super) fn linear() -> Config {
    read(&format!(
        "strategy = \"linear\"\n{CONFIG}{SWING}[linear]\nstep = 50\nevery = \"10s\"\n\
         [shift]\nreduce_every = \"5s\"\n"
    ))
}

/// The same for variants: by a header, or by weights.
pub(super) fn variants(header: bool) -> Config {
    let test = if header {
        "header = \"x-variant\"\nvariants = [{ name = \"control\", live = true }, { name = \"bold\", priority = 5 }]"
    } else {
        "variants = [{ name = \"control\", live = true, weight = 1 }, { name = \"bold\", weight = 1 }]"
    };
    let config = with_users(", variant = \"bold\"");
    read(&format!(
        "strategy = \"ab\"\n{config}{SWING}[ab]\nduration = \"1d\"\n{test}\n"
    ))
}

/// The same for one group whose instances are replaced in place.
pub(super) fn rolling() -> Config {
    read(&format!(
        "strategy = \"rolling\"\n{CONFIG}{SWING}[rolling]\nprotected = \"replace\"\n"
    ))
}

/// The same with a pause of hours once half of them are replaced.
pub(super) fn rolling_by_halves() -> Config {
    read(&format!(
        "strategy = \"rolling\"\n{CONFIG}{SWING}[rolling]\nprotected = \"replace\"\n\
         checkpoints = [50]\ncheckpoint_delay = \"6h\"\n"
    ))
}

/// The same by a stage that is judged, and shares that are given and taken by hand.
pub(super) fn stages() -> Config {
    read(&format!(
        "strategy = \"canary\"\n{CONFIG}{SWING}[canary]\nsteps = [{{ weight = 10, bake = \"5m\" }}]\n\
         [shift]\nreduce_every = \"5s\"\nsticky = \"5m\"\n[judge]\ninconclusive = \"go-on\"\n"
    ))
}

/// The same for what must not run twice.
pub(super) fn recreate() -> Config {
    read(&format!("strategy = \"recreate\"\n{CONFIG}{SWING}"))
}

/// The same for clients that pin a colour and are told of it, and for users with doors of their own.
pub(super) fn by_turns() -> Config {
    let turns = CONFIG.replace(
        "scheme = \"role\"",
        r#"scheme = "alternate"
grace = "15m"
beacon = { path = "/.well-known/swingbridge", priority = 12 }
users = [
    { name = "beta", priority = 13, header = "x-beta", values = ["yes"] },
    { name = "office", priority = 14, source = ["203.0.113.0/24"] },
]"#,
    );
    read(&format!("{turns}{SWING}"))
}

fn read(text: &str) -> Config {
    config::read(
        text,
        Path::new("swingbridge.toml"),
        &Overrides::default(),
        &|_| None,
    )
    .unwrap_or_else(|error| panic!("{text}: {error}"))
}
