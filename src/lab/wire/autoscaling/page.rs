//! Pages of lists: at most so many at once, and a token for where the next begins.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;

/// Ours are told from others' by it.
const MARK: &str = "after:";

/// The page of `items` that `MaxRecords` and `NextToken` ask for, under `name`. Every item has a key of its own,
/// by which the next page is found even when the list has changed meanwhile.
pub(super) fn page(
    name: &str,
    items: Vec<(String, Tree)>,
    input: &Tree,
    usual: usize,
    most: usize,
) -> Result<Tree, Refused> {
    let size = match input.whole("MaxRecords")? {
        None => usual,
        Some(asked) => usize::try_from(asked)
            .ok()
            .filter(|asked| (1..=most).contains(asked))
            .ok_or_else(|| Refused::invalid(format!("MaxRecords is {asked}; it must be 1 to {most}")))?,
    };
    let from = match input.text("NextToken").filter(|token| !token.is_empty()) {
        Some(token) => place_after(&items, &read(token)?),
        None => 0,
    };
    let more = items.len() > from + size;
    let shown: Vec<(String, Tree)> = items.into_iter().skip(from).take(size).collect();
    let next = shown
        .last()
        .filter(|_| more)
        .map(|(key, _)| BASE64_URL_SAFE_NO_PAD.encode(format!("{MARK}{key}")));
    let shown = Tree::list(shown.into_iter().map(|(_, item)| item));
    Ok(Tree::map()
        .with(name, shown)
        .with("NextToken", next.map(Tree::from)))
}

fn read(token: &str) -> Result<String, Refused> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.and_then(|text| text.strip_prefix(MARK).map(str::to_owned))
        .ok_or_else(|| Refused::new("InvalidNextToken", format!("The token '{token}' is invalid.")))
}

fn place_after(items: &[(String, Tree)], key: &str) -> usize {
    match items.iter().position(|(own, _)| own == key) {
        Some(place) => place + 1,
        // The last item of the page before is gone meanwhile; lists by name go on behind its place.
        None => items
            .iter()
            .position(|(own, _)| own.as_str() > key)
            .unwrap_or(items.len()),
    }
}
