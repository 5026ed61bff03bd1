//! Rules, weights, headers and counts, as clients and backends see them.

use super::stage::*;
use crate::lab::world::routing::Action;

fn fixed(status: u16, body: &str) -> Action {
    Action::Fixed {
        status,
        content_type: "text/plain".to_owned(),
        body: body.to_owned(),
    }
}

#[tokio::test]
async fn a_target_hears_who_asked_and_gets_a_trace() {
    let stage = Stage::set(all_to(&pool("blue", &[mirror().await]))).await;
    let got = stage
        .get(
            "/a/b?c=d",
            &[
                ("x-forwarded-for", "9.9.9.9"),
                ("connection", "keep-alive, x-mine"),
                ("x-mine", "1"),
            ],
        )
        .await;
    assert_eq!(got.status, 200);
    assert!(got.text.starts_with("GET /a/b?c=d\n"), "{}", got.text);
    for line in [
        "host: shop.test",
        "x-forwarded-for: 9.9.9.9, 127.0.0.1",
        "x-forwarded-proto: http",
        "x-forwarded-port: 80",
    ] {
        assert!(
            got.text.lines().any(|given| given == line),
            "{line} is not in {}",
            got.text
        );
    }
    assert!(got.text.contains("x-amzn-trace-id: Root=1-"), "{}", got.text);
    assert!(
        !got.text.contains("x-mine") && !got.text.contains("connection:"),
        "{}",
        got.text
    );
}

#[tokio::test]
async fn a_trace_that_comes_in_is_gone_on_with() {
    let stage = Stage::set(all_to(&pool("blue", &[mirror().await]))).await;
    let got = stage
        .get(
            "/",
            &[(
                "x-amzn-trace-id",
                "Root=1-67891233-abcdef012345678912345678;Sampled=1",
            )],
        )
        .await;
    let line = got
        .text
        .lines()
        .find(|line| line.starts_with("x-amzn-trace-id"))
        .expect("a trace");
    assert!(line.starts_with("x-amzn-trace-id: Self=1-"), "{line}");
    assert!(
        line.ends_with(";Root=1-67891233-abcdef012345678912345678;Sampled=1"),
        "{line}"
    );
}

#[tokio::test]
async fn rules_are_judged_for_every_request_of_a_connection() {
    let blue = pool("blue", &[named("blue").await]);
    let green = pool("green", &[named("green").await]);
    let preview = rule(vec![header("strategy", "green")], forward(&[(green.clone(), 1)]));
    let live = rule(vec![], forward(&[(blue.clone(), 1)]));
    let stage = Stage::set(vec![preview, live]).await;
    let mut client = Client::to(stage.address).await;
    assert_eq!(client.get("/", &[]).await.text, "blue");
    assert_eq!(client.get("/", &[("strategy", "GREEN")]).await.text, "green");
    assert_eq!(client.get("/", &[]).await.text, "blue");
    // What is told is obeyed by the very next request.
    stage.change(all_to(&green));
    assert_eq!(client.get("/", &[]).await.text, "green");
}

#[tokio::test]
async fn weights_are_for_requests_and_nobody_with_weight_is_a_503() {
    let blue = pool("blue", &[named("blue").await]);
    let green = pool("green", &[named("green").await]);
    let weighted = |blue_weight, green_weight| {
        vec![rule(
            vec![],
            forward(&[(blue.clone(), blue_weight), (green.clone(), green_weight)]),
        )]
    };
    let stage = Stage::set(weighted(3, 1)).await;
    let mut client = Client::to(stage.address).await;
    let mut greens = 0;
    for _ in 0..400 {
        greens += u32::from(client.get("/", &[]).await.text == "green");
    }
    assert!((70..130).contains(&greens), "{greens} of 400");
    stage.change(weighted(0, 1));
    for _ in 0..20 {
        assert_eq!(client.get("/", &[]).await.text, "green");
    }
    stage.change(weighted(0, 0));
    assert_eq!(client.get("/", &[]).await.status, 503);
}

#[tokio::test]
async fn an_empty_target_group_keeps_its_share_as_503() {
    let stage = Stage::set(all_to(&pool("blue", &[]))).await;
    let got = stage.get("/", &[]).await;
    assert_eq!(got.status, 503);
    assert_eq!(got.headers["server"], "awselb/2.0");
    assert!(
        got.text.contains("503 Service Temporarily Unavailable"),
        "{}",
        got.text
    );
    let sums = stage.sums();
    assert_eq!(sums.get("HTTPCode_ELB_503_Count"), Some(&1.0));
    assert_eq!(
        sums.get("RequestCount"),
        None,
        "a request without a target is not counted"
    );
}

#[tokio::test]
async fn a_closed_door_reaches_a_grpc_client_as_a_plain_status() {
    let closed = rule(
        vec![header("content-type", "application/grpc")],
        fixed(456, "try the other"),
    );
    let stage = Stage::set(vec![closed, rule(vec![], fixed(200, "open"))]).await;
    let mut client = http2_client(stage.address).await;
    let headers = [("content-type", "application/grpc"), ("te", "trailers")];
    let request = request("POST", "http://shop.test/pkg.Service/Call", &headers, text(""));
    let got = Got::of(client.send_request(request).await.expect("a response")).await;
    assert_eq!((got.status, got.text.as_str()), (456, "try the other"));
    assert_eq!(got.headers.get("grpc-status"), None);
}

#[tokio::test]
async fn a_redirect_fills_in_what_was_asked() {
    let redirect = Action::Redirect {
        status: 301,
        protocol: "HTTPS".to_owned(),
        port: "8443".to_owned(),
        host: "new.#{host}".to_owned(),
        path: "/v2/#{path}".to_owned(),
        query: "#{query}&from=old".to_owned(),
    };
    let stage = Stage::set(vec![rule(vec![], redirect)]).await;
    let got = stage.get("/a/b?c=d", &[]).await;
    assert_eq!(got.status, 301);
    assert_eq!(
        got.headers["location"],
        "https://new.shop.test:8443/v2/a/b?c=d&from=old"
    );
}

#[tokio::test]
async fn what_passes_is_counted_under_the_services_names() {
    let ok = named("ok").await;
    let bad = backend(|_| async {
        let mut response = http::Response::new(text("no"));
        *response.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
        response
    })
    .await;
    let blue = pool("blue", &[ok, ok]);
    let mut green = pool("green", &[bad]);
    green.failed_open = true;
    let preview = rule(vec![header("strategy", "green")], forward(&[(green, 1)]));
    let stage = Stage::set(vec![preview, rule(vec![], forward(&[(blue, 1)]))]).await;
    for _ in 0..4 {
        assert_eq!(stage.get("/", &[]).await.status, 200);
    }
    assert_eq!(stage.get("/", &[("strategy", "green")]).await.status, 500);
    let sums = stage.sums();
    let expected = [
        ("RequestCount", 5.0),
        ("RequestCount@targetgroup/blue/1", 4.0),
        ("RequestCount@targetgroup/green/1", 1.0),
        ("RequestCountPerTarget@targetgroup/blue/1", 2.0),
        ("HTTPCode_Target_2XX_Count", 4.0),
        ("HTTPCode_Target_2XX_Count@targetgroup/blue/1", 4.0),
        ("HTTPCode_Target_5XX_Count@targetgroup/green/1", 1.0),
        ("UnhealthyRoutingRequestCount@targetgroup/green/1", 1.0),
    ];
    for (name, sum) in expected {
        assert_eq!(sums.get(name), Some(&sum), "{name} in {sums:?}");
    }
    assert_eq!(
        sums.get("HTTPCode_ELB_5XX_Count"),
        None,
        "the target said it, not the load balancer"
    );
    assert!(sums["TargetResponseTime@targetgroup/blue/1"] > 0.0);
    assert!(
        sums["NewConnectionCount"] >= 5.0 && sums["ProcessedBytes"] > 500.0,
        "{sums:?}"
    );
    // Idle, only the count per target goes on, with zeros.
    let idle = stage.sums();
    assert_eq!(idle.get("RequestCountPerTarget@targetgroup/blue/1"), Some(&0.0));
    assert_eq!(idle.get("RequestCount@targetgroup/blue/1"), None);
}

#[tokio::test]
async fn listeners_come_and_go_with_the_routing() {
    let stage = Stage::set(vec![rule(vec![], fixed(200, "open"))]).await;
    let mut addresses = stage.traffic.addresses();
    assert_eq!(stage.get("/", &[]).await.text, "open");
    stage.routing.send_replace(std::sync::Arc::default());
    addresses
        .wait_for(std::collections::BTreeMap::is_empty)
        .await
        .expect("news");
    assert!(tokio::net::TcpStream::connect(stage.address).await.is_err());
    stage.change(vec![rule(vec![], fixed(200, "again"))]);
    let address = addresses
        .wait_for(|known| known.contains_key(LISTENER))
        .await
        .expect("news")[LISTENER];
    assert!(address.ip().is_loopback());
    assert_eq!(Client::to(address).await.get("/", &[]).await.text, "again");
}
