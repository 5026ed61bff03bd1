//! The crash matrix: the process dies before and after every single call; then the same command again, a rollback,
//! or a look and a repair.

use std::fmt;
use std::time::Duration;

use swingbridge::model::estate::Estate;
use swingbridge::model::lock::Holder;
use swingbridge::model::obligation::owed;
use swingbridge::model::plan::{Intent, Plan};
use swingbridge::model::policy::Treatment;
use swingbridge::model::refusal::Reason;
use swingbridge::model::roles::Roles;
use swingbridge::model::standing::State;
use swingbridge::plan;
use swingbridge::report::status::StatusView;

use crate::cell::{Attempt, Book, Held};
use crate::life::{Life, rollback};
use crate::operator::{Ended, Operator, Process, Who};
use crate::prefix::{Prefix, limits};
use crate::tap::{Call, Hit};

/// How often what is owed is looked for, and how far apart.
const REPAIRS: u32 = 20;
const BETWEEN: Duration = Duration::from_secs(60);

/// What is done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Again,
    /// The same from another machine, where only silence tells that the process is dead.
    AgainElsewhere,
    /// The same from another machine, after a person has freed the lock.
    Unlocked,
    /// It was a saved plan, which is applied again.
    Applied,
    Back,
    Repair,
}

const THEN: [Then; 6] = [
    Then::Again,
    Then::AgainElsewhere,
    Then::Unlocked,
    Then::Applied,
    Then::Back,
    Then::Repair,
];

impl fmt::Display for Then {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Again => "again",
            Self::AgainElsewhere => "again-elsewhere",
            Self::Unlocked => "unlocked",
            Self::Applied => "applied",
            Self::Back => "rollback",
            Self::Repair => "repair",
        })
    }
}

/// One death.
#[derive(Clone, Copy, Debug)]
struct Death<'a> {
    life: &'a Life,
    at: usize,
    call: &'a Call,
    after: bool,
}

pub(crate) fn run(book: &Book, life: &Life, at: usize) {
    let prefix = &life.prefixes()[at];
    for call in &prefix.calls {
        for after in [false, true] {
            // Before a question the account is as it was after the call before it.
            if !after && !call.changes() && call.number > 1 {
                continue;
            }
            let death = Death {
                life,
                at,
                call,
                after,
            };
            let thens = THEN
                .into_iter()
                .filter(|then| *then != Then::Repair || !life.expires());
            for then in prefix.happens(call, thens.collect()) {
                let moment = if after { "after" } else { "before" };
                let name = format!("crash/{}/{call}/{moment}/{then}", life.command_name(at));
                // What is read changes nothing: of those, a few are enough for a slice.
                let share = if call.changes() { 20 } else { 600 };
                book.cell(&name, share, survives(death, then));
            }
        }
    }
}

fn goes_forward(intent: &Intent) -> bool {
    matches!(
        intent,
        Intent::Deploy { .. }
            | Intent::Promote
            | Intent::PromoteFully
            | Intent::Shift { .. }
            | Intent::Resume
            | Intent::Winner { .. }
    )
}

async fn survives(death: Death<'_>, then: Then) -> Held {
    let Death {
        life,
        at,
        call,
        after,
    } = death;
    let prefix = &life.prefixes()[at];
    let intent = &life.commands[at];
    let turns_round = then == Then::Back && !goes_forward(intent);
    let mut law = prefix.law.clone();
    if turns_round {
        law.live.extend(prefix.neighbours.iter().cloned());
    }
    let attempt = Attempt::at(life, prefix.before.open(), &law);
    let who = Who {
        process: match then {
            Then::AgainElsewhere | Then::Unlocked => Process::Elsewhere,
            _ => Process::HasEnded,
        },
        ..Who::somebody()
    };
    let number = call.number;
    let victim = Operator::on(&attempt.scene, &life.config, who, move |call| {
        (call.number == number).then_some(if after { Hit::DieAfter } else { Hit::DieBefore })
    });
    let saved = saved(life, at);
    let ended = match then {
        Then::Applied => victim.applies(&saved).await,
        _ => victim.does(intent).await,
    };
    if after && call.action == "AddTags" && ended.code() == Some(life.well(at)) {
        // The lock's heartbeat: the command had done its work before the answer came, and waited for it no longer.
        return attempt.came_to(at, &ended).await;
    }
    if !matches!(ended, Ended::Killed) {
        return attempt.wrong(&format!("it was to die at {call}, and ended: {ended}"));
    }
    // It was to end with a question, and did not come to ask it.
    let unasked = life.well(at) == 9 && !attempt.is_unlocked().await?;
    let is_asked = |ended: &Ended| match ended.code() {
        Some(0) if unasked => attempt.wrong(&format!("nobody was asked, and it went on: {ended}")),
        _ => Ok(()),
    };
    match then {
        Then::Again => {
            let ended = attempt.somebody().does(life.goes_on_by(at)).await;
            is_asked(&ended)?;
            attempt.came_to(at, &ended).await
        }
        Then::AgainElsewhere => again_elsewhere(&attempt, at, is_asked).await,
        Then::Unlocked => {
            let freed = attempt.somebody().unlocks().await;
            freed.map_err(|error| error.to_string())?;
            attempt.converges(at).await
        }
        Then::Applied => applied_again(&attempt, at, &saved, is_asked).await,
        Then::Back if turns_round => finds_a_way_back(&attempt, prefix).await,
        Then::Back => goes_back(&attempt, prefix).await,
        Then::Repair => forgets_nothing(&attempt, prefix).await,
    }
}

/// What `plan --out` wrote before anything happened, read back.
fn saved(life: &Life, at: usize) -> Plan {
    let found = &life.prefixes()[at].found;
    let plan = plan::plan(found, &life.commands[at], &life.config.policy).expect("a plan");
    let written = serde_json::to_string(&plan).expect("it can be written");
    serde_json::from_str(&written).expect("it can be read")
}

/// It goes on, or says that it does not fit any more; then the command by its name does.
async fn applied_again(
    attempt: &Attempt<'_>,
    at: usize,
    saved: &Plan,
    is_asked: impl Fn(&Ended) -> Held,
) -> Held {
    let ended = attempt.somebody().applies(saved).await;
    attempt.speaks(&ended)?;
    is_asked(&ended)?;
    match ended {
        Ended::Stale(_) => attempt.converges(at).await,
        ended => attempt.came_to(at, &ended).await,
    }
}

async fn again_elsewhere(attempt: &Attempt<'_>, at: usize, is_asked: impl Fn(&Ended) -> Held) -> Held {
    let (life, intent) = (attempt.life, attempt.life.goes_on_by(at));
    let patient = Who {
        // Longer than the dead one's lease, and the time to listen for a sign of life.
        patience: life.config.lease * 3,
        ..Who::somebody()
    };
    let ended = Operator::on(&attempt.scene, &life.config, patient, |_| None)
        .does(intent)
        .await;
    is_asked(&ended)?;
    if !life.may_end(at, &ended) {
        return attempt.wrong(&format!("{} elsewhere: {ended}", intent.word()));
    }
    if !attempt.is_unlocked().await? {
        // All was done but giving the lock up; who finds nothing to do does not wait for it. In the end it goes, too.
        tokio::time::sleep(life.config.lease).await;
        return attempt.converges(at).await;
    }
    attempt.came_to(at, &ended).await
}

/// A rollback instead: live serves as before.
async fn goes_back(attempt: &Attempt<'_>, prefix: &Prefix) -> Held {
    let policy = &attempt.life.config.policy;
    let estate = attempt
        .somebody()
        .sees()
        .await
        .map_err(|error| error.to_string())?;
    let begun = Roles::of(&estate, policy).is_ok_and(|roles| {
        roles.halfway
            || roles.candidate.is_some()
            || !roles.variants.is_empty()
            || roles.live.generation.0 != prefix.live_before
    });
    if !begun {
        // There is nothing to take back yet: a rollback would mean the release before.
        return attempt.is_live(prefix.live_before).await;
    }
    match attempt.somebody().does(&rollback()).await {
        Ended::Refused(refusal) => {
            let removed = policy.after_promotion.previous == Treatment::Retire;
            let fair = |reason: &Reason| match reason {
                Reason::NoPrevious => true,
                Reason::NoGroup { .. } => removed,
                _ => false,
            };
            if !refusal.reasons.iter().all(fair) {
                return attempt.wrong(&format!("rollback: {refusal}"));
            }
            // The way back was removed as configured; or nothing leads forward yet.
            let live = if removed {
                prefix.live_after
            } else {
                prefix.live_before
            };
            attempt.is_live(live).await
        }
        ended if ended.code() == Some(0) => attempt.is_live(prefix.live_before).await,
        ended => attempt.wrong(&format!("rollback: {ended}")),
    }
}

/// A rollback after what does not lead forward, such as a removal: production is whole and goes where it is said to go,
/// or there is no way back and it has stayed where it was.
pub(crate) async fn finds_a_way_back(attempt: &Attempt<'_>, prefix: &Prefix) -> Held {
    let ended = attempt.somebody().does(&rollback()).await;
    attempt.speaks(&ended)?;
    match ended.code() {
        Some(0) => {
            let seen = attempt
                .somebody()
                .sees()
                .await
                .map_err(|error| error.to_string())?;
            match Roles::of(&seen, &attempt.life.config.policy) {
                Ok(roles) if !roles.halfway => attempt.is_live(roles.live.generation.0).await,
                Ok(_) => attempt.wrong(&format!("production is half way after {ended}")),
                Err(reasons) => attempt.wrong(&format!("nobody is live: {reasons:?}")),
            }
        }
        Some(3) => {
            let serving = attempt.serving().await;
            if ![&prefix.serving_before, &prefix.serving_after].contains(&&serving) {
                return attempt.wrong(&format!("{ended}; and production meets {serving:?}"));
            }
            attempt.served().await
        }
        _ => attempt.wrong(&format!("rollback: {ended}")),
    }
}

/// Whatever was changed for a while only is written down, and `repair` does what it can without moving production.
async fn forgets_nothing(attempt: &Attempt<'_>, prefix: &Prefix) -> Held {
    let seen = attempt
        .somebody()
        .sees()
        .await
        .map_err(|error| error.to_string())?;
    for (name, was) in limits(&prefix.found) {
        // What is free, or about to be, stands nowhere and has nothing.
        let Some(group) = seen.group(name).filter(|group| !group.target_groups.is_empty()) else {
            continue;
        };
        let now = limits(&seen)
            .find(|(other, _)| *other == name)
            .map(|(_, now)| now);
        if now != Some(was)
            && owed(&group.tags).is_empty()
            && !owed(&prefix.found.group(name).expect("found").tags).is_empty()
        {
            // It was held before, and has been released.
            continue;
        }
        let (min, max, suspended) = limits(&prefix.found)
            .find(|(other, _)| *other == name)
            .expect("found")
            .1;
        if now != Some((min, max, suspended)) && owed(&group.tags).is_empty() {
            return attempt.wrong(&format!(
                "{name} is {now:?}, and nothing says that anything is owed"
            ));
        }
    }
    shows_what_is_owed(attempt, &seen)?;
    shows_who_is_live(attempt, &seen).await?;
    let routes = |estate: &Estate| -> Vec<String> {
        Roles::of(estate, &attempt.life.config.policy)
            .map(|roles| {
                roles
                    .routes
                    .iter()
                    .map(|rule| format!("{} → {}", rule.at(), rule.action))
                    .collect()
            })
            .unwrap_or_default()
    };
    let before = routes(&seen);
    let ended = attempt.somebody().does(&Intent::Repair).await;
    attempt.speaks(&ended)?;
    if !matches!(ended.code(), Some(0 | 3)) {
        return attempt.wrong(&format!("repair: {ended}"));
    }
    let now = attempt
        .somebody()
        .sees()
        .await
        .map_err(|error| error.to_string())?;
    if routes(&now) != before {
        return attempt.wrong("repair moved production");
    }
    is_paid(attempt).await?;
    attempt.served().await
}

/// What `status` would show.
fn shows_what_is_owed(attempt: &Attempt<'_>, seen: &Estate) -> Held {
    let policy = &attempt.life.config.policy;
    let view = StatusView::of(seen, policy, seen.observed_at, &|_: &Holder| true);
    for group in seen.groups.iter().filter(|group| !owed(&group.tags).is_empty()) {
        let shown = view.owed.iter().find(|one| one.group == group.name.as_str());
        if shown.is_none_or(|shown| shown.what.len() != owed(&group.tags).len()) {
            return attempt.wrong(&format!(
                "status does not show all that is owed on {}",
                group.name
            ));
        }
    }
    Ok(())
}

/// Whom production meets is taken for live, whatever is written down; but for a rollback that is not finished, which is
/// told as one.
async fn shows_who_is_live(attempt: &Attempt<'_>, seen: &Estate) -> Held {
    let policy = &attempt.life.config.policy;
    let Ok(roles) = Roles::of(seen, policy) else {
        return attempt.wrong("nobody is live");
    };
    let serving = attempt.serving().await;
    let live = roles.live.target_group.as_ref().map(ToString::to_string);
    let unfinished = roles.live.state == State::RollingBack;
    if !unfinished && serving.len() == 1 && serving.first() != live.as_ref() {
        return attempt.wrong(&format!(
            "production meets {serving:?}, and {live:?} is taken for live"
        ));
    }
    Ok(())
}

/// Once it is due, `repair` has put back what live was held by, unless production is shared or on its way. What is due
/// may wait for an alarm that still tells of the time before.
async fn is_paid(attempt: &Attempt<'_>) -> Held {
    let policy = &attempt.life.config.policy;
    tokio::time::sleep(policy.swing.hold.max(policy.grace().unwrap_or_default())).await;
    let mut repairs = 0;
    loop {
        let ended = attempt.somebody().does(&Intent::Repair).await;
        attempt.speaks(&ended)?;
        let seen = attempt
            .somebody()
            .sees()
            .await
            .map_err(|error| error.to_string())?;
        let Ok(roles) = Roles::of(&seen, policy) else {
            return attempt.wrong("nobody is live");
        };
        let settled = matches!(roles.live.state, State::Live | State::Restored)
            && !matches!(&roles.candidate, Some(one) if one.state == State::Promoting);
        if roles.halfway || roles.tests() || !settled {
            return Ok(());
        }
        let group = roles.live.group.as_ref().and_then(|name| seen.group(name));
        let left = group.map(|group| owed(&group.tags)).unwrap_or_default();
        if left.is_empty() {
            return Ok(());
        }
        repairs += 1;
        if repairs > REPAIRS {
            return attempt.wrong(&format!("repair: {ended}\n    and live is still owed {left:?}"));
        }
        tokio::time::sleep(BETWEEN).await;
    }
}
