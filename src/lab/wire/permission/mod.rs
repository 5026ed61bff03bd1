//! Who may call what: every call becomes the questions that the real service puts to IAM, and a policy answers them.
//! One file per service says which actions a call is checked for, on which resources, and what conditions see.

mod autoscaling;
mod cloudwatch;
mod ec2;
mod elbv2;
mod launch;

#[cfg(test)]
mod tests;

use super::identity::Identity;
use super::service::{Service, is_question};
use crate::lab::permission::{Answer, FREE_KEY, Question};
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;
use crate::lab::world::World;

/// What a caller must be allowed for one call.
#[derive(Debug)]
struct Needed {
    question: Question,
    /// What AWS says when it is not allowed, where that is not the usual sentence.
    refusal: Option<String>,
}

impl From<Question> for Needed {
    fn from(question: Question) -> Self {
        Self {
            question,
            refusal: None,
        }
    }
}

/// Refuses a call that its caller is held to a policy for, and that the policy does not allow.
pub(super) fn check(
    world: &mut World,
    service: &Service,
    operation: &str,
    input: &Tree,
    identity: &Identity,
) -> Result<(), Refused> {
    if world.settings.policy.is_none() {
        return Ok(());
    }
    // Who somebody is, AWS tells everybody.
    if identity.access_key == FREE_KEY || (service.name, operation) == ("sts", "GetCallerIdentity") {
        return Ok(());
    }
    let user = format!(
        "User: arn:aws:iam::{}:user/{}",
        world.settings.account, identity.access_key
    );
    let needed = match service.name {
        "elasticloadbalancing" => elbv2::needed(world, operation, input),
        "autoscaling" => autoscaling::needed(world, operation, input),
        "ec2" => ec2::needed(world, operation, input),
        "cloudwatch" => cloudwatch::needed(world, operation, input),
        _ => None,
    };
    let action = format!("{}:{operation}", service.name);
    let needed = needed.ok_or_else(|| {
        denied(
            service,
            &format!(
                "{user} is not authorized to perform: {action}: the lab does not know how AWS checks this call, \
                 so nobody who is held to a policy may make it"
            ),
        )
    })?;
    #[cfg(test)]
    world
        .asked
        .extend(needed.iter().map(|one| one.question.action.clone()));
    let Some(policy) = &world.settings.policy else {
        return Ok(());
    };
    for Needed { question, refusal } in needed {
        let question = question.with("aws:RequestedRegion", world.settings.region.as_str());
        let why = match policy.answers(&question) {
            Answer::Allowed => continue,
            Answer::NotAllowed => format!(
                "because no identity-based policy allows the {} action",
                question.action
            ),
            Answer::Denied => "with an explicit deny in an identity-based policy".to_owned(),
        };
        let on = match question.resource.as_str() {
            "*" => String::new(),
            resource => format!(" on resource: {resource}"),
        };
        let usual = || {
            format!(
                "{user} is not authorized to perform: {}{on} {why}",
                question.action
            )
        };
        return Err(denied(service, &refusal.unwrap_or_else(usual)));
    }
    Ok(())
}

fn denied(service: &Service, message: &str) -> Refused {
    let refused = if service.name == "ec2" {
        Refused::new(
            "UnauthorizedOperation",
            format!("You are not authorized to perform this operation. {message}"),
        )
    } else {
        Refused::new("AccessDenied", message)
    };
    refused.status(403)
}

/// A read that is checked for nothing in particular, as all of these services' reads are.
fn read(service: &str, operation: &str) -> Option<Vec<Needed>> {
    is_question(operation).then(|| vec![Question::new(format!("{service}:{operation}"), "*").into()])
}

/// What a request's own tags let conditions see.
fn with_request_tags(question: Question, tags: &[(&str, &str)]) -> Question {
    tags.iter().fold(question, |question, (key, value)| {
        question
            .with(&format!("aws:RequestTag/{key}"), *value)
            .with("aws:TagKeys", *key)
    })
}

/// The tags in a list of keys and values.
fn tags_in<'a>(input: &'a Tree, list: &str) -> Vec<(&'a str, &'a str)> {
    let pair = |tag: &'a Tree| Some((tag.text("Key")?, tag.text("Value").unwrap_or_default()));
    input.items(list).iter().filter_map(pair).collect()
}
