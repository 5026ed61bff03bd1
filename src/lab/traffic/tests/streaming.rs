//! Bodies: of any size, with back-pressure, with trailers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderValue, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};

use super::stage::*;

const CHUNK: usize = 64 * 1024;
const SIZE: usize = 200 * 1024 * 1024;
/// What sockets and the few buffers on the way may hold.
const HELD: usize = 24 * 1024 * 1024;

/// A body that counts what was asked of it.
fn long(made: &Arc<AtomicUsize>) -> Body {
    let (made, chunk) = (Arc::clone(made), Bytes::from(vec![7; CHUNK]));
    let frames = stream::unfold(0, move |sent| {
        let (made, chunk) = (Arc::clone(&made), chunk.clone());
        async move {
            (sent < SIZE).then(|| {
                made.fetch_add(CHUNK, Ordering::Relaxed);
                (Ok(Frame::data(chunk)), sent + CHUNK)
            })
        }
    });
    StreamBody::new(frames).boxed_unsync()
}

/// Waits until nothing moves any more, and says how far it came.
async fn settled(made: &AtomicUsize) -> usize {
    let mut before = usize::MAX;
    loop {
        let now = made.load(Ordering::Relaxed);
        if now == before && now > 0 {
            return now;
        }
        before = now;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_response_is_read_no_faster_than_the_client_takes_it() {
    let made = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&made);
    let address = backend(move |_| {
        let body = long(&counted);
        async move { Response::new(body) }
    })
    .await;
    let stage = Stage::set(all_to(&pool("blue", &[address]))).await;
    let mut client = Client::to(stage.address).await;
    let mut body = client.send(request("GET", "/", &[], text(""))).await.into_body();
    assert!(settled(&made).await < HELD);
    let mut read = 0;
    while let Some(frame) = body.frame().await {
        read += frame.expect("a frame").data_ref().map_or(0, Bytes::len);
    }
    assert_eq!(read, SIZE);
}

#[tokio::test]
async fn a_request_is_taken_no_faster_than_the_target_reads_it() {
    let go = Arc::new(tokio::sync::Notify::new());
    let gate = Arc::clone(&go);
    let address = backend(move |request| {
        let gate = Arc::clone(&gate);
        async move {
            gate.notified().await;
            let (mut read, mut body) = (0, request.into_body());
            while let Some(frame) = body.frame().await {
                read += frame.expect("a frame").data_ref().map_or(0, Bytes::len);
            }
            Response::new(text(read.to_string()))
        }
    })
    .await;
    let stage = Stage::set(all_to(&pool("blue", &[address]))).await;
    let made = Arc::new(AtomicUsize::new(0));
    let mut client = Client::to(stage.address).await;
    let sending = client.send(request("POST", "/", &[], long(&made)));
    let watching = async {
        assert!(settled(&made).await < HELD);
        go.notify_one();
    };
    let (response, ()) = tokio::join!(sending, watching);
    assert_eq!(Got::of(response).await.text, SIZE.to_string());
}

#[tokio::test]
async fn trailers_pass_both_ways() {
    let address = backend(|request| async move {
        let collected = request.into_body().collect().await.expect("a body");
        let given = collected
            .trailers()
            .and_then(|trailers| trailers.get("x-sum"))
            .cloned();
        let mut trailers = HeaderMap::new();
        trailers.insert("x-sum", given.unwrap_or(HeaderValue::from_static("none")));
        let frames = [
            Ok(Frame::data(collected.to_bytes())),
            Ok(Frame::trailers(trailers)),
        ];
        let mut response = Response::new(StreamBody::new(stream::iter(frames)).boxed_unsync());
        response
            .headers_mut()
            .insert("trailer", HeaderValue::from_static("x-sum"));
        response
    })
    .await;
    let stage = Stage::set(all_to(&pool("blue", &[address]))).await;
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", HeaderValue::from_static("42"));
    let frames = [
        Ok(Frame::data(Bytes::from_static(b"hello"))),
        Ok(Frame::trailers(trailers)),
    ];
    let body = StreamBody::new(stream::iter(frames)).boxed_unsync();
    let headers = [("te", "trailers"), ("trailer", "x-sum")];
    let response = Client::to(stage.address)
        .await
        .send(request("POST", "/", &headers, body))
        .await;
    let collected = response.into_body().collect().await.expect("a body");
    assert_eq!(
        collected
            .trailers()
            .and_then(|trailers| trailers.get("x-sum"))
            .expect("a trailer"),
        "42"
    );
    assert_eq!(collected.to_bytes(), "hello");
}
