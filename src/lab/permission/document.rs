//! A policy document: its statements, and what they say together.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::condition::Condition;
use super::pattern::matches;
use super::{Answer, Question};

/// Why a document is no policy that the lab can hold anybody to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    #[error("it is not JSON: {0}")]
    NotJson(String),
    #[error("{0}")]
    Document(String),
    #[error("statement {which}: {why}")]
    Statement { which: String, why: String },
}

/// An identity policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    statements: Vec<Statement>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Statement {
    allows: bool,
    actions: Chosen,
    resources: Chosen,
    conditions: Vec<Condition>,
}

/// Everything that one of some patterns means, or everything else.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Chosen {
    patterns: Vec<String>,
    others: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Document {
    version: String,
    #[serde(rename = "Id")]
    _id: Option<String>,
    statement: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Said {
    #[serde(rename = "Sid")]
    _sid: Option<String>,
    effect: String,
    action: Option<Value>,
    not_action: Option<Value>,
    resource: Option<Value>,
    not_resource: Option<Value>,
    #[serde(default)]
    condition: Map<String, Value>,
}

impl Policy {
    /// Reads a document. What is in it and means nothing here is an error, never passed over.
    pub fn read(text: &str) -> Result<Self, Unread> {
        let value: Value = serde_json::from_str(text).map_err(|error| Unread::NotJson(error.to_string()))?;
        let document: Document =
            serde_json::from_value(value).map_err(|error| Unread::Document(error.to_string()))?;
        // The older version knows no variables, and means the same otherwise.
        if !["2012-10-17", "2008-10-17"].contains(&document.version.as_str()) {
            return Err(Unread::Document(format!(
                "its Version is {}, not 2012-10-17",
                document.version
            )));
        }
        let statements = match document.statement {
            Value::Array(statements) => statements,
            one => vec![one],
        };
        let statements = statements
            .into_iter()
            .enumerate()
            .map(|(index, value)| {
                let which = value
                    .get("Sid")
                    .and_then(Value::as_str)
                    .map_or_else(|| (index + 1).to_string(), str::to_owned);
                Statement::read(value).map_err(|why| Unread::Statement { which, why })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { statements })
    }

    /// An explicit denial goes before every permission, and without a permission there is none.
    pub fn answers(&self, question: &Question) -> Answer {
        let mut answer = Answer::NotAllowed;
        for statement in self.statements.iter().filter(|one| one.is_about(question)) {
            if !statement.allows {
                return Answer::Denied;
            }
            answer = Answer::Allowed;
        }
        answer
    }
}

impl Statement {
    fn read(value: Value) -> Result<Self, String> {
        let said: Said = serde_json::from_value(value).map_err(|error| error.to_string())?;
        let allows = match said.effect.as_str() {
            "Allow" => true,
            "Deny" => false,
            other => return Err(format!("its Effect is {other}, not Allow or Deny")),
        };
        let mut actions = chosen("Action", said.action, said.not_action)?;
        if let Some(odd) = actions
            .patterns
            .iter()
            .find(|action| *action != "*" && !action.contains(':'))
        {
            return Err(format!("{odd} is no action: SERVICE:OPERATION is wanted"));
        }
        for action in &mut actions.patterns {
            action.make_ascii_lowercase();
        }
        let resources = chosen("Resource", said.resource, said.not_resource)?;
        let mut conditions = Vec::new();
        for (operator, keys) in &said.condition {
            let keys = keys
                .as_object()
                .ok_or_else(|| format!("{operator} has no keys"))?;
            for (key, values) in keys {
                conditions.push(Condition::read(operator, key, texts(values)?)?);
            }
        }
        Ok(Self {
            allows,
            actions,
            resources,
            conditions,
        })
    }

    fn is_about(&self, question: &Question) -> bool {
        self.actions.has(&question.action.to_ascii_lowercase())
            && self.resources.has(&question.resource)
            && self.conditions.iter().all(|condition| condition.holds(question))
    }
}

impl Chosen {
    fn has(&self, text: &str) -> bool {
        self.patterns.iter().any(|pattern| matches(pattern, text)) != self.others
    }
}

fn chosen(name: &str, these: Option<Value>, others: Option<Value>) -> Result<Chosen, String> {
    let (value, others) = match (these, others) {
        (Some(these), None) => (these, false),
        (None, Some(others)) => (others, true),
        _ => return Err(format!("it needs either {name} or Not{name}")),
    };
    let patterns = texts(&value)?;
    if patterns.is_empty() {
        return Err(format!("its {name} names nothing"));
    }
    Ok(Chosen { patterns, others })
}

/// One value or several; each a text, or what can be written as one.
fn texts(value: &Value) -> Result<Vec<String>, String> {
    let text = |value: &Value| match value {
        Value::String(text) if text.contains("${") => Err(format!(
            "{text} has a policy variable, which the lab does not fill in"
        )),
        Value::String(text) => Ok(text.clone()),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        other => Err(format!("{other} is not a text")),
    };
    match value {
        Value::Array(values) => values.iter().map(text).collect(),
        one => Ok(vec![text(one)?]),
    }
}
