//! An answer as it came: the SDK drops what its types do not have, and a rule must not be written without it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_elasticloadbalancingv2::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_elasticloadbalancingv2::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_smithy_runtime_api::box_error::BoxError;

/// Every element that an action may have in this SDK, at any depth.
const KNOWN: &[&str] = &[
    "AdditionalClaims",
    "AuthenticateCognitoConfig",
    "AuthenticateOidcConfig",
    "AuthenticationRequestExtraParams",
    "AuthorizationEndpoint",
    "ClientId",
    "ClientSecret",
    "ContentType",
    "DurationSeconds",
    "Enabled",
    "FixedResponseConfig",
    "Format",
    "ForwardConfig",
    "Host",
    "Issuer",
    "JwksEndpoint",
    "JwtValidationConfig",
    "MessageBody",
    "Name",
    "OnUnauthenticatedRequest",
    "Order",
    "Path",
    "Port",
    "Protocol",
    "Query",
    "RedirectConfig",
    "Scope",
    "SessionCookieName",
    "SessionTimeout",
    "StatusCode",
    "TargetGroupArn",
    "TargetGroupStickinessConfig",
    "TargetGroups",
    "TokenEndpoint",
    "Type",
    "UseExistingClientSecret",
    "UserInfoEndpoint",
    "UserPoolArn",
    "UserPoolClientId",
    "UserPoolDomain",
    "Values",
    "Weight",
    // Of lists and maps.
    "entry",
    "key",
    "member",
    "value",
];

/// Keeps the last answer's text beside what the SDK made of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Verbatim(Arc<Mutex<String>>);

impl Intercept for Verbatim {
    fn name(&self) -> &'static str {
        "Verbatim"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response().body().bytes().unwrap_or_default();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = String::from_utf8_lossy(body).into_owned();
        Ok(())
    }
}

impl Verbatim {
    /// What the described actions have that the SDK's types have not.
    pub(super) fn unknown_in_actions(&self) -> BTreeSet<String> {
        let text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        text.split("<Actions>")
            .skip(1)
            .filter_map(|rest| rest.split("</Actions>").next())
            .flat_map(elements)
            .filter(|name| !KNOWN.contains(name))
            .map(str::to_owned)
            .collect()
    }
}

/// The names of the elements that begin in a piece of XML. Text cannot hold a `<`.
fn elements(xml: &str) -> impl Iterator<Item = &str> {
    xml.split('<')
        .skip(1)
        .filter(|tag| !tag.starts_with(['/', '!', '?']))
        .filter_map(|tag| tag.split([' ', '>', '/', '\t', '\n', '\r']).next())
}
