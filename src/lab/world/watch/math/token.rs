//! An expression's text cut into tokens.

use super::Operator;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Number(f64),
    Text(String),
    Name(String),
    Operator(Operator),
    Open,
    Close,
    OpenArray,
    CloseArray,
    Comma,
}

const SIGNS: [(&str, Token); 20] = [
    ("<=", Token::Operator(Operator::LessOrEqual)),
    (">=", Token::Operator(Operator::GreaterOrEqual)),
    ("==", Token::Operator(Operator::Equal)),
    ("!=", Token::Operator(Operator::NotEqual)),
    ("<>", Token::Operator(Operator::NotEqual)),
    ("&&", Token::Operator(Operator::And)),
    ("||", Token::Operator(Operator::Or)),
    ("<", Token::Operator(Operator::Less)),
    (">", Token::Operator(Operator::Greater)),
    ("=", Token::Operator(Operator::Equal)),
    ("+", Token::Operator(Operator::Add)),
    ("-", Token::Operator(Operator::Subtract)),
    ("*", Token::Operator(Operator::Multiply)),
    ("/", Token::Operator(Operator::Divide)),
    ("^", Token::Operator(Operator::Power)),
    ("(", Token::Open),
    (")", Token::Close),
    ("[", Token::OpenArray),
    ("]", Token::CloseArray),
    (",", Token::Comma),
];

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '0'..='9' | '.' => number(rest)?,
            'a'..='z' | 'A'..='Z' | '_' => name(rest),
            '"' | '\'' => quoted(rest, first)?,
            _ => {
                let (sign, token) = SIGNS
                    .iter()
                    .find(|(sign, _)| rest.starts_with(sign))
                    .ok_or_else(|| format!("Unexpected character '{first}'"))?;
                (token.clone(), sign.len())
            }
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

fn number(rest: &str) -> Result<(Token, usize), String> {
    let digits = |text: &str| {
        text.bytes()
            .take_while(|byte| byte.is_ascii_digit() || *byte == b'.')
            .count()
    };
    let mut length = digits(rest);
    if let Some(exponent) = rest[length..].strip_prefix(['e', 'E']) {
        let signed = usize::from(exponent.starts_with(['+', '-']));
        let exponent = exponent[signed..].bytes().take_while(u8::is_ascii_digit).count();
        if exponent > 0 {
            length += 1 + signed + exponent;
        }
    }
    let text = &rest[..length];
    let number = text.parse().map_err(|_| format!("'{text}' is not a number"))?;
    Ok((Token::Number(number), length))
}

fn name(rest: &str) -> (Token, usize) {
    let length = rest
        .bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        .count();
    let token = match &rest[..length] {
        "AND" => Token::Operator(Operator::And),
        "OR" => Token::Operator(Operator::Or),
        name => Token::Name(name.to_owned()),
    };
    (token, length)
}

fn quoted(rest: &str, quote: char) -> Result<(Token, usize), String> {
    let inside = &rest[1..];
    let end = inside
        .find(quote)
        .ok_or_else(|| format!("The text that begins with {quote} has no end"))?;
    Ok((Token::Text(inside[..end].to_owned()), end + 2))
}
