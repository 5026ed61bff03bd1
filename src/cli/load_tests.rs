//! A load that could not be reported, or not be begun as asked for, is refused before its first request.

use std::io::ErrorKind;
use std::net::TcpListener;

use clap::Parser;

use super::args::{Cli, Command};
use super::load;
use crate::report::Look;

#[tokio::test]
async fn a_file_in_a_folder_that_is_missing_is_refused_before_the_first_request() {
    let server = TcpListener::bind("127.0.0.1:0").expect("a port");
    server.set_nonblocking(true).expect("a socket");
    let url = format!("http://{}/", server.local_addr().expect("an address"));
    let folder = tempfile::tempdir().expect("a folder");
    for (flag, done) in [
        ("--html", "written"),
        ("--ledger", "written"),
        ("--authority", "read"),
    ] {
        let path = folder.path().join("missing").join("file");
        let file = path.display().to_string();
        // Should it be begun all the same, it ends.
        let cli = Cli::try_parse_from(["swingbridge", "load", &url, "--for", "100ms", flag, &file]);
        let Command::Load(args) = cli.expect("a load").command else {
            panic!("another command")
        };
        let refused = load::run(&args).await;
        let failure = refused.expect_err("it cannot be reported");
        assert_eq!(failure.code(), 2, "{flag}");
        let text = failure.text(Look::PLAIN);
        assert!(text.contains(&format!("{file} could not be {done}")), "{text}");
        let mut lines = text.lines();
        assert!(lines.any(|line| line.starts_with("→ ")), "no way out: {text}");
        assert!(!path.exists(), "{flag}");
        let asked = server.accept().map(|_| ()).map_err(|error| error.kind());
        assert_eq!(
            asked,
            Err(ErrorKind::WouldBlock),
            "{flag}: it was asked for something"
        );
    }
}
