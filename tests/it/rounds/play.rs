//! Plays one round: load, a command that is struck down, what is run after it, and what must be true then.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use swingbridge::lab::load::{self, Ledger, Running};
use tokio::time::timeout;

use super::estate::Estate;
use super::judge;
use super::record::{CLOSED, Way};
use super::round::{Act, Fate, Round, Signal, Then};
use super::stage::{Stage, words};
use super::timeline::Happening;
use crate::support::swing::Ran;

/// Far more than a round takes on a machine that is busy with everything else.
const PATIENCE: Duration = Duration::from_secs(300);

/// How a round went.
pub(super) struct Played {
    pub(super) round: Round,
    /// What was done and how it ended.
    story: Vec<String>,
    pub(super) took: Duration,
    pub(super) ledger: Ledger,
    /// What happened in the lab meanwhile.
    pub(super) timeline: Vec<Happening>,
    /// Empty when all was well.
    pub(super) complaints: Vec<String>,
}

impl Played {
    pub(super) fn failed(&self) -> usize {
        let failed = |entry: &load::Entry| entry.failure.is_some();
        self.ledger.entries().filter(failed).count()
    }

    /// In a line.
    pub(super) fn line(&self) -> String {
        let complaints = match self.complaints.len() {
            0 => String::new(),
            some => format!("; {some} COMPLAINTS"),
        };
        format!(
            "{}: {}; {} requests, {} failed, {:.1} s{complaints}",
            self.round,
            self.story.join("; "),
            self.ledger.len(),
            self.failed(),
            self.took.as_secs_f64(),
        )
    }
}

pub(super) async fn play(stage: &mut Stage, round: Round) -> Result<Played> {
    let fate = round.fate();
    let began = Instant::now();
    stage.news().await?;
    let load = load::start(stage.load(&fate))?;
    let mut story = Vec::new();
    let mut timeline = Vec::new();
    let told = timeout(
        PATIENCE,
        tell(stage, round, &fate, &load, &mut story, &mut timeline),
    )
    .await;
    load.stop();
    let ledger = load.finish().await;
    timeline.extend(stage.news().await?);
    let mut complaints = judge::complaints(&ledger, &stage.record, &stage.versions, fate.slow);
    match told {
        Ok(Ok(())) => {}
        Ok(Err(wrong)) => complaints.insert(0, format!("{wrong:#}")),
        Err(_) => complaints.insert(0, format!("it hangs: not at its end after {PATIENCE:?}")),
    }
    Ok(Played {
        round,
        story,
        took: began.elapsed(),
        ledger,
        timeline,
        complaints,
    })
}

async fn tell(
    stage: &mut Stage,
    round: Round,
    fate: &Fate,
    load: &Running,
    story: &mut Vec<String>,
    timeline: &mut Vec<Happening>,
) -> Result<()> {
    prepare(stage, round.act).await?;
    let before = stage.look().await?;
    timeline.extend(stage.news().await?);
    let place = stage.record.len();

    let command = stage.command(round.act).await?;
    load.mark(&format!("swingbridge {}", command.join(" ")));
    let (ran, moment) = stage.struck(round.act, &command, round.signal, fate.moment).await;
    let struck = stage.look().await?;
    load.mark(&format!("it ended: {:?}", ran.code));
    story.push(format!("{moment}: {}", ending(round, &ran, &struck)?));

    story.push(go_on(stage, round, fate, &command, &struck).await?);
    let after = stage.look().await?;
    timeline.extend(stage.news().await?);
    load.mark("it is over");
    let is_back = fate.then == Then::Rollback;
    arrived(round.act, is_back, &before, &after)?;
    let candidate = match round.act {
        Act::Deploy => after.leads(Way::Green),
        Act::Promote => before.leads(Way::Green),
    };
    for way in Way::ALL {
        let led = stage.record.since(place, way);
        ensure!(
            may_lead(round.act, is_back, way, &before.leads(way), &candidate, &led),
            "{way:?} was led from {} to {}",
            before.leads(way),
            led.join(", then to ")
        );
    }
    // Long enough for answers that must all be of one generation.
    quiet(load, judge::LAG * 3 / 2).await;
    load.mark("everything else is removed");
    tidy(stage, round.act, is_back, &after).await
}

/// One generation live; for a promotion with a candidate that is ready.
async fn prepare(stage: &mut Stage, act: Act) -> Result<()> {
    let now = stage.look().await?;
    let has_candidate = now.leads(Way::Green) != CLOSED;
    if act == Act::Promote && !has_candidate {
        let deploy = stage.command(Act::Deploy).await?;
        return stage.run(&deploy).await;
    }
    if act == Act::Deploy && has_candidate {
        return stage.run(&words("abort --yes")).await;
    }
    Ok(())
}

/// How the command ended; wrong is what it must not end with, and last words that are not true.
fn ending(round: Round, ran: &Ran, now: &Estate) -> Result<String> {
    if ran.code == Some(0) {
        return Ok("it had ended".to_owned());
    }
    let Some(code) = ran.code else {
        // Before it listens to signals it has taken nothing that it would have to give back.
        ensure!(
            round.signal == Signal::Kill || !now.is_locked(),
            "it died of the signal with the lock in its hands:\n{ran}"
        );
        return Ok(match now.is_locked() {
            true => "dead, its lock stands".to_owned(),
            false => "dead".to_owned(),
        });
    };
    ensure!(
        Some(code) == round.signal.code(),
        "it ended in another way:\n{ran}"
    );
    ensure!(!now.is_locked(), "its lock is left:\n{ran}");
    if ran
        .stdout
        .trim_end()
        .ends_with("Ctrl-C is safe, `swingbridge repair` finishes it")
    {
        return Ok(format!("exit code {code} while it stayed for the rest"));
    }
    let (said, next) = ran
        .stdout
        .rsplit_once("\n  next\n")
        .ok_or_else(|| anyhow::anyhow!("it does not say what continues it:\n{ran}"))?;
    // What it stayed for after its end is continued by another.
    let continues = [
        format!("swingbridge {}", round.act),
        "swingbridge repair".to_owned(),
    ];
    ensure!(
        continues.iter().any(|command| next.contains(command)),
        "its last lines do not name the command:\n{ran}"
    );
    let goes = format!(
        "production goes to generation {}",
        now.leads(Way::Production).trim_start_matches("tg-")
    );
    let is_true = match said.rsplit_once("\n  true now\n") {
        Some((_, truth)) => {
            let first = truth.lines().next().unwrap_or_default().trim();
            // Half way is said with the rules themselves.
            first == goes
                || first.starts_with(&format!("{goes} ("))
                || first.starts_with("production is half way")
        }
        None => said.contains("nothing was changed"),
    };
    ensure!(is_true, "{goes}, but it says:\n{ran}");
    Ok(format!("exit code {code}"))
}

/// Runs what is run after it, which must end well.
async fn go_on(
    stage: &Stage,
    round: Round,
    fate: &Fate,
    command: &[String],
    struck: &Estate,
) -> Result<String> {
    match fate.then {
        Then::Again => {
            stage.run(command).await?;
            Ok("the same again".to_owned())
        }
        Then::Repair => {
            for before in ["status", "repair --yes"] {
                stage.run(&words(before)).await?;
            }
            stage.run(command).await?;
            Ok("status, repair, the same again".to_owned())
        }
        Then::Rollback => {
            let ran = stage.ran(&words("rollback --yes")).await;
            match ran.code {
                Some(0) => Ok("rolled back".to_owned()),
                // There is nothing to go back from, and it says so.
                Some(3) if round.act == Act::Deploy && struck.beside().is_empty() => {
                    // The lock of a dead run is swept by whoever comes next with something to do.
                    stage.run(&words("unlock --yes")).await?;
                    Ok("nothing to roll back".to_owned())
                }
                _ => bail!("{ran}"),
            }
        }
    }
}

/// What must be true when the last command has ended.
fn arrived(act: Act, is_back: bool, before: &Estate, after: &Estate) -> Result<()> {
    let live = before.leads(Way::Production);
    ensure!(!after.is_locked(), "a lock is left: {after:?}");
    let [production, blue, green] = after.ways();
    let entrance = after.entrance();
    match (act, is_back) {
        (_, true) => {
            ensure!(
                [&production, &blue, &green] == [&live, &live, CLOSED],
                "not back on {live}: {production}, {blue}, {green}"
            );
            ensure!(entrance.is_none(), "the entrance is left: {entrance:?}");
        }
        (Act::Deploy, false) => {
            ensure!(
                [&production, &blue] == [&live, &live],
                "production left {live}: {production}, {blue}"
            );
            ensure!(
                after.healthy(&green) == 2 && after.group(&green).is_some(),
                "the candidate {green} is not ready: {after:?}"
            );
            ensure!(entrance.is_none(), "the entrance is left: {entrance:?}");
        }
        (Act::Promote, false) => {
            let candidate = before.leads(Way::Green);
            ensure!(
                [&production, &blue, &green] == [&candidate, &candidate, CLOSED],
                "not all on {candidate}: {production}, {blue}, {green}"
            );
            ensure!(
                entrance.as_ref() == Some(&live),
                "the entrance does not keep {live} checked: {entrance:?}"
            );
        }
    }
    let held = after.held(&production);
    ensure!(held.is_empty(), "live is still held: {}", held.join(", "));
    Ok(())
}

/// Whether a way may have been led to these, one after another, from a struck command to the end of the next.
fn may_lead(act: Act, is_back: bool, way: Way, live: &str, candidate: &str, led: &[&str]) -> bool {
    match (act, way, is_back) {
        (Act::Deploy, Way::Production | Way::Blue, _) => led.is_empty(),
        (Act::Deploy, Way::Green, false) => led == [candidate],
        // It was opened before it was closed again, or never.
        (Act::Deploy, Way::Green, true) => led.is_empty() || (led.len() == 2 && led[1] == CLOSED),
        (Act::Promote, Way::Green, _) => led == [CLOSED],
        (Act::Promote, Way::Production | Way::Blue, false) => led == [candidate],
        (Act::Promote, Way::Production | Way::Blue, true) => led.is_empty() || led == [candidate, live],
    }
}

/// Until the load has gone on for so long.
async fn quiet(load: &Running, time: Duration) {
    let mut live = load.live();
    let until = live.borrow().at + time;
    // It lasts until it is stopped.
    drop(live.wait_for(|live| live.at >= until).await);
}

/// Back to one generation; but a candidate that is ready stays for a round that promotes it.
async fn tidy(stage: &mut Stage, act: Act, is_back: bool, now: &Estate) -> Result<()> {
    let command = match (act, is_back) {
        (Act::Deploy, false) => return Ok(()),
        (_, true) if now.beside().is_empty() => "status",
        (_, true) => "abort --yes",
        (Act::Promote, false) => "retire --yes",
    };
    stage.run(&words(command)).await?;
    let leftovers = stage.look().await?.leftovers();
    ensure!(
        leftovers.is_empty(),
        "after {command} there is left: {}",
        leftovers.join(", ")
    );
    Ok(())
}
