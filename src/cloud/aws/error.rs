//! SDK errors sorted by what to do about them.

use std::error::Error;
use std::fmt::Debug;

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::Aws;
use crate::cloud::CloudError;

impl Aws {
    /// Turns what the SDK says of a failed call into what we can act on.
    pub(super) fn error<E, R>(&self, action: &'static str, error: SdkError<E, R>) -> CloudError
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
        R: Debug + Send + Sync + 'static,
    {
        let passing = |message: String| CloudError::Passing {
            action: action.to_owned(),
            message,
        };
        match &error {
            SdkError::DispatchFailure(failure) => {
                let message = chain(&error);
                if message.contains("credential") || message.contains("sso") {
                    CloudError::Credentials { message }
                } else if failure.is_timeout() {
                    passing(message)
                } else {
                    CloudError::Unreachable {
                        endpoint: self.place.clone(),
                        message,
                    }
                }
            }
            SdkError::TimeoutError(_) => passing("timed out".to_owned()),
            SdkError::ServiceError(service) => {
                let code = service.err().code().unwrap_or("unknown").to_owned();
                let message = service.err().message().unwrap_or_default().to_owned();
                sort(action, code, message)
            }
            SdkError::ResponseError(_) => passing(chain(&error)),
            _ => CloudError::Rejected {
                action: action.to_owned(),
                code: "not sent".to_owned(),
                message: chain(&error),
            },
        }
    }
}

fn sort(action: &'static str, code: String, message: String) -> CloudError {
    let action = action.to_owned();
    match code.as_str() {
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" => {
            CloudError::Denied { action, message }
        }
        "ExpiredToken"
        | "ExpiredTokenException"
        | "RequestExpired"
        | "InvalidClientTokenId"
        | "AuthFailure"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException"
        | "MissingAuthenticationToken" => CloudError::Credentials {
            message: format!("{code}: {message}"),
        },
        "ResourceInUse"
        | "ResourceInUseFault"
        | "ScalingActivityInProgress"
        | "ScalingActivityInProgressFault" => CloudError::InUse {
            what: format!("{action}: {message}"),
        },
        "Throttling"
        | "ThrottlingException"
        | "RequestLimitExceeded"
        | "RateExceeded"
        | "RequestThrottled"
        | "TooManyRequestsException"
        | "ServiceUnavailable"
        | "InternalFailure"
        | "InternalError"
        | "ResourceContention"
        | "ResourceContentionFault"
        | "HealthUnavailable" => CloudError::Passing {
            action,
            message: format!("{code}: {message}"),
        },
        _ => CloudError::Rejected {
            action,
            code,
            message,
        },
    }
}

/// An error with every cause, in a line.
fn chain(error: &dyn Error) -> String {
    let mut texts = vec![error.to_string()];
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if !texts.contains(&text) {
            texts.push(text);
        }
        source = cause.source();
    }
    texts.join(": ")
}
