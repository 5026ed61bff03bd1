//! EC2's filters: all of them must hold, any value of each will do, `*` and `?` are wildcards.

use std::collections::BTreeMap;

use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;

#[derive(Debug)]
pub(super) struct Filters(Vec<(String, Vec<String>)>);

/// What one resource has under a filter's name; nothing when no resource of its kind has such a thing.
pub(super) type Facts<'a> = &'a dyn Fn(&str) -> Option<Vec<String>>;

impl Filters {
    pub(super) fn of(input: &Tree) -> Result<Self, Refused> {
        let read = input
            .items("Filter")
            .iter()
            .map(|filter| Ok((filter.need("Name")?.to_owned(), filter.strings("Value"))));
        read.collect::<Result<_, Refused>>().map(Self)
    }

    /// Whether a resource passes. `tag:KEY`, `tag-key` and `tag-value` are answered from its tags.
    pub(super) fn pass(&self, tags: &BTreeMap<String, String>, facts: Facts<'_>) -> Result<bool, Refused> {
        for (name, wanted) in &self.0 {
            let had = match name.as_str() {
                "tag-key" => tags.keys().cloned().collect(),
                "tag-value" => tags.values().cloned().collect(),
                _ => match name.strip_prefix("tag:") {
                    Some(key) => tags.get(key).cloned().into_iter().collect(),
                    None => facts(name).ok_or_else(|| {
                        let text = format!("The filter '{name}' is invalid, or the lab does not have it");
                        Refused::new("InvalidParameterValue", text)
                    })?,
                },
            };
            if !had.iter().any(|had| {
                wanted
                    .iter()
                    .any(|wanted| like(wanted.as_bytes(), had.as_bytes()))
            }) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn like(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) => (0..=text.len()).any(|skipped| like(rest, &text[skipped..])),
        Some((first, rest)) => text
            .split_first()
            .is_some_and(|(begin, text)| (*first == b'?' || first == begin) && like(rest, text)),
    }
}

/// One fact.
pub(super) fn one(value: impl Into<String>) -> Option<Vec<String>> {
    Some(vec![value.into()])
}
