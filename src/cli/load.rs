//! `load`: puts load on a URL until it is over or Ctrl-C, and accounts for every request.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

use http::{HeaderMap, StatusCode};

use super::args::TextOrJson;
use super::failure::Failure;
use super::lab::args::{Header, LoadArgs};
use super::session::{json, look_of_stdout, out};
use crate::lab::load::{self, Door, Ledger, Load, LoadError, Report, Running, Slow, Snapshot, Sockets};
use crate::report::visible;

/// A request failed: what a pipeline wants to know.
const SOME_FAILED: u8 = 4;

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        Self::usage(error.to_string(), "`swingbridge load --help` shows what there is")
    }
}

pub(super) async fn run(args: &LoadArgs) -> Result<u8, Failure> {
    let load = load(args)?;
    // Opened before the load: what it has found is not lost for a folder that is missing.
    let files = (opened(args.html.as_deref())?, opened(args.ledger.as_deref())?);
    let running = load::start(load)?;
    let ledger = watched(running).await?;
    let report = Report::of(&ledger);
    let seen = seen(report.clone());
    match args.format {
        TextOrJson::Json => json(&format!("{}\n", report.json()?))?,
        TextOrJson::Text => out(&seen.text(look_of_stdout().color))?,
    }
    write_page(&seen, files.0)?;
    write_ledger(&ledger, files.1)?;
    Ok(if report.failed == 0 { 0 } else { SOME_FAILED })
}

/// The report for people: versions are what servers call themselves, the rest was typed, and nothing in them hides.
pub(super) fn seen(mut report: Report) -> Report {
    let show = |name: &mut String| *name = visible(name).into_owned();
    show(&mut report.target);
    report.kinds.iter_mut().for_each(|kind| show(&mut kind.name));
    report
        .versions
        .iter_mut()
        .for_each(|version| show(&mut version.name));
    for phase in &mut report.phases {
        show(&mut phase.name);
        phase.versions.iter_mut().for_each(|share| show(&mut share.name));
    }
    for example in report.failures.iter_mut().flat_map(|group| &mut group.examples) {
        show(&mut example.kind);
        example.version.iter_mut().for_each(show);
    }
    report
}

pub(super) fn load(args: &LoadArgs) -> Result<Load, Failure> {
    let plain = Load::on(args.url.clone());
    Ok(Load {
        rate: args.rate,
        duration: args.duration,
        connections: args.connections,
        headers: headers(&args.header),
        keep_alive: args.keep_alive,
        slow: Slow {
            share: args.slow,
            ..plain.slow
        },
        sockets: Sockets {
            share: args.websockets,
            ..plain.sockets
        },
        doors: args
            .door
            .iter()
            .map(|door| Door {
                // Also the ledger's, which is written line by line.
                name: visible(&door.name).into_owned(),
                headers: headers(std::slice::from_ref(&door.header)),
                share: door.share,
                expects: closed(),
            })
            .collect(),
        authorities: args.authority.as_deref().map(authorities).transpose()?,
        http2: args.http2,
        seed: args.chance,
        ..plain
    })
}

/// What a closed door answers.
pub(super) fn closed() -> Vec<StatusCode> {
    [404, 456]
        .into_iter()
        .filter_map(|status| StatusCode::from_u16(status).ok())
        .collect()
}

fn headers(given: &[Header]) -> HeaderMap {
    given
        .iter()
        .map(|header| (header.name.clone(), header.value.clone()))
        .collect()
}

/// Until it is over; on a terminal with a line that says how it goes.
async fn watched(running: Running) -> Result<Ledger, Failure> {
    let mut live = running.live();
    let shown = io::stderr().is_terminal();
    loop {
        tokio::select! {
            () = running.ended() => break,
            interrupted = tokio::signal::ctrl_c() => {
                interrupted?;
                running.stop();
                break;
            }
            Ok(()) = live.changed() => {
                if shown {
                    // Written over the line before; what is left of that is cleared.
                    let text = line(&live.borrow_and_update());
                    write!(io::stderr(), "\r\x1b[K{}", visible(&text))?;
                }
            }
        }
    }
    if shown {
        write!(io::stderr(), "\r\x1b[K")?;
    }
    Ok(running.finish().await)
}

/// One line about a load at one moment.
pub(super) fn line(live: &Snapshot) -> String {
    let versions: Vec<String> = live
        .versions
        .iter()
        .map(|(name, count)| format!("{name}: {count}"))
        .collect();
    format!(
        "{} requests, {} failed, {:.0}/s now [{}], p99 {:.1} ms",
        live.requests,
        live.failed,
        live.rate,
        versions.join(", "),
        live.p99.as_secs_f64() * 1000.0
    )
}

fn authorities(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::file("read", path, error))
}

/// A file that is to be written to, and where it is.
pub(super) type Opened<'a> = Option<(&'a Path, File)>;

/// What is in it stays until there is something else to write.
pub(super) fn opened(path: Option<&Path>) -> Result<Opened<'_>, Failure> {
    let open = |path| {
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
    };
    path.map(|path| match open(path) {
        Ok(file) => Ok((path, file)),
        Err(error) => Err(Failure::file("written", path, error)),
    })
    .transpose()
}

/// What is no file on a disk, a pipe for instance, has nothing in it.
fn emptied(file: &File) -> io::Result<()> {
    match file.metadata()?.is_file() {
        true => file.set_len(0),
        false => Ok(()),
    }
}

pub(super) fn write_page(report: &Report, to: Opened<'_>) -> Result<(), Failure> {
    let Some((path, mut file)) = to else { return Ok(()) };
    emptied(&file)
        .and_then(|()| file.write_all(report.page().as_bytes()))
        .map_err(|error| Failure::file("written", path, error))
}

fn write_ledger(ledger: &Ledger, to: Opened<'_>) -> Result<(), Failure> {
    let Some((path, file)) = to else { return Ok(()) };
    let write = || {
        emptied(&file)?;
        let mut to = BufWriter::new(&file);
        ledger.write_lines(&mut to)?;
        to.flush()
    };
    write().map_err(|error| Failure::file("written", path, error))
}
