//! WebSocket, HTTP/2, TLS and gRPC.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt, stream};
use http::{HeaderMap, HeaderValue, Response, Version};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;

use super::stage::*;
use crate::lab::world::routing::Protocol;

#[tokio::test]
async fn a_websocket_talks_both_ways_and_is_one_request_in_flight() {
    let socket = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = socket.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = socket.accept().await {
            let mut peer = tokio_tungstenite::accept_async(stream)
                .await
                .expect("a handshake");
            while let Some(Ok(message)) = peer.next().await {
                if message.is_text() {
                    peer.send(message).await.expect("a peer");
                }
            }
        }
    });
    let stage = Stage::set(all_to(&pool("blue", &[address]))).await;
    let stream = TcpStream::connect(stage.address).await.expect("a connection");
    let url = format!("ws://{}/chat", stage.address);
    let (mut peer, response) = tokio_tungstenite::client_async(url, stream)
        .await
        .expect("a handshake");
    assert_eq!(response.status(), 101);
    for said in ["one", "two", "three"] {
        peer.send(Message::text(said)).await.expect("a peer");
        assert_eq!(
            peer.next().await.expect("an echo").expect("an echo"),
            Message::text(said)
        );
    }
    // The rule may change under it: it stays where it is.
    stage.change(all_to(&pool("green", &[named("green").await])));
    peer.send(Message::text("still there")).await.expect("a peer");
    assert_eq!(
        peer.next().await.expect("an echo").expect("an echo"),
        Message::text("still there")
    );
    assert_eq!(stage.sums()["RequestCount@targetgroup/blue/1"], 1.0);
}

#[tokio::test]
async fn http2_by_prior_knowledge_reaches_an_http1_target() {
    let stage = Stage::set(all_to(&pool("blue", &[mirror().await]))).await;
    let mut client = http2_client(stage.address).await;
    let headers = [("cookie", "a=1"), ("cookie", "b=2")];
    let asked = request("GET", "http://shop.test/x?y=z", &headers, text(""));
    let got = Got::of(client.send_request(asked).await.expect("a response")).await;
    assert!(got.text.starts_with("GET /x?y=z\n"), "{}", got.text);
    for line in ["host: shop.test", "cookie: a=1; b=2"] {
        assert!(
            got.text.lines().any(|given| given == line),
            "{line} is not in {}",
            got.text
        );
    }
}

#[tokio::test]
async fn tls_offers_http2_under_a_certificate_that_can_be_trusted() {
    let pools = all_to(&pool("blue", &[mirror().await]));
    let stage = Stage::with(pools, balancer(), true, None).await;
    let mut roots = rustls::RootCertStore::empty();
    let authority =
        CertificateDer::from_pem_slice(stage.traffic.authority().as_bytes()).expect("a certificate");
    roots.add(authority).expect("an authority");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let mut config = config
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    for name in ["localhost", "shop.localhost", "shop.example.com", "127.0.0.1"] {
        let stream = TcpStream::connect(stage.address).await.expect("a connection");
        let name = ServerName::try_from(name).expect("a name");
        let stream = connector
            .connect(name, stream)
            .await
            .expect("a trusted certificate");
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let (mut client, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .expect("a handshake");
        tokio::spawn(async move { drop(connection.await) });
        let response = client
            .send_request(request("GET", "https://shop.test/", &[], text("")))
            .await;
        let got = Got::of(response.expect("a response")).await;
        assert!(got.text.contains("x-forwarded-proto: https\n"), "{}", got.text);
        assert!(got.text.contains("x-forwarded-port: 443\n"), "{}", got.text);
    }
}

#[tokio::test]
async fn grpc_passes_with_its_trailers() {
    let address = backend(|request| async move {
        assert_eq!(request.version(), Version::HTTP_2);
        assert_eq!(request.headers()["te"], "trailers");
        let message = request.into_body().collect().await.expect("a body").to_bytes();
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", HeaderValue::from_static("0"));
        let frames = [Ok(Frame::data(message)), Ok(Frame::trailers(trailers))];
        let mut response = Response::new(StreamBody::new(stream::iter(frames)).boxed_unsync());
        response
            .headers_mut()
            .insert("content-type", HeaderValue::from_static("application/grpc"));
        response
    })
    .await;
    let mut blue = pool("blue", &[address]);
    blue.protocol = Protocol::Grpc;
    let stage = Stage::set(all_to(&blue)).await;
    let mut client = http2_client(stage.address).await;
    for message in [&b"\0\0\0\0\x02hi"[..], b"\0\0\0\0\0"] {
        let headers = [("content-type", "application/grpc"), ("te", "trailers")];
        let asked = request(
            "POST",
            "http://shop.test/pkg.Service/Call",
            &headers,
            text(Bytes::from_static(message)),
        );
        let response = client.send_request(asked).await.expect("a response");
        assert_eq!(response.status(), 200);
        let collected = response.into_body().collect().await.expect("a body");
        assert_eq!(
            collected
                .trailers()
                .and_then(|trailers| trailers.get("grpc-status"))
                .expect("a status"),
            "0"
        );
        assert_eq!(collected.to_bytes(), message);
    }
}

#[tokio::test]
async fn a_target_behind_tls_is_spoken_to_without_being_asked_who_it_is() {
    let behind = Stage::with(all_to(&pool("behind", &[mirror().await])), balancer(), true, None).await;
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let mut blue = pool("blue", &[behind.address]);
        (blue.tls, blue.protocol) = (true, protocol);
        let stage = Stage::set(all_to(&blue)).await;
        for _ in 0..2 {
            let got = stage.get("/", &[]).await;
            assert_eq!(got.status, 200);
            assert!(got.text.contains("host: shop.test\n"), "{}", got.text);
            assert!(
                got.text.contains("x-forwarded-for: 127.0.0.1, 127.0.0.1\n"),
                "{}",
                got.text
            );
        }
    }
}
