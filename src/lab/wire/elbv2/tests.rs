//! Load balancing's operations as a client calls them.

use super::OPERATIONS;
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::{Settings, World};

fn call(world: &mut World, name: &str, input: Tree) -> Result<Tree, Refused> {
    let operation = OPERATIONS
        .iter()
        .find(|operation| operation.name == name)
        .expect("it is there");
    for (member, _) in input.members() {
        assert!(
            operation.members.contains(&member.as_str()),
            "{name} has no {member}"
        );
    }
    (operation.act)(world, &input)
}

fn text(value: &str) -> Tree {
    Tree::from(value)
}

fn first(tree: &Tree, list: &str) -> Tree {
    tree.items(list)[0].clone()
}

fn code(outcome: Result<Tree, Refused>) -> String {
    outcome.expect_err("AWS refuses this").code.into_owned()
}

/// A world with a load balancer; gives its ARN, too.
fn balanced() -> (World, String) {
    let mut world = World::new(Settings::default());
    let subnets = ["us-east-1a", "us-east-1b"].map(|zone| world.default_subnet(zone).expect("it is there"));
    let input = Tree::map()
        .with("Name", text("web"))
        .with("Subnets", Tree::texts(subnets));
    let output = call(&mut world, "CreateLoadBalancer", input).expect("AWS allows this");
    let arn = first(&output, "LoadBalancers")
        .text("LoadBalancerArn")
        .expect("it is there")
        .to_owned();
    (world, arn)
}

fn group(world: &mut World, name: &str) -> String {
    let vpc = world.default_vpc().expect("it is there").id.clone();
    let input = Tree::map()
        .with("Name", text(name))
        .with("Protocol", text("HTTP"))
        .with("Port", text("8080"))
        .with("VpcId", Tree::from(vpc));
    let output = call(world, "CreateTargetGroup", input).expect("AWS allows this");
    first(&output, "TargetGroups")
        .text("TargetGroupArn")
        .expect("it is there")
        .to_owned()
}

fn forward(group: &str) -> Tree {
    Tree::list([Tree::map()
        .with("Type", text("forward"))
        .with("TargetGroupArn", text(group))])
}

fn listener(world: &mut World, balancer: &str, actions: Tree) -> Tree {
    let input = Tree::map()
        .with("LoadBalancerArn", text(balancer))
        .with("Protocol", text("HTTP"))
        .with("Port", text("80"))
        .with("DefaultActions", actions);
    first(
        &call(world, "CreateListener", input).expect("AWS allows this"),
        "Listeners",
    )
}

fn header_rule(listener: &str, priority: i64, actions: Tree) -> Tree {
    let config = Tree::map()
        .with("HttpHeaderName", text("X-Preview"))
        .with("Values", Tree::texts(["green"]));
    let condition = Tree::map()
        .with("Field", text("http-header"))
        .with("HttpHeaderConfig", config);
    Tree::map()
        .with("ListenerArn", text(listener))
        .with("Priority", Tree::from(priority))
        .with("Conditions", Tree::list([condition]))
        .with("Actions", actions)
}

#[test]
fn a_forward_to_one_target_group_is_described_in_both_ways() {
    let (mut world, balancer) = balanced();
    let blue = group(&mut world, "blue");
    let listener = listener(&mut world, &balancer, forward(&blue));
    let action = first(&listener, "DefaultActions");
    assert_eq!(action.text("TargetGroupArn"), Some(blue.as_str()));
    let config = action.get("ForwardConfig").expect("it is there");
    let tuple = Tree::map()
        .with("TargetGroupArn", text(&blue))
        .with("Weight", Tree::Whole(1));
    assert_eq!(config.items("TargetGroups"), [tuple]);
    let stickiness = config.get("TargetGroupStickinessConfig").expect("it is there");
    assert_eq!(stickiness, &Tree::map().with("Enabled", Tree::Flag(false)));
}

#[test]
fn what_was_described_can_be_written_back_as_it_is() {
    let (mut world, balancer) = balanced();
    let (blue, green) = (group(&mut world, "blue"), group(&mut world, "green"));
    let listener = listener(&mut world, &balancer, forward(&blue));
    let arn = listener.text("ListenerArn").expect("it is there");
    let tuple = |group: &str, weight: i64| {
        Tree::map()
            .with("TargetGroupArn", text(group))
            .with("Weight", Tree::Whole(weight))
    };
    let config = Tree::map()
        .with("TargetGroups", Tree::list([tuple(&blue, 90), tuple(&green, 10)]))
        .with(
            "TargetGroupStickinessConfig",
            Tree::map()
                .with("Enabled", Tree::Flag(true))
                .with("DurationSeconds", Tree::Whole(60)),
        );
    let action = Tree::map()
        .with("Type", text("forward"))
        .with("ForwardConfig", config);
    let created = call(
        &mut world,
        "CreateRule",
        header_rule(arn, 10, Tree::list([action.clone()])),
    )
    .expect("AWS allows this");
    let rule = first(&created, "Rules");
    assert_eq!(rule.items("Actions"), [action]);
    assert_eq!(rule.text("Priority"), Some("10"));
    let again = Tree::map()
        .with("RuleArn", rule.get("RuleArn").cloned())
        .with("Conditions", rule.get("Conditions").cloned())
        .with("Actions", rule.get("Actions").cloned());
    assert_eq!(
        first(
            &call(&mut world, "ModifyRule", again).expect("AWS allows this"),
            "Rules"
        ),
        rule
    );
}

#[test]
fn rules_come_in_pages_and_the_default_one_is_last() {
    let (mut world, balancer) = balanced();
    let blue = group(&mut world, "blue");
    let listener = listener(&mut world, &balancer, forward(&blue));
    let arn = listener.text("ListenerArn").expect("it is there");
    for priority in [200, 3, 40] {
        call(
            &mut world,
            "CreateRule",
            header_rule(arn, priority, forward(&blue)),
        )
        .expect("AWS allows this");
    }
    let mut seen = Vec::new();
    let mut marker = None;
    loop {
        let input = Tree::map()
            .with("ListenerArn", text(arn))
            .with("PageSize", Tree::Whole(3))
            .with("Marker", marker.take());
        let page = call(&mut world, "DescribeRules", input).expect("AWS allows this");
        seen.extend(
            page.items("Rules")
                .iter()
                .map(|rule| rule.text("Priority").expect("it is there").to_owned()),
        );
        marker = page.get("NextMarker").cloned();
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["3", "40", "200", "default"]);
}

#[test]
fn the_load_balancers_of_a_target_group_follow_the_rules() {
    let (mut world, balancer) = balanced();
    let blue = group(&mut world, "blue");
    let of = |world: &mut World| {
        let input = Tree::map().with("TargetGroupArns", Tree::texts([blue.clone()]));
        first(
            &call(world, "DescribeTargetGroups", input).expect("AWS allows this"),
            "TargetGroups",
        )
        .strings("LoadBalancerArns")
    };
    assert!(of(&mut world).is_empty());
    listener(&mut world, &balancer, forward(&blue));
    assert_eq!(of(&mut world), [balancer]);
}

#[test]
fn a_client_secret_goes_in_and_never_comes_out() {
    let (mut world, balancer) = balanced();
    let blue = group(&mut world, "blue");
    let oidc = |secret: Option<&str>, keep: Option<bool>| {
        let config = Tree::map()
            .with("Issuer", text("https://id.test"))
            .with("AuthorizationEndpoint", text("https://id.test/a"))
            .with("TokenEndpoint", text("https://id.test/t"))
            .with("UserInfoEndpoint", text("https://id.test/u"))
            .with("ClientId", text("me"))
            .with("ClientSecret", secret.map(text))
            .with("UseExistingClientSecret", keep.map(Tree::from));
        let who = Tree::map()
            .with("Type", text("authenticate-oidc"))
            .with("AuthenticateOidcConfig", config)
            .with("Order", Tree::Whole(1));
        let what = Tree::map()
            .with("Type", text("forward"))
            .with("TargetGroupArn", text(&blue))
            .with("Order", Tree::Whole(2));
        Tree::list([who, what])
    };
    let create = |protocol: &str, actions: Tree| {
        let certificate = Tree::map().with("CertificateArn", text("arn:aws:acm:::certificate/1"));
        Tree::map()
            .with("LoadBalancerArn", text(&balancer))
            .with("Protocol", text(protocol))
            .with("Port", text("443"))
            .with(
                "Certificates",
                (protocol == "HTTPS").then(|| Tree::list([certificate])),
            )
            .with("DefaultActions", actions)
    };
    let plain = create("HTTP", oidc(Some("s3cret"), None));
    assert_eq!(
        code(call(&mut world, "CreateListener", plain)),
        "InvalidLoadBalancerAction"
    );
    let without = create("HTTPS", oidc(None, Some(true)));
    assert_eq!(
        code(call(&mut world, "CreateListener", without)),
        "InvalidLoadBalancerAction"
    );
    let created = call(
        &mut world,
        "CreateListener",
        create("HTTPS", oidc(Some("s3cret"), None)),
    )
    .expect("AWS allows this");
    assert!(!format!("{created:?}").contains("s3cret"));
    let arn = first(&created, "Listeners").get("ListenerArn").cloned();
    let modify = |actions: Tree| {
        Tree::map()
            .with("ListenerArn", arn.clone())
            .with("DefaultActions", actions)
    };
    call(&mut world, "ModifyListener", modify(oidc(None, Some(true)))).expect("AWS allows this");
    assert_eq!(
        code(call(&mut world, "ModifyListener", modify(oidc(None, None)))),
        "InvalidLoadBalancerAction"
    );
}

#[test]
fn defaults_are_those_of_aws() {
    let (mut world, _) = balanced();
    let blue = group(&mut world, "blue");
    let input = Tree::map().with("Names", Tree::texts(["blue"]));
    let described = first(
        &call(&mut world, "DescribeTargetGroups", input).expect("AWS allows this"),
        "TargetGroups",
    );
    let whole = |name: &str| described.whole(name).expect("it is there").expect("it is there");
    assert_eq!(
        (
            whole("HealthCheckIntervalSeconds"),
            whole("HealthyThresholdCount")
        ),
        (30, 5)
    );
    assert_eq!(whole("UnhealthyThresholdCount"), 2);
    assert_eq!(described.text("HealthCheckPath"), Some("/"));
    let input = Tree::map().with("TargetGroupArn", text(&blue));
    let attributes = call(&mut world, "DescribeTargetGroupAttributes", input).expect("AWS allows this");
    let value = |key: &str| {
        let found = attributes
            .items("Attributes")
            .iter()
            .find(|attribute| attribute.text("Key") == Some(key));
        found
            .expect("it is there")
            .text("Value")
            .expect("it is there")
            .to_owned()
    };
    assert_eq!(value("deregistration_delay.timeout_seconds"), "300");
    assert_eq!(value("stickiness.lb_cookie.duration_seconds"), "86400");
    assert_eq!(value("slow_start.duration_seconds"), "0");
}

#[test]
fn tags_are_given_at_creation_and_described() {
    let (mut world, balancer) = balanced();
    let blue = group(&mut world, "blue");
    let listener = listener(&mut world, &balancer, forward(&blue));
    let tag = Tree::map().with("Key", text("owner")).with("Value", text("me"));
    let rule = header_rule(
        listener.text("ListenerArn").expect("it is there"),
        1,
        forward(&blue),
    )
    .with("Tags", Tree::list([tag.clone()]));
    let created = first(
        &call(&mut world, "CreateRule", rule).expect("AWS allows this"),
        "Rules",
    );
    let input = Tree::map().with("ResourceArns", Tree::list(created.get("RuleArn").cloned()));
    let described = first(
        &call(&mut world, "DescribeTags", input).expect("AWS allows this"),
        "TagDescriptions",
    );
    assert_eq!(described.items("Tags"), [tag]);
}

#[test]
fn patterns_that_the_lab_cannot_match_are_refused_by_name() {
    let (mut world, balancer) = balanced();
    let blue = group(&mut world, "blue");
    let listener = listener(&mut world, &balancer, forward(&blue));
    let config = Tree::map().with("RegexValues", Tree::texts(["^/a.*"]));
    let condition = Tree::map()
        .with("Field", text("path-pattern"))
        .with("PathPatternConfig", config);
    let input = Tree::map()
        .with("ListenerArn", listener.get("ListenerArn").cloned())
        .with("Priority", Tree::Whole(1))
        .with("Conditions", Tree::list([condition]))
        .with("Actions", forward(&blue));
    let refused = call(&mut world, "CreateRule", input).expect_err("AWS refuses this");
    assert!(refused.message.contains("RegexValues"), "{refused}");
}
