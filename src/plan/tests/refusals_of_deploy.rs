//! What a deploy refuses: originals that cannot be cloned, names, versions and images.

use super::*;
use crate::model::estate::{Image, Launch, TemplateUse};
use crate::model::fixtures::{asg, deployed, group_mut, initial, policy, tg};
use crate::model::ids::TemplateId;
use crate::model::release::{Release, Source};
use crate::model::scope::NameTemplate;
use crate::model::standing::State;

fn from_image() -> Intent {
    Intent::Deploy {
        release: Release {
            source: Source::Build {
                image: Some("ami-9".into()),
                user_data: None,
            },
            ..fixtures::release("42")
        },
    }
}

#[test]
fn live_that_cannot_be_cloned_is_refused_with_every_reason() {
    let mut estate = initial();
    let group = group_mut(&mut estate, 1);
    group.launch = Launch::Configuration { name: "lc-7".into() };
    group.other_traffic = vec!["classic-1".into()];
    group.target_groups.push(tg(50));
    assert_eq!(
        reasons(&estate, &deploy("42"), &policy()),
        [
            Reason::LaunchConfiguration {
                group: asg(1),
                name: "lc-7".into()
            },
            Reason::ExtraTraffic {
                group: asg(1),
                what: "classic-1, tg-50".into()
            },
        ]
    );
}

#[test]
fn another_release_waits_until_the_candidate_is_gone() {
    assert_eq!(
        reasons(&deployed(), &deploy("43"), &policy()),
        [Reason::CandidateExists {
            generation: Generation(2),
            release: "42".into()
        }]
    );
}

#[test]
fn the_same_label_with_other_inputs_is_another_release() {
    let mut release = fixtures::release("42");
    release.inputs = "something-else".into();
    assert_eq!(
        reasons(&deployed(), &Intent::Deploy { release }, &policy()),
        [Reason::SameLabelOtherInputs {
            release: "42".into(),
            generation: Generation(2)
        }]
    );
}

#[test]
fn names_that_are_taken_or_too_long_are_both_reported() {
    let mut policy = policy();
    policy.names.group = NameTemplate::try_from(format!("{}{{n}}", "g".repeat(255))).expect("a template");
    policy.names.target_group =
        NameTemplate::try_from(format!("{}{{n}}", "t".repeat(32))).expect("a template");
    let found = reasons(&initial(), &deploy("42"), &policy);
    let names: Vec<usize> = found
        .iter()
        .map(|reason| match reason {
            Reason::BadName { name, .. } => name.len(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(names, [33, 256]);
}

#[test]
fn a_name_that_became_taken_while_a_deploy_was_interrupted_is_refused() {
    // The target group is ours; somebody else has made a group with the name of the other half.
    let mut estate = deployed();
    fixtures::mark(&mut estate, 2, State::Staged, None);
    estate.groups.retain(|group| group.name != asg(2));
    assert_eq!(
        reasons(&estate, &deploy("42"), &policy()),
        [Reason::NameTaken { name: "asg-2".into() }]
    );
}

#[test]
fn a_version_or_image_that_does_not_exist_is_refused() {
    let mut release = fixtures::release("42");
    release.source = Source::Version { number: 99 };
    assert_eq!(
        reasons(&initial(), &Intent::Deploy { release }, &policy()),
        [Reason::NoSuchVersion {
            template: "shop".into(),
            number: 99
        }]
    );
    for (image, why) in [(None, "does not exist here"), (Some("pending"), "is pending")] {
        let mut estate = initial();
        estate.image = image.map(|state| Image {
            id: "ami-9".into(),
            name: "shop".into(),
            state: state.into(),
            root_device: None,
        });
        assert_eq!(
            reasons(&estate, &from_image(), &policy()),
            [Reason::NoSuchImage {
                image: "ami-9".into(),
                why: why.into()
            }]
        );
    }
}

#[test]
fn a_group_of_several_templates_is_refused_together_with_the_image_that_is_missing() {
    let mut estate = initial();
    let Launch::Template { uses, .. } = &mut group_mut(&mut estate, 1).launch else {
        panic!("the fixture has a template");
    };
    uses.push(TemplateUse {
        template: TemplateId::from("lt-2"),
        name: "spot".into(),
        version: "1".into(),
    });
    assert_eq!(
        reasons(&estate, &from_image(), &policy()),
        [
            Reason::SeveralTemplates { group: asg(1) },
            Reason::NoSuchImage {
                image: "ami-9".into(),
                why: "does not exist here".into()
            },
        ]
    );
}

#[test]
fn a_load_balancer_that_is_full_of_target_groups_is_refused() {
    let mut estate = initial();
    for number in 0..99 {
        fixtures::add_rule(
            &mut estate,
            fixtures::rule(
                80,
                Priority::Numbered(100 + number),
                &[fixtures::path("/other")],
                crate::model::routing::Action::to(&format!("other-{number}").as_str().into()),
            ),
        );
    }
    assert_eq!(
        reasons(&estate, &deploy("42"), &policy()),
        [Reason::TooManyTargetGroups {
            would: 101,
            limit: 100
        }]
    );
}

#[test]
fn a_group_whose_overrides_name_images_starts_no_release_of_ours() {
    let mut estate = initial();
    let Launch::Template { own_images, .. } = &mut group_mut(&mut estate, 1).launch else {
        panic!("it has a template");
    };
    *own_images = true;
    let group = fixtures::asg(1);
    for policy in [policy(), super::rolling::policy()] {
        assert_eq!(
            reasons(&estate, &deploy("42"), &policy),
            [Reason::OwnImages { group: group.clone() }],
            "{:?}",
            policy.strategy
        );
    }
}
