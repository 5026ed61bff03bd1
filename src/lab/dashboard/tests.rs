//! The lab in words and rates.

use std::collections::BTreeMap;

use super::rates::{Rates, Tally};
use super::words;
use crate::lab::tree::Tree;

fn header(name: &str, values: &[&str]) -> Tree {
    let config = Tree::map()
        .with("HttpHeaderName", Tree::from(name))
        .with("Values", Tree::texts(values.iter().copied()));
    Tree::map()
        .with("Field", Tree::from("http-header"))
        .with("HttpHeaderConfig", config)
}

#[test]
fn a_condition_is_said_in_words() {
    assert_eq!(
        words::condition(&header("x-client-mode", &["blue", "b*"])),
        "header x-client-mode is blue or b*"
    );
    let pair = Tree::map()
        .with("Key", Tree::from("mode"))
        .with("Value", Tree::from("green"));
    let lone = Tree::map().with("Value", Tree::from("any"));
    let config = Tree::map().with("Values", Tree::list([pair, lone]));
    let query = Tree::map()
        .with("Field", Tree::from("query-string"))
        .with("QueryStringConfig", config);
    assert_eq!(words::condition(&query), "query has mode=green or any");
}

#[test]
fn what_the_load_balancer_answers_itself_is_said_and_a_forward_is_not() {
    let config = Tree::map()
        .with("StatusCode", Tree::from("404"))
        .with("MessageBody", Tree::from("gone"));
    let fixed = Tree::map()
        .with("Type", Tree::from("fixed-response"))
        .with("FixedResponseConfig", config);
    assert_eq!(words::answer(&fixed).as_deref(), Some("answer 404: gone"));
    assert_eq!(
        words::answer(&Tree::map().with("Type", Tree::from("forward"))),
        None
    );
    let config = Tree::map()
        .with("Protocol", Tree::from("HTTPS"))
        .with("Port", Tree::from("443"));
    let redirect = Tree::map()
        .with("Type", Tree::from("redirect"))
        .with("RedirectConfig", config);
    assert_eq!(
        words::answer(&redirect).as_deref(),
        Some("redirect to https://#{host}:443/#{path}?#{query}")
    );
}

#[test]
fn only_the_last_minute_is_drawn_but_everything_is_counted() {
    let mut rates = Rates::default();
    let second =
        |name: &str, requests, failed| BTreeMap::from([(name.to_owned(), Tally { requests, failed })]);
    rates.add(second("tg-1", 1_000, 7));
    for _ in 0..60 {
        rates.add(second("tg-2", 3, 0));
    }
    let traffic = rates.traffic();
    assert_eq!((traffic.requests_in_all, traffic.failed_in_all), (1_180, 7));
    let names: Vec<_> = traffic
        .series
        .iter()
        .map(|series| series.target_group.as_str())
        .collect();
    assert_eq!(names, ["tg-2"]);
    assert_eq!(traffic.series[0].requests, [3; 60]);
}

#[test]
fn a_target_group_that_was_silent_for_a_second_has_a_zero_there() {
    let mut rates = Rates::default();
    rates.add(BTreeMap::from([(
        "tg-1".to_owned(),
        Tally {
            requests: 5,
            failed: 0,
        },
    )]));
    rates.add(BTreeMap::new());
    assert_eq!(rates.traffic().series[0].requests, [5, 0]);
}

#[test]
fn the_page_refers_to_nothing_outside_itself() {
    let page = super::PAGE;
    for outside in [
        "src=",
        "@import",
        "href=\"http",
        "url(http",
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "createContextualFragment",
        "DOMParser",
        "srcdoc",
        "document.write",
    ] {
        assert!(!page.contains(outside), "{outside}");
    }
}
