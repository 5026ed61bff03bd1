//! Faults in a line of text: `throttle elasticloadbalancing:ModifyRule count=3`.

use std::fmt;
use std::str::FromStr;

use super::fault::{Calls, Effect, Fault};

/// How a fault may be written, for those who wrote it otherwise.
const FORMS: &str = "\
throttle SERVICE:ACTION [nth=N] [count=N] [probability=P]
error SERVICE:ACTION code=CODE [status=500] [nth=N] [count=N] [probability=P] [message=TEXT]
lost-response SERVICE:ACTION [nth=N] [count=N] [probability=P]
lost-request SERVICE:ACTION [nth=N] [count=N] [probability=P]
late SERVICE:ACTION by=SECONDS [nth=N] [count=N] [probability=P]
stale SERVICE:ACTION by=SECONDS [nth=N] [count=N] [probability=P]
slow-propagation by=SECONDS
launch-failure [count=1] [zone=ZONE] [message=TEXT]
unhealthy-boot [count=1]
kill INSTANCE | kill share=P
zone-loss ZONE
missing-image AMI";

/// What is wrong with a fault's text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}. A fault is one of:\n{FORMS}")]
pub struct Unreadable(String);

/// The words after the fault's name: one that stands alone, and `name=value` pairs.
struct Words<'a> {
    alone: Option<&'a str>,
    named: Vec<(&'a str, &'a str)>,
}

impl<'a> Words<'a> {
    /// A message is the rest of the line.
    fn read(text: &'a str) -> Result<Self, Unreadable> {
        let (text, message) = match text.split_once("message=") {
            Some((text, message)) => (text, Some(message.trim().trim_matches('"'))),
            None => (text, None),
        };
        let mut words = Self {
            alone: None,
            named: message.map(|text| ("message", text)).into_iter().collect(),
        };
        for word in text.split_whitespace() {
            match word.split_once('=') {
                Some(pair) => words.named.push(pair),
                None if words.alone.is_none() => words.alone = Some(word),
                None => return Err(Unreadable(format!("`{word}` is one word too many"))),
            }
        }
        Ok(words)
    }

    fn take<T: FromStr>(&mut self, name: &str) -> Result<Option<T>, Unreadable> {
        let Some(at) = self.named.iter().position(|(known, _)| *known == name) else {
            return Ok(None);
        };
        let (_, value) = self.named.remove(at);
        value
            .parse()
            .map(Some)
            .map_err(|_| Unreadable(format!("`{name}={value}` is not understood")))
    }

    fn need<T: FromStr>(&mut self, name: &str) -> Result<T, Unreadable> {
        self.take(name)?
            .ok_or_else(|| Unreadable(format!("`{name}=` is missing")))
    }

    /// A time in seconds, with or without an `s` behind it.
    fn seconds(&mut self) -> Result<f64, Unreadable> {
        let by: String = self.need("by")?;
        let number = by.strip_suffix('s').unwrap_or(&by).parse();
        number.map_err(|_| Unreadable(format!("`by={by}` is not a number of seconds")))
    }

    fn alone(&mut self, what: &str) -> Result<String, Unreadable> {
        self.alone
            .take()
            .map(str::to_owned)
            .ok_or_else(|| Unreadable(format!("{what} is missing")))
    }

    fn calls(&mut self) -> Result<Calls, Unreadable> {
        let called = self.alone("SERVICE:ACTION")?;
        let Some((service, action)) = called.split_once(':') else {
            return Err(Unreadable(format!("`{called}` is not SERVICE:ACTION")));
        };
        Ok(Calls {
            service: service.to_owned(),
            action: action.to_owned(),
            nth: self.take("nth")?,
            count: self.take("count")?,
            probability: self.take("probability")?,
        })
    }

    fn nothing_left(self) -> Result<(), Unreadable> {
        match self.alone.or(self.named.first().map(|(name, _)| *name)) {
            Some(word) => Err(Unreadable(format!("`{word}` does not belong here"))),
            None => Ok(()),
        }
    }
}

impl FromStr for Fault {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let (name, rest) = text
            .trim()
            .split_once(char::is_whitespace)
            .unwrap_or((text.trim(), ""));
        let mut words = Words::read(rest)?;
        let fault = match name {
            "throttle" => Self::Call {
                calls: words.calls()?,
                effect: Effect::Throttle,
            },
            "lost-response" => Self::Call {
                calls: words.calls()?,
                effect: Effect::LostResponse,
            },
            "lost-request" => Self::Call {
                calls: words.calls()?,
                effect: Effect::LostRequest,
            },
            "late" => Self::Call {
                calls: words.calls()?,
                effect: Effect::Late {
                    seconds: words.seconds()?,
                },
            },
            "stale" => Self::Call {
                calls: words.calls()?,
                effect: Effect::Stale {
                    seconds: words.seconds()?,
                },
            },
            "error" => {
                let code: String = words.need("code")?;
                let status = words.take("status")?.unwrap_or(500);
                let message = words
                    .take("message")?
                    .unwrap_or_else(|| "a fault of the lab".to_owned());
                Self::Call {
                    calls: words.calls()?,
                    effect: Effect::Error {
                        code,
                        status,
                        message,
                    },
                }
            }
            "slow-propagation" => Self::SlowPropagation {
                seconds: words.seconds()?,
            },
            "launch-failure" => Self::LaunchFailure {
                count: words.take("count")?.unwrap_or(1),
                message: words.take("message")?,
                zone: words.take("zone")?,
            },
            "unhealthy-boot" => Self::UnhealthyBoot {
                count: words.take("count")?.unwrap_or(1),
            },
            "kill" => match words.take("share")? {
                Some(share) => Self::KillShare { share },
                None => Self::Kill {
                    instance: words.alone("INSTANCE")?,
                },
            },
            "zone-loss" => Self::ZoneLoss {
                zone: words.alone("ZONE")?,
            },
            "missing-image" => Self::MissingImage {
                image: words.alone("AMI")?,
            },
            other => return Err(Unreadable(format!("`{other}` is not a fault"))),
        };
        words.nothing_left()?;
        Ok(fault)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call { calls, effect } => {
                write!(formatter, "{} {calls}", effect.named())?;
                match effect {
                    Effect::Error {
                        code,
                        status,
                        message,
                    } => {
                        write!(formatter, " code={code} status={status} message={message}")
                    }
                    Effect::Late { seconds } | Effect::Stale { seconds } => {
                        write!(formatter, " by={seconds}s")
                    }
                    _ => Ok(()),
                }
            }
            Self::SlowPropagation { seconds } => write!(formatter, "slow-propagation by={seconds}s"),
            Self::LaunchFailure { count, message, zone } => {
                write!(formatter, "launch-failure count={count}")?;
                zone.iter()
                    .try_for_each(|zone| write!(formatter, " zone={zone}"))?;
                message
                    .iter()
                    .try_for_each(|message| write!(formatter, " message={message}"))
            }
            Self::UnhealthyBoot { count } => write!(formatter, "unhealthy-boot count={count}"),
            Self::Kill { instance } => write!(formatter, "kill {instance}"),
            Self::KillShare { share } => write!(formatter, "kill share={share}"),
            Self::ZoneLoss { zone } => write!(formatter, "zone-loss {zone}"),
            Self::MissingImage { image } => write!(formatter, "missing-image {image}"),
        }
    }
}

impl fmt::Display for Calls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.service, self.action)?;
        self.nth
            .iter()
            .try_for_each(|nth| write!(formatter, " nth={nth}"))?;
        self.count
            .iter()
            .try_for_each(|count| write!(formatter, " count={count}"))?;
        self.probability
            .iter()
            .try_for_each(|probability| write!(formatter, " probability={probability}"))
    }
}
