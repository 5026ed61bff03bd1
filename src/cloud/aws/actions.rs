//! What rules do, between the SDK's words and ours. A swing changes one action of a rule and
//! hands back every other one as it was.

use aws_sdk_elasticloadbalancingv2::types::{
    Action as SdkAction, ActionTypeEnum, FixedResponseActionConfig, ForwardActionConfig,
    TargetGroupStickinessConfig, TargetGroupTuple,
};

use crate::model::ids::{Arn, TargetGroupName};
use crate::model::routing::{Action, FixedResponse, Share, Sticky};

/// Where a rule shall lead, with target groups by arn, as the API wants them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lead {
    To {
        shares: Vec<(Arn, u32)>,
        /// One of them pins clients to targets: AWS wants a rule that names it beside another to pin them too.
        pinning: bool,
        /// Group stickiness, where it is not to stay as it is.
        sticky: Option<Sticky>,
    },
    Fixed(FixedResponse),
}

/// The action that ends the handling of a request; the ones before it only let it pass.
pub(super) fn last(actions: &[SdkAction]) -> Option<&SdkAction> {
    actions.iter().find(|action| ends(action))
}

pub(super) fn before_last(actions: &[SdkAction]) -> Vec<&SdkAction> {
    let mut found: Vec<&SdkAction> = actions.iter().filter(|action| !ends(action)).collect();
    found.sort_by_key(|action| action.order);
    found
}

fn ends(action: &SdkAction) -> bool {
    !matches!(
        action.r#type,
        Some(
            ActionTypeEnum::AuthenticateOidc
                | ActionTypeEnum::AuthenticateCognito
                | ActionTypeEnum::JwtValidation
        )
    )
}

/// Why these actions must not be written again with only their target groups changed.
pub(super) fn unwritable(actions: &[SdkAction]) -> Option<String> {
    let ending = actions.iter().filter(|action| ends(action)).count();
    if ending != 1 {
        return Some(format!("{ending} of its actions end the handling of a request"));
    }
    actions.iter().find_map(|action| {
        let understood = match &action.r#type {
            Some(ActionTypeEnum::AuthenticateOidc) => action.authenticate_oidc_config.is_some(),
            Some(ActionTypeEnum::AuthenticateCognito) => action.authenticate_cognito_config.is_some(),
            Some(ActionTypeEnum::JwtValidation) => action.jwt_validation_config.is_some(),
            Some(ActionTypeEnum::Forward | ActionTypeEnum::FixedResponse | ActionTypeEnum::Redirect) => true,
            _ => false,
        };
        let kind = action.r#type.as_ref().map_or("unknown", ActionTypeEnum::as_str);
        (!understood).then(|| format!("its action `{kind}` is not understood"))
    })
}

pub(super) fn to_model(actions: &[SdkAction]) -> Action {
    let Some(action) = last(actions) else {
        return Action::Other {
            text: "nothing".to_owned(),
        };
    };
    match &action.r#type {
        Some(ActionTypeEnum::Forward) => Action::Forward {
            shares: tuples(action)
                .iter()
                .map(|tuple| Share {
                    target_group: name_in(tuple.target_group_arn().unwrap_or_default()),
                    weight: tuple.weight().map_or(1, |weight| weight.max(0) as u32),
                })
                .collect(),
        },
        Some(ActionTypeEnum::FixedResponse) => {
            let fixed = action.fixed_response_config();
            let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
            Action::Fixed(FixedResponse {
                status: fixed
                    .and_then(|fixed| fixed.status_code()?.parse().ok())
                    .unwrap_or_default(),
                content_type: text(fixed.and_then(FixedResponseActionConfig::content_type)),
                body: text(fixed.and_then(FixedResponseActionConfig::message_body)),
            })
        }
        Some(ActionTypeEnum::Redirect) => Action::Other {
            text: redirect(action),
        },
        other => Action::Other {
            text: other
                .as_ref()
                .map_or("unknown", ActionTypeEnum::as_str)
                .to_owned(),
        },
    }
}

fn redirect(action: &SdkAction) -> String {
    let config = action.redirect_config();
    let part = |value: Option<&str>, fallback: &str| value.unwrap_or(fallback).to_owned();
    format!(
        "redirect to {}://{}:{}{}?{} ({})",
        part(config.and_then(|c| c.protocol()), "#{protocol}"),
        part(config.and_then(|c| c.host()), "#{host}"),
        part(config.and_then(|c| c.port()), "#{port}"),
        part(config.and_then(|c| c.path()), "/#{path}"),
        part(config.and_then(|c| c.query()), "#{query}"),
        config
            .and_then(|c| c.status_code())
            .map_or("?", |code| code.as_str().trim_start_matches("HTTP_")),
    )
}

/// A forward's target groups. A simple forward may name its only one outside of its config.
fn tuples(action: &SdkAction) -> Vec<TargetGroupTuple> {
    match action.forward_config().map(ForwardActionConfig::target_groups) {
        Some(tuples) if !tuples.is_empty() => tuples.to_vec(),
        _ => action
            .target_group_arn()
            .map(|arn| TargetGroupTuple::builder().target_group_arn(arn).build())
            .into_iter()
            .collect(),
    }
}

/// Every target group that a rule names, so that more can be asked about it.
pub(super) fn target_group_arns(actions: &[SdkAction]) -> impl Iterator<Item = Arn> {
    last(actions)
        .map(tuples)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|tuple| tuple.target_group_arn.map(Arn::new))
}

/// A target group's name is part of its arn, so those of other apps have one as well.
pub(super) fn name_in(arn: &str) -> TargetGroupName {
    let name = arn.split(":targetgroup/").nth(1).unwrap_or(arn);
    TargetGroupName::from(name.split('/').next().unwrap_or(name))
}

/// A rule's actions with the last one leading elsewhere.
pub(super) fn redirected(actions: &[SdkAction], lead: &Lead) -> Vec<SdkAction> {
    actions
        .iter()
        .map(|action| {
            if ends(action) {
                turned(action, lead)
            } else {
                kept(action)
            }
        })
        .collect()
}

/// The actions of a rule that does nothing but lead somewhere.
pub(super) fn only(lead: &Lead) -> Vec<SdkAction> {
    vec![turned(&SdkAction::builder().build(), lead)]
}

/// Describing never shows the client secret, and AWS keeps it only when asked to.
fn kept(action: &SdkAction) -> SdkAction {
    let mut action = action.clone();
    if let Some(oidc) = &mut action.authenticate_oidc_config {
        oidc.use_existing_client_secret = Some(true);
        oidc.client_secret = None;
    }
    action
}

/// As it was, unless it is to be otherwise, or AWS demands it.
fn stickiness(
    action: &SdkAction,
    wanted: Option<Sticky>,
    demanded: bool,
) -> Option<TargetGroupStickinessConfig> {
    let was = action
        .forward_config()
        .and_then(|config| config.target_group_stickiness_config.clone());
    let build = TargetGroupStickinessConfig::builder;
    match wanted {
        Some(Sticky::For(seconds)) => {
            return Some(
                build()
                    .enabled(true)
                    .duration_seconds(i32::try_from(seconds).unwrap_or(i32::MAX))
                    .build(),
            );
        }
        Some(Sticky::Off) if !demanded => return Some(build().enabled(false).build()),
        _ => {}
    }
    if !demanded || was.as_ref().is_some_and(|was| was.enabled() == Some(true)) {
        return was;
    }
    // The shortest there is: only the weights are to decide.
    Some(build().enabled(true).duration_seconds(1).build())
}

fn turned(action: &SdkAction, lead: &Lead) -> SdkAction {
    let blank = SdkAction::builder().set_order(action.order);
    match lead {
        Lead::Fixed(fixed) => blank
            .r#type(ActionTypeEnum::FixedResponse)
            .fixed_response_config(
                FixedResponseActionConfig::builder()
                    .status_code(fixed.status.to_string())
                    .set_content_type(fixed.content_type.clone())
                    .set_message_body(fixed.body.clone())
                    .build(),
            )
            .build(),
        Lead::To {
            shares,
            pinning,
            sticky,
        } => {
            let before = tuples(action);
            // The weight of an only target group means nothing; keeping it makes swinging back exact.
            let only_weight = match before.as_slice() {
                [tuple] if tuple.weight != Some(0) => Some(tuple.weight),
                _ => None,
            };
            let tuples: Vec<TargetGroupTuple> = shares
                .iter()
                .map(|(arn, weight)| {
                    let weight = match (shares.len(), only_weight) {
                        (1, Some(kept)) => kept,
                        _ => Some(i32::try_from(*weight).unwrap_or(i32::MAX)),
                    };
                    TargetGroupTuple::builder()
                        .target_group_arn(arn.as_str())
                        .set_weight(weight)
                        .build()
                })
                .collect();
            let only = match tuples.as_slice() {
                [tuple] => tuple.target_group_arn.clone(),
                _ => None,
            };
            let forwarded = action.r#type == Some(ActionTypeEnum::Forward);
            // A forward keeps its shape: with the arn beside its config, inside it, or both.
            let beside = !forwarded || action.target_group_arn.is_some();
            let inside = only.is_none() || action.forward_config.is_some() || sticky.is_some();
            let config = inside.then(|| {
                ForwardActionConfig::builder()
                    .set_target_groups(Some(tuples))
                    .set_target_group_stickiness_config(stickiness(
                        action,
                        *sticky,
                        *pinning && shares.len() > 1,
                    ))
                    .build()
            });
            blank
                .r#type(ActionTypeEnum::Forward)
                .set_target_group_arn(only.filter(|_| beside || !inside))
                .set_forward_config(config)
                .build()
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_elasticloadbalancingv2::types::AuthenticateOidcActionConfig;

    use super::*;

    fn arn(name: &str) -> String {
        format!("arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/{name}/50dc6c495c0c9188")
    }

    fn to(shares: &[(&str, u32)]) -> Lead {
        Lead::To {
            shares: shares
                .iter()
                .map(|(name, weight)| (Arn::new(arn(name)), *weight))
                .collect(),
            pinning: false,
            sticky: None,
        }
    }

    fn sticky(enabled: bool) -> TargetGroupStickinessConfig {
        TargetGroupStickinessConfig::builder()
            .enabled(enabled)
            .duration_seconds(3600)
            .build()
    }

    fn forward(beside: Option<&str>, inside: &[(&str, Option<i32>)], stickiness: bool) -> SdkAction {
        let config = (!inside.is_empty()).then(|| {
            ForwardActionConfig::builder()
                .set_target_groups(Some(
                    inside
                        .iter()
                        .map(|(name, weight)| {
                            TargetGroupTuple::builder()
                                .target_group_arn(arn(name))
                                .set_weight(*weight)
                                .build()
                        })
                        .collect(),
                ))
                .target_group_stickiness_config(sticky(stickiness))
                .build()
        });
        SdkAction::builder()
            .r#type(ActionTypeEnum::Forward)
            .order(2)
            .set_target_group_arn(beside.map(arn))
            .set_forward_config(config)
            .build()
    }

    fn oidc() -> SdkAction {
        SdkAction::builder()
            .r#type(ActionTypeEnum::AuthenticateOidc)
            .order(1)
            .authenticate_oidc_config(
                AuthenticateOidcActionConfig::builder()
                    .issuer("https://login.example.com")
                    .client_id("shop")
                    .scope("openid email")
                    .authentication_request_extra_params("prompt", "login")
                    .build(),
            )
            .build()
    }

    fn fixed(status: &str, content_type: Option<&str>, body: Option<&str>) -> SdkAction {
        SdkAction::builder()
            .r#type(ActionTypeEnum::FixedResponse)
            .order(1)
            .fixed_response_config(
                FixedResponseActionConfig::builder()
                    .status_code(status)
                    .set_content_type(content_type.map(str::to_owned))
                    .set_message_body(body.map(str::to_owned))
                    .build(),
            )
            .build()
    }

    #[test]
    fn swinging_there_and_back_gives_the_same_actions_whatever_their_shape() {
        let shapes = [
            vec![forward(Some("tg-1"), &[], false)],
            vec![forward(Some("tg-1"), &[("tg-1", Some(1))], false)],
            vec![forward(Some("tg-1"), &[("tg-1", Some(100))], true)],
            vec![forward(None, &[("tg-1", None)], true)],
        ];
        for actions in shapes {
            let there = redirected(&actions, &to(&[("tg-2", 1)]));
            assert_eq!(to_model(&there), {
                let mut model = to_model(&actions);
                if let Action::Forward { shares } = &mut model {
                    shares[0].target_group = TargetGroupName::from("tg-2");
                }
                model
            });
            assert_eq!(redirected(&there, &to(&[("tg-1", 1)])), actions);
        }
    }

    #[test]
    fn weights_come_and_go_with_stickiness_kept() {
        let actions = vec![forward(None, &[("tg-1", Some(1)), ("tg-2", Some(0))], true)];
        let shifted = redirected(&actions, &to(&[("tg-1", 90), ("tg-2", 10)]));
        assert_eq!(
            shifted,
            vec![forward(None, &[("tg-1", Some(90)), ("tg-2", Some(10))], true)]
        );
        assert_eq!(redirected(&shifted, &to(&[("tg-1", 1), ("tg-2", 0)])), actions);
        assert_eq!(
            redirected(&actions, &to(&[("tg-2", 1)])),
            vec![forward(None, &[("tg-2", Some(1))], true)]
        );
    }

    #[test]
    fn stickiness_is_added_only_where_aws_demands_it() {
        let pinning = |lead: Lead| match lead {
            Lead::To { shares, .. } => Lead::To {
                shares,
                pinning: true,
                sticky: None,
            },
            fixed => fixed,
        };
        let enabled = |actions: &[SdkAction]| {
            let config = actions[0].forward_config()?.target_group_stickiness_config()?;
            Some((config.enabled()?, config.duration_seconds()?))
        };
        let several = to(&[("tg-1", 1), ("tg-2", 0)]);
        assert_eq!(enabled(&only(&several)), None);
        assert_eq!(enabled(&only(&pinning(several.clone()))), Some((true, 1)));
        let off = [forward(None, &[("tg-1", Some(1))], false)];
        assert_eq!(
            enabled(&redirected(&off, &pinning(several.clone()))),
            Some((true, 1))
        );
        let on = [forward(None, &[("tg-1", Some(1))], true)];
        assert_eq!(enabled(&redirected(&on, &pinning(several))), Some((true, 3600)));
        assert_eq!(
            enabled(&redirected(&off, &pinning(to(&[("tg-2", 1)])))),
            Some((false, 3600))
        );
    }

    #[test]
    fn several_target_groups_are_never_named_beside_the_config() {
        let actions = vec![forward(Some("tg-1"), &[("tg-1", Some(1))], false)];
        let shifted = redirected(&actions, &to(&[("tg-1", 90), ("tg-2", 10)]));
        assert_eq!(shifted[0].target_group_arn(), None);
    }

    #[test]
    fn authentication_is_kept_with_its_secret_left_where_it_is() {
        let actions = vec![oidc(), forward(Some("tg-1"), &[("tg-1", Some(1))], true)];
        let swung = redirected(&actions, &to(&[("tg-2", 1)]));
        let config = swung[0].authenticate_oidc_config().expect("authentication");
        assert_eq!(config.use_existing_client_secret(), Some(true));
        assert_eq!(config.client_secret(), None);
        let mut same = config.clone();
        same.use_existing_client_secret = None;
        assert_eq!(Some(&same), oidc().authenticate_oidc_config());
        assert_eq!(swung[0].order(), Some(1));
        assert_eq!(swung[1], forward(Some("tg-2"), &[("tg-2", Some(1))], true));
    }

    #[test]
    fn authentication_stays_in_front_of_a_door_that_closes() {
        let closed = FixedResponse {
            status: 404,
            content_type: None,
            body: None,
        };
        let actions = vec![oidc(), forward(Some("tg-1"), &[], false)];
        let shut = redirected(&actions, &Lead::Fixed(closed.clone()));
        assert_eq!(shut.len(), 2);
        assert_eq!(shut[1].order(), Some(2));
        assert_eq!(to_model(&shut), Action::Fixed(closed));
    }

    #[test]
    fn a_door_that_opens_and_closes_again_is_as_it_was() {
        for actions in [
            vec![fixed("404", None, None)],
            vec![fixed("456", Some("text/plain"), Some("use the other one"))],
        ] {
            let Action::Fixed(closed) = to_model(&actions) else {
                panic!("a fixed response");
            };
            let open = redirected(&actions, &to(&[("tg-2", 1)]));
            assert_eq!(to_model(&open), Action::to(&TargetGroupName::from("tg-2")));
            assert_eq!(redirected(&open, &Lead::Fixed(closed)), actions);
        }
    }

    #[test]
    fn target_groups_of_others_are_named_from_their_arn() {
        assert_eq!(name_in(&arn("orders-blue")).as_str(), "orders-blue");
        assert_eq!(name_in("something else").as_str(), "something else");
    }
}
