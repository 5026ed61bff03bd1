//! Log lines on stderr, as quiet as asked for, with no secret and nothing hidden in them.

use std::io::{self, IsTerminal, Write};

use tracing::{Level, Metadata};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use super::args::LogFormat;
use crate::report::{Look, in_json, without_commands};

pub(super) fn start(verbose: u8, format: LogFormat) {
    let level = match verbose {
        0 => "swingbridge=warn,error",
        1 => "swingbridge=debug,warn",
        _ => "swingbridge=trace,aws_smithy_runtime=debug,info",
    };
    let wanted = EnvFilter::try_from_env("SWINGBRIDGE_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let color = io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(move || Seen { color, format })
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

/// A log line with nothing hidden in it: a line break before its end is somebody else's.
fn shown(line: &str, format: LogFormat, color: bool) -> String {
    if format == LogFormat::Json {
        return in_json(line).into_owned();
    }
    let look = Look { color, ..Look::PLAIN };
    let (line, end) = match line.strip_suffix('\n') {
        Some(line) => (line, "\n"),
        None => (line, ""),
    };
    format!("{}{end}", without_commands(&look.line(line)))
}

/// Stderr, a log line at a time.
struct Seen {
    color: bool,
    format: LogFormat,
}

impl Write for Seen {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        io::stderr().write_all(shown(&text, self.format, self.color).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "WARN no: \u{1b}[2J\u{202e}\n::add-mask::x\n";

    #[test]
    fn a_log_line_of_others_is_one_line_in_which_nothing_hides() {
        for color in [false, true] {
            assert_eq!(
                shown(LINE, LogFormat::Text, color),
                "WARN no: \\u{1b}[2J\\u{202e}\\u{a}::add-mask::x\n"
            );
        }
    }

    #[test]
    fn a_log_line_that_is_json_stays_json() {
        let line = serde_json::json!({ "message": LINE }).to_string() + "\n";
        let seen = shown(&line, LogFormat::Json, true);
        assert!(!seen.contains(['\u{1b}', '\u{202e}']), "{seen:?}");
        assert_eq!(seen.lines().count(), 1, "{seen:?}");
        let back: serde_json::Value = serde_json::from_str(&seen).expect("JSON");
        assert_eq!(back["message"], LINE);
    }
}
