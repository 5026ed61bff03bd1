//! The adapter to AWS: one file per service and purpose. It decides nothing and prints nothing.

use super::CloudError;

mod alarms;
mod attachments;
mod clone;
mod enrich;
mod error;
mod groups;
#[cfg(test)]
mod members;
mod pin;
mod render;
mod resize;
mod settings;
#[cfg(feature = "launch-templates")]
mod templates;
#[cfg(not(feature = "launch-templates"))]
mod without_templates;

/// How to reach AWS. What is `None` comes from the environment, as with every AWS tool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connection {
    pub region: Option<String>,
    pub profile: Option<String>,
    pub endpoint: Option<String>,
}

/// Clients for every service we speak to, sharing one connection pool and one set of credentials.
#[derive(Clone, Debug)]
pub struct Aws {
    elb: aws_sdk_elasticloadbalancingv2::Client,
    asg: aws_sdk_autoscaling::Client,
    cw: aws_sdk_cloudwatch::Client,
    #[cfg(feature = "launch-templates")]
    ec2: aws_sdk_ec2::Client,
    sts: aws_sdk_sts::Client,
    /// For messages: the endpoint asked, or the region.
    place: String,
}

impl Aws {
    pub async fn connect(connection: &Connection) -> Result<Self, CloudError> {
        let mut loader = aws_config::defaults(aws_config::BehaviorVersion::latest());
        if let Some(region) = &connection.region {
            loader = loader.region(aws_config::Region::new(region.clone()));
        }
        if let Some(profile) = &connection.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(endpoint) = &connection.endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        let config = loader.load().await;
        let region = config.region().map(ToString::to_string);
        let place = connection
            .endpoint
            .clone()
            .or(region)
            .ok_or_else(|| CloudError::Credentials {
                message: "no AWS region: set --region, AWS_REGION or [aws] region".into(),
            })?;
        Ok(Self {
            elb: aws_sdk_elasticloadbalancingv2::Client::new(&config),
            asg: aws_sdk_autoscaling::Client::new(&config),
            cw: aws_sdk_cloudwatch::Client::new(&config),
            #[cfg(feature = "launch-templates")]
            ec2: aws_sdk_ec2::Client::new(&config),
            sts: aws_sdk_sts::Client::new(&config),
            place,
        })
    }
}
