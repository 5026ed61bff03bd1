//! `man`: a page for every command.

use std::path::Path;

use anyhow::Context;
use clap::CommandFactory;

use super::args::Cli;
use super::failure::Failure;

pub(super) fn run(dir: &Path) -> Result<u8, Failure> {
    std::fs::create_dir_all(dir)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), dir))
        .with_context(|| format!("the pages could not be written to {}", dir.display()))
        .map_err(Failure::unexpected)?;
    Ok(0)
}
