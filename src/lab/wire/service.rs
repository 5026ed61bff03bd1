//! The services there are, what each is called where, and what it refuses before any operation of its.

use super::protocol::Call;
use super::{Operation, autoscaling, cloudwatch, ec2, elbv2, sts};
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;

#[derive(Debug)]
pub(super) struct Service {
    /// The prefix of its permissions, and its name in faults.
    pub(super) name: &'static str,
    /// Its name in a credential scope.
    pub(super) scope: &'static str,
    pub(super) version: &'static str,
    /// Of its XML.
    pub(super) namespace: &'static str,
    /// Of its JSON and CBOR.
    pub(super) shapes: &'static str,
    operations: &'static [Operation],
    /// Code and status of a refusal because of too many calls.
    throttled: (&'static str, u16),
    /// Code of a parameter that no operation of that name has.
    unknown_parameter: &'static str,
}

const SERVICES: &[Service] = &[
    Service {
        name: "elasticloadbalancing",
        scope: "elasticloadbalancing",
        version: "2015-12-01",
        namespace: "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
        shapes: "com.amazonaws.elasticloadbalancingv2",
        operations: elbv2::OPERATIONS,
        throttled: ("ThrottlingException", 400),
        unknown_parameter: "ValidationError",
    },
    Service {
        name: "autoscaling",
        scope: "autoscaling",
        version: "2011-01-01",
        namespace: "http://autoscaling.amazonaws.com/doc/2011-01-01/",
        shapes: "com.amazonaws.autoscaling",
        operations: autoscaling::OPERATIONS,
        throttled: ("RateExceeded", 400),
        unknown_parameter: "ValidationError",
    },
    Service {
        name: "ec2",
        scope: "ec2",
        version: ec2::VERSION,
        namespace: "http://ec2.amazonaws.com/doc/2016-11-15/",
        shapes: "com.amazonaws.ec2",
        operations: ec2::OPERATIONS,
        throttled: ("RequestLimitExceeded", 503),
        unknown_parameter: "UnknownParameter",
    },
    Service {
        name: "cloudwatch",
        scope: "monitoring",
        version: "2010-08-01",
        namespace: "http://monitoring.amazonaws.com/doc/2010-08-01/",
        shapes: "com.amazonaws.cloudwatch",
        operations: cloudwatch::OPERATIONS,
        throttled: ("Throttling", 400),
        unknown_parameter: "ValidationError",
    },
    Service {
        name: "sts",
        scope: "sts",
        version: "2011-06-15",
        namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
        shapes: "com.amazonaws.sts",
        operations: sts::OPERATIONS,
        throttled: ("Throttling", 400),
        unknown_parameter: "ValidationError",
    },
];

impl Service {
    pub(super) fn signed_for(scope: &str) -> Result<&'static Self, Refused> {
        SERVICES
            .iter()
            .find(|service| service.scope == scope)
            .ok_or_else(|| {
                let known: Vec<_> = SERVICES.iter().map(|service| service.scope).collect();
                Refused::new(
                    "InvalidAction",
                    format!("The lab has no service {scope}; it has {}", known.join(", ")),
                )
            })
    }

    /// Finds what is called.
    pub(super) fn operation(&self, call: &Call) -> Result<&'static Operation, Refused> {
        if let Some(version) = call.version.as_deref().filter(|version| *version != self.version) {
            let text = format!(
                "The lab has version {} of {}, not {version}",
                self.version, self.name
            );
            return Err(Refused::new("InvalidAction", text));
        }
        self.operations
            .iter()
            .find(|operation| operation.name == call.operation)
            .ok_or_else(|| {
                let text = format!(
                    "The action {} is not valid for this web service: the lab's {} does not have it",
                    call.operation, self.name
                );
                Refused::new("InvalidAction", text)
            })
    }

    /// Refuses what no client of the real API could mean.
    pub(super) fn check(&self, operation: &Operation, call: &mut Call) -> Result<(), Refused> {
        if self.name == "ec2"
            && let Some(dry) = call.input.flag("DryRun")?
        {
            if dry {
                let text = "Request would have succeeded, but DryRun flag is set.";
                return Err(Refused::new("DryRunOperation", text).status(412));
            }
            call.input = without(&call.input, "DryRun");
        }
        let unknown = call
            .input
            .members()
            .iter()
            .find(|(name, _)| !operation.members.contains(&name.as_str()));
        match unknown {
            None => Ok(()),
            Some((name, _)) => {
                let text = format!(
                    "The lab's {} {} has no parameter {name}",
                    self.name, operation.name
                );
                Err(Refused::new(self.unknown_parameter, text))
            }
        }
    }

    pub(super) fn throttled(&self) -> Refused {
        let (code, status) = self.throttled;
        Refused::new(code, "Rate exceeded").status(status)
    }
}

/// Whether an operation is more than a question.
pub(super) fn changes(operation: &str) -> bool {
    !is_question(operation) && !operation.starts_with("Assume")
}

/// Whether an operation only reads.
pub(super) fn is_question(operation: &str) -> bool {
    ["Describe", "Get", "List"]
        .iter()
        .any(|question| operation.starts_with(question))
}

/// What a call is about, in a word: the first thing its input names.
pub(super) fn subject(input: &Tree) -> Option<String> {
    let names = |name: &str| ["Arn", "Name", "Id"].iter().any(|end| name.ends_with(end));
    let (_, subject) = input
        .members()
        .iter()
        .find(|(name, value)| names(name) && value.as_text().is_some())?;
    subject
        .as_text()
        .map(|text| text.rsplit(':').next().unwrap_or(text).to_owned())
}

fn without(input: &Tree, gone: &str) -> Tree {
    Tree::Map(
        input
            .members()
            .iter()
            .filter(|(name, _)| name != gone)
            .cloned()
            .collect(),
    )
}
