//! What is written down of rounds: a line for each in a file, and all there is about one that went wrong.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::play::Played;

/// More of them say nothing more.
const COMPLAINTS: usize = 20;

/// `target/killed-under-load`: the log of all runs, and a folder's worth of files about each failure.
pub(super) struct Log {
    folder: PathBuf,
    file: File,
    wanted: usize,
    rounds: usize,
    requests: usize,
    failed: usize,
    took: Duration,
    wrong: Vec<String>,
}

impl Log {
    pub(super) fn open(wanted: usize) -> Self {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("target");
        let folder = target.join("killed-under-load");
        fs::create_dir_all(&folder).expect("a folder");
        let file = File::options()
            .create(true)
            .append(true)
            .open(folder.join("log"))
            .expect("a log");
        Self {
            folder,
            file,
            wanted,
            rounds: 0,
            requests: 0,
            failed: 0,
            took: Duration::ZERO,
            wrong: Vec::new(),
        }
    }

    /// Says how a round went, and whether it went well.
    pub(super) fn note(&mut self, played: &Played) -> bool {
        self.rounds += 1;
        self.requests += played.ledger.len();
        self.failed += played.failed();
        self.took += played.took;
        self.say(&format!("{}/{} {}", self.rounds, self.wanted, played.line()));
        let is_well = played.complaints.is_empty();
        if !is_well {
            let wrong = self.about(played).expect("the folder takes files");
            self.wrong.push(wrong);
        }
        is_well
    }

    /// Into the file and, since a whole run lasts, past the test harness to whoever waits.
    fn say(&mut self, line: &str) {
        writeln!(self.file, "{line}").expect("the log takes lines");
        let _ = writeln!(io::stderr(), "{line}");
    }

    /// Writes down the ledger and the timeline, and gives what a person reads first.
    fn about(&self, played: &Played) -> io::Result<String> {
        let name = played.round.to_string().replace(':', "-");
        let place = |what: &str| self.folder.join(format!("{name}.{what}"));
        let mut ledger = BufWriter::new(File::create(place("ledger"))?);
        played.ledger.write_lines(&mut ledger)?;
        ledger.flush()?;
        let timeline: String = played.timeline.iter().map(|one| format!("{one}\n")).collect();
        fs::write(place("timeline"), &timeline)?;
        fs::write(place("complaints"), played.complaints.join("\n"))?;
        let first: Vec<&str> = played
            .complaints
            .iter()
            .take(COMPLAINTS)
            .map(String::as_str)
            .collect();
        let marks: Vec<String> = played
            .ledger
            .marks
            .iter()
            .map(|mark| format!("{} {}", played.ledger.clock(mark.at), mark.text))
            .collect();
        Ok(format!(
            "{}\nalone again: SWINGBRIDGE_ROUND={} cargo test --test it rounds\nall of it: {}\n{}\n\
             -- the round\n{}\n-- the lab\n{timeline}",
            played.line(),
            played.round,
            place("*").display(),
            first.join("\n"),
            marks.join("\n"),
        ))
    }

    /// Fails when a round did.
    pub(super) fn finish(mut self) {
        let line = format!(
            "{} rounds, {} requests, {} failed, {} rounds went wrong; {:.0} s",
            self.rounds,
            self.requests,
            self.failed,
            self.wrong.len(),
            self.took.as_secs_f64()
        );
        self.say(&line);
        assert!(self.wrong.is_empty(), "{line}\n\n{}", self.wrong.join("\n\n"));
    }
}
