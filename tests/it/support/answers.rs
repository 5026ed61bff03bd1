//! What AWS calls and answers look like on the wire, as far as the proxy must read and write them.

use std::collections::BTreeMap;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Request, Response};

use super::proxy::Call;

/// Reads a call: the service from the signature, the operation from the path or the form.
pub(crate) fn call(request: &Request<Bytes>) -> Call {
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    // Credential=KEY/DATE/REGION/SERVICE/aws4_request
    let service = header("authorization")
        .split('/')
        .nth(3)
        .unwrap_or_default()
        .to_owned();
    let fields = form(&String::from_utf8_lossy(request.body()));
    let by_path = || {
        request
            .uri()
            .path()
            .split_once("/operation/")
            .map(|(_, name)| name.to_owned())
    };
    let operation = by_path()
        .or_else(|| fields.get("Action").cloned())
        .unwrap_or_default();
    assert!(!operation.is_empty(), "a call that cannot be told: {request:?}");
    let reads = ["Describe", "Get", "List"]
        .iter()
        .any(|word| operation.starts_with(word));
    Call {
        service,
        operation,
        fields: if request.uri().path().contains("/operation/") {
            BTreeMap::new()
        } else {
            fields
        },
        change: usize::from(!reads),
    }
}

fn form(body: &str) -> BTreeMap<String, String> {
    body.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| (unescaped(key), unescaped(value)))
        .collect()
}

fn unescaped(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut plain = Vec::new();
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [bytes.next().unwrap_or(b'0'), bytes.next().unwrap_or(b'0')];
                let digits = String::from_utf8_lossy(&digits).into_owned();
                u8::from_str_radix(&digits, 16).unwrap_or(b'?')
            }
            other => other,
        });
    }
    String::from_utf8_lossy(&plain).into_owned()
}

/// An error in the words of the service that was called.
pub(crate) fn error(call: &Call, code: &str, status: u16) -> Response<Full<Bytes>> {
    let message = format!("injected: {call} is answered {code}");
    match call.service.as_str() {
        "monitoring" => {
            let mut body = vec![0xa2];
            for text in ["__type", code, "message", &message] {
                body.extend(cbor(text));
            }
            Response::builder()
                .status(status)
                .header("content-type", "application/cbor")
                .header("smithy-protocol", "rpc-v2-cbor")
                .body(Full::from(body))
                .expect("a response")
        }
        "ec2" => xml(
            status,
            format!(
                "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>\
                 <RequestID>injected</RequestID></Response>"
            ),
        ),
        _ => xml(
            status,
            format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
                 <RequestId>injected</RequestId></ErrorResponse>"
            ),
        ),
    }
}

/// A text of at most 255 bytes.
fn cbor(text: &str) -> Vec<u8> {
    let mut bytes = vec![0x78, u8::try_from(text.len()).expect("short")];
    bytes.extend(text.as_bytes());
    bytes
}

pub(crate) fn xml(status: u16, body: String) -> Response<Full<Bytes>> {
    Response::builder()
        .status(status)
        .header("content-type", "text/xml")
        .body(Full::from(body))
        .expect("a response")
}

/// An answer to DescribeTargetHealth in which every healthy target is in another state.
pub(crate) fn with_health(body: &Bytes, state: &str, reason: &str) -> Bytes {
    let text = String::from_utf8_lossy(body);
    let sick = format!("<State>{state}</State><Reason>{reason}</Reason><Description>injected</Description>");
    text.replace("<State>healthy</State>", &sick).into_bytes().into()
}
