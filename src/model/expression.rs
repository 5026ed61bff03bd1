//! Metric math as far as we must understand it: which ids it names, and how to call them otherwise.

/// The ids that an expression names, in their order. Functions and operators begin with an upper case letter, ids never.
pub fn ids(expression: &str) -> Vec<&str> {
    words(expression)
        .filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase()))
        .collect()
}

/// The functions that an expression calls, and its other words that are no ids.
pub fn functions(expression: &str) -> Vec<&str> {
    words(expression)
        .filter(|word| word.starts_with(|c: char| c.is_ascii_uppercase()))
        .collect()
}

/// The same expression with every id behind this prefix.
pub fn prefixed(expression: &str, prefix: &str) -> String {
    tokens(expression)
        .map(|token| match token {
            Token::Word(word) if word.starts_with(|c: char| c.is_ascii_lowercase()) => {
                format!("{prefix}{word}")
            }
            Token::Word(text) | Token::Other(text) => text.to_owned(),
        })
        .collect()
}

enum Token<'a> {
    Word(&'a str),
    /// A number, a sign, white space, or text in quotes.
    Other(&'a str),
}

fn words(expression: &str) -> impl Iterator<Item = &str> {
    tokens(expression).filter_map(|token| match token {
        Token::Word(word) => Some(word),
        Token::Other(_) => None,
    })
}

fn tokens(expression: &str) -> impl Iterator<Item = Token<'_>> {
    let mut rest = expression;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let length = match first {
            '"' | '\'' => rest[1..].find(first).map_or(rest.len(), |end| end + 2),
            // Digits belong to the number or to the word that they stand in: `1e3` names nothing.
            c if is_word(c) => rest.find(|c: char| !is_word(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        rest = after;
        Some(if first.is_ascii_alphabetic() {
            Token::Word(token)
        } else {
            Token::Other(token)
        })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_ids_are_called_otherwise() {
        let table = [
            ("m1 / m2 * 100", "c_m1 / c_m2 * 100"),
            ("IF(m1 > 1e3, m1, 0)", "IF(c_m1 > 1e3, c_m1, 0)"),
            ("FILL(orders,0)/SUM([a,b])", "FILL(c_orders,0)/SUM([c_a,c_b])"),
            ("ANOMALY_DETECTION_BAND(m1, 2)", "ANOMALY_DETECTION_BAND(c_m1, 2)"),
            ("SUM(METRICS('m'))", "SUM(METRICS('m'))"),
            ("m1+m11", "c_m1+c_m11"),
            ("FILL(m1, 'unterminated m2", "FILL(c_m1, 'unterminated m2"),
            ("", ""),
        ];
        for (expression, expected) in table {
            assert_eq!(prefixed(expression, "c_"), expected);
        }
    }

    #[test]
    fn ids_and_functions_are_told_apart() {
        let expression = "IF(m1 > 1e3 AND RATE(m_2) < 2, m1, 'm3')";
        assert_eq!(ids(expression), ["m1", "m_2", "m1"]);
        assert_eq!(functions(expression), ["IF", "AND", "RATE"]);
    }

    proptest! {
        #![proptest_config(crate::cases::cases(200))]

        #[test]
        fn an_expression_is_never_changed_but_for_its_ids(expression in "[a-z0-9A-Z_ ()+*/'\"é-]{0,40}") {
            prop_assert_eq!(prefixed(&expression, ""), expression.clone());
            let names = ids(&expression).len();
            prop_assert_eq!(prefixed(&expression, "zz").len(), expression.len() + 2 * names);
        }
    }
}
