//! Any rule through the whole adapter: what is written is what was read, but for where it leads. From the
//! text that describes a rule to the text that changes it, and no type of the SDK between the two is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::{select, subsequence};
use proptest::test_runner::{TestCaseError, TestCaseResult};
use proptest::{prop_assert, prop_assert_eq, proptest};

use super::calls_tests::{estate, target_group, target_group_arn};
use super::fake::{Answer, Fake};
use super::lossless_form::{Form, Node, escaped, form};
use crate::cases::cases;
use crate::cloud::{Cloud, CloudError, Swing};
use crate::model::ids::Arn;
use crate::model::routing::{Action, Priority, RulePlace, Share};

/// A rule as it is described, and as a plan knows it.
#[derive(Clone, Debug)]
struct Described {
    actions: Vec<Node>,
    around: Vec<(&'static str, Node)>,
    default: bool,
    leads: Action,
}

fn texts() -> impl Strategy<Value = String> {
    let letters: Vec<char> = "aZ09 <>&\"'%+=/#{}$\n\r\té日".chars().collect();
    vec(select(letters), 0..12).prop_map(String::from_iter)
}

fn text() -> impl Strategy<Value = Option<Node>> {
    option::of(texts().prop_map(Node::Text))
}

/// Of members that AWS always describes: where one is missing the SDK says that it is empty.
fn required() -> impl Strategy<Value = Option<Node>> {
    texts().prop_map(|text| Some(Node::Text(text)))
}

fn one_of(words: &[&'static str]) -> impl Strategy<Value = Option<Node>> + use<> {
    option::of(select(words.to_vec()).prop_map(|word| Node::Text(word.to_owned())))
}

fn entries() -> impl Strategy<Value = Option<Node>> {
    option::of(btree_map(texts(), texts(), 1..4).prop_map(Node::Entries))
}

fn seconds() -> impl Strategy<Value = Option<Node>> {
    option::of((1_i64..700_000).prop_map(|seconds| Node::Text(seconds.to_string())))
}

fn map(members: Vec<(&'static str, Option<Node>)>) -> Node {
    let there = members.into_iter().filter_map(|(name, node)| Some((name, node?)));
    Node::Map(there.collect())
}

fn oidc() -> impl Strategy<Value = Node> {
    let ends = (required(), required(), required(), required(), required());
    let session = (
        text(),
        text(),
        seconds(),
        entries(),
        one_of(&["deny", "allow", "authenticate"]),
    );
    (ends, session, one_of(&["true", "false"])).prop_map(
        |(
            (issuer, authorization, token, user_info, client),
            (cookie, scope, timeout, extra, otherwise),
            kept,
        )| {
            map(vec![
                ("Issuer", issuer),
                ("AuthorizationEndpoint", authorization),
                ("TokenEndpoint", token),
                ("UserInfoEndpoint", user_info),
                ("ClientId", client),
                ("SessionCookieName", cookie),
                ("Scope", scope),
                ("SessionTimeout", timeout),
                ("AuthenticationRequestExtraParams", extra),
                ("OnUnauthenticatedRequest", otherwise),
                ("UseExistingClientSecret", kept),
            ])
        },
    )
}

fn cognito() -> impl Strategy<Value = Node> {
    let pool = (required(), required(), required());
    let session = (
        text(),
        text(),
        seconds(),
        entries(),
        one_of(&["deny", "allow", "authenticate"]),
    );
    (pool, session).prop_map(
        |((arn, client, domain), (cookie, scope, timeout, extra, otherwise))| {
            map(vec![
                ("UserPoolArn", arn),
                ("UserPoolClientId", client),
                ("UserPoolDomain", domain),
                ("SessionCookieName", cookie),
                ("Scope", scope),
                ("SessionTimeout", timeout),
                ("AuthenticationRequestExtraParams", extra),
                ("OnUnauthenticatedRequest", otherwise),
            ])
        },
    )
}

fn jwt() -> impl Strategy<Value = Node> {
    let formats = select(vec!["single-string", "string-array", "space-separated-values"])
        .prop_map(|word| Some(Node::Text(word.to_owned())));
    let values = vec(texts().prop_map(Node::Text), 1..4).prop_map(|values| Some(Node::List(values)));
    let claim = (formats, required(), values)
        .prop_map(|(format, name, values)| map(vec![("Format", format), ("Name", name), ("Values", values)]));
    let claims = option::of(vec(claim, 1..4).prop_map(Node::List));
    (required(), required(), claims).prop_map(|(endpoint, issuer, claims)| {
        map(vec![
            ("JwksEndpoint", endpoint),
            ("Issuer", issuer),
            ("AdditionalClaims", claims),
        ])
    })
}

fn before_last() -> impl Strategy<Value = Node> {
    let with = |kind: &'static str, name: &'static str| {
        move |(order, config): (Option<i32>, Node)| {
            map(vec![
                ("Type", Some(Node::Text(kind.to_owned()))),
                ("Order", order.map(|order| Node::Text(order.to_string()))),
                (name, Some(config)),
            ])
        }
    };
    let order = || option::of(1..50_000);
    prop_oneof![
        (order(), oidc()).prop_map(with("authenticate-oidc", "AuthenticateOidcConfig")),
        (order(), cognito()).prop_map(with("authenticate-cognito", "AuthenticateCognitoConfig")),
        (order(), jwt()).prop_map(with("jwt-validation", "JwtValidationConfig")),
    ]
}

const NAMES: [&str; 5] = ["tg-1", "tg-2", "tg-3", "tg-4", "tg-5"];

fn shares() -> impl Strategy<Value = Vec<Share>> {
    let weights = vec(prop_oneof![3 => 0_u32..=999, 1 => Just(0), 1 => Just(1)], 5);
    (subsequence(NAMES.to_vec(), 1..=5).prop_shuffle(), weights).prop_map(|(names, weights)| {
        let share = |(name, weight): (&str, u32)| Share {
            target_group: name.into(),
            weight,
        };
        names.into_iter().zip(weights).map(share).collect()
    })
}

/// Where a plan may point a rule: an only target group always has weight.
fn afterwards() -> impl Strategy<Value = Action> {
    shares().prop_map(|mut shares| {
        if let [only] = shares.as_mut_slice() {
            only.weight = only.weight.max(1);
        }
        Action::Forward { shares }
    })
}

/// A forward in one of the shapes in which AWS describes it, and where it leads.
fn forward() -> impl Strategy<Value = (Node, Action)> {
    let stickiness = (one_of(&["true", "false"]), seconds())
        .prop_map(|(enabled, lasts)| map(vec![("Enabled", enabled), ("DurationSeconds", lasts)]));
    let shape = (any::<bool>(), any::<bool>(), any::<bool>());
    (shares(), option::of(stickiness), shape, option::of(1..50_000)).prop_map(
        |(shares, stickiness, (beside, inside, weighted), order)| {
            let arn = |share: &Share| Node::Text(target_group_arn(share.target_group.as_str()));
            let only = match shares.as_slice() {
                [only] => Some(only),
                _ => None,
            };
            let inside = inside || only.is_none();
            // Without a weight it is 1.
            let weightless = only.is_some_and(|only| only.weight == 1) && !weighted;
            let tuples = shares.iter().map(|share| {
                map(vec![
                    ("TargetGroupArn", Some(arn(share))),
                    (
                        "Weight",
                        (!weightless).then(|| Node::Text(share.weight.to_string())),
                    ),
                ])
            });
            let config = map(vec![
                ("TargetGroups", Some(Node::List(tuples.collect()))),
                ("TargetGroupStickinessConfig", stickiness),
            ]);
            let action = map(vec![
                ("Type", Some(Node::Text("forward".to_owned()))),
                ("Order", order.map(|order: i32| Node::Text(order.to_string()))),
                ("TargetGroupArn", only.filter(|_| beside || !inside).map(arn)),
                ("ForwardConfig", inside.then_some(config)),
            ]);
            let mut leads = shares.clone();
            if !inside {
                leads[0].weight = 1;
            }
            (action, Action::Forward { shares: leads })
        },
    )
}

/// What a rule has beside its actions: conditions of every kind, transforms.
fn around() -> impl Strategy<Value = Vec<(&'static str, Node)>> {
    let values = || vec(texts().prop_map(Node::Text), 1..3).prop_map(Node::List);
    let kinds = select(vec![
        ("path-pattern", "PathPatternConfig", "Values"),
        ("path-pattern", "PathPatternConfig", "RegexValues"),
        ("host-header", "HostHeaderConfig", "Values"),
        ("http-header", "HttpHeaderConfig", "Values"),
        ("http-request-method", "HttpRequestMethodConfig", "Values"),
        ("source-ip", "SourceIpConfig", "Values"),
    ]);
    let condition = (kinds, values()).prop_map(|((field, config, name), values)| {
        map(vec![
            ("Field", Some(Node::Text(field.to_owned()))),
            (config, Some(map(vec![(name, Some(values))]))),
        ])
    });
    let rewrite = (texts(), texts()).prop_map(|(regex, replace)| {
        let rewrite = map(vec![
            ("Regex", Some(Node::Text(regex))),
            ("Replace", Some(Node::Text(replace))),
        ]);
        map(vec![
            ("Type", Some(Node::Text("url-rewrite".to_owned()))),
            (
                "UrlRewriteConfig",
                Some(map(vec![("Rewrites", Some(Node::List(vec![rewrite])))])),
            ),
        ])
    });
    (vec(condition, 0..4), vec(rewrite, 0..2)).prop_map(|(conditions, transforms)| {
        vec![
            ("Conditions", Node::List(conditions)),
            ("Transforms", Node::List(transforms)),
        ]
    })
}

fn described() -> impl Strategy<Value = Described> {
    (
        vec(before_last(), 0..3),
        forward(),
        any::<usize>(),
        around(),
        any::<bool>(),
    )
        .prop_map(|(mut actions, (last, leads), place, around, default)| {
            // They are listed in any order: `Order` says in which they are taken.
            actions.insert(place % (actions.len() + 1), last);
            Described {
                actions,
                around,
                default,
                leads,
            }
        })
}

impl Described {
    fn xml(&self) -> String {
        let text = |text: &str| Node::Text(text.to_owned());
        let priority = if self.default { "default" } else { "7" };
        let mut members = vec![
            ("RuleArn", text("arn:rule")),
            ("Priority", text(priority)),
            ("IsDefault", text(if self.default { "true" } else { "false" })),
            ("Actions", Node::List(self.actions.clone())),
        ];
        members.extend(self.around.clone());
        format!("<Rules>{}</Rules>", Node::List(vec![Node::Map(members)]).xml())
    }

    /// What must be written but for where it leads.
    fn kept(&self) -> Form {
        let mut flat = Form::new();
        let list = if self.default { "DefaultActions" } else { "Actions" };
        Node::List(self.actions.clone()).flat(list, &mut flat);
        let oidc: Vec<String> = flat
            .iter()
            .filter(|(_, value)| *value == "authenticate-oidc")
            .filter_map(|(name, _)| Some(name.strip_suffix(".Type")?.to_owned()))
            .collect();
        for action in oidc {
            // Its secret is never described, and stays only when asked for.
            flat.insert(
                format!("{action}.AuthenticateOidcConfig.UseExistingClientSecret"),
                "true".to_owned(),
            );
        }
        flat.retain(|name, _| !is_lead(name));
        flat
    }

    fn place(&self) -> RulePlace {
        RulePlace {
            port: 80,
            priority: if self.default {
                Priority::Default
            } else {
                Priority::Numbered(7)
            },
            arn: Arn::new("arn:rule"),
        }
    }
}

/// Whether a member says where a forward leads.
fn is_lead(name: &str) -> bool {
    let inside = name.contains(".ForwardConfig.TargetGroups.");
    inside || (name.ends_with(".TargetGroupArn") && name.split('.').count() == 4)
}

/// Where what was written leads.
fn led(written: &Form) -> Action {
    let ended = |end: &str| {
        let end = end.to_owned();
        written
            .iter()
            .filter(move |(name, _)| is_lead(name) && name.ends_with(&end))
    };
    let named = |arn: &str| super::actions::name_in(arn);
    let inside: Vec<Share> = ended(".TargetGroupArn")
        .filter(|(name, _)| name.contains(".TargetGroups."))
        .map(|(name, arn)| {
            let weight = name.replace(".TargetGroupArn", ".Weight");
            Share {
                target_group: named(arn),
                weight: written
                    .get(&weight)
                    .map_or(1, |text| text.parse().expect("a weight")),
            }
        })
        .collect();
    let beside = ended(".TargetGroupArn").find(|(name, _)| !name.contains(".TargetGroups."));
    match beside {
        Some((_, arn)) if inside.is_empty() => Action::to(&named(arn)),
        // AWS takes both only when they say the same.
        Some((_, arn)) => {
            assert!(
                matches!(inside.as_slice(), [only] if only.target_group == named(arn)),
                "{written:?}"
            );
            Action::Forward { shares: inside }
        }
        None => Action::Forward { shares: inside },
    }
}

/// The body of the one call that writes, if there is one.
async fn pointed(
    rules: String,
    place: &RulePlace,
    before: &Action,
    after: &Action,
) -> Result<Vec<String>, CloudError> {
    let written: Arc<Mutex<Vec<String>>> = Arc::default();
    let writes = Arc::clone(&written);
    let fake = Fake::new(move |action, body| match action {
        "DescribeRules" => Answer::Ok(rules.clone()),
        _ => {
            writes.lock().expect("not poisoned").push(body.to_owned());
            Answer::Ok(String::new())
        }
    });
    let mut estate = estate();
    estate.target_groups = (1..).zip(NAMES).map(|(n, name)| target_group(name, n)).collect();
    let swing = Swing {
        rule: place,
        before,
        after,
        sticky: None,
    };
    Cloud::point(&fake.aws(), &estate, swing).await?;
    let written = written.lock().expect("not poisoned").clone();
    Ok(written)
}

async fn is_lossless(rule: &Described, after: &Action) -> TestCaseResult {
    let written = pointed(rule.xml(), &rule.place(), &rule.leads, after)
        .await
        .map_err(|error| TestCaseError::fail(error.to_string()))?;
    if rule.leads.same_effect(after) {
        prop_assert!(written.is_empty(), "it is so already: {written:?}");
        return Ok(());
    }
    prop_assert_eq!(written.len(), 1);
    let mut sent = form(&written[0]);
    prop_assert!(led(&sent).same_effect(after), "{} instead of {after}", led(&sent));
    let (action, place, arn) = if rule.default {
        ("ModifyListener", "ListenerArn", "arn:listener")
    } else {
        ("ModifyRule", "RuleArn", "arn:rule")
    };
    for (name, value) in [("Action", action), ("Version", "2015-12-01"), (place, arn)] {
        prop_assert_eq!(sent.remove(name), Some(value.to_owned()));
    }
    sent.retain(|name, _| !is_lead(name));
    prop_assert_eq!(sent, rule.kept());
    Ok(())
}

fn in_virtual_time<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime")
        .block_on(work)
}

proptest! {
    #![proptest_config(cases(250))]

    #[test]
    fn whatever_a_rule_has_is_written_as_it_was_read_but_for_where_it_leads(
        rule in described(),
        after in afterwards(),
    ) {
        in_virtual_time(is_lossless(&rule, &after))?;
    }

    #[test]
    fn a_rule_with_anything_unknown_in_its_actions_is_not_written(
        rule in described(),
        place in any::<usize>(),
        value in texts(),
    ) {
        let xml = rule.xml();
        // Into any element of the actions that has elements in it, and before any of its own.
        let (begin, end) = (xml.find("<Actions>").expect("there"), xml.find("</Actions>").expect("there"));
        let places: Vec<usize> = ["<member>", "Config>"]
            .iter()
            .flat_map(|open| xml[begin..end].match_indices(open).map(move |(at, text)| begin + at + text.len()))
            .filter(|at| xml[*at..].starts_with('<') && !xml[*at..].starts_with("</"))
            .collect();
        let at = places[place % places.len()];
        let strange = format!("{}<Novelty>{}</Novelty>{}", &xml[..at], escaped(&value), &xml[at..]);
        let after = Action::to(&"tg-5".into());
        let done = in_virtual_time(pointed(strange, &rule.place(), &rule.leads, &after));
        prop_assert!(
            matches!(&done, Err(CloudError::Unwritable { why, .. }) if why.contains("Novelty")),
            "{done:?}"
        );
    }
}

fn rule_of(actions: &str) -> String {
    format!(
        "<Rules><member><RuleArn>arn:rule</RuleArn><Priority>7</Priority><IsDefault>false</IsDefault>\
         <Actions>{actions}</Actions></member></Rules>"
    )
}

#[test]
fn what_would_not_survive_being_written_is_refused() {
    let forward = format!(
        "<member><Type>forward</Type><TargetGroupArn>{}</TargetGroupArn></member>",
        target_group_arn("tg-1")
    );
    let place = RulePlace {
        port: 80,
        priority: Priority::Numbered(7),
        arn: Arn::new("arn:rule"),
    };
    for (actions, why) in [
        (String::new(), "0 of its actions end"),
        (forward.repeat(2), "2 of its actions end"),
        (
            format!("<member><Type>inspect</Type></member>{forward}"),
            "2 of its actions end",
        ),
        (
            "<member><Type>teleport</Type></member>".to_owned(),
            "`teleport` is not understood",
        ),
        (
            format!("<member><Type>jwt-validation</Type></member>{forward}"),
            "`jwt-validation` is not understood",
        ),
    ] {
        let (before, after) = (Action::to(&"tg-1".into()), Action::to(&"tg-2".into()));
        let done = in_virtual_time(pointed(rule_of(&actions), &place, &before, &after));
        let error = done.expect_err("nothing is written");
        assert!(
            matches!(&error, CloudError::Unwritable { .. }),
            "{actions}: {error}"
        );
        assert!(error.to_string().contains(why), "{error}");
    }
}

/// A default rule is changed through its listener, and a rule that is only strange must not be taken for one.
#[test]
fn a_rule_whose_priority_cannot_be_read_is_never_written_as_the_default_rule() {
    let rule = Described {
        actions: vec![map(vec![
            ("Type", Some(Node::Text("forward".to_owned()))),
            ("TargetGroupArn", Some(Node::Text(target_group_arn("tg-1")))),
        ])],
        around: Vec::new(),
        default: false,
        leads: Action::to(&"tg-1".into()),
    };
    let xml = rule.xml().replace("<Priority>7<", "<Priority>seven<");
    let after = Action::to(&"tg-2".into());
    let written = in_virtual_time(pointed(xml, &rule.place(), &rule.leads, &after)).expect("written");
    assert!(written[0].contains("Action=ModifyRule"), "{written:?}");
}

/// The generator speaks of every member that the SDK knows: one that is new fails here.
#[test]
fn the_rules_that_are_tried_have_every_member_there_is() {
    use aws_sdk_elasticloadbalancingv2::types as sdk;
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    use super::members::{api_name, members};
    let mut runner = TestRunner::new(cases(1));
    let mut tried = BTreeSet::new();
    for _ in 0..200 {
        let rule = described().new_tree(&mut runner).expect("a rule").current();
        let mut flat = Form::new();
        Node::List(rule.actions).flat("", &mut flat);
        for name in flat.keys() {
            let name = name.split('[').next().unwrap_or_default();
            tried.extend(name.split('.').map(str::to_lowercase));
        }
    }
    // Never described, or of actions that a route does not have.
    let not_here = ["clientsecret", "redirectconfig", "fixedresponseconfig"];
    let all = [
        members(&sdk::Action::builder().build()),
        members(&sdk::AuthenticateOidcActionConfig::builder().build()),
        members(&sdk::AuthenticateCognitoActionConfig::builder().build()),
        members(&sdk::JwtValidationActionConfig::builder().build()),
        members(&sdk::JwtValidationActionAdditionalClaim::builder().build()),
        members(&sdk::ForwardActionConfig::builder().build()),
        members(&sdk::TargetGroupTuple::builder().build()),
        members(&sdk::TargetGroupStickinessConfig::builder().build()),
    ];
    for member in all.iter().flat_map(BTreeMap::keys) {
        let name = api_name(member.trim_start_matches("r#")).to_lowercase();
        assert!(
            tried.contains(&name) || not_here.contains(&name.as_str()),
            "{member} is never tried"
        );
    }
}
