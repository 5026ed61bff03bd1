//! The fault matrix: every single call fails in each way there is. The command succeeds, or its exit code tells the
//! truth about production; the same command again, once nothing fails any more, ends as if nothing had.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use swingbridge::lab::world::faults::{Effect, Fault};
use swingbridge::model::plan::Intent;
use swingbridge::model::policy::{Strategy, Treatment};
use swingbridge::model::refusal::Reason;
use swingbridge::model::roles::Roles;
use swingbridge::model::standing::State;

use crate::cell::{Attempt, Book, Held};
use crate::life::{Life, rollback};
use crate::operator::{Ended, Operator, Who};
use crate::tap::{Call, Hit};

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Throttled,
    /// It and every later call of the same kind, for as long as the command runs.
    AlwaysThrottled,
    ServerError,
    /// Likewise, from now on.
    AlwaysServerError,
    /// It and every later call of the same kind.
    Denied,
    CutBefore,
    /// The call has its effect, and its answer is lost.
    CutAfter,
    /// So has every later call of the same kind: what is done is never heard of.
    AlwaysCutAfter,
    /// A question is answered as it was before the writes of the last 8 seconds.
    Stale,
    /// From this call on the data plane lags for nearly as long as it is given.
    SlowPropagation,
}

const WAYS: [Way; 10] = [
    Way::Throttled,
    Way::AlwaysThrottled,
    Way::ServerError,
    Way::AlwaysServerError,
    Way::Denied,
    Way::CutBefore,
    Way::CutAfter,
    Way::AlwaysCutAfter,
    Way::Stale,
    Way::SlowPropagation,
];

const STALE: f64 = 8.0;
/// `[swing] propagation` gives it 6 seconds.
const LAG: f64 = 5.5;

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Throttled => "throttled",
            Self::AlwaysThrottled => "always-throttled",
            Self::ServerError => "server-error",
            Self::AlwaysServerError => "always-server-error",
            Self::Denied => "denied",
            Self::CutBefore => "cut-before",
            Self::CutAfter => "cut-after",
            Self::AlwaysCutAfter => "always-cut-after",
            Self::Stale => "stale",
            Self::SlowPropagation => "slow-propagation",
        })
    }
}

impl Way {
    /// Whether every later call of the same kind fails as well.
    fn lasts(self) -> bool {
        matches!(
            self,
            Self::AlwaysThrottled | Self::AlwaysServerError | Self::Denied | Self::AlwaysCutAfter
        )
    }

    /// Whether trying again helps at once: then nobody but the clock must notice.
    fn passes(self) -> bool {
        matches!(
            self,
            Self::Throttled | Self::ServerError | Self::CutBefore | Self::CutAfter
        )
    }

    fn effect(self) -> Option<Effect> {
        let error = |code: &str, status, message: &str| Effect::Error {
            code: code.into(),
            status,
            message: message.into(),
        };
        Some(match self {
            Self::Throttled | Self::AlwaysThrottled => Effect::Throttle,
            Self::ServerError | Self::AlwaysServerError => error("InternalFailure", 500, "something broke"),
            Self::Denied => error("AccessDenied", 403, "a policy says no"),
            Self::CutBefore => Effect::LostRequest,
            Self::CutAfter | Self::AlwaysCutAfter => Effect::LostResponse,
            Self::Stale => Effect::Stale { seconds: STALE },
            Self::SlowPropagation => return None,
        })
    }
}

pub(crate) fn run(book: &Book, life: &Life, at: usize) {
    let prefix = &life.prefixes()[at];
    for call in &prefix.calls {
        // A change cannot be stale, and what is only asked reaches no data plane.
        let ways = WAYS.into_iter().filter(|way| match way {
            Way::Stale => !call.changes(),
            Way::SlowPropagation | Way::AlwaysServerError | Way::AlwaysCutAfter => call.changes(),
            _ => true,
        });
        for way in prefix.happens(call, ways.collect()) {
            let name = format!("faults/{}/{call}/{way}", life.command_name(at));
            let share = if call.changes() { 20 } else { 200 };
            book.cell(&name, share, bears(life, at, call, way));
        }
    }
}

async fn bears(life: &Life, at: usize, call: &Call, way: Way) -> Held {
    let prefix = &life.prefixes()[at];
    let intent = &life.commands[at];
    let attempt = Attempt::at(life, prefix.before.open(), &prefix.law);
    if way == Way::Stale {
        attempt.scene.remembers();
    }
    let struck = Arc::new(AtomicBool::new(false));
    let operator = {
        let (struck, keeper) = (Arc::clone(&struck), Arc::clone(&attempt.scene.keeper));
        let wanted = call.clone();
        Operator::on(&attempt.scene, &life.config, Who::somebody(), move |call| {
            let same = call.number == wanted.number
                || (way.lasts() && call.number > wanted.number && call.action == wanted.action);
            if !same {
                return None;
            }
            struck.store(true, Ordering::Relaxed);
            if way == Way::SlowPropagation {
                let slow = Fault::SlowPropagation { seconds: LAG };
                keeper
                    .with(|world| world.break_with(slow))
                    .expect("a fault that can be");
            }
            way.effect().map(Hit::Effect)
        })
    };
    let ended = operator.does(intent).await;
    if !struck.load(Ordering::Relaxed) {
        return attempt.wrong(&format!("{call} was not made"));
    }
    attempt.speaks(&ended)?;
    let well = life.ends(at).any(|(code, _)| ended.code() == Some(code));
    if way.passes() && !well {
        return attempt.wrong(&format!("ended {ended}, for what passes by itself"));
    }
    if !well {
        tells_the_truth(&attempt, at, &ended, &operator.tap.calls()).await?;
    }
    attempt.scene.keeper.with(|world| world.mend(None));
    if well {
        attempt.served().await?;
        if call.action == "DeleteRule" && !attempt.is_unlocked().await? {
            // It could not be given up, and was told so: it stands for its lease.
            tokio::time::sleep(life.config.lease).await;
            return attempt.converges(at).await;
        }
        return attempt.came_to(at, &ended).await;
    }
    goes_on(&attempt, at, &ended).await
}

/// Production is where the exit code says.
async fn tells_the_truth(attempt: &Attempt<'_>, at: usize, ended: &Ended, calls: &[Call]) -> Held {
    let prefix = &attempt.life.prefixes()[at];
    match ended.code() {
        // Without a route of its own it has nothing to say 6 for.
        Some(6) if prefix.shared_before || may_have_led(attempt.life, calls) => attempt.served().await,
        // Without what judges it, a person decides.
        Some(9) if attempt.life.takes_back() && attempt.is_shared().await? => attempt.served().await,
        // Two generations share it still.
        Some(3 | 4 | 7) if prefix.shared_before && attempt.is_shared().await? => attempt.served().await,
        // Nobody else is there: no change by somebody else is the truth.
        Some(3..=5 | 7) => match attempt.is_live(prefix.live_before).await {
            Ok(()) => Ok(()),
            Err(why) => Err(format!("ended {ended}\n    {why}")),
        },
        _ => attempt.wrong(&format!("ended {ended}")),
    }
}

/// Whether these calls may have led users anywhere, or taken away who served them.
fn may_have_led(life: &Life, calls: &[Call]) -> bool {
    let policy = &life.config.policy;
    let in_place = matches!(policy.strategy, Strategy::Rolling | Strategy::Recreate);
    let several = life.estate.name == "rich" || policy.strategy == Strategy::Ab;
    let leads = |call: &Call| match call.action.as_str() {
        "ModifyListener" => true,
        "ModifyRule" | "CreateRule" => several,
        _ => false,
    };
    in_place || calls.iter().any(leads)
}

/// Once nothing fails any more the same command ends as it would have; after it was swung back, the candidate is
/// removed first.
async fn goes_on(attempt: &Attempt<'_>, at: usize, ended: &Ended) -> Held {
    let (prefix, intent) = (&attempt.life.prefixes()[at], attempt.life.goes_on_by(at));
    let policy = &attempt.life.config.policy;
    let seen = attempt
        .somebody()
        .sees()
        .await
        .map_err(|error| error.to_string())?;
    let left = Roles::of(&seen, policy).is_ok_and(|roles| {
        roles
            .others
            .iter()
            .any(|other| other.state == State::RolledBack && roles.live.generation.0 == prefix.live_before)
    });
    if ended.code() == Some(5) || (left && matches!(intent, Intent::Promote | Intent::Deploy { .. })) {
        // Whoever was led to the candidate has its colour for a while.
        tokio::time::sleep(policy.grace().unwrap_or_default()).await;
        let aborted = attempt.somebody().does(&Intent::Abort).await;
        if aborted.code() != Some(0) {
            return attempt.wrong(&format!("ended {ended}; abort: {aborted}"));
        }
        return attempt.is_live(prefix.live_before).await;
    }
    if ended.code() == Some(9) {
        // Whoever decides decides: here, that it goes back.
        let back = attempt.somebody().does(&rollback()).await;
        if back.code() != Some(0) {
            return attempt.wrong(&format!("ended {ended}; rollback: {back}"));
        }
        return attempt.is_live(prefix.live_before).await;
    }
    let patient = Who {
        // A lock that could not be given up stands for its lease.
        patience: attempt.life.config.lease * 3,
        ..Who::somebody()
    };
    let again = Operator::on(&attempt.scene, &attempt.life.config, patient, |_| None)
        .does(intent)
        .await;
    match (again.code(), &again) {
        (Some(code), _) if attempt.life.ends(at).any(|(well, _)| code == well) => {
            attempt.came_to(at, &again).await
        }
        // Putting production back was cut off, too: that is finished first.
        (Some(3), Ended::Refused(refusal))
            if ended.code() == Some(6)
                && matches!(refusal.reasons.as_slice(), [Reason::RollbackHalfWay { .. }]) =>
        {
            let back = attempt.somebody().does(&rollback()).await;
            if back.code() != Some(0) {
                return attempt.wrong(&format!("ended {ended}; rollback: {back}"));
            }
            attempt.is_live(prefix.live_before).await
        }
        // It had come as far as removing the way back, as configured.
        (Some(3), Ended::Refused(_)) if policy.after_promotion.previous == Treatment::Retire => {
            attempt.is_live(prefix.live_after).await
        }
        _ => attempt.wrong(&format!("ended {ended}; {} again: {again}", intent.word())),
    }
}
