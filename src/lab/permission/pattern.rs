//! Wildcards: `*` stands for any number of characters, `?` for exactly one.

/// Whether a text is as a pattern says, letter case included.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut place) = (0, 0);
    // Where to take one more character into the last `*`.
    let mut retry: Option<(usize, usize)> = None;
    while place < text.len() {
        match pattern.get(at) {
            Some('*') => {
                retry = Some((at, place));
                at += 1;
            }
            Some(one) if *one == '?' || *one == text[place] => {
                at += 1;
                place += 1;
            }
            _ => match &mut retry {
                Some((star, taken)) => {
                    *taken += 1;
                    (at, place) = (*star + 1, *taken);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|left| *left == '*')
}

/// The same for ARNs in conditions, where a wildcard does not reach over a colon.
pub(super) fn matches_arn(pattern: &str, arn: &str) -> bool {
    let (pattern, arn): (Vec<&str>, Vec<&str>) =
        (pattern.splitn(6, ':').collect(), arn.splitn(6, ':').collect());
    pattern.len() == arn.len()
        && pattern
            .iter()
            .zip(arn)
            .all(|(pattern, part)| matches(pattern, part))
}
