//! Reading a part of an estate again while a step is waited for.

use futures_util::future::join_all;

use super::groups::comes_with_the_group;
use super::observe::names_by_arn;
use super::{Aws, routing};
use crate::cloud::{CloudError, Look};
use crate::model::estate::{Estate, Group, Target, TargetGroup};
use crate::model::ids::{Arn, GroupName, TargetGroupName};
use crate::model::scope::Scope;

/// What is there now of one fleet's two parts; `None`: gone.
type Fleet = (Option<Group>, Option<Vec<Target>>);

impl Aws {
    pub(super) async fn look(
        &self,
        scope: &Scope,
        estate: &Estate,
        look: Look,
        fleets: &[(GroupName, TargetGroupName)],
    ) -> Result<Estate, CloudError> {
        match look {
            Look::Everything => self.observe(scope).await,
            Look::Rules => self.look_at_rules(estate).await,
            Look::Fleet | Look::Generation => {
                let known: Option<Vec<(&Group, &TargetGroup)>> = fleets
                    .iter()
                    .map(|(group, tg)| Some((estate.group(group)?, estate.target_group(tg)?)))
                    .collect();
                match known {
                    Some(known) if look == Look::Generation => {
                        let now = self.look_at_fleets(scope, estate, &known).await?;
                        self.look_closer(now, fleets).await
                    }
                    Some(known) => self.look_at_fleets(scope, estate, &known).await,
                    // Made since the estate was observed.
                    None => self.observe(scope).await,
                }
            }
        }
    }

    async fn look_at_rules(&self, estate: &Estate) -> Result<Estate, CloudError> {
        let each = join_all(
            estate
                .listeners
                .iter()
                .map(|listener| self.raw_rules(&listener.arn)),
        )
        .await;
        let mut now = estate.clone();
        for (listener, raw) in now.listeners.iter_mut().zip(each) {
            listener.rules = routing::rules(listener.port, &raw?);
        }
        let all = || now.listeners.iter().flat_map(|listener| &listener.rules);
        let unknown: Vec<Arn> = all()
            .filter(|rule| estate.rule(&rule.arn).is_none())
            .map(|rule| rule.arn.clone())
            .collect();
        let (mut tags, failure) = self.tags_of(&unknown).await;
        if let Some(error) = failure {
            return Err(error);
        }
        for rule in now.listeners.iter_mut().flat_map(|listener| &mut listener.rules) {
            rule.tags = match estate.rule(&rule.arn) {
                Some(before) => before.tags.clone(),
                None => tags.remove(&rule.arn).unwrap_or_default(),
            };
        }
        now.observed_at = self.clock.now();
        Ok(now)
    }

    async fn look_at_fleets(
        &self,
        scope: &Scope,
        estate: &Estate,
        fleets: &[(&Group, &TargetGroup)],
    ) -> Result<Estate, CloudError> {
        let names = names_by_arn(&estate.target_groups);
        let arns: Vec<Arn> = fleets.iter().map(|(_, tg)| tg.arn.clone()).collect();
        let each = join_all(fleets.iter().map(|(group, tg)| async {
            tokio::try_join!(
                self.look_at_group(&group.name, group, &names, scope),
                self.targets_if_any(&tg.arn),
            )
        }));
        let (each, (mut tags, unseen)) = tokio::join!(each, self.tags_of(&arns));
        if let Some(error) = unseen {
            return Err(error);
        }
        let mut now = estate.clone();
        for ((group, tg), answer) in fleets.iter().zip(each) {
            let (group_now, targets): Fleet = answer?;
            match group_now {
                Some(group_now) => {
                    if let Some(place) = now.groups.iter_mut().find(|it| it.name == group.name) {
                        *place = group_now;
                    }
                }
                None => now.groups.retain(|it| it.name != group.name),
            }
            match targets {
                Some(targets) => {
                    if let Some(place) = now.target_groups.iter_mut().find(|it| it.arn == tg.arn) {
                        place.targets = targets;
                        place.tags = tags.remove(&tg.arn).unwrap_or_default();
                    }
                }
                None => now.target_groups.retain(|it| it.arn != tg.arn),
            }
        }
        now.observed_at = self.clock.now();
        Ok(now)
    }

    /// What hangs on these groups, and what their target groups are set to and tagged with.
    async fn look_closer(
        &self,
        mut now: Estate,
        fleets: &[(GroupName, TargetGroupName)],
    ) -> Result<Estate, CloudError> {
        let groups: Vec<Group> = fleets
            .iter()
            .filter_map(|(group, _)| now.group(group).cloned())
            .map(|mut group| {
                group
                    .attachments
                    .retain(|attachment| comes_with_the_group(attachment.kind));
                group
            })
            .collect();
        let target_groups: Vec<TargetGroup> = fleets
            .iter()
            .filter_map(|(_, tg)| now.target_group(tg).cloned())
            .collect();
        let ((groups, unseen), (target_groups, unseen_too)) = tokio::join!(
            self.enrich_groups(groups),
            self.with_tags_and_details(target_groups)
        );
        // What was seen before must not pass for what is there now.
        if let Some(gap) = unseen
            .iter()
            .chain(&unseen_too)
            .find(|gap| now.gap(gap.part).is_none())
        {
            return Err(CloudError::Passing {
                action: format!("reading the {} of {}", gap.part, gap.about),
                message: gap.error.clone(),
            });
        }
        for group in groups {
            if let Some(place) = now.groups.iter_mut().find(|it| it.name == group.name) {
                *place = group;
            }
        }
        for target_group in target_groups {
            if let Some(place) = now.target_groups.iter_mut().find(|it| it.arn == target_group.arn) {
                *place = target_group;
            }
        }
        Ok(now)
    }

    /// A target group that is gone is told from one without targets, and neither from a failed call.
    async fn targets_if_any(&self, target_group: &Arn) -> Result<Option<Vec<Target>>, CloudError> {
        match self.targets(target_group).await {
            Ok(targets) => Ok(Some(targets)),
            Err(CloudError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
