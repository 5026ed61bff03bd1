//! Calls that go wrong in the ways AWS lets them, through the real SDK and its retries.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Aws;
use super::fake::{Answer, Fake};
use crate::cloud::{Cloud, CloudError, Look, NewRule, Swing};
use crate::model::estate::{Estate, Group, Launch, LoadBalancer, Part, TakenNames, TargetGroup};
use crate::model::ids::{Arn, Generation, GroupName, Size, TargetGroupName};
use crate::model::routing::{Action, Condition, Listener, Priority, RulePlace};
use crate::model::scope::{Generations, NameTemplate, Names, Scope};
use crate::model::tags::Tags;

const PREFIX: &str = "arn:aws:elasticloadbalancing:eu-west-1:1";

pub(super) fn target_group_arn(name: &str) -> String {
    format!("{PREFIX}:targetgroup/{name}/1")
}

fn tags(pairs: &[(&str, &str)]) -> Tags {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

pub(super) fn target_group(name: &str, generation: u32) -> TargetGroup {
    TargetGroup {
        name: name.into(),
        arn: Arn::new(target_group_arn(name)),
        generation: Some(Generation(generation)),
        settings: BTreeMap::new(),
        attributes: BTreeMap::new(),
        tags: Tags::new(),
        targets: Vec::new(),
    }
}

pub(super) fn estate() -> Estate {
    Estate {
        observed_at: Timestamp::UNIX_EPOCH,
        app: "shop".into(),
        load_balancer: LoadBalancer {
            arn: "arn:lb".into(),
            name: "lb".into(),
            dns_name: String::new(),
            vpc: String::new(),
            zones: Vec::new(),
            state: "active".into(),
            attributes: BTreeMap::new(),
        },
        listeners: vec![Listener {
            arn: "arn:listener".into(),
            port: 80,
            protocol: "HTTP".into(),
            rules: Vec::new(),
        }],
        target_groups: vec![target_group("tg-1", 1), target_group("tg-2", 2)],
        groups: vec![Group {
            name: "asg-1".into(),
            arn: "arn:asg".into(),
            generation: Some(Generation(1)),
            size: Size {
                min: 1,
                max: 1,
                desired: 1,
            },
            launch: Launch::Unknown,
            settings: BTreeMap::new(),
            instances: Vec::new(),
            target_groups: vec!["tg-1".into()],
            other_traffic: Vec::new(),
            suspended: BTreeMap::new(),
            attachments: Vec::new(),
            operator: None,
            deleting: false,
            refresh: None,
            tags: Tags::new(),
            failures: Vec::new(),
            created_at: None,
        }],
        templates: Vec::new(),
        image: None,
        taken: TakenNames::default(),
        gaps: Vec::new(),
    }
}

fn scope() -> Scope {
    let template = |text: &str| NameTemplate::try_from(text.to_owned()).expect("a template");
    Scope {
        app: "shop".into(),
        load_balancer: "lb".into(),
        names: Names {
            group: template("asg-{n}"),
            target_group: template("tg-{n}"),
            adopted: None,
            generations: Generations::Fresh,
        },
        image: None,
    }
}

fn entrance() -> NewRule {
    NewRule {
        port: 80,
        priority: 5,
        condition: Condition::Header {
            name: "x-entrance".into(),
            values: vec!["unguessable".into()],
        },
        action: Action::to(&"tg-2".into()),
        tags: tags(&[("swingbridge:app", "shop"), ("swingbridge:lock-run", "r1")]),
    }
}

/// A rule as DescribeRules shows it.
fn rule_xml(priority: &str, value: &str, target_group: &str) -> String {
    format!(
        "<member><RuleArn>arn:rule-{priority}</RuleArn><Priority>{priority}</Priority><IsDefault>{}</IsDefault>\
         <Conditions><member><Field>http-header</Field><HttpHeaderConfig><HttpHeaderName>x-entrance</HttpHeaderName>\
         <Values><member>{value}</member></Values></HttpHeaderConfig></member></Conditions>\
         <Actions><member><Type>forward</Type><TargetGroupArn>{}</TargetGroupArn></member></Actions></member>",
        priority == "default",
        target_group_arn(target_group)
    )
}

fn rules_xml(rules: &[String]) -> Answer {
    Answer::Ok(format!("<Rules>{}</Rules>", rules.concat()))
}

fn tags_xml(arn: &str, tags: &Tags) -> String {
    let tags: String = tags
        .iter()
        .map(|(key, value)| format!("<member><Key>{key}</Key><Value>{value}</Value></member>"))
        .collect();
    format!("<member><ResourceArn>{arn}</ResourceArn><Tags>{tags}</Tags></member>")
}

fn described_tags(of: &[(&str, &Tags)]) -> Answer {
    let all: String = of.iter().map(|(arn, tags)| tags_xml(arn, tags)).collect();
    Answer::Ok(format!("<TagDescriptions>{all}</TagDescriptions>"))
}

async fn create(fake: &Fake) -> Result<Arn, CloudError> {
    Cloud::create_rule(&fake.aws(), &estate(), &entrance()).await
}

#[tokio::test(start_paused = true)]
async fn a_rule_whose_creation_nobody_heard_of_is_found_to_be_ours() {
    let mut first = true;
    let fake = Fake::new(move |action, _| match action {
        "CreateRule" if std::mem::take(&mut first) => Answer::Lost,
        "CreateRule" => Answer::Error(400, "PriorityInUse", "Priority '5' is currently in use"),
        "DescribeRules" => rules_xml(&[rule_xml("5", "unguessable", "tg-2")]),
        _ => described_tags(&[("arn:rule-5", &entrance().tags)]),
    });
    assert_eq!(create(&fake).await.expect("our rule").as_str(), "arn:rule-5");
    assert_eq!(
        fake.calls(),
        ["CreateRule", "CreateRule", "DescribeRules", "DescribeTags"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_priority_held_by_a_rule_that_differs_in_anything_is_in_use() {
    for (value, leads_to, run) in [
        ("another", "tg-2", "r1"),
        ("unguessable", "tg-1", "r1"),
        ("unguessable", "tg-2", "r2"),
    ] {
        let fake = Fake::new(move |action, _| match action {
            "CreateRule" => Answer::Error(400, "PriorityInUse", "Priority '5' is currently in use"),
            "DescribeRules" => rules_xml(&[rule_xml("5", value, leads_to)]),
            _ => described_tags(&[(
                "arn:rule-5",
                &tags(&[("swingbridge:app", "shop"), ("swingbridge:lock-run", run)]),
            )]),
        });
        let error = create(&fake).await.expect_err("somebody else's");
        assert!(
            matches!(error, CloudError::PriorityInUse { priority: 5 }),
            "{error}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_creation_that_never_answers_and_left_nothing_may_be_tried_again() {
    let fake = Fake::new(|action, _| match action {
        "CreateRule" => Answer::Lost,
        _ => rules_xml(&[]),
    });
    let error = create(&fake).await.expect_err("nothing was made");
    assert!(error.may_pass(), "{error}");
}

fn place(priority: &str) -> RulePlace {
    RulePlace {
        port: 80,
        priority: priority.parse().map_or(Priority::Default, Priority::Numbered),
        arn: Arn::new(format!("arn:rule-{priority}")),
    }
}

async fn point(aws: &Aws, priority: &str) -> Result<(), CloudError> {
    let (before, after) = (Action::to(&"tg-1".into()), Action::to(&"tg-2".into()));
    let rule = place(priority);
    let swing = Swing {
        rule: &rule,
        before: &before,
        after: &after,
        sticky: None,
    };
    Cloud::point(aws, &estate(), swing).await
}

#[tokio::test(start_paused = true)]
async fn a_rule_is_written_only_when_it_is_what_the_plan_saw() {
    for (leads_to, writes) in [("tg-1", true), ("tg-2", false), ("tg-9", false)] {
        let fake = Fake::new(move |action, _| match action {
            "DescribeRules" => rules_xml(&[rule_xml("7", "v", leads_to)]),
            _ => Answer::Ok(String::new()),
        });
        let done = point(&fake.aws(), "7").await;
        assert_eq!(
            fake.calls().contains(&"ModifyRule".to_owned()),
            writes,
            "{leads_to}"
        );
        match leads_to {
            "tg-9" => assert!(matches!(done, Err(CloudError::Changed { .. })), "{done:?}"),
            _ => done.expect("as wanted"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_default_rule_is_written_through_its_listener() {
    let fake = Fake::new(|action, body| match action {
        "DescribeRules" => rules_xml(&[rule_xml("default", "v", "tg-1")]),
        "ModifyListener" => {
            assert!(body.contains("ListenerArn=arn%3Alistener"), "{body}");
            assert!(!body.contains("Port="), "only the actions may be sent: {body}");
            Answer::Ok(String::new())
        }
        other => panic!("{other}"),
    });
    point(&fake.aws(), "default").await.expect("written");
}

/// A group of ours as DescribeAutoScalingGroups shows it.
fn group_xml(more: &str) -> Answer {
    Answer::Ok(format!(
        "<AutoScalingGroups><member><AutoScalingGroupName>asg-1</AutoScalingGroupName><Tags><member>\
         <Key>swingbridge:app</Key><Value>shop</Value></member></Tags>{more}</member></AutoScalingGroups>"
    ))
}

#[tokio::test(start_paused = true)]
async fn a_group_is_deleted_when_it_and_its_warm_pool_are_empty_and_never_by_force() {
    const INSTANCE: &str = "<Instances><member><InstanceId>i-1</InstanceId></member></Instances>";
    const POOL: &str = "<WarmPoolConfiguration><MinSize>0</MinSize></WarmPoolConfiguration>";
    const FILLED: &str = "<WarmPoolConfiguration><MinSize>1</MinSize></WarmPoolConfiguration>";
    const BEING_EMPTIED: &str = "<WarmPoolConfiguration><MinSize>0</MinSize></WarmPoolConfiguration>\
                                 <WarmPoolSize>1</WarmPoolSize>";
    const PROTECTED: &str = "<DeletionProtection>prevent-all-deletion</DeletionProtection>";
    let cases: [(&str, &[&str]); 6] = [
        ("", &["DeleteAutoScalingGroup"]),
        (PROTECTED, &["UpdateAutoScalingGroup", "DeleteAutoScalingGroup"]),
        (INSTANCE, &[]),
        (FILLED, &["PutWarmPool"]),
        (BEING_EMPTIED, &[]),
        (POOL, &["DeleteWarmPool"]),
    ];
    for (shown, expected) in cases {
        let fake = Fake::new(move |action, body| {
            assert!(!body.contains("Force"), "{body}");
            match action {
                "DescribeAutoScalingGroups" => group_xml(shown),
                _ => Answer::Ok(String::new()),
            }
        });
        let ended = Cloud::delete_group(&fake.aws(), &estate(), &GroupName::from("asg-1")).await;
        let mut changes = fake.calls();
        changes.retain(|action| !action.starts_with("Describe"));
        assert_eq!(changes, expected, "{shown}");
        if expected.contains(&"DeleteAutoScalingGroup") {
            ended.expect("deleted");
        } else {
            // It is tried again until nobody is left.
            assert!(
                matches!(ended, Err(CloudError::InUse { .. })),
                "{shown}: {ended:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_rule_deleted_meanwhile_does_not_hide_the_tags_of_the_others() {
    let all: Vec<Arn> = (0..45).map(|n| Arn::new(format!("arn:rule-{n}"))).collect();
    let fake = Fake::new(|_, body| {
        if body.contains("rule-7&") || body.ends_with("rule-7") {
            return Answer::Error(400, "RuleNotFound", "One or more rules not found");
        }
        let ours = tags(&[("a", "b")]);
        let asked: Vec<String> = body
            .split("ResourceArns.member.")
            .skip(1)
            .filter_map(|part| part.split('=').nth(1))
            .map(|arn| arn.trim_end_matches('&').replace("%3A", ":"))
            .collect();
        assert!(asked.len() <= 20, "{}", asked.len());
        let asked: Vec<(&str, &Tags)> = asked.iter().map(|arn| (arn.as_str(), &ours)).collect();
        described_tags(&asked)
    });
    let (found, failure) = fake.aws().tags_of(&all).await;
    assert!(failure.is_none(), "{failure:?}");
    assert_eq!(found.len(), 44);
}

#[tokio::test(start_paused = true)]
async fn health_that_cannot_be_read_is_an_error_and_not_an_empty_fleet() {
    let fake = Fake::new(|action, _| match action {
        "DescribeTargetHealth" => Answer::Error(500, "HealthUnavailable", "try again"),
        _ => Answer::Ok(String::new()),
    });
    let fleets = [(GroupName::from("asg-1"), TargetGroupName::from("tg-1"))];
    let error = Cloud::look(&fake.aws(), &scope(), &estate(), Look::Fleet, &fleets)
        .await
        .expect_err("no health");
    assert!(matches!(error, CloudError::Passing { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_seen_is_a_gap_and_the_rest_is_observed() {
    let fake = Fake::new(|action, _| {
        match action {
        "DescribeLoadBalancers" => Answer::Ok(
            "<LoadBalancers><member><LoadBalancerArn>arn:lb</LoadBalancerArn><LoadBalancerName>lb</LoadBalancerName>\
             <Type>application</Type><State><Code>active</Code></State></member></LoadBalancers>"
                .into(),
        ),
        "DescribeTargetGroups" => Answer::Ok(format!(
            "<TargetGroups><member><TargetGroupArn>{}</TargetGroupArn><TargetGroupName>tg-1</TargetGroupName></member>\
             <member><TargetGroupArn>{}</TargetGroupArn><TargetGroupName>elsewhere</TargetGroupName></member></TargetGroups>",
            target_group_arn("tg-1"),
            target_group_arn("elsewhere")
        )),
        "DescribeListeners" => Answer::Ok(
            "<Listeners><member><ListenerArn>arn:listener</ListenerArn><Port>80</Port><Protocol>HTTP</Protocol>\
             </member></Listeners>"
                .into(),
        ),
        "DescribeRules" => rules_xml(&[rule_xml("7", "v", "tg-1")]),
        "DescribeTags" => described_tags(&[]),
        "DescribeTargetHealth" => Answer::Error(403, "AccessDenied", "no"),
        _ => Answer::Ok(String::new()),
    }
    });
    let estate = Cloud::observe(&fake.aws(), &scope()).await.expect("an estate");
    let parts: Vec<Part> = estate.gaps.iter().map(|gap| gap.part).collect();
    assert_eq!(parts, [Part::TargetHealth]);
    let names: Vec<&str> = estate.target_groups.iter().map(|tg| tg.name.as_str()).collect();
    assert_eq!(names, ["tg-1"]);
    assert_eq!(estate.target_groups[0].generation, Some(Generation(1)));
    assert!(estate.taken.target_groups.contains(&"elsewhere".into()));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_endpoint_is_said_after_one_attempt_but_a_passing_refusal_is_waited_out() {
    let fake = Fake::new(|_, _| Answer::Refused);
    let error = fake.aws().load_balancer("lb").await.expect_err("nobody there");
    assert!(matches!(error, CloudError::Unreachable { .. }), "{error}");
    assert_eq!(fake.calls().len(), 1);

    let mut calls = 0;
    let fake = Fake::new(move |_, _| {
        calls += 1;
        match calls {
            2 | 3 => Answer::Refused,
            _ => rules_xml(&[]),
        }
    });
    let aws = fake.aws();
    for _ in 0..2 {
        aws.raw_rules(&"arn:listener".into()).await.expect("in the end");
    }
    assert_eq!(fake.calls().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn auto_scalings_own_word_for_throttling_is_retried() {
    let mut calls = 0;
    let fake = Fake::new(move |_, _| {
        calls += 1;
        match calls {
            1..=3 => Answer::Error(400, "RateExceeded", "Rate exceeded"),
            _ => rules_xml(&[]),
        }
    });
    fake.aws()
        .raw_rules(&"arn:listener".into())
        .await
        .expect("patience");
    assert_eq!(fake.calls().len(), 4);
}
