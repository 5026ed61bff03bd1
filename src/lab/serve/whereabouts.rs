//! Where a running lab is: a small file that `lab up` leaves for the commands that come after it.

use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::{fs, io};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

const FILE: &str = "lab.json";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whereabouts {
    pub pid: u32,
    pub port: u16,
    pub started: Timestamp,
}

impl Whereabouts {
    /// The lab that was last started with this folder, if it left word. It may be gone by now: ask it.
    pub fn find(folder: &Path) -> io::Result<Option<Self>> {
        match fs::read(path(folder)) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub fn leave(&self, folder: &Path) -> io::Result<()> {
        // The journal of other commands is kept there, too.
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        // Whoever reads while this is written must not see half of it.
        let draft = folder.join(format!("{FILE}.{}", self.pid));
        fs::write(&draft, serde_json::to_vec(self)?)?;
        fs::rename(draft, path(folder))
    }

    /// Takes the word back, unless another lab has left its own since.
    pub fn take_back(&self, folder: &Path) -> io::Result<()> {
        if Self::find(folder)?.as_ref() != Some(self) {
            return Ok(());
        }
        fs::remove_file(path(folder))
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join(FILE)
}
