//! Wildcards, by a table.

use super::{Case, fits};

#[test]
fn a_star_is_any_run_and_a_question_mark_exactly_one() {
    let table = [
        ("/img/*", "/img/", true),
        ("/img/*", "/img/a/b.png", true),
        ("/img/*", "/img", false),
        ("/img/*/pics", "/img/a/b/pics", true),
        ("/img/*/pics", "/img/a/pics/b", false),
        ("/v?/x", "/v1/x", true),
        ("/v?/x", "/v/x", false),
        ("/v?/x", "/v12/x", false),
        ("*", "", true),
        ("?", "", false),
        ("", "", true),
        ("", "a", false),
        ("*a*b*", "xxaxxbxx", true),
        ("*a*b*", "xxbxxaxx", false),
        ("a*a", "a", false),
        ("**", "anything", true),
        ("/Exact", "/exact", false),
    ];
    for (pattern, text, expected) in table {
        assert_eq!(
            fits(pattern, text, Case::Matters),
            expected,
            "{pattern} on {text}"
        );
    }
}

#[test]
fn case_is_ignored_only_where_told() {
    assert!(fits("*.Example.com", "WWW.example.COM", Case::Ignored));
    assert!(!fits("*.Example.com", "www.example.com", Case::Matters));
}
