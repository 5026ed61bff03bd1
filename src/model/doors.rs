//! Doors: rules that lead to one generation whatever the weights are, and what tells clients about them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::routing::{Condition, FixedResponse};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doors {
    pub scheme: Scheme,
    pub header: String,
    pub blue: String,
    pub green: String,
    pub closed: FixedResponse,
    /// Priorities for doors that do not exist yet.
    pub blue_priority: u32,
    pub green_priority: u32,
    /// The listeners that have doors.
    pub ports: Vec<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beacon: Option<Beacon>,
}

impl Doors {
    /// How long the door of what production has left stays open; `None`: it closes with the swing.
    pub fn grace(&self) -> Option<Duration> {
        match self.scheme {
            Scheme::Role => None,
            Scheme::Alternate { grace } => Some(grace).filter(|grace| !grace.is_zero()),
        }
    }

    /// What the header says for this colour.
    pub fn value(&self, colour: Colour) -> &String {
        match colour {
            Colour::Blue => &self.blue,
            Colour::Green => &self.green,
        }
    }

    /// Where a door of this colour is to stand that does not exist yet.
    pub fn priority(&self, colour: Colour) -> u32 {
        match colour {
            Colour::Blue => self.blue_priority,
            Colour::Green => self.green_priority,
        }
    }
}

/// What the colours mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// Blue is live, green is the candidate.
    Role,
    /// Generations have them by turns; the colour of the one that was left stays open for so long.
    Alternate {
        #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
        grace: Duration,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Colour {
    Blue,
    Green,
}

impl Colour {
    pub fn other(self) -> Self {
        match self {
            Self::Blue => Self::Green,
            Self::Green => Self::Blue,
        }
    }
}

/// A rule that says which colour is live, as JSON, to whoever asks for its path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beacon {
    pub path: String,
    pub priority: u32,
}

/// A door for some of the users: to the candidate, or to a variant while a test runs. There is no such rule while there is
/// neither.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserDoor {
    pub name: String,
    pub priority: u32,
    pub condition: Condition,
    pub ports: Vec<u16>,
    /// With a test of variants: the one that it leads to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}
