//! What an instance says, in a file that does not grow without bound.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// How large a log grows. Then it becomes the earlier log, and the one that was the earlier is gone.
pub(super) const BOUND: u64 = 512 * 1024;

/// The end of a log's name once it is the earlier one.
pub(super) const EARLIER: &str = "1";

#[derive(Clone, Debug)]
pub(super) struct Log {
    to: Arc<Mutex<Pages>>,
}

#[derive(Debug)]
struct Pages {
    path: PathBuf,
    file: File,
    size: u64,
}

impl Log {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = File::options().create(true).append(true).open(path)?;
        let size = file.metadata()?.len();
        Ok(Self {
            to: Arc::new(Mutex::new(Pages {
                path: path.to_owned(),
                file,
                size,
            })),
        })
    }

    /// A line of the machine's own, told from what its program says.
    pub(super) fn say(&self, line: &str) {
        // There is nowhere else to say that the log cannot be written.
        let _ = self.write(format!("[lab] {line}\n").as_bytes());
    }

    /// Everything that comes, until nobody can write any more.
    pub(super) fn copy(&self, mut from: impl Read) {
        let mut piece = [0; 8 * 1024];
        loop {
            match from.read(&mut piece) {
                Ok(0) => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return,
                // A program must not stop because a disk is full.
                Ok(count) => drop(self.write(&piece[..count])),
            }
        }
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let mut pages = self.to.lock().unwrap_or_else(PoisonError::into_inner);
        if pages.size + bytes.len() as u64 > BOUND {
            fs::rename(&pages.path, pages.path.with_extension(EARLIER))?;
            pages.file = File::options().create(true).append(true).open(&pages.path)?;
            pages.size = 0;
        }
        pages.size += bytes.len() as u64;
        pages.file.write_all(bytes)
    }
}
