//! One JSON object per event and line, for programs.

use std::io::{self, Write};

use crate::model::event::{Event, Reporter};

use super::visible::in_json;

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
        let mut line = in_json(&serde_json::to_string(event)?).into_owned();
        line.push('\n');
        // In one write, so that lines of several writers to one file do not mix.
        self.out.write_all(line.as_bytes())?;
        self.out.flush()
    }
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
    fn the_words_of_an_event_are_a_contract() {
        let mut out = Vec::new();
        let mut json = Json::new(&mut out);
        for event in recorded::troubled() {
            json.on(&event).expect("memory can be written");
        }
        insta::assert_snapshot!(String::from_utf8(out).expect("JSON is UTF-8"));
    }
}
