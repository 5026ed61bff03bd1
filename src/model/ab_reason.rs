//! Why nothing is done about a test of variants, each with its way out.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::ids::Generation;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Error)]
#[serde(tag = "about", rename_all = "kebab-case")]
pub enum AbReason {
    #[error("{names} {} not deployed", if names.contains(", ") { "are" } else { "is" })]
    VariantsMissing { names: String },
    #[error("variant {variant} stands already, as generation {generation} (release {release})")]
    VariantExists {
        variant: String,
        generation: Generation,
        release: String,
    },
    #[error("there is no variant {variant} to deploy or to win")]
    NoSuchVariant { variant: String, known: String },
    #[error("with strategy ab a release is deployed as a variant")]
    NotAVariant { known: String },
    #[error("variant {variant}, generation {generation}, is not finished")]
    VariantNotReady { variant: String, generation: Generation },
    #[error("with strategy ab production is shared by the weights of the test")]
    SharedByTest,
    #[error("generation {generation} is no variant of the test")]
    NoVariant { generation: Generation },
    #[error("generation {generation} is variant {variant}, which the configuration does not know")]
    StrangeVariant { generation: Generation, variant: String },
    #[error("a test is under way, begun when generation {live} was live")]
    TestRuns { live: Generation },
    #[error("no test is under way")]
    NoTest,
    #[error("{variant} has won already, and production is being swung to it")]
    WonAlready { variant: String },
    #[error("{rule} would forward to {would} target groups, and {limit} are allowed")]
    TooManyShares {
        rule: String,
        would: usize,
        limit: usize,
    },
}

impl AbReason {
    pub fn way_out(&self) -> String {
        match self {
            Self::VariantsMissing { .. } => "`swingbridge deploy --variant NAME …` each of them first".into(),
            Self::VariantExists { generation, .. } => format!(
                "`swingbridge retire --generation {generation}` removes it while it takes part in no test"
            ),
            Self::NoSuchVariant { known, .. } => format!("[ab] has {known}"),
            Self::NotAVariant { known } => format!("add --variant NAME; [ab] has {known}"),
            Self::VariantNotReady { variant, .. } => format!(
                "run the same `swingbridge deploy --variant {variant}` again to finish it, or `swingbridge abort` to remove it"
            ),
            Self::SharedByTest => {
                "change the weights under [ab] and `swingbridge promote`, or end it with `swingbridge winner NAME`".into()
            }
            Self::NoVariant { .. } => {
                "`swingbridge abort` removes it; with another strategy it can be promoted".into()
            }
            Self::StrangeVariant { generation, .. } => format!(
                "`swingbridge retire --generation {generation}` removes it, or configure it under [ab]"
            ),
            Self::TestRuns { .. } => {
                "`swingbridge winner NAME` ends it with a winner, `swingbridge rollback` without one".into()
            }
            Self::NoTest => "`swingbridge promote` begins one once every variant is deployed".into(),
            Self::WonAlready { variant } => format!(
                "run `swingbridge winner {variant}` again to finish it, or `swingbridge rollback` to put production back"
            ),
            Self::TooManyShares { .. } => {
                "take what waits in that rule at weight 0 out of it, or test fewer variants".into()
            }
        }
    }
}
