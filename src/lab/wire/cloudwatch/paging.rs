//! Lists in pages: a token says how far the pages before it went.

use crate::lab::refusal::Refused;

/// One page of a list that begins where the last one ended, and the token of the next, if there is more.
pub(super) fn page<T>(
    items: impl IntoIterator<Item = T>,
    token: Option<&str>,
    size: usize,
) -> Result<(Vec<T>, Option<String>), Refused> {
    let [start] = read_token(token)?;
    let mut rest = items.into_iter().skip(start);
    let page: Vec<T> = rest.by_ref().take(size).collect();
    let next = rest.next().map(|_| write_token([start + page.len()]));
    Ok((page, next))
}

/// A page's size: what was asked for within 1 and `most`.
pub(super) fn size(asked: Option<i64>, default: usize, most: usize) -> Result<usize, Refused> {
    let Some(asked) = asked else { return Ok(default) };
    let size = usize::try_from(asked)
        .ok()
        .filter(|size| (1..=most).contains(size));
    size.ok_or_else(|| {
        Refused::new(
            "InvalidParameterValue",
            format!("MaxRecords must be from 1 to {most}, and is {asked}."),
        )
    })
}

pub(super) fn write_token<const N: usize>(places: [usize; N]) -> String {
    let places: Vec<_> = places.iter().map(usize::to_string).collect();
    format!("next-{}", places.join("-"))
}

/// No token means the start.
pub(super) fn read_token<const N: usize>(token: Option<&str>) -> Result<[usize; N], Refused> {
    let Some(token) = token else { return Ok([0; N]) };
    let places = token
        .strip_prefix("next-")
        .map(|places| places.split('-').map(str::parse).collect::<Result<Vec<_>, _>>());
    let places = places
        .and_then(Result::ok)
        .and_then(|places| places.try_into().ok());
    places.ok_or_else(|| {
        Refused::new(
            "InvalidNextToken",
            format!("The NextToken {token} is not one that was given out."),
        )
    })
}
