//! Reports of a ledger that is known.

use std::time::Duration;

use jiff::Timestamp;
use quick_xml::events::Event;

use super::{Report, figures};
use crate::lab::load::ledger::{Entry, Failure, Kind, Ledger};

/// A deploy in twelve seconds: 1.0 alone, 2.0 through its door, then 2.0 alone, then back to 1.0, with two failures.
fn deploy() -> Ledger {
    let began = "2026-11-21T12:00:00Z".parse::<Timestamp>().expect("a time");
    let mut ledger = Ledger::new(
        "http://127.0.0.1:8080/".to_owned(),
        began,
        vec!["green <preview>".to_owned()],
    );
    ledger.lasted = Duration::from_secs(12);
    let (blue, green) = (ledger.version("1.0"), ledger.version("2.0"));
    for number in 0..120_u64 {
        let at = number * 100;
        let kind = match number % 10 {
            8 => Kind::Slow,
            9 => Kind::Socket,
            7 if number < 60 => Kind::Door(0),
            _ => Kind::Plain,
        };
        let live = if (60..90).contains(&number) { green } else { blue };
        let version = match kind {
            Kind::Door(_) => green,
            _ => live,
        };
        // A closed door's answer is the load balancer's own.
        let version = (number >= 30 || !matches!(kind, Kind::Door(_))).then_some(version);
        let (status, failure) = match (kind, number) {
            (Kind::Door(_), ..30) => (404, None),
            (_, 62) => (502, Some(Failure::Status)),
            (Kind::Socket, _) => (101, None),
            _ => (200, None),
        };
        ledger.push(Entry {
            scheduled: Duration::from_millis(at),
            late: Duration::from_micros(100),
            took: Duration::from_millis(if kind == Kind::Slow { 2_000 } else { 1 + number % 5 }),
            kind,
            version,
            status: Some(status),
            failure,
            retried: number == 50,
        });
    }
    ledger.push(Entry {
        scheduled: Duration::from_millis(6_150),
        late: Duration::from_micros(100),
        took: Duration::from_millis(12),
        kind: Kind::Plain,
        version: None,
        status: None,
        failure: Some(Failure::Reset),
        retried: false,
    });
    ledger.mark(Duration::from_secs(3), "deploy 2.0");
    ledger.mark(Duration::from_secs(6), "promote & wait");
    ledger.mark(Duration::from_secs(9), "rollback");
    ledger
}

fn quiet() -> Ledger {
    let mut ledger = Ledger::new("http://lab/".to_owned(), Timestamp::UNIX_EPOCH, Vec::new());
    ledger.lasted = Duration::from_secs(1);
    ledger
}

fn snapshot(name: &str, text: &str) {
    // The snapshots are found under the same names whatever crate the lab is built in.
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn the_text_report() {
    snapshot("report_text", &Report::of(&deploy()).text(false));
}

#[test]
fn the_text_report_in_colour_says_the_same() {
    let report = Report::of(&deploy());
    let coloured = report.text(true);
    assert!(coloured.contains("\u{1b}[31m"), "failures are red");
    assert!(!report.text(false).contains('\u{1b}'));
    let bare = console::strip_ansi_codes(&coloured);
    let trimmed: Vec<&str> = bare.lines().map(str::trim_end).collect();
    assert_eq!(trimmed, report.text(false).lines().collect::<Vec<_>>());
}

#[test]
fn the_text_report_fits_a_hundred_columns() {
    for ledger in [deploy(), quiet()] {
        for line in Report::of(&ledger).text(false).lines() {
            assert!(console::measure_text_width(line) <= 100, "{line}");
        }
    }
}

#[test]
fn the_json_report() {
    snapshot("report_json", &Report::of(&deploy()).json().expect("JSON"));
}

#[test]
fn the_page() {
    snapshot("report_page", &Report::of(&deploy()).page());
}

#[test]
fn the_report_counts_what_the_ledger_holds() {
    let report = Report::of(&deploy());
    assert_eq!(
        (report.requests, report.failed, report.retried, report.not_begun),
        (121, 2, 1, 0)
    );
    let versions: Vec<_> = report
        .versions
        .iter()
        .map(|row| (row.name.as_str(), row.requests, row.through_doors))
        .collect();
    assert_eq!(versions, [("1.0", 84, 0), ("2.0", 33, 3)]);
    assert_eq!(report.went_back, 30, "all that the rollback gave to 1.0 again");
    let phases: Vec<_> = report
        .phases
        .iter()
        .map(|phase| (phase.name.as_str(), phase.requests, phase.failed))
        .collect();
    assert_eq!(
        phases,
        [
            ("before", 30, 0),
            ("deploy 2.0", 30, 0),
            ("promote & wait", 31, 2),
            ("rollback", 30, 0)
        ]
    );
    assert_eq!(report.timeline.len(), 12);
}

#[test]
fn a_first_answer_that_ends_late_does_not_turn_the_versions_round() {
    let mut ledger = quiet();
    for (scheduled, version) in [(10, "2.0"), (5, "1.0")] {
        let version = ledger.version(version);
        ledger.push(Entry {
            scheduled: Duration::from_millis(scheduled),
            late: Duration::ZERO,
            took: Duration::from_millis(1),
            kind: Kind::Plain,
            version: Some(version),
            status: Some(200),
            failure: None,
            retried: false,
        });
    }
    let names: Vec<String> = Report::of(&ledger)
        .versions
        .into_iter()
        .map(|row| row.name)
        .collect();
    assert_eq!(names, ["1.0", "2.0"]);
}

#[test]
fn the_page_is_well_formed_and_asks_nobody_for_anything() {
    for ledger in [deploy(), quiet()] {
        let page = Report::of(&ledger).page();
        let mut reader = quick_xml::Reader::from_str(&page);
        let mut open = Vec::new();
        loop {
            match reader.read_event().expect("well-formed") {
                Event::Start(tag) => {
                    let name = tag.name().as_ref().to_owned();
                    assert!(
                        !matches!(name.as_str(), "script" | "link" | "iframe" | "img"),
                        "{name}"
                    );
                    open.push(name);
                }
                Event::End(tag) => {
                    let name = tag.name().as_ref().to_owned();
                    assert_eq!(open.pop(), Some(name));
                }
                Event::Eof => break,
                _ => {}
            }
        }
        assert_eq!(open, Vec::<String>::new());
        for reference in ["src=", "href=", "url(", "@import", "<script", "//cdn"] {
            assert!(!page.contains(reference), "the page has {reference}");
        }
        assert!(page.contains("prefers-color-scheme: dark"));
    }
}

#[test]
fn what_a_stranger_named_is_escaped() {
    let page = Report::of(&deploy()).page();
    assert!(page.contains("green &lt;preview&gt;") && !page.contains("<preview>"));
}

#[test]
fn numbers_read_well() {
    assert_eq!(figures::count(0), "0");
    assert_eq!(figures::count(999), "999");
    assert_eq!(figures::count(1_234_567), "1,234,567");
    assert_eq!(
        [0.5, 9.999, 12.34, 1234.5].map(figures::millis),
        ["0.50", "10.0", "12.3", "1234"]
    );
    assert_eq!(
        [0.0, 0.0001, 0.5, 0.9999, 1.0].map(figures::percent),
        ["0.0 %", "<0.1 %", "50.0 %", ">99.9 %", "100.0 %"]
    );
    assert_eq!(figures::clock(65), "1:05");
    assert_eq!(figures::cut("generation", 5), "gene…");
}
