//! Where secrets are planted: in the account, in what the operator is given, and with whoever answers them.

use std::sync::{Arc, Mutex};

use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, AuthenticateOidcActionConfig, PathPatternConditionConfig, RuleCondition,
};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::support::{Estate, Swing};

/// What is never said, whoever asks.
pub(super) const SECRETS: [(&str, &str); 17] = [
    ("live's user data", "canary-user-data-of-live"),
    ("the release's user data", "canary-user-data-of-release"),
    ("a tag of the load balancer", "canary-tag-of-balancer"),
    ("a tag of live's target group", "canary-tag-of-target-group"),
    ("a tag of live's group", "canary-tag-of-group"),
    ("an OIDC client's secret", "canary-oidc-client-secret"),
    ("AWS_SECRET_ACCESS_KEY", "canary-secret-access-key"),
    ("AWS_SESSION_TOKEN", "canary-session-token"),
    ("a variable of somebody", "canary-database-password"),
    ("a pipeline's token", "canary-pipeline-token"),
    ("a token in a pipeline's address", "canary-token-in-address"),
    ("a password in an endpoint", "canary-endpoint-password"),
    ("a header of a load", "canary-bearer-token"),
    ("a variable that hooks are given", "canary-smoke-token"),
    ("the secret of a webhook", "canary-hook-secret"),
    ("a token in a webhook's address", "canary-token-of-webhook"),
    ("the address of a notification", "canary-address-of-news"),
];

/// Hooks that say all that they know, to whoever keeps what they say; and news for somebody who refuses it, and for
/// nobody. `HOST` is where somebody listens.
pub(super) const HOOKS: &str = r#"
[[hooks]]
at = "before-deploy"
post = "http://HOST/hook?token=canary-token-of-webhook"
secret_env = "HOOK_SECRET"

[[hooks]]
at = "before-traffic"
run = "env; echo \"$HOOK_ENTRANCE_VALUE\" >> entrances.txt"
shell = true
env = ["SMOKE_TOKEN"]

[[hooks]]
at = "before-traffic"
post = "http://HOST/hook"
secret_env = "HOOK_SECRET"

[[hooks]]
at = "on-failure"
run = "env >&2; exit 1"
shell = true
env = ["SMOKE_TOKEN"]

[[notify]]
on = ["deployed", "promoted", "rolled-back", "failed", "paused"]
url_env = "NEWS"
template = "json"

[[notify]]
on = ["deployed", "failed"]
url_env = "NEWS_FOR_NOBODY"
"#;

/// The same of a release that takes live's place. `HOST` is where somebody listens.
pub(super) const ROLLING: &str = r#"
app = "shop"
load_balancer = "alb-ks"
strategy = "rolling"

[rolling]
warmup = "5s"

[[hooks]]
at = "before-deploy"
run = "env"
shell = true
env = ["SMOKE_TOKEN"]

[[hooks]]
at = "on-rollback"
post = "http://HOST/hook?token=canary-token-of-webhook"
secret_env = "HOOK_SECRET"

[[notify]]
on = ["deployed", "rolled-back", "failed"]
url_env = "NEWS"
template = "json"
"#;

/// What a test of variants adds to the configuration.
pub(super) const VARIANTS: &str = r#"
[ab]
duration = "1d"
variants = [{ name = "control", live = true, weight = 1 }, { name = "bold", weight = 1 }]
"#;

/// What there is: tags and user data that are nobody else's business.
pub(super) const ESTATE: &str = r##"
name = "secrets"

[[launch_templates]]
name = "ks-app"

[[launch_templates.versions]]
image = "app-1"
user_data = """
#!sample
version = "1"
# canary-user-data-of-live
"""

[[target_groups]]
name = "tg-1"
port = 8080
health_path = "/health"
health_interval = 5
health_timeout = 2
attributes = { "deregistration_delay.timeout_seconds" = "5" }
tags = { note = "canary-tag-of-target-group" }

[[load_balancers]]
name = "alb-ks"
tags = { note = "canary-tag-of-balancer" }

[[load_balancers.listeners]]
port = 80
default = { forward = "tg-1" }

[[load_balancers.listeners.rules]]
priority = 10
header = { name = "x-client-mode", values = ["blue"] }
forward = "tg-1"

[[load_balancers.listeners.rules]]
priority = 11
header = { name = "x-client-mode", values = ["green"] }
status = 404

[[load_balancers.listeners]]
port = 443
protocol = "HTTPS"
default = { forward = "tg-1" }

[[groups]]
name = "asg-1"
template = "ks-app"
version = "1"
min = 1
max = 4
desired = 2
target_groups = ["tg-1"]
health_grace = 10
tags = { note = "canary-tag-of-group" }
"##;

/// An operator with all that a pipeline may have in its environment, and releases to make of it. `host`: where somebody
/// listens.
pub(super) fn operator(estate: &Estate, host: &str) -> Swing {
    let mut swing = Swing::new(estate);
    for (name, value) in [
        ("AWS_SECRET_ACCESS_KEY", "canary-secret-access-key"),
        ("AWS_SESSION_TOKEN", "canary-session-token"),
        ("DATABASE_PASSWORD", "canary-database-password"),
        ("GITHUB_TOKEN", "canary-pipeline-token"),
        ("CI_JOB_TOKEN", "canary-pipeline-token"),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "canary-pipeline-token"),
        (
            "BUILD_URL",
            "https://ci:canary-token-in-address@ci.example/job/7/?token=canary-token-in-address",
        ),
        ("SMOKE_TOKEN", "canary-smoke-token"),
        ("HOOK_SECRET", "canary-hook-secret"),
        ("NEWS", &format!("http://{host}/canary-address-of-news")),
        ("NEWS_FOR_NOBODY", "http://127.0.0.1:9/canary-address-of-news"),
        ("SWINGBRIDGE_LOG", "trace"),
        ("RUST_LOG", "trace"),
        ("RUST_BACKTRACE", "full"),
    ] {
        swing.set(name, value);
    }
    swing.write(
        "boot.sh",
        "#!sample\nversion = \"2\"\n# canary-user-data-of-release\n",
    );
    swing.write(
        "sick.sh",
        "#!sample\nhealth_status = 503\n# canary-user-data-of-release\n",
    );
    swing.write(
        "wrong.sh",
        "#!sample\n# canary-user-data-of-release {{ relase }}\n",
    );
    swing
}

/// Somebody must log in to come to `/admin`.
pub(super) async fn ask_for_a_login(estate: &Estate) {
    let listener = estate.listeners().await[&443].clone();
    let address = |path: &str| format!("https://login.example/{path}");
    let login = AuthenticateOidcActionConfig::builder()
        .issuer("https://login.example")
        .authorization_endpoint(address("authorize"))
        .token_endpoint(address("token"))
        .user_info_endpoint(address("user"))
        .client_id("shop")
        .client_secret("canary-oidc-client-secret")
        .build();
    let live = estate.target_group_arn("tg-1").await;
    estate
        .elb
        .create_rule()
        .listener_arn(listener)
        .priority(30)
        .conditions(
            RuleCondition::builder()
                .field("path-pattern")
                .path_pattern_config(PathPatternConditionConfig::builder().values("/admin/*").build())
                .build(),
        )
        .actions(
            Action::builder()
                .r#type(ActionTypeEnum::AuthenticateOidc)
                .order(1)
                .authenticate_oidc_config(login)
                .build(),
        )
        .actions(
            Action::builder()
                .r#type(ActionTypeEnum::Forward)
                .order(2)
                .target_group_arn(live)
                .build(),
        )
        .send()
        .await
        .expect("a rule");
}

/// What was posted: to where, and what.
pub(super) type Posted = Arc<Mutex<Vec<(String, String)>>>;

/// Somebody who says a hook's words back to it, with the secret that they were signed with, and takes no news.
pub(super) async fn somebody_elsewhere() -> (String, Posted) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let host = listener.local_addr().expect("bound").to_string();
    let posted = Posted::default();
    let shared = Arc::clone(&posted);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let shared = Arc::clone(&shared);
            let answer = service_fn(move |request| answer(request, Arc::clone(&shared)));
            tokio::spawn(
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer),
            );
        }
    });
    (host, posted)
}

async fn answer(request: Request<Incoming>, posted: Posted) -> hyper::Result<Response<Full<Bytes>>> {
    let to = request.uri().path().to_owned();
    let body = request.into_body().collect().await?.to_bytes();
    let words = String::from_utf8_lossy(&body).into_owned();
    let mut answer = Response::new(Full::from(format!("signed with canary-hook-secret\n{words}\n")));
    if to != "/hook" {
        *answer.status_mut() = StatusCode::FORBIDDEN;
    }
    posted.lock().expect("not poisoned").push((to, words));
    Ok(answer)
}
