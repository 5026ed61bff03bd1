//! `unlock`: who holds the lock, and freeing it when they are dead.

use std::time::Duration;

use jiff::Timestamp;

use super::args::{Global, Unlock};
use super::failure::Failure;
use super::session::{Session, ask, out, someone_is_there};
use crate::cloud::Cloud;
use crate::model::estate::Part;
use crate::model::lock::{self, LockState};
use crate::model::refusal::Reason;
use crate::model::step::span;
use crate::report::visible;
use crate::run::identity;

pub(super) async fn run(global: &Global, args: &Unlock) -> Result<u8, Failure> {
    let session = Session::open(global).await?;
    let estate = session.observe().await?;
    let place = session.config.policy.lock;
    let (rule, holder) = match lock::state(&estate, place) {
        LockState::Free => {
            out("the lock is free\n")?;
            return Ok(0);
        }
        LockState::NoListener => {
            return Err(Failure::refused(
                format!("the load balancer has no listener on port {}", place.port),
                vec!["correct [lock] listener".into()],
            ));
        }
        // Whose it is, its tags say.
        LockState::Foreign { .. } if let Some(gap) = estate.gap(Part::RuleTags) => {
            let unseen = Reason::unseen(gap);
            return Err(Failure::refused(unseen.to_string(), vec![unseen.way_out()]));
        }
        LockState::Foreign { what, .. } => {
            return Err(Failure::refused(
                format!("{place} is not ours ({})", visible(&what)),
                vec!["set [lock] priority to a free priority before every route".into()],
            ));
        }
        LockState::Held { rule, holder } => (rule, holder),
    };
    let now = Timestamp::now();
    out(&format!(
        "held by {}\nlast heartbeat {} ago, lease {}\n",
        visible(&holder.to_string()),
        span(Duration::from_secs(holder.silent_for(now).as_secs())),
        span(holder.lease)
    ))?;
    let ended = identity::has_ended(&holder.process);
    let dead = ended || holder.expired(now);
    out(match (ended, dead) {
        (true, _) => "its process has ended: the lock may be freed\n",
        (false, true) => "its lease has run out: the lock may be freed\n",
        (false, false) => "",
    })?;
    if !dead && !args.force {
        return Err(Failure::refused(
            "the holder seems alive",
            vec![
                "stop it there, wait for its lease to run out, or add --force when you know that it is dead"
                    .into(),
            ],
        )
        .with_code(7));
    }
    if !args.yes {
        if !someone_is_there() {
            return Err(Failure::usage(
                "there is nobody to ask",
                "add --yes to free the lock",
            ));
        }
        if !ask("Free the lock?")? {
            return Err(Failure::usage("nothing was changed", "answer y to free the lock"));
        }
    }
    session.aws.delete_rule(&rule).await?;
    out("the lock is free now; what that run left held is undone by `swingbridge repair`\n")?;
    Ok(0)
}
