//! Clients that come back with their cookies.

use std::time::Duration;

use http::{HeaderValue, Response};

use super::stage::*;
use crate::lab::world::routing::{Action, Pool, Rule, TargetStickiness};

fn sticky(pools: &[(Pool, u32)]) -> Vec<Rule> {
    let Action::Forward { pools, .. } = forward(pools) else {
        unreachable!("it forwards")
    };
    vec![rule(
        vec![],
        Action::Forward {
            pools,
            stickiness: Some(Duration::from_secs(60)),
        },
    )]
}

#[tokio::test]
async fn a_group_cookie_outweighs_the_weights() {
    let blue = pool("blue", &[named("blue").await]);
    let green = pool("green", &[named("green").await]);
    let stage = Stage::set(sticky(&[(blue.clone(), 1), (green.clone(), 0)])).await;
    let first = stage.get("/", &[]).await;
    let cookies = first.cookies();
    assert_eq!(first.text, "blue");
    assert!(
        cookies.contains("AWSALBTG=") && cookies.contains("AWSALBTGCORS="),
        "{cookies}"
    );
    stage.change(sticky(&[(blue.clone(), 1), (green.clone(), 999)]));
    for _ in 0..20 {
        assert_eq!(stage.get("/", &[("cookie", &cookies)]).await.text, "blue");
    }
    // A group that the rule no longer names is forgotten.
    stage.change(sticky(&[(green, 1)]));
    assert_eq!(stage.get("/", &[("cookie", &cookies)]).await.text, "green");
}

#[tokio::test]
async fn a_target_cookie_leads_back_to_the_target_while_there_is_one() {
    let (one, two) = (named("one").await, named("two").await);
    let mut blue = pool("blue", &[one, two]);
    blue.stickiness = Some(TargetStickiness::BalancerCookie {
        duration: Duration::from_secs(60),
    });
    let stage = Stage::set(all_to(&blue)).await;
    let first = stage.get("/", &[]).await;
    let cookies = format!("mine=1; {}", first.cookies());
    for _ in 0..6 {
        assert_eq!(stage.get("/", &[("cookie", &cookies)]).await.text, first.text);
    }
    let (left, other) = if first.text == "one" {
        (two, "two")
    } else {
        (one, "one")
    };
    blue.targets = vec![target(left)];
    stage.change(all_to(&blue));
    let moved = stage.get("/", &[("cookie", &cookies)]).await;
    assert_eq!(moved.text, other);
    assert!(
        moved.cookies().contains("AWSALB="),
        "the new target is remembered"
    );
}

#[tokio::test]
async fn an_application_cookie_is_needed_to_be_remembered() {
    let answer = |name: &'static str| {
        backend(move |request| async move {
            let mut response = Response::new(text(name));
            if request.uri().path() == "/login" {
                response
                    .headers_mut()
                    .insert("set-cookie", HeaderValue::from_static("session=1; Path=/"));
            }
            response
        })
    };
    let mut blue = pool("blue", &[answer("one").await, answer("two").await]);
    let duration = Duration::from_secs(60);
    blue.stickiness = Some(TargetStickiness::AppCookie {
        name: "session".to_owned(),
        duration,
    });
    let stage = Stage::set(all_to(&blue)).await;
    assert!(!stage.get("/", &[]).await.cookies().contains("AWSALBAPP-0"));
    let login = stage.get("/login", &[]).await;
    let cookies = login.cookies();
    assert!(cookies.contains("AWSALBAPP-0="), "{cookies}");
    for _ in 0..6 {
        assert_eq!(stage.get("/", &[("cookie", &cookies)]).await.text, login.text);
    }
}
