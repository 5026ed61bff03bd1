//! What reads bytes that somebody else wrote: each function here gives any bytes to one such reader, and
//! fails when it panics or breaks its word. The fuzzers call them, and so does `cargo test`.

#![allow(
    unreachable_pub,
    reason = "the tests of the product take this file in as a module"
)]

mod answers;
mod config;
mod estate;
mod journal;
mod parrot;
mod plan_file;
mod readings;
mod release;
mod tags;
mod wire;

pub use answers::answers;
pub use config::config;
pub use estate::estate;
pub use journal::journal;
pub use plan_file::plan_file;
pub use readings::{judged, readings};
pub use release::release;
pub use tags::tags;
pub use wire::{outcomes as wire_outcomes, wire};

/// A target by the name of its corpus.
pub type Target = (&'static str, fn(&[u8]));

pub const ALL: &[Target] = &[
    ("answers", answers),
    ("config", config),
    ("estate", estate),
    ("journal", journal),
    ("plan_file", plan_file),
    ("readings", readings),
    ("release", release),
    ("tags", tags),
    ("wire", wire),
];
