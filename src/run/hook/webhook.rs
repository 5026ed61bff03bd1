//! One webhook: what the hook is told as JSON, signed, and what the answer means.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;

use super::super::post::{Answered, post};
use super::output::Output;
use super::{Answer, Outside, Reply};
use crate::model::hook::Hook;
use crate::model::told::Told;

/// When it was signed, in seconds since 1970. Part of what is signed, so that nobody can send it again later.
const TIMESTAMP: &str = "x-swingbridge-timestamp";
/// `v1=` and the HMAC-SHA256 of the timestamp, a dot and the body, in hexadecimal.
const SIGNATURE: &str = "x-swingbridge-signature";

pub(super) async fn send(
    outside: &Outside,
    hook: &Hook,
    url: &str,
    secret_env: Option<&str>,
    told: &Told,
    stop: BoxFuture<'_, ()>,
) -> Reply {
    let body = match serde_json::to_vec(told) {
        Ok(body) => Bytes::from(body),
        Err(error) => return Reply::failed(error.to_string()),
    };
    let mut headers = Vec::new();
    let mut secrets: Vec<String> = told
        .entrance
        .iter()
        .map(|entrance| entrance.value.clone())
        .collect();
    if let Some(name) = secret_env {
        let Some(secret) = (outside.env)(name).filter(|secret| !secret.is_empty()) else {
            return Reply::failed(format!("the variable {name} is not set"));
        };
        let now = Timestamp::now().as_second().to_string();
        headers.push((SIGNATURE, signature(&secret, &now, &body)));
        headers.push((TIMESTAMP, now));
        secrets.push(secret);
    }
    let answered = tokio::select! {
        answered = post(url, "application/json", &headers, body, hook.timeout) => answered,
        () = stop => {
            return Reply {
                answer: Answer::Stopped,
                said: Vec::new(),
            };
        }
    };
    match answered {
        Ok(answered) => {
            let mut output = Output::without(secrets);
            output.push(&answered.body);
            Reply {
                answer: answer(hook, &answered),
                said: output.lines(),
            }
        }
        Err(error) => Reply::failed(error.to_string()),
    }
}

fn answer(hook: &Hook, answered: &Answered) -> Answer {
    let status = answered.status.as_u16();
    match (status, hook.gate.is_some()) {
        (200, _) => Answer::Passed,
        (202, true) => Answer::NotYet("HTTP status 202".into()),
        (201..=299, false) => Answer::Passed,
        _ => Answer::Failed(format!("HTTP status {status}")),
    }
}

fn signature(secret: &str, timestamp: &str, body: &[u8]) -> String {
    // A key of any length is one.
    let mut mac = match Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
        Ok(mac) => mac,
        Err(error) => return format!("none: {error}"),
    };
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    let digest: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("v1={digest}")
}

#[cfg(test)]
mod tests {
    use super::signature;

    #[test]
    fn the_signature_is_the_one_that_other_programs_compute() {
        // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac key
        assert_eq!(
            signature("key", "1700000000", b"{\"a\":1}"),
            "v1=a438e398bfafc57e4396bb7fc2304422f0f768e965d073ca313cb52e22e6ad03"
        );
    }
}
