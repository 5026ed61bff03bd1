//! What is known of one request, from its arrival until its last byte: the end of it is counted and written down.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use http::HeaderMap;
use http::header::USER_AGENT;
use http::request::Parts;

use super::access_log::Entry;
use super::exchange::Exchange;
use super::tally::Tally;
use super::visit::Visit;

/// The client went away before it was answered.
const CLIENT_GONE: u16 = 460;

#[derive(Debug)]
pub(super) struct Record {
    pub(super) exchange: Arc<Exchange>,
    pub(super) tally: Arc<Tally>,
    visit: Arc<Visit>,
    began: Instant,
    chosen: Option<Instant>,
    answered: Option<Instant>,
    status: Option<u16>,
    /// Only when there is an access log.
    entry: Option<Box<Entry>>,
}

impl Record {
    pub(super) fn begin(visit: &Arc<Visit>, tally: &Arc<Tally>, balancer: &str, request: &Parts) -> Self {
        visit.requests.fetch_add(1, Ordering::Relaxed);
        let entry = visit
            .plane
            .log
            .is_on()
            .then(|| Box::new(entry(visit, balancer, request)));
        Self {
            exchange: Arc::new(Exchange::begin()),
            tally: Arc::clone(tally),
            visit: Arc::clone(visit),
            began: Instant::now(),
            chosen: None,
            answered: None,
            status: None,
            entry,
        }
    }

    /// A rule was met.
    pub(super) fn rule(&mut self, place: usize, is_default: bool, action: &'static str) {
        if let Some(entry) = &mut self.entry {
            entry.rule = if is_default {
                "0".to_owned()
            } else {
                (place + 1).to_string()
            };
            entry.action = action;
        }
    }

    /// A target was chosen.
    pub(super) fn target(&mut self, group: &str, address: SocketAddr, headers: &HeaderMap) {
        self.chosen = Some(Instant::now());
        if let Some(entry) = &mut self.entry {
            entry.target = Some(address);
            group.clone_into(&mut entry.group);
            entry.trace = text(headers, super::forwarded::TRACE.as_str());
        }
    }

    /// How long ago a target was chosen.
    pub(super) fn since_target(&self) -> std::time::Duration {
        self.chosen.unwrap_or(self.began).elapsed()
    }

    /// The target answered with this status.
    pub(super) fn answer(&mut self, status: u16) {
        self.status = Some(status);
        self.answered = Some(Instant::now());
        if let Some(entry) = &mut self.entry {
            entry.target_status = Some(status);
        }
    }

    /// The load balancer answered by itself.
    pub(super) fn answer_itself(&mut self, status: u16) {
        self.status = Some(status);
        self.tally.answered_itself(status);
    }

    /// Where a redirect leads.
    pub(super) fn redirect(&mut self, location: &str) {
        if let Some(entry) = &mut self.entry {
            location.clone_into(&mut entry.redirect);
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.visit.requests.fetch_sub(1, Ordering::Relaxed);
        self.visit.served.fetch_add(1, Ordering::Relaxed);
        if self.status.is_none() {
            self.answer_itself(CLIENT_GONE);
        }
        let Some(mut entry) = self.entry.take() else {
            return;
        };
        let ended = Instant::now();
        entry.status = self.status.unwrap_or(CLIENT_GONE);
        entry.received = self.exchange.received();
        entry.sent = self.exchange.sent();
        if let Some(chosen) = self.chosen {
            entry.request_time = Some(chosen - self.began);
            entry.target_time = self.answered.map(|answered| answered - chosen);
            entry.response_time = self.answered.map(|answered| ended - answered);
        }
        self.visit.plane.log.write(entry);
    }
}

fn entry(visit: &Visit, balancer: &str, request: &Parts) -> Entry {
    let host = text(&request.headers, "host");
    let kind = match (request.version, visit.tls.is_some()) {
        _ if request.headers.contains_key(http::header::UPGRADE) => {
            if visit.tls.is_some() {
                "wss"
            } else {
                "ws"
            }
        }
        (http::Version::HTTP_2, _)
            if text(&request.headers, "content-type").starts_with("application/grpc") =>
        {
            "grpcs"
        }
        (http::Version::HTTP_2, _) => "h2",
        (_, true) => "https",
        (_, false) => "http",
    };
    Entry::new(
        kind,
        balancer,
        visit,
        request,
        &host,
        text(&request.headers, USER_AGENT.as_str()),
    )
}

fn text(headers: &HeaderMap, name: &str) -> String {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("")
        .to_owned()
}
