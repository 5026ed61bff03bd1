//! The races: somebody else is at work as well, from every call of a command on and to every call of theirs. At most
//! one of them has the say, the other says why, and no request meets what it must not.

use std::fmt;
use std::sync::Arc;

use std::time::Duration;

use aws_sdk_elasticloadbalancingv2::error::DisplayErrorContext;
use aws_sdk_elasticloadbalancingv2::types::{Action as LbAction, ActionTypeEnum};
use swingbridge::model::plan::Intent;
use swingbridge::model::policy::Strategy;
use swingbridge::model::roles::Roles;
use swingbridge::model::tags;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::cell::{Attempt, Book, Held};
use crate::life::{Life, deploy, rollback};
use crate::operator::{Ended, Operator, Process, Who, sdk};
use crate::oracle::Law;
use crate::prefix::{Prefix, by_turns};
use crate::stage::{Scene, in_virtual_time};
use crate::tap::{Call, Gate, Hit, Tap};

/// How the timeline tells that somebody has the lock: by its rule.
const LOCK_CREATED: &str = " rule: rule 1 created";
/// Far longer than any two commands take one after the other.
const LONG: Duration = Duration::from_secs(6 * 3600);

/// Somebody who does not know of the lock: one call, at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stranger {
    /// An autoscaler, which makes the group larger.
    Grows,
    /// One that makes it as small as it may be.
    Shrinks,
    /// A provisioning run that puts the default rule back to what it knows.
    PutsBack,
    /// A person who leads the default rule back to the previous generation, while somebody removes it.
    LeadsBack,
    /// A person who frees the lock, because they believe that its holder is dead.
    FreesTheLock,
    /// A person who deletes the candidate's target group, if AWS lets them.
    DeletesTargetGroup,
    /// A person who deletes the candidate's group with everything in it. Once production goes there nobody can help.
    DeletesGroup,
}

const STRANGERS: [Stranger; 6] = [
    Stranger::Grows,
    Stranger::Shrinks,
    Stranger::PutsBack,
    Stranger::FreesTheLock,
    Stranger::DeletesTargetGroup,
    Stranger::DeletesGroup,
];

impl fmt::Display for Stranger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Grows => "an-autoscaler",
            Self::Shrinks => "a-shrinking-autoscaler",
            Self::PutsBack => "a-provisioning-run",
            Self::LeadsBack => "a-way-back",
            Self::FreesTheLock => "a-freed-lock",
            Self::DeletesTargetGroup => "a-deleted-target-group",
            Self::DeletesGroup => "a-deleted-group",
        })
    }
}

/// The group that a generation has; one that has none yet would have this name.
fn group_of(scene: &Scene, generation: u32) -> String {
    let number = generation.to_string();
    let found = scene.keeper.with(|world| {
        let mut groups = world.scaling.groups.values();
        groups
            .find(|group| {
                group
                    .tags
                    .get(tags::GENERATION)
                    .is_some_and(|tag| tag.value == number)
            })
            .map(|group| group.name.clone())
    });
    found.unwrap_or_else(|| format!("asg-{generation}"))
}

impl Stranger {
    /// Does it now, as any AWS client would. What AWS refuses is left.
    async fn acts(self, attempt: &Attempt<'_>, live: u32, next: u32) -> String {
        let scene = &attempt.scene;
        if self == Self::FreesTheLock {
            let who = Who {
                key: "stranger",
                ..Who::somebody()
            };
            let person = Operator::on(scene, &attempt.life.config, who, |_| None);
            return came_of(person.unlocks().await);
        }
        let tap = Tap::new(&scene.keeper, Box::new(|_| None));
        let sdk = sdk("stranger", &tap);
        let groups = aws_sdk_autoscaling::Client::new(&sdk);
        let (current, next_group) = (group_of(scene, live), group_of(scene, next));
        match self {
            Self::Grows | Self::Shrinks => came_of(
                groups
                    .set_desired_capacity()
                    .auto_scaling_group_name(current)
                    .desired_capacity(if self == Self::Grows { 4 } else { 1 })
                    .send()
                    .await,
            ),
            Self::DeletesGroup => came_of(
                groups
                    .delete_auto_scaling_group()
                    .auto_scaling_group_name(next_group)
                    .force_delete(true)
                    .send()
                    .await,
            ),
            _ => {
                let balancing = aws_sdk_elasticloadbalancingv2::Client::new(&sdk);
                self.on_the_balancer(&balancing, live, next).await
            }
        }
    }

    async fn on_the_balancer(
        self,
        balancing: &aws_sdk_elasticloadbalancingv2::Client,
        live: u32,
        next: u32,
    ) -> String {
        let name = match self {
            Self::PutsBack | Self::LeadsBack => format!("tg-{live}"),
            _ => format!("tg-{next}"),
        };
        let found = match balancing.describe_target_groups().names(name).send().await {
            Ok(found) => found,
            Err(error) => return DisplayErrorContext(error).to_string(),
        };
        let group = &found.target_groups()[0];
        let arn = group.target_group_arn().expect("it has one");
        if self == Self::DeletesTargetGroup {
            return came_of(balancing.delete_target_group().target_group_arn(arn).send().await);
        }
        // Where nobody looks after its health it would not answer, whoever led production there.
        let Some(balancer) = group.load_balancer_arns().first() else {
            return "no rule names it".into();
        };
        let listeners = balancing
            .describe_listeners()
            .load_balancer_arn(balancer)
            .send()
            .await;
        let listeners = listeners.expect("they are there");
        let http = listeners
            .listeners()
            .iter()
            .find(|listener| listener.port() == Some(80));
        let forward = LbAction::builder()
            .r#type(ActionTypeEnum::Forward)
            .target_group_arn(arn)
            .build();
        came_of(
            balancing
                .modify_listener()
                .listener_arn(http.and_then(|it| it.listener_arn()).expect("it is there"))
                .default_actions(forward)
                .send()
                .await,
        )
    }
}

fn came_of<T, E: std::error::Error>(done: Result<T, E>) -> String {
    match done {
        Ok(_) => "done".into(),
        Err(error) => DisplayErrorContext(error).to_string(),
    }
}

/// Commands that two operators give at the same time.
fn rivals(life: &Life, intent: &Intent) -> Vec<(&'static str, Intent)> {
    let pauses = life.config.policy.shift.is_some() && *intent == Intent::Promote;
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

/// A command that somebody else gives: its name, and the calls that it makes alone.
type Rival = (&'static str, Intent, Vec<Call>);

/// Who else is at work.
#[derive(Clone, Copy, Debug)]
enum Other<'a> {
    Stranger(Stranger),
    /// And whether they wait for the lock.
    Rival(&'a Rival, bool),
}

/// How far the rival comes while the first is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Until {
    ItsEnd,
    Call(usize),
}

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ItsEnd => f.write_str("its-end"),
            Self::Call(number) => write!(f, "{number:03}"),
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
        .map(|(name, intent)| {
            let theirs = calls_alone(life, at, &intent);
            (name, intent, theirs)
        })
        .collect();
    // Production goes there sooner or later, or has a share there.
    let serves = prefix.law.live.contains(&format!("tg-{}", prefix.next));
    for (place, call) in prefix.calls.iter().enumerate() {
        let strangers = STRANGERS
            .into_iter()
            .filter(|stranger| *stranger != Stranger::DeletesGroup || !serves)
            .map(Other::Stranger);
        let operators = rivals
            .iter()
            .flat_map(|rival| [Other::Rival(rival, false), Other::Rival(rival, true)]);
        let all: Vec<Other<'_>> = strangers.chain(operators).collect();
        let others = if turns(&prefix.calls, place) {
            all
        } else {
            by_turns(call, all)
        };
        for other in others {
            let (rival, patient) = match other {
                Other::Rival(rival, patient) => (rival, patient),
                Other::Stranger(stranger) => {
                    let name = format!("races/{command}/{call}/{stranger}");
                    let share = if call.changes() { 32 } else { 600 };
                    book.cell(&name, share, stands(life, at, call, stranger));
                    continue;
                }
            };
            let (name, intent, theirs) = rival;
            let word = if patient { "patient" } else { "impatient" };
            let mid_way = call.changes() && life.stands_for_its_strategy();
            for until in untils(theirs, &prefix.calls[..place], patient, mid_way) {
                let name = format!("races/{command}/{call}/{word}-{name}-until-{until}");
                let share = if call.changes() { 320 } else { 5000 };
                let race = Race {
                    life,
                    at,
                    held: call,
                    rival: intent,
                    patient,
                    until,
                };
                book.cell(&name, share, race.run());
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

/// How far the rival may come while the first is held after these calls: to its end, and, `mid_way`, to every change of
/// its own.
fn untils(theirs: &[Call], made: &[Call], patient: bool, mid_way: bool) -> Vec<Until> {
    let mut all = vec![Until::ItsEnd];
    // An impatient rival does not come past the lock.
    let comes_in = patient || !made.iter().any(Call::changes);
    if mid_way && comes_in {
        let changes = theirs.iter().filter(|call| call.changes());
        all.extend(changes.map(|call| Until::Call(call.number)));
    }
    all
}

/// The calls that the rival makes when nobody else is there; none when they are refused.
fn calls_alone(life: &Life, at: usize, intent: &Intent) -> Vec<Call> {
    in_virtual_time(async {
        let scene = life.prefixes()[at].before.open();
        let operator = Operator::calm(&scene, &life.config);
        operator.does(intent).await;
        operator.tap.calls()
    })
}

/// All that two commands may do to production between them.
fn law_for_both(prefix: &Prefix, rival: &Intent, strategy: Strategy) -> Law {
    let mut law = prefix.law.clone();
    law.candidate.extend(prefix.neighbours.iter().cloned());
    let next = format!("tg-{}", prefix.live_before.max(prefix.live_after) + 1);
    if matches!(rival, Intent::Deploy { .. }) && matches!(strategy, Strategy::Direct | Strategy::Recreate) {
        // One after the other, they both go to production.
        law.live.insert(next.clone());
    }
    law.candidate
        .insert(format!("tg-{}", prefix.live_before.max(prefix.live_after) + 1));
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
    // lock, whose rule alone keeps the candidate health-checked until then, is taken away meanwhile.
    law.candidate_may_be_empty =
        stranger == Stranger::DeletesGroup || (stranger == Stranger::FreesTheLock && call.changes());
    let mut live = prefix.live_before;
    if let (Stranger::LeadsBack, Some(previous)) = (stranger, life.roles(&prefix.found).previous) {
        live = previous.generation.0;
        law.live
            .extend(previous.target_group.as_ref().map(ToString::to_string));
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
    let Ok((ended, _)) = timeout(LONG, both).await else {
        return attempt.wrong("it hangs");
    };
    attempt.speaks(&ended)?;
    attempt.served().await?;
    if ended.code() == Some(1) {
        return attempt.wrong(&format!("ended {ended}"));
    }
    no_lock(&attempt, &ended).await
}

#[derive(Clone, Copy)]
struct Race<'a> {
    life: &'a Life,
    at: usize,
    held: &'a Call,
    rival: &'a Intent,
    patient: bool,
    until: Until,
}

impl Race<'_> {
    async fn run(self) -> Held {
        let Self {
            life,
            at,
            held,
            rival,
            patient,
            until,
        } = self;
        let prefix = &life.prefixes()[at];
        let attempt = Attempt::at(
            life,
            prefix.before.open(),
            &law_for_both(prefix, rival, life.config.policy.strategy),
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
            patience: if patient {
                life.config.lease * 3
            } else {
                Duration::ZERO
            },
        };
        let second = match until {
            Until::ItsEnd => Operator::on(&attempt.scene, &life.config, second, |_| None),
            Until::Call(number) => held_at(&attempt, second, number, &theirs),
        };
        let (begin, first_ended, second_ended) = (Notify::new(), Notify::new(), Notify::new());
        let firsts = async {
            let ended = first.does(&life.commands[at]).await;
            first_ended.notify_one();
            ended
        };
        let seconds = async {
            begin.notified().await;
            let ended = second.does(rival).await;
            second_ended.notify_one();
            ended
        };
        let conducted = async {
            ours.reached.notified().await;
            begin.notify_one();
            tokio::select! {
                () = theirs.reached.notified() => {}
                () = second_ended.notified() => {}
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
        if both_had_the_say(&attempt.scene) {
            return attempt.wrong(&format!("both had the say: first {one}; second {other}"));
        }
        if let Err(why) = attempt.served().await {
            return Err(format!("first {one}; second {other}\n    {why}"));
        }
        no_lock(&attempt, &one).await?;
        let pauses = [(&life.commands[at], &one), (rival, &other)]
            .iter()
            .any(|(intent, ended)| **intent == Intent::Pause && ended.code() == Some(0));
        peace(&attempt, &one, &other, pauses).await
    }
}

/// Whether the first went on changing things after the second had taken the lock over. One call that was under way
/// cannot be called back; and what it does under a lock of its own, once the second is done, is its right.
fn both_had_the_say(scene: &Scene) -> bool {
    let all = scene.history();
    let is_call = |line: &str, who: &str| line.contains(" call: ") && line.ends_with(who);
    let of_second = all.iter().position(|line| is_call(line, "(second)"));
    let Some(at) = of_second.filter(|at| all[*at].contains(" call: DeleteRule")) else {
        return false;
    };
    let took_it_again = |before: &str, line: &str| {
        before.contains(LOCK_CREATED) && line.contains(" call: CreateRule") && is_call(line, "(first)")
    };
    let went_on = all[at..]
        .windows(2)
        .take_while(|pair| !took_it_again(&pair[0], &pair[1]))
        .map(|pair| &pair[1])
        .filter(|line| is_call(line, "(first)"))
        // A sign of life, and giving up what is not held any more.
        .filter(|line| !line.contains(" call: AddTags") && !line.contains(" call: DeleteRule"));
    went_on.count() > 1
}

/// Both have said how they ended; whoever looks now finds production whole, or is told how to make it so.
async fn peace(attempt: &Attempt<'_>, one: &Ended, other: &Ended, pauses: bool) -> Held {
    let estate = attempt
        .somebody()
        .sees()
        .await
        .map_err(|error| error.to_string())?;
    // A test that runs is whole as it is.
    let halfway = Roles::of(&estate, &attempt.life.config.policy).map(|roles| roles.halfway && !roles.runs());
    let stopped = [one, other].iter().any(|ended| ended.code() == Some(6));
    let paused = pauses || [one, other].iter().any(|ended| ended.code() == Some(9));
    match halfway {
        Ok(false) => Ok(()),
        Ok(true) if stopped => {
            let ended = attempt.somebody().does(&rollback()).await;
            if ended.code() == Some(0) {
                return attempt.served().await;
            }
            attempt.wrong(&format!("first {one}; second {other}; rollback: {ended}"))
        }
        Ok(true) if paused => {
            let ended = attempt.somebody().does(&Intent::Resume).await;
            // An alarm that rings takes it back.
            let taken_back = ended.code() == Some(5) && attempt.life.alarm().is_some();
            if taken_back || matches!(ended.code(), Some(0 | 9)) {
                return attempt.served().await;
            }
            attempt.wrong(&format!("first {one}; second {other}; resume: {ended}"))
        }
        Ok(true) => attempt.wrong(&format!(
            "half way, and nobody says so: first {one}; second {other}"
        )),
        Err(reasons) => attempt.wrong(&format!(
            "first {one}; second {other}; nobody is live: {reasons:?}"
        )),
    }
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
