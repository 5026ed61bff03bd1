//! What makes a generation a new version.

use serde::{Deserialize, Serialize};

use super::tags::Tags;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// The label people use.
    pub name: String,
    /// A digest of the inputs: the same label with other inputs is another release.
    pub inputs: String,
    pub source: Source,
    /// Extra tags for the generation's resources.
    pub tags: Tags,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "kebab-case")]
pub enum Source {
    /// An existing version of live's launch template.
    Version { number: u64 },
    /// A new version made from live's, with these replaced.
    Build {
        image: Option<String>,
        /// The text as instances will read it, after rendering.
        user_data: Option<String>,
    },
}

impl Release {
    /// The description of a launch template version made for this release; it is found again by it.
    pub fn version_description(&self, app: &str) -> String {
        format!("swingbridge {app} {} {}", self.name, self.inputs)
    }
}
