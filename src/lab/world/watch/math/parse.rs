//! Text to expression: a Pratt parser.

use super::token::{Token, tokens};
use super::{Expression, Operator};

/// How deeply an expression may be nested, so that no text can exhaust the stack.
const DEPTH: usize = 64;

/// Stronger than any operator but the power: `-2 ^ 2` is -4.
const NEGATIVE: u8 = 13;

pub(in crate::lab::world::watch) fn parse(text: &str) -> Result<Expression, String> {
    let mut parser = Parser {
        tokens: tokens(text)?.into_iter().peekable(),
        depth: 0,
    };
    let expression = parser.expression(0)?;
    match parser.tokens.next() {
        None => Ok(expression),
        Some(token) => Err(format!("Unexpected {} after the expression", said(&token))),
    }
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    depth: usize,
}

impl Parser {
    fn expression(&mut self, weakest: u8) -> Result<Expression, String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err("The expression is nested too deeply".to_owned());
        }
        let mut left = self.operand()?;
        while let Some(&Token::Operator(operator)) = self.tokens.peek() {
            let (before, after) = strength(operator);
            if before < weakest {
                break;
            }
            self.tokens.next();
            left = Expression::Binary(operator, Box::new(left), Box::new(self.expression(after)?));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn operand(&mut self) -> Result<Expression, String> {
        match self.tokens.next() {
            Some(Token::Number(number)) => Ok(Expression::Number(number)),
            Some(Token::Text(text)) => Ok(Expression::Text(text)),
            Some(Token::Operator(Operator::Subtract)) => {
                Ok(Expression::Negative(Box::new(self.expression(NEGATIVE)?)))
            }
            Some(Token::Open) => {
                let inside = self.expression(0)?;
                self.expect(&Token::Close)?;
                Ok(inside)
            }
            Some(Token::OpenArray) => Ok(Expression::Array(self.list(&Token::CloseArray)?)),
            Some(Token::Name(name)) => {
                if self.tokens.next_if_eq(&Token::Open).is_some() {
                    return Ok(Expression::Call(name, self.list(&Token::Close)?));
                }
                Ok(Expression::Name(name))
            }
            Some(token) => Err(format!("Unexpected {}", said(&token))),
            None => Err("The expression ends too early".to_owned()),
        }
    }

    fn list(&mut self, end: &Token) -> Result<Vec<Expression>, String> {
        let mut elements = Vec::new();
        if self.tokens.next_if_eq(end).is_some() {
            return Ok(elements);
        }
        loop {
            elements.push(self.expression(0)?);
            if self.tokens.next_if_eq(&Token::Comma).is_none() {
                self.expect(end)?;
                return Ok(elements);
            }
        }
    }

    fn expect(&mut self, wanted: &Token) -> Result<(), String> {
        match self.tokens.next() {
            Some(token) if token == *wanted => Ok(()),
            Some(token) => Err(format!(
                "Unexpected {} where {} is wanted",
                said(&token),
                said(wanted)
            )),
            None => Err(format!("The expression ends where {} is wanted", said(wanted))),
        }
    }
}

/// How strongly an operator binds what is before it and what is after it.
fn strength(operator: Operator) -> (u8, u8) {
    match operator {
        Operator::Or => (1, 2),
        Operator::And => (3, 4),
        Operator::Equal
        | Operator::NotEqual
        | Operator::Less
        | Operator::LessOrEqual
        | Operator::Greater
        | Operator::GreaterOrEqual => (5, 6),
        Operator::Add | Operator::Subtract => (7, 8),
        Operator::Multiply | Operator::Divide => (9, 10),
        // The only one that groups from the right.
        Operator::Power => (15, 14),
    }
}

fn said(token: &Token) -> String {
    match token {
        Token::Number(number) => format!("'{number}'"),
        Token::Text(text) => format!("\"{text}\""),
        Token::Name(name) => format!("'{name}'"),
        Token::Operator(operator) => format!("operator {operator:?}"),
        Token::Open => "'('".to_owned(),
        Token::Close => "')'".to_owned(),
        Token::OpenArray => "'['".to_owned(),
        Token::CloseArray => "']'".to_owned(),
        Token::Comma => "','".to_owned(),
    }
}
