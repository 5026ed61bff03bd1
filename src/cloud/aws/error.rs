//! SDK errors sorted by what to do about them.

use std::error::Error;
use std::io;

use aws_config::meta::ProviderChainError;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::Aws;
use crate::cloud::CloudError;

impl Aws {
    /// Turns what the SDK says of a failed call into what we can act on.
    pub(super) fn error<E>(&self, action: &'static str, error: SdkError<E, HttpResponse>) -> CloudError
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let passing = |message: String| CloudError::Passing {
            action: action.to_owned(),
            message,
        };
        match &error {
            SdkError::ServiceError(service) => {
                let status = service.raw().status().as_u16();
                match service.err().code() {
                    Some(code) => sort(action, status, code, service.err().message().unwrap_or_default()),
                    // Not AWS's way of saying no: a proxy's, perhaps.
                    None => sort(action, status, "no code", &format!("HTTP status {status}")),
                }
            }
            SdkError::TimeoutError(_) => passing("timed out".to_owned()),
            SdkError::ResponseError(_) => passing(chain(&error)),
            SdkError::DispatchFailure(failure) => {
                if let Some(message) = no_credentials(&error) {
                    CloudError::Credentials { message }
                } else if failure.is_timeout() || never_connected(&error) {
                    CloudError::Unreachable {
                        endpoint: self.place.clone(),
                        message: root(&error),
                    }
                } else if failure.is_io() {
                    // The connection broke: what was asked for may have been done.
                    passing(root(&error))
                } else {
                    not_sent(action, chain(&error))
                }
            }
            _ => match no_credentials(&error) {
                Some(message) => CloudError::Credentials { message },
                None => not_sent(action, chain(&error)),
            },
        }
    }
}

/// Auto Scaling says which template its caller may not use, and not what is missing for that.
fn with_what_a_template_takes(message: &str) -> String {
    if message.contains("not authorized to use launch template") {
        format!(
            "{message} (that takes ec2:RunInstances, ec2:CreateTags if it has tags for what it launches, and \
             iam:PassRole if it has an instance profile)"
        )
    } else {
        message.to_owned()
    }
}

fn not_sent(action: &str, message: String) -> CloudError {
    CloudError::Rejected {
        action: action.to_owned(),
        code: "not sent".to_owned(),
        message,
    }
}

/// What Auto Scaling says of what is not there, or was made a moment ago and has not come to it yet.
fn says_not_yet(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    [
        "not found",
        "could not find the specified version",
        "provided target groups may not be valid",
        "does not route traffic to the target group",
    ]
    .iter()
    .any(|text| message.contains(text))
}

fn sort(action: &str, status: u16, code: &str, message: &str) -> CloudError {
    // What comes from elsewhere is one line of ours, never several.
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let message = message.as_str();
    let said = || format!("{code}: {message}");
    let action = action.to_owned();
    match code {
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "NotAuthorized" => {
            CloudError::Denied {
                action,
                message: with_what_a_template_takes(message),
            }
        }
        "AuthFailure"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "IncompleteSignature"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "MissingAuthenticationToken"
        | "OptInRequired"
        | "RequestExpired"
        | "RequestTimeTooSkewed"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException" => CloudError::Credentials { message: said() },
        "PriorityInUse" => CloudError::PriorityInUse {
            priority: number_in(message).unwrap_or_default(),
        },
        "ValidationError" if says_not_yet(message) => CloudError::NotFound {
            what: message.to_owned(),
        },
        _ if code.contains("NotFound") => CloudError::NotFound {
            what: match kind_of(code) {
                Some(kind) => format!("{kind}: {message}"),
                None => said(),
            },
        },
        "AlreadyExists" | "AlreadyExistsFault" | "DuplicateTargetGroupName" => CloudError::AlreadyExists {
            what: message.to_owned(),
        },
        _ if code.ends_with("AlreadyExistsException") => CloudError::AlreadyExists {
            what: message.to_owned(),
        },
        "ResourceInUse"
        | "ResourceInUseFault"
        | "ScalingActivityInProgress"
        | "ScalingActivityInProgressFault"
        | "InstanceRefreshInProgress"
        | "InstanceRefreshInProgressFault"
        | "DependencyViolation" => CloudError::InUse {
            what: format!("{action}: {message}"),
        },
        "HealthUnavailable"
        | "InternalError"
        | "PriorRequestNotComplete"
        | "RateExceeded"
        | "RequestLimitExceeded"
        | "RequestThrottled"
        | "RequestTimeout"
        | "ResourceContention"
        | "ResourceContentionFault"
        | "Throttling"
        | "ThrottlingException"
        | "TooManyRequestsException" => CloudError::Passing {
            action,
            message: said(),
        },
        // 501 is how an emulator says that it never will.
        _ if status == 429 || (status >= 500 && status != 501) => CloudError::Passing {
            action,
            message: said(),
        },
        _ => CloudError::Rejected {
            action,
            code: code.to_owned(),
            message: message.to_owned(),
        },
    }
}

/// Nothing was sent. Of a failure while connecting, the HTTP client tells in words alone.
fn never_connected(error: &(dyn Error + 'static)) -> bool {
    refused(error) || causes(error).any(|cause| cause.to_string().contains("(Connect)"))
}

pub(super) fn refused(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|cause| cause.kind() == io::ErrorKind::ConnectionRefused)
    })
}

/// What a load balancing code says is missing, in the words of our messages.
fn kind_of(code: &str) -> Option<&'static str> {
    Some(match code.trim_end_matches("Exception") {
        "LoadBalancerNotFound" => "load balancer",
        "ListenerNotFound" => "listener",
        "RuleNotFound" => "rule",
        "TargetGroupNotFound" => "target group",
        _ => return None,
    })
}

fn number_in(message: &str) -> Option<u32> {
    message
        .split(|c: char| !c.is_ascii_digit())
        .find(|digits| !digits.is_empty())
        .and_then(|digits| digits.parse().ok())
}

/// Why there are no credentials, in a line, when that is what is wrong.
fn no_credentials(error: &(dyn Error + 'static)) -> Option<String> {
    let found = causes(error).find_map(|cause| cause.downcast_ref::<CredentialsError>())?;
    Some(match found {
        CredentialsError::CredentialsNotLoaded(_) => {
            let profile = causes(found)
                .find_map(|cause| cause.downcast_ref::<ProviderChainError<CredentialsError>>())
                .and_then(|chain| {
                    chain
                        .attempts()
                        .iter()
                        .find(|attempt| attempt.name() == "Profile")
                })
                .and_then(|attempt| causes(attempt.error()).skip(1).last())
                .map(|cause| format!(" ({cause})"))
                .unwrap_or_default();
            format!(
                "none in the environment, the profile{profile}, a web identity, a container or the instance"
            )
        }
        _ => chain(found),
    })
}

/// An error with every cause, in a line.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut texts: Vec<String> = Vec::new();
    for cause in causes(error) {
        let text = cause.to_string();
        if !texts.iter().any(|other| other.contains(&text)) {
            texts.push(text);
        }
    }
    texts.join(": ")
}

/// The innermost cause: of a connection that failed, the part that a person understands.
fn root(error: &(dyn Error + 'static)) -> String {
    causes(error).last().unwrap_or(error).to_string()
}

/// An error and every cause below it.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| {
        let error: &'a (dyn Error + 'static) = *error;
        error.source()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(status: u16, code: &str, message: &str) -> &'static str {
        match sort("Act", status, code, message) {
            CloudError::NotFound { .. } => "not found",
            CloudError::PriorityInUse { .. } => "priority",
            CloudError::AlreadyExists { .. } => "exists",
            CloudError::InUse { .. } => "in use",
            CloudError::Changed { .. } | CloudError::Unwritable { .. } => "changed",
            CloudError::Denied { .. } => "denied",
            CloudError::Credentials { .. } => "credentials",
            CloudError::Unreachable { .. } => "unreachable",
            CloudError::Passing { .. } => "passing",
            CloudError::Rejected { .. } => "rejected",
        }
    }

    #[test]
    fn every_code_is_sorted_by_what_to_do_about_it() {
        let table = [
            (400, "TargetGroupNotFound", "One or more …", "not found"),
            (400, "RuleNotFound", "", "not found"),
            // Auto Scaling has not heard yet of what was made a moment ago.
            (
                400,
                "ValidationError",
                "Could not find the specified version 10 for the launch template with ID lt-1",
                "not found",
            ),
            (
                400,
                "ValidationError",
                "Provided Target Groups may not be valid. Please ensure they exist and try again.",
                "not found",
            ),
            (400, "ListenerNotFound", "", "not found"),
            (400, "LoadBalancerNotFound", "", "not found"),
            (
                400,
                "ValidationError",
                "AutoScalingGroup name not found - x",
                "not found",
            ),
            (400, "InvalidLaunchTemplateId.NotFound", "", "not found"),
            (400, "InvalidAMIID.NotFound", "", "not found"),
            (400, "ValidationError", "Max must be at least min", "rejected"),
            (
                400,
                "PriorityInUse",
                "Priority '7' is currently in use",
                "priority",
            ),
            (400, "DuplicateTargetGroupName", "", "exists"),
            (400, "AlreadyExists", "", "exists"),
            (400, "ResourceInUse", "", "in use"),
            (400, "ScalingActivityInProgress", "", "in use"),
            (403, "AccessDenied", "", "denied"),
            (403, "UnauthorizedOperation", "", "denied"),
            (403, "ExpiredToken", "", "credentials"),
            (403, "InvalidClientTokenId", "", "credentials"),
            (403, "SignatureDoesNotMatch", "", "credentials"),
            (400, "ThrottlingException", "", "passing"),
            (400, "RateExceeded", "", "passing"),
            (400, "Throttling", "", "passing"),
            (500, "HealthUnavailable", "", "passing"),
            (500, "ResourceContention", "", "passing"),
            (503, "no code", "", "passing"),
            (501, "InternalFailure", "not implemented", "rejected"),
            (400, "InvalidLoadBalancerAction", "", "rejected"),
            (400, "TooManyRules", "", "rejected"),
            (400, "OperationNotPermitted", "", "rejected"),
        ];
        for (status, code, message, expected) in table {
            assert_eq!(kind(status, code, message), expected, "{code}: {message}");
        }
    }

    #[test]
    fn the_priority_is_read_from_the_message() {
        let error = sort(
            "CreateRule",
            400,
            "PriorityInUse",
            "Priority '12' is currently in use",
        );
        assert!(matches!(error, CloudError::PriorityInUse { priority: 12 }));
    }

    #[test]
    fn a_message_of_several_lines_is_one_line_of_ours() {
        let error = sort("CreateRule", 400, "TooManyRules", "no\r\n::add-mask::x\t y");
        assert!(error.to_string().contains("no ::add-mask::x y"), "{error}");
    }

    #[test]
    fn a_missing_load_balancer_is_named_as_the_way_out_expects() {
        let error = sort("DescribeLoadBalancers", 400, "LoadBalancerNotFound", "gone");
        assert!(
            error.way_out().contains("describe-load-balancers"),
            "{}",
            error.way_out()
        );
    }
}
