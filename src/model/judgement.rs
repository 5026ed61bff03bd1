//! What judging found: a verdict, rule by rule, with every number that it rests on.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::judging::Consequence;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    pub verdict: Verdict,
    /// Why, in one sentence.
    pub sentence: String,
    pub findings: Vec<Finding>,
    /// What else there is to know, in sentences: what was left out, what there was too little of.
    pub notes: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Pass,
    /// There is not enough to judge by.
    Inconclusive,
    /// The worst that a rule asks for which does not hold.
    Fail(Consequence),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pass => f.write_str("good so far"),
            Self::Inconclusive => f.write_str("no verdict yet"),
            Self::Fail(then) => write!(f, "bad ({then})"),
        }
    }
}

/// What was found of one rule or alarm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    pub rule: String,
    pub outcome: Outcome,
    /// What follows if it fails.
    pub then: Consequence,
    pub candidate: Figure,
    pub live: Figure,
    /// What it was held to, in words.
    pub bound: String,
    pub sentence: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    Pass,
    Inconclusive,
    Fail,
}

/// One number, for programs and for people.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// `None` when there is none.
    pub value: Option<f64>,
    pub text: String,
}
