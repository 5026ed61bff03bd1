//! The built-in service over real sockets.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt, stream};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Body, Frame, Incoming};
use hyper::header::HeaderMap;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::knobs::Knobs;
use super::{Identity, Outcome, serve};

/// A service that is up, and the way to end it.
struct Served {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    outcome: JoinHandle<Outcome>,
}

async fn served(knobs: &str) -> Served {
    let knobs = Knobs::read(knobs).expect("known knobs");
    let address = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port")
        .local_addr()
        .expect("its address");
    let identity = Identity {
        version: "1.4.2".into(),
        instance: "i-0abc".into(),
        generation: Some("7".into()),
    };
    let (stop, stopped) = oneshot::channel();
    let outcome = tokio::spawn(async move {
        let stopped = async { stopped.await.unwrap_or(()) };
        serve(address, knobs, identity, stopped)
            .await
            .expect("it can listen")
    });
    while TcpStream::connect(address).await.is_err() {
        sleep(Duration::from_millis(5)).await;
    }
    Served {
        address,
        stop,
        outcome,
    }
}

async fn http1<B>(address: SocketAddr, request: Request<B>) -> Response<Incoming>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: std::error::Error + Send + Sync,
{
    let io = TokioIo::new(TcpStream::connect(address).await.expect("it listens"));
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io)
        .await
        .expect("a handshake");
    tokio::spawn(connection);
    sender.send_request(request).await.expect("an answer")
}

async fn http2<B>(address: SocketAddr, request: Request<B>) -> Response<Incoming>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: std::error::Error + Send + Sync,
{
    let io = TokioIo::new(TcpStream::connect(address).await.expect("it listens"));
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io)
        .await
        .expect("a handshake");
    tokio::spawn(connection);
    sender.send_request(request).await.expect("an answer")
}

fn get(path: &str) -> Request<Full<Bytes>> {
    Request::get(path)
        .header("host", "shop")
        .body(Full::default())
        .expect("a request")
}

fn call(address: SocketAddr, path: &str, message: &'static [u8]) -> Request<Full<Bytes>> {
    Request::post(format!("http://{address}{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(Full::from(message))
        .expect("a request")
}

async fn text(response: Response<Incoming>) -> String {
    String::from_utf8(
        response
            .into_body()
            .collect()
            .await
            .expect("a whole body")
            .to_bytes()
            .to_vec(),
    )
    .expect("text")
}

#[tokio::test]
async fn every_answer_says_who_gave_it() {
    let served = served("").await;
    for (path, status) in [("/", 200), ("/health", 200), ("/version", 200), ("/nowhere", 404)] {
        let response = http1(served.address, get(path)).await;
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(response.headers()["x-version"], "1.4.2", "{path}");
        assert_eq!(response.headers()["x-instance"], "i-0abc", "{path}");
    }
    let version = text(http1(served.address, get("/version")).await).await;
    let version: serde_json::Value = serde_json::from_str(&version).expect("JSON");
    assert_eq!(version["version"], "1.4.2");
    assert_eq!(version["instance"], "i-0abc");
    assert_eq!(version["generation"], "7");
    assert_eq!(version["pid"], std::process::id());
}

#[tokio::test]
async fn both_versions_of_http_are_spoken_on_one_port() {
    let served = served("").await;
    let url = format!("http://{}/", served.address);
    let two = http2(served.address, get(&url)).await;
    assert_eq!(two.version(), hyper::Version::HTTP_2);
    assert_eq!(text(two).await, "version 1.4.2 on i-0abc (generation 7)\n");
}

#[tokio::test]
async fn a_slow_answer_comes_byte_by_byte_and_ends_with_the_version() {
    let served = served("").await;
    let began = Instant::now();
    let response = http1(served.address, get("/slow?ms=350")).await;
    assert!(
        began.elapsed() < Duration::from_millis(300),
        "the head does not wait for the end"
    );
    assert_eq!(text(response).await, "...1.4.2");
    assert!(began.elapsed() >= Duration::from_millis(350));
    assert_eq!(http1(served.address, get("/slow")).await.status(), 400);
}

#[tokio::test]
async fn as_many_bytes_come_as_were_asked_for() {
    let served = served("").await;
    let response = http1(served.address, get("/bytes?n=200000")).await;
    assert_eq!(response.headers()["content-length"], "200000");
    assert_eq!(text(response).await.len(), 200_000);
    assert_eq!(text(http1(served.address, get("/bytes?n=0")).await).await, "");
}

#[tokio::test]
async fn an_echo_is_the_body_and_its_trailers_on_both_versions() {
    let served = served("").await;
    let trailers = HeaderMap::from_iter([(
        "x-sum".parse().expect("it is well formed"),
        "42".parse().expect("it is well formed"),
    )]);
    let body = || {
        let frames = [
            Frame::data(Bytes::from("one ")),
            Frame::data(Bytes::from("two")),
            Frame::trailers(trailers.clone()),
        ];
        StreamBody::new(stream::iter(frames.map(Ok::<_, std::convert::Infallible>)))
    };
    let request = |uri: &str| {
        Request::post(uri)
            .header("host", "shop")
            .header("te", "trailers")
            .header("trailer", "x-sum")
            .body(body())
            .expect("a request")
    };
    let one = http1(served.address, request("/echo")).await;
    let two = http2(
        served.address,
        request(&format!("http://{}/echo", served.address)),
    )
    .await;
    for response in [one, two] {
        let version = response.version();
        let collected = response.into_body().collect().await.expect("a whole body");
        assert_eq!(collected.trailers(), Some(&trailers), "{version:?}");
        assert_eq!(collected.to_bytes(), "one two", "{version:?}");
    }
}

async fn websocket(address: SocketAddr) -> tokio_tungstenite::WebSocketStream<TcpStream> {
    let socket = TcpStream::connect(address).await.expect("it listens");
    let (socket, response) = tokio_tungstenite::client_async(format!("ws://{address}/ws"), socket)
        .await
        .expect("a handshake");
    assert_eq!(response.headers()["x-version"], "1.4.2");
    socket
}

#[tokio::test]
async fn a_websocket_says_its_version_first_and_then_what_it_hears() {
    let served = served("").await;
    let mut socket = websocket(served.address).await;
    assert_eq!(
        socket
            .next()
            .await
            .expect("the socket is open")
            .expect("a whole message"),
        Message::text("1.4.2")
    );
    for message in [Message::text("hello"), Message::binary(vec![0, 255])] {
        socket.send(message.clone()).await.expect("the socket is open");
        assert_eq!(
            socket
                .next()
                .await
                .expect("the socket is open")
                .expect("a whole message"),
            message
        );
    }
    assert_eq!(http1(served.address, get("/ws")).await.status(), 426);
}

#[tokio::test]
async fn a_websocket_is_closed_politely_when_the_service_ends() {
    let served = served("").await;
    let mut socket = websocket(served.address).await;
    assert_eq!(
        socket
            .next()
            .await
            .expect("the socket is open")
            .expect("a whole message"),
        Message::text("1.4.2")
    );
    served.stop.send(()).expect("the service is there");
    let Message::Close(Some(close)) = socket
        .next()
        .await
        .expect("the socket is open")
        .expect("a whole message")
    else {
        panic!("not closed")
    };
    assert_eq!(close.code, CloseCode::Away);
    while socket.next().await.is_some() {}
    assert_eq!(
        served.outcome.await.expect("the service did not panic"),
        Outcome::Finished
    );
}

#[tokio::test]
async fn the_grpc_health_service_says_serving() {
    let served = served("").await;
    let request = call(served.address, "/grpc.health.v1.Health/Check", &[0; 5]);
    let response = http2(served.address, request).await;
    assert_eq!(response.headers()["content-type"], "application/grpc");
    let collected = response.into_body().collect().await.expect("a whole body");
    assert_eq!(collected.trailers().expect("trailers")["grpc-status"], "0");
    assert_eq!(collected.to_bytes().to_vec(), [0, 0, 0, 0, 2, 8, 1]);
}

#[tokio::test]
async fn a_grpc_echo_returns_the_message_with_the_version_beside() {
    let served = served("").await;
    let message = b"\0\0\0\0\x05hello";
    let response = http2(served.address, call(served.address, "/lab.Echo/Say", message)).await;
    assert_eq!(response.headers()["x-version"], "1.4.2");
    let collected = response.into_body().collect().await.expect("a whole body");
    assert_eq!(collected.trailers().expect("trailers")["grpc-status"], "0");
    assert_eq!(collected.to_bytes().to_vec(), message);
}

#[tokio::test]
async fn a_grpc_method_that_does_not_exist_is_unimplemented_which_is_what_an_alb_expects() {
    let served = served("").await;
    let response = http2(
        served.address,
        call(served.address, "/AWS.ALB/healthcheck", &[0; 5]),
    )
    .await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["grpc-status"], "12");
}

#[tokio::test]
async fn what_becomes_unhealthy_says_so_in_http_and_grpc_but_goes_on_serving() {
    let served = served("unhealthy_after = '0s'").await;
    assert_eq!(http1(served.address, get("/health")).await.status(), 503);
    let request = call(served.address, "/grpc.health.v1.Health/Check", &[0; 5]);
    assert_eq!(
        http2(served.address, request).await.headers()["grpc-status"],
        "14"
    );
    assert_eq!(http1(served.address, get("/")).await.status(), 200);
}

#[tokio::test]
async fn requests_fail_at_the_rate_and_with_the_status_of_the_knobs_but_health_checks_do_not() {
    let served = served("error_rate = 1\nerror_status = 502\nhealth_path = '/up'\nhealth_status = 204").await;
    assert_eq!(http1(served.address, get("/")).await.status(), 502);
    assert_eq!(http1(served.address, get("/up")).await.status(), 204);
}

#[tokio::test]
async fn with_the_same_chance_the_same_requests_fail() {
    let mut courses = Vec::new();
    for chance in [7, 7, 8] {
        let served = served(&format!("error_rate = 0.5\nchance = {chance}")).await;
        let mut course = Vec::new();
        for _ in 0..40 {
            course.push(http1(served.address, get("/")).await.status().as_u16());
        }
        courses.push(course);
    }
    assert!(
        courses[0].contains(&200) && courses[0].contains(&500),
        "{courses:?}"
    );
    assert_eq!(courses[0], courses[1]);
    assert_ne!(courses[0], courses[2]);
}

#[tokio::test]
async fn latency_comes_before_answers_and_not_before_health_checks() {
    let served = served("latency = '300ms'\njitter = '10ms'").await;
    let began = Instant::now();
    http1(served.address, get("/health")).await;
    assert!(began.elapsed() < Duration::from_millis(250));
    let began = Instant::now();
    http1(served.address, get("/")).await;
    assert!(began.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn what_was_begun_is_finished_and_nothing_new_is_accepted_once_it_is_to_end() {
    let served = served("").await;
    let response = http1(served.address, get("/slow?ms=500")).await;
    let idle = TcpStream::connect(served.address).await.expect("it listens");
    served.stop.send(()).expect("the service is there");
    while TcpStream::connect(served.address).await.is_ok() {
        sleep(Duration::from_millis(5)).await;
    }
    assert!(!served.outcome.is_finished());
    assert_eq!(text(response).await, "....1.4.2");
    assert_eq!(
        served.outcome.await.expect("the service did not panic"),
        Outcome::Finished,
        "an idle connection holds nothing up"
    );
    drop(idle);
}

#[tokio::test]
async fn what_takes_longer_than_the_shutdown_may_is_cut() {
    let served = served("slow_shutdown = '100ms'").await;
    let _response = http1(served.address, get("/slow?ms=60000")).await;
    served.stop.send(()).expect("the service is there");
    assert_eq!(
        served.outcome.await.expect("the service did not panic"),
        Outcome::Cut
    );
}

#[tokio::test]
async fn it_dies_when_its_knobs_say_so() {
    let served = served("dies_after = '100ms'").await;
    assert_eq!(
        served.outcome.await.expect("the service did not panic"),
        Outcome::Died
    );
}

#[tokio::test]
async fn nothing_listens_before_it_has_booted_and_it_may_be_ended_before() {
    let address = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port")
        .local_addr()
        .expect("its address");
    let identity = Identity {
        version: "1".into(),
        instance: "i-1".into(),
        generation: None,
    };
    let knobs = Knobs::read("boot = '1h'").expect("known knobs");
    let stop = async {
        assert!(TcpStream::connect(address).await.is_err());
    };
    assert_eq!(
        serve(address, knobs, identity, stop)
            .await
            .expect("it can listen"),
        Outcome::Finished
    );
}

#[test]
fn a_knob_that_does_not_exist_is_an_error_that_names_it() {
    let error = Knobs::read("version = '1'\nlatencey = '2s'").expect_err("this knob is unknown");
    assert!(error.contains("latencey"), "{error}");
    assert!(error.contains("line 2"), "{error}");
}

#[test]
fn durations_are_text_with_a_unit() {
    let knobs =
        Knobs::read("boot = '1m 30s'\nlatency = '150ms'\nunhealthy_after = '2s'").expect("known knobs");
    assert_eq!(knobs.boot, Duration::from_secs(90));
    assert_eq!(knobs.latency, Duration::from_millis(150));
    assert_eq!(knobs.unhealthy_after, Some(Duration::from_secs(2)));
    for wrong in [
        "boot = 'soon'",
        "boot = '-2s'",
        "boot = 2",
        "error_rate = 1.5",
        "error_status = 42",
        "memory_used = 101",
        "memory_growth = -1",
    ] {
        assert!(Knobs::read(wrong).is_err(), "{wrong}");
    }
}
