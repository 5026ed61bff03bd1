//! What rules become, and what their digest must and must not notice.

use aws_sdk_elasticloadbalancingv2::types::{
    AuthenticateOidcActionConfig, FixedResponseActionConfig, ForwardActionConfig, HostHeaderConditionConfig,
    HttpHeaderConditionConfig, HttpRequestMethodConditionConfig, PathPatternConditionConfig,
    QueryStringConditionConfig, QueryStringKeyValuePair, RewriteConfig, TargetGroupStickinessConfig,
    TargetGroupTuple, TransformTypeEnum, UrlRewriteConfig,
};

use super::*;
use crate::cloud::aws::actions::{Lead, redirected};

const ARN: &str = "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup";

fn to(name: &str) -> Lead {
    Lead::To {
        shares: vec![(Arn::new(format!("{ARN}/{name}/1")), 1)],
        pinning: false,
        sticky: None,
    }
}

fn header(values: &[&str], patterns: &[&str]) -> RuleCondition {
    let mut config = HttpHeaderConditionConfig::builder().http_header_name("x-client-mode");
    for value in values {
        config = config.values(*value);
    }
    for pattern in patterns {
        config = config.regex_values(*pattern);
    }
    RuleCondition::builder()
        .field("http-header")
        .http_header_config(config.build())
        .build()
}

fn sticky_forward(name: &str, stickiness: bool) -> SdkAction {
    SdkAction::builder()
        .r#type(ActionTypeEnum::Forward)
        .order(2)
        .forward_config(
            ForwardActionConfig::builder()
                .target_groups(
                    TargetGroupTuple::builder()
                        .target_group_arn(format!("{ARN}/{name}/1"))
                        .weight(1)
                        .build(),
                )
                .target_group_stickiness_config(
                    TargetGroupStickinessConfig::builder()
                        .enabled(stickiness)
                        .duration_seconds(600)
                        .build(),
                )
                .build(),
        )
        .build()
}

fn oidc(extra: &[(&str, &str)]) -> SdkAction {
    let mut config = AuthenticateOidcActionConfig::builder().issuer("https://login.example.com");
    for (key, value) in extra {
        config = config.authentication_request_extra_params(*key, *value);
    }
    SdkAction::builder()
        .r#type(ActionTypeEnum::AuthenticateOidc)
        .order(1)
        .authenticate_oidc_config(config.build())
        .build()
}

fn full() -> SdkRule {
    SdkRule::builder()
        .rule_arn("arn:rule")
        .priority("7")
        .conditions(header(&["blue"], &[]))
        .actions(oidc(&[("a", "1"), ("b", "2"), ("c", "3")]))
        .actions(sticky_forward("tg-1", true))
        .transforms(
            RuleTransform::builder()
                .r#type(TransformTypeEnum::UrlRewrite)
                .url_rewrite_config(
                    UrlRewriteConfig::builder()
                        .rewrites(RewriteConfig::builder().regex("^/v1").replace("/").build())
                        .build(),
                )
                .build(),
        )
        .build()
}

#[test]
fn a_rule_is_described_with_all_it_does() {
    let rule = rule(443, &full());
    assert_eq!(rule.priority, Priority::Numbered(7));
    assert_eq!(rule.action.to_string(), "tg-1");
    assert_eq!(
        rule.also,
        [
            "authenticate-oidc (https://login.example.com)",
            "rewrite url ^/v1 → /",
            "group stickiness for 600 s"
        ]
    );
}

#[test]
fn swinging_keeps_what_must_be_kept() {
    let before = full();
    let mut after = before.clone();
    after.actions = Some(redirected(before.actions(), &to("tg-2")));
    assert_eq!(rule(443, &before).keeps, rule(443, &after).keeps);
}

#[test]
fn the_digest_does_not_depend_on_the_order_of_a_hash_map() {
    let digests: std::collections::BTreeSet<String> = (0..20).map(|_| keeps(&full())).collect();
    assert_eq!(digests.len(), 1);
}

#[test]
fn a_door_keeps_the_same_open_and_closed() {
    let closed = SdkRule::builder()
        .conditions(header(&["green"], &[]))
        .actions(
            SdkAction::builder()
                .r#type(ActionTypeEnum::FixedResponse)
                .fixed_response_config(FixedResponseActionConfig::builder().status_code("404").build())
                .build(),
        )
        .build();
    let mut open = closed.clone();
    open.actions = Some(redirected(closed.actions(), &to("tg-2")));
    assert_eq!(keeps(&closed), keeps(&open));
    // AWS adds a stickiness that is off to every forward it describes.
    open.actions = Some(vec![sticky_forward("tg-2", false)]);
    assert_eq!(keeps(&closed), keeps(&open));
}

#[test]
fn any_other_change_of_a_rule_shows_in_its_digest() {
    let base = keeps(&full());
    let change = |with: fn(&mut SdkRule)| {
        let mut raw = full();
        with(&mut raw);
        keeps(&raw)
    };
    let changes = [
        change(|raw| raw.conditions = Some(vec![header(&["green"], &[])])),
        change(|raw| raw.transforms = None),
        change(|raw| raw.actions = Some(vec![sticky_forward("tg-1", true)])),
        change(|raw| raw.actions = Some(vec![oidc(&[("a", "2")]), sticky_forward("tg-1", true)])),
        change(|raw| {
            raw.actions = Some(vec![
                oidc(&[("a", "1"), ("b", "2"), ("c", "3")]),
                sticky_forward("tg-1", false),
            ]);
        }),
    ];
    for (index, digest) in changes.iter().enumerate() {
        assert_ne!(*digest, base, "change {index}");
    }
}

#[test]
fn a_plain_header_condition_is_understood_and_a_pattern_only_described() {
    assert_eq!(
        condition(&header(&["blue", "azure"], &[])),
        Condition::Header {
            name: "x-client-mode".into(),
            values: vec!["blue".into(), "azure".into()],
        }
    );
    assert_eq!(
        condition(&header(&[], &["^bl.*"])).to_string(),
        "header x-client-mode ~ ^bl.*"
    );
}

#[test]
fn other_conditions_are_described_in_either_way_of_writing_them() {
    let of = |field: &str| RuleCondition::builder().field(field);
    let table = [
        (
            of("path-pattern")
                .path_pattern_config(PathPatternConditionConfig::builder().values("/api/*").build())
                .values("/api/*")
                .build(),
            "path /api/*",
        ),
        (of("path-pattern").values("/api/*").build(), "path /api/*"),
        (
            of("host-header")
                .host_header_config(
                    HostHeaderConditionConfig::builder()
                        .values("shop.example.com")
                        .build(),
                )
                .build(),
            "host shop.example.com",
        ),
        (
            of("http-request-method")
                .http_request_method_config(
                    HttpRequestMethodConditionConfig::builder()
                        .values("GET")
                        .values("HEAD")
                        .build(),
                )
                .build(),
            "method GET|HEAD",
        ),
        (
            of("query-string")
                .query_string_config(
                    QueryStringConditionConfig::builder()
                        .values(QueryStringKeyValuePair::builder().key("v").value("2").build())
                        .build(),
                )
                .build(),
            "query v=2",
        ),
    ];
    for (raw, text) in table {
        assert_eq!(condition(&raw).to_string(), text);
    }
}

#[test]
fn the_default_rule_is_evaluated_last() {
    let at = |priority: &str| {
        SdkRule::builder()
            .priority(priority)
            .is_default(priority == "default")
            .build()
    };
    let order: Vec<Priority> = rules(80, &[at("default"), at("30"), at("4")])
        .into_iter()
        .map(|rule| rule.priority)
        .collect();
    assert_eq!(
        order,
        [Priority::Numbered(4), Priority::Numbered(30), Priority::Default]
    );
}
