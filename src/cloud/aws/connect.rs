//! Reaching AWS: where, as whom, how long to wait, and how often to try again.

use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_elasticloadbalancingv2::config::FrameworkMetadata;
use aws_sdk_elasticloadbalancingv2::config::StalledStreamProtectionConfig;
use aws_sdk_elasticloadbalancingv2::config::retry::{RetryPartition, TokenBucket};

use super::budget::Budget;
use super::transport::{Line, Metered, Patience, default_client};
use super::{Aws, Connection};
use crate::cloud::{Clock, CloudError};
use crate::model::address;

const CONNECT: Duration = Duration::from_secs(3);
/// Includes waiting for our own budget, which a burst of a hundred reads exhausts for seconds.
const ATTEMPT: Duration = Duration::from_secs(20);
const OPERATION: Duration = Duration::from_secs(60);
const ATTEMPTS: u32 = 5;

/// The SDK's quota of 500 would be gone after a hundred throttled attempts, and never be refilled
/// by waiting; a long deploy in a busy account needs one that is.
const RETRY_QUOTA: usize = 5_000;
const RETRY_QUOTA_PER_SECOND: f32 = 5.0;

impl Aws {
    pub async fn connect(connection: &Connection) -> Result<Self, CloudError> {
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(default_client());
        if let Some(region) = &connection.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(profile) = &connection.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(endpoint) = &connection.endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        let config = loader.load().await;
        let Some(region) = config.region() else {
            return Err(CloudError::Credentials {
                message: "no AWS region: set --region, AWS_REGION or [aws] region".into(),
            });
        };
        let place = config
            .endpoint_url()
            .map_or_else(|| format!("AWS in {region}"), address::shown);
        Ok(Self::from_config(&config, place))
    }

    /// Clients over a configuration of one's own, for instance another transport. `place` is what
    /// messages call it.
    pub fn from_config(config: &SdkConfig, place: String) -> Self {
        let line = Line::default();
        let pool = config.http_client().unwrap_or_else(default_client);
        let transport = |budget: Option<Budget>| Metered {
            inner: pool.clone(),
            budget: budget.map(Arc::new),
            line: line.clone(),
        };
        let partition = RetryPartition::custom("swingbridge")
            .token_bucket(
                TokenBucket::builder()
                    .capacity(RETRY_QUOTA)
                    .refill_rate(RETRY_QUOTA_PER_SECOND)
                    .build(),
            )
            .build();
        let mut tuned = config
            .to_builder()
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(CONNECT)
                    .operation_attempt_timeout(ATTEMPT)
                    .operation_timeout(OPERATION)
                    .build(),
            )
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            // Every body is small, and an attempt that waits for its budget has not stalled.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        if let Ok(name) = FrameworkMetadata::new("swingbridge", Some(env!("CARGO_PKG_VERSION"))) {
            tuned = tuned.framework_metadata(name);
        }
        let tuned = tuned.build();

        macro_rules! client {
            ($service:ident, $budget:expr) => {
                $service::Client::from_conf(
                    $service::config::Builder::from(&tuned)
                        .http_client(transport($budget))
                        .retry_partition(partition.clone())
                        .retry_classifier(Patience(line.clone()))
                        .build(),
                )
            };
        }
        Self {
            elb: client!(aws_sdk_elasticloadbalancingv2, Some(Budget::load_balancing())),
            asg: client!(aws_sdk_autoscaling, Some(Budget::auto_scaling())),
            cw: client!(aws_sdk_cloudwatch, None),
            #[cfg(feature = "launch-templates")]
            ec2: client!(aws_sdk_ec2, None),
            sts: client!(aws_sdk_sts, None),
            place,
            clock: Clock::default(),
        }
    }

    /// The same, living by another clock.
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }
}
