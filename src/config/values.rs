//! Values with a notation of their own: durations, amounts of healthy capacity, name templates.

use std::borrow::Cow;
use std::time::Duration;

use jiff::SpanRelativeTo;
use jiff::fmt::friendly::{SpanParser, SpanPrinter};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::model::policy::Want;
use crate::model::scope::NameTemplate;

/// A length of time, written like `30s`, `5m`, `1h 30m` or `14d`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Period(pub(super) Duration);

impl Period {
    pub(super) const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }
}

impl TryFrom<String> for Period {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parser = SpanParser::new();
        let plain = parser.parse_unsigned_duration(text.trim());
        // Days, as long as clocks count them.
        let long = || {
            let span = parser.parse_span(text.trim()).ok()?;
            let signed = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
            Duration::try_from(signed).ok()
        };
        match plain.ok().or_else(long) {
            Some(duration) => Ok(Self(duration)),
            None => Err(format!("\"{text}\" is not a duration")),
        }
    }
}

impl From<Period> for String {
    fn from(period: Period) -> Self {
        SpanPrinter::new().unsigned_duration_to_string(&period.0)
    }
}

impl JsonSchema for Period {
    fn schema_name() -> Cow<'static, str> {
        "Period".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "period" })
    }
}

/// A number of instances, or a share of the capacity wanted, written like `100%`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Amount(pub(super) Want);

impl Amount {
    fn percent(text: &str) -> Result<Self, String> {
        let refused = || format!("\"{text}\" is not a percentage from 1% to 100%");
        let digits = text.trim().strip_suffix('%').ok_or_else(refused)?;
        match digits.trim_end().parse() {
            Ok(percent @ 1..=100) => Ok(Self(Want::Percent(percent))),
            _ => Err(refused()),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Count(u32),
    Percent(String),
}

impl Serialize for Amount {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Want::Count(count) => Written::Count(count),
            Want::Percent(percent) => Written::Percent(format!("{percent}%")),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Written::deserialize(deserializer)? {
            Written::Count(count) => Ok(Self(Want::Count(count))),
            Written::Percent(text) => Self::percent(&text).map_err(serde::de::Error::custom),
        }
    }
}

impl JsonSchema for Amount {
    fn schema_name() -> Cow<'static, str> {
        "Amount".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "type": "string", "format": "percent" },
            { "type": "integer", "minimum": 1, "maximum": 10000 },
        ] })
    }
}

/// A name with one `{n}` in it, where the generation's number goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Template(pub(super) String);

impl JsonSchema for Template {
    fn schema_name() -> Cow<'static, str> {
        "Template".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "name-template" })
    }
}

/// One notation: its name in the schema, what it is called, how it is written, and how it is read.
pub(super) struct Notation {
    pub(super) format: &'static str,
    pub(super) kind: &'static str,
    pub(super) help: &'static str,
    pub(super) read: fn(String) -> Result<(), String>,
}

pub(super) const NOTATIONS: [Notation; 3] = [
    Notation {
        format: "period",
        kind: "a duration",
        help: "write it like \"30s\", \"5m\", \"1h 30m\"",
        read: |text| Period::try_from(text).map(|_| ()),
    },
    Notation {
        format: "percent",
        kind: "a percentage",
        help: "write it like \"100%\", or give a number of instances, like 3",
        read: |text| Amount::percent(&text).map(|_| ()),
    },
    Notation {
        format: "name-template",
        kind: "a name with {n}",
        help: "write it like \"web-{n}\"",
        read: |text| NameTemplate::try_from(text).map(|_| ()),
    },
];

pub(super) fn notation(format: &str) -> Option<&'static Notation> {
    NOTATIONS.iter().find(|notation| notation.format == format)
}
