//! What a hook is told: the JSON document of a webhook, and the variables of a command.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::hook::Place;
use super::ids::{Generation, GroupName, TargetGroupName};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    pub place: Place,
    pub app: String,
    /// The load balancer's name.
    pub load_balancer: String,
    /// The command under way, as somebody would type it.
    pub command: String,
    pub run: String,
    pub plan: String,
    /// The release that the command is about.
    pub release: Option<String>,
    pub live: Option<Side>,
    pub candidate: Option<Side>,
    pub previous: Option<Side>,
    /// The share of production that the candidate has, in percent, once some was given to it.
    pub weight: Option<u32>,
    /// A header that leads to the candidate while nobody else gets there.
    pub entrance: Option<Entrance>,
    /// Why the command failed, at `on-failure`.
    pub failure: Option<String>,
    /// Its exit code, at `on-failure`.
    pub exit_code: Option<u8>,
}

/// One generation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    pub generation: Generation,
    pub group: Option<GroupName>,
    pub target_group: Option<TargetGroupName>,
    pub release: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entrance {
    pub header: String,
    pub value: String,
}

impl Told {
    /// Every variable that is documented and has a value now.
    pub fn variables(&self) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        let mut say = |name: String, value: Option<String>| {
            if let Some(value) = value {
                all.insert(format!("HOOK_{name}"), value);
            }
        };
        say("PLACE".into(), Some(self.place.to_string()));
        say("APP".into(), Some(self.app.clone()));
        say("LOAD_BALANCER".into(), Some(self.load_balancer.clone()));
        say("COMMAND".into(), Some(self.command.clone()));
        say("RUN".into(), Some(self.run.clone()));
        say("PLAN".into(), Some(self.plan.clone()));
        say("RELEASE".into(), self.release.clone());
        for (role, side) in [
            ("LIVE", &self.live),
            ("CANDIDATE", &self.candidate),
            ("PREVIOUS", &self.previous),
        ] {
            let Some(side) = side else { continue };
            say(format!("{role}_GENERATION"), Some(side.generation.to_string()));
            say(
                format!("{role}_GROUP"),
                side.group.as_ref().map(ToString::to_string),
            );
            let target_group = side.target_group.as_ref().map(ToString::to_string);
            say(format!("{role}_TARGET_GROUP"), target_group);
            say(format!("{role}_RELEASE"), side.release.clone());
        }
        say("WEIGHT".into(), self.weight.map(|weight| weight.to_string()));
        if let Some(entrance) = &self.entrance {
            say("ENTRANCE_HEADER".into(), Some(entrance.header.clone()));
            say("ENTRANCE_VALUE".into(), Some(entrance.value.clone()));
        }
        say("FAILURE".into(), self.failure.clone());
        say("EXIT_CODE".into(), self.exit_code.map(|code| code.to_string()));
        all
    }
}
