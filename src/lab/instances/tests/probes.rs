//! Health checks of real targets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rcgen::CertifiedKey;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::lab::instances::probe::probe;
use crate::lab::sample::knobs::Knobs;
use crate::lab::sample::{Identity, serve};
use crate::lab::world::balancing::ProbeId;
use crate::lab::world::orders::{Answer, Probe};

fn check(address: SocketAddr) -> Probe {
    Probe {
        id: ProbeId(1),
        instance: "i-1".into(),
        address: Some(address),
        tls: false,
        path: "/health".into(),
        grpc: false,
        http2: false,
        timeout: Duration::from_secs(10),
    }
}

async fn sample(knobs: &str) -> SocketAddr {
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
    tokio::spawn(serve(
        address,
        Knobs::read(knobs).expect("known knobs"),
        identity,
        std::future::pending(),
    ));
    while TcpStream::connect(address).await.is_err() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    address
}

#[tokio::test]
async fn both_versions_of_http_are_answered_with_the_status() {
    let address = sample("health_status = 418").await;
    for http2 in [false, true] {
        assert_eq!(
            probe(&Probe {
                http2,
                ..check(address)
            })
            .await,
            Answer::Status(418)
        );
    }
}

#[tokio::test]
async fn the_sample_is_healthy_wherever_it_is_checked_unless_its_knobs_say_where() {
    for (knobs, status) in [("", 200), ("health_path = '/up'", 404)] {
        let order = Probe {
            path: "/status".into(),
            ..check(sample(knobs).await)
        };
        assert_eq!(probe(&order).await, Answer::Status(status), "{knobs}");
    }
}

#[tokio::test]
async fn a_grpc_check_reads_the_calls_own_status_from_head_or_trailers() {
    let address = sample("").await;
    for (path, status) in [("/grpc.health.v1.Health/Check", 0), ("/AWS.ALB/healthcheck", 12)] {
        let order = Probe {
            grpc: true,
            path: path.into(),
            ..check(address)
        };
        assert_eq!(probe(&order).await, Answer::Grpc(status), "{path}");
    }
}

#[tokio::test]
async fn nobody_there_is_a_refusal() {
    let address = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port")
        .local_addr()
        .expect("its address");
    assert_eq!(probe(&check(address)).await, Answer::Refused);
    assert_eq!(
        probe(&Probe {
            address: None,
            ..check(address)
        })
        .await,
        Answer::Refused
    );
}

#[tokio::test]
async fn a_target_that_accepts_and_says_nothing_is_a_timeout() {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let order = Probe {
        timeout: Duration::from_millis(200),
        ..check(silent.local_addr().expect("its address"))
    };
    assert_eq!(probe(&order).await, Answer::TimedOut);
}

#[tokio::test]
async fn a_balancer_says_who_it_is_and_keeps_no_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    let target = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a connection");
        let mut head = vec![0; 4096];
        let length = socket.read(&mut head).await.expect("a request");
        socket
            .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
            .await
            .expect("the balancer listens");
        String::from_utf8_lossy(&head[..length]).to_lowercase()
    });
    assert_eq!(probe(&check(address)).await, Answer::Status(204));
    let head = target.await.expect("the target did not panic");
    assert!(head.starts_with("get /health http/1.1\r\n"), "{head}");
    assert!(head.contains("user-agent: elb-healthchecker/2.0\r\n"), "{head}");
    assert!(head.contains("connection: close\r\n"), "{head}");
    assert!(head.contains(&format!("host: {address}\r\n")), "{head}");
}

#[tokio::test]
async fn any_certificate_will_do_over_tls() {
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["elsewhere".to_owned()]).expect("a certificate");
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(
            vec![cert.der().clone()],
            signing_key.serialize_der().try_into().expect("a key"),
        )
        .expect("a certificate and its key");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(async move {
        let (socket, _) = listener.accept().await.expect("a connection");
        let mut socket = TlsAcceptor::from(Arc::new(config))
            .accept(socket)
            .await
            .expect("a handshake");
        let _ = socket.read(&mut [0; 4096]).await.expect("a request");
        socket
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            .await
            .expect("the balancer listens");
        socket.shutdown().await.expect("an end");
    });
    assert_eq!(
        probe(&Probe {
            tls: true,
            ..check(address)
        })
        .await,
        Answer::Status(200)
    );
}
