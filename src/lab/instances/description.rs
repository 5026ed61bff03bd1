//! What a machine is told about the instance it is, as one line of JSON.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::lab::sample::Identity;
use crate::lab::sample::knobs::Knobs;
use crate::lab::world::faults::UNHEALTHY_BOOT;
use crate::lab::world::orders::Start;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Description {
    pub(super) instance: String,
    pub(super) image: String,
    pub(super) user_data: String,
    pub(super) address: SocketAddr,
    pub(super) tags: Vec<(String, String)>,
    /// The instance's own, absolute.
    pub(super) folder: PathBuf,
}

impl Description {
    pub(super) fn new(start: Start, address: SocketAddr, folder: PathBuf) -> Self {
        let Start {
            instance,
            image,
            user_data,
            tags,
            ..
        } = start;
        Self {
            instance,
            image,
            user_data,
            address,
            tags,
            folder,
        }
    }

    pub(super) fn identity(&self, knobs: &Knobs) -> Identity {
        let tag = |wanted: &str| {
            self.tags
                .iter()
                .find(|(key, _)| key == wanted)
                .map(|(_, value)| value.clone())
        };
        Identity {
            version: knobs.version.clone().unwrap_or_else(|| self.image.clone()),
            instance: self.instance.clone(),
            generation: tag("swingbridge:generation").or_else(|| tag("aws:autoscaling:groupName")),
        }
    }

    /// What a script finds in its environment.
    pub(super) fn environment(&self) -> Vec<(String, String)> {
        let mut variables = vec![
            ("LAB_ADDRESS".to_owned(), self.address.ip().to_string()),
            ("LAB_PORT".to_owned(), self.address.port().to_string()),
            ("LAB_INSTANCE_ID".to_owned(), self.instance.clone()),
            ("LAB_IMAGE".to_owned(), self.image.clone()),
        ];
        variables.extend(
            self.tags
                .iter()
                .map(|(key, value)| (tag_variable(key), value.clone())),
        );
        variables
    }
}

/// Whether the world wants an instance with these tags to answer 503 to everything.
pub(super) fn is_to_fail(tags: &[(String, String)]) -> bool {
    tags.iter()
        .any(|(key, value)| key == UNHEALTHY_BOOT && value != "false")
}

fn tag_variable(key: &str) -> String {
    let name: String = key
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_uppercase()
            } else {
                '_'
            }
        })
        .collect();
    format!("LAB_TAG_{name}")
}
