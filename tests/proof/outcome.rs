//! What is true of production once everybody has said how they ended: exit codes may not lie, whoever else was there.

use std::collections::BTreeSet;
use std::time::Duration;

use swingbridge::model::plan::Intent;
use swingbridge::model::roles::Roles;

use crate::cell::{Attempt, Held};
use crate::life::rollback;
use crate::operator::Ended;
use crate::prefix::Prefix;
use crate::stage::Stage;
use crate::strangers::Stranger;
use crate::tap::Call;
use crate::{life::Life, oracle};

/// Until every node of the load balancer has heard of what was written last.
const HEARD: Duration = Duration::from_secs(10);

/// The target groups that production meets.
pub(crate) type Serving = BTreeSet<String>;

/// The same once all is quiet, on a copy of the stage: no time goes by on it.
pub(crate) async fn serving_on(stage: &Stage, life: &Life) -> Serving {
    let scene = stage.open();
    tokio::time::sleep(HEARD).await;
    oracle::serving(&scene.keeper, &life.requests)
}

impl Attempt<'_> {
    /// What requests for production meet now, whatever anybody has written down.
    pub(crate) async fn serving(&self) -> Serving {
        tokio::time::sleep(HEARD).await;
        oracle::serving(&self.scene.keeper, &self.life.requests)
    }

    /// Production meets this, and nothing else.
    pub(crate) async fn meets(&self, wanted: &Serving) -> Held {
        let serving = self.serving().await;
        if serving == *wanted {
            return Ok(());
        }
        self.wrong(&format!("production meets {serving:?}, not {wanted:?}"))
    }
}

/// What an exit code says of production.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    ThatItMeets(Serving),
    ThatItIsWhereItWas,
    /// That a person must look.
    Nothing,
}

fn said(ended: &Ended, prefix: &Prefix, after: Option<&Serving>) -> Said {
    match (ended.code(), after) {
        (Some(0), Some(after)) => Said::ThatItMeets(after.clone()),
        (Some(3 | 4 | 7), _) => Said::ThatItIsWhereItWas,
        // It was swung back to live, also where it was shared before.
        (Some(5), _) => Said::ThatItMeets([format!("tg-{}", prefix.live_before)].into()),
        _ => Said::Nothing,
    }
}

/// One of two commands, and how it ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Finished<'a> {
    pub(crate) intent: &'a Intent,
    pub(crate) ended: &'a Ended,
    /// What production meets after it when nobody else is there; nothing when that depends on who was.
    pub(crate) after: Option<&'a Serving>,
}

/// Both have said how they ended; whoever looks now finds production where they say, or is told how to make it whole.
pub(crate) async fn peace(
    attempt: &Attempt<'_>,
    prefix: &Prefix,
    first: Finished<'_>,
    second: Finished<'_>,
) -> Held {
    let both = format!("first {}; second {}", first.ended, second.ended);
    let has = |code: u8| [first, second].iter().any(|one| one.ended.code() == Some(code));
    let estate = attempt
        .somebody()
        .sees()
        .await
        .map_err(|error| error.to_string())?;
    // A test that runs is whole as it is.
    let halfway = match Roles::of(&estate, &attempt.life.config.policy) {
        Ok(roles) => roles.halfway && !roles.runs(),
        Err(reasons) => return attempt.wrong(&format!("{both}; nobody is live: {reasons:?}")),
    };
    let shares = |one: &Finished<'_>| {
        matches!(one.intent, Intent::Pause | Intent::Shift { .. }) && one.ended.code() == Some(0)
    };
    let shared = [first, second].iter().any(shares);
    if halfway && has(6) {
        let ended = attempt.somebody().does(&rollback()).await;
        if ended.code() == Some(0) {
            return attempt.served().await;
        }
        return attempt.wrong(&format!("{both}; rollback: {ended}"));
    }
    if halfway
        && (has(9)
            || [first, second]
                .iter()
                .any(|one| shares(one) && *one.intent == Intent::Pause))
    {
        let ended = attempt.somebody().does(&Intent::Resume).await;
        // An alarm that rings takes it back.
        let taken_back = ended.code() == Some(5) && attempt.life.takes_back();
        if taken_back || matches!(ended.code(), Some(0 | 9)) {
            return attempt.served().await;
        }
        return attempt.wrong(&format!("{both}; resume: {ended}"));
    }
    if halfway && !shared && !prefix.shared_before {
        return attempt.wrong(&format!("half way, and nobody says so: {both}"));
    }
    let before = &prefix.serving_before;
    let words = [first, second].map(|one| said(one.ended, prefix, one.after));
    let serving = attempt.serving().await;
    if words.contains(&Said::Nothing) {
        let (Some(one), Some(other), false) = (first.after, second.after, halfway) else {
            return Ok(());
        };
        // Nobody says where it is; nobody was to lead it anywhere else, either.
        let back = [format!("tg-{}", prefix.live_before)].into();
        if [before, one, other, &back].contains(&&serving) {
            return Ok(());
        }
        let wrong = format!("{both}; and production meets {serving:?}");
        // Whoever moves production says 6, and nobody else was to move it.
        let meant = |finished: &Finished<'_>| match finished.ended.code() {
            Some(6) => finished.after != Some(before) && finished.ended.names("swingbridge rollback"),
            _ => finished.after == Some(before),
        };
        let somewhere: Serving = [before, one, other, &back]
            .into_iter()
            .flatten()
            .cloned()
            .collect();
        if !has(6) || !meant(&first) || !meant(&second) || !serving.is_subset(&somewhere) {
            return attempt.wrong(&wrong);
        }
        // Every route is there, and a door that is to follow is not: who is told to look is told of the way back, too.
        let ended = attempt.somebody().does(&rollback()).await;
        if ended.code() != Some(0) {
            return attempt.wrong(&format!("{wrong}; rollback: {ended}"));
        }
        attempt.meets(&back).await?;
        return attempt.served().await;
    }
    let mut meant = words.iter().filter_map(|said| match said {
        Said::ThatItMeets(serving) => Some(serving),
        _ => None,
    });
    let goes_back = |one: &Finished<'_>| matches!(one.intent, Intent::Rollback { .. });
    if goes_back(&first)
        && goes_back(&second)
        && second.ended.code() == Some(0)
        && first.after == Some(&serving)
    {
        // Who comes second finishes what was begun, wherever that was to go.
        return Ok(());
    }
    let nobody_moved_it = words.iter().all(|said| *said == Said::ThatItIsWhereItWas);
    if (nobody_moved_it && serving == *before) || meant.any(|meant| *meant == serving) {
        return Ok(());
    }
    attempt.wrong(&format!("{both}; and production meets {serving:?}"))
}

/// Whether a stranger leads production elsewhere when the command has written all of it, or before it looks what there is
/// to do: then they have done so.
pub(crate) fn leads_elsewhere(life: &Life, at: usize, call: &Call, stranger: Stranger) -> bool {
    if !stranger.puts_back() {
        return stranger == Stranger::LeadsBack;
    }
    let prefix = &life.prefixes()[at];
    let writes = match stranger {
        Stranger::PutsRouteBack => "ModifyRule",
        _ => "ModifyListener",
    };
    let looks = |call: &Call| call.action == "DescribeRules";
    let mut routes = prefix.calls.iter().filter(|call| call.action == writes);
    let (first, last) = (routes.next(), routes.next_back());
    // These two move nothing that is not shared as it is written down.
    let goes_by_what_it_finds =
        prefix.shared_before && matches!(life.commands[at], Intent::Pause | Intent::Repair);
    let Some(first) = first else {
        return goes_by_what_it_finds;
    };
    let lock = prefix.calls.iter().position(Call::changes).unwrap_or_default();
    // All that it sees under its lock before it changes anything.
    let found = prefix.calls[lock + 1..]
        .iter()
        .take_while(|call| !call.changes())
        .filter(|call| goes_by_what_it_finds && looks(call))
        .last();
    let last = last.unwrap_or(first).number;
    // What is read back until it is written down that production is there.
    let confirmed = prefix.calls[last..]
        .iter()
        .take_while(|call| call.action != "AddTags")
        .filter(|call| looks(call))
        .last()
        .map_or(last, |call| call.number);
    call.number > confirmed || found.is_some_and(|found| call.number <= found.number)
}

/// A stranger has changed something at this call; the exit code is true all the same.
pub(crate) async fn is_told(
    attempt: &Attempt<'_>,
    at: usize,
    call: &Call,
    stranger: Stranger,
    ended: &Ended,
) -> Held {
    let prefix = &attempt.life.prefixes()[at];
    let well = attempt.life.well(at);
    if leads_elsewhere(attempt.life, at, call, stranger) {
        return Ok(());
    }
    match said(ended, prefix, Some(&prefix.serving_after)) {
        Said::ThatItMeets(serving) if well == 0 || ended.code() == Some(5) => attempt.meets(&serving).await,
        // It put production back to what was before, and the command did not.
        Said::ThatItIsWhereItWas if !stranger.puts_back() => attempt.meets(&prefix.serving_before).await,
        _ => Ok(()),
    }
}
