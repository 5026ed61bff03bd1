//! Any rule that AWS may describe, and wherever a plan may point it.

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::{select, subsequence};

use super::calls_tests::target_group_arn;
use super::lossless_form::{Form, Node};
use crate::model::ids::Arn;
use crate::model::routing::{Action, Priority, RulePlace, Share, Sticky};

/// A rule as it is described, and as a plan knows it.
#[derive(Clone, Debug)]
pub(super) struct Described {
    pub(super) actions: Vec<Node>,
    pub(super) around: Vec<(&'static str, Node)>,
    pub(super) default: bool,
    pub(super) leads: Action,
}

pub(super) fn texts() -> impl Strategy<Value = String> {
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

pub(super) fn map(members: Vec<(&'static str, Option<Node>)>) -> Node {
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

pub(super) const NAMES: [&str; 5] = ["tg-1", "tg-2", "tg-3", "tg-4", "tg-5"];

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

/// How a plan may have it stick: as it does, or otherwise for as long as generations share it.
pub(super) fn sticking() -> impl Strategy<Value = Option<Sticky>> {
    prop_oneof![
        2 => Just(None),
        1 => Just(Some(Sticky::Off)),
        1 => (1_u32..=604_800).prop_map(|seconds| Some(Sticky::For(seconds))),
    ]
}

/// Where a plan may point a rule: an only target group always has weight.
pub(super) fn afterwards() -> impl Strategy<Value = Action> {
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

pub(super) fn described() -> impl Strategy<Value = Described> {
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
    pub(super) fn xml(&self) -> String {
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
    pub(super) fn kept(&self) -> Form {
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

    pub(super) fn place(&self) -> RulePlace {
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
pub(super) fn is_lead(name: &str) -> bool {
    let inside = name.contains(".ForwardConfig.TargetGroups.");
    inside || (name.ends_with(".TargetGroupArn") && name.split('.').count() == 4)
}
