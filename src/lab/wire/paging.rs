//! Pages of a list: a token says after how many items the next one begins.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;

use crate::lab::refusal::Refused;

/// One page of `items`, and the token of the next one if there is one.
pub(in crate::lab) fn page<T>(
    items: Vec<T>,
    token: Option<&str>,
    size: usize,
) -> Result<(Vec<T>, Option<String>), Refused> {
    let begin = match token.filter(|token| !token.is_empty()) {
        Some(token) => beginning(token).ok_or_else(|| {
            Refused::new(
                "InvalidNextToken",
                format!("The token {token} is not one that the lab gave"),
            )
        })?,
        None => 0,
    };
    let end = begin.saturating_add(size);
    let next = (items.len() > end).then(|| BASE64.encode(format!("after:{end}")));
    Ok((items.into_iter().skip(begin).take(size).collect(), next))
}

fn beginning(token: &str) -> Option<usize> {
    let text = String::from_utf8(BASE64.decode(token).ok()?).ok()?;
    text.strip_prefix("after:")?.parse().ok()
}
