//! Parts of an estate in the API's words.

use std::collections::BTreeMap;

use super::plan::Rule;
use crate::lab::tree::Tree;

/// All of a rule's conditions, each only if the estate names it.
pub(super) fn conditions(rule: &Rule) -> Tree {
    let values = |values: &Vec<String>| Tree::map().with("Values", Tree::texts(values.clone()));
    let plain = [
        ("host-header", "HostHeaderConfig", &rule.host),
        ("path-pattern", "PathPatternConfig", &rule.path),
        ("http-request-method", "HttpRequestMethodConfig", &rule.method),
        ("source-ip", "SourceIpConfig", &rule.source),
    ];
    let condition =
        |field: &str, config: &str, wanted: Tree| Tree::map().with("Field", text(field)).with(config, wanted);
    let mut conditions: Vec<Tree> = Vec::new();
    for (field, config, wanted) in plain {
        conditions.extend(
            wanted
                .as_ref()
                .map(|wanted| condition(field, config, values(wanted))),
        );
    }
    if let Some(header) = &rule.header {
        let config = Tree::map()
            .with("HttpHeaderName", text(&header.name))
            .with("Values", Tree::texts(header.values.clone()));
        conditions.push(condition("http-header", "HttpHeaderConfig", config));
    }
    if let Some(query) = query_pairs(rule) {
        conditions.push(condition(
            "query-string",
            "QueryStringConfig",
            Tree::map().with("Values", query),
        ));
    }
    Tree::List(conditions)
}

fn query_pairs(rule: &Rule) -> Option<Tree> {
    rule.query.as_ref().and_then(pairs)
}

/// Tags and attributes have one shape; an empty list of either is not sent.
pub(super) fn pairs(pairs: &BTreeMap<String, String>) -> Option<Tree> {
    let pair =
        |(key, value): (&String, &String)| Tree::map().with("Key", text(key)).with("Value", text(value));
    (!pairs.is_empty()).then(|| Tree::list(pairs.iter().map(pair)))
}

pub(super) fn text(text: &str) -> Tree {
    Tree::from(text)
}
