//! Protocols on bytes: what is read, what is written, what is refused.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};

use super::{Outcome, answer, cbor, json, query, xml};
use crate::lab::tree::Tree;
use crate::lab::world::{Settings, World};

const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=AKIDLAB/20261121/us-east-1/SERVICE/aws4_request, SignedHeaders=host, Signature=0";

fn world() -> World {
    World::new(Settings::default())
}

fn signed(service: &str, form: &str) -> Request<Bytes> {
    Request::post("/")
        .header("authorization", SIGNED.replace("SERVICE", service))
        .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
        .body(Bytes::from(form.to_owned()))
        .expect("done")
}

fn responded(outcome: Outcome) -> (u16, String) {
    let response: Response<Bytes> = outcome.response().expect("a response");
    (
        response.status().as_u16(),
        String::from_utf8(response.body().to_vec()).expect("done"),
    )
}

fn ask(world: &mut World, service: &str, form: &str) -> (u16, String) {
    responded(answer(world, &signed(service, form)))
}

#[test]
fn a_form_becomes_lists_and_structures() {
    let form = "Action=ModifyRule&Version=2015-12-01&RuleArn=arn%3Aaws%3A1&Actions.member.1.Type=forward\
                &Actions.member.1.ForwardConfig.TargetGroups.member.2.Weight=0\
                &Actions.member.1.ForwardConfig.TargetGroups.member.1.Weight=100&Conditions=&Text=a+b%26c";
    let call = query::call("", &Bytes::from(form)).expect("done");
    assert_eq!(
        (call.operation.as_str(), call.version.as_deref()),
        ("ModifyRule", Some("2015-12-01"))
    );
    assert_eq!(call.input.text("RuleArn"), Some("arn:aws:1"));
    assert_eq!(call.input.text("Text"), Some("a b&c"));
    assert!(call.input.items("Conditions").is_empty());
    let action = &call.input.items("Actions")[0];
    let groups = action
        .get("ForwardConfig")
        .expect("ForwardConfig")
        .items("TargetGroups");
    let weights: Vec<_> = groups.iter().filter_map(|group| group.text("Weight")).collect();
    assert_eq!(weights, ["100", "0"]);
}

#[test]
fn ec2_numbers_its_lists_without_a_word_between_and_from_two_digits_on_too() {
    let form = (1..=11)
        .map(|n| format!("InstanceId.{n}=i-{n}"))
        .collect::<Vec<_>>()
        .join("&");
    let form = format!("Action=X&{form}&Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-1");
    let call = query::call("", &Bytes::from(form)).expect("done");
    assert_eq!(call.input.strings("InstanceId")[9..], ["i-10", "i-11"]);
    assert_eq!(call.input.items("Filter")[0].strings("Value"), ["vpc-1"]);
}

#[test]
fn a_form_that_contradicts_itself_or_is_none_is_refused() {
    for form in ["Action=X&A=1&A.B=2", "Action=X&A=1&A=2", "Action=X&A=%zz", "A=1"] {
        assert!(query::call("", &Bytes::from(form)).is_err(), "{form}");
    }
}

#[test]
fn results_are_wrapped_and_lists_have_members() {
    let output = Tree::map()
        .with("Names", Tree::texts(["a<b", "\"&\""]))
        .with("Empty", Tree::list([]))
        .with(
            "At",
            Tree::Time("2026-11-21T12:00:00.5Z".parse().expect("readable")),
        )
        .with("On", Tree::from(true));
    let text = xml::result("http://x/", "DescribeX", &output, "id-1");
    assert_eq!(
        text,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<DescribeXResponse xmlns=\"http://x/\"><DescribeXResult>\
         <Names><member>a&lt;b</member><member>&quot;&amp;&quot;</member></Names><Empty></Empty>\
         <At>2026-11-21T12:00:00.500Z</At><On>true</On></DescribeXResult>\
         <ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></DescribeXResponse>"
    );
    let text = xml::ec2_result(
        "http://x/",
        "DescribeX",
        &Tree::map().with("set", Tree::texts(["a"])),
        "id-1",
    );
    assert!(
        text.ends_with("<requestId>id-1</requestId><set><item>a</item></set></DescribeXResponse>"),
        "{text}"
    );
}

#[test]
fn cbor_and_json_carry_times_numbers_and_absence() {
    let time = "2026-11-21T12:00:00Z".parse().expect("readable");
    let message = Tree::map()
        .with("At", Tree::Time(time))
        .with("Count", Tree::from(3_i64))
        .with("Values", Tree::list([Tree::from(1.5), Tree::from(2.0)]));
    assert_eq!(cbor::read(&cbor::write(&message)).expect("done"), message);
    // {"At": 1(1795262400), "None": null} with an integer time, as SDKs may write it.
    let bytes = [
        &b"\xa2\x62At\xc1\x1a"[..],
        &1_795_262_400_u32.to_be_bytes(),
        &b"\x64None\xf6"[..],
    ]
    .concat();
    assert_eq!(
        cbor::read(&bytes).expect("done"),
        Tree::map().with("At", Tree::Time(time))
    );
    assert_eq!(
        json::write(&message),
        r#"{"At":1795262400.0,"Count":3,"Values":[1.5,2.0]}"#
    );
    let read = json::read(br#"{"At":1795262400,"None":null,"Deep":{"On":true}}"#).expect("done");
    assert_eq!(read.time("At").expect("done"), Some(time));
    assert_eq!(
        (
            read.get("None"),
            read.get("Deep").expect("Deep").flag("On").expect("done")
        ),
        (None, Some(true))
    );
}

#[test]
fn a_request_without_a_signature_is_refused_and_says_how_to_sign() {
    let request = Request::post("/")
        .body(Bytes::from("Action=GetCallerIdentity&Version=2011-06-15"))
        .expect("done");
    let (status, body) = responded(answer(&mut world(), &request));
    assert_eq!(status, 403);
    assert!(
        body.contains("<Code>MissingAuthenticationToken</Code>") && body.contains("AWS_ACCESS_KEY_ID"),
        "{body}"
    );
}

#[test]
fn a_presigned_request_is_signed() {
    let uri = "/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Credential=AKID%2F20261121%2Fus-east-1%2Fsts%2Faws4_request&X-Amz-Signature=0";
    let request = Request::get(uri).body(Bytes::new()).expect("done");
    let (status, body) = responded(answer(&mut world(), &request));
    assert_eq!(status, 200);
    assert!(body.contains("<Account>000000000000</Account>"), "{body}");
}

#[test]
fn what_the_lab_does_not_have_is_named() {
    let world = &mut world();
    let (status, body) = ask(world, "sts", "Action=GetFederationToken&Version=2011-06-15");
    assert_eq!(status, 400);
    assert!(
        body.contains("<Code>InvalidAction</Code>")
            && body.contains("GetFederationToken")
            && body.contains("sts")
    );
    let (_, body) = ask(
        world,
        "sts",
        "Action=GetCallerIdentity&Version=2011-06-15&Shape=round",
    );
    assert!(
        body.contains("<Code>ValidationError</Code>")
            && body.contains("GetCallerIdentity has no parameter Shape")
    );
    let (_, body) = ask(
        world,
        "elasticloadbalancing",
        "Action=DescribeLoadBalancers&Version=2012-06-01",
    );
    assert!(
        body.contains("<Code>InvalidAction</Code>") && body.contains("2012-06-01"),
        "{body}"
    );
    let (_, body) = ask(world, "s3", "Action=ListBuckets");
    assert!(body.contains("no service s3"), "{body}");
}

#[test]
fn an_error_in_cbor_and_json_names_its_type_and_its_code_of_old() {
    for (protocol, uri) in [
        (
            "smithy-protocol",
            "/service/GraniteServiceVersion20100801/operation/NoSuch",
        ),
        ("x-amz-target", "/"),
    ] {
        let value = if uri == "/" {
            "GraniteServiceVersion20100801.NoSuch"
        } else {
            "rpc-v2-cbor"
        };
        let request = Request::post(uri)
            .header("authorization", SIGNED.replace("SERVICE", "monitoring"))
            .header(protocol, value)
            .body(Bytes::new())
            .expect("done");
        let response = answer(&mut world(), &request).response().expect("a response");
        assert_eq!(response.status(), 400);
        assert_eq!(response.headers()["x-amzn-query-error"], "InvalidAction;Sender");
        let body = if uri == "/" {
            json::read(response.body())
        } else {
            cbor::read(response.body())
        }
        .expect("done");
        assert_eq!(
            body.text("__type"),
            Some("com.amazonaws.cloudwatch#InvalidAction")
        );
        assert!(body.text("message").expect("message").contains("NoSuch"));
    }
}

#[test]
fn a_role_is_assumed_for_as_long_as_was_asked() {
    let form = "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fci%2Fdeploy&RoleSessionName=s&DurationSeconds=900";
    let mut world = world();
    world.advance(crate::lab::world::time::Moment::after_start(Duration::from_secs(
        100,
    )));
    let (status, body) = ask(&mut world, "sts", form);
    assert_eq!(status, 200, "{body}");
    assert!(
        body.contains("<Expiration>1970-01-01T00:16:40.000Z</Expiration>"),
        "{body}"
    );
    assert!(
        body.contains("arn:aws:sts::123456789012:assumed-role/deploy/s"),
        "{body}"
    );
}

#[test]
fn faults_lose_refuse_and_delay_what_the_caller_sees() {
    let mut world = world();
    let form = "Action=GetCallerIdentity&Version=2011-06-15";
    for text in [
        "throttle sts:* count=1",
        "error sts:GetCaller* code=Broken status=503 count=1",
        "late sts:* by=3s count=1",
    ] {
        world.break_with(text.parse().expect("readable")).expect("done");
    }
    let (status, body) = ask(&mut world, "sts", form);
    assert!(
        status == 400 && body.contains("<Code>Throttling</Code>"),
        "{body}"
    );
    let (status, body) = ask(&mut world, "sts", form);
    assert!(
        status == 503 && body.contains("<Type>Receiver</Type><Code>Broken</Code>"),
        "{body}"
    );
    let outcome = answer(&mut world, &signed("sts", form));
    assert!(
        matches!(outcome, Outcome::Late(by, _) if by == Duration::from_secs(3)),
        "{outcome:?}"
    );
    assert_eq!(ask(&mut world, "sts", form).0, 200);
}

#[test]
fn a_lost_response_has_had_its_effect_and_a_lost_request_has_not() {
    let mut world = world();
    let form = |name: &str| {
        format!("Action=CreateSecurityGroup&Version=2016-11-15&GroupName={name}&GroupDescription=x")
    };
    world
        .break_with(
            "lost-request ec2:CreateSecurityGroup count=1"
                .parse()
                .expect("readable"),
        )
        .expect("done");
    assert!(matches!(
        answer(&mut world, &signed("ec2", &form("one"))),
        Outcome::Lost
    ));
    assert_eq!(ask(&mut world, "ec2", &form("one")).0, 200);
    world
        .break_with(
            "lost-response ec2:CreateSecurityGroup count=1"
                .parse()
                .expect("readable"),
        )
        .expect("done");
    assert!(matches!(
        answer(&mut world, &signed("ec2", &form("two"))),
        Outcome::Lost
    ));
    let (status, body) = ask(&mut world, "ec2", &form("two"));
    assert!(
        status == 400 && body.contains("<Code>InvalidGroup.Duplicate</Code>"),
        "{body}"
    );
}

#[test]
fn calls_beyond_the_bucket_are_throttled_in_the_services_own_words() {
    let mut world = World::new(Settings {
        throttle: true,
        ..Settings::default()
    });
    let form = "Action=CreateVpc&Version=2016-11-15&CidrBlock=10.0.0.0%2F16";
    let answers: Vec<_> = (0..51).map(|_| ask(&mut world, "ec2", form)).collect();
    assert_eq!(answers[49].0, 200);
    assert!(
        answers[50].0 == 503
            && answers[50]
                .1
                .contains("<Response><Errors><Error><Code>RequestLimitExceeded</Code>")
    );
}

#[test]
fn a_dry_run_changes_nothing_and_ec2_names_what_it_does_not_know() {
    let mut world = world();
    let (status, body) = ask(
        &mut world,
        "ec2",
        "Action=CreateVpc&Version=2016-11-15&CidrBlock=10.0.0.0%2F16&DryRun=true",
    );
    assert!(
        status == 412 && body.contains("<Code>DryRunOperation</Code>"),
        "{body}"
    );
    assert_eq!(world.compute.network.vpcs.len(), 1);
    let (_, body) = ask(
        &mut world,
        "ec2",
        "Action=DescribeVpcs&Version=2016-11-15&Shape.1=round",
    );
    assert!(
        body.contains("<Code>UnknownParameter</Code>") && body.contains("Shape"),
        "{body}"
    );
}

#[test]
fn changes_are_told_and_questions_are_not() {
    let mut world = world();
    ask(&mut world, "ec2", "Action=DescribeVpcs&Version=2016-11-15");
    ask(
        &mut world,
        "ec2",
        "Action=DeleteVpc&Version=2016-11-15&VpcId=vpc-0",
    );
    let told: Vec<_> = world
        .timeline
        .since(0)
        .filter(|happening| happening.kind == "call")
        .collect();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].text, "DeleteVpc vpc-0: InvalidVpcID.NotFound (AKIDLAB)");
}
