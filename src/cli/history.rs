//! `history`: what happened, from the tags of what stands and from this machine's journal.

use jiff::Timestamp;

use super::args::{Global, Look, TextOrJson};
use super::failure::Failure;
use super::session::{Session, json, look_of_stdout, out};
use crate::model::estate::Estate;
use crate::model::event::{Event, EventKind};
use crate::model::history::HistoryEntry;
use crate::model::plan::Intent;
use crate::model::standing::State;
use crate::model::tags;
use crate::report;
use crate::run::journal;

pub(super) async fn run(global: &Global, args: &Look) -> Result<u8, Failure> {
    let session = Session::open(global).await?;
    let estate = session.observe().await?;
    let mut entries = from_tags(&estate);
    let runs = journal::runs(&session.config.journal, &session.config.app)?;
    for events in &runs {
        entries.extend(from_run(events));
        entries.extend(verdicts(events));
    }
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

/// What the judge has said, with its numbers: whenever it was something else than before, and last of each bake. The
/// journal has all of it.
fn verdicts(events: &[Event]) -> Vec<HistoryEntry> {
    let judged: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Judged { step, judgement } => Some((event, *step, judgement)),
            _ => None,
        })
        .collect();
    let decisive = |index: usize| {
        let (_, step, judgement) = judged[index];
        let before = index.checked_sub(1).map(|before| judged[before].2.verdict);
        let is_last = judged.get(index + 1).is_none_or(|(_, next, _)| *next != step);
        is_last || before != Some(judgement.verdict)
    };
    let told = (0..judged.len()).filter(|index| decisive(*index));
    told.map(|index| {
        let (event, _, judgement) = judged[index];
        HistoryEntry {
            at: event.at,
            generation: None,
            release: None,
            what: format!("judged {}", judgement.verdict),
            by: None,
            run: Some(event.run.clone()),
            ended: Some(judgement.sentence.clone()),
        }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::fixtures;
    use crate::model::judgement::{Judgement, Verdict};

    fn judged(minute: i64, step: usize, verdict: Verdict, sentence: &str) -> Event {
        Event {
            at: fixtures::minute(minute),
            run: "1a2b".into(),
            index: 0,
            elapsed: Duration::ZERO,
            kind: EventKind::Judged {
                step,
                judgement: Judgement {
                    verdict,
                    sentence: sentence.into(),
                    findings: Vec::new(),
                    notes: Vec::new(),
                },
            },
        }
    }

    #[test]
    fn a_verdict_is_told_when_it_changes_and_at_the_end_of_its_bake() {
        let events = [
            judged(1, 4, Verdict::Inconclusive, "too few requests"),
            judged(2, 4, Verdict::Pass, "6 of 6 hold"),
            judged(3, 4, Verdict::Pass, "6 of 6 hold, still"),
            judged(4, 4, Verdict::Pass, "6 of 6 hold at the end"),
            judged(9, 8, Verdict::Pass, "6 of 6 hold at 50 %"),
        ];
        let told: Vec<(Timestamp, String, Option<String>)> = verdicts(&events)
            .into_iter()
            .map(|entry| (entry.at, entry.what, entry.ended))
            .collect();
        let line = |minute: i64, verdict: &str, sentence: &str| {
            let what = format!("judged {verdict}");
            (fixtures::minute(minute), what, Some(sentence.to_owned()))
        };
        assert_eq!(
            told,
            [
                line(1, "no verdict yet", "too few requests"),
                line(2, "good so far", "6 of 6 hold"),
                line(4, "good so far", "6 of 6 hold at the end"),
                line(9, "good so far", "6 of 6 hold at 50 %"),
            ]
        );
    }
}
