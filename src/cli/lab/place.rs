//! Where a lab is found: the port that was asked for, or the one that the last lab left word of.

use std::path::PathBuf;

use super::args::Where;
use crate::cli::session::env;
use crate::lab::serve::client::Client;
use crate::lab::serve::whereabouts::Whereabouts;

/// Beside the usual port of other emulators.
pub(super) const USUAL_PORT: u16 = 4600;

/// Where word of a running lab is left, for this user.
pub(super) fn folder() -> Option<PathBuf> {
    let state = env("XDG_STATE_HOME").map(PathBuf::from);
    let home = env("HOME").map(|home| PathBuf::from(home).join(".local/state"));
    Some(state.or(home)?.join("swingbridge"))
}

/// The lab that is meant.
pub(super) fn lab(place: &Where) -> Client {
    let left = || Whereabouts::find(&folder()?).ok().flatten().map(|word| word.port);
    Client::new(place.port.or_else(left).unwrap_or(USUAL_PORT))
}
