//! What can be typed after `lab`, `load` and `demo`: clap types only.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use crate::cli::args::{TextOrJson, duration};

pub(in crate::cli) const LAB: &str = "\
Examples:
    swingbridge lab up                                         until Ctrl-C, with the estate of the README
    swingbridge lab up --speed 10 --config my-estate.toml      an estate of your own, ten times as fast
    swingbridge lab status                                     from another shell
    swingbridge lab fault throttle elasticloadbalancing:ModifyRule count=3";

pub(in crate::cli) const FAULT: &str = "\
Faults:
    throttle CALLS                          calls are throttled
    error CALLS code=CODE [status=500]      calls fail
    lost-response CALLS                     calls work, and their answer is lost
    lost-request CALLS                      calls never arrive
    late CALLS by=SECONDS                   calls are answered late
    stale CALLS by=SECONDS                  questions are answered as it was before
    slow-propagation by=SECONDS             rules reach the data plane late
    launch-failure [count=1] [zone=ZONE]    launches fail
    unhealthy-boot [count=1]                instances boot and stay unhealthy
    kill INSTANCE | kill share=P            instances die
    zone-loss ZONE                          a zone is lost
    missing-image AMI                       an image is not found

Of calls: [nth=N] the n-th only, [count=N] so many, [probability=P] each with this chance.
CALLS is SERVICE:OPERATION, with * as a wildcard, for instance autoscaling:Create*.
Without a fault the ones that stand are listed; --clear removes them.";

pub(in crate::cli) const LOAD: &str = "\
Examples:
    swingbridge load http://127.0.0.1:8080 --rate 200 --for 30s
    swingbridge load http://127.0.0.1:8080 --slow 5% --websockets 2% --door green=x-client-mode:green@5%

The exit code is 4 when a request failed.";

#[derive(Debug, Args)]
pub(in crate::cli) struct LabCommand {
    #[command(subcommand)]
    pub(in crate::cli) what: LabWhat,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum LabWhat {
    /// Bring a lab up, and keep it until Ctrl-C or `lab down`
    Up(Box<Up>),
    /// Say what runs in the lab, and how to reach it
    Status(Status),
    /// Back to the estate it began with
    Reset(Where),
    /// Make something go wrong, or right again
    #[command(after_help = FAULT)]
    Fault(Fault),
    /// Take the lab down, with every process in it
    Down(Where),
    /// Play one instance. Started by the lab itself
    #[command(hide = true)]
    Instance,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Where {
    /// The port that its APIs and its dashboard answer on; 4600, or that of the lab that was started last
    #[arg(long, value_name = "PORT", env = "SWINGBRIDGE_LAB_PORT")]
    pub(in crate::cli) port: Option<u16>,
}

/// `--config FILE` is an estate of your own here; templates/lab-estate.toml shows one.
#[derive(Debug, Args)]
pub(in crate::cli) struct Up {
    #[command(flatten)]
    pub(in crate::cli) place: Where,
    /// The estate to begin with
    #[arg(long, value_name = "NAME", default_value = "001")]
    pub(in crate::cli) seed: String,
    /// Begin with an account that has a network and nothing else
    #[arg(long)]
    pub(in crate::cli) empty: bool,
    /// How many times faster than on AWS things happen: health checks, launches, drains, alarms
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    pub(in crate::cli) speed: f64,
    /// How long a rule takes to reach the data plane
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "500ms")]
    pub(in crate::cli) data_plane_delay: Duration,
    /// Throttle calls as AWS does
    #[arg(long)]
    pub(in crate::cli) throttle: bool,
    /// Hold every access key but the one that is printed to an IAM policy
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) policy: Option<PathBuf>,
    /// What chance begins with: the same number, the same luck
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(in crate::cli) chance: u64,
    /// Begin without instances that run: each is only imagined
    #[arg(long)]
    pub(in crate::cli) imagined: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Status {
    #[command(flatten)]
    pub(in crate::cli) place: Where,
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(in crate::cli) format: TextOrJson,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Fault {
    #[command(flatten)]
    pub(in crate::cli) place: Where,
    /// What goes wrong, in words as below
    #[arg(value_name = "WORD")]
    pub(in crate::cli) words: Vec<String>,
    /// Remove every fault that stands
    #[arg(long, conflicts_with = "words")]
    pub(in crate::cli) clear: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct LoadArgs {
    /// What is asked; slow requests and WebSockets go to /slow and /ws of the same host
    pub(in crate::cli) url: http::Uri,
    /// Requests begun each second, whatever the answers do
    #[arg(long, value_name = "N", default_value_t = 100.0)]
    pub(in crate::cli) rate: f64,
    /// How long; until Ctrl-C when it is not given
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    pub(in crate::cli) duration: Option<Duration>,
    /// The most requests in flight at once
    #[arg(long, value_name = "N", default_value_t = 500)]
    pub(in crate::cli) connections: usize,
    /// Sent with every request
    #[arg(long, short = 'H', value_name = "NAME:VALUE", value_parser = header)]
    pub(in crate::cli) header: Vec<Header>,
    /// The share of requests that may use a connection again
    #[arg(long, value_name = "SHARE", value_parser = share, default_value = "100%")]
    pub(in crate::cli) keep_alive: f64,
    /// The share of requests that take two seconds each
    #[arg(long, value_name = "SHARE", value_parser = share, default_value = "0%")]
    pub(in crate::cli) slow: f64,
    /// The share of WebSockets, each held for five seconds
    #[arg(long, value_name = "SHARE", value_parser = share, default_value = "0%")]
    pub(in crate::cli) websockets: f64,
    /// Requests with a header of their own; a 404 or 456 is no failure of theirs
    #[arg(long, value_name = "NAME=HEADER:VALUE@SHARE", value_parser = door)]
    pub(in crate::cli) door: Vec<Door>,
    /// What chance begins with
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(in crate::cli) chance: u64,
    /// The certificate of the authority that an https target is signed by
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) authority: Option<PathBuf>,
    /// HTTP/2 for everything but WebSockets
    #[arg(long)]
    pub(in crate::cli) http2: bool,
    /// Write the report as one HTML page
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) html: Option<PathBuf>,
    /// Write every request as a line of JSON
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) ledger: Option<PathBuf>,
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(in crate::cli) format: TextOrJson,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct DemoArgs {
    /// Requests begun each second
    #[arg(long, value_name = "N", default_value_t = 500.0)]
    pub(in crate::cli) rate: f64,
    /// Where the report goes
    #[arg(long, value_name = "FILE", default_value = "swingbridge-demo.html")]
    pub(in crate::cli) html: PathBuf,
    /// Wait for Enter between the acts, with the dashboard to look at
    #[arg(long)]
    pub(in crate::cli) step: bool,
}

#[derive(Clone, Debug)]
pub(in crate::cli) struct Header {
    pub(in crate::cli) name: http::HeaderName,
    pub(in crate::cli) value: http::HeaderValue,
}

#[derive(Clone, Debug)]
pub(in crate::cli) struct Door {
    pub(in crate::cli) name: String,
    pub(in crate::cli) header: Header,
    pub(in crate::cli) share: f64,
}

fn header(text: &str) -> Result<Header, String> {
    let (name, value) = text.split_once(':').ok_or("a header is written NAME:VALUE")?;
    Ok(Header {
        name: name
            .trim()
            .parse()
            .map_err(|_| format!("`{name}` is no header's name"))?,
        value: value
            .trim()
            .parse()
            .map_err(|_| format!("`{value}` is no header's value"))?,
    })
}

/// `5%` or `0.05`.
fn share(text: &str) -> Result<f64, String> {
    let (number, of) = text
        .strip_suffix('%')
        .map_or((text, 1.0), |number| (number, 100.0));
    number
        .trim()
        .parse::<f64>()
        .map(|number| number / of)
        .ok()
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| format!("`{text}` is no share: write 5% or 0.05"))
}

fn door(text: &str) -> Result<Door, String> {
    let wanted = "a door is written NAME=HEADER:VALUE@SHARE, for instance green=x-client-mode:green@5%";
    let (name, rest) = text.split_once('=').ok_or(wanted)?;
    let (pinned, of) = rest.rsplit_once('@').ok_or(wanted)?;
    Ok(Door {
        name: name.to_owned(),
        header: header(pinned)?,
        share: share(of)?,
    })
}
