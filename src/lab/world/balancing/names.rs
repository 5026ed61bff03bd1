//! What load balancers and target groups may be called.

use crate::lab::refusal::Refused;

const LONGEST: usize = 32;

/// `what` is "Load balancer" or "Target group".
pub(super) fn check(what: &str, name: &str) -> Result<(), Refused> {
    let refuse = |why: &str| Err(Refused::invalid(format!("{what} name '{name}' {why}")));
    if name.is_empty() || name.chars().count() > LONGEST {
        return refuse("must have between 1 and 32 characters");
    }
    if !name
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
    {
        return refuse("can only contain alphanumeric characters and hyphens");
    }
    if name.starts_with('-') || name.ends_with('-') {
        return refuse("cannot begin or end with a hyphen");
    }
    Ok(())
}
