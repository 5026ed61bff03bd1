//! awsJson 1.0: times are seconds since 1970.

use serde_json::{Map, Number, Value};

use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;

pub(super) fn read(body: &[u8]) -> Result<Tree, Refused> {
    if body.is_empty() {
        return Ok(Tree::map());
    }
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| Refused::new("SerializationException", format!("The body is not JSON: {error}")))?;
    match tree(value) {
        Some(input @ Tree::Map(_)) => Ok(input),
        _ => Err(Refused::new(
            "SerializationException",
            "The body is not a JSON object",
        )),
    }
}

pub(super) fn write(output: &Tree) -> String {
    value(output).to_string()
}

/// Nothing for `null`, which means the same as absence.
fn tree(value: Value) -> Option<Tree> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(flag) => Tree::Flag(flag),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Tree::Whole(whole),
            None => Tree::Real(number.as_f64()?),
        },
        Value::String(text) => Tree::Text(text),
        Value::Array(items) => Tree::list(items.into_iter().filter_map(tree)),
        Value::Object(members) => Tree::Map(
            members
                .into_iter()
                .filter_map(|(name, value)| Some((name, tree(value)?)))
                .collect(),
        ),
    })
}

fn value(tree: &Tree) -> Value {
    match tree {
        Tree::Text(text) => Value::String(text.clone()),
        Tree::Whole(number) => Value::from(*number),
        Tree::Real(number) => real(*number),
        Tree::Flag(flag) => Value::Bool(*flag),
        Tree::Time(time) => real(time.as_duration().as_secs_f64()),
        Tree::List(items) => Value::Array(items.iter().map(value).collect()),
        Tree::Map(members) => Value::Object(
            members
                .iter()
                .map(|(name, tree)| (name.clone(), value(tree)))
                .collect::<Map<_, _>>(),
        ),
    }
}

/// JSON has no infinities; the protocol writes them as text.
fn real(number: f64) -> Value {
    match Number::from_f64(number) {
        Some(number) => Value::Number(number),
        None if number.is_nan() => Value::from("NaN"),
        None => Value::from(if number > 0.0 { "Infinity" } else { "-Infinity" }),
    }
}
