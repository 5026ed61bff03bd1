//! Everything that is tested from outside, in one binary so that the SDK is linked once.

mod any_bytes;
mod asides;
mod canaries;
mod clients;
mod crashes;
mod defects;
mod foreign;
mod health;
mod hostile_plans;
mod hostile_words;
mod initial;
mod least_privilege;
mod letters;
mod locking;
mod loopback;
mod mistakes;
mod pair;
mod pinned;
mod pipelines;
mod promises;
#[cfg(feature = "launch-templates")]
mod recreate;
mod releases;
mod rolling;
mod rooms;
mod rounds;
mod saved_plans;
mod schema;
mod secrets;
mod smoke;
mod status;
mod strategies;
mod support;
mod trouble;
mod users;
mod variants;
