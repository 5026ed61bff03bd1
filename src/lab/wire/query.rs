//! The query protocol's input: a form whose names are paths (`Actions.member.1.Type`, EC2's `Filter.1.Value.2`).

use bytes::Bytes;

use super::protocol::Call;
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;

/// No message of these services is nested as deep.
const DEEPEST: usize = 32;

/// What a form calls, whether it is in the URL, in the body, or in both.
pub(super) fn call(url: &str, body: &Bytes) -> Result<Call, Refused> {
    let (mut operation, mut version, mut form) = (None, None, Branch::default());
    for (name, value) in pairs(url.as_bytes())?.into_iter().chain(pairs(body)?) {
        match name.as_str() {
            "Action" => operation = Some(value),
            "Version" => version = Some(value),
            _ if name.starts_with("X-Amz-") => {}
            _ => form.put(&name, value)?,
        }
    }
    let operation = operation
        .ok_or_else(|| Refused::new("MissingAction", "The request must contain the parameter Action"))?;
    Ok(Call {
        operation,
        version,
        input: form.structure(),
    })
}

/// The decoded names and values of a form.
pub(super) fn pairs(form: &[u8]) -> Result<Vec<(String, String)>, Refused> {
    let parts = form.split(|byte| *byte == b'&').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let equals = part.iter().position(|byte| *byte == b'=').unwrap_or(part.len());
            let value = part.get(equals + 1..).unwrap_or_default();
            Ok((decoded(&part[..equals])?, decoded(value)?))
        })
        .collect()
}

fn decoded(text: &[u8]) -> Result<String, Refused> {
    let malformed = || {
        Refused::new(
            "MalformedQueryString",
            "The request is not a form: names and values, percent-encoded",
        )
    };
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter().copied();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
                let (high, low) = (digit().ok_or_else(malformed)?, digit().ok_or_else(malformed)?);
                u8::try_from(high * 16 + low).map_err(|_| malformed())?
            }
            plain => plain,
        });
    }
    String::from_utf8(bytes).map_err(|_| malformed())
}

#[derive(Debug, Default)]
struct Branch(Vec<(String, Node)>);

#[derive(Debug)]
enum Node {
    Leaf(String),
    Branch(Branch),
}

impl Branch {
    fn put(&mut self, name: &str, value: String) -> Result<(), Refused> {
        if name.split('.').count() > DEEPEST {
            return Err(Refused::new(
                "MalformedQueryString",
                format!("{name} is nested too deep"),
            ));
        }
        let (path, leaf) = name
            .rsplit_once('.')
            .map_or((None, name), |(path, leaf)| (Some(path), leaf));
        let mut branch = self;
        for step in path.into_iter().flat_map(|path| path.split('.')) {
            let place = match branch.0.iter().position(|(known, _)| known == step) {
                Some(place) => place,
                None => {
                    branch.0.push((step.to_owned(), Node::Branch(Self::default())));
                    branch.0.len() - 1
                }
            };
            branch = match &mut branch.0[place].1 {
                Node::Branch(inner) => inner,
                Node::Leaf(_) => return Err(twice(name)),
            };
        }
        if branch.0.iter().any(|(known, _)| known == leaf) {
            return Err(twice(name));
        }
        branch.0.push((leaf.to_owned(), Node::Leaf(value)));
        Ok(())
    }

    fn structure(self) -> Tree {
        Tree::Map(
            self.0
                .into_iter()
                .map(|(name, node)| (name, node.tree()))
                .collect(),
        )
    }

    fn tree(mut self) -> Tree {
        if let [(only, Node::Branch(_))] = self.0.as_slice()
            && matches!(only.as_str(), "member" | "entry")
            && let Some((name, Node::Branch(inner))) = self.0.pop()
        {
            let items = inner.tree();
            return if name == "entry" { entries(&items) } else { items };
        }
        let numbers: Option<Vec<u64>> = self.0.iter().map(|(name, _)| name.parse().ok()).collect();
        match numbers {
            Some(numbers) => {
                let mut items: Vec<_> = numbers
                    .into_iter()
                    .zip(self.0.into_iter().map(|(_, node)| node))
                    .collect();
                items.sort_by_key(|(number, _)| *number);
                Tree::list(items.into_iter().map(|(_, node)| node.tree()))
            }
            None => self.structure(),
        }
    }
}

impl Node {
    fn tree(self) -> Tree {
        match self {
            Self::Leaf(text) => Tree::Text(text),
            Self::Branch(branch) => branch.tree(),
        }
    }
}

/// A map's entries, each a `key` and a `value`.
fn entries(items: &Tree) -> Tree {
    let Tree::List(items) = items else {
        return Tree::map();
    };
    let entry = |item: &Tree| Some((item.text("key")?.to_owned(), item.get("value")?.clone()));
    Tree::Map(items.iter().filter_map(entry).collect())
}

fn twice(name: &str) -> Refused {
    Refused::new(
        "MalformedQueryString",
        format!("{name} is given twice, or as a value and as a structure"),
    )
}
