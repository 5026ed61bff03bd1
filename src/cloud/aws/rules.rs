//! Calls about listeners and rules: reading them all, and changing one without losing anything.

use aws_sdk_elasticloadbalancingv2::types::{Listener as SdkListener, Rule as SdkRule};

use super::actions::{self, Lead};
use super::verbatim::Verbatim;
use super::{Aws, routing, tags};
use crate::cloud::{CloudError, NewRule, Swing};
use crate::model::estate::{Estate, TargetGroup};
use crate::model::ids::{Arn, TargetGroupName};
use crate::model::routing::{Action, Priority, RulePlace, Sticky};

/// The most rules one page of a description holds.
const PAGE: i32 = 400;

impl Aws {
    pub(super) async fn listeners(&self, load_balancer: &Arn) -> Result<Vec<SdkListener>, CloudError> {
        self.elb
            .describe_listeners()
            .load_balancer_arn(load_balancer.as_str())
            .into_paginator()
            .items()
            .send()
            .collect::<Result<Vec<_>, _>>()
            .await
            .map_err(|error| self.error("DescribeListeners", error))
    }

    /// All rules of a listener, without their tags.
    pub(super) async fn raw_rules(&self, listener: &Arn) -> Result<Vec<SdkRule>, CloudError> {
        self.elb
            .describe_rules()
            .listener_arn(listener.as_str())
            .page_size(PAGE)
            .into_paginator()
            .items()
            .send()
            .collect::<Result<Vec<_>, _>>()
            .await
            .map_err(|error| self.error("DescribeRules", error))
    }

    /// A rule that is about to be written, and nothing of which is unknown.
    async fn writable_rule(&self, rule: &RulePlace) -> Result<SdkRule, CloudError> {
        let verbatim = Verbatim::default();
        let raw = self
            .elb
            .describe_rules()
            .rule_arns(rule.arn.as_str())
            .customize()
            .interceptor(verbatim.clone())
            .send()
            .await
            .map_err(|error| self.error("DescribeRules", error))?
            .rules
            .and_then(|rules| rules.into_iter().next())
            .ok_or_else(|| CloudError::NotFound {
                what: format!("rule {}", rule.arn),
            })?;
        let unknown: Vec<String> = verbatim.unknown_in_actions().into_iter().collect();
        let why = match unknown.as_slice() {
            [] => actions::unwritable(raw.actions()),
            names => Some(format!("its actions have {}", names.join(", "))),
        };
        match why {
            None => Ok(raw),
            Some(why) => Err(CloudError::Unwritable {
                rule: rule.to_string(),
                why,
            }),
        }
    }

    pub(super) async fn point(&self, estate: &Estate, swing: Swing<'_>) -> Result<(), CloudError> {
        let lead = self.lead(estate, swing.after, swing.sticky).await?;
        // Nothing may come between this reading and the writing: AWS has no conditional write.
        let raw = self.writable_rule(swing.rule).await?;
        let found = actions::to_model(raw.actions());
        let sticks = swing
            .sticky
            .is_none_or(|sticky| sticky == routing::sticky(raw.actions()));
        if found.same_effect(swing.after) && sticks {
            return Ok(());
        }
        if !found.same_effect(swing.before) && !found.same_effect(swing.after) {
            return Err(CloudError::Changed {
                what: swing.rule.to_string(),
                expected: swing.before.to_string(),
                found: found.to_string(),
            });
        }
        let actions = actions::redirected(raw.actions(), &lead);
        if raw.is_default() == Some(true) {
            self.elb
                .modify_listener()
                .listener_arn(listener_on(estate, swing.rule.port)?.as_str())
                .set_default_actions(Some(actions))
                .send()
                .await
                .map(drop)
                .map_err(|error| self.error("ModifyListener", error))
        } else {
            self.elb
                .modify_rule()
                .rule_arn(swing.rule.arn.as_str())
                .set_actions(Some(actions))
                .send()
                .await
                .map(drop)
                .map_err(|error| self.error("ModifyRule", error))
        }
    }

    pub(super) async fn create_rule(&self, estate: &Estate, new: &NewRule) -> Result<Arn, CloudError> {
        let listener = listener_on(estate, new.port)?;
        let lead = self.lead(estate, &new.action, None).await?;
        let created = self
            .elb
            .create_rule()
            .listener_arn(listener.as_str())
            .priority(i32::try_from(new.priority).unwrap_or(i32::MAX))
            .set_conditions(routing::to_sdk(&new.condition).map(|condition| vec![condition]))
            .set_actions(Some(actions::only(&lead)))
            .set_tags(Some(tags::to_sdk(&new.tags)))
            .send()
            .await
            .map_err(|error| self.error("CreateRule", error));
        match created {
            Ok(output) => output
                .rules()
                .first()
                .and_then(SdkRule::rule_arn)
                .map(Arn::from)
                .ok_or_else(|| CloudError::Passing {
                    action: "CreateRule".to_owned(),
                    message: "it did not say which rule it made".to_owned(),
                }),
            // The call knows no client token: an attempt that seemed to fail may have worked, and
            // then it is our own rule that is in the way of the next.
            Err(CloudError::PriorityInUse { .. }) => {
                self.rule_as_ours(listener, new)
                    .await?
                    .ok_or(CloudError::PriorityInUse {
                        priority: new.priority,
                    })
            }
            Err(error @ CloudError::Passing { .. }) => self.rule_as_ours(listener, new).await?.ok_or(error),
            Err(error) => Err(error),
        }
    }

    /// The rule at the new one's priority, if it is the new one: same condition, action and tags.
    async fn rule_as_ours(&self, listener: &Arn, new: &NewRule) -> Result<Option<Arn>, CloudError> {
        let rules = self.raw_rules(listener).await?;
        let at = Priority::Numbered(new.priority);
        let Some(rule) = rules.iter().find(|rule| routing::priority(rule) == at) else {
            return Ok(None);
        };
        let as_asked = match rule.conditions() {
            [only] => {
                routing::condition(only) == new.condition
                    && actions::to_model(rule.actions()).same_effect(&new.action)
            }
            _ => false,
        };
        let arn = Arn::from(rule.rule_arn().unwrap_or_default());
        if !as_asked {
            return Ok(None);
        }
        let tags = self.tags_of_one(&arn).await?;
        let ours = new.tags.iter().all(|(key, value)| tags.get(key) == Some(value));
        Ok(ours.then_some(arn))
    }

    pub(super) async fn delete_rule(&self, rule: &Arn) -> Result<(), CloudError> {
        match self.elb.delete_rule().rule_arn(rule.as_str()).send().await {
            Ok(_) => Ok(()),
            Err(error) => match self.error("DeleteRule", error) {
                CloudError::NotFound { .. } => Ok(()),
                other => Err(other),
            },
        }
    }

    async fn lead(
        &self,
        estate: &Estate,
        action: &Action,
        sticky: Option<Sticky>,
    ) -> Result<Lead, CloudError> {
        match action {
            Action::Fixed(fixed) => Ok(Lead::Fixed(fixed.clone())),
            Action::Forward { shares } => {
                let mut leads = Vec::with_capacity(shares.len());
                for share in shares {
                    leads.push((self.arn_of(estate, &share.target_group).await?, share.weight));
                }
                let pinning = shares.iter().any(|share| {
                    estate
                        .target_group(&share.target_group)
                        .is_some_and(TargetGroup::pins_clients)
                });
                Ok(Lead::To {
                    shares: leads,
                    pinning,
                    sticky,
                })
            }
            Action::Other { text } => Err(CloudError::Rejected {
                action: "writing a rule".to_owned(),
                code: "unsupported".to_owned(),
                message: format!("a rule is never made to `{text}`"),
            }),
        }
    }

    /// A target group made since the estate was observed is asked for.
    async fn arn_of(&self, estate: &Estate, name: &TargetGroupName) -> Result<Arn, CloudError> {
        match estate.target_group(name) {
            Some(known) => Ok(known.arn.clone()),
            None => self
                .raw_target_group(name)
                .await?
                .and_then(|raw| raw.target_group_arn)
                .map(Arn::new)
                .ok_or_else(|| CloudError::NotFound {
                    what: format!("target group {name}"),
                }),
        }
    }
}

fn listener_on(estate: &Estate, port: u16) -> Result<&Arn, CloudError> {
    estate
        .listener(port)
        .map(|listener| &listener.arn)
        .ok_or_else(|| CloudError::NotFound {
            what: format!("listener on port {port}"),
        })
}
