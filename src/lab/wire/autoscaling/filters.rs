//! Filters of descriptions: a name, and values of which one must fit.

use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;

#[derive(Debug)]
pub(super) struct Filter {
    pub(super) name: String,
    pub(super) values: Vec<String>,
}

impl Filter {
    pub(super) fn read(input: &Tree) -> Result<Vec<Self>, Refused> {
        let read = |filter: &Tree| {
            Ok(Self {
                name: filter.need("Name")?.to_owned(),
                values: filter.strings("Values"),
            })
        };
        input.items("Filters").iter().map(read).collect()
    }

    pub(super) fn takes(&self, value: &str) -> bool {
        self.values.iter().any(|wanted| wanted == value)
    }
}

pub(super) fn unknown(name: &str, known: &str) -> Refused {
    Refused::invalid(format!(
        "Filter type {name} is not correct. Allowed Filter types are: {known}"
    ))
}
