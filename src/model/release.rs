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
    /// With a test of variants: the one that it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
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

/// The longest description EC2 gives a launch template version.
const DESCRIPTION_LIMIT: usize = 255;

impl Release {
    /// The description of a launch template version made for this release; it is found again by it,
    /// so a long name is cut and the digest of the inputs never is.
    pub fn version_description(&self, app: &str) -> String {
        let around = format!("swingbridge {app}  {}", self.inputs).chars().count();
        let name: String = self
            .name
            .chars()
            .take(DESCRIPTION_LIMIT.saturating_sub(around))
            .collect();
        format!("swingbridge {app} {name} {}", self.inputs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_fits_and_keeps_the_inputs_apart() {
        let release = |name: &str, inputs: &str| Release {
            name: name.into(),
            inputs: inputs.into(),
            source: Source::Version { number: 1 },
            tags: Tags::new(),
            variant: None,
        };
        assert_eq!(
            release("v2", "abc").version_description("shop"),
            "swingbridge shop v2 abc"
        );
        let long = "v".repeat(300);
        let one = release(&long, "abc").version_description("shop");
        assert_eq!(one.chars().count(), 255);
        assert_ne!(one, release(&long, "abd").version_description("shop"));
    }
}
