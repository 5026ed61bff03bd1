//! The query protocol's answers, in the usual flavour and in EC2's.

use std::fmt::Write as _;

use crate::lab::refusal::Refused;
use crate::lab::tree::Tree;

/// `<XResponse><XResult>…</XResult><ResponseMetadata>…`.
pub(super) fn result(namespace: &str, operation: &str, output: &Tree, id: &str) -> String {
    let mut text = declared();
    let _ = write!(
        text,
        "<{operation}Response xmlns=\"{namespace}\"><{operation}Result>"
    );
    content(&mut text, output, "member");
    let _ = write!(
        text,
        "</{operation}Result><ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata>"
    );
    let _ = write!(text, "</{operation}Response>");
    text
}

/// EC2 has no result element, and lists of `item`s.
pub(super) fn ec2_result(namespace: &str, operation: &str, output: &Tree, id: &str) -> String {
    let mut text = declared();
    let _ = write!(
        text,
        "<{operation}Response xmlns=\"{namespace}\"><requestId>{id}</requestId>"
    );
    content(&mut text, output, "item");
    let _ = write!(text, "</{operation}Response>");
    text
}

pub(super) fn error(namespace: Option<&str>, refused: &Refused, id: &str) -> String {
    let mut text = declared();
    text.push_str("<ErrorResponse");
    if let Some(namespace) = namespace {
        let _ = write!(text, " xmlns=\"{namespace}\"");
    }
    let _ = write!(text, "><Error><Type>{}</Type>", fault_of(refused.status));
    code_and_message(&mut text, refused);
    let _ = write!(text, "</Error><RequestId>{id}</RequestId></ErrorResponse>");
    text
}

pub(super) fn ec2_error(refused: &Refused, id: &str) -> String {
    let mut text = declared();
    text.push_str("<Response><Errors><Error>");
    code_and_message(&mut text, refused);
    let _ = write!(text, "</Error></Errors><RequestID>{id}</RequestID></Response>");
    text
}

/// Whose fault an error with this status is.
pub(super) fn fault_of(status: u16) -> &'static str {
    if status < 500 { "Sender" } else { "Receiver" }
}

fn declared() -> String {
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned()
}

fn code_and_message(text: &mut String, refused: &Refused) {
    text.push_str("<Code>");
    escape(text, &refused.code);
    text.push_str("</Code><Message>");
    escape(text, &refused.message);
    text.push_str("</Message>");
}

fn element(text: &mut String, name: &str, value: &Tree, item: &str) {
    let _ = write!(text, "<{name}>");
    content(text, value, item);
    let _ = write!(text, "</{name}>");
}

fn content(text: &mut String, value: &Tree, item: &str) {
    match value {
        Tree::Text(value) => escape(text, value),
        Tree::Whole(number) => {
            let _ = write!(text, "{number}");
        }
        Tree::Real(number) => {
            let _ = write!(text, "{number}");
        }
        Tree::Flag(flag) => {
            let _ = write!(text, "{flag}");
        }
        Tree::Time(time) => {
            let _ = write!(text, "{}", time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ"));
        }
        Tree::List(items) => items.iter().for_each(|value| element(text, item, value, item)),
        Tree::Map(members) => members
            .iter()
            .for_each(|(name, value)| element(text, name, value, item)),
    }
}

/// Control characters have no place in XML, not even escaped, except the three that are white space.
fn escape(text: &mut String, value: &str) {
    for character in value.chars() {
        match character {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            '\r' => text.push_str("&#xD;"),
            '\n' | '\t' => text.push(character),
            control if control.is_control() => text.push('\u{fffd}'),
            plain => text.push(plain),
        }
    }
}
