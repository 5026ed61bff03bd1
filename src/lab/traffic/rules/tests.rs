//! Which rule a request meets, by a table.

use http::{HeaderMap, HeaderValue};

use super::{Asked, first};
use crate::lab::world::routing::{Action, Condition, Rule};

fn rule(conditions: Vec<Condition>) -> Rule {
    let action = Action::Fixed {
        status: 200,
        content_type: String::new(),
        body: String::new(),
    };
    Rule {
        arn: String::new(),
        conditions,
        action,
    }
}

fn strings(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

fn query(key: Option<&str>, value: &str) -> Condition {
    Condition::Query(vec![(key.map(str::to_owned), value.to_owned())])
}

fn header(name: &str, values: &[&str]) -> Condition {
    Condition::Header {
        name: name.to_owned(),
        values: strings(values),
    }
}

fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.append("strategy", HeaderValue::from_static("Green"));
    headers.append("x-team", HeaderValue::from_static("red"));
    headers.append("x-team", HeaderValue::from_static("blue"));
    headers
}

fn asked(headers: &HeaderMap) -> Asked<'_> {
    Asked {
        host: "Shop.Example.com",
        path: "/API/orders",
        query: "version=V2&flag&empty=",
        method: "POST",
        headers,
        source: "10.1.2.3".parse().expect("an address"),
    }
}

#[test]
fn every_kind_of_condition_is_judged_as_the_service_does() {
    let headers = headers();
    let table = [
        (Condition::Host(strings(&["shop.example.com"])), true),
        (Condition::Host(strings(&["*.EXAMPLE.com"])), true),
        (Condition::Host(strings(&["example.com"])), false),
        (Condition::Path(strings(&["/api/*"])), false),
        (Condition::Path(strings(&["/nothing", "/API/*"])), true),
        (header("Strategy", &["green"]), true),
        (header("strategy", &["blue"]), false),
        (header("strategy", &["gr??n"]), true),
        (header("x-team", &["BLUE"]), true),
        (header("x-team", &["re"]), false),
        (header("absent", &["*"]), false),
        (Condition::Method(strings(&["GET", "POST"])), true),
        (Condition::Method(strings(&["post"])), false),
        (query(Some("VERSION"), "v?"), true),
        (query(Some("version"), "v3"), false),
        (query(None, "v2"), true),
        (query(None, "v9"), false),
        (query(Some("flag"), ""), true),
        (query(Some("other"), "*"), false),
        (Condition::Source(strings(&["10.0.0.0/8"])), true),
        (Condition::Source(strings(&["10.1.2.4/32"])), false),
        (Condition::Source(strings(&["0.0.0.0/0"])), true),
        (Condition::Source(strings(&["::/0", "192.168.0.0/16"])), false),
        (Condition::Source(strings(&["not a block"])), false),
    ];
    for (condition, expected) in table {
        let rules = [rule(vec![condition])];
        assert_eq!(first(&rules, &asked(&headers)).is_some(), expected, "{rules:?}");
    }
}

#[test]
fn all_conditions_must_hold_and_the_first_rule_wins() {
    let headers = headers();
    let rules = [
        rule(vec![
            header("strategy", &["green"]),
            Condition::Method(strings(&["GET"])),
        ]),
        rule(vec![
            header("strategy", &["green"]),
            Condition::Path(strings(&["/API/*"])),
        ]),
        rule(vec![header("strategy", &["green"])]),
        rule(vec![]),
    ];
    assert_eq!(first(&rules, &asked(&headers)).map(|(place, _)| place), Some(1));
    assert_eq!(
        first(&rules, &asked(&HeaderMap::new())).map(|(place, _)| place),
        Some(3)
    );
}
