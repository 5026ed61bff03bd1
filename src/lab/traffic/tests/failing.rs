//! What goes wrong at targets and clients, and what is said of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::stage::*;

/// A server that answers the first request of every connection, and closes when it has the second one.
async fn closing(taken: Arc<AtomicUsize>) -> SocketAddr {
    let socket = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = socket.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = socket.accept().await {
            let taken = Arc::clone(&taken);
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                for _ in 0..2 {
                    if stream.read(&mut buffer).await.unwrap_or(0) == 0 {
                        return;
                    }
                    if taken.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
                        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
                        stream.write_all(answer).await.expect("a client");
                    }
                }
            });
        }
    });
    address
}

async fn nobody() -> SocketAddr {
    let socket = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    socket.local_addr().expect("an address")
}

#[tokio::test]
async fn a_target_that_refuses_is_a_502_and_a_connection_error() {
    let stage = Stage::set(all_to(&pool("blue", &[nobody().await]))).await;
    assert_eq!(stage.get("/", &[]).await.status, 502);
    let sums = stage.sums();
    assert_eq!(
        sums.get("TargetConnectionErrorCount@targetgroup/blue/1"),
        Some(&1.0)
    );
    assert_eq!(sums.get("HTTPCode_ELB_502_Count"), Some(&1.0));
    assert_eq!(sums.get("HTTPCode_ELB_5XX_Count"), Some(&1.0));
}

#[tokio::test]
async fn a_target_that_closes_without_an_answer_is_a_502() {
    let socket = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = socket.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = socket.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
        }
    });
    let stage = Stage::set(all_to(&pool("blue", &[address]))).await;
    assert_eq!(stage.get("/", &[]).await.status, 502);
}

#[tokio::test]
async fn a_target_that_does_not_answer_in_time_is_a_504() {
    let address = backend(|_| std::future::pending()).await;
    let mut impatient = balancer();
    impatient.idle_timeout = Duration::from_millis(200);
    let stage = Stage::with(all_to(&pool("blue", &[address])), impatient, false, None).await;
    assert_eq!(stage.get("/", &[]).await.status, 504);
    assert_eq!(stage.sums().get("HTTPCode_ELB_504_Count"), Some(&1.0));
}

#[tokio::test]
async fn a_response_that_goes_on_moving_is_not_idle_however_long_it_takes() {
    let address = backend(|_| async {
        let frames = futures_util::stream::unfold(0, |sent| async move {
            tokio::time::sleep(Duration::from_millis(100)).await;
            (sent < 6).then(|| {
                (
                    Ok(http_body::Frame::data(bytes::Bytes::from_static(b"x"))),
                    sent + 1,
                )
            })
        });
        http::Response::new(http_body_util::BodyExt::boxed_unsync(
            http_body_util::StreamBody::new(frames),
        ))
    })
    .await;
    let mut impatient = balancer();
    impatient.idle_timeout = Duration::from_millis(300);
    let stage = Stage::with(all_to(&pool("blue", &[address])), impatient, false, None).await;
    assert_eq!(stage.get("/", &[]).await.text, "xxxxxx");
}

#[tokio::test]
async fn a_kept_connection_that_closes_under_a_get_is_made_good_on_a_fresh_one() {
    let taken = Arc::new(AtomicUsize::new(0));
    let stage = Stage::set(all_to(&pool("blue", &[closing(Arc::clone(&taken)).await]))).await;
    assert_eq!(stage.get("/", &[]).await.status, 200);
    assert_eq!(stage.get("/", &[]).await.status, 200);
    assert_eq!(taken.load(Ordering::Relaxed), 3, "the second one was asked twice");
}

#[tokio::test]
async fn a_post_that_a_target_took_is_never_sent_again() {
    let taken = Arc::new(AtomicUsize::new(0));
    let stage = Stage::set(all_to(&pool("blue", &[closing(Arc::clone(&taken)).await]))).await;
    assert_eq!(stage.get("/", &[]).await.status, 200);
    let post = request("POST", "/", &[], text("order"));
    let response = Client::to(stage.address).await.send(post).await;
    assert_eq!(response.status(), 502);
    assert_eq!(taken.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_meanwhile_is_not_used_even_for_a_post() {
    let socket = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = socket.local_addr().expect("an address");
    let closed = Arc::new(tokio::sync::Notify::new());
    let told = Arc::clone(&closed);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = socket.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                .await
                .expect("a client");
            tokio::time::sleep(Duration::from_millis(50)).await;
            drop(stream);
            told.notify_one();
        }
    });
    let stage = Stage::set(all_to(&pool("blue", &[address]))).await;
    for _ in 0..3 {
        let post = request("POST", "/", &[], text("order"));
        assert_eq!(Client::to(stage.address).await.send(post).await.status(), 200);
        closed.notified().await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn what_is_not_http_is_a_400() {
    let stage = Stage::set(all_to(&pool("blue", &[named("blue").await]))).await;
    for malformed in [
        "GET / HTTP/1.1\r\nbad header line\r\n\r\n",
        "GET / HTTP/1.1\r\nconnection: close\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(stage.address).await.expect("a connection");
        stream.write_all(malformed.as_bytes()).await.expect("a server");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }
}

#[tokio::test]
async fn a_client_that_waits_for_100_is_told_to_go_on() {
    let stage = Stage::set(all_to(&pool("blue", &[mirror().await]))).await;
    let mut stream = TcpStream::connect(stage.address).await.expect("a connection");
    let head = "POST / HTTP/1.1\r\nhost: shop.test\r\nconnection: close\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n";
    stream.write_all(head.as_bytes()).await.expect("a server");
    let mut told = [0; 25];
    stream.read_exact(&mut told).await.expect("an answer");
    assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"order").await.expect("a server");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(
        answer.contains("content-length: 5\n") && !answer.contains("expect: "),
        "{answer}"
    );
}

#[tokio::test]
async fn a_client_with_nothing_to_ask_is_sent_away_after_the_idle_timeout() {
    let mut impatient = balancer();
    impatient.idle_timeout = Duration::from_millis(100);
    let rules = all_to(&pool("blue", &[named("blue").await]));
    let stage = Stage::with(rules, impatient, false, None).await;
    let mut stream = TcpStream::connect(stage.address).await.expect("a connection");
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: shop.test\r\n\r\n")
        .await
        .expect("a server");
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .await
        .expect("an answer, and an end");
    assert!(answer.ends_with("blue"), "{answer}");
}

#[tokio::test]
async fn an_old_client_that_names_no_host_is_served() {
    let stage = Stage::set(all_to(&pool("blue", &[named("blue").await]))).await;
    let mut stream = TcpStream::connect(stage.address).await.expect("a connection");
    stream
        .write_all(b"GET / HTTP/1.0\r\n\r\n")
        .await
        .expect("a server");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    assert!(
        answer.starts_with("HTTP/1.0 200 ") && answer.ends_with("\r\n\r\nblue"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_client_that_goes_away_is_a_460_in_the_access_log() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("access.log");
    let came = Arc::new(tokio::sync::Notify::new());
    let told = Arc::clone(&came);
    let address = backend(move |_| {
        told.notify_one();
        std::future::pending()
    })
    .await;
    let blue = pool("blue", &[address]);
    let stage = Stage::with(all_to(&blue), balancer(), false, Some(path.clone())).await;
    let mut stream = TcpStream::connect(stage.address).await.expect("a connection");
    let asked = "GET /slow HTTP/1.1\r\nhost: shop.test\r\nuser-agent: tester\r\n\r\n";
    stream.write_all(asked.as_bytes()).await.expect("a server");
    came.notified().await;
    drop(stream);
    let line = loop {
        let written = tokio::fs::read_to_string(&path).await.unwrap_or_default();
        if let Some(line) = written.lines().next() {
            break line.to_owned();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    let fields: Vec<_> = line.split(' ').collect();
    assert_eq!(
        (fields[0], fields[2], fields[4]),
        ("http", BALANCER, address.to_string().as_str())
    );
    assert_eq!((fields[8], fields[9]), ("460", "-"), "{line}");
    assert!(
        line.contains("\"GET http://shop.test/slow HTTP/1.1\" \"tester\" - - arn:blue \"Root=1-"),
        "{line}"
    );
    assert!(line.contains("\"forward\""), "{line}");
}
