//! The commands that change something: plan, show, ask, carry out.

use std::io;

use jiff::Timestamp;

use super::args::{
    Deploy, Global, PlanFormat, Promote, Retire, Rollback, RunArgs, Shift, TextOrJson, Winner,
};
use super::failure::Failure;
use super::letters::Letters;
use super::session::{Session, ask, env, out, someone_is_there};
use super::{plan as plan_command, release};
use crate::cloud::aws::Aws;
use crate::model::estate::Estate;
use crate::model::event::{Ended, Reporter, Verdict};
use crate::model::plan::{Intent, Plan};
use crate::model::step::Step;
use crate::plan;
use crate::report::{self, Fan, Format};
use crate::run::identity::Identity;
use crate::run::interrupt::{Interrupt, Signal, Stopper};
use crate::run::journal::Journal;
use crate::run::{self, Job, LockSettings, Stayed};

/// How often a command plans again before it says that the estate does not hold still.
const PLANNED_AGAIN: u32 = 3;

pub(super) async fn deploy(global: &Global, args: &Deploy) -> Result<u8, Failure> {
    let mut session = Session::open(global).await?;
    let intent = release::intent(&mut session.config, &args.release)?;
    intend(&session, intent, &args.run, global.verbose > 0).await
}

pub(super) async fn promote(global: &Global, args: &Promote) -> Result<u8, Failure> {
    simple(global, args.how.intent(), &args.run).await
}

pub(super) async fn shift(global: &Global, args: &Shift) -> Result<u8, Failure> {
    simple(global, args.share.intent(), &args.run).await
}

pub(super) async fn winner(global: &Global, args: &Winner) -> Result<u8, Failure> {
    simple(global, args.who.intent(), &args.run).await
}

pub(super) async fn pause(global: &Global, args: &RunArgs) -> Result<u8, Failure> {
    simple(global, Intent::Pause, args).await
}

pub(super) async fn resume(global: &Global, args: &RunArgs) -> Result<u8, Failure> {
    simple(global, Intent::Resume, args).await
}

pub(super) async fn rollback(global: &Global, args: &Rollback) -> Result<u8, Failure> {
    simple(global, args.back.intent(), &args.run).await
}

pub(super) async fn abort(global: &Global, args: &RunArgs) -> Result<u8, Failure> {
    simple(global, Intent::Abort, args).await
}

pub(super) async fn retire(global: &Global, args: &Retire) -> Result<u8, Failure> {
    simple(global, args.which.intent(), &args.run).await
}

pub(super) async fn repair(global: &Global, args: &RunArgs) -> Result<u8, Failure> {
    simple(global, Intent::Repair, args).await
}

async fn simple(global: &Global, intent: Intent, args: &RunArgs) -> Result<u8, Failure> {
    let session = Session::open(global).await?;
    intend(&session, intent, args, global.verbose > 0).await
}

async fn intend(session: &Session, intent: Intent, args: &RunArgs, verbose: bool) -> Result<u8, Failure> {
    let mut again = 0;
    loop {
        let estate = session.observe_for(&intent).await?;
        let plan = plan::plan(&estate, &intent, &session.config.policy)?;
        if args.dry_run {
            return show(&plan, args, verbose);
        }
        match go(session, plan, estate, args, Go::Shown).await? {
            // Somebody else was at work between the look and the lock. A command means what it says
            // now; only a saved plan means what it said then.
            (_, Ended::Stale) if again < PLANNED_AGAIN => {
                again += 1;
                tracing::warn!("the estate has changed meanwhile; planning again");
            }
            (code, _) => return Ok(code),
        }
    }
}

pub(super) fn show(plan: &Plan, args: &RunArgs, verbose: bool) -> Result<u8, Failure> {
    let format = match args.format {
        TextOrJson::Text => PlanFormat::Text,
        TextOrJson::Json => PlanFormat::Json,
    };
    plan_command::show(plan, format, verbose)?;
    Ok(0)
}

/// Whether the plan was reviewed before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Go {
    Shown,
    Reviewed,
}

/// Asks if it must, then carries the plan out, and what it leaves for later. Says with which exit code, and how it ended.
pub(super) async fn go(
    session: &Session,
    plan: Plan,
    estate: Estate,
    args: &RunArgs,
    how: Go,
) -> Result<(u8, Ended), Failure> {
    release::may_be_built(session, &plan).await?;
    may_be_called(&plan)?;
    if !plan.is_empty() && !args.yes {
        if !someone_is_there() || args.format == TextOrJson::Json {
            return Err(Failure::usage(
                "there is nobody to ask",
                "add --yes to carry the plan out, or --dry-run to see it",
            ));
        }
        if how == Go::Shown {
            plan_command::show(&plan, PlanFormat::Text, false)?;
        }
        if !ask("Carry this out?")? {
            return Err(Failure::usage(
                "nothing was changed",
                "answer y to carry a plan out",
            ));
        }
    }
    let interrupt = listen()?;
    let verdict = once(session, &plan, &estate, args, &interrupt).await;
    if verdict.code != 0 || args.no_wait {
        return Ok((verdict.code, verdict.ended));
    }
    let code = later(session, (&plan, &estate), args, &interrupt).await?;
    Ok((code, verdict.ended))
}

/// Better said before anything is changed than half way. What only tells others stops nobody.
fn may_be_called(plan: &Plan) -> Result<(), Failure> {
    let missing = plan.steps.iter().find_map(|step| match step {
        Step::Hook { hook } if hook.stops() => {
            let name = hook
                .variables()
                .iter()
                .find(|name| env(name).is_none_or(|value| value.is_empty()))?;
            Some((hook, name))
        }
        _ => None,
    });
    match missing {
        Some((hook, name)) => Err(Failure::usage(
            format!(
                "the {} hook {} needs the variable {name}, which is not set or empty",
                hook.at,
                hook.subject()
            ),
            format!("set {name}, or take it out of [[hooks]]"),
        )),
        None => Ok(()),
    }
}

/// One plan, one run, one journal.
async fn once(
    session: &Session,
    plan: &Plan,
    estate: &Estate,
    args: &RunArgs,
    interrupt: &Interrupt,
) -> Verdict {
    let id = run_id();
    let job = Job {
        cloud: &session.aws,
        scope: &session.config.scope,
        command: plan.intent.command(),
        run: id.clone(),
        identity: Identity::from_environment(&env),
        lock: LockSettings {
            lease: session.config.lease,
            wait: args.wait_for_lock,
        },
        timeout: args.timeout,
        interrupt: interrupt.clone(),
        hooks: &session.hooks(),
    };
    let mut reporters: Vec<Box<dyn Reporter + Send>> =
        vec![report::reporter(format(args), Box::new(io::stdout()))];
    if !plan.is_empty() {
        match Journal::create(&session.config.journal, &plan.app, &id, Timestamp::now()) {
            Ok(journal) => reporters.push(Box::new(journal.seen_as(report::in_json))),
            // AWS is the record; a folder that cannot be written must not stop a rollback.
            Err(error) => {
                tracing::warn!(%error, folder = %session.config.journal.display(), "no journal is kept")
            }
        }
    }
    let letters = Letters::default();
    reporters.push(Box::new(letters.bulletin(session)));
    let verdict = run::carry_out::<Aws>(&job, plan, estate, &mut Fan::new(reporters)).await;
    letters.all_sent().await;
    verdict
}

/// What a swing leaves is done when its time has come.
async fn later(
    session: &Session,
    done: (&Plan, &Estate),
    args: &RunArgs,
    interrupt: &Interrupt,
) -> Result<u8, Failure> {
    let mut said = None;
    let waits = |due: Timestamp| {
        if said != Some(due) && args.format == TextOrJson::Text {
            let until = due.strftime("%H:%M:%S UTC");
            // A reader that has gone is no reason to leave.
            let _ = out(&format!(
                "staying until {until} for what is left; Ctrl-C is safe, `swingbridge repair` finishes it\n"
            ));
        }
        said = Some(due);
    };
    let finish = async |rest: Plan, estate: Estate| once(session, &rest, &estate, args, interrupt).await.code;
    let stayed = run::stay(
        &session.aws,
        &session.config.scope,
        done,
        interrupt,
        waits,
        finish,
    )
    .await;
    match stayed {
        Stayed::Done => Ok(0),
        Stayed::Interrupted(signal) => Ok(signal.code()),
        Stayed::Unfinished(why) => Err(Failure::refused(
            format!("production has swung, and what that leaves is not finished: {why}"),
            vec!["`swingbridge repair` finishes it; production stays".into()],
        )
        .with_code(6)),
    }
}

fn format(args: &RunArgs) -> Format {
    use std::io::IsTerminal;
    match args.format {
        TextOrJson::Json => Format::Json,
        TextOrJson::Text if io::stdout().is_terminal() => Format::Terminal,
        TextOrJson::Text => Format::Lines,
    }
}

fn run_id() -> String {
    use rand::RngExt;
    format!("{:08x}", rand::rng().random::<u32>())
}

/// From here on Ctrl-C and SIGTERM stop the run between steps instead of killing it.
fn listen() -> Result<Interrupt, Failure> {
    let (stopper, interrupt) = Interrupt::pair();
    tokio::spawn(relay(stopper, signals()?));
    Ok(interrupt)
}

#[cfg(unix)]
type Signals = (tokio::signal::unix::Signal, tokio::signal::unix::Signal);

#[cfg(unix)]
fn signals() -> io::Result<Signals> {
    use tokio::signal::unix::{SignalKind, signal};
    Ok((signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?))
}

#[cfg(unix)]
async fn relay(stopper: Stopper, (mut interrupt, mut terminate): Signals) {
    loop {
        let signal = tokio::select! {
            _ = interrupt.recv() => Signal::Interrupt,
            _ = terminate.recv() => Signal::Terminate,
        };
        stopper.stop(signal);
    }
}
