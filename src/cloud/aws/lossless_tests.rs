//! Any rule through the whole adapter: what is written is what was read, but for where it leads. From the
//! text that describes a rule to the text that changes it, and no type of the SDK between the two is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use proptest::prelude::{Strategy, any};
use proptest::test_runner::{TestCaseError, TestCaseResult};
use proptest::{prop_assert, prop_assert_eq, proptest};

use super::calls_tests::{estate, target_group, target_group_arn};
use super::fake::{Answer, Fake};
use super::lossless_form::{Form, Node, escaped, form};
use super::lossless_rules::{Described, NAMES, afterwards, described, is_lead, map, sticking, texts};
use crate::cases::cases;
use crate::cloud::{Cloud, CloudError, Swing};
use crate::model::ids::Arn;
use crate::model::routing::{Action, Priority, RulePlace, Share, Sticky};

fn is_stickiness(name: &str) -> bool {
    name.contains(".TargetGroupStickinessConfig.")
}

/// How a rule sticks, of whose members these are.
fn sticks(members: &Form) -> Sticky {
    let said = |end: &str| {
        members
            .iter()
            .find(|(name, _)| is_stickiness(name) && name.ends_with(end))
            .map(|(_, value)| value.as_str())
    };
    match said(".Enabled") {
        Some("true") => {
            Sticky::For(said(".DurationSeconds").map_or(0, |text| text.parse().expect("seconds")))
        }
        _ => Sticky::Off,
    }
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
    (before, after): (&Action, &Action),
    sticky: Option<Sticky>,
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
        sticky,
    };
    Cloud::point(&fake.aws(), &estate, swing).await?;
    let written = written.lock().expect("not poisoned").clone();
    Ok(written)
}

async fn is_lossless(rule: &Described, after: &Action, sticky: Option<Sticky>) -> TestCaseResult {
    let written = pointed(rule.xml(), &rule.place(), (&rule.leads, after), sticky)
        .await
        .map_err(|error| TestCaseError::fail(error.to_string()))?;
    let mut kept = rule.kept();
    let sticks_so = sticky.is_none_or(|sticky| sticky == sticks(&kept));
    if rule.leads.same_effect(after) && sticks_so {
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
    if let Some(sticky) = sticky {
        prop_assert_eq!(sticks(&sent), sticky);
        sent.retain(|name, _| !is_stickiness(name));
        kept.retain(|name, _| !is_stickiness(name));
    }
    prop_assert_eq!(sent, kept);
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
        sticky in sticking(),
    ) {
        in_virtual_time(is_lossless(&rule, &after, sticky))?;
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
        let done = in_virtual_time(pointed(strange, &rule.place(), (&rule.leads, &after), None));
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
        let done = in_virtual_time(pointed(rule_of(&actions), &place, (&before, &after), None));
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
    let written = in_virtual_time(pointed(xml, &rule.place(), (&rule.leads, &after), None)).expect("written");
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
