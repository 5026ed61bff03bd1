//! How the built-in service is told to behave: TOML, in the user data of a launch template.

use std::time::Duration;

use jiff::SignedDuration;
use serde::de::{Deserialize, Deserializer, Error};

/// Every knob; one that is not turned leaves a fast and healthy service.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Knobs {
    /// What the service says it is. The image's id, when it is not said.
    pub version: Option<String>,
    /// From the machine's start until the service listens.
    #[serde(deserialize_with = "duration")]
    pub boot: Duration,
    /// Before each answer, but not before those to health checks.
    #[serde(deserialize_with = "duration")]
    pub latency: Duration,
    /// At most this much more, at random.
    #[serde(deserialize_with = "duration")]
    pub jitter: Duration,
    /// The share of requests that fail, 0 to 1; never health checks.
    #[serde(deserialize_with = "share")]
    pub error_rate: f64,
    #[serde(deserialize_with = "status")]
    pub error_status: u16,
    /// What errors and jitter are drawn from: the same number, the same draws. Without it, others each time.
    pub chance: Option<u64>,
    /// MiB to hold.
    pub memory: u32,
    /// Per cent of its memory that the agent reports to be in use; without it and without growth there is no agent.
    #[serde(deserialize_with = "some_percent")]
    pub memory_used: Option<f64>,
    /// So many per cent more each minute.
    #[serde(deserialize_with = "some_percent")]
    pub memory_growth: Option<f64>,
    /// Health checks fail this long after the service began to listen.
    #[serde(deserialize_with = "some_duration")]
    pub unhealthy_after: Option<Duration>,
    /// The process ends by itself this long after the service began to listen.
    #[serde(deserialize_with = "some_duration")]
    pub dies_after: Option<Duration>,
    /// How long requests in flight may take after SIGTERM.
    #[serde(deserialize_with = "duration")]
    pub slow_shutdown: Duration,
    /// Where health checks are answered. When it is not said: at `/health`, and wherever a load balancer checks, so that the service
    /// can stand in for another one.
    pub health_path: Option<String>,
    /// What a healthy service answers to health checks.
    #[serde(deserialize_with = "status")]
    pub health_status: u16,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            version: None,
            boot: Duration::ZERO,
            latency: Duration::ZERO,
            jitter: Duration::ZERO,
            error_rate: 0.0,
            error_status: 500,
            chance: None,
            memory: 0,
            memory_used: None,
            memory_growth: None,
            unhealthy_after: None,
            dies_after: None,
            slow_shutdown: Duration::from_secs(20),
            health_path: None,
            health_status: 200,
        }
    }
}

impl Knobs {
    /// Reads knobs. An unknown one is an error that names it.
    pub fn read(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| format!("the sample's knobs cannot be read: {error}"))
    }

    /// The same service, but it answers 503 to everything.
    #[must_use]
    pub fn failing(self) -> Self {
        Self {
            error_rate: 1.0,
            error_status: 503,
            health_status: 503,
            ..self
        }
    }

    /// The per cent of memory that an instance of this age is said to use.
    pub fn memory_in_use(&self, age: Duration) -> Option<f64> {
        if self.memory_used.is_none() && self.memory_growth.is_none() {
            return None;
        }
        let grown = self.memory_growth.unwrap_or_default() * age.as_secs_f64() / 60.0;
        Some((self.memory_used.unwrap_or_default() + grown).min(100.0))
    }

    /// Whether a request for this path, by a load balancer or by somebody else, is a health check.
    pub fn checks(&self, path: &str, by_balancer: bool) -> bool {
        match &self.health_path {
            Some(health_path) => path == health_path,
            None => by_balancer || path == "/health",
        }
    }

    /// What a health check is answered by a service that has been listening for `age`.
    pub fn health(&self, age: Duration) -> u16 {
        match self.unhealthy_after {
            Some(limit) if age >= limit => 503,
            _ => self.health_status,
        }
    }
}

fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(from)?;
    text.parse::<SignedDuration>()
        .ok()
        .and_then(|duration| Duration::try_from(duration).ok())
        .ok_or_else(|| {
            Error::custom(format!(
                "{text:?} is not a duration such as \"2s\", \"150ms\" or \"1m 30s\""
            ))
        })
}

fn some_duration<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    duration(from).map(Some)
}

fn share<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    let share = f64::deserialize(from)?;
    if (0.0..=1.0).contains(&share) {
        return Ok(share);
    }
    Err(Error::custom(format!("{share} is not a share between 0 and 1")))
}

fn some_percent<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    let percent = f64::deserialize(from)?;
    if (0.0..=100.0).contains(&percent) {
        return Ok(Some(percent));
    }
    Err(Error::custom(format!(
        "{percent} is not between 0 and 100 per cent"
    )))
}

fn status<'de, D: Deserializer<'de>>(from: D) -> Result<u16, D::Error> {
    let status = u16::deserialize(from)?;
    if (200..=599).contains(&status) {
        return Ok(status);
    }
    Err(Error::custom(format!(
        "{status} is not an HTTP status from 200 to 599"
    )))
}
