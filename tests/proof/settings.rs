//! What the lives are configured with.

/// Waits as short as their meaning allows: what is slow in virtual time is only the number of calls.
pub(crate) const CONFIG: &str = r#"
[names]
group = "asg-{n}"
target_group = "tg-{n}"

[lock]
listener = 80
priority = 1
entrance_priority = 2

[health]
soak = "10s"

[swing]
propagation = "6s"
hold = "20s"
"#;

pub(crate) const DOORS: &str = r#"
[doors]
scheme = "role"
header = "x-client-mode"
blue = "blue"
green = "green"
listeners = [80]
blue_priority = 10
green_priority = 11
"#;

/// Those of the users who meet a release before all others.
pub(crate) const USERS: &str = r#"
users = [
    { name = "beta", priority = 13, header = "x-beta", values = ["yes"] },
    { name = "the office", priority = 14, source = ["203.0.113.0/24"] },
]
"#;

/// The same who meet one variant, whatever the weights are.
pub(crate) const USERS_OF_BOLD: &str = r#"
users = [
    { name = "beta", priority = 13, header = "x-beta", values = ["yes"], variant = "bold" },
    { name = "the office", priority = 14, source = ["203.0.113.0/24"], variant = "bold" },
]
"#;

/// Whoever pins a colour finishes where the work was begun.
pub(crate) const TURNS: &str = r#"
[doors]
scheme = "alternate"
header = "x-client-mode"
listeners = [80]
blue_priority = 10
green_priority = 11
grace = "15s"
beacon = { path = "/.well-known/swingbridge", priority = 12 }
users = [
    { name = "beta", priority = 13, header = "x-beta", values = ["yes"] },
    { name = "the office", priority = 14, source = ["203.0.113.0/24"] },
]
"#;

pub(crate) const NO_DOORS: &str = "[doors]\nscheme = \"none\"\n";

/// Clients stay where they came first while two generations serve.
pub(crate) const CANARY: &str = r#"
[canary]
steps = [{ weight = 10, bake = "20s" }, { weight = 50, bake = "20s" }]

[shift]
sticky = "5m"
reduce_every = "10s"
"#;

/// A person decides before the second stage.
pub(crate) const PAUSED: &str = r#"
[canary]
steps = [{ weight = 10, bake = "20s" }, { pause = "until-promoted" }, { weight = 50, bake = "20s" }]
"#;

/// Nobody comes to decide.
pub(crate) const EXPIRING: &str = r#"
[canary]
steps = [{ weight = 10, bake = "20s" }, { pause = "2s", then = "go-on" }, { weight = 50, bake = "20s" }]
"#;

pub(crate) const LINEAR: &str = "[linear]\nstep = 40\nevery = \"20s\"\n";

/// No traffic is measured here: there is never any evidence.
pub(crate) const JUDGED: &str = r#"
[canary]
steps = [{ weight = 20, bake = "1m" }]

[judge]
inconclusive = "go-on"
"#;

/// An alarm rings all the time: whatever is promoted is swung back.
pub(crate) const CAUGHT: &str = r#"
[canary]
steps = [{ weight = 40, bake = "1m" }]

[judge]
alarms = ["shop-errors"]
"#;

/// Users of the candidate fail. What then follows comes after it.
pub(crate) const FAILING: &str = r#"
[canary]
steps = [{ weight = 40, bake = "40s" }]

[shift]
reduce_every = "10s"

[judge]
period = "10s"
lag = "5s"
window = 2

[judge.rules.success-rate]
enabled = false

[judge.rules.error-rate]
"#;

pub(crate) const HOOKED: &str = r#"
[[hooks]]
at = "expand"
run = ["true"]

[[hooks]]
at = "before-traffic"
run = ["true"]

[[hooks]]
at = "before-promote"
run = ["true"]
gate = true
every = "10s"
expires = "1h"

[[hooks]]
at = "after-promote"
run = ["true"]

[[hooks]]
at = "on-rollback"
run = ["true"]

[[hooks]]
at = "before-retire"
run = ["true"]

[[hooks]]
at = "contract"
run = ["true"]
"#;

pub(crate) const ROLLING: &str = "[rolling]\nwarmup = \"5s\"\n";

/// Three share production by weights, live is one of them.
pub(crate) const AB: &str = r#"
[ab]
duration = "14d"
variants = [
    { name = "control", weight = 40, live = true },
    { name = "bold", weight = 30 },
    { name = "calm", weight = 30 },
]
"#;

/// Two new ones share it between them.
pub(crate) const AB_NEW: &str = r#"
[ab]
duration = "14d"
variants = [{ name = "bold", weight = 1 }, { name = "calm", weight = 3 }]
"#;

/// A header leads to the new one.
pub(crate) const AB_HEADER: &str = r#"
[ab]
duration = "14d"
header = "x-variant"
variants = [{ name = "control", live = true }, { name = "bold", priority = 5 }]
"#;

pub(crate) const SCALED: &str = "[after_promotion]\nprevious = { scale = 1 }\nafter = \"15s\"\n";
pub(crate) const RETIRED: &str = "[after_promotion]\nprevious = \"retire\"\n";
