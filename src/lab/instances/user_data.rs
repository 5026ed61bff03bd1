//! What an instance runs, as its user data has it.

use crate::lab::sample::knobs::Knobs;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Program {
    Script,
    Sample {
        knobs: Box<Knobs>,
        /// Why it is the sample, where somebody may wonder.
        because: Option<&'static str>,
    },
}

impl Program {
    /// Fails only when the sample is asked for with knobs it does not have.
    pub(super) fn of(user_data: &str) -> Result<Self, String> {
        let sample = |because| Self::Sample {
            knobs: Box::default(),
            because,
        };
        if let Some(rest) = user_data.strip_prefix("#!sample") {
            let (rest_of_line, knobs) = rest.split_once('\n').unwrap_or((rest, ""));
            if rest_of_line.trim().is_empty() {
                // The first line stays, empty: so an error names the line that a person sees.
                return Ok(Self::Sample {
                    knobs: Box::new(Knobs::read(&format!("\n{knobs}"))?),
                    because: None,
                });
            }
        }
        Ok(if user_data.starts_with("#!") {
            Self::Script
        } else if user_data.trim().is_empty() {
            sample(Some("there is no user data"))
        } else if user_data.starts_with("#cloud-config") {
            sample(Some(
                "the user data is for cloud-init, which this machine does not have",
            ))
        } else {
            sample(Some(
                "the user data is neither a script (#!…) nor knobs for the sample (#!sample)",
            ))
        })
    }
}
