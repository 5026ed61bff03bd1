//! `completions`: for the shells.

use clap::CommandFactory;

use super::args::Cli;
use super::failure::Failure;
use super::session::hand_over;

pub(super) fn run(shell: clap_complete::Shell) -> Result<u8, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "swingbridge", &mut text);
    hand_over(&String::from_utf8_lossy(&text))?;
    Ok(0)
}
