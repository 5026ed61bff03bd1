//! Calls on bytes, by somebody who is held to a policy.

use bytes::Bytes;
use http::Request;

use crate::lab::estates::{Estate, build};
use crate::lab::permission::Policy;
use crate::lab::wire::answer;
use crate::lab::world::{Settings, World};

fn world() -> World {
    let mut world = World::new(Settings::default());
    build(&mut world, &Estate::named("001").expect("a seed")).expect("an estate");
    world
}

/// A world in which everybody but the lab's own key may do this to everything.
fn with(actions: &str) -> World {
    let mut world = world();
    hold(
        &mut world,
        &format!(r#"{{"Effect": "Allow", "Action": {actions}, "Resource": "*"}}"#),
    );
    world
}

fn hold(world: &mut World, statement: &str) {
    let text = format!(r#"{{"Version": "2012-10-17", "Statement": {statement}}}"#);
    world.settings.policy = Some(Policy::read(&text).expect("a policy"));
}

/// Status and body of a call.
fn ask(world: &mut World, key: &str, service: &str, form: &str) -> (u16, String) {
    let credential = format!(
        "AWS4-HMAC-SHA256 Credential={key}/20261121/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
    );
    let request = Request::post("/")
        .header("authorization", credential)
        .body(Bytes::from(form.to_owned()))
        .expect("a request");
    let response = answer(world, &request).response().expect("a response");
    (
        response.status().as_u16(),
        String::from_utf8(response.body().to_vec()).expect("text"),
    )
}

/// What is said to a call that is denied.
fn denied(world: &mut World, service: &str, form: &str) -> String {
    let (status, body) = ask(world, "somebody", service, form);
    assert_eq!(status, 403, "{form}: {body}");
    body
}

fn allowed(world: &mut World, service: &str, form: &str) {
    let (status, body) = ask(world, "somebody", service, form);
    assert_eq!(status, 200, "{form}: {body}");
}

fn group_arn(world: &World) -> String {
    world.scaling.groups["asg-1"].arn.clone()
}

fn listener(world: &mut World) -> String {
    let form = "Action=DescribeLoadBalancers&Version=2015-12-01";
    let balancer = text_in(
        &ask(world, "lab", "elasticloadbalancing", form).1,
        "LoadBalancerArn",
    );
    let form = format!("Action=DescribeListeners&Version=2015-12-01&LoadBalancerArn={balancer}");
    text_in(&ask(world, "lab", "elasticloadbalancing", &form).1, "ListenerArn")
}

/// The first text of a name in an answer.
fn text_in(body: &str, name: &str) -> String {
    let text = body
        .split(&format!("<{name}>"))
        .nth(1)
        .and_then(|rest| rest.split('<').next());
    text.unwrap_or_else(|| panic!("no {name}: {body}")).to_owned()
}

fn template(world: &World) -> String {
    let mut templates = world.compute.templates.all();
    templates.next().expect("a template").id.clone()
}

#[test]
fn whoever_has_no_permission_is_told_as_aws_says_it_and_the_labs_own_key_is_free() {
    let mut world = with(r#""autoscaling:Describe*""#);
    let form = "Action=DescribeLoadBalancers&Version=2015-12-01";
    let body = denied(&mut world, "elasticloadbalancing", form);
    assert!(
        body.contains("<Code>AccessDenied</Code>")
            && body.contains(
                "User: arn:aws:iam::000000000000:user/somebody is not authorized to perform: \
                 elasticloadbalancing:DescribeLoadBalancers because no identity-based policy allows the \
                 elasticloadbalancing:DescribeLoadBalancers action"
            ),
        "{body}"
    );
    assert_eq!(ask(&mut world, "lab", "elasticloadbalancing", form).0, 200);
    allowed(
        &mut world,
        "autoscaling",
        "Action=DescribeAutoScalingGroups&Version=2011-01-01",
    );
    allowed(&mut world, "sts", "Action=GetCallerIdentity&Version=2011-06-15");
}

#[test]
fn a_write_is_checked_on_its_group_with_that_groups_tags() {
    let mut world = world();
    hold(
        &mut world,
        r#"{"Effect": "Allow", "Action": "autoscaling:*", "Resource": "*",
            "Condition": {"StringEquals": {"autoscaling:ResourceTag/swingbridge:app": "ks"}}}"#,
    );
    let form = "Action=SetDesiredCapacity&Version=2011-01-01&AutoScalingGroupName=asg-1&DesiredCapacity=3";
    let arn = group_arn(&world);
    let body = denied(&mut world, "autoscaling", form);
    assert!(body.contains(&format!("on resource: {arn} because")), "{body}");
    assert_eq!(world.scaling.groups["asg-1"].desired, 2);
    let tag = "Action=CreateOrUpdateTags&Version=2011-01-01&Tags.member.1.ResourceId=asg-1\
               &Tags.member.1.ResourceType=auto-scaling-group&Tags.member.1.Key=swingbridge%3Aapp\
               &Tags.member.1.PropagateAtLaunch=false&Tags.member.1.Value=ks";
    assert_eq!(ask(&mut world, "lab", "autoscaling", tag).0, 200);
    allowed(&mut world, "autoscaling", form);
}

#[test]
fn a_rule_that_is_created_with_tags_takes_the_right_to_tag_it_as_well() {
    let mut world = with(r#""elasticloadbalancing:CreateRule""#);
    let listener = listener(&mut world);
    let form = format!(
        "Action=CreateRule&Version=2015-12-01&ListenerArn={listener}&Priority=1\
         &Conditions.member.1.Field=path-pattern&Conditions.member.1.Values.member.1=/x\
         &Actions.member.1.Type=fixed-response&Actions.member.1.FixedResponseConfig.StatusCode=404"
    );
    let tagged = format!("{form}&Tags.member.1.Key=a&Tags.member.1.Value=b");
    let body = denied(&mut world, "elasticloadbalancing", &tagged);
    let rules = listener.replace(":listener/", ":listener-rule/");
    assert!(
        body.contains("elasticloadbalancing:AddTags") && body.contains(&format!("{rules}/*")),
        "{body}"
    );
    hold(
        &mut world,
        r#"[{"Effect": "Allow", "Action": "elasticloadbalancing:CreateRule", "Resource": "*:listener/app/alb-ks/*/*"},
            {"Effect": "Allow", "Action": "elasticloadbalancing:AddTags", "Resource": "*:listener-rule/app/alb-ks/*/*/*",
             "Condition": {"StringEquals": {"elasticloadbalancing:CreateAction": "CreateRule", "aws:RequestTag/a": "b"}}}]"#,
    );
    allowed(&mut world, "elasticloadbalancing", &tagged);
    // Tagging what is there is another thing.
    let rule = text_in(
        &ask(
            &mut world,
            "lab",
            "elasticloadbalancing",
            &format!("Action=DescribeRules&Version=2015-12-01&ListenerArn={listener}"),
        )
        .1,
        "RuleArn",
    );
    let tag = format!(
        "Action=AddTags&Version=2015-12-01&ResourceArns.member.1={rule}&Tags.member.1.Key=a&Tags.member.1.Value=b"
    );
    denied(&mut world, "elasticloadbalancing", &tag);
}

#[test]
fn a_group_is_pinned_only_by_whoever_might_launch_from_the_template() {
    let mut world = with(r#""autoscaling:UpdateAutoScalingGroup""#);
    let template = template(&world);
    let form = format!(
        "Action=UpdateAutoScalingGroup&Version=2011-01-01&AutoScalingGroupName=asg-1\
         &LaunchTemplate.LaunchTemplateId={template}&LaunchTemplate.Version=1"
    );
    let body = denied(&mut world, "autoscaling", &form);
    assert!(
        body.contains(&format!(
            "You are not authorized to use launch template: {template}"
        )),
        "{body}"
    );
    // Its size has nothing to do with the template.
    let size = "Action=UpdateAutoScalingGroup&Version=2011-01-01&AutoScalingGroupName=asg-1&MinSize=2";
    allowed(&mut world, "autoscaling", size);
    hold(
        &mut world,
        r#"[{"Effect": "Allow", "Action": ["autoscaling:UpdateAutoScalingGroup", "ec2:RunInstances"], "Resource": "*"},
            {"Effect": "Deny", "Action": "*", "Resource": "*",
             "Condition": {"Bool": {"autoscaling:LaunchTemplateVersionSpecified": "false"}}}]"#,
    );
    allowed(&mut world, "autoscaling", &form);
    let floating = form.replace("Version=1", "Version=$Latest");
    assert!(
        denied(&mut world, "autoscaling", &floating).contains("explicit deny"),
        "an unpinned template went through"
    );
}

#[test]
fn what_a_template_tags_and_passes_on_is_checked_on_the_caller() {
    let mut world = world();
    let template = template(&world);
    let version = format!(
        "Action=CreateLaunchTemplateVersion&Version=2016-11-15&LaunchTemplateId={template}&SourceVersion=1\
         &LaunchTemplateData.IamInstanceProfile.Name=web\
         &LaunchTemplateData.TagSpecification.1.ResourceType=volume\
         &LaunchTemplateData.TagSpecification.1.Tag.1.Key=a&LaunchTemplateData.TagSpecification.1.Tag.1.Value=b"
    );
    assert_eq!(ask(&mut world, "lab", "ec2", &version).0, 200);
    let statement = |tags: &str, role: &str| {
        format!(
            r#"[{{"Effect": "Allow", "Action": ["autoscaling:UpdateAutoScalingGroup", "ec2:RunInstances"], "Resource": "*"}},
                {{"Effect": "Allow", "Action": "{tags}", "Resource": "arn:aws:ec2:us-east-1:000000000000:volume/*",
                  "Condition": {{"StringEquals": {{"ec2:CreateAction": "RunInstances"}}}}}},
                {{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::000000000000:role/{role}",
                  "Condition": {{"StringEquals": {{"iam:PassedToService": "ec2.amazonaws.com"}}}}}}]"#
        )
    };
    let form = format!(
        "Action=UpdateAutoScalingGroup&Version=2011-01-01&AutoScalingGroupName=asg-1\
         &LaunchTemplate.LaunchTemplateId={template}&LaunchTemplate.Version=3"
    );
    for (tags, role) in [("ec2:DeleteTags", "web"), ("ec2:CreateTags", "another")] {
        hold(&mut world, &statement(tags, role));
        denied(&mut world, "autoscaling", &form);
    }
    hold(&mut world, &statement("ec2:CreateTags", "web"));
    allowed(&mut world, "autoscaling", &form);
}

#[test]
fn ec2_denies_in_its_own_words_and_before_a_dry_run_is_answered() {
    let mut world = with(r#""ec2:Describe*""#);
    let template = template(&world);
    let form = format!(
        "Action=CreateLaunchTemplateVersion&Version=2016-11-15&LaunchTemplateId={template}&DryRun=true\
         &SourceVersion=1&LaunchTemplateData.ImageId=ami-1"
    );
    let body = denied(&mut world, "ec2", &form);
    assert!(
        body.contains("<Code>UnauthorizedOperation</Code>")
            && body.contains("ec2:CreateLaunchTemplateVersion"),
        "{body}"
    );
}

#[test]
fn a_call_that_nobody_knows_the_check_of_is_denied_and_says_so() {
    let mut world = with(r#""*""#);
    let form = "Action=TerminateInstances&Version=2016-11-15&InstanceId.1=i-1";
    let body = denied(&mut world, "ec2", form);
    assert!(
        body.contains("the lab does not know how AWS checks this call"),
        "{body}"
    );
}
