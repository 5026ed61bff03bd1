//! Targets that leave: new requests go elsewhere at once, those in flight have their time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::Response;
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
