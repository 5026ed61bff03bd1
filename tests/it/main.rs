//! Everything that is tested from outside, in one binary so that the SDK is linked once.

mod foreign;
mod lifecycle;
mod pipelines;
mod rooms;
mod strategies;
mod support;
