//! The faults there are.

use serde::{Deserialize, Serialize};

use crate::lab::refusal::Refused;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "kebab-case")]
pub enum Fault {
    /// Something happens to API calls.
    Call { calls: Calls, effect: Effect },
    /// The data plane hears of changes only after this long.
    SlowPropagation { seconds: f64 },
    /// Launches fail, everywhere or in one zone.
    LaunchFailure {
        count: u32,
        message: Option<String>,
        zone: Option<String>,
    },
    /// Instances answer 503 to everything.
    UnhealthyBoot { count: u32 },
    /// An instance dies at once.
    Kill { instance: String },
    /// A share (0 to 1) of all instances dies.
    KillShare { share: f64 },
    /// All instances of a zone die, and none can be launched there.
    ZoneLoss { zone: String },
    /// An image is not found, whoever named it.
    MissingImage { image: String },
}

/// Which API calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calls {
    /// `elasticloadbalancing`, `autoscaling`, `ec2`, `cloudwatch`, `sts`, or a pattern with `*`.
    pub service: String,
    /// An operation's name, or a pattern with `*`.
    pub action: String,
    /// Only from the n-th matching call on.
    pub nth: Option<u32>,
    /// How many calls; all of them until the fault is taken back when there is none.
    pub count: Option<u32>,
    /// How likely each is struck.
    pub probability: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Refused as too much, in the service's own words.
    Throttle,
    Error {
        code: String,
        status: u16,
        message: String,
    },
    /// The call is carried out, but the caller never hears of it.
    LostResponse,
    /// The call never arrives.
    LostRequest,
    /// The call is carried out, but the caller hears of it late.
    Late { seconds: f64 },
    /// A question is answered as it was before the writes of the last so many seconds.
    Stale { seconds: f64 },
}

impl Calls {
    pub(super) fn matches(&self, service: &str, action: &str) -> bool {
        like(&self.service, service) && like(&self.action, action)
    }
}

impl Effect {
    /// The word for it in a fault's text.
    pub(super) fn named(&self) -> &'static str {
        match self {
            Self::Throttle => "throttle",
            Self::Error { .. } => "error",
            Self::LostResponse => "lost-response",
            Self::LostRequest => "lost-request",
            Self::Late { .. } => "late",
            Self::Stale { .. } => "stale",
        }
    }
}

impl Fault {
    /// After how many strikes it is over; nothing for one that must be taken back.
    pub(super) fn most(&self) -> Option<u32> {
        match self {
            Self::Call { calls, .. } => calls.count.or(calls.nth.map(|_| 1)),
            Self::LaunchFailure { count, .. } | Self::UnhealthyBoot { count } => Some(*count),
            _ => None,
        }
    }

    /// Refuses numbers that mean nothing.
    pub(super) fn check(&self) -> Result<(), Refused> {
        let wrong = |what: &str, number: f64, wanted: &str| {
            Err(Refused::invalid(format!(
                "{what} is {number}, which is not {wanted}"
            )))
        };
        let share = |what: &str, number: f64| match number {
            0.0..=1.0 => Ok(()),
            _ => wrong(what, number, "between 0 and 1"),
        };
        let wait = |number: f64| match number {
            0.0..=86_400.0 => Ok(()),
            _ => wrong("by", number, "between 0 and 86400 seconds"),
        };
        let some = |what: &str, number: Option<u32>| match number {
            Some(0) => wrong(what, 0.0, "1 or more"),
            _ => Ok(()),
        };
        match self {
            Self::Call { calls, effect } => {
                some("count", calls.count)?;
                some("nth", calls.nth)?;
                calls
                    .probability
                    .map_or(Ok(()), |probability| share("probability", probability))?;
                match effect {
                    Effect::Late { seconds } | Effect::Stale { seconds } => wait(*seconds),
                    Effect::Error { status, .. } if !(400..=599).contains(status) => {
                        wrong("status", (*status).into(), "between 400 and 599")
                    }
                    _ => Ok(()),
                }
            }
            Self::SlowPropagation { seconds } => wait(*seconds),
            Self::LaunchFailure { count, .. } | Self::UnhealthyBoot { count } => some("count", Some(*count)),
            Self::KillShare { share: number } => share("share", *number),
            _ => Ok(()),
        }
    }
}

/// Whether a text is like a pattern in which `*` stands for anything.
fn like(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((begin, rest)) => text.strip_prefix(begin).is_some_and(|text| {
            text.char_indices()
                .map(|(at, _)| at)
                .chain([text.len()])
                .any(|at| like(rest, &text[at..]))
        }),
    }
}
