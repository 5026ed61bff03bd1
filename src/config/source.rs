//! The configuration as a tree of values, each of which knows where it was written.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value as Json;
use toml::de::{DeTable, DeValue};

use super::error::Report;

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// In the file, at these bytes.
    Text(Range<usize>),
    /// By a flag or an environment variable.
    Setting(&'static str),
    Nowhere,
}

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) origin: Origin,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    /// With a fraction; always finite.
    Number(f64),
    Flag(bool),
    List(Vec<Node>),
    Table(BTreeMap<String, Entry>),
    /// A type that no key takes, by its name.
    Other(&'static str),
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Where the key itself stands.
    pub(super) key: Origin,
    pub(super) node: Node,
}

impl Node {
    /// Reads a file; `None` when it is not TOML, which the report then says.
    pub(super) fn parse(text: &str, report: &mut Report) -> Option<Self> {
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            report.add(
                error.span().map_or(Origin::Nowhere, Origin::Text),
                error.message().trim(),
                "the file is written in TOML: https://toml.io",
            );
        }
        errors.is_empty().then(|| Self {
            origin: Origin::Nowhere,
            value: table_of(table.get_ref()),
        })
    }

    pub(super) fn get(&self, path: &str) -> Option<&Self> {
        path.split('.').try_fold(self, |node, part| match &node.value {
            Value::Table(entries) => entries.get(part).map(|entry| &entry.node),
            Value::List(items) => items.get(part.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// Where the key at the end of the path stands, for what is said about the key and not its value.
    pub(super) fn key_of(&self, table: &str, key: &str) -> Origin {
        match self.get(table).map(|node| &node.value) {
            Some(Value::Table(entries)) => entries
                .get(key)
                .map_or(Origin::Nowhere, |entry| entry.key.clone()),
            _ => Origin::Nowhere,
        }
    }

    /// Puts a value where it beats what the file says. Tables on the way are made.
    pub(super) fn set(&mut self, path: &str, value: Value, setting: &'static str) {
        let origin = Origin::Setting(setting);
        let (first, rest) = match path.split_once('.') {
            Some((first, rest)) => (first, Some(rest)),
            None => (path, None),
        };
        // A file that has text where a table belongs keeps its problem: the check will say it.
        let Value::Table(entries) = &mut self.value else {
            return;
        };
        match rest {
            None => {
                let node = Node {
                    value,
                    origin: origin.clone(),
                };
                entries.insert(first.to_owned(), Entry { key: origin, node });
            }
            Some(rest) => entries
                .entry(first.to_owned())
                .or_insert_with(|| Entry {
                    key: origin.clone(),
                    node: Node {
                        value: Value::Table(BTreeMap::new()),
                        origin,
                    },
                })
                .node
                .set(rest, value, setting),
        }
    }

    pub(super) fn to_json(&self) -> Json {
        match &self.value {
            Value::Text(text) => Json::from(text.as_str()),
            Value::Integer(number) => Json::from(*number),
            Value::Number(number) => Json::from(*number),
            Value::Flag(flag) => Json::from(*flag),
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Table(entries) => Json::Object(
                entries
                    .iter()
                    .map(|(key, entry)| (key.clone(), entry.node.to_json()))
                    .collect(),
            ),
            Value::Other(_) => Json::Null,
        }
    }
}

impl Value {
    /// The type, as a message names it.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Integer(_) => "a whole number",
            Self::Number(_) => "a number with a fraction",
            Self::Flag(_) => "true or false",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Other(kind) => kind,
        }
    }
}

fn table_of(table: &DeTable<'_>) -> Value {
    Value::Table(
        table
            .iter()
            .map(|(key, value)| {
                let entry = Entry {
                    key: Origin::Text(key.span()),
                    node: node_of(value.get_ref(), value.span()),
                };
                (key.get_ref().to_string(), entry)
            })
            .collect(),
    )
}

fn node_of(value: &DeValue<'_>, span: Range<usize>) -> Node {
    let value = match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Value::Integer(number),
            Err(_) => Value::Other("a number that is too large"),
        },
        DeValue::Float(number) => match number.as_str().parse::<f64>() {
            Ok(number) if number.is_finite() => Value::Number(number),
            _ => Value::Other("not a number that ends"),
        },
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Datetime(_) => Value::Other("a date or a time"),
        DeValue::Array(items) => Value::List(
            items
                .iter()
                .map(|item| node_of(item.get_ref(), item.span()))
                .collect(),
        ),
        DeValue::Table(table) => table_of(table),
    };
    Node {
        value,
        origin: Origin::Text(span),
    }
}
