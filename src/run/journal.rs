//! The journal: every event of a run in a file, for people and history. Nothing is decided from it.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::model::event::{Event, EventKind, Reporter};

/// Writes one run.
#[derive(Debug)]
pub struct Journal {
    file: BufWriter<File>,
    seen: fn(&str) -> Cow<'_, str>,
}

impl Journal {
    /// Opens a new file for this run in the app's folder.
    pub fn create(folder: &Path, app: &str, run: &str, now: Timestamp) -> io::Result<Self> {
        let folder = folder_of(folder, app);
        private_folder(&folder)?;
        let name = format!("{}-{run}.jsonl", now.strftime("%Y%m%dT%H%M%SZ"));
        let file = private_file(&folder.join(name))?;
        Ok(Self {
            file: BufWriter::new(file),
            seen: |line| line.into(),
        })
    }

    /// How JSON is written in which people can see everything.
    pub fn seen_as(self, seen: fn(&str) -> Cow<'_, str>) -> Self {
        Self { seen, ..self }
    }
}

impl Reporter for Journal {
    fn on(&mut self, event: &Event) -> io::Result<()> {
        let line = serde_json::to_string(event)?;
        self.file.write_all((self.seen)(&line).as_bytes())?;
        self.file.write_all(b"\n")?;
        // Killed at any moment: what happened so far must be there.
        self.file.flush()
    }
}

/// The events of one run. A line that cannot be read ends it: it was being written when the run was killed.
pub fn read(file: impl Read) -> Vec<Event> {
    BufReader::new(file)
        .lines()
        .map_while(|line| serde_json::from_str(&line.ok()?).ok())
        .collect()
}

/// Every run recorded here, oldest first.
pub fn runs(folder: &Path, app: &str) -> io::Result<Vec<Vec<Event>>> {
    let folder = folder_of(folder, app);
    let mut files: Vec<PathBuf> = match fs::read_dir(&folder) {
        Ok(entries) => entries
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
            .collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    files.sort();
    let mut all = Vec::new();
    for path in files {
        let events = read(File::open(path)?);
        if matches!(events.first(), Some(event) if matches!(event.kind, EventKind::RunStarted { .. })) {
            all.push(events);
        }
    }
    Ok(all)
}

/// What happened to production is nobody else's business on a machine that is shared.
fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn private_file(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn folder_of(folder: &Path, app: &str) -> PathBuf {
    let safe: String = app
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '-' || c == '_' {
                c
            } else {
                '-'
            }
        })
        .collect();
    folder.join(safe)
}
