//! What a rule is described as and written as: a tree of names, as XML and as a form.

use std::collections::BTreeMap;

/// A message, as XML and as a form alike.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Text(String),
    Map(Vec<(&'static str, Node)>),
    List(Vec<Node>),
    Entries(BTreeMap<String, String>),
}

impl Node {
    pub(super) fn xml(&self) -> String {
        let element = |name: &str, inner: String| format!("<{name}>{inner}</{name}>");
        match self {
            Self::Text(text) => escaped(text),
            Self::Map(members) => members
                .iter()
                .map(|(name, node)| element(name, node.xml()))
                .collect(),
            Self::List(items) => items.iter().map(|item| element("member", item.xml())).collect(),
            Self::Entries(entries) => entries
                .iter()
                .map(|(key, value)| {
                    let pair = element("key", escaped(key)) + &element("value", escaped(value));
                    element("entry", pair)
                })
                .collect(),
        }
    }

    /// Every text in it by its path. A map's entries go by their keys: they have no order.
    pub(super) fn flat(&self, path: &str, into: &mut Form) {
        match self {
            Self::Text(text) => drop(into.insert(path.to_owned(), text.clone())),
            Self::Map(members) => {
                for (name, node) in members {
                    node.flat(&format!("{path}.{name}"), into);
                }
            }
            Self::List(items) => {
                for (number, item) in (1..).zip(items) {
                    item.flat(&format!("{path}.member.{number}"), into);
                }
            }
            Self::Entries(entries) => into.extend(
                entries
                    .iter()
                    .map(|(key, value)| (format!("{path}[{key}]"), value.clone())),
            ),
        }
    }
}

pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\r', "&#xD;")
}

pub(super) type Form = BTreeMap<String, String>;

/// A request's body, with the entries of maps by their keys.
pub(super) fn form(body: &str) -> Form {
    let plain: Form = body
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect();
    let mut read = Form::new();
    for (name, value) in &plain {
        match name.rsplit_once(".entry.") {
            Some((path, entry)) if entry.ends_with(".key") => {
                let number = entry.trim_end_matches(".key");
                let its = plain.get(&format!("{path}.entry.{number}.value"));
                read.insert(format!("{path}[{value}]"), its.cloned().unwrap_or_default());
            }
            Some(_) => {}
            None => drop(read.insert(name.clone(), value.clone())),
        }
    }
    read
}

pub(super) fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || {
                    rest.next()
                        .and_then(|digit| char::from(digit).to_digit(16))
                        .expect("hex")
                };
                let (high, low) = (digit(), digit());
                u8::try_from(high * 16 + low).expect("a byte")
            }
            plain => plain,
        });
    }
    String::from_utf8(bytes).expect("UTF-8")
}
