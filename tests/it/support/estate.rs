//! An estate of its own for each test: seeded in an AWS account of its own, so that tests run side by side.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use serde_json::Value;
use tokio::process::Command;

use super::ground::{Ground, Lab};
use super::localstack::{LocalStack, script};

pub(crate) const REGION: &str = "us-east-1";

/// What `localstack/seed` built.
#[derive(Debug)]
pub(crate) struct Estate {
    /// Twelve digits; also the access key, which is how LocalStack tells accounts apart.
    pub(crate) account: String,
    pub(crate) prefix: String,
    pub(crate) endpoint: String,
    made: Value,
    pub(crate) ground: Ground,
    /// Gone with the estate.
    _lab: Option<Lab>,
    /// Clients that owe nothing to the product: what it claims is checked with them.
    pub(crate) elb: aws_sdk_elasticloadbalancingv2::Client,
    pub(crate) asg: aws_sdk_autoscaling::Client,
    pub(crate) cw: aws_sdk_cloudwatch::Client,
    #[cfg(feature = "launch-templates")]
    pub(crate) ec2: aws_sdk_ec2::Client,
}

impl Estate {
    /// `alb-ks` with one listener, two doors, `tg-1` and `asg-1`.
    pub(crate) async fn initial(ground: Ground) -> Self {
        Self::seed("initial", ground).await
    }

    /// Somebody else's estate: two listeners, decorations of every kind, another team's rule.
    pub(crate) async fn foreign(ground: Ground) -> Self {
        Self::seed("foreign", ground).await
    }

    /// A lab that begins with an estate of its own, as a file has it: `alb-ks` with `asg-1` on `tg-1`.
    pub(crate) async fn of(file: &str, flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let config = folder.path().join("estate.toml");
        std::fs::write(&config, file).expect("writable");
        let config = config.to_str().expect("a path in words");
        let lab = Lab::up(&[&["--config", config], flags].concat()).await;
        // The lab knows one account, whoever asks.
        let sdk = connect(&lab.endpoint, "lab").await;
        let elb = aws_sdk_elasticloadbalancingv2::Client::new(&sdk);
        let answer = elb.describe_load_balancers().names("alb-ks").send().await;
        let answer = answer.expect("load balancers");
        let arn = answer.load_balancers()[0].load_balancer_arn().expect("an arn");
        Self {
            made: serde_json::json!({"load_balancer": {"name": "alb-ks", "arn": arn}}),
            elb,
            asg: aws_sdk_autoscaling::Client::new(&sdk),
            cw: aws_sdk_cloudwatch::Client::new(&sdk),
            #[cfg(feature = "launch-templates")]
            ec2: aws_sdk_ec2::Client::new(&sdk),
            endpoint: lab.endpoint.clone(),
            account: "lab".to_owned(),
            prefix: String::new(),
            ground: Ground::Lab,
            _lab: Some(lab),
        }
    }

    async fn seed(scenario: &str, ground: Ground) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let account = (100_000_000_000 + number).to_string();
        let prefix = format!("t{number}-");
        let lab = ground.lab().await;
        let endpoint = lab
            .as_ref()
            .map_or_else(|| &LocalStack::get().endpoint, |lab| &lab.endpoint);
        let output = Command::new(script("seed"))
            .args(["--endpoint", endpoint, "--scenario", scenario])
            .args(["--prefix", &prefix, "--account", &account])
            .output()
            .await
            .expect("localstack/seed can be started");
        assert!(
            output.status.success(),
            "localstack/seed failed:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let made = serde_json::from_slice(&output.stdout).expect("seed prints JSON");
        let sdk = connect(endpoint, &account).await;
        Self {
            elb: aws_sdk_elasticloadbalancingv2::Client::new(&sdk),
            asg: aws_sdk_autoscaling::Client::new(&sdk),
            cw: aws_sdk_cloudwatch::Client::new(&sdk),
            #[cfg(feature = "launch-templates")]
            ec2: aws_sdk_ec2::Client::new(&sdk),
            endpoint: endpoint.clone(),
            account,
            prefix,
            made,
            ground,
            _lab: lab,
        }
    }

    /// A name as the seed made it, with this estate's prefix.
    pub(crate) fn name(&self, plain: &str) -> String {
        format!("{}{plain}", self.prefix)
    }

    /// A text of what the seed built, by JSON pointer.
    pub(crate) fn made(&self, pointer: &str) -> &str {
        self.made
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_else(|| panic!("the seed made no {pointer}: {:#}", self.made))
    }

    /// What differs from one seeding to the next, and what to call it when two are compared.
    pub(crate) fn aliases(&self) -> Vec<(String, String)> {
        let mut all = vec![
            (self.account.clone(), "ACCOUNT".to_owned()),
            (self.made("/vpc").to_owned(), "VPC".to_owned()),
            (
                self.made("/security_group").to_owned(),
                "SECURITY-GROUP".to_owned(),
            ),
            (self.made("/subnets/0").to_owned(), "SUBNET-A".to_owned()),
            (self.made("/subnets/1").to_owned(), "SUBNET-B".to_owned()),
        ];
        let templates = self.made["launch_templates"].as_object().expect("templates");
        for (plain, template) in templates {
            all.push((
                template["id"].as_str().expect("an id").to_owned(),
                format!("TEMPLATE-{plain}"),
            ));
        }
        all.push((self.prefix.clone(), String::new()));
        all
    }
}

pub(crate) async fn connect(endpoint: &str, account: &str) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(Credentials::new(account, "test", None, None, "tests"))
        .endpoint_url(endpoint)
        .load()
        .await
}
