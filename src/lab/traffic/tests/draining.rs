//! Targets that leave: new requests go elsewhere at once, those in flight have their time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::Response;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::stage::*;

/// A server that answers only when it is let.
struct Gate {
    address: SocketAddr,
    came: Arc<Semaphore>,
    go: Arc<Semaphore>,
}

async fn gate(name: &'static str) -> Gate {
    let (came, go) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (told, gate) = (Arc::clone(&came), Arc::clone(&go));
    let address = backend(move |_| {
        let (told, gate) = (Arc::clone(&told), Arc::clone(&gate));
        async move {
            told.add_permits(1);
            gate.acquire().await.expect("an open gate").forget();
            Response::new(text(name))
        }
    })
    .await;
    Gate { address, came, go }
}

#[tokio::test]
async fn a_draining_target_finishes_what_it_has_and_gets_nothing_new() {
    let (old, new) = (gate("old").await, named("new").await);
    let mut blue = pool("blue", &[old.address]);
    let stage = Stage::set(all_to(&blue)).await;
    let (first, ()) = tokio::join!(stage.get("/", &[]), async {
        old.came.acquire().await.expect("a request").forget();
        blue.targets = vec![target(new)];
        blue.draining = vec![(target(old.address), stage.moment() + Duration::from_secs(60))];
        stage.change(all_to(&blue));
        for _ in 0..10 {
            assert_eq!(stage.get("/", &[]).await.text, "new");
        }
        old.go.add_permits(1);
    });
    assert_eq!((first.status, first.text.as_str()), (200, "old"));
}

#[tokio::test]
async fn a_request_in_flight_is_cut_when_the_delay_is_over() {
    let old = gate("old").await;
    let mut blue = pool("blue", &[old.address]);
    let stage = Stage::set(all_to(&blue)).await;
    let (first, ()) = tokio::join!(stage.get("/", &[]), async {
        old.came.acquire().await.expect("a request").forget();
        blue.targets = vec![];
        blue.draining = vec![(target(old.address), stage.moment() + Duration::from_millis(200))];
        stage.change(all_to(&blue));
    });
    assert_eq!(first.status, 502);
}

#[tokio::test]
async fn a_target_that_is_no_longer_routed_to_may_finish() {
    let (old, new) = (gate("old").await, named("new").await);
    let stage = Stage::set(all_to(&pool("blue", &[old.address]))).await;
    let (first, ()) = tokio::join!(stage.get("/", &[]), async {
        old.came.acquire().await.expect("a request").forget();
        stage.change(all_to(&pool("green", &[new])));
        assert_eq!(stage.get("/", &[]).await.text, "new");
        old.go.add_permits(1);
    });
    assert_eq!((first.status, first.text.as_str()), (200, "old"));
}

#[tokio::test]
async fn a_response_that_outlasts_the_delay_breaks_off() {
    let address = backend(|_| async {
        let first = stream::once(async { Ok(Frame::data(Bytes::from_static(b"begun"))) });
        Response::new(StreamBody::new(first.chain(stream::pending())).boxed_unsync())
    })
    .await;
    let mut blue = pool("blue", &[address]);
    let stage = Stage::set(all_to(&blue)).await;
    let mut client = Client::to(stage.address).await;
    let mut body = client.send(request("GET", "/", &[], text(""))).await.into_body();
    let first = body.frame().await.expect("a frame").expect("a frame");
    assert_eq!(first.into_data().expect("data"), "begun");
    blue.targets = vec![];
    blue.draining = vec![(target(address), stage.moment() + Duration::from_millis(100))];
    stage.change(all_to(&blue));
    assert!(
        body.frame().await.expect("an end").is_err(),
        "a whole body must not be pretended"
    );
}

#[tokio::test]
async fn a_websocket_is_closed_when_its_targets_delay_is_over() {
    let socket = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = socket.local_addr().expect("an address");
    tokio::spawn(async move {
        let (stream, _) = socket.accept().await.expect("a client");
        let mut peer = tokio_tungstenite::accept_async(stream)
            .await
            .expect("a handshake");
        while let Some(Ok(_)) = peer.next().await {}
    });
    let mut blue = pool("blue", &[address]);
    let stage = Stage::set(all_to(&blue)).await;
    let stream = TcpStream::connect(stage.address).await.expect("a connection");
    let url = format!("ws://{}/", stage.address);
    let (mut peer, _) = tokio_tungstenite::client_async(url, stream)
        .await
        .expect("a handshake");
    blue.targets = vec![];
    blue.draining = vec![(target(address), stage.moment() + Duration::from_millis(100))];
    stage.change(all_to(&blue));
    assert!(
        !matches!(peer.next().await, Some(Ok(_))),
        "nobody had anything to say"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_fails_while_weights_and_targets_change_all_the_time() {
    let (one, two, three) = (named("blue").await, named("blue").await, named("green").await);
    let stage = Stage::set(all_to(&pool("blue", &[one, two]))).await;
    let address = stage.address;
    let clients = (0..8).map(|number| {
        tokio::spawn(async move {
            let mut client = Client::to(address).await;
            for request in 0..250 {
                if (request + number) % 20 == 0 {
                    client = Client::to(address).await;
                }
                let got = client.get("/", &[]).await;
                assert_eq!(got.status, 200, "{}", got.text);
            }
        })
    });
    let clients: Vec<_> = clients.collect();
    let changing = async {
        for step in 0_u32.. {
            let (mut blue, green) = (pool("blue", &[one, two]), pool("green", &[three]));
            let leaving = if step.is_multiple_of(2) { one } else { two };
            blue.targets.retain(|known| known.address != Some(leaving));
            blue.draining = vec![(target(leaving), stage.moment() + Duration::from_secs(5))];
            stage.change(vec![rule(vec![], forward(&[(blue, step % 3), (green, 1)]))]);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::select! {
        () = changing => {}
        done = futures_util::future::join_all(clients) => {
            for client in done {
                client.expect("a client without a failure");
            }
        }
    }
}
