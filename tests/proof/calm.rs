//! Nothing happens to a command: it ends well, no request meets what it must not, and it goes the same way every time.

use swingbridge::model::estate::Estate;
use swingbridge::model::obligation::owed;
use swingbridge::model::routing::{Rule, Sticky};
use swingbridge::model::tags::owned_by;

use crate::cell::{Attempt, Book, Held};
use crate::life::Life;
use crate::prefix::limits;

pub(crate) fn run(book: &Book, life: &Life, at: usize) {
    life.prefixes();
    let name = format!("calm/{}", life.command_name(at));
    book.cell(&name, 1, goes_well(life, at));
}

async fn goes_well(life: &Life, at: usize) -> Held {
    let prefix = &life.prefixes()[at];
    let attempt = Attempt::at(life, prefix.before.open(), &prefix.law);
    let operator = attempt.somebody();
    let ended = operator.does(&life.commands[at]).await;
    if ended.code() != Some(life.well(at)) {
        return attempt.wrong(&format!("ended {ended}"));
    }
    if operator.tap.calls() != prefix.calls {
        return attempt.wrong("other calls than the last time: no cell could be told from another");
    }
    let policy = &life.config.policy;
    let by_stages = policy
        .shift
        .as_ref()
        .is_some_and(|shift| !shift.stages.is_empty());
    let shares = policy.ab.is_some() || by_stages;
    let now = operator.sees().await.map_err(|error| error.to_string())?;
    let at_first = &life.prefixes()[0].found;
    let for_now = |rule: &Rule| {
        let own = at_first.rule(&rule.arn).map(|rule| rule.sticky);
        shares && own.is_none_or(|own| own == Sticky::Off)
    };
    if let Some(lost) = lost(&prefix.found, &now, for_now) {
        return attempt.wrong(&lost);
    }
    if let Some(forgotten) = forgotten(&life.prefixes()[0].found, &now) {
        return attempt.wrong(&forgotten);
    }
    attempt.looks_like(&prefix.left).await?;
    let again = attempt.somebody();
    let ended = again.does(life.goes_on_by(at)).await;
    if life.well(at) == 0
        && let Some(change) = again.tap.calls().iter().find(|call| call.changes())
    {
        return attempt.wrong(&format!("all is done, and {change} changes something again"));
    }
    attempt.came_to(at, &ended).await
}

/// What a rule did besides leading somewhere, and does not do any more. A rule that was never sticky of itself may be so
/// `for_now`, for as long as several generations share it.
fn lost(found: &Estate, now: &Estate, for_now: impl Fn(&Rule) -> bool) -> Option<String> {
    let also = |rule: &Rule| -> Vec<String> {
        let sticks = |word: &&String| for_now(rule) && word.starts_with("group stickiness");
        rule.also.iter().filter(|word| !sticks(word)).cloned().collect()
    };
    found
        .rules()
        .filter_map(|was| Some((was, now.rule(&was.arn)?)))
        .find(|(was, is)| {
            (&was.conditions, also(was)) != (&is.conditions, also(is))
                || (was.keeps != is.keeps && !(for_now(was) && was.sticky != is.sticky))
        })
        .map(|(was, is)| format!("{} was {:?}, and is {:?}", was.at(), was.also, is.also))
}

/// A group of ours that is not as the first one was, without a word about what is owed.
fn forgotten(at_first: &Estate, now: &Estate) -> Option<String> {
    let first = at_first.groups.iter().find(|group| group.generation.is_some())?;
    let (_, usual) = limits(at_first).find(|(name, _)| **name == first.name)?;
    now.groups
        .iter()
        .filter(|group| owned_by(&group.tags, &now.app) && owed(&group.tags).is_empty())
        // What is free is nobody's, and has nothing.
        .filter(|group| group.generation.is_some())
        .find_map(|group| {
            let (_, is) = limits(now).find(|(name, _)| **name == group.name)?;
            (is != usual).then(|| format!("{} is {is:?}, not {usual:?}, and nothing is owed", group.name))
        })
}
