//! The access log, a line for every request, in the service's own format.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::request::Parts;
use jiff::Timestamp;
use tokio::io::{AsyncWriteExt, BufWriter};
use tokio::sync::mpsc;

use super::visit::Visit;

/// Lines that wait to be written; more are dropped rather than waited for.
const WAITING: usize = 8_192;

#[derive(Debug)]
pub(super) struct AccessLog {
    entries: Option<mpsc::Sender<Box<Entry>>>,
    dropped: AtomicU64,
}

impl AccessLog {
    /// Writes to the end of a file, or nowhere.
    pub(super) fn to(path: Option<PathBuf>) -> Self {
        let entries = path.map(|path| {
            let (sender, receiver) = mpsc::channel(WAITING);
            tokio::spawn(async move {
                if let Err(error) = keep(&path, receiver).await {
                    tracing::warn!(%error, path = %path.display(), "the access log cannot be written");
                }
            });
            sender
        });
        Self {
            entries,
            dropped: AtomicU64::new(0),
        }
    }

    pub(super) fn is_on(&self) -> bool {
        self.entries.is_some()
    }

    pub(super) fn write(&self, entry: Box<Entry>) {
        if let Some(entries) = &self.entries
            && entries.try_send(entry).is_err()
        {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

async fn keep(path: &std::path::Path, mut entries: mpsc::Receiver<Box<Entry>>) -> std::io::Result<()> {
    let mut file = BufWriter::new(
        tokio::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .await?,
    );
    while let Some(entry) = entries.recv().await {
        file.write_all(entry.to_string().as_bytes()).await?;
        if entries.is_empty() {
            file.flush().await?;
        }
    }
    file.flush().await
}

/// One request.
#[derive(Debug)]
pub(super) struct Entry {
    kind: &'static str,
    began: Timestamp,
    balancer: String,
    client: SocketAddr,
    request: String,
    user_agent: String,
    tls: Option<(String, String)>,
    domain: String,
    pub(super) target: Option<SocketAddr>,
    pub(super) group: String,
    pub(super) trace: String,
    pub(super) rule: String,
    pub(super) action: &'static str,
    pub(super) redirect: String,
    pub(super) status: u16,
    pub(super) target_status: Option<u16>,
    pub(super) received: u64,
    pub(super) sent: u64,
    pub(super) request_time: Option<Duration>,
    pub(super) target_time: Option<Duration>,
    pub(super) response_time: Option<Duration>,
}

impl Entry {
    pub(super) fn new(
        kind: &'static str,
        balancer: &str,
        visit: &Visit,
        request: &Parts,
        host: &str,
        user_agent: String,
    ) -> Self {
        let scheme = if visit.tls.is_some() { "https" } else { "http" };
        let path = request.uri.path_and_query().map_or("/", |path| path.as_str());
        let host = request
            .uri
            .authority()
            .map_or(host, |authority| authority.as_str());
        Self {
            kind,
            began: Timestamp::now(),
            balancer: balancer.to_owned(),
            client: visit.client,
            request: format!("{} {scheme}://{host}{path} {:?}", request.method, request.version),
            user_agent,
            domain: if visit.tls.is_some() {
                host.to_owned()
            } else {
                String::new()
            },
            tls: visit.tls.clone(),
            target: None,
            group: String::new(),
            trace: String::new(),
            rule: String::new(),
            action: "",
            redirect: String::new(),
            status: 0,
            target_status: None,
            received: 0,
            sent: 0,
            request_time: None,
            target_time: None,
            response_time: None,
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, line: &mut fmt::Formatter<'_>) -> fmt::Result {
        let target = self.target.map(|target| target.to_string());
        let target_status = self.target_status.map(|status| status.to_string());
        let (cipher, protocol) = self.tls.as_ref().map_or(("-", "-"), |(cipher, protocol)| {
            (cipher.as_str(), protocol.as_str())
        });
        writeln!(
            line,
            "{kind} {now:.6} {balancer} {client} {target} {request_time} {target_time} {response_time} {status} \
             {target_status} {received} {sent} {request:?} {user_agent:?} {cipher} {protocol} {group} {trace:?} \
             {domain:?} \"-\" {rule} {began:.6} {action:?} {redirect:?} \"-\" {target:?} {target_status:?} \"-\" \"-\" -",
            kind = self.kind,
            now = Timestamp::now(),
            balancer = self.balancer,
            client = self.client,
            target = target.as_deref().unwrap_or("-"),
            request_time = Seconds(self.request_time),
            target_time = Seconds(self.target_time),
            response_time = Seconds(self.response_time),
            status = self.status,
            target_status = target_status.as_deref().unwrap_or("-"),
            received = self.received,
            sent = self.sent,
            request = self.request,
            user_agent = or_dash(&self.user_agent),
            group = or_dash(&self.group),
            trace = or_dash(&self.trace),
            domain = or_dash(&self.domain),
            rule = or_dash(&self.rule),
            began = self.began,
            action = or_dash(self.action),
            redirect = or_dash(&self.redirect),
        )
    }
}

fn or_dash(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}

/// With milliseconds; -1 for what did not come to pass.
struct Seconds(Option<Duration>);

impl fmt::Display for Seconds {
    fn fmt(&self, line: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(took) => write!(line, "{:.3}", took.as_secs_f64()),
            None => line.write_str("-1"),
        }
    }
}
