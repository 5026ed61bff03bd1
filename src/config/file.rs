//! `swingbridge.toml` as it is written: every key, its default, and what it means. The descriptions
//! here become the JSON Schema and the reference in `docs/`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod doors;
pub(super) mod judge;

use super::ab::Ab;
pub(super) use doors::{Closed, Doors, Scheme, UserDoor};

use super::gradual::{Canary, Linear, Sharing};
use super::hooks::Hook;
use super::notify::Notify;
use super::rolling::Rolling;
use super::values::{Amount, Period, Template};
use crate::model::policy::Want;

/// One service behind one Application Load Balancer, and how its new versions are brought in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "swingbridge.toml")]
pub(super) struct File {
    /// The name of the service. It is written into the tags of everything that is created: do not change it later.
    #[schemars(length(min = 1, max = 64))]
    pub(super) app: String,
    /// The load balancer: its name, or its full ARN.
    #[schemars(length(min = 1))]
    pub(super) load_balancer: String,
    /// What `deploy` does when the candidate is ready.
    #[serde(default)]
    pub(super) strategy: Strategy,
    /// Which Auto Scaling group a generation gets.
    #[serde(default)]
    pub(super) generations: Generations,
    #[serde(default)]
    pub(super) aws: Aws,
    #[serde(default)]
    pub(super) names: Names,
    pub(super) adopted: Option<Adopted>,
    /// The rules that carry production traffic. Without any: every rule and default rule, on every
    /// listener, that forwards to the live generation.
    #[schemars(length(min = 1))]
    pub(super) routes: Option<Vec<Route>>,
    pub(super) doors: Option<Doors>,
    #[serde(default)]
    pub(super) lock: Lock,
    #[serde(default)]
    pub(super) release: Release,
    #[serde(default)]
    pub(super) health: Health,
    #[serde(default)]
    pub(super) capacity: Capacity,
    #[serde(default)]
    pub(super) after_promotion: AfterPromotion,
    #[serde(default)]
    pub(super) after_rollback: AfterRollback,
    #[serde(default)]
    pub(super) swing: Swing,
    pub(super) canary: Option<Canary>,
    #[serde(default)]
    pub(super) linear: Linear,
    #[serde(default)]
    pub(super) shift: Sharing,
    #[serde(default)]
    pub(super) rolling: Rolling,
    pub(super) ab: Option<Ab>,
    /// What is called at places of a plan; see [hooks.md](hooks.md).
    #[serde(default)]
    pub(super) hooks: Vec<Hook>,
    pub(super) judge: Option<judge::Judging>,
    /// Who is told how an operation went; see [hooks.md](hooks.md#notifications).
    #[serde(default)]
    pub(super) notify: Vec<Notify>,
    #[serde(default)]
    pub(super) journal: Journal,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Strategy {
    /// `deploy` opens the green door; `promote` swings production.
    #[default]
    Preview,
    /// `deploy` goes on to swing production by itself.
    Direct,
    /// As `preview`, and `promote` swings production in the stages of `[canary]`.
    Canary,
    /// As `canary`, in the even stages of `[linear]`.
    Linear,
    /// `deploy` replaces live's instances in place, batch by batch, as `[rolling]` says.
    Rolling,
    /// `deploy` stops live, then starts the candidate in its place: nobody answers meanwhile.
    Recreate,
    /// `deploy --variant` builds the variants of `[ab]`; `promote` begins their test, `winner` ends it.
    Ab,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Generations {
    /// One of its own.
    #[default]
    Fresh,
    /// One of the two that `[names] group` makes of 1 and 2. They stay and take turns: whoever stands on the next one
    /// is given up for it. Target groups are always their own.
    Pair,
}

/// How AWS is reached. What is left out comes from the environment, as with every AWS tool.
#[derive(Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Aws {
    /// The region, for instance `eu-central-1`.
    #[schemars(length(min = 1))]
    pub(super) region: Option<String>,
    /// A profile of `~/.aws/config`.
    #[schemars(length(min = 1))]
    pub(super) profile: Option<String>,
    /// Another address for every AWS service: a lab, LocalStack.
    #[schemars(length(min = 1))]
    pub(super) endpoint: Option<String>,
}

/// How generations are named. `{n}` is the generation's number.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Names {
    /// The Auto Scaling group.
    pub(super) group: Template,
    /// The target group.
    pub(super) target_group: Template,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            group: Template("asg-{n}".into()),
            target_group: Template("tg-{n}".into()),
        }
    }
}

/// A generation that was there before, under names that `[names]` does not make.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Adopted {
    /// The number it counts as; the next deploy makes the one after the highest.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(super) generation: u32,
    /// Its Auto Scaling group.
    #[schemars(length(min = 1))]
    pub(super) group: String,
    /// Its target group.
    #[schemars(length(min = 1))]
    pub(super) target_group: String,
}

/// One rule that carries production traffic.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Route {
    /// The port of its listener.
    #[schemars(range(min = 1))]
    pub(super) listener: u16,
    /// Its priority, or `default` for the listener's default rule.
    pub(super) priority: RoutePriority,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum RoutePriority {
    Number(#[schemars(range(min = 1, max = 50000))] u32),
    Default(DefaultRule),
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum DefaultRule {
    Default,
}

/// The listener rules that are kept for the tool itself. Both priorities must be free, and are
/// evaluated before any route on that listener.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Lock {
    /// The port of the listener on which both rules stand.
    #[schemars(range(min = 1))]
    pub(super) listener: u16,
    /// The priority of the rule that keeps a second operation out while one is running.
    #[schemars(range(min = 1, max = 50000))]
    pub(super) priority: u32,
    /// The priority of the rule that keeps the candidate health-checked before anything leads to it.
    #[schemars(range(min = 1, max = 50000))]
    pub(super) entrance_priority: u32,
    /// How long a holder may be silent before another operation takes the lock over; at least `10s`.
    pub(super) lease: Period,
}

impl Default for Lock {
    fn default() -> Self {
        Self {
            listener: 80,
            priority: 1,
            entrance_priority: 2,
            lease: Period::seconds(120),
        }
    }
}

/// What every release is made with, unless `deploy` is told otherwise.
#[derive(Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Release {
    /// A user-data template, relative to this file. A new launch template version is made of it.
    #[schemars(length(min = 1))]
    pub(super) user_data: Option<String>,
    /// Tags for the resources of each generation.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) tags: BTreeMap<String, String>,
}

/// When the candidate counts as ready.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Health {
    /// How many healthy targets: a share of live's present capacity, or a number.
    pub(super) want: Amount,
    /// How long they must stay healthy without a break.
    pub(super) soak: Period,
    /// How long all of that may take.
    pub(super) timeout: Period,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            want: Amount(Want::Percent(100)),
            soak: Period::seconds(30),
            timeout: Period::seconds(15 * 60),
        }
    }
}

/// How large the candidate is made.
#[derive(Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Capacity {
    /// As large as live is at that moment, or sizes of its own.
    pub(super) size: Size,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Size {
    Word(SizeWord),
    Fixed(FixedSize),
}

impl Default for Size {
    fn default() -> Self {
        Self::Word(SizeWord::SameAsLive)
    }
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum SizeWord {
    SameAsLive,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FixedSize {
    /// The fewest instances.
    #[schemars(range(max = 10000))]
    pub(super) min: u32,
    /// The most instances.
    #[schemars(range(min = 1, max = 10000))]
    pub(super) max: u32,
    /// How many instances it starts with.
    #[schemars(range(min = 1, max = 10000))]
    pub(super) desired: u32,
}

/// What becomes of the generation that was live.
#[derive(Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AfterPromotion {
    /// `keep` it at full size, so that a rollback swings at once; `{ scale = N }` to N instances,
    /// so that a rollback boots the rest first; or `retire` it, so that there is no rollback.
    pub(super) previous: Previous,
    /// How long it stays at full size before that.
    pub(super) after: Period,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Previous {
    #[default]
    Keep,
    Retire,
    Scale(#[schemars(range(max = 10000))] u32),
}

/// What becomes of the generation that production was swung away from.
#[derive(Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AfterRollback {
    /// `keep` it to find out what went wrong, or `remove` it.
    pub(super) candidate: Candidate,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Candidate {
    #[default]
    Keep,
    Remove,
}

/// How carefully production is swung.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Swing {
    /// How many times in a row all rules must read back as written.
    #[schemars(range(min = 1, max = 20))]
    pub(super) confirmations: u32,
    /// How long the load balancer is given to obey its rules before anything shrinks.
    pub(super) propagation: Period,
    /// How long what was swung to stays held from scaling in: its alarms still speak of the time
    /// when it was idle. The command stays for it unless `--no-wait` is given.
    pub(super) hold: Period,
    /// When one rule cannot be written: `put-back` those already moved, or `stop` for a person.
    pub(super) on_failure: OnFailure,
}

impl Default for Swing {
    fn default() -> Self {
        Self {
            confirmations: 3,
            propagation: Period::seconds(30),
            hold: Period::seconds(300),
            on_failure: OnFailure::PutBack,
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum OnFailure {
    PutBack,
    Stop,
}

/// Where the history of operations is written, for people.
#[derive(Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Journal {
    /// A folder, relative to this file. Without it: `swingbridge` in `$XDG_STATE_HOME`, or in
    /// `~/.local/state`.
    #[schemars(length(min = 1))]
    pub(super) dir: Option<String>,
}
