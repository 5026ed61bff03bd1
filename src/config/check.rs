//! Compares the tree with the schema: unknown keys, wrong types, values out of range, all at once.
//!
//! What is refused is taken out of the tree, so that the rest can be read and judged as well.

use serde_json::Value as Json;

use super::error::Report;
use super::overrides::SETTINGS;
use super::schema::{alternatives, words};
use super::source::{Entry, Node, Origin, Value};
use super::values::notation;

pub(super) fn check(schema: &Json, tree: &mut Node, report: &mut Report) {
    Check { root: schema, report }.table(schema, tree, "", &Origin::Nowhere);
}

struct Check<'a> {
    root: &'a Json,
    report: &'a mut Report,
}

impl Check<'_> {
    /// `key` is where the key stands that the table belongs to.
    fn table(&mut self, schema: &Json, node: &mut Node, path: &str, key: &Origin) -> bool {
        let Value::Table(entries) = &mut node.value else {
            return self.wrong_type(schema, node, path);
        };
        let mut names: Vec<String> = entries.keys().cloned().collect();
        names.sort();
        for name in names {
            let known = schema["properties"].get(&name).or_else(|| {
                schema
                    .get("additionalProperties")
                    .filter(|extra| extra.is_object())
            });
            let inner = join(path, &name);
            let Some(entry) = entries.get_mut(&name) else {
                continue;
            };
            let good = match known {
                Some(known) => self.value(known, &mut entry.node, &inner, &entry.key),
                None => {
                    let help = self.unknown_help(schema, &name);
                    let place = match path {
                        "" => String::new(),
                        path => format!(" in [{path}]"),
                    };
                    self.report
                        .add(entry.key.clone(), format!("unknown key `{name}`{place}"), help);
                    false
                }
            };
            if !good {
                entries.remove(&name);
                self.report.refuse(&inner);
            }
        }
        let mut complete = true;
        for name in schema["required"].as_array().into_iter().flatten() {
            let Some(name) = name.as_str().filter(|name| !entries.contains_key(*name)) else {
                continue;
            };
            let inner = join(path, name);
            if !self.report.refused(&inner) {
                self.missing(&schema["properties"][name], &inner, name, key);
                self.report.refuse(&inner);
            }
            if path.is_empty() {
                // The sections can still be judged without it.
                let node = Node {
                    value: Value::Text(String::new()),
                    origin: Origin::Nowhere,
                };
                entries.insert(
                    name.to_owned(),
                    Entry {
                        key: Origin::Nowhere,
                        node,
                    },
                );
            } else {
                complete = false;
            }
        }
        complete
    }

    fn value(&mut self, schema: &Json, node: &mut Node, path: &str, key: &Origin) -> bool {
        let all = alternatives(schema);
        let fitting: Vec<&Json> = all
            .iter()
            .copied()
            .filter(|one| {
                one["type"] == type_of(&node.value)
                    // A whole number is a number, too.
                    || (one["type"] == "number" && matches!(node.value, Value::Integer(_)))
            })
            .collect();
        let spoken: Vec<&str> = all.iter().flat_map(|one| words(one)).collect();
        match (&node.value, fitting.as_slice()) {
            (_, []) => self.wrong_type(schema, node, path),
            (Value::Text(text), fitting) if !spoken.is_empty() => {
                // A word, or text in one of the notations that are allowed beside the words.
                let free = fitting.iter().find(|one| words(one).is_empty());
                if spoken.contains(&text.as_str()) {
                    return true;
                }
                match free {
                    Some(one) => self.text(one, node, path),
                    None => self.unknown_word(schema, &spoken, node, path),
                }
            }
            (Value::Text(_), [one, ..]) => self.text(one, node, path),
            (Value::Integer(number), [one, ..]) => {
                let number = *number;
                self.number(one, number, node, path)
            }
            (Value::Number(number), [one, ..]) => {
                let number = *number;
                self.fraction(one, number, node, path)
            }
            (Value::Flag(_), [_, ..]) => true,
            (Value::Table(_), [one, ..]) => self.table(one, node, path, key),
            (Value::List(_), [one, ..]) => self.list(one, node, path),
            (Value::Other(_), _) => self.wrong_type(schema, node, path),
        }
    }

    fn text(&mut self, schema: &Json, node: &Node, path: &str) -> bool {
        let Value::Text(text) = &node.value else {
            return false;
        };
        let name = last(path);
        let length = text.chars().count() as u64;
        let problem = if text.is_empty() && schema["minLength"].as_u64().is_some_and(|min| min > 0) {
            Some((
                format!("`{name}` is empty"),
                "give it a value, or leave the key out".to_owned(),
            ))
        } else if let Some(max) = schema["maxLength"].as_u64().filter(|max| length > *max) {
            Some((
                format!("`{name}` is {length} characters long"),
                format!("at most {max} are allowed"),
            ))
        } else {
            schema["format"].as_str().and_then(notation).and_then(|notation| {
                match (notation.read)(text.clone()) {
                    Ok(()) => None,
                    Err(problem) => Some((format!("`{name}`: {problem}"), notation.help.to_owned())),
                }
            })
        };
        self.settle(node, problem)
    }

    #[expect(clippy::cast_precision_loss, reason = "no bound is near where it matters")]
    fn number(&mut self, schema: &Json, number: i64, node: &Node, path: &str) -> bool {
        if schema["type"] == "number" {
            return self.fraction(schema, number as f64, node, path);
        }
        let below = schema["minimum"].as_i64().is_some_and(|min| number < min);
        let above = schema["maximum"].as_i64().is_some_and(|max| number > max);
        let problem = (below || above).then(|| {
            (
                format!("`{}` is {number}", last(path)),
                format!("it must be {}", kind_of(schema)),
            )
        });
        self.settle(node, problem)
    }

    fn fraction(&mut self, schema: &Json, number: f64, node: &Node, path: &str) -> bool {
        let below = schema["minimum"].as_f64().is_some_and(|min| number < min);
        let above = schema["maximum"].as_f64().is_some_and(|max| number > max);
        let problem = (below || above).then(|| {
            (
                format!("`{}` is {number}", last(path)),
                format!("it must be {}", kind_of(schema)),
            )
        });
        self.settle(node, problem)
    }

    fn list(&mut self, schema: &Json, node: &mut Node, path: &str) -> bool {
        let origin = node.origin.clone();
        let Value::List(items) = &mut node.value else {
            return false;
        };
        let mut good = true;
        for (index, item) in items.iter_mut().enumerate() {
            let key = item.origin.clone();
            let inner = format!("{path}.{index}");
            good &= self.value(&schema["items"], item, &inner, &key);
            // A part that was refused leaves an item that means something else.
            good &= !self.report.refused_within(&inner);
        }
        if items.is_empty() && schema["minItems"].as_u64().is_some_and(|min| min > 0) {
            self.report.add(
                origin,
                format!("`{}` is empty", last(path)),
                "leave the key out for its default",
            );
            good = false;
        }
        good
    }

    fn settle(&mut self, node: &Node, problem: Option<(String, String)>) -> bool {
        match problem {
            Some((message, help)) => {
                self.report.add(node.origin.clone(), message, help);
                false
            }
            None => true,
        }
    }

    fn wrong_type(&mut self, schema: &Json, node: &Node, path: &str) -> bool {
        let help = alternatives(schema)
            .iter()
            .find_map(|one| notation(one["format"].as_str()?))
            .map(|notation| notation.help.to_owned());
        let message = format!(
            "`{}` is {}, but must be {}",
            last(path),
            node.value.kind(),
            expected(schema)
        );
        let help = help.unwrap_or_else(|| meaning(schema));
        self.settle(node, Some((message, help)))
    }

    fn unknown_word(&mut self, schema: &Json, spoken: &[&str], node: &Node, path: &str) -> bool {
        let Value::Text(text) = &node.value else {
            return false;
        };
        let help = match nearest(text, spoken.iter().copied()) {
            Some(word) => format!("did you mean \"{word}\"?"),
            None => format!("it must be {}", expected(schema)),
        };
        let message = format!("`{}` cannot be \"{text}\"", last(path));
        self.settle(node, Some((message, help)))
    }

    fn missing(&mut self, schema: &Json, path: &str, name: &str, key: &Origin) {
        let elsewhere = SETTINGS.iter().find(|setting| setting.key == path);
        let mut help = format!("write `{name} = …`: {}", meaning(schema));
        if let Some(setting) = elsewhere {
            help += &format!("; or pass {} or set {}", setting.flag, setting.env);
        }
        self.report.add(key.clone(), format!("`{name}` is missing"), help);
    }

    fn unknown_help(&self, schema: &Json, name: &str) -> String {
        let home = self.root["properties"]
            .as_object()
            .into_iter()
            .flatten()
            .find(|(_, inner)| keys(inner).any(|key| key == name));
        if let Some((section, _)) = home {
            return format!("`{name}` belongs in [{section}]");
        }
        if keys(self.root).any(|key| key == name) {
            return format!("`{name}` belongs at the top, before the first section");
        }
        match nearest(name, keys(schema)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known are {}", keys(schema).collect::<Vec<_>>().join(", ")),
        }
    }
}

fn keys(schema: &Json) -> impl Iterator<Item = &str> {
    schema["properties"]
        .as_object()
        .into_iter()
        .flat_map(|object| object.keys().map(String::as_str))
}

fn join(path: &str, name: &str) -> String {
    match path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    }
}

/// The key itself; for an item of a list, the list's.
fn last(path: &str) -> &str {
    path.rsplit('.')
        .find(|part| part.parse::<usize>().is_err())
        .unwrap_or(path)
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Text(_) => "string",
        Value::Integer(_) => "integer",
        Value::Number(_) => "number",
        Value::Flag(_) => "boolean",
        Value::List(_) => "array",
        Value::Table(_) => "object",
        Value::Other(_) => "",
    }
}

/// What a value may be, in words.
pub(super) fn expected(schema: &Json) -> String {
    let mut kinds: Vec<String> = Vec::new();
    for one in alternatives(schema) {
        match words(one).as_slice() {
            [] => kinds.push(kind_of(one)),
            spoken => kinds.extend(spoken.iter().map(|word| format!("\"{word}\""))),
        }
    }
    match kinds.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

fn kind_of(schema: &Json) -> String {
    if let Some(notation) = schema["format"].as_str().and_then(notation) {
        return notation.kind.to_owned();
    }
    match schema["type"].as_str() {
        Some("integer") => match (schema["minimum"].as_i64(), schema["maximum"].as_i64()) {
            (Some(min), Some(max)) => format!("a whole number from {min} to {max}"),
            _ => "a whole number".to_owned(),
        },
        Some("number") => match (schema["minimum"].as_f64(), schema["maximum"].as_f64()) {
            (Some(min), Some(max)) => format!("a number from {min} to {max}"),
            _ => "a number".to_owned(),
        },
        Some("boolean") => "true or false".to_owned(),
        Some("array") => "a list".to_owned(),
        Some("object") => {
            let parts: Vec<String> = keys(schema).map(|key| format!("{key} = …")).collect();
            match parts.len() {
                1..=3 => format!("{{ {} }}", parts.join(", ")),
                _ => "a table".to_owned(),
            }
        }
        _ => "text".to_owned(),
    }
}

/// What the key is for: the first sentence of its description.
fn meaning(schema: &Json) -> String {
    let text = schema["description"].as_str().unwrap_or_default();
    let sentence = text.split(". ").next().unwrap_or_default().trim_end_matches('.');
    let mut letters = sentence.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => "see docs/configuration.md".to_owned(),
    }
}

/// The known word that was probably meant.
pub(super) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|one| (strsim::damerau_levenshtein(word, one), one))
        .filter(|(distance, one)| *distance <= one.chars().count().div_ceil(3).min(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, one)| one)
}
