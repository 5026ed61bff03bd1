//! Metric math: expressions over time series, as `GetMetricData` and alarms take them.

mod evaluate;
mod functions;
mod parse;
mod token;
mod value;

#[cfg(test)]
mod tests;

pub(super) use evaluate::{Names, evaluate};
pub(super) use parse::parse;
pub(in crate::lab) use value::Line;
pub(super) use value::Value;

/// An expression as it was understood.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) enum Expression {
    Number(f64),
    Text(String),
    /// Another query's id, or a keyword of a function.
    Name(String),
    Array(Vec<Expression>),
    Negative(Box<Expression>),
    Binary(Operator, Box<Expression>, Box<Expression>),
    Call(String, Vec<Expression>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lab) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
}

impl Operator {
    fn apply(self, left: f64, right: f64) -> f64 {
        let truth = |holds: bool| f64::from(u8::from(holds));
        match self {
            Self::Or => truth(left != 0.0 || right != 0.0),
            Self::And => truth(left != 0.0 && right != 0.0),
            Self::Equal => truth(left == right),
            Self::NotEqual => truth(left != right),
            Self::Less => truth(left < right),
            Self::LessOrEqual => truth(left <= right),
            Self::Greater => truth(left > right),
            Self::GreaterOrEqual => truth(left >= right),
            Self::Add => left + right,
            Self::Subtract => left - right,
            Self::Multiply => left * right,
            Self::Divide => left / right,
            Self::Power => left.powf(right),
        }
    }
}
