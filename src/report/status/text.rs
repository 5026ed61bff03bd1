//! The status as text: the sentence first, then who serves, where requests go, and what can be done.

use jiff::Timestamp;

use super::super::look::Look;
use super::super::words::{columns, since, span};
use super::doors::Scheme;
use super::generations::{GenerationView, Role};
use super::rollback::Speed;
use super::rules::{RuleKind, RuleView};
use super::view::{LockView, StatusView};

pub fn text(view: &StatusView, look: Look) -> String {
    let sentence = if view.is_clear() {
        view.phase.text.clone()
    } else {
        look.bad(&view.phase.text)
    };
    let mut all = vec![format!(
        "{}: {sentence}",
        look.bold(format!("{} on {}", view.app, view.load_balancer))
    )];
    for unclear in &view.unclear {
        all.push(format!("  {}", unclear.reason));
        all.push(format!("  → {}", unclear.way_out));
    }
    section(&mut all, "Generations", generations(view, look), look);
    section(&mut all, "Rules", rules(view, look), look);
    let mut facts = vec![
        vec!["Lock".to_owned(), lock(view, look)],
        vec!["Rollback".to_owned(), rollback(view, look)],
    ];
    if !view.free.is_empty() {
        facts.push(vec![
            "Free".to_owned(),
            format!("{}, for the next release", view.free.join(", ")),
        ]);
    }
    facts.extend(colours(view).map(|text| vec!["Colours".to_owned(), text]));
    facts.extend(view.test.as_ref().map(|test| {
        vec![
            "Test".to_owned(),
            look.plain(&format!("{}: {}", test.times(), test.told()))
                .into_owned(),
        ]
    }));
    facts.extend(schema(view, look).map(|text| vec!["Schema".to_owned(), text]));
    let facts = columns(&facts);
    all.push(String::new());
    all.extend(facts);
    let owed = view
        .owed
        .iter()
        .map(|owed| format!("  {}: {}", owed.group, owed.what.join(", ")));
    section(&mut all, "Owed", owed.collect(), look);
    let gaps = view
        .gaps
        .iter()
        .map(|gap| look.careful(format!("  {} of {}: {}", gap.part, gap.about, gap.error)));
    section(&mut all, "Not seen", gaps.collect(), look);
    let next: Vec<Vec<String>> = view
        .next
        .iter()
        .map(|advice| vec![format!("  {}", advice.command), look.dim(&advice.why)])
        .collect();
    section(&mut all, "Next", columns(&next), look);
    all.push(String::new());
    look.page(&all)
}

/// By turns, nobody knows by heart whose turn it is.
fn colours(view: &StatusView) -> Option<String> {
    let doors = view.doors.as_ref()?;
    if doors.scheme == Scheme::Role {
        return None;
    }
    let texts: Vec<String> = doors
        .colours
        .iter()
        .map(|colour| {
            let leads = match (colour.generation, colour.until) {
                (None, _) => format!("closed ({})", colour.closed),
                (Some(generation), None) => format!("generation {generation}"),
                (Some(generation), Some(until)) => format!("generation {generation} until {until}"),
            };
            let live = if colour.value == doors.live { ", live" } else { "" };
            format!("{}: {leads}{live}", colour.value)
        })
        .collect();
    Some(texts.join("; "))
}

fn schema(view: &StatusView, look: Look) -> Option<String> {
    let schema = view.schema.as_ref()?;
    Some(match (schema.contract_pending, schema.contracted) {
        (Some(generation), _) => {
            look.careful(format!("expanded for generation {generation}, contract pending"))
        }
        (None, Some(generation)) => format!("contracted for generation {generation}"),
        (None, None) => return None,
    })
}

fn section(all: &mut Vec<String>, title: &str, lines: Vec<String>, look: Look) {
    if lines.is_empty() {
        return;
    }
    all.push(String::new());
    all.push(look.bold(title));
    all.extend(lines);
}

fn generations(view: &StatusView, look: Look) -> Vec<String> {
    let rows: Vec<Vec<String>> = view
        .generations
        .iter()
        .map(|generation| row(generation, view.now, look))
        .collect();
    columns(&rows)
        .into_iter()
        .zip(&view.generations)
        .flat_map(|(line, generation)| {
            let missing = generation
                .missing
                .iter()
                .map(|reason| format!("    {}", look.careful(reason)));
            std::iter::once(line).chain(missing).collect::<Vec<_>>()
        })
        .collect()
}

fn row(view: &GenerationView, now: Timestamp, look: Look) -> Vec<String> {
    let role = match view.role {
        Some(Role::Live) => look.good("live"),
        Some(Role::Candidate) => look.active("candidate"),
        Some(Role::Variant) => look.active(format!(
            "variant {}",
            look.plain(view.variant.as_deref().unwrap_or_default())
        )),
        Some(Role::Previous) => "previous".to_owned(),
        Some(Role::Other) => look.dim("other"),
        None => "?".to_owned(),
    };
    let state = match view.since {
        Some(at) => format!("{} for {}", view.state, span(since(at, now))),
        None => view.state.to_string(),
    };
    let healthy = view.target_group.as_ref().map_or_else(String::new, |tg| {
        let text = match tg.healthy {
            Some(healthy) => format!("{healthy}/{} healthy", tg.wanted),
            None => format!("?/{} healthy", tg.wanted),
        };
        let text = match tg.healthy {
            Some(healthy) if healthy >= tg.wanted => look.good(text),
            _ => look.careful(text),
        };
        format!("{} {text}", tg.name)
    });
    vec![
        format!("  {role}"),
        format!("generation {}", view.generation),
        view.release.clone().unwrap_or_else(|| "-".to_owned()),
        state,
        healthy,
        group(view, now, look),
    ]
}

fn group(view: &GenerationView, now: Timestamp, look: Look) -> String {
    let Some(group) = &view.group else {
        return String::new();
    };
    let mut words = vec![format!(
        "{} has {} in service, size {}",
        group.name, group.in_service, group.size
    )];
    words.extend(group.launch.iter().cloned());
    if let Some(created) = group.created_at {
        words.push(format!("{} old", span(since(created, now))));
    }
    if group.held {
        words.push("held".to_owned());
    } else if !group.suspended.is_empty() {
        words.push(format!("suspended: {}", group.suspended.join(" ")));
    }
    if let Some(status) = &group.refresh {
        let percent = group.refreshed.unwrap_or_default();
        words.push(look.careful(format!("instance refresh {status}, {percent} %")));
    }
    if group.deleting {
        words.push(look.careful("being deleted"));
    }
    if !view.ours {
        words.push("not tagged as ours".to_owned());
    }
    words.join(", ")
}

fn rules(view: &StatusView, look: Look) -> Vec<String> {
    let rows: Vec<Vec<String>> = view
        .rules
        .iter()
        .map(|rule| {
            vec![
                format!("  {}", rule.place),
                kind(rule).to_owned(),
                conditions(rule),
                format!("→ {}", rule.action),
                look.dim(rule.also.join(", ")),
            ]
        })
        .collect();
    let mut lines = columns(&rows);
    match view.other_rules {
        0 => {}
        1 => lines.push(look.dim("  and 1 rule of others")),
        count => lines.push(look.dim(format!("  and {count} rules of others"))),
    }
    lines.extend(
        view.disagreements
            .iter()
            .map(|text| format!("  {}", look.careful(format!("! {text}")))),
    );
    lines
}

fn kind(rule: &RuleView) -> &'static str {
    match rule.kind {
        Some(RuleKind::Route) => "route",
        Some(RuleKind::BlueDoor) => "blue door",
        Some(RuleKind::GreenDoor) => "green door",
        Some(RuleKind::UserDoor) => "user door",
        Some(RuleKind::Beacon) => "beacon",
        Some(RuleKind::Variant) => "variant",
        Some(RuleKind::Entrance) => "entrance",
        Some(RuleKind::Lock) => "lock",
        Some(RuleKind::Other) => "other",
        None => "",
    }
}

fn conditions(rule: &RuleView) -> String {
    if rule.conditions.is_empty() {
        "any request".to_owned()
    } else {
        rule.conditions.join(" and ")
    }
}

fn lock(view: &StatusView, look: Look) -> String {
    match &view.lock {
        LockView::Free { place } => format!("free ({place})"),
        LockView::Foreign { place, what } => look.bad(format!("another rule stands at {place}: {what}")),
        LockView::NoListener { place } => look.bad(format!("no listener for {place}")),
        LockView::Unseen { place } => {
            look.careful(format!("a rule stands at {place}, its holder could not be seen"))
        }
        LockView::Held {
            place,
            owner,
            host,
            command,
            url,
            since: taken,
            silent,
            lease,
            expired,
            ended,
            ..
        } => {
            let held = span(since(*taken, view.now));
            let silent = span(std::time::Duration::from_secs(*silent));
            let lease = span(std::time::Duration::from_secs(*lease));
            let url = url.as_ref().map_or_else(String::new, |url| format!(", {url}"));
            let text = format!(
                "held for {held} by {owner} on {host} (`{command}`{url}) at {place}; last sign of life {silent} ago"
            );
            if *ended {
                look.careful(format!("{text}: its process has ended"))
            } else if *expired {
                look.careful(format!("{text}: expired, its lease is {lease}"))
            } else {
                text
            }
        }
    }
}

fn rollback(view: &StatusView, look: Look) -> String {
    let text = &view.rollback.text;
    match view.rollback.speed {
        Speed::AtOnce => look.good(text),
        Speed::AfterBoot | Speed::Unknown => look.careful(text),
        Speed::Impossible => text.clone(),
    }
}
