//! `demo`: a lab, real load on it, and the whole story of a release, told as it happens.

mod stage;
mod story;

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Uri};

use super::failure::Failure;
use super::lab::args::DemoArgs;
use super::load::{opened, write_page};
use super::session::{look_of_stdout, out};
use crate::lab::load::{self, Door, Load, Report, Slow, Sockets};
use stage::Stage;

/// A request failed, or an act did not end as told.
const FAILED: u8 = 4;

pub(super) async fn run(args: &DemoArgs) -> Result<u8, Failure> {
    let html = opened(Some(&args.html))?;
    let mut stage = Stage::set(args.step).await?;
    let running = load::start(load(args, &stage)?)?;
    let told = story::tell(&mut stage, &running).await;
    running.stop();
    let ledger = running.finish().await;
    stage.strike().await;
    told?;
    let report = Report::of(&ledger);
    out("\n")?;
    out(&report.text(look_of_stdout().color))?;
    write_page(&report, html)?;
    out(&format!(
        "\nfailed requests: {} of {}\nreport: {}\n",
        report.failed,
        report.requests,
        args.html.display()
    ))?;
    Ok(if report.failed == 0 { 0 } else { FAILED })
}

/// Everybody's requests: short ones, long ones, WebSockets, and a few who come through the green door.
fn load(args: &DemoArgs, stage: &Stage) -> Result<Load, Failure> {
    let target: Uri = stage.url().parse().map_err(Failure::unexpected)?;
    let green = HeaderMap::from_iter([(
        HeaderName::from_static("x-client-mode"),
        HeaderValue::from_static("green"),
    )]);
    Ok(Load {
        rate: args.rate,
        keep_alive: 0.8,
        slow: Slow {
            share: 0.02,
            takes: Duration::from_secs(2),
        },
        sockets: Sockets {
            share: 0.01,
            held: Duration::from_secs(4),
            every: Duration::from_millis(500),
        },
        doors: vec![Door {
            name: "green door".to_owned(),
            headers: green,
            share: 0.05,
            expects: super::load::closed(),
        }],
        ..Load::on(target)
    })
}
