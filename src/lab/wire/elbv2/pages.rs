//! Pages of a long list: `PageSize`, `Marker` and `NextMarker`.

use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;

/// What a page holds when nobody said, and the most it ever holds.
const MOST: i64 = 400;

/// A list's page that the input asks for, and the marker of the next one.
///
/// The items are in the order of their keys. A marker is the key of the last item seen, so that it stays good when items come
/// and go between two pages.
pub(super) fn page<T>(
    input: &Tree,
    mut items: Vec<T>,
    key: impl Fn(&T) -> String,
) -> Result<(Vec<T>, Option<Tree>), Refused> {
    let size = input.whole("PageSize")?.unwrap_or(MOST);
    if !(1..=MOST).contains(&size) {
        return Err(Refused::invalid(format!(
            "PageSize {size} is not between 1 and {MOST}"
        )));
    }
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    items.sort_by_key(&key);
    if let Some(marker) = input.text("Marker").filter(|marker| !marker.is_empty()) {
        items.retain(|item| key(item).as_str() > marker);
    }
    if items.len() <= size {
        return Ok((items, None));
    }
    items.truncate(size);
    let marker = items.last().map(|item| Tree::from(key(item)));
    Ok((items, marker))
}
