//! What has happened to an app, newest last, as text and as JSON.

use crate::model::history::HistoryEntry;

use super::look::Look;
use super::words::columns;

pub fn text(entries: &[HistoryEntry], look: Look) -> String {
    if entries.is_empty() {
        return "nothing is recorded yet\n".to_owned();
    }
    let rows: Vec<Vec<String>> = entries
        .iter()
        .map(|entry| {
            let by = match (&entry.by, &entry.run) {
                (Some(by), Some(run)) => format!("{by} ({run})"),
                (Some(one), None) | (None, Some(one)) => one.clone(),
                (None, None) => String::new(),
            };
            vec![
                look.dim(entry.at.strftime("%Y-%m-%d %H:%M:%S UTC")),
                entry
                    .generation
                    .map_or_else(String::new, |generation| format!("generation {generation}")),
                entry.release.clone().unwrap_or_default(),
                entry.what.clone(),
                entry.ended.clone().unwrap_or_default(),
                look.dim(by),
            ]
        })
        .collect();
    let mut lines = columns(&rows);
    lines.push(String::new());
    look.page(&lines)
}

/// A pretty array of entries.
pub fn json(entries: &[HistoryEntry]) -> serde_json::Result<String> {
    let mut text = serde_json::to_string_pretty(entries)?;
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixtures;
    use crate::model::ids::Generation;

    fn entries() -> Vec<HistoryEntry> {
        vec![
            HistoryEntry {
                at: fixtures::minute(-90),
                generation: Some(Generation(2)),
                release: Some("42".into()),
                what: "deploy".into(),
                by: Some("ci".into()),
                run: Some("run-1".into()),
                ended: Some("done".into()),
            },
            HistoryEntry {
                at: fixtures::minute(-5),
                generation: None,
                release: None,
                what: "repair".into(),
                by: None,
                run: None,
                ended: None,
            },
        ]
    }

    #[test]
    fn history_reads_as_a_table() {
        insta::assert_snapshot!(text(&entries(), Look::PLAIN));
        assert_eq!(text(&[], Look::PLAIN), "nothing is recorded yet\n");
    }

    #[test]
    fn history_reads_back_from_its_json() {
        let text = json(&entries()).expect("entries are JSON");
        let back: Vec<HistoryEntry> = serde_json::from_str(&text).expect("entries");
        assert_eq!(back, entries());
    }
}
