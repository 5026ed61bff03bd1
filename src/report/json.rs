//! One JSON object per event and line, for programs.

use std::io::{self, Write};

use crate::model::event::{Event, EventKind, Reporter};
use crate::model::plan::{Intent, Plan};
use crate::model::release::{Release, Source};
use crate::model::step::Step;

#[derive(Debug)]
pub struct Json<W> {
    out: W,
}

impl<W: Write> Json<W> {
    pub fn new(out: W) -> Self {
        Self { out }
    }
}

impl<W: Write> Reporter for Json<W> {
    fn on(&mut self, event: &Event) -> io::Result<()> {
        let mut line = match &event.kind {
            EventKind::RunStarted { plan: Some(_), .. } => serde_json::to_vec(&without_secrets(event))?,
            _ => serde_json::to_vec(event)?,
        };
        line.push(b'\n');
        // In one write, so that lines of several writers to one file do not mix.
        self.out.write_all(&line)?;
        self.out.flush()
    }
}

/// Events end up in build logs, and user data may hold passwords.
fn without_secrets(event: &Event) -> Event {
    let mut event = event.clone();
    if let EventKind::RunStarted { plan: Some(plan), .. } = &mut event.kind {
        for release in releases(plan) {
            if let Source::Build {
                user_data: Some(text),
                ..
            } = &mut release.source
            {
                *text = format!("(hidden: {} bytes)", text.len());
            }
        }
    }
    event
}

fn releases(plan: &mut Plan) -> impl Iterator<Item = &mut Release> {
    let wanted = match &mut plan.intent {
        Intent::Deploy { release } => Some(release),
        _ => None,
    };
    let built = plan.steps.iter_mut().filter_map(|step| match step {
        Step::BuildTemplateVersion { release, .. } => Some(release),
        _ => None,
    });
    wanted.into_iter().chain(built)
}

#[cfg(test)]
mod tests {
    use super::super::recorded;
    use super::*;

    #[test]
    fn every_event_is_one_line_that_reads_back() {
        let events = recorded::deploy();
        let mut out = Vec::new();
        let mut json = Json::new(&mut out);
        for event in &events {
            json.on(event).expect("memory can be written");
        }
        let text = String::from_utf8(out).expect("JSON is UTF-8");
        let back: Vec<Event> = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("an event"))
            .collect();
        assert_eq!(back, events);
    }

    #[test]
    fn user_data_is_not_written_to_logs() {
        let mut events = recorded::deploy();
        let EventKind::RunStarted { plan: Some(plan), .. } = &mut events[0].kind else {
            panic!("the plan comes first");
        };
        let mut release = crate::model::fixtures::release("42");
        release.source = Source::Build {
            image: None,
            user_data: Some("password=hunter2".into()),
        };
        plan.intent = Intent::Deploy {
            release: release.clone(),
        };
        plan.steps.push(Step::BuildTemplateVersion {
            template: "lt-1".into(),
            template_name: "shop".into(),
            source: 7,
            release,
            root_device: None,
        });
        let mut out = Vec::new();
        Json::new(&mut out).on(&events[0]).expect("memory can be written");
        let text = String::from_utf8(out).expect("JSON is UTF-8");
        assert!(!text.contains("hunter2"), "{text}");
        assert_eq!(text.matches("(hidden: 16 bytes)").count(), 2);
    }

    #[test]
    fn the_words_of_an_event_are_a_contract() {
        let mut out = Vec::new();
        let mut json = Json::new(&mut out);
        for event in recorded::troubled() {
            json.on(&event).expect("memory can be written");
        }
        insta::assert_snapshot!(String::from_utf8(out).expect("JSON is UTF-8"));
    }
}
