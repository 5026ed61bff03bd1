//! The proof: whole deployments on the lab in virtual time, through the real adapter and the real SDK; killed, failed
//! and raced at every single call, with every route and every door watched at every instant.
//!
//! `cargo test --test proof` runs a slice of it; `cargo test --test proof -- --whole` all of it, and with `--list` only
//! names every cell; `--every` all of it with nothing by turns, which are hours;
//! `cargo test --test proof -- NAME` every cell whose name contains `NAME`, in which `*` stands for anything, whether or
//! not it is in the slice.

mod calm;
mod cell;
mod chance;
mod crash;
mod faults;
mod life;
mod lives;
mod operator;
mod oracle;
mod outcome;
mod prefix;
mod races;
mod settings;
mod shape;
mod stage;
mod strangers;
mod tap;
mod users;

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use cell::Book;
use life::Life;

/// One command of one life in one matrix.
struct Job<'a> {
    matrix: &'static str,
    life: &'a Life,
    at: usize,
    run: Run,
}

/// Runs every cell of one command.
type Run = fn(&Book, &Life, usize);

const MATRICES: &[(&str, Run)] = &[
    ("calm", calm::run),
    ("chance", chance::run),
    ("crash", crash::run),
    ("faults", faults::run),
    ("races", races::run),
];

/// How many violations are told in full.
const TOLD: usize = 5;

fn main() -> ExitCode {
    let (flags, only): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|word| word.starts_with("--"));
    if let Some(seed) = flags
        .iter()
        .find_map(|flag| flag.strip_prefix("--seed=")?.parse().ok())
    {
        stage::SEED.get_or_init(|| seed);
    }
    let asked = |wanted: &str| flags.iter().any(|flag| flag == wanted);
    if asked("--every") {
        prefix::take_every();
    }
    let book = Book {
        whole: asked("--whole") || asked("--every"),
        lists: asked("--list"),
        only,
        cells: AtomicUsize::new(0),
        left_out: AtomicUsize::new(0),
        never_met: AtomicUsize::new(0),
        violations: Mutex::default(),
    };
    let lives = lives::lives();
    let mut code = ExitCode::SUCCESS;
    for (matrix, run) in MATRICES {
        if !prove(matrix, *run, &lives, &book) {
            code = ExitCode::FAILURE;
        }
    }
    code
}

/// Runs one matrix and says how large it was. Says whether it holds.
fn prove(matrix: &'static str, run: Run, lives: &[Life], book: &Book) -> bool {
    let began = Instant::now();
    let jobs: Mutex<Vec<Job<'_>>> = Mutex::new(
        lives
            .iter()
            .flat_map(|life| {
                let proven = (0..life.commands.len()).filter(|at| !life.is_there_for_the_next(*at));
                proven.map(move |at| Job {
                    matrix,
                    life,
                    at,
                    run,
                })
            })
            .collect(),
    );
    std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        for _ in 0..threads {
            // As large as a process's main thread, on which commands run.
            let thread = std::thread::Builder::new().stack_size(32 << 20);
            let worker = || {
                loop {
                    let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).pop();
                    let Some(job) = job else { break };
                    let began = Instant::now();
                    // A command that does not go well even when nothing happens to it has no cells.
                    book.holds(
                        &format!("{}/{}", job.matrix, job.life.command_name(job.at)),
                        || {
                            (job.run)(book, job.life, job.at);
                            Ok(())
                        },
                    );
                    if book.whole {
                        say(&format!(
                            "  {}/{} {:.0?}",
                            job.matrix,
                            job.life.command_name(job.at),
                            began.elapsed()
                        ));
                    }
                }
            };
            thread.spawn_scoped(scope, worker).expect("a thread");
        }
    });
    let cells = book.cells.swap(0, Ordering::Relaxed);
    let left_out = book.left_out.swap(0, Ordering::Relaxed);
    let never_met = book.never_met.swap(0, Ordering::Relaxed);
    if never_met > 0 {
        say(&format!(
            "{matrix}: in {never_met} cells the rival had ended before it came to where it was to wait"
        ));
    }
    let violations = std::mem::take(&mut *book.violations.lock().unwrap_or_else(PoisonError::into_inner));
    for (name, why) in violations.iter().take(TOLD) {
        say(&format!("VIOLATION in {name}\n    {why}\n"));
    }
    for (name, why) in violations.iter().skip(TOLD) {
        say(&format!(
            "VIOLATION in {name}: {}",
            why.lines().take(2).collect::<Vec<_>>().join(" / ")
        ));
    }
    say(&format!(
        "{matrix}: {cells} cells, {} violations, {left_out} cells left for --whole, {:.1?}",
        violations.len(),
        began.elapsed()
    ));
    say(&format!(
        "{matrix}: {} passed, {} failed",
        cells.saturating_sub(violations.len()),
        violations.len()
    ));
    violations.is_empty()
}

fn say(text: &str) {
    // A reader that has gone is no reason to stop.
    let _ = writeln!(io::stdout(), "{text}");
}
