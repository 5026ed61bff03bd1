//! What happens in the demo, act by act, and what must come of each.

use super::stage::Stage;
use crate::cli::failure::Failure;
use crate::cli::load::line;
use crate::cli::session::out;
use crate::lab::load::Running;

/// Boots, and answers every health check with 503.
const BROKEN: &str = "#!sample\nversion = \"3\"\nhealth_status = 503\n";

/// Healthy, and every answer takes a quarter of a second.
const SLOW: &str = "#!sample\nversion = \"4\"\nlatency = \"250ms\"\n";

/// Comes in by a share that is watched, and judged every few seconds: on AWS it is a minute.
const CANARY: &str = r#"strategy = "canary"

[canary]
steps = [{ weight = 25, bake = "30s" }]

[judge]
period = "5s"
lag = "2s"
minimum_requests = 40
"#;

pub(super) async fn tell(stage: &mut Stage, load: &Running) -> Result<(), Failure> {
    out(&format!(
        "A load balancer with version 1 behind it, on this machine: {}\n\
         Its AWS APIs and its dashboard: {}/_lab/\n\
         From now on requests come in: short ones, long ones, WebSockets, and some that ask for the green door.\n",
        stage.url(),
        stage.endpoint()
    ))?;
    act(
        stage,
        load,
        "Describe what runs, and adopt it",
        "init --from-aws --load-balancer alb-ks --yes",
        0,
    )
    .await?;
    act(
        stage,
        load,
        "Deploy version 2 beside it; production stays",
        "deploy --release 2.0 --launch-template-version 2 --yes",
        0,
    )
    .await?;
    out(&format!(
        "         everybody gets {}; who sends `x-client-mode: green` gets {}\n",
        stage.version("").await?,
        stage.version("x-client-mode: green\r\n").await?
    ))?;
    act(
        stage,
        load,
        "Promote: production swings to version 2",
        "promote --yes",
        0,
    )
    .await?;
    act(
        stage,
        load,
        "Roll back: production swings to version 1 again",
        "rollback --yes",
        0,
    )
    .await?;
    act(stage, load, "Remove what was rolled back", "abort --yes", 0).await?;
    stage.write("broken", BROKEN)?;
    act(
        stage,
        load,
        "Deploy version 3, which never becomes healthy: production must not notice",
        "deploy --release 3.0 --user-data broken --health-timeout 8s --yes",
        4,
    )
    .await?;
    act(stage, load, "Remove it", "abort --yes", 0).await?;
    stage.configure(CANARY)?;
    stage.write("slow", SLOW)?;
    act(
        stage,
        load,
        "Deploy version 4, which is healthy and slow",
        "deploy --release 4.0 --user-data slow --yes",
        0,
    )
    .await?;
    act(
        stage,
        load,
        "Promote it as a canary: one request in four, compared with version 1 all the while",
        "promote --yes",
        5,
    )
    .await?;
    act(stage, load, "Remove it", "abort --yes", 0).await?;
    out(&format!("         everybody gets {}\n", stage.version("").await?))
}

async fn act(stage: &Stage, load: &Running, title: &str, command: &str, ends: i32) -> Result<(), Failure> {
    stage.announce(title).await?;
    load.mark(title.split([':', ';']).next().unwrap_or(title));
    let code = stage.swingbridge(command).await?;
    out(&format!("         so far: {}\n", line(&load.live().borrow())))?;
    if code == Some(ends) {
        return Ok(());
    }
    Err(Failure::unexpected(anyhow::anyhow!(
        "`swingbridge {command}` ended with {code:?} where {ends} was to be expected"
    )))
}
