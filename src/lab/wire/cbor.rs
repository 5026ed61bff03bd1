//! rpc-v2-cbor: times are tag 1, in seconds since 1970.

use ciborium::Value;
use jiff::Timestamp;

use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;

/// CBOR's tag of a time in seconds.
const TIME: u64 = 1;

pub(super) fn read(body: &[u8]) -> Result<Tree, Refused> {
    if body.is_empty() {
        return Ok(Tree::map());
    }
    let value: Value = ciborium::from_reader(body).map_err(|error| malformed(&error.to_string()))?;
    match tree(value)? {
        Some(input @ Tree::Map(_)) => Ok(input),
        _ => Err(malformed("not a map")),
    }
}

pub(super) fn write(output: &Tree) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to memory does not fail.
    let _ = ciborium::into_writer(&value(output), &mut bytes);
    bytes
}

fn malformed(why: &str) -> Refused {
    Refused::new(
        "SerializationException",
        format!("The body is not a CBOR message: {why}"),
    )
}

/// Nothing for `null`, which means the same as absence.
fn tree(value: Value) -> Result<Option<Tree>, Refused> {
    Ok(Some(match value {
        Value::Null => return Ok(None),
        Value::Bool(flag) => Tree::Flag(flag),
        Value::Integer(number) => {
            Tree::Whole(i64::try_from(number).map_err(|_| malformed("a number is too large"))?)
        }
        Value::Float(number) => Tree::Real(number),
        Value::Text(text) => Tree::Text(text),
        Value::Tag(TIME, seconds) => {
            let seconds = tree(*seconds)?.ok_or_else(|| malformed("a time is null"))?;
            Tree::Time(
                seconds
                    .as_time()
                    .ok_or_else(|| malformed("a time is not a number of seconds"))?,
            )
        }
        Value::Array(items) => {
            let items: Result<Vec<_>, _> = items
                .into_iter()
                .filter_map(|item| tree(item).transpose())
                .collect();
            Tree::List(items?)
        }
        Value::Map(members) => {
            let mut read = Vec::with_capacity(members.len());
            for (name, value) in members {
                let Value::Text(name) = name else {
                    return Err(malformed("a member's name is not text"));
                };
                if let Some(value) = tree(value)? {
                    read.push((name, value));
                }
            }
            Tree::Map(read)
        }
        _ => {
            return Err(malformed(
                "it has bytes or a tag that no operation of the lab takes",
            ));
        }
    }))
}

fn value(tree: &Tree) -> Value {
    match tree {
        Tree::Text(text) => Value::Text(text.clone()),
        Tree::Whole(number) => Value::Integer((*number).into()),
        Tree::Real(number) => Value::Float(*number),
        Tree::Flag(flag) => Value::Bool(*flag),
        Tree::Time(time) => Value::Tag(TIME, Box::new(Value::Float(seconds(*time)))),
        Tree::List(items) => Value::Array(items.iter().map(value).collect()),
        Tree::Map(members) => Value::Map(
            members
                .iter()
                .map(|(name, tree)| (Value::Text(name.clone()), value(tree)))
                .collect(),
        ),
    }
}

fn seconds(time: Timestamp) -> f64 {
    time.as_duration().as_secs_f64()
}
