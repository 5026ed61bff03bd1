//! The adapter to AWS: one file per service and purpose. It decides nothing and prints nothing.

mod budget;
mod connect;
mod error;
mod transport;

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
    /// For messages: the endpoint, or the region.
    place: String,
}
