//! `[canary]`, `[linear]` and `[shift]`: promotions that go share by share, as they are written and as they are meant.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::file::{File, Strategy};
use super::values::Period;
use crate::model::routing::Sticky;
use crate::model::shift::{Expired, Expiry, Shift, Stage, Wait};

/// AWS keeps clients with a target group for at most a week.
pub(super) const LONGEST: u64 = 604_800;

/// With `strategy = "canary"`: the stages by which `promote` swings production.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Canary {
    /// In order, for instance `[{ weight = 5, bake = "10m" }, { pause = "until-promoted" }, { weight = 50, bake = "1h" }]`.
    /// The whole of production follows by itself after the last.
    #[schemars(length(min = 1, max = 100))]
    pub(super) steps: Vec<Step>,
}

/// One stage.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    /// The candidate's share of production's requests, in per cent. Without it: as before.
    #[schemars(range(min = 1, max = 99))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) weight: Option<u32>,
    /// How long it is watched before the next stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bake: Option<Period>,
    /// Wait for a person: `until-promoted`, or a length of time after which `repair` does what `then` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pause: Option<Pausing>,
    /// With a pause that has a length.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) then: Option<Then>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Pausing {
    Word(PauseWord),
    For(Period),
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum PauseWord {
    UntilPromoted,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Then {
    Rollback,
    GoOn,
}

/// With `strategy = "linear"`: even stages.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Linear {
    /// How much more of production each stage gives the candidate, in per cent.
    #[schemars(range(min = 1, max = 99))]
    pub(super) step: u32,
    /// How long each is watched.
    pub(super) every: Period,
}

impl Default for Linear {
    fn default() -> Self {
        Self {
            step: 10,
            every: Period::seconds(300),
        }
    }
}

/// How two generations share production, whatever brings them to it.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Sharing {
    /// Whether a client stays with the generation that it met first: `off`, or for how long, from `1s` to a week.
    /// Rules that are sticky already stay as they are; the others are sticky only while production is shared. A rule
    /// of yours that is sticky for exactly this long is taken for one of those. Without it: as each rule says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sticky: Option<Stickiness>,
    /// When the weight is taken back step by step: how long each half stays.
    pub(super) reduce_every: Period,
}

impl Default for Sharing {
    fn default() -> Self {
        Self {
            sticky: None,
            reduce_every: Period::seconds(60),
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Stickiness {
    Word(StickyWord),
    For(Period),
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum StickyWord {
    Off,
}

/// What is wrong with it: the key, why, and the way out.
pub(super) fn problems(file: &File) -> Vec<(String, String, &'static str)> {
    let mut all = Vec::new();
    if file.strategy == Strategy::Canary && file.canary.is_none() {
        all.push((
            "strategy".into(),
            "`strategy` is \"canary\", and there is no [canary]".into(),
            "add [canary] with `steps = [{ weight = 5, bake = \"10m\" }, { weight = 50, bake = \"10m\" }]`",
        ));
    }
    let mut before: Option<u32> = None;
    for (index, step) in file.canary.iter().flat_map(|canary| &canary.steps).enumerate() {
        let path = format!("canary.steps.{index}");
        let stage = index + 1;
        let mut say = |why: String, help| all.push((path.clone(), why, help));
        match (step.weight, before) {
            (None, None) => say(
                format!("step {stage} has no weight, and there is none before it"),
                "give it a `weight`: before the first, production waits for `promote` anyhow",
            ),
            (Some(weight), Some(before)) if weight < before => say(
                format!("step {stage} goes back from {before} % to {weight} %"),
                "let the weights rise",
            ),
            _ => {}
        }
        before = step.weight.or(before);
        match (step.bake, step.pause) {
            (None, None) => say(
                format!("step {stage} waits for nothing"),
                "give it a `bake`, for instance \"10m\", or `pause = \"until-promoted\"`",
            ),
            (Some(_), Some(_)) => say(
                format!("step {stage} has a bake and a pause"),
                "make two steps of it: `{ weight = 5, bake = \"10m\" }, { pause = \"until-promoted\" }`",
            ),
            _ => {}
        }
        if step.then.is_some() && !matches!(step.pause, Some(Pausing::For(_))) {
            say(
                format!("step {stage} says what follows a pause, and has none that ends"),
                "write the pause with its length, for instance `pause = \"24h\", then = \"rollback\"`",
            );
        }
    }
    if let Some(Stickiness::For(period)) = file.shift.sticky
        && !(1..=LONGEST).contains(&period.0.as_secs())
    {
        all.push((
            "shift.sticky".into(),
            "`sticky` is outside of what a load balancer can keep".into(),
            "from \"1s\" to \"168h\", or \"off\"",
        ));
    }
    all
}

/// How two generations share production, and by which stages; none where only a person's hand gives a share, and nothing
/// where nobody can have one.
pub(super) fn shift(file: &File) -> Option<Shift> {
    let stages = match file.strategy {
        Strategy::Canary => stages(&file.canary.as_ref()?.steps),
        Strategy::Linear => even(&file.linear),
        Strategy::Preview => Vec::new(),
        Strategy::Direct | Strategy::Rolling | Strategy::Recreate | Strategy::Ab => {
            return None;
        }
    };
    Some(Shift {
        stages,
        sticky: file.shift.sticky.map(|sticky| match sticky {
            Stickiness::Word(StickyWord::Off) => Sticky::Off,
            Stickiness::For(period) => Sticky::For(u32::try_from(period.0.as_secs()).unwrap_or(u32::MAX)),
        }),
        reduce_every: file.shift.reduce_every.0,
    })
}

fn stages(steps: &[Step]) -> Vec<Stage> {
    let mut weight = 0;
    steps
        .iter()
        .map(|step| {
            weight = step.weight.unwrap_or(weight);
            let wait = match (step.bake, step.pause) {
                (Some(bake), _) => Wait::Bake(bake.0),
                (None, Some(Pausing::For(after))) => Wait::Pause(Some(Expiry {
                    after: after.0,
                    then: match step.then {
                        Some(Then::GoOn) => Expired::GoOn,
                        Some(Then::Rollback) | None => Expired::Rollback,
                    },
                })),
                (None, _) => Wait::Pause(None),
            };
            Stage { weight, wait }
        })
        .collect()
}

fn even(linear: &Linear) -> Vec<Stage> {
    let size = usize::try_from(linear.step.max(1)).unwrap_or(1);
    (linear.step..100)
        .step_by(size)
        .map(|weight| Stage {
            weight,
            wait: Wait::Bake(linear.every.0),
        })
        .collect()
}
