//! `[ab]`: a test of variants, as it is written and as it is meant.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::file::{File, Strategy};
use super::gradual::LONGEST;
use super::values::Period;
use super::{judging, naming};
use crate::model::ab::{By, PER_RULE, Pick, Test, Variant};
use crate::model::judging::Rule;

/// With `strategy = "ab"`: the variants that share production for a while, and how one of them wins.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Ab {
    /// 2 to 5, for instance `[{ name = "control", weight = 40, live = true }, { name = "bold", weight = 60 }]`.
    #[schemars(length(min = 2, max = 5))]
    pub(super) variants: Vec<Written>,
    /// How long the test runs, from when every variant has its share.
    pub(super) duration: Period,
    /// How long a client stays with the variant that it met first, by a cookie of the load balancer: from `1s` to a week.
    /// Without it: for the test's duration, at most a week. Rules that are sticky already stay as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sticky: Option<Period>,
    /// Instead of weights: the request header whose value names a variant. Whoever sends another or none stays with
    /// live.
    #[schemars(length(min = 1, max = 40))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) header: Option<String>,
    /// When the time is over: `wait` for a person, or let a measure pick the winner, for instance
    /// `{ pick = "conversion", higher = true, confidence = 0.95 }`.
    #[serde(default)]
    pub(super) at_end: AtEnd,
}

/// One variant.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    /// What `deploy --variant` and `winner` call it, and a header's value.
    #[schemars(length(min = 1, max = 32))]
    pub(super) name: String,
    /// Its share of production's requests, against the other weights.
    #[schemars(range(min = 1, max = 999))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) weight: Option<u32>,
    /// It is the generation that is live: nothing is deployed for it.
    #[serde(default)]
    pub(super) live: bool,
    /// With a header: the priority of the rules that lead to it. It must come before every route.
    #[schemars(range(min = 1, max = 50000))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) priority: Option<u32>,
}

#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum AtEnd {
    Word(AtEndWord),
    Pick(Picking),
}

impl Default for AtEnd {
    fn default() -> Self {
        Self::Word(AtEndWord::Wait)
    }
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum AtEndWord {
    Wait,
}

#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Picking {
    /// A rule of the judge, whose measure decides; its bounds do not.
    #[schemars(length(min = 1))]
    pub(super) pick: String,
    /// Whether more of it is better.
    pub(super) higher: bool,
    /// How sure it must be that the winner is better than every other variant.
    #[serde(default = "confidence")]
    #[schemars(range(min = 0.5, max = 0.9999))]
    pub(super) confidence: f64,
}

fn confidence() -> f64 {
    0.95
}

type Problem = (String, String, &'static str);

/// What is wrong with it: the key, why, and the way out.
pub(super) fn problems(file: &File) -> Vec<Problem> {
    let mut all = Vec::new();
    let Some(ab) = &file.ab else {
        if file.strategy == Strategy::Ab {
            all.push((
                "strategy".into(),
                "`strategy` is \"ab\", and there is no [ab]".into(),
                "add [ab] with `variants` and `duration`",
            ));
        }
        return all;
    };
    variants(ab, &mut all);
    if let Some(header) = &ab.header {
        by_header(ab, header, &mut all);
    } else {
        by_weight(ab, &mut all);
    }
    if ab.duration.0.is_zero() {
        all.push((
            "ab.duration".into(),
            "`duration` is no time at all".into(),
            "write it like \"14d\"",
        ));
    }
    if let AtEnd::Pick(picking) = &ab.at_end {
        let known = file.judge.as_ref().map(judging::assembled).unwrap_or_default();
        if !known.rules.iter().any(|rule| rule.name == picking.pick)
            && Rule::built_in(&picking.pick).is_none()
        {
            all.push((
                "ab.at_end".into(),
                format!("`pick` is \"{}\", which is no rule of the judge", picking.pick),
                "name a built-in rule, or write its metrics as [judge.rules.NAME]",
            ));
        }
    }
    all
}

fn variants(ab: &Ab, all: &mut Vec<Problem>) {
    if !(2..=PER_RULE).contains(&ab.variants.len()) {
        all.push((
            "ab.variants".into(),
            format!("a test of {} variants cannot be", ab.variants.len()),
            "name 2 to 5: a load balancer shares a rule's requests among at most five target groups",
        ));
    }
    let mut seen = BTreeSet::new();
    for (index, variant) in ab.variants.iter().enumerate() {
        let path = format!("ab.variants.{index}");
        let name = &variant.name;
        if name
            .chars()
            .any(|c| !(c.is_ascii_alphanumeric() || "-_.".contains(c)))
        {
            all.push((
                path.clone(),
                format!("variant \"{name}\" has something else in its name than a tag and a header take"),
                "use letters, digits, `-`, `_` and `.`",
            ));
        }
        if !seen.insert(name.to_ascii_lowercase()) {
            all.push((
                path,
                format!("variant {name} is there twice"),
                "give each a name of its own; upper and lower case are the same to a load balancer",
            ));
        }
    }
    let live: Vec<&str> = ab
        .variants
        .iter()
        .filter(|variant| variant.live)
        .map(|variant| variant.name.as_str())
        .collect();
    if live.len() > 1 {
        all.push((
            "ab.variants".into(),
            format!("{} are all the live generation", live.join(" and ")),
            "let one of them be `live = true`, or none",
        ));
    }
}

fn by_weight(ab: &Ab, all: &mut Vec<Problem>) {
    for (index, variant) in ab.variants.iter().enumerate() {
        let path = format!("ab.variants.{index}");
        if variant.weight.is_none() {
            all.push((
                path.clone(),
                format!("variant {} has no weight", variant.name),
                "give it a `weight` against the others', or let a `header` lead to the variants",
            ));
        }
        if variant.priority.is_some() {
            all.push((
                path,
                format!(
                    "variant {} has a priority, and no header leads to it",
                    variant.name
                ),
                "leave it out, or name the `header`",
            ));
        }
    }
    if let Some(sticky) = ab.sticky
        && !(1..=LONGEST).contains(&sticky.0.as_secs())
    {
        all.push((
            "ab.sticky".into(),
            "`sticky` is outside of what a load balancer can keep".into(),
            "from \"1s\" to \"7d\"",
        ));
    }
}

fn by_header(ab: &Ab, header: &str, all: &mut Vec<Problem>) {
    if header.eq_ignore_ascii_case("host") || header.chars().any(|c| !naming::in_header_name(c)) {
        all.push((
            "ab.header".into(),
            format!("`header` is \"{header}\", which a rule cannot ask for"),
            "choose a header of your own, for instance \"x-variant\"",
        ));
    }
    if ab.sticky.is_some() {
        all.push((
            "ab.sticky".into(),
            "`sticky` is for weights: with a header the client decides each time".into(),
            "leave it out",
        ));
    }
    if !ab.variants.iter().any(|variant| variant.live) {
        all.push((
            "ab.variants".into(),
            "no variant is the live generation, with which everybody stays who sends no header".into(),
            "write `live = true` at one of them",
        ));
    }
    let mut seen = BTreeSet::new();
    for (index, variant) in ab.variants.iter().enumerate() {
        let path = format!("ab.variants.{index}");
        let mut say = |why: String, help| all.push((path.clone(), why, help));
        if variant.weight.is_some() {
            say(
                format!("variant {} has a weight, and a header decides", variant.name),
                "leave it out, or leave `header` out",
            );
        }
        match (variant.live, variant.priority) {
            (true, Some(_)) => say(
                format!("variant {} is live and has a priority", variant.name),
                "leave it out: production's own rules lead to it",
            ),
            (false, None) => say(
                format!("variant {} has no priority", variant.name),
                "give it a free `priority` before every route",
            ),
            (false, Some(priority)) if !seen.insert(priority) => say(
                format!("another variant has priority {priority} already"),
                "give each rule a priority of its own",
            ),
            _ => {}
        }
    }
}

/// The test that is meant; none with another strategy.
pub(super) fn test(file: &File) -> Option<Test> {
    let ab = file.ab.as_ref().filter(|_| file.strategy == Strategy::Ab)?;
    let longest = ab.duration.0.as_secs().clamp(1, LONGEST);
    let sticky = ab.sticky.map_or(longest, |sticky| sticky.0.as_secs());
    Some(Test {
        variants: ab
            .variants
            .iter()
            .map(|variant| Variant {
                name: variant.name.clone(),
                live: variant.live,
                weight: variant.weight.unwrap_or_default(),
                priority: variant.priority,
            })
            .collect(),
        by: match &ab.header {
            Some(name) => By::Header { name: name.clone() },
            None => By::Weight {
                sticky: u32::try_from(sticky).unwrap_or(u32::MAX),
            },
        },
        lasts: ab.duration.0,
        pick: match &ab.at_end {
            AtEnd::Word(AtEndWord::Wait) => None,
            AtEnd::Pick(picking) => Some(Pick {
                rule: picking.pick.clone(),
                higher: picking.higher,
                confidence: picking.confidence,
            }),
        },
    })
}
