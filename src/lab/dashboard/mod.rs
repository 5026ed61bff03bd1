//! What the lab shows of itself: one picture of everything in it, and the page that draws the picture.

pub mod picture;
mod rates;
mod survey;
mod words;

#[cfg(test)]
mod tests;

pub use picture::{Action, Picture};
pub(in crate::lab) use rates::{Rates, Tally};
pub(in crate::lab) use survey::{Found, survey};

/// The page: it has no other part, and reads the picture from the lab it came from.
pub const PAGE: &str = include_str!("../../../templates/lab-dashboard.html");
