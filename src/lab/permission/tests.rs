//! Policies as they are read, and what they answer.

use super::pattern::matches;
use super::{Answer, Policy, Question};

/// A policy of these statements.
fn policy(statements: &str) -> Policy {
    let text = format!(r#"{{"Version": "2012-10-17", "Statement": {statements}}}"#);
    Policy::read(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn refused(statements: &str) -> String {
    let text = format!(r#"{{"Version": "2012-10-17", "Statement": {statements}}}"#);
    match Policy::read(&text) {
        Ok(policy) => panic!("{text} was read: {policy:?}"),
        Err(error) => error.to_string(),
    }
}

const RULE: &str = "arn:aws:elasticloadbalancing:us-east-1:000000000000:listener-rule/app/alb/1/2/3";

fn delete() -> Question {
    Question::new("elasticloadbalancing:DeleteRule", RULE)
}

/// What a policy with one more condition answers to a question that it allows without.
fn with_condition(condition: &str, question: &Question) -> Answer {
    policy(&format!(
        r#"{{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {condition}}}"#
    ))
    .answers(question)
}

#[test]
fn a_wildcard_takes_any_number_of_characters_and_a_question_mark_one() {
    for (pattern, text) in [
        ("*", ""),
        ("a*c", "abbbc"),
        ("a*b*c", "aXbYbZc"),
        ("*/app/x/*", "1/app/x/2"),
        ("a?c", "abc"),
        ("*?", "z"),
    ] {
        assert!(matches(pattern, text), "{pattern} {text}");
    }
    for (pattern, text) in [("", "a"), ("a", "A"), ("a?c", "ac"), ("a*c", "acd"), ("?", "")] {
        assert!(!matches(pattern, text), "{pattern} {text}");
    }
}

#[test]
fn what_no_statement_allows_is_not_allowed_and_a_denial_goes_first_wherever_it_stands() {
    let allow = r#"{"Effect": "Allow", "Action": "elasticloadbalancing:*", "Resource": "*"}"#;
    let deny = r#"{"Effect": "Deny", "Action": "elasticloadbalancing:Delete*", "Resource": "*"}"#;
    assert_eq!(policy("[]").answers(&delete()), Answer::NotAllowed);
    assert_eq!(policy(allow).answers(&delete()), Answer::Allowed);
    for both in [format!("[{allow}, {deny}]"), format!("[{deny}, {allow}]")] {
        assert_eq!(policy(&both).answers(&delete()), Answer::Denied);
    }
}

#[test]
fn actions_are_compared_without_letter_case_and_resources_with_it() {
    let action = r#"{"Effect": "Allow", "Action": ["ELASTICLOADBALANCING:deleterule"], "Resource": "*"}"#;
    assert_eq!(policy(action).answers(&delete()), Answer::Allowed);
    let resource = r#"{"Effect": "Allow", "Action": "*", "Resource": "*:listener-rule/app/ALB/*"}"#;
    assert_eq!(policy(resource).answers(&delete()), Answer::NotAllowed);
}

#[test]
fn everything_but_what_is_named_is_meant_by_the_statements_that_say_not() {
    let others = r#"{"Effect": "Allow", "NotAction": "iam:*", "NotResource": "*:targetgroup/*"}"#;
    assert_eq!(policy(others).answers(&delete()), Answer::Allowed);
    let role = Question::new("iam:PassRole", RULE);
    assert_eq!(policy(others).answers(&role), Answer::NotAllowed);
    let group = Question::new("elasticloadbalancing:AddTags", "arn:x:targetgroup/tg/1");
    assert_eq!(policy(others).answers(&group), Answer::NotAllowed);
}

#[test]
fn a_tag_that_is_not_there_fits_no_value_but_an_absent_one() {
    let of_ours = r#"{"StringEquals": {"aws:ResourceTag/swingbridge:app": "ks"}}"#;
    let untagged = r#"{"Null": {"aws:ResourceTag/swingbridge:app": "true"}}"#;
    let tagged = r#"{"Null": {"aws:ResourceTag/swingbridge:app": "false"}}"#;
    let ours = delete().with("aws:ResourceTag/swingbridge:app", "ks");
    let theirs = delete().with("aws:ResourceTag/swingbridge:app", "other");
    for (condition, question, answer) in [
        (of_ours, delete(), Answer::NotAllowed),
        (of_ours, ours.clone(), Answer::Allowed),
        (of_ours, theirs, Answer::NotAllowed),
        (untagged, delete(), Answer::Allowed),
        (untagged, ours.clone(), Answer::NotAllowed),
        (tagged, delete(), Answer::NotAllowed),
        (tagged, ours, Answer::Allowed),
    ] {
        assert_eq!(
            with_condition(condition, &question),
            answer,
            "{condition} {question:?}"
        );
    }
}

#[test]
fn every_condition_must_hold_and_one_of_its_values_is_enough() {
    let both = r#"{
        "StringEquals": {"elasticloadbalancing:CreateAction": ["CreateRule", "CreateTargetGroup"]},
        "StringLike": {"aws:RequestedRegion": "us-*"}
    }"#;
    let made = delete().with("elasticloadbalancing:CreateAction", "CreateTargetGroup");
    let near = made.clone().with("aws:RequestedRegion", "us-east-1");
    let far = made.clone().with("aws:RequestedRegion", "eu-west-1");
    assert_eq!(with_condition(both, &near), Answer::Allowed);
    assert_eq!(with_condition(both, &far), Answer::NotAllowed);
    assert_eq!(with_condition(both, &made), Answer::NotAllowed);
}

#[test]
fn a_denial_about_unpinned_templates_says_nothing_of_requests_without_one() {
    let unpinned = r#"{"Bool": {"autoscaling:LaunchTemplateVersionSpecified": "false"}}"#;
    let key = "autoscaling:LaunchTemplateVersionSpecified";
    assert_eq!(with_condition(unpinned, &delete()), Answer::NotAllowed);
    assert_eq!(
        with_condition(unpinned, &delete().with(key, "true")),
        Answer::NotAllowed
    );
    assert_eq!(
        with_condition(unpinned, &delete().with(key, "false")),
        Answer::Allowed
    );
}

#[test]
fn negations_hold_for_what_is_not_there_and_if_exists_excuses_it() {
    let region = |name: &str| delete().with("aws:RequestedRegion", name);
    let not_there = r#"{"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}}"#;
    assert_eq!(with_condition(not_there, &delete()), Answer::Allowed);
    assert_eq!(
        with_condition(not_there, &region("us-east-1")),
        Answer::NotAllowed
    );
    let excused = r#"{"StringEqualsIfExists": {"aws:RequestedRegion": "us-east-1"}}"#;
    assert_eq!(with_condition(excused, &delete()), Answer::Allowed);
    assert_eq!(with_condition(excused, &region("eu-west-1")), Answer::NotAllowed);
}

#[test]
fn all_values_means_each_of_them_and_any_value_one() {
    let only = r#"{"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}"#;
    let some = r#"{"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}}"#;
    let odd = delete().with("aws:TagKeys", "a").with("aws:TagKeys", "z");
    assert_eq!(with_condition(only, &odd), Answer::NotAllowed);
    assert_eq!(with_condition(some, &odd), Answer::Allowed);
    assert_eq!(with_condition(only, &delete()), Answer::Allowed);
    assert_eq!(with_condition(some, &delete()), Answer::NotAllowed);
}

#[test]
fn a_wildcard_in_an_arn_condition_stays_within_its_part() {
    let ours = r#"{"ArnLike": {"ec2:LaunchTemplate": "arn:aws:ec2:*:000000000000:launch-template/*"}}"#;
    let from = |arn: &str| delete().with("ec2:LaunchTemplate", arn);
    let answer = |arn| with_condition(ours, &from(arn));
    assert_eq!(
        answer("arn:aws:ec2:us-east-1:000000000000:launch-template/lt-1"),
        Answer::Allowed
    );
    assert_eq!(
        answer("arn:aws:ec2:us-east-1:111111111111:launch-template/lt-1"),
        Answer::NotAllowed
    );
    assert_eq!(
        answer("arn:aws:ec2:x:y:000000000000:launch-template/lt-1"),
        Answer::NotAllowed
    );
}

#[test]
fn what_the_lab_cannot_judge_makes_a_policy_unreadable_and_is_named() {
    let statement = |rest: &str| {
        format!(r#"[{{"Sid": "Odd", "Effect": "Allow", "Action": "a:b", "Resource": "*"{rest}}}]"#)
    };
    for (rest, named) in [
        (r#", "Principal": "*""#, "Principal"),
        (
            r#", "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}"#,
            "IpAddress",
        ),
        (
            r#", "Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}}"#,
            "aws:SourceVpc",
        ),
        (
            r#", "Condition": {"Every:StringEquals": {"aws:TagKeys": "a"}}"#,
            "Every:StringEquals",
        ),
        (
            r#", "Condition": {"Bool": {"autoscaling:ForceDelete": "yes"}}"#,
            "yes",
        ),
        (
            r#", "Condition": {"StringEquals": {"aws:ResourceTag/": "x"}}"#,
            "aws:ResourceTag/",
        ),
        (
            r#", "Condition": {"StringEquals": {"aws:TagKeys": "${aws:username}"}}"#,
            "policy variable",
        ),
        (r#", "NotAction": "c:d""#, "NotAction"),
    ] {
        let why = refused(&statement(rest));
        assert!(why.contains(named) && why.contains("Odd"), "{rest}: {why}");
    }
    for (statements, named) in [
        (
            r#"{"Effect": "Permit", "Action": "a:b", "Resource": "*"}"#,
            "Permit",
        ),
        (
            r#"{"Effect": "Allow", "Action": "b", "Resource": "*"}"#,
            "SERVICE:OPERATION",
        ),
        (r#"{"Effect": "Allow", "Action": "a:b"}"#, "Resource"),
        (r#"{"Effect": "Allow", "Action": [], "Resource": "*"}"#, "nothing"),
    ] {
        let why = refused(statements);
        assert!(why.contains(named), "{statements}: {why}");
    }
    for (text, named) in [
        ("no", "JSON"),
        (r#"{"Version": "2023", "Statement": []}"#, "2012-10-17"),
        (r#"{"Version": "2012-10-17", "Statements": []}"#, "Statements"),
    ] {
        let why = Policy::read(text).expect_err("no policy").to_string();
        assert!(why.contains(named), "{text}: {why}");
    }
}
