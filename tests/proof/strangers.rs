//! Strangers: people and tools that change something beside a command, and know of no lock.

use std::fmt;

use aws_sdk_elasticloadbalancingv2::error::DisplayErrorContext;
use aws_sdk_elasticloadbalancingv2::types::{Action as LbAction, ActionTypeEnum};
use swingbridge::model::tags;

use crate::cell::Attempt;
use crate::life::Life;
use crate::operator::{Operator, Who, sdk};
use crate::stage::Scene;
use crate::tap::Tap;

/// The listener beside that of port 80, whose route is one by path.
const ELSEWHERE: u16 = 8080;

/// Somebody who does not know of the lock: one call, at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stranger {
    /// An autoscaler, which makes the group larger.
    Grows,
    /// One that makes it as small as it may be.
    Shrinks,
    /// The same of the candidate's group.
    GrowsNext,
    ShrinksNext,
    /// A provisioning run that puts the default rule back to what it knows.
    PutsBack,
    /// One that does so with a route by path, on another listener.
    PutsRouteBack,
    /// A person who leads the default rule back to the previous generation, while somebody removes it.
    LeadsBack,
    /// A person who frees the lock, because they believe that its holder is dead.
    FreesTheLock,
    /// A person who deletes the candidate's target group, if AWS lets them: not while a rule names it.
    DeletesTargetGroup,
    /// The same of live's, and of the generation that was live before it.
    DeletesLiveTargetGroup,
    DeletesPreviousTargetGroup,
    /// A person who deletes the candidate's group with everything in it. Once production goes there nobody can help.
    DeletesGroup,
}

pub(crate) const STRANGERS: [Stranger; 11] = [
    Stranger::Grows,
    Stranger::Shrinks,
    Stranger::GrowsNext,
    Stranger::ShrinksNext,
    Stranger::PutsBack,
    Stranger::PutsRouteBack,
    Stranger::FreesTheLock,
    Stranger::DeletesTargetGroup,
    Stranger::DeletesLiveTargetGroup,
    Stranger::DeletesPreviousTargetGroup,
    Stranger::DeletesGroup,
];

/// What comes of it when AWS lets them.
pub(crate) const DONE: &str = "done";

impl fmt::Display for Stranger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Grows => "an-autoscaler",
            Self::Shrinks => "a-shrinking-autoscaler",
            Self::GrowsNext => "an-autoscaler-of-the-candidate",
            Self::ShrinksNext => "a-shrinking-autoscaler-of-the-candidate",
            Self::PutsBack => "a-provisioning-run",
            Self::PutsRouteBack => "a-provisioning-run-by-path",
            Self::LeadsBack => "a-way-back",
            Self::FreesTheLock => "a-freed-lock",
            Self::DeletesTargetGroup => "a-deleted-target-group",
            Self::DeletesLiveTargetGroup => "a-deleted-target-group-of-live",
            Self::DeletesPreviousTargetGroup => "a-deleted-target-group-of-the-previous",
            Self::DeletesGroup => "a-deleted-group",
        })
    }
}

/// The group that a generation has; one that has none yet would have this name.
fn group_of(scene: &Scene, generation: u32) -> String {
    let number = generation.to_string();
    let found = scene.keeper.with(|world| {
        let mut groups = world.scaling.groups.values();
        groups
            .find(|group| {
                group
                    .tags
                    .get(tags::GENERATION)
                    .is_some_and(|tag| tag.value == number)
            })
            .map(|group| group.name.clone())
    });
    found.unwrap_or_else(|| format!("asg-{generation}"))
}

impl Stranger {
    /// Whether this command of this life finds anything that they could change.
    pub(crate) fn comes_to(self, life: &Life, at: usize) -> bool {
        match self {
            Self::PutsRouteBack => life.requests.iter().any(|request| request.port == ELSEWHERE),
            Self::DeletesPreviousTargetGroup => {
                let previous = life.roles(&life.prefixes()[at].found).previous;
                previous.is_some_and(|previous| previous.target_group.is_some())
            }
            _ => true,
        }
    }

    /// Whether they lead production somewhere.
    pub(crate) fn puts_back(self) -> bool {
        matches!(self, Self::PutsBack | Self::PutsRouteBack)
    }

    /// Whether it is the generation before live that they know of.
    pub(crate) fn knows_the_previous(self) -> bool {
        matches!(self, Self::LeadsBack | Self::DeletesPreviousTargetGroup)
    }

    /// Whether they take away what production could be led back to.
    pub(crate) fn takes_a_way_back(self) -> bool {
        matches!(
            self,
            Self::DeletesLiveTargetGroup | Self::DeletesPreviousTargetGroup
        )
    }

    /// Does it now, as any AWS client would. What AWS refuses is left.
    pub(crate) async fn acts(self, attempt: &Attempt<'_>, live: u32, next: u32) -> String {
        let scene = &attempt.scene;
        if self == Self::FreesTheLock {
            let who = Who {
                key: "stranger",
                ..Who::somebody()
            };
            let person = Operator::on(scene, &attempt.life.config, who, |_| None);
            return came_of(person.unlocks().await);
        }
        let tap = Tap::new(&scene.keeper, Box::new(|_| None));
        let sdk = sdk("stranger", &tap);
        let groups = aws_sdk_autoscaling::Client::new(&sdk);
        let (current, next_group) = (group_of(scene, live), group_of(scene, next));
        match self {
            Self::Grows | Self::Shrinks | Self::GrowsNext | Self::ShrinksNext => {
                let (group, desired) = match self {
                    Self::Grows => (current, 4),
                    Self::GrowsNext => (next_group, 4),
                    Self::ShrinksNext => (next_group, 1),
                    _ => (current, 1),
                };
                came_of(
                    groups
                        .set_desired_capacity()
                        .auto_scaling_group_name(group)
                        .desired_capacity(desired)
                        .send()
                        .await,
                )
            }
            Self::DeletesGroup => came_of(
                groups
                    .delete_auto_scaling_group()
                    .auto_scaling_group_name(next_group)
                    .force_delete(true)
                    .send()
                    .await,
            ),
            _ => {
                let balancing = aws_sdk_elasticloadbalancingv2::Client::new(&sdk);
                self.on_the_balancer(&balancing, live, next).await
            }
        }
    }

    async fn on_the_balancer(
        self,
        balancing: &aws_sdk_elasticloadbalancingv2::Client,
        live: u32,
        next: u32,
    ) -> String {
        let name = match self {
            Self::DeletesTargetGroup => format!("tg-{next}"),
            _ => format!("tg-{live}"),
        };
        let found = match balancing.describe_target_groups().names(name).send().await {
            Ok(found) => found,
            Err(error) => return DisplayErrorContext(error).to_string(),
        };
        let group = &found.target_groups()[0];
        let arn = group.target_group_arn().expect("it has one");
        if self == Self::DeletesTargetGroup || self.takes_a_way_back() {
            return came_of(balancing.delete_target_group().target_group_arn(arn).send().await);
        }
        // Where nobody looks after its health it would not answer, whoever led production there; nor where it is only
        // named so that it drains.
        let Some(balancer) = group.load_balancer_arns().first() else {
            return "no rule names it".into();
        };
        if is_let_go(balancing, arn, balancer).await {
            return "it is on its way out".into();
        }
        let listeners = balancing
            .describe_listeners()
            .load_balancer_arn(balancer)
            .send()
            .await;
        let listeners = listeners.expect("they are there");
        let port = match self {
            Self::PutsRouteBack => ELSEWHERE,
            _ => 80,
        };
        let mut listeners = listeners.listeners().iter();
        let http = listeners.find(|listener| listener.port() == Some(i32::from(port)));
        let listener = http.and_then(|it| it.listener_arn()).expect("it is there");
        let forward = LbAction::builder()
            .r#type(ActionTypeEnum::Forward)
            .target_group_arn(arn)
            .build();
        if self == Self::PutsRouteBack {
            let rules = balancing.describe_rules().listener_arn(listener).send().await;
            let rules = rules.expect("they are there");
            let mut by_path = rules
                .rules()
                .iter()
                .filter(|rule| rule.is_default() != Some(true));
            let rule = by_path.next().and_then(|rule| rule.rule_arn()).expect("one");
            return came_of(
                balancing
                    .modify_rule()
                    .rule_arn(rule)
                    .actions(forward)
                    .send()
                    .await,
            );
        }
        came_of(
            balancing
                .modify_listener()
                .listener_arn(listener)
                .default_actions(forward)
                .send()
                .await,
        )
    }
}

fn came_of<T, E: std::error::Error>(done: Result<T, E>) -> String {
    match done {
        Ok(_) => DONE.into(),
        Err(error) => DisplayErrorContext(error).to_string(),
    }
}

/// Whether only the lock's rule names it.
async fn is_let_go(balancing: &aws_sdk_elasticloadbalancingv2::Client, arn: &str, balancer: &str) -> bool {
    let listeners = balancing
        .describe_listeners()
        .load_balancer_arn(balancer)
        .send()
        .await;
    for listener in listeners.expect("they are there").listeners() {
        let rules = balancing.describe_rules();
        let rules = rules.set_listener_arn(listener.listener_arn().map(str::to_owned));
        let rules = rules.send().await.expect("they are there");
        let names = |action: &LbAction| {
            let shares = action.forward_config().map(|forward| forward.target_groups());
            let mut shares = shares.unwrap_or_default().iter();
            action.target_group_arn() == Some(arn) || shares.any(|one| one.target_group_arn() == Some(arn))
        };
        let mut others = rules.rules().iter().filter(|rule| rule.priority() != Some("1"));
        if others.any(|rule| rule.actions().iter().any(names)) {
            return false;
        }
    }
    true
}
