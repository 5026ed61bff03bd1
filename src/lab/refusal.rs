//! A call the world does not carry out, in the terms AWS would use.

use std::borrow::Cow;

use super::tree::Tree;

/// An API error: the code a client matches on, and the sentence a person reads.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Refused {
    pub status: u16,
    pub code: Cow<'static, str>,
    pub message: String,
}

impl Refused {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: 400,
            code: code.into(),
            message: message.into(),
        }
    }

    pub fn missing(name: &str) -> Self {
        Self::new("ValidationError", format!("the parameter {name} is required"))
    }

    pub fn malformed(name: &str, value: &Tree, wanted: &str) -> Self {
        Self::new(
            "ValidationError",
            format!("{name} is {value:?}, which is not {wanted}"),
        )
    }

    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new("ValidationError", message)
    }

    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }
}
