//! The commands that make sense now, the likeliest first.

use crate::model::estate::Estate;
use crate::model::roles::Roles;

use super::phase::{Phase, named};
use super::rollback::{command_to, is_done};
use super::variants;
use super::view::{Advice, LockView, OwedView};

pub(super) fn of(
    roles: Option<&Roles>,
    phase: Phase,
    lock: &LockView,
    owed: &[OwedView],
    estate: &Estate,
) -> Vec<Advice> {
    if let LockView::Held { expired: false, .. } = lock {
        return vec![say(
            "swingbridge status --watch",
            "follow the operation that holds the lock",
        )];
    }
    let mut all = match roles {
        Some(roles) => by_phase(roles, phase),
        None => Vec::new(),
    };
    if let (Some(roles), Phase::Steady | Phase::StandingBy | Phase::RolledBack) = (roles, phase)
        && let Some(group) = &roles.live.group
    {
        if owed.iter().any(|owed| owed.group == group.as_str()) {
            all.insert(0, say("swingbridge repair", "undo what is still owed on live"));
        } else if roles.has_left_doors() {
            all.insert(0, say("swingbridge repair", "remove doors that are left"));
        }
    }
    if let LockView::Held { expired: true, .. } = lock {
        all.push(say(
            "swingbridge unlock",
            "remove the lock of a dead run; the next command takes it over as well",
        ));
    }
    if phase == Phase::Unclear || !estate.gaps.is_empty() {
        all.push(say("swingbridge check", "see what is wrong or not allowed"));
    }
    all
}

fn by_phase(roles: &Roles, phase: Phase) -> Vec<Advice> {
    if let Some(advice) = variants::advice(roles, phase) {
        return advice;
    }
    let deploy = || {
        say(
            "swingbridge deploy --release NAME --launch-template-version N",
            "bring a release up beside live",
        )
    };
    let candidate = || roles.candidate.as_ref();
    match phase {
        Phase::Steady => vec![deploy()],
        Phase::Building => {
            let release = candidate().and_then(|standing| standing.release.as_deref());
            vec![
                say(
                    &format!("swingbridge deploy --release {} …", release.unwrap_or("NAME")),
                    "go on with it",
                ),
                say("swingbridge abort", "remove the candidate"),
            ]
        }
        Phase::Ready => vec![
            say(
                "swingbridge promote",
                &candidate().map_or_else(String::new, |to| format!("swing production to {}", named(to))),
            ),
            say("swingbridge rollback", "close the candidate's door"),
            say("swingbridge abort", "remove the candidate"),
        ],
        Phase::Promoting => vec![
            say("swingbridge promote", "finish the swing"),
            say("swingbridge rollback", "put production back"),
        ],
        Phase::Down => vec![
            say("swingbridge rollback", "start what ran before"),
            say(
                "swingbridge deploy --release NAME …",
                "the same release: go on with it",
            ),
        ],
        Phase::RollingOut => vec![
            say("swingbridge rollback", "take back what was replaced"),
            say(
                "swingbridge deploy --release NAME …",
                "the same release: follow it to its end",
            ),
        ],
        Phase::Sharing => vec![
            say("swingbridge promote", "go on with the promotion"),
            say("swingbridge rollback", "take the whole share back, at once"),
            say("swingbridge pause", "leave it as it is until a person goes on"),
            say("swingbridge promote --full", "swing the rest over, at once"),
        ],
        Phase::StandingBy => vec![
            say(
                &match &roles.previous {
                    Some(previous) if is_done(roles) => command_to(previous),
                    _ => "swingbridge rollback".to_owned(),
                },
                &roles.previous.as_ref().map_or_else(String::new, |to| {
                    format!("swing production back to {}", named(to))
                }),
            ),
            say("swingbridge retire", "remove the previous generation"),
            deploy(),
        ],
        Phase::RollingBack => vec![say("swingbridge rollback", "finish the swing back")],
        Phase::RolledBack => {
            let mut all = vec![deploy()];
            all.extend(
                roles
                    .previous
                    .as_ref()
                    .filter(|_| is_done(roles))
                    .map(|previous| {
                        say(
                            &command_to(previous),
                            &format!("swing production further back, to {}", named(previous)),
                        )
                    }),
            );
            if roles
                .rolled_back()
                .is_some_and(|left| left.generation > roles.live.generation)
            {
                all.push(say(
                    "swingbridge abort",
                    "remove the generation that was rolled back",
                ));
            }
            all
        }
        Phase::Testing | Phase::Unclear => Vec::new(),
    }
}

fn say(command: &str, why: &str) -> Advice {
    Advice {
        command: command.to_owned(),
        why: why.to_owned(),
    }
}
