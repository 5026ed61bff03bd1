//! Instance refreshes: starting one, having it taken back, and what Auto Scaling says of the newest.

use std::time::Duration;

use aws_sdk_autoscaling::types::{
    AlarmSpecification, DesiredConfiguration, InstanceRefresh, RefreshPreferences, ScaleInProtectedInstances,
    StandbyInstances,
};

use super::Aws;
use super::attachments::is_unknown_operation;
use super::pin::started_at;
use crate::cloud::{CloudError, Versions};
use crate::model::ids::GroupName;
use crate::model::rollout::{Kept, Refresh, Rolling};

impl Aws {
    /// The refresh under way, or the newest that has ended.
    pub(super) async fn refresh_of(&self, group: &GroupName) -> Result<Option<Refresh>, CloudError> {
        let answer = self
            .asg
            .describe_instance_refreshes()
            .auto_scaling_group_name(group.as_str())
            .send()
            .await
            .map_err(|e| self.error("DescribeInstanceRefreshes", e));
        match answer {
            Ok(page) => Ok(newest(page.instance_refreshes())),
            // Where there is no such operation, nothing can be refreshing.
            Err(error) if is_unknown_operation(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn start_refresh(
        &self,
        group: &GroupName,
        versions: &Versions,
        rolling: &Rolling,
    ) -> Result<(), CloudError> {
        let raw = self.existing_group(group).await?;
        let start = started_at(&raw, versions)?;
        let wanted = DesiredConfiguration::builder()
            .set_launch_template(start.template)
            .set_mixed_instances_policy(start.policy)
            .build();
        self.asg
            .start_instance_refresh()
            .auto_scaling_group_name(group.as_str())
            .desired_configuration(wanted)
            .preferences(preferences(rolling))
            .send()
            .await
            .map_err(|e| self.error("StartInstanceRefresh", e))?;
        Ok(())
    }

    pub(super) async fn take_refresh_back(&self, group: &GroupName) -> Result<(), CloudError> {
        let answer = self
            .asg
            .rollback_instance_refresh()
            .auto_scaling_group_name(group.as_str())
            .send()
            .await;
        match answer {
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_active_instance_refresh_not_found_fault()) =>
            {
                Ok(())
            }
            answer => answer
                .map(|_| ())
                .map_err(|e| self.error("RollbackInstanceRefresh", e)),
        }
    }
}

/// What is under way first, whatever the order of the answer.
fn newest(all: &[InstanceRefresh]) -> Option<Refresh> {
    let read: Vec<(Refresh, _)> = all
        .iter()
        .map(|raw| {
            (
                refresh(raw),
                raw.start_time().map(|at| (at.secs(), at.subsec_nanos())),
            )
        })
        .collect();
    read.into_iter()
        .max_by_key(|(refresh, at)| (refresh.is_under_way(), *at))
        .map(|(refresh, _)| refresh)
}

fn refresh(raw: &InstanceRefresh) -> Refresh {
    let count = |value: Option<i32>| value.and_then(|value| u32::try_from(value).ok()).unwrap_or(0);
    let wanted = raw.desired_configuration();
    let base = wanted.and_then(|wanted| {
        let mixed = wanted
            .mixed_instances_policy()
            .and_then(|policy| policy.launch_template())
            .and_then(|template| template.launch_template_specification());
        wanted.launch_template().or(mixed)
    });
    Refresh {
        id: raw.instance_refresh_id().unwrap_or_default().to_owned(),
        status: raw
            .status()
            .map(|status| status.as_str().to_owned())
            .unwrap_or_default(),
        reason: raw
            .status_reason()
            .filter(|reason| !reason.is_empty())
            .map(str::to_owned),
        percent: count(raw.percentage_complete),
        left: count(raw.instances_to_update),
        to: base
            .and_then(|template| template.version())
            .and_then(|version| version.parse().ok()),
    }
}

fn preferences(rolling: &Rolling) -> RefreshPreferences {
    let percent = |percent: u32| i32::try_from(percent).unwrap_or(100);
    let seconds = |time: Duration| i32::try_from(time.as_secs()).unwrap_or(i32::MAX);
    let warmup = rolling
        .warmup
        .map(|seconds| i32::try_from(seconds).unwrap_or(i32::MAX));
    // Without a last one of 100 it would end at the last one, with the rest as it was.
    let checkpoints = (!rolling.checkpoints.is_empty()).then(|| {
        let below = rolling.checkpoints.iter().filter(|percent| **percent < 100);
        below.copied().chain([100]).map(percent).collect::<Vec<_>>()
    });
    let alarms = (!rolling.alarms.is_empty()).then(|| {
        AlarmSpecification::builder()
            .set_alarms(Some(rolling.alarms.clone()))
            .build()
    });
    RefreshPreferences::builder()
        .min_healthy_percentage(percent(rolling.min_healthy))
        .max_healthy_percentage(percent(rolling.max_healthy))
        .set_instance_warmup(warmup)
        .set_checkpoint_delay(checkpoints.is_some().then(|| seconds(rolling.checkpoint_delay)))
        .set_checkpoint_percentages(checkpoints)
        .set_alarm_specification(alarms)
        .set_bake_time((!rolling.bake.is_zero()).then(|| seconds(rolling.bake)))
        .skip_matching(rolling.skip_matching)
        .auto_rollback(rolling.rolls_back)
        .scale_in_protected_instances(match rolling.protected {
            Kept::Wait => ScaleInProtectedInstances::Wait,
            Kept::Ignore => ScaleInProtectedInstances::Ignore,
            Kept::Replace => ScaleInProtectedInstances::Refresh,
        })
        .standby_instances(match rolling.standby {
            Kept::Wait => StandbyInstances::Wait,
            Kept::Ignore => StandbyInstances::Ignore,
            Kept::Replace => StandbyInstances::Terminate,
        })
        .build()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use aws_sdk_autoscaling::types::{InstanceRefreshStatus, LaunchTemplateSpecification};
    use aws_smithy_types::DateTime;

    use super::*;
    use crate::cloud::aws::fake;
    use crate::lab::estates::{Estate, build};
    use crate::lab::instances::Imagined;
    use crate::lab::keeper::Keeper;
    use crate::lab::world::Settings;
    use crate::model::ids::TemplateId;

    fn raw(id: &str, at: i64, status: InstanceRefreshStatus) -> InstanceRefresh {
        InstanceRefresh::builder()
            .instance_refresh_id(id)
            .status(status)
            .start_time(DateTime::from_secs(at))
            .percentage_complete(40)
            .instances_to_update(3)
            .desired_configuration(
                DesiredConfiguration::builder()
                    .launch_template(
                        LaunchTemplateSpecification::builder()
                            .launch_template_id("lt-1")
                            .version("8")
                            .build(),
                    )
                    .build(),
            )
            .build()
    }

    fn rolling() -> Rolling {
        Rolling {
            min_healthy: 90,
            max_healthy: 110,
            checkpoints: vec![20, 50],
            checkpoint_delay: Duration::from_secs(600),
            warmup: None,
            bake: Duration::from_secs(300),
            alarms: vec!["shop-5xx".into()],
            skip_matching: true,
            rolls_back: true,
            protected: Kept::Wait,
            standby: Kept::Replace,
        }
    }

    #[test]
    fn what_is_under_way_comes_before_what_has_ended_and_then_the_newest() {
        let ended = [
            raw("r-1", 1, InstanceRefreshStatus::Successful),
            raw("r-2", 2, InstanceRefreshStatus::Failed),
        ];
        assert_eq!(newest(&ended).map(|one| one.id), Some("r-2".into()));
        let mut all = ended.to_vec();
        all.insert(0, raw("r-0", 0, InstanceRefreshStatus::Baking));
        let found = newest(&all).expect("three");
        assert_eq!((found.id.as_str(), found.to), ("r-0", Some(8)));
        assert_eq!((found.percent, found.left), (40, 3));
    }

    #[test]
    fn checkpoints_always_lead_to_all_of_the_group() {
        let sent = preferences(&rolling());
        assert_eq!(sent.checkpoint_percentages(), [20, 50, 100]);
        assert_eq!(sent.checkpoint_delay(), Some(600));
        let whole = Rolling {
            checkpoints: vec![50, 100],
            ..rolling()
        };
        assert_eq!(preferences(&whole).checkpoint_percentages(), [50, 100]);
    }

    #[test]
    fn a_way_back_waits_for_nothing_and_is_never_turned_round() {
        let sent = preferences(&rolling().back());
        assert_eq!(sent.checkpoint_percentages(), [0; 0]);
        assert_eq!(sent.checkpoint_delay(), None);
        assert_eq!((sent.bake_time(), sent.alarm_specification()), (None, None));
        assert_eq!(sent.auto_rollback(), Some(false));
        assert_eq!(sent.min_healthy_percentage(), Some(90));
    }

    /// Two groups alike, whose template has a version that they do not use yet.
    const GROUPS: &str = r#"
name = "two"

[[launch_templates]]
name = "shop"
versions = [{ image = "one" }, { image = "two" }]

[[groups]]
name = "asg-1"
template = "shop"
version = "1"
min = 1
max = 4
desired = 2

[[groups]]
name = "asg-2"
template = "shop"
version = "1"
min = 1
max = 4
desired = 2
"#;

    async fn lab() -> (Arc<Keeper>, Aws) {
        let keeper = Keeper::start(Settings::default(), Box::new(Imagined::default()));
        let estate = Estate::read(GROUPS).expect("an estate");
        keeper
            .with(|world| build(world, &estate))
            .expect("a built estate");
        let aws = fake::before(&keeper).await;
        (keeper, aws)
    }

    /// Between the two, nothing is what Auto Scaling does when nobody says anything, and each switch stands both ways.
    #[tokio::test(start_paused = true)]
    async fn everything_that_a_rollout_is_to_heed_arrives_as_it_was_configured() {
        let careful = Rolling {
            min_healthy: 80,
            max_healthy: 130,
            checkpoints: vec![20, 50],
            checkpoint_delay: Duration::from_secs(900),
            warmup: Some(45),
            bake: Duration::from_secs(1_200),
            alarms: vec!["shop-5xx".into(), "shop-slow".into()],
            skip_matching: true,
            rolls_back: true,
            protected: Kept::Ignore,
            standby: Kept::Replace,
        };
        let bold = Rolling {
            min_healthy: 0,
            max_healthy: 100,
            checkpoints: Vec::new(),
            warmup: None,
            bake: Duration::ZERO,
            alarms: Vec::new(),
            skip_matching: false,
            rolls_back: false,
            protected: Kept::Replace,
            standby: Kept::Ignore,
            ..careful.clone()
        };
        let (_keeper, aws) = lab().await;
        let mut seen = Vec::new();
        for (group, rolling) in [("asg-1", careful), ("asg-2", bold)] {
            let group = GroupName::new(group);
            let raw = aws.existing_group(&group).await.expect("it is there");
            let template = raw.launch_template().and_then(|one| one.launch_template_id());
            let versions = Versions::from([(TemplateId::new(template.expect("a template")), 2)]);
            aws.start_refresh(&group, &versions, &rolling)
                .await
                .expect("it begins");
            let page = aws
                .asg
                .describe_instance_refreshes()
                .auto_scaling_group_name(group.as_str())
                .send()
                .await
                .expect("refreshes");
            let [refresh] = page.instance_refreshes() else {
                panic!("{page:#?}")
            };
            let to = refresh
                .desired_configuration()
                .and_then(|wanted| wanted.launch_template()?.version());
            assert_eq!(to, Some("2"), "{group}");
            seen.push(refresh.preferences().expect("preferences").clone());
        }
        let expected = RefreshPreferences::builder()
            .min_healthy_percentage(80)
            .max_healthy_percentage(130)
            .instance_warmup(45)
            .set_checkpoint_percentages(Some(vec![20, 50, 100]))
            .checkpoint_delay(900)
            .alarm_specification(
                AlarmSpecification::builder()
                    .alarms("shop-5xx")
                    .alarms("shop-slow")
                    .build(),
            )
            .bake_time(1_200)
            .skip_matching(true)
            .auto_rollback(true)
            .scale_in_protected_instances(ScaleInProtectedInstances::Ignore)
            .standby_instances(StandbyInstances::Terminate)
            .build();
        assert_eq!(seen[0], expected);
        let expected = RefreshPreferences::builder()
            .min_healthy_percentage(0)
            .max_healthy_percentage(100)
            .bake_time(0)
            .skip_matching(false)
            .auto_rollback(false)
            .scale_in_protected_instances(ScaleInProtectedInstances::Refresh)
            .standby_instances(StandbyInstances::Ignore)
            .build();
        assert_eq!(seen[1], expected);
    }
}
