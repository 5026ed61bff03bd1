//! An expression's value over the series it names.

use super::Expression;
use super::functions::call;
use super::value::{Line, Value};

/// What an expression can refer to, and the time it is evaluated over.
pub(in crate::lab::world::watch) trait Names {
    /// The value of another query.
    fn value(&mut self, name: &str) -> Result<Value, String>;

    /// All metrics of the call whose id contains a text, for `METRICS`.
    fn metrics(&mut self, containing: &str) -> Result<Vec<Line>, String>;

    /// The period of a series that is made of a number.
    fn period(&self) -> i64;

    /// The begin of every period in the time asked for.
    fn times(&self, period: i64) -> Vec<i64>;
}

pub(in crate::lab::world::watch) fn evaluate(
    expression: &Expression,
    names: &mut dyn Names,
) -> Result<Value, String> {
    match expression {
        Expression::Number(number) => Ok(Value::Number(*number)),
        Expression::Text(text) => Ok(Value::Text(text.clone())),
        Expression::Name(name) => names.value(name),
        Expression::Negative(inside) => evaluate(inside, names)?.map(|value| -value),
        Expression::Array(elements) => {
            let mut lines = Vec::new();
            for element in elements {
                match evaluate(element, names)? {
                    Value::Line(line) => lines.push(line),
                    Value::Lines(more) => lines.extend(more),
                    other => return Err(format!("An array holds time series, not a {}", other.kind())),
                }
            }
            Ok(Value::Lines(lines))
        }
        Expression::Binary(operator, left, right) => {
            let (left, right) = (evaluate(left, names)?, evaluate(right, names)?);
            left.join(&right, &|left, right| operator.apply(left, right))
        }
        Expression::Call(function, arguments) => call(function, arguments, names),
    }
}
