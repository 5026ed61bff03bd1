//! Who signed a request, and for which service. The signature itself is not checked: any key will do.

use bytes::Bytes;
use http::Request;
use http::header::AUTHORIZATION;

use super::query;
use crate::lab::refusal::Refused;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) access_key: String,
    /// As it is in the credential scope: `elasticloadbalancing`, `monitoring`.
    pub(super) service: String,
}

impl Identity {
    /// Reads the `Authorization` header, or a presigned request's query.
    pub(super) fn of(request: &Request<Bytes>) -> Result<Self, Refused> {
        let header = request
            .headers()
            .get(AUTHORIZATION)
            .and_then(|header| header.to_str().ok());
        let credential = match header {
            Some(header) => credential_of(header).map(str::to_owned),
            None => presigned(request),
        };
        let credential = credential.ok_or_else(unsigned)?;
        let malformed = || {
            let text = format!("Credential={credential} is not key/date/region/service/aws4_request");
            Refused::new("IncompleteSignature", text).status(403)
        };
        let (key, scope) = credential.split_once('/').ok_or_else(malformed)?;
        let mut backwards = scope.rsplit('/');
        match (backwards.next(), backwards.next()) {
            (Some("aws4_request"), Some(service)) => Ok(Self {
                access_key: key.to_owned(),
                service: service.to_owned(),
            }),
            _ => Err(malformed()),
        }
    }
}

fn credential_of(header: &str) -> Option<&str> {
    let parts = header.strip_prefix("AWS4-")?.split_once(' ')?.1;
    parts
        .split(',')
        .find_map(|part| part.trim().strip_prefix("Credential="))
}

fn presigned(request: &Request<Bytes>) -> Option<String> {
    let pairs = query::pairs(request.uri().query()?.as_bytes()).ok()?;
    pairs
        .into_iter()
        .find(|(name, _)| name == "X-Amz-Credential")
        .map(|(_, value)| value)
}

fn unsigned() -> Refused {
    let text = "Missing Authentication Token. The lab does not check signatures but wants one: \
                set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to anything";
    Refused::new("MissingAuthenticationToken", text).status(403)
}
