//! `history`: what happened, from the tags of what stands and from this machine's journal.

use jiff::Timestamp;

use super::args::{Global, Look, TextOrJson};
use super::failure::Failure;
use super::session::{Session, json, look_of_stdout, out};
use crate::model::estate::Estate;
use crate::model::event::{Event, EventKind};
use crate::model::history::HistoryEntry;
use crate::model::plan::Intent;
use crate::model::roles::State;
use crate::model::tags;
use crate::report;
use crate::run::journal;

pub(super) async fn run(global: &Global, args: &Look) -> Result<u8, Failure> {
    let session = Session::open(global).await?;
    let estate = session.observe().await?;
    let mut entries = from_tags(&estate);
    let runs = journal::runs(&session.config.journal, &session.config.app)?;
    entries.extend(runs.iter().filter_map(|events| from_run(events)));
    entries.sort_by_key(|entry| entry.at);
    match args.format {
        TextOrJson::Text => out(&report::history::text(&entries, look_of_stdout()))?,
        TextOrJson::Json => json(&report::history::json(&entries)?)?,
    }
    Ok(0)
}

fn from_tags(estate: &Estate) -> Vec<HistoryEntry> {
    let mut entries = Vec::new();
    for tg in &estate.target_groups {
        let entry = |at: Option<Timestamp>, what: String| {
            Some(HistoryEntry {
                at: at?,
                generation: tg.generation,
                release: tg.tags.get(tags::RELEASE).cloned(),
                what,
                by: None,
                run: None,
                ended: None,
            })
        };
        let created = tg.tags.get(tags::CREATED_AT).and_then(|text| text.parse().ok());
        entries.extend(entry(created, "was created".into()));
        let state = State::of(&tg.tags);
        if state != State::Staged {
            entries.extend(entry(State::since(&tg.tags), format!("became {state}")));
        }
    }
    entries
}

fn from_run(events: &[Event]) -> Option<HistoryEntry> {
    let first = events.first()?;
    let EventKind::RunStarted { command, plan, .. } = &first.kind else {
        return None;
    };
    let ended = events.iter().rev().find_map(|event| match &event.kind {
        EventKind::RunFinished { verdict } => Some(verdict.summary.clone()),
        _ => None,
    });
    Some(HistoryEntry {
        at: first.at,
        generation: None,
        release: plan.as_ref().and_then(|plan| match &plan.intent {
            Intent::Deploy { release } => Some(release.name.clone()),
            _ => None,
        }),
        what: command.clone(),
        by: None,
        run: Some(first.run.clone()),
        ended: Some(ended.unwrap_or_else(|| "did not end: the run was killed".into())),
    })
}
