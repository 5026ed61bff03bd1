//! `lab`: an ALB and its groups on this machine.

pub(super) mod args;
mod place;
pub(super) mod tell;
pub(super) mod up;

use super::args::Global;
use super::failure::Failure;
use crate::lab::instances::child;
use args::LabWhat;

pub(super) async fn run(global: &Global, what: &LabWhat) -> Result<u8, Failure> {
    match what {
        LabWhat::Up(args) => up::run(global, args).await,
        LabWhat::Status(args) => tell::status(args).await,
        LabWhat::Reset(place) => tell::reset(place).await,
        LabWhat::Fault(args) => tell::fault(args).await,
        LabWhat::Down(place) => tell::down(place).await,
        LabWhat::Instance => {
            child::main().await;
            Ok(0)
        }
    }
}
