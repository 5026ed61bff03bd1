//! Log lines on stderr, as quiet as asked for, with no secret and nothing hidden in them.

use std::io::{self, IsTerminal, Write};

use tracing::{Level, Metadata};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use super::args::LogFormat;
use crate::report;

pub(super) fn start(verbose: u8, format: LogFormat) {
    let level = match verbose {
        0 => "swingbridge=warn,error",
        1 => "swingbridge=debug,warn",
        _ => "swingbridge=trace,aws_smithy_runtime=debug,info",
    };
    let wanted = EnvFilter::try_from_env("SWINGBRIDGE_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let color = io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(move || Seen { color })
        .with_ansi(color);
    let lines = match format {
        LogFormat::Text => lines.without_time().boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    tracing_subscriber::registry()
        .with(wanted)
        .with(lines.with_filter(filter_fn(tells_no_secret)))
        .init();
}

/// Whatever is asked for: below these levels others write down whole requests and answers, with the user data,
/// tags and session tokens in them.
fn tells_no_secret(about: &Metadata<'_>) -> bool {
    let crate_name = about.target().split("::").next().unwrap_or_default();
    let most = match crate_name {
        "swingbridge" => Level::TRACE,
        // An endpoint may have a password in it.
        "aws_smithy_runtime" if !about.target().ends_with("::endpoints") => Level::DEBUG,
        _ => Level::INFO,
    };
    *about.level() <= most
}

/// Stderr, a log line at a time.
struct Seen {
    color: bool,
}

impl Write for Seen {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        io::stderr().write_all(report::shown_lines(&text, self.color).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
