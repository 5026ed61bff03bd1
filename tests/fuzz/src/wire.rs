//! Requests to the lab: each a line that says how it comes (`query SERVICE`, `json SERVICE ACTION`, `cbor
//! SERVICE ACTION`, or `advance SECONDS`) and then its body. They are divided by lines of `%%`. In a body, `@@a`
//! stands for the first identifier that an answer had, `@@b` for the second.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use swingbridge::lab::wire;
use swingbridge::lab::world::{Settings, World};

/// Longer than anything in the lab takes, short enough to try many.
const AT_MOST: u64 = 1_000;
const DIVIDER: &[u8] = b"\n%%\n";

pub fn wire(bytes: &[u8]) {
    outcomes(&mut World::new(Settings::default()), bytes);
}

/// How many requests were answered, and the refusals of the others.
pub fn outcomes(world: &mut World, bytes: &[u8]) -> (usize, Vec<String>) {
    let (mut answered, mut refused) = (0, Vec::new());
    let mut known = Vec::new();
    for part in divided(bytes) {
        let end = part.iter().position(|byte| *byte == b'\n').unwrap_or(part.len());
        let head = String::from_utf8_lossy(&part[..end]);
        let body = recalled(part.get(end + 1..).unwrap_or_default(), &known);
        let mut words = head.split(' ');
        let mut word = || words.next().unwrap_or_default();
        let how = word();
        if how == "advance" {
            let seconds: u64 = word().parse().unwrap_or_default();
            world.advance(world.now + Duration::from_secs(seconds.min(AT_MOST)));
            world.take_orders();
            continue;
        }
        let Some(request) = request(how, word(), word(), body) else {
            continue;
        };
        if let Some(response) = wire::answer(world, &request).response() {
            well_formed(how, response.body());
            let text = String::from_utf8_lossy(response.body());
            if response.status().is_success() {
                answered += 1;
                remember(&text, &mut known);
            } else {
                refused.push(format!("{head}: {text}"));
            }
        }
    }
    (answered, refused)
}

/// Texts of elements that identify something, each once.
fn remember(xml: &str, known: &mut Vec<String>) {
    for element in xml.split('<').skip(1) {
        let Some((name, text)) = element.split_once('>') else {
            continue;
        };
        let identifies = ["Arn", "ARN", "Id"].iter().any(|end| name.ends_with(end));
        if identifies
            && !text.is_empty()
            && !name.eq_ignore_ascii_case("RequestId")
            && !known.iter().any(|one| one == text)
        {
            known.push(text.to_owned());
        }
    }
}

fn recalled(body: &[u8], known: &[String]) -> Bytes {
    let mut bytes = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some((first, after)) = rest.split_first() {
        match rest {
            [b'@', b'@', letter @ b'a'..=b'z', ..] => {
                let text = known.get(usize::from(letter - b'a'));
                bytes.extend_from_slice(text.map_or(b"", |text| text.as_bytes()));
                rest = &rest[3..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    Bytes::from(bytes)
}

fn divided(bytes: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(DIVIDER.len()).position(|window| window == DIVIDER) {
        parts.push(&rest[..at]);
        rest = &rest[at + DIVIDER.len()..];
    }
    parts.push(rest);
    parts
}

fn request(how: &str, service: &str, action: &str, body: Bytes) -> Option<Request<Bytes>> {
    let credential = format!(
        "AWS4-HMAC-SHA256 Credential=AKIDLAB/20261121/us-east-1/{service}/aws4_request, SignedHeaders=host"
    );
    let request = match how {
        "cbor" => Request::post(format!(
            "/service/GraniteServiceVersion20100801/operation/{action}"
        ))
        .header("smithy-protocol", "rpc-v2-cbor"),
        "json" => {
            Request::post("/").header("x-amz-target", format!("GraniteServiceVersion20100801.{action}"))
        }
        _ => Request::post("/"),
    };
    request.header("authorization", credential).body(body).ok()
}

/// Whatever was asked, the answer can be read.
fn well_formed(how: &str, body: &[u8]) {
    match how {
        "cbor" => drop(ciborium::from_reader::<ciborium::Value, _>(body).expect("CBOR")),
        "json" => drop(serde_json::from_slice::<serde_json::Value>(body).expect("JSON")),
        _ => {
            let mut reader = quick_xml::Reader::from_reader(body);
            let (mut depth, mut text) = (0_u32, Vec::new());
            loop {
                match reader.read_event_into(&mut text).expect("XML") {
                    quick_xml::events::Event::Start(_) => depth += 1,
                    quick_xml::events::Event::End(_) => depth -= 1,
                    quick_xml::events::Event::Eof => break,
                    _ => {}
                }
                text.clear();
            }
            assert_eq!(depth, 0, "an element is not closed");
        }
    }
}
