//! Log lines on stderr, as quiet as asked for.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use super::args::LogFormat;

pub(super) fn start(verbose: u8, format: LogFormat) {
    let level = match verbose {
        0 => "swingbridge=warn,error",
        1 => "swingbridge=debug,warn",
        // The SDK's own trace level shows whole requests and answers; its debug level does not.
        _ => "swingbridge=trace,aws_smithy_runtime=debug,info",
    };
    let filter = EnvFilter::try_from_env("SWINGBRIDGE_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match format {
        LogFormat::Text => lines.without_time().init(),
        LogFormat::Json => lines.json().init(),
    }
}
