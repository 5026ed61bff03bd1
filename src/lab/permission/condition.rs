//! Conditions of a statement. An operator or key that is not here makes a policy unreadable: a condition that is
//! passed over would let somebody do what the policy does not.

use super::Question;
use super::pattern::{matches, matches_arn};

/// The keys that the lab can answer for, in small letters; `/` at the end stands for any tag.
const KEYS: &[&str] = &[
    "autoscaling:forcedelete",
    "autoscaling:launchtemplateversionspecified",
    "autoscaling:resourcetag/",
    "aws:requestedregion",
    "aws:requesttag/",
    "aws:resourcetag/",
    "aws:tagkeys",
    "ec2:createaction",
    "ec2:launchtemplate",
    "elasticloadbalancing:createaction",
    "elasticloadbalancing:resourcetag/",
    "iam:passedtoservice",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equals,
    NotEquals,
    Like,
    NotLike,
    Arn,
    Bool,
    Null,
}

const OPERATORS: &[(&str, Operator)] = &[
    ("StringEquals", Operator::Equals),
    ("StringNotEquals", Operator::NotEquals),
    ("StringLike", Operator::Like),
    ("StringNotLike", Operator::NotLike),
    // IAM makes no difference between the two.
    ("ArnEquals", Operator::Arn),
    ("ArnLike", Operator::Arn),
    ("Bool", Operator::Bool),
    ("Null", Operator::Null),
];

/// Which of a key's several values must fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Any,
    All,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    operator: Operator,
    of: Of,
    /// A key that is not there is as good as one that fits.
    if_exists: bool,
    key: String,
    values: Vec<String>,
}

impl Condition {
    pub(super) fn read(operator: &str, key: &str, values: Vec<String>) -> Result<Self, String> {
        let (of, name) = match operator.split_once(':') {
            None => (Of::Any, operator),
            Some(("ForAnyValue", name)) => (Of::Any, name),
            Some(("ForAllValues", name)) => (Of::All, name),
            Some(_) => return Err(unknown_operator(operator)),
        };
        let (name, if_exists) = match name.strip_suffix("IfExists") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let operator = OPERATORS
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, operator)| *operator)
            .ok_or_else(|| unknown_operator(operator))?;
        let small = key.to_ascii_lowercase();
        let known = KEYS.iter().any(|known| match known.strip_suffix('/') {
            Some(_) => small.starts_with(known) && small.len() > known.len(),
            None => small == *known,
        });
        if !known {
            return Err(format!(
                "the condition key {key} is not one that the lab can answer for; those are {}",
                KEYS.join(" ")
            ));
        }
        if values.is_empty() {
            return Err(format!("the condition on {key} has no value"));
        }
        if matches!(operator, Operator::Bool | Operator::Null)
            && let Some(odd) = values
                .iter()
                .find(|value| !["true", "false"].contains(&value.as_str()))
        {
            return Err(format!("the condition on {key} is {odd}, not true or false"));
        }
        Ok(Self {
            operator,
            of,
            if_exists,
            key: small,
            values,
        })
    }

    pub(super) fn holds(&self, question: &Question) -> bool {
        let given = question.values(&self.key);
        if self.operator == Operator::Null {
            return self
                .values
                .iter()
                .any(|value| (value == "true") == given.is_none());
        }
        let negated = matches!(self.operator, Operator::NotEquals | Operator::NotLike);
        let Some(given) = given else {
            return self.if_exists || negated || self.of == Of::All;
        };
        let fits = |one: &String| self.values.iter().any(|value| self.fits(value, one)) != negated;
        match self.of {
            Of::Any => given.iter().any(fits),
            Of::All => given.iter().all(fits),
        }
    }

    fn fits(&self, value: &str, given: &str) -> bool {
        match self.operator {
            Operator::Like | Operator::NotLike => matches(value, given),
            Operator::Arn => matches_arn(value, given),
            _ => value == given,
        }
    }
}

fn unknown_operator(operator: &str) -> String {
    let known: Vec<&str> = OPERATORS.iter().map(|(name, _)| *name).collect();
    format!(
        "the condition operator {operator} is not one that the lab has; those are {}, with ForAllValues:, ForAnyValue: and IfExists",
        known.join(" ")
    )
}
