//! The whole estate in as few round trips after one another as the APIs allow.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_autoscaling::types::AutoScalingGroup;
use aws_sdk_elasticloadbalancingv2::types::TargetGroup as SdkTargetGroup;
use futures_util::future::join_all;

use super::{Aws, actions, groups, target_groups};
use crate::cloud::CloudError;
use crate::model::estate::{Estate, Gap, Group, Image, LaunchTemplate, Part, TakenNames, TargetGroup};
use crate::model::ids::{Arn, GroupName, TargetGroupName};
use crate::model::routing::Listener;
use crate::model::scope::Scope;
use crate::model::tags::{self, Tags};

/// Listeners with their rules, and the tags of the target groups that only rules led us to.
struct Routing {
    listeners: Vec<Listener>,
    tags: BTreeMap<Arn, Tags>,
    gaps: Vec<Gap>,
}

/// Groups with all that hangs on them.
#[derive(Default)]
struct Fleet {
    groups: Vec<Group>,
    templates: Vec<LaunchTemplate>,
    gaps: Vec<Gap>,
}

impl Aws {
    pub(super) async fn observe(&self, scope: &Scope) -> Result<Estate, CloudError> {
        let (mut load_balancer, raw_target_groups, raw_groups) = tokio::try_join!(
            self.load_balancer(&scope.load_balancer),
            self.raw_target_groups(),
            self.describe_groups(),
        )?;
        let by_name: Vec<TargetGroup> = raw_target_groups
            .iter()
            .filter(|raw| named_like_ours(scope, raw))
            .map(target_groups::target_group)
            .collect();
        let known = names_by_arn(&by_name);
        let fleet: Vec<Group> = converted(scope, &raw_groups, &known);
        let (routing, attributes, by_name, fleet, image) = tokio::join!(
            self.routing(&load_balancer.arn, &known),
            self.load_balancer_attributes(&load_balancer.arn),
            self.with_tags_and_details(by_name),
            self.fleet(fleet),
            self.image_asked_for(scope),
        );

        let mut gaps = Vec::new();
        let routing = routing?;
        gaps.extend(routing.gaps);
        load_balancer.attributes = attributes.unwrap_or_else(|error| {
            gaps.push(error.gap(Part::LoadBalancerAttributes, &load_balancer.name));
            BTreeMap::new()
        });
        let (by_name, found) = by_name;
        gaps.extend(found);
        let (image, found) = image;
        gaps.extend(found);

        let in_use = target_groups_in_use(&routing.listeners);
        let led_to: Vec<TargetGroup> = raw_target_groups
            .iter()
            .map(target_groups::target_group)
            .filter(|tg| in_use.contains(&tg.name) && !known.contains_key(&tg.arn))
            .map(|tg| TargetGroup {
                tags: routing.tags.get(&tg.arn).cloned().unwrap_or_default(),
                ..tg
            })
            .collect();
        let (led_to, found) = self.with_details_of_ours(scope, led_to).await;
        gaps.extend(found);
        let mut target_groups: Vec<TargetGroup> = by_name
            .into_iter()
            .map(|tg| with_generation(scope, tg))
            .filter(|tg| tg.generation.is_some() || in_use.contains(&tg.name))
            .chain(led_to)
            .collect();
        target_groups.sort_by(|a, b| (a.generation, &a.name).cmp(&(b.generation, &b.name)));

        let fleet = self.complete(scope, fleet, &raw_groups, &target_groups).await;
        gaps.extend(fleet.gaps);
        Ok(Estate {
            observed_at: self.clock.now(),
            app: scope.app.clone(),
            load_balancer,
            listeners: routing.listeners,
            target_groups,
            groups: fleet.groups,
            templates: fleet.templates,
            image,
            taken: taken(&raw_target_groups, &raw_groups),
            gaps,
        })
    }

    /// Listeners, then the rules of all of them at once, then all tags at once.
    async fn routing(
        &self,
        load_balancer: &Arn,
        known: &BTreeMap<Arn, TargetGroupName>,
    ) -> Result<Routing, CloudError> {
        let raw = self.listeners(load_balancer).await?;
        let mut listeners: Vec<Listener> = raw
            .into_iter()
            .map(|raw| Listener {
                port: raw
                    .port()
                    .and_then(|port| u16::try_from(port).ok())
                    .unwrap_or_default(),
                protocol: raw
                    .protocol()
                    .map(|protocol| protocol.as_str().to_owned())
                    .unwrap_or_default(),
                arn: Arn::new(raw.listener_arn.unwrap_or_default()),
                rules: Vec::new(),
            })
            .collect();
        listeners.sort_by_key(|listener| listener.port);
        let mut named = BTreeSet::new();
        let rules = join_all(listeners.iter().map(|listener| self.raw_rules(&listener.arn))).await;
        for (listener, raw) in listeners.iter_mut().zip(rules) {
            let raw = raw?;
            named.extend(
                raw.iter()
                    .flat_map(|rule| actions::target_group_arns(rule.actions())),
            );
            listener.rules = super::routing::rules(listener.port, &raw);
        }
        let rules = listeners
            .iter()
            .flat_map(|listener| &listener.rules)
            .map(|rule| rule.arn.clone());
        let arns: Vec<Arn> = named
            .into_iter()
            .filter(|arn| !known.contains_key(arn))
            .chain(rules)
            .collect();
        let (mut tags, failure) = self.tags_of(&arns).await;
        for rule in listeners.iter_mut().flat_map(|listener| &mut listener.rules) {
            rule.tags = tags.remove(&rule.arn).unwrap_or_default();
        }
        let gaps = failure
            .iter()
            .flat_map(|error| {
                [Part::RuleTags, Part::TargetGroupTags].map(|part| error.gap(part, load_balancer.as_str()))
            })
            .collect();
        Ok(Routing {
            listeners,
            tags,
            gaps,
        })
    }

    pub(super) async fn with_tags_and_details(&self, all: Vec<TargetGroup>) -> (Vec<TargetGroup>, Vec<Gap>) {
        let arns: Vec<Arn> = all.iter().map(|tg| tg.arn.clone()).collect();
        let ((mut tags, failure), details) = tokio::join!(
            self.tags_of(&arns),
            join_all(all.into_iter().map(|tg| self.with_details(tg)))
        );
        let mut gaps: Vec<Gap> = Vec::new();
        let mut target_groups = Vec::new();
        for (mut tg, found) in details {
            tg.tags = tags.remove(&tg.arn).unwrap_or_default();
            gaps.extend(found);
            target_groups.push(tg);
        }
        if let Some(error) = failure {
            gaps.push(error.gap(Part::TargetGroupTags, "this app"));
        }
        (target_groups, gaps)
    }

    /// Those of another team on the same load balancer stay names: asking about each of them would
    /// spend the account's calls on nothing.
    async fn with_details_of_ours(
        &self,
        scope: &Scope,
        all: Vec<TargetGroup>,
    ) -> (Vec<TargetGroup>, Vec<Gap>) {
        let (ours, others): (Vec<_>, Vec<_>) = all
            .into_iter()
            .map(|tg| with_generation(scope, tg))
            .partition(|tg| tg.generation.is_some());
        let mut gaps = Vec::new();
        let mut target_groups = others;
        for (tg, found) in join_all(ours.into_iter().map(|tg| self.with_details(tg))).await {
            gaps.extend(found);
            target_groups.push(tg);
        }
        (target_groups, gaps)
    }

    async fn with_details(&self, mut tg: TargetGroup) -> (TargetGroup, Vec<Gap>) {
        let (attributes, targets) =
            tokio::join!(self.target_group_attributes(&tg.arn), self.targets(&tg.arn));
        let mut gaps = Vec::new();
        match attributes {
            Ok(attributes) => tg.attributes = attributes,
            Err(error) => gaps.push(error.gap(Part::TargetGroupAttributes, tg.name.as_str())),
        }
        match targets {
            Ok(targets) => tg.targets = targets,
            Err(error) => gaps.push(error.gap(Part::TargetHealth, tg.name.as_str())),
        }
        (tg, gaps)
    }

    async fn fleet(&self, groups: Vec<Group>) -> Fleet {
        if groups.is_empty() {
            return Fleet::default();
        }
        let launched = groups.clone();
        let ((groups, mut gaps), (templates, found)) =
            tokio::join!(self.enrich_groups(groups), self.launch_templates(&launched));
        gaps.extend(found);
        Fleet {
            groups,
            templates,
            gaps,
        }
    }

    /// Once every target group is known: the groups that only they lead to, and, of all groups,
    /// which target groups they stand on.
    async fn complete(
        &self,
        scope: &Scope,
        fleet: Fleet,
        raw: &[AutoScalingGroup],
        target_groups: &[TargetGroup],
    ) -> Fleet {
        let Fleet {
            groups: seen,
            mut templates,
            mut gaps,
        } = fleet;
        let mut seen: BTreeMap<GroupName, Group> = seen
            .into_iter()
            .map(|group| (group.name.clone(), group))
            .collect();
        let is_ours = |group: &Group| {
            group.generation.is_some()
                || target_groups
                    .iter()
                    .any(|tg| tg.generation.is_some() && group.target_groups.contains(&tg.name))
        };
        let mut groups = Vec::new();
        let mut late = Vec::new();
        for group in converted(scope, raw, &names_by_arn(target_groups)) {
            match seen.remove(&group.name) {
                Some(enriched) => groups.push(Group {
                    target_groups: group.target_groups,
                    other_traffic: group.other_traffic,
                    ..enriched
                }),
                None if is_ours(&group) => late.push(group),
                None => groups.push(group),
            }
        }
        let late = self.fleet(late).await;
        groups.extend(late.groups);
        groups.sort_by(|a, b| (a.generation, &a.name).cmp(&(b.generation, &b.name)));
        templates.extend(late.templates);
        templates.sort_by(|a, b| a.id.cmp(&b.id));
        templates.dedup_by(|a, b| a.id == b.id);
        gaps.extend(late.gaps);
        Fleet {
            groups,
            templates,
            gaps,
        }
    }

    async fn image_asked_for(&self, scope: &Scope) -> (Option<Image>, Vec<Gap>) {
        match &scope.image {
            Some(id) => self.image(id).await,
            None => (None, Vec::new()),
        }
    }
}

/// The groups that are generations, that are free for the next, or that stand on one of these target groups.
fn converted(
    scope: &Scope,
    raw: &[AutoScalingGroup],
    names_by_arn: &BTreeMap<Arn, TargetGroupName>,
) -> Vec<Group> {
    raw.iter()
        .map(|raw| groups::group(scope, raw, names_by_arn))
        .filter(|group| {
            group.generation.is_some()
                || !group.target_groups.is_empty()
                || tags::is_vacant(&group.tags, &scope.app)
        })
        .collect()
}

pub(super) fn names_by_arn(target_groups: &[TargetGroup]) -> BTreeMap<Arn, TargetGroupName> {
    target_groups
        .iter()
        .map(|tg| (tg.arn.clone(), tg.name.clone()))
        .collect()
}

pub(super) fn with_generation(scope: &Scope, tg: TargetGroup) -> TargetGroup {
    TargetGroup {
        generation: scope
            .names
            .generation_of_target_group(&scope.app, &tg.name, &tg.tags),
        ..tg
    }
}

fn named_like_ours(scope: &Scope, raw: &SdkTargetGroup) -> bool {
    let name = TargetGroupName::from(raw.target_group_name().unwrap_or_default());
    scope
        .names
        .generation_of_target_group(&scope.app, &name, &Tags::new())
        .is_some()
}

fn target_groups_in_use(listeners: &[Listener]) -> BTreeSet<TargetGroupName> {
    listeners
        .iter()
        .flat_map(|listener| &listener.rules)
        .flat_map(|rule| rule.action.shares())
        .map(|share| share.target_group.clone())
        .collect()
}

fn taken(target_groups: &[SdkTargetGroup], groups: &[AutoScalingGroup]) -> TakenNames {
    TakenNames {
        target_groups: target_groups
            .iter()
            .filter_map(|raw| raw.target_group_name())
            .map(TargetGroupName::from)
            .collect(),
        groups: groups
            .iter()
            .filter_map(|raw| raw.auto_scaling_group_name())
            .map(GroupName::from)
            .collect(),
    }
}
