//! Stays for what a swing leaves to be done, until it is done.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::sleep;

use super::blind::look_patiently;
use super::interrupt::{Interrupt, Signal};
use crate::cloud::Cloud;
use crate::model::estate::Estate;
use crate::model::plan::{Intent, Plan};
use crate::model::scope::Scope;
use crate::plan::{self, Left};

/// How staying came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stayed {
    /// Nothing is left, or nothing that is this command's to do.
    Done,
    Interrupted(Signal),
    /// Production has swung, and why what it left is not finished.
    Unfinished(String),
}

/// In pieces, so that a rollback by somebody else ends the wait.
const PIECE: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// How often what cannot be told, or cannot be done for somebody else's lock, is looked at again.
const LOOKS: u32 = 10;
/// The exit code of a run that somebody else's lock kept out.
const LOCKED: u8 = 7;
/// Of one that found other things than its plan was made on.
const STALE: u8 = 8;
/// How often a swing of our own is looked for before it is believed to be undone.
const LOOKS_FOR_OWN: u32 = 2;

/// No lock is held meanwhile, so that a rollback can begin; whoever interrupts it loses nothing, `repair` finishes it.
/// `found`: what the plan was made on; `finish` carries out what has fallen due, and says with which exit code that ended; `waits` hears until when.
pub async fn stay<C: Cloud>(
    cloud: &C,
    scope: &Scope,
    (done, found): (&Plan, &Estate),
    interrupt: &Interrupt,
    mut waits: impl FnMut(Timestamp),
    mut finish: impl AsyncFnMut(Plan, Estate) -> u8,
) -> Stayed {
    if !plan::swings(done, found) {
        // Nothing is left that would be worth a look, least of all one that fails.
        return Stayed::Done;
    }
    let (mut unclear, mut busy) = (0, 0);
    'stay: loop {
        let pause = 'look: {
            let looked = if interrupt.wished().is_some() {
                // It came at the end of the run: perhaps there is nothing to stay for.
                look_patiently(cloud, scope).await
            } else {
                tokio::select! {
                    biased;
                    signal = interrupt.wait() => return Stayed::Interrupted(signal),
                    looked = look_patiently(cloud, scope) => looked,
                }
            };
            let estate = match looked {
                Ok(estate) => estate,
                Err(error) => return Stayed::Unfinished(error.to_string()),
            };
            let due = match plan::left_by(done, &estate) {
                Ok(Left::Due(due)) => due,
                // What was just written may not be read yet.
                Ok(Left::NotAsLeft) if !done.is_empty() && unclear < LOOKS_FOR_OWN => {
                    unclear += 1;
                    break 'look LOOK_AGAIN;
                }
                Ok(Left::Nothing | Left::NotAsLeft) => return Stayed::Done,
                // Somebody who swings meanwhile may be seen half here, half there.
                Err(_) if unclear < LOOKS => {
                    unclear += 1;
                    break 'look LOOK_AGAIN;
                }
                Err(refusal) => return Stayed::Unfinished(refusal.to_string()),
            };
            unclear = 0;
            // By what was seen: what fell due since then is not planned from this.
            if due <= estate.observed_at {
                let rest = match plan::plan(&estate, &Intent::Repair, &done.policy) {
                    Ok(rest) if rest.is_empty() => return Stayed::Done,
                    Ok(rest) => rest,
                    // Rules and their tags may be read as of two moments.
                    Err(_) if busy < LOOKS => {
                        busy += 1;
                        break 'look LOOK_AGAIN;
                    }
                    Err(refusal) => return Stayed::Unfinished(refusal.to_string()),
                };
                match finish(rest, estate).await {
                    0 => continue 'stay,
                    // Somebody else is at work: what is left then may be theirs.
                    LOCKED if busy < LOOKS => {
                        busy += 1;
                        break 'look PIECE;
                    }
                    // It was planned on what was read from before.
                    STALE if busy < LOOKS => {
                        busy += 1;
                        break 'look LOOK_AGAIN;
                    }
                    code => {
                        return match interrupt.wished() {
                            Some(signal) => Stayed::Interrupted(signal),
                            None => Stayed::Unfinished(format!("it ended with exit code {code}")),
                        };
                    }
                }
            }
            waits(due);
            let left = Duration::try_from(due.duration_since(cloud.now())).unwrap_or_default();
            left.min(PIECE)
        };
        tokio::select! {
            biased;
            signal = interrupt.wait() => return Stayed::Interrupted(signal),
            () = sleep(pause) => {}
        }
    }
}
