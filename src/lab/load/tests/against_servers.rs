//! What the ledger says of servers that are known.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use tokio::io::AsyncWriteExt;

use super::server::{Server, http1_on, page, page_after, read_head};
use crate::lab::load::{Door, Entry, Failure, Kind, Ledger, Load, LoadError, Spacing, run, start};

/// `requests` of them, evenly in one second.
fn in_one_second(server: &Server, requests: u32) -> Load {
    Load {
        rate: f64::from(requests),
        spacing: Spacing::Even,
        // The last one is due at the end of the second, give or take a rounding.
        duration: Some(Duration::from_millis(1001)),
        patience: Duration::from_secs(5),
        ..Load::on(server.url())
    }
}

async fn whole(load: Load) -> Ledger {
    run(load, std::future::pending()).await.expect("a sound load")
}

fn failures(ledger: &Ledger) -> Vec<Failure> {
    ledger.entries().filter_map(|entry| entry.failure).collect()
}

fn status(code: u16) -> Response<Full<Bytes>> {
    Response::builder()
        .status(code)
        .body(Full::default())
        .expect("a response")
}

#[tokio::test]
async fn every_request_is_in_the_ledger_exactly_once() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let server = Server::answering(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        async { page("1.0") }
    })
    .await;
    let ledger = whole(in_one_second(&server, 400)).await;
    assert_eq!(ledger.len(), 400);
    assert_eq!(asked.load(Ordering::Relaxed), 400);
    assert_eq!(ledger.versions(), ["1.0"]);
    for entry in ledger.entries() {
        let Entry {
            kind,
            version,
            status,
            failure,
            retried,
            ..
        } = entry;
        assert_eq!(
            (kind, version, status, failure, retried),
            (Kind::Plain, Some(0), Some(200), None, false)
        );
    }
}

#[tokio::test]
async fn connections_are_used_again() {
    let server = Server::answering(|_| async { page("1.0") }).await;
    let ledger = whole(in_one_second(&server, 200)).await;
    assert_eq!(failures(&ledger), []);
    let connections = server.connections.load(Ordering::Relaxed);
    assert!(
        connections <= 20,
        "{connections} connections for 200 requests, one after the other"
    );
}

#[tokio::test]
async fn without_keep_alive_each_request_has_its_own_connection() {
    let server = Server::answering(|_| async { page("1.0") }).await;
    let ledger = whole(Load {
        keep_alive: 0.0,
        ..in_one_second(&server, 50)
    })
    .await;
    assert_eq!(failures(&ledger), []);
    assert_eq!(server.connections.load(Ordering::Relaxed), 50);
}

#[tokio::test]
async fn each_tenth_request_dropped_is_each_tenth_request_failed() {
    let asked = Arc::new(AtomicUsize::new(0));
    let server = Server::of(move |mut stream| {
        let asked = asked.clone();
        async move {
            while read_head(&mut stream).await {
                if asked.fetch_add(1, Ordering::Relaxed) % 10 == 9 {
                    return;
                }
                let answer = b"HTTP/1.1 200 OK\r\nx-version: 1\r\ncontent-length: 2\r\n\r\nok";
                drop(stream.write_all(answer).await);
            }
        }
    })
    .await;
    let ledger = whole(in_one_second(&server, 300)).await;
    assert_eq!(ledger.len(), 300);
    assert_eq!(failures(&ledger), [Failure::Reset; 30]);
    assert_eq!(
        ledger.entries().filter(|entry| entry.retried).count(),
        0,
        "a request that was sent is not sent again"
    );
}

#[tokio::test]
async fn a_connection_that_was_closed_while_it_rested_fails_nobody() {
    let server = Server::of(|mut stream| async move {
        read_head(&mut stream).await;
        // It does not say `connection: close`, so the client may believe in it.
        drop(
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                .await,
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    })
    .await;
    let ledger = whole(in_one_second(&server, 20)).await;
    assert_eq!(failures(&ledger), []);
    assert_eq!(server.connections.load(Ordering::Relaxed), 20);
    let retried = ledger.entries().filter(|entry| entry.retried).count();
    assert!(
        retried >= 10,
        "the closed connection was tried first, {retried} times"
    );
}

#[tokio::test]
async fn requests_are_begun_while_a_server_stalls_and_their_time_counts_from_the_schedule() {
    let begun = Instant::now();
    let server = Server::answering(move |_| async move {
        // Everything that comes in the first half second waits for its end.
        page_after(
            500_u64.saturating_sub(u64::try_from(begun.elapsed().as_millis()).unwrap_or(500)),
            "1.0",
        )
        .await
    })
    .await;
    let ledger = whole(in_one_second(&server, 100)).await;
    assert_eq!(ledger.len(), 100);
    assert_eq!(failures(&ledger), []);
    let stalled: Vec<Entry> = ledger
        .entries()
        .filter(|entry| entry.scheduled < Duration::from_millis(400))
        .collect();
    assert!(stalled.len() >= 39);
    for entry in stalled {
        let ended = entry.scheduled + entry.took;
        assert!(
            ended >= Duration::from_millis(450),
            "{entry:?} cannot have been answered before the stall's end"
        );
        assert!(
            entry.late < Duration::from_millis(250),
            "{entry:?} waited for other answers"
        );
    }
}

#[tokio::test]
async fn a_request_beyond_the_connections_is_counted_as_not_begun() {
    let server = Server::answering(|_| page_after(3_000, "1.0")).await;
    let ledger = whole(Load {
        connections: 8,
        ..in_one_second(&server, 50)
    })
    .await;
    assert_eq!(ledger.len(), 50);
    assert_eq!(failures(&ledger), [Failure::NotBegun; 42]);
    assert_eq!(
        ledger.entries().filter(|entry| entry.status == Some(200)).count(),
        8
    );
}

#[tokio::test]
async fn silence_is_a_timeout_and_nobody_there_is_a_failed_connect() {
    let silent = Server::of(|mut stream| async move {
        read_head(&mut stream).await;
        std::future::pending::<()>().await;
    })
    .await;
    let ledger = whole(Load {
        patience: Duration::from_millis(100),
        ..in_one_second(&silent, 5)
    })
    .await;
    assert_eq!(failures(&ledger), [Failure::Timeout; 5]);
    assert!(
        ledger
            .entries()
            .all(|entry| entry.took >= Duration::from_millis(100))
    );

    let closed = Server::answering(|_| async { page("1.0") }).await;
    let load = in_one_second(&closed, 5);
    drop(closed);
    tokio::task::yield_now().await;
    assert_eq!(failures(&whole(load).await), [Failure::Connect; 5]);
}

#[tokio::test]
async fn a_body_cut_short_is_found() {
    for bytes in [
        "HTTP/1.1 200 OK\r\nx-version: 1\r\ncontent-length: 100\r\n\r\nonly this",
        "HTTP/1.1 200 OK\r\nx-version: 1\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ] {
        let server = Server::saying(bytes).await;
        let ledger = whole(in_one_second(&server, 5)).await;
        assert_eq!(failures(&ledger), [Failure::Truncated; 5]);
        assert!(
            ledger
                .entries()
                .all(|entry| entry.status == Some(200) && entry.version == Some(0))
        );
    }
}

#[tokio::test]
async fn a_bad_status_is_a_failure_unless_the_door_expects_it() {
    let server = Server::answering(|request| async move {
        if request.headers().contains_key("x-preview") {
            status(404)
        } else {
            status(302)
        }
    })
    .await;
    let door = |expects: Vec<StatusCode>| Door {
        name: "preview".to_owned(),
        headers: [(
            http::header::HeaderName::from_static("x-preview"),
            HeaderValue::from_static("on"),
        )]
        .into_iter()
        .collect(),
        share: 0.5,
        expects,
    };
    let closed = Load {
        doors: vec![door(vec![StatusCode::NOT_FOUND])],
        ..in_one_second(&server, 100)
    };
    let ledger = whole(closed).await;
    assert_eq!(failures(&ledger), []);
    let through = ledger
        .entries()
        .filter(|entry| entry.kind == Kind::Door(0))
        .count();
    assert!(
        (30..=70).contains(&through),
        "{through} of 100 went through a door with the share 0.5"
    );

    let open = Load {
        doors: vec![door(vec![])],
        ..in_one_second(&server, 100)
    };
    let ledger = whole(open).await;
    assert!(
        ledger
            .entries()
            .all(|entry| (entry.failure == Some(Failure::Status)) == (entry.kind == Kind::Door(0)))
    );
}

#[tokio::test]
async fn a_slow_request_asks_for_its_own_time_and_is_given_it() {
    let server = Server::answering(|request| async move {
        if request.uri() == "/slow?ms=300" {
            page_after(300, "1.0").await
        } else {
            status(400)
        }
    })
    .await;
    let mut load = in_one_second(&server, 10);
    load.patience = Duration::from_millis(200);
    load.slow = crate::lab::load::Slow {
        share: 1.0,
        takes: Duration::from_millis(300),
    };
    let ledger = whole(load).await;
    assert_eq!(failures(&ledger), []);
    assert!(
        ledger
            .entries()
            .all(|entry| entry.kind == Kind::Slow && entry.took >= Duration::from_millis(300))
    );
}

fn only_sockets(server: &Server, sockets: u32) -> Load {
    let mut load = in_one_second(server, sockets);
    // The last one needs time for a message, too.
    load.duration = Some(Duration::from_millis(1000 + u64::from(950 / sockets)));
    load.sockets.share = 1.0;
    load.sockets.held = Duration::from_millis(300);
    load.sockets.every = Duration::from_millis(50);
    load
}

#[tokio::test]
async fn a_websocket_is_greeted_and_gets_its_own_words_back() {
    static ECHOES: AtomicUsize = AtomicUsize::new(0);
    let server = Server::conversing(|text| {
        ECHOES.fetch_add(1, Ordering::Relaxed);
        Some(text.to_owned())
    })
    .await;
    let ledger = whole(only_sockets(&server, 10)).await;
    assert_eq!(ledger.len(), 10);
    assert_eq!(failures(&ledger), []);
    assert_eq!(ledger.versions(), ["2.0"]);
    assert!(
        ledger
            .entries()
            .all(|entry| entry.kind == Kind::Socket && entry.status == Some(101))
    );
    assert!(
        ECHOES.load(Ordering::Relaxed) >= 10,
        "each was held long enough for several messages"
    );
}

#[tokio::test]
async fn a_wrong_echo_and_an_early_end_are_failures() {
    let other = Server::conversing(|text| Some(text.to_uppercase())).await;
    assert_eq!(
        failures(&whole(only_sockets(&other, 5)).await),
        [Failure::WrongEcho; 5]
    );
    let ending = Server::conversing(|_| None).await;
    assert_eq!(
        failures(&whole(only_sockets(&ending, 5)).await),
        [Failure::Reset; 5]
    );
    let refusing = Server::answering(|_| async { status(503) }).await;
    let ledger = whole(only_sockets(&refusing, 5)).await;
    assert_eq!(failures(&ledger), [Failure::Status; 5]);
    assert!(ledger.entries().all(|entry| entry.status == Some(503)));
}

#[tokio::test]
async fn http2_carries_all_requests_on_few_connections() {
    let server = Server::answering_http2("3.0").await;
    let ledger = whole(Load {
        http2: true,
        connections: 100,
        ..in_one_second(&server, 100)
    })
    .await;
    assert_eq!(failures(&ledger), []);
    assert_eq!((ledger.len(), ledger.versions()), (100, &["3.0".to_owned()][..]));
    assert_eq!(server.connections.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn https_is_believed_only_with_its_authority() {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a configuration");
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let server = Server::of(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                http1_on(stream, |_| async { page("1.0") }).await;
            }
        }
    })
    .await;
    let target = format!("https://localhost:{}/", server.port)
        .parse()
        .expect("a URL");
    let load = Load {
        target,
        ..in_one_second(&server, 10)
    };
    assert!(matches!(start(load.clone()), Err(LoadError::NoAuthority)));

    let trusting = Load {
        authorities: Some(made.cert.pem().into_bytes()),
        ..load.clone()
    };
    assert_eq!(failures(&whole(trusting).await), []);

    let other = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let doubting = Load {
        authorities: Some(other.cert.pem().into_bytes()),
        ..load
    };
    assert_eq!(failures(&whole(doubting).await), [Failure::Connect; 10]);
}

#[tokio::test]
async fn a_load_without_end_is_stopped_from_outside_and_its_marks_are_kept() {
    let server = Server::answering(|_| page_after(100, "1.0")).await;
    let running = start(Load {
        duration: None,
        ..in_one_second(&server, 200)
    })
    .expect("a sound load");
    let mut live = running.live();
    let marker = running.marker();
    let snapshot = live
        .wait_for(|now| now.requests >= 40)
        .await
        .expect("it runs")
        .clone();
    assert_eq!(snapshot.failed, 0);
    assert_eq!(
        snapshot.versions.first().map(|(name, _)| name.as_str()),
        Some("1.0")
    );
    assert!(snapshot.p50 >= Duration::from_millis(100) && snapshot.p99 >= snapshot.p50);
    assert!(snapshot.in_flight > 0);
    marker.mark("promote began");
    running.stop();
    let ledger = running.finish().await;
    assert_eq!(
        failures(&ledger),
        [],
        "what was in flight at the end was waited for"
    );
    assert_eq!(ledger.marks.len(), 1);
    assert_eq!(ledger.marks[0].text, "promote began");
    assert!(ledger.marks[0].at >= snapshot.at);
}

#[tokio::test]
async fn a_load_that_contradicts_itself_is_refused() {
    let server = Server::answering(|_| async { page("1.0") }).await;
    let sound = in_one_second(&server, 1);
    assert!(matches!(
        start(Load {
            rate: 0.0,
            ..sound.clone()
        }),
        Err(LoadError::Rate(_))
    ));
    assert!(matches!(
        start(Load {
            connections: 0,
            ..sound.clone()
        }),
        Err(LoadError::Connections)
    ));
    assert!(matches!(
        start(Load {
            keep_alive: 1.5,
            ..sound.clone()
        }),
        Err(LoadError::Share { .. })
    ));
    let mut too_much = sound.clone();
    (too_much.slow.share, too_much.sockets.share) = (0.7, 0.7);
    assert!(matches!(start(too_much), Err(LoadError::Share { .. })));
    let nowhere = Load {
        target: "/only/a/path".parse().expect("a path"),
        ..sound
    };
    assert!(matches!(start(nowhere), Err(LoadError::Target(_))));
}
