//! Whole deployments through the real adapter, the real SDK and its retries, on the lab and in virtual time.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use jiff::Timestamp;
use tokio::time::Instant;

use super::*;
use crate::cloud::Cloud;
use crate::cloud::aws::Aws;
use crate::config::{self, Config, Overrides};
use crate::lab::estates::{Estate, build};
use crate::lab::instances::Imagined;
use crate::lab::keeper::Keeper;
use crate::lab::plug::Plug;
use crate::lab::world::Settings;
use crate::model::release::{Release, Source};
use crate::model::tags::Tags;

const CONFIG: &str = r#"
app = "alb-ks"
load_balancer = "alb-ks"

[names]
group = "asg-{n}"
target_group = "tg-{n}"

[doors]
scheme = "role"
header = "x-client-mode"
blue = "blue"
green = "green"
listeners = [80]
blue_priority = 10
green_priority = 11

[lock]
listener = 80
priority = 1
entrance_priority = 2
"#;

struct Operator {
    keeper: Arc<Keeper>,
    aws: Aws,
    config: Config,
}

impl Operator {
    /// The initial scenario, with instances that are only imagined.
    async fn new() -> Self {
        let settings = Settings {
            began: Timestamp::now(),
            ..Settings::default()
        };
        let keeper = Keeper::start(settings, Box::new(Imagined::default()));
        let estate = Estate::named("001").expect("a seed");
        keeper.with(|world| build(world, &estate)).expect("an estate");
        let sdk = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("lab", "lab", None, None, "tests"))
            .http_client(Plug::into(&keeper))
            .load()
            .await;
        let config = config::read(
            CONFIG,
            Path::new("swingbridge.toml"),
            &Overrides::default(),
            &|_| None,
        )
        .expect("a configuration");
        Self {
            keeper,
            aws: Aws::from_config(&sdk, "the lab".into()),
            config,
        }
    }

    fn fault(&self, text: &str) {
        let fault = text.parse().expect("a fault");
        self.keeper
            .with(|world| world.break_with(fault))
            .expect("a fault that can be");
    }

    async fn runs(&self, intent: Intent) -> Verdict {
        let (_stopper, interrupt) = Interrupt::pair();
        let job = Job {
            cloud: &self.aws,
            scope: &self.config.scope,
            command: format!("swingbridge {}", intent.word()),
            run: "run".into(),
            identity: somebody(true),
            lock: LockSettings {
                lease: Duration::from_secs(120),
                wait: Duration::ZERO,
            },
            timeout: None,
            interrupt,
        };
        let estate = self.aws.observe(&self.config.scope).await.expect("an estate");
        let plan = plan::plan(&estate, &intent, &self.config.policy)
            .unwrap_or_else(|refusal| panic!("{}: {refusal}", intent.word()));
        carry_out(&job, &plan, &estate, &mut Listen::default()).await
    }

    async fn must(&self, intent: Intent) {
        let verdict = self.runs(intent.clone()).await;
        assert_eq!(verdict.code, 0, "{}: {verdict:#?}", intent.word());
    }

    /// Who is live, and the numbers of all generations there are.
    async fn sees(&self) -> (u32, Vec<u32>) {
        let estate = self.aws.observe(&self.config.scope).await.expect("an estate");
        let roles = Roles::of(&estate, &self.config.policy).expect("roles");
        let mut all: Vec<u32> = estate
            .groups
            .iter()
            .filter_map(|group| group.generation.map(|generation| generation.0))
            .collect();
        all.sort_unstable();
        (roles.live.generation.0, all)
    }
}

fn release(name: &str) -> Intent {
    Intent::Deploy {
        release: Release {
            name: name.into(),
            inputs: format!("inputs-of-{name}"),
            source: Source::Version { number: 2 },
            tags: Tags::new(),
        },
    }
}

#[tokio::test(start_paused = true)]
async fn a_release_goes_to_production_and_back_and_leaves_nothing() {
    let operator = Operator::new().await;
    let (began, really) = (Instant::now(), std::time::Instant::now());
    operator.must(release("2.0")).await;
    assert_eq!(operator.sees().await, (1, vec![1, 2]));
    operator.must(Intent::Promote).await;
    assert_eq!(operator.sees().await, (2, vec![1, 2]));
    operator.must(rollback()).await;
    assert_eq!(operator.sees().await, (1, vec![1, 2]));
    operator.must(Intent::Abort).await;
    assert_eq!(operator.sees().await, (1, vec![1]));
    // Soaks, draining and propagation were waited out, and took none of anybody's time.
    assert!(began.elapsed() > Duration::from_secs(60) && really.elapsed() < began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_release_that_never_becomes_healthy_stays_outside_and_is_gone_after_an_abort() {
    let operator = Operator::new().await;
    operator.must(release("2.0")).await;
    operator.must(Intent::Abort).await;
    operator.fault("unhealthy-boot count=1000");
    let verdict = operator.runs(release("3.0")).await;
    assert_eq!(verdict.code, 4, "{verdict:#?}");
    assert_eq!(operator.sees().await, (1, vec![1, 2]));
    operator.must(Intent::Abort).await;
    assert_eq!(operator.sees().await, (1, vec![1]));
}

#[tokio::test(start_paused = true)]
async fn calls_that_fail_now_and_then_make_a_deployment_slower_and_nothing_else() {
    for fault in [
        "throttle *:* probability=0.3",
        "error *:* code=InternalFailure status=500 probability=0.1",
        "lost-response *:* probability=0.1",
        "lost-request *:* probability=0.1",
        "late *:* by=3 probability=0.3",
        "slow-propagation by=8",
        "launch-failure count=2",
    ] {
        let operator = Operator::new().await;
        operator.fault(fault);
        for (intent, wanted) in [(release("2.0"), 1), (Intent::Promote, 2), (rollback(), 1)] {
            let verdict = operator.runs(intent.clone()).await;
            assert_eq!(verdict.code, 0, "{fault}, {}: {verdict:#?}", intent.word());
            assert_eq!(operator.sees().await.0, wanted, "{fault}, {}", intent.word());
        }
    }
}
