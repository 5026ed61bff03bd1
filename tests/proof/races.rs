//! The races: somebody else is at work as well, from every call of a command on and to every call of theirs. At most
//! one of them has the say, the other says why, and no request meets what it must not.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use swingbridge::model::plan::Intent;
use swingbridge::model::policy::Strategy;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::cell::{Attempt, Book, Held};
use crate::crash::finds_a_way_back;
use crate::life::{Life, deploy, rollback};
use crate::operator::{Ended, Operator, Process, Who};
use crate::oracle::Law;
use crate::outcome::{Finished, Serving, is_told, leads_elsewhere, peace, serving_on};
use crate::prefix::{Prefix, by_turns, takes_every};
use crate::stage::{Scene, in_virtual_time};
use crate::strangers::{DONE, STRANGERS, Stranger};
use crate::tap::{Call, Gate, Hit};

/// How the timeline tells that somebody has the lock: by its rule.
const LOCK_CREATED: &str = " rule: rule 1 created";
/// After this nobody acts on what was seen before it, and no call is under way any more.
const SILENCE: Duration = Duration::from_secs(120);
/// Far longer than any two commands take one after the other.
const LONG: Duration = Duration::from_secs(6 * 3600);

/// Commands that two operators give at the same time.
fn rivals(life: &Life, intent: &Intent) -> Vec<(&'static str, Intent)> {
    let shift = life.config.policy.shift.as_ref();
    let pauses = shift.is_some_and(|shift| !shift.stages.is_empty()) && *intent == Intent::Promote;
    let pause = pauses.then_some(("pause", Intent::Pause));
    let mut rivals = who_also(intent);
    rivals.extend(pause);
    rivals
}

fn who_also(intent: &Intent) -> Vec<(&'static str, Intent)> {
    match intent {
        Intent::Deploy { .. } => vec![
            ("the-same-deploy", intent.clone()),
            ("another-deploy", deploy("9.0", 1)),
            ("rollback", rollback()),
            ("abort", Intent::Abort),
        ],
        Intent::Promote | Intent::PromoteFully | Intent::Shift { .. } | Intent::Resume => vec![
            ("promote", Intent::Promote),
            ("rollback", rollback()),
            ("abort", Intent::Abort),
            ("deploy", deploy("9.0", 1)),
        ],
        Intent::Rollback { .. } => vec![("rollback", rollback()), ("promote", Intent::Promote)],
        Intent::Abort => vec![("abort", Intent::Abort), ("promote", Intent::Promote)],
        Intent::Retire { .. } => vec![("rollback", rollback()), ("repair", Intent::Repair)],
        Intent::Repair | Intent::Pause => vec![("promote", Intent::Promote)],
        Intent::Retreat => vec![("rollback", rollback()), ("promote", Intent::Promote)],
        Intent::Winner { .. } => vec![
            ("the-same-winner", intent.clone()),
            ("rollback", rollback()),
            ("promote", Intent::Promote),
        ],
    }
}

/// A command that somebody else gives.
struct Rival {
    name: &'static str,
    intent: Intent,
    /// What it changes when nobody else is there.
    changes: Vec<Call>,
    /// What production meets then.
    after: Option<Serving>,
}

/// How a rival comes by the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comes {
    /// They do not wait for it.
    Impatiently,
    /// They wait until its holder is taken for dead.
    Patiently,
    /// A person has freed it for them, because they believe that its holder is dead.
    Freed,
}

impl fmt::Display for Comes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Impatiently => "impatient",
            Self::Patiently => "patient",
            Self::Freed => "freed",
        })
    }
}

/// Who else is at work.
#[derive(Clone, Copy)]
enum Other<'a> {
    Stranger(Stranger),
    Rival(&'a Rival, Comes),
}

/// How far the rival comes while the first is held.
#[derive(Clone, Copy, Debug)]
enum Until<'a> {
    ItsEnd,
    /// Up to so many of its changes, the last of which waits.
    Change(usize, &'a Call),
}

impl fmt::Display for Until<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ItsEnd => f.write_str("its-end"),
            Self::Change(number, call) => write!(f, "{number:02}-{}", call.action),
        }
    }
}

pub(crate) fn run(book: &Book, life: &Life, at: usize) {
    let prefix = &life.prefixes()[at];
    let command = life.command_name(at);
    for call in looked_after(life, at) {
        let name = format!("races/{command}/{call}/{}", Stranger::LeadsBack);
        book.cell(&name, 20, stands(life, at, call, Stranger::LeadsBack));
    }
    let rivals: Vec<Rival> = rivals(life, &life.commands[at])
        .into_iter()
        .map(|(name, intent)| alone(life, at, name, intent))
        .collect();
    // Production goes there sooner or later, or has a share there.
    let serves = prefix.law.live.contains(&format!("tg-{}", prefix.next));
    for (place, call) in prefix.calls.iter().enumerate() {
        let strangers = STRANGERS
            .into_iter()
            .filter(|stranger| *stranger != Stranger::DeletesGroup || !serves)
            .filter(|stranger| stranger.comes_to(life, at))
            .map(Other::Stranger);
        let has_the_lock = prefix.calls[..place].iter().any(Call::changes);
        let mid_way = call.changes() && (life.stands_for_its_strategy() || takes_every());
        let freed = (mid_way && has_the_lock).then_some(Comes::Freed);
        let ways = [Comes::Impatiently, Comes::Patiently].into_iter().chain(freed);
        let operators = rivals
            .iter()
            .flat_map(|rival| ways.clone().map(move |comes| Other::Rival(rival, comes)));
        let all: Vec<Other<'_>> = strangers.chain(operators).collect();
        let others = if turns(&prefix.calls, place) {
            all
        } else {
            by_turns(prefix.made_before(call), all)
        };
        for other in others {
            let (rival, comes) = match other {
                Other::Rival(rival, comes) => (rival, comes),
                Other::Stranger(stranger) => {
                    let name = format!("races/{command}/{call}/{stranger}");
                    let share = if call.changes() { 32 } else { 600 };
                    book.cell(&name, share, stands(life, at, call, stranger));
                    continue;
                }
            };
            let untils = match comes {
                Comes::Freed => mid_ways(rival),
                // Nobody has the lock yet: whoever comes first gets it.
                Comes::Impatiently if mid_way && !has_the_lock => mid_ways(rival),
                _ => vec![Until::ItsEnd],
            };
            for until in untils {
                let name = format!("races/{command}/{call}/{comes}-{}-until-{until}", rival.name);
                let share = if call.changes() { 320 } else { 5000 };
                let race = Race {
                    life,
                    at,
                    held: call,
                    rival,
                    comes,
                    until,
                };
                book.cell(&name, share, race.run(&book.never_met));
            }
        }
    }
}

/// The calls of a removal up to the one that ends the previous generation's health checks: until then whoever leads
/// production back to it finds it healthy, and it must stay so.
fn looked_after(life: &Life, at: usize) -> &[Call] {
    let calls = &life.prefixes()[at].calls;
    let removes = matches!(life.commands[at], Intent::Retire { .. });
    let end = calls
        .iter()
        .position(|call| call.action == "DeleteRule")
        .filter(|_| removes);
    end.map_or(&[], |end| &calls[..=end])
}

/// Whether a command is about to change something, or has just done so: held at any other of its looks it would meet
/// the same.
fn turns(calls: &[Call], at: usize) -> bool {
    calls[at].changes() || at == 0 || calls[at - 1].changes()
}

/// To its end, and to every change of its own.
fn mid_ways(rival: &Rival) -> Vec<Until<'_>> {
    let changes = rival.changes.iter().zip(1..);
    std::iter::once(Until::ItsEnd)
        .chain(changes.map(|(call, number)| Until::Change(number, call)))
        .collect()
}

/// What the rival does when nobody else is there; it changes nothing when it is refused.
fn alone(life: &Life, at: usize, name: &'static str, intent: Intent) -> Rival {
    in_virtual_time(async {
        let scene = life.prefixes()[at].before.open();
        let operator = Operator::calm(&scene, &life.config);
        let ended = operator.does(&intent).await;
        let changes = operator.tap.calls().into_iter().filter(Call::changes).collect();
        let strategy = life.config.policy.strategy;
        // The number of a generation depends on who was there before.
        let goes_on = matches!(intent, Intent::Deploy { .. })
            && matches!(strategy, Strategy::Direct | Strategy::Recreate);
        // Whether there is a candidate to close depends on it, too.
        let goes_back =
            matches!(intent, Intent::Rollback { .. }) && matches!(life.commands[at], Intent::Deploy { .. });
        let after = serving_on(&scene.kept().await, life).await;
        Rival {
            name,
            intent,
            changes,
            after: (ended.code() == Some(0) && !goes_on && !goes_back).then_some(after),
        }
    })
}

/// All that two commands may do to production between them.
fn law_for_both(prefix: &Prefix, rival: &Intent, strategy: Strategy) -> Law {
    let mut law = prefix.law.clone();
    law.candidate.extend(prefix.neighbours.iter().cloned());
    let served = law.live.contains(&format!("tg-{}", prefix.next));
    // What production was taken back from keeps its number.
    let taken_back = if served { prefix.next } else { 0 };
    let next = format!(
        "tg-{}",
        prefix.live_before.max(prefix.live_after).max(taken_back) + 1
    );
    if matches!(rival, Intent::Deploy { .. }) && matches!(strategy, Strategy::Direct | Strategy::Recreate) {
        // One after the other, they both go to production.
        law.live.insert(next.clone());
    }
    law.candidate.insert(next);
    let moves = matches!(
        rival,
        Intent::Promote
            | Intent::PromoteFully
            | Intent::Shift { .. }
            | Intent::Rollback { .. }
            | Intent::Retreat
            | Intent::Winner { .. }
    );
    if moves {
        law.live.extend(prefix.neighbours.iter().cloned());
    }
    law
}

async fn stands(life: &Life, at: usize, call: &Call, stranger: Stranger) -> Held {
    let prefix = &life.prefixes()[at];
    let mut law = prefix.law.clone();
    // Nobody can keep a person from emptying what the green door leads to; nor call back the call that opens it when the
    // lock, whose rule alone keeps the candidate health-checked until then, is taken away meanwhile, or between it and the
    // last look before it.
    let leads_next = prefix
        .calls
        .get(call.number)
        .is_some_and(|next| ["CreateRule", "ModifyRule"].contains(&next.action.as_str()));
    let opens = call.changes() || leads_next;
    law.candidate_may_be_empty =
        stranger == Stranger::DeletesGroup || (stranger == Stranger::FreesTheLock && opens);
    let writes = ["ModifyListener", "ModifyRule"].contains(&call.action.as_str());
    law.route_under_way = writes && (stranger == Stranger::FreesTheLock || stranger.puts_back());
    if leads_elsewhere(life, at, call, stranger) {
        // A colour closes in its time after production has left it; not after somebody else has led production there again.
        law.grace = Duration::ZERO;
    }
    let mut live = prefix.live_before;
    if let (true, Some(previous)) = (stranger.knows_the_previous(), life.roles(&prefix.found).previous) {
        live = previous.generation.0;
        if stranger == Stranger::LeadsBack {
            law.live
                .extend(previous.target_group.as_ref().map(ToString::to_string));
        }
    }
    let attempt = Attempt::at(life, prefix.before.open(), &law);
    let gate = Arc::new(Gate::default());
    let operator = held_at(&attempt, Who::somebody(), call.number, &gate);
    let acts = async {
        gate.reached.notified().await;
        let done = stranger.acts(&attempt, live, prefix.next).await;
        gate.open();
        done
    };
    let both = async { tokio::join!(operator.does(&life.commands[at]), acts) };
    let Ok((ended, done)) = timeout(LONG, both).await else {
        return attempt.wrong("it hangs");
    };
    attempt.speaks(&ended)?;
    attempt.served().await?;
    if ended.code() == Some(1) {
        return attempt.wrong(&format!("ended {ended}"));
    }
    no_lock(&attempt, &ended).await?;
    is_told(&attempt, at, call, stranger, &ended).await?;
    if stranger.takes_a_way_back() && done == DONE {
        return is_not_misled(&attempt, prefix).await;
    }
    Ok(())
}

/// Somebody has deleted a target group that nothing named any more. Whoever wants production back then hears that there
/// is no way, and it stays where it is; or it is whole, wherever they get it to.
async fn is_not_misled(attempt: &Attempt<'_>, prefix: &Prefix) -> Held {
    // The first command is judged already, by a law that knows of no second one.
    let mut law = prefix.law.clone();
    law.live.extend(prefix.neighbours.iter().cloned());
    let later = Attempt::at(attempt.life, attempt.scene.kept().await.open(), &law);
    finds_a_way_back(&later, prefix).await
}

#[derive(Clone, Copy)]
struct Race<'a> {
    life: &'a Life,
    at: usize,
    held: &'a Call,
    rival: &'a Rival,
    comes: Comes,
    until: Until<'a>,
}

impl Race<'_> {
    /// `never_met` counts rivals who had ended before they came to where they were to be held.
    async fn run(self, never_met: &AtomicUsize) -> Held {
        let Self {
            life,
            at,
            held,
            rival,
            comes,
            until,
        } = self;
        let prefix = &life.prefixes()[at];
        let attempt = Attempt::at(
            life,
            prefix.before.open(),
            &law_for_both(prefix, &rival.intent, life.config.policy.strategy),
        );
        let (ours, theirs) = (Arc::new(Gate::default()), Arc::new(Gate::default()));
        let first = Who {
            key: "first",
            process: Process::Elsewhere,
            ..Who::somebody()
        };
        let first = held_at(&attempt, first, held.number, &ours);
        let second = Who {
            key: "second",
            process: Process::Elsewhere,
            patience: if comes == Comes::Patiently {
                life.config.lease * 3
            } else {
                Duration::ZERO
            },
        };
        let second = match until {
            Until::ItsEnd => Operator::on(&attempt.scene, &life.config, second, |_| None),
            Until::Change(number, _) => held_at_change(&attempt, second, number, &theirs),
        };
        let (begin, first_ended, second_ended) = (Notify::new(), Notify::new(), Notify::new());
        let firsts = async {
            let ended = first.does(&life.commands[at]).await;
            first_ended.notify_one();
            ended
        };
        let seconds = async {
            begin.notified().await;
            let ended = second.does(&rival.intent).await;
            second_ended.notify_one();
            ended
        };
        let conducted = async {
            ours.reached.notified().await;
            if comes == Comes::Freed {
                // For as long as a process must be silent before anybody takes it for dead.
                sleep(SILENCE).await;
                Stranger::FreesTheLock.acts(&attempt, 0, 0).await;
            }
            begin.notify_one();
            tokio::select! {
                () = theirs.reached.notified() => {}
                () = second_ended.notified() => {
                    if matches!(until, Until::Change(..)) {
                        never_met.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
            ours.open();
            first_ended.notified().await;
            theirs.open();
        };
        let all = async { tokio::join!(firsts, seconds, conducted) };
        let Ok((one, other, ())) = timeout(LONG, all).await else {
            return attempt.wrong("they hang");
        };
        for ended in [&one, &other] {
            attempt.speaks(ended)?;
            if ended.code() == Some(1) {
                return attempt.wrong(&format!("ended {ended}"));
            }
        }
        for (ended, holder) in [(&one, "second"), (&other, "first")] {
            if ended.code() == Some(7) && !ended.to_string().contains(&format!("{holder} on ")) {
                return attempt.wrong(&format!("does not say who holds the lock: {ended}"));
            }
        }
        if both_had_the_say(&attempt.scene) {
            return attempt.wrong(&format!("both had the say: first {one}; second {other}"));
        }
        if let Err(why) = attempt.served().await {
            return Err(format!("first {one}; second {other}\n    {why}"));
        }
        if matches!(until, Until::Change(..)) && !attempt.is_unlocked().await? {
            // What was to give it up stood still for too long. It stands for its lease, and whoever comes next removes it.
            sleep(life.config.lease).await;
            attempt.somebody().does(&Intent::Repair).await;
        }
        no_lock(&attempt, &one).await?;
        let first = Finished {
            intent: &life.commands[at],
            ended: &one,
            after: (life.well(at) == 0).then_some(&prefix.serving_after),
        };
        let second = Finished {
            intent: &rival.intent,
            ended: &other,
            after: rival.after.as_ref(),
        };
        peace(&attempt, prefix, first, second).await
    }
}

/// Whether the first went on changing things after the second had got the lock. One call that was under way cannot be
/// called back; and what it does under a lock of its own, once the second is done, is its right.
fn both_had_the_say(scene: &Scene) -> bool {
    let all = scene.history();
    let is_call = |line: &str, who: &str| line.contains(" call: ") && line.ends_with(who);
    let got_it = |pair: &[String], who: &str| {
        pair[0].contains(LOCK_CREATED) && pair[1].contains(" call: CreateRule") && is_call(&pair[1], who)
    };
    let Some(at) = all.windows(2).position(|pair| got_it(pair, "(second)")) else {
        return false;
    };
    let went_on = all[at..]
        .windows(2)
        .take_while(|pair| !got_it(pair, "(first)"))
        .filter(|pair| is_call(&pair[1], "(first)"))
        // A sign of life, and giving up what is not held any more.
        .filter(|pair| !pair[1].contains(" call: AddTags") && !gives_up(pair));
    went_on.count() > 1
}

/// Whether a call deletes a lock, or nothing: what it does is told before it.
fn gives_up(pair: &[String]) -> bool {
    let deletes_other = pair[0].contains(" rule: rule ")
        && pair[0].ends_with(" deleted")
        && !pair[0].ends_with(" rule 1 deleted");
    pair[1].contains(" call: DeleteRule") && !deletes_other
}

async fn no_lock(attempt: &Attempt<'_>, ended: &Ended) -> Held {
    if attempt.is_unlocked().await? {
        return Ok(());
    }
    attempt.wrong(&format!("ended {ended}, and the lock stands"))
}

/// An operator all of whose calls wait from this one on, as those of a process that is stopped.
fn held_at<'a>(attempt: &Attempt<'a>, who: Who, number: usize, gate: &Arc<Gate>) -> Operator<'a> {
    let gate = Arc::clone(gate);
    Operator::on(&attempt.scene, &attempt.life.config, who, move |call| {
        (call.number >= number).then(|| Hit::Hold(Arc::clone(&gate)))
    })
}

/// The same from so many changes on.
fn held_at_change<'a>(attempt: &Attempt<'a>, who: Who, number: usize, gate: &Arc<Gate>) -> Operator<'a> {
    let (gate, mut changes) = (Arc::clone(gate), 0);
    Operator::on(&attempt.scene, &attempt.life.config, who, move |call| {
        changes += usize::from(call.changes());
        (changes >= number).then(|| Hit::Hold(Arc::clone(&gate)))
    })
}
