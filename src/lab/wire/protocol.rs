//! The four protocols: which one a request is in, what it calls, and how the answer is put.

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};

use super::service::Service;
use super::{cbor, json, query, xml};
use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;

const SMITHY_PROTOCOL: HeaderName = HeaderName::from_static("smithy-protocol");
const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
/// Repeats an error's code as the query protocol has it, for clients that moved on from there.
const QUERY_ERROR: HeaderName = HeaderName::from_static("x-amzn-query-error");

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// Form in, XML with a result element out.
    Query,
    /// The same with EC2's own names around the answer.
    Ec2,
    /// awsJson 1.0.
    Json,
    /// rpc-v2-cbor.
    Cbor,
}

/// What a request calls.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Call {
    pub(super) operation: String,
    /// Of the API, where a request names it.
    pub(super) version: Option<String>,
    pub(super) input: Tree,
}

impl Protocol {
    pub(super) fn of(request: &Request<Bytes>, service: Option<&Service>) -> Self {
        if request
            .headers()
            .get(SMITHY_PROTOCOL)
            .is_some_and(|protocol| protocol == "rpc-v2-cbor")
        {
            Self::Cbor
        } else if request.headers().contains_key(TARGET) {
            Self::Json
        } else if service.is_some_and(|service| service.name == "ec2") {
            Self::Ec2
        } else {
            Self::Query
        }
    }

    /// Reads the request's operation and input.
    pub(super) fn read(self, request: &Request<Bytes>) -> Result<Call, Refused> {
        if let Some(encoding) = request
            .headers()
            .get(CONTENT_ENCODING)
            .filter(|encoding| *encoding != "identity")
        {
            let text = format!(
                "The lab reads no {encoding:?} bodies; set AWS_DISABLE_REQUEST_COMPRESSION=true in the client"
            );
            return Err(Refused::new("UnsupportedMediaType", text).status(415));
        }
        match self {
            Self::Query | Self::Ec2 => query::call(request.uri().query().unwrap_or_default(), request.body()),
            Self::Json => {
                let target = request
                    .headers()
                    .get(TARGET)
                    .and_then(|target| target.to_str().ok());
                let operation = target
                    .and_then(|target| target.rsplit('.').next())
                    .unwrap_or_default();
                let input = json::read(request.body())?;
                Ok(Call {
                    operation: operation.to_owned(),
                    version: None,
                    input,
                })
            }
            Self::Cbor => {
                let operation = request.uri().path().rsplit('/').next().unwrap_or_default();
                let input = cbor::read(request.body())?;
                Ok(Call {
                    operation: operation.to_owned(),
                    version: None,
                    input,
                })
            }
        }
    }

    /// What an operation answered.
    pub(super) fn respond(
        self,
        service: &Service,
        operation: &str,
        output: &Tree,
        id: &str,
    ) -> Response<Bytes> {
        let body = match self {
            Self::Query => xml::result(service.namespace, operation, output, id).into(),
            Self::Ec2 => xml::ec2_result(service.namespace, operation, output, id).into(),
            Self::Json => json::write(output).into(),
            Self::Cbor => cbor::write(output).into(),
        };
        self.response(StatusCode::OK, body, id)
    }

    /// Why an operation did nothing.
    pub(super) fn refuse(self, service: Option<&Service>, refused: &Refused, id: &str) -> Response<Bytes> {
        let shape = format!(
            "{}#{}",
            service.map_or("com.amazonaws", |service| service.shapes),
            refused.code
        );
        let described = || {
            Tree::map()
                .with("__type", Tree::Text(shape))
                .with("message", Tree::from(refused.message.as_str()))
        };
        let body = match self {
            Self::Query => xml::error(service.map(|service| service.namespace), refused, id).into(),
            Self::Ec2 => xml::ec2_error(refused, id).into(),
            Self::Json => json::write(&described()).into(),
            Self::Cbor => cbor::write(&described()).into(),
        };
        let status = StatusCode::from_u16(refused.status).unwrap_or(StatusCode::BAD_REQUEST);
        let mut response = self.response(status, body, id);
        let code = format!("{};{}", refused.code, xml::fault_of(refused.status));
        if matches!(self, Self::Json | Self::Cbor)
            && let Ok(code) = HeaderValue::try_from(code)
        {
            response.headers_mut().insert(QUERY_ERROR, code);
        }
        response
    }

    fn response(self, status: StatusCode, body: Bytes, id: &str) -> Response<Bytes> {
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let content_type = match self {
            Self::Query => "text/xml",
            Self::Ec2 => "text/xml;charset=UTF-8",
            Self::Json => "application/x-amz-json-1.0",
            Self::Cbor => "application/cbor",
        };
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        if let Ok(id) = HeaderValue::try_from(id) {
            headers.insert(REQUEST_ID, id);
        }
        if self == Self::Cbor {
            headers.insert(SMITHY_PROTOCOL, HeaderValue::from_static("rpc-v2-cbor"));
        }
        response
    }
}
