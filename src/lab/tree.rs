//! The one shape every API message has in the lab, whatever protocol carried it.

use jiff::Timestamp;

use super::refusal::Refused;

/// A message or a part of one. What came in a query string is all `Text`; readers convert.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    Text(String),
    Whole(i64),
    Real(f64),
    Flag(bool),
    Time(Timestamp),
    List(Vec<Tree>),
    /// Members in the order they are to be written.
    Map(Vec<(String, Tree)>),
}

impl Tree {
    pub fn map() -> Self {
        Self::Map(Vec::new())
    }

    /// Adds a member, unless there is nothing to say.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Option<Tree>>) -> Self {
        if let (Self::Map(members), Some(value)) = (&mut self, value.into()) {
            members.push((name.to_owned(), value));
        }
        self
    }

    pub fn texts<S: Into<String>>(values: impl IntoIterator<Item = S>) -> Self {
        Self::List(values.into_iter().map(|value| Self::Text(value.into())).collect())
    }

    pub fn list(values: impl IntoIterator<Item = Tree>) -> Self {
        Self::List(values.into_iter().collect())
    }

    pub fn get(&self, name: &str) -> Option<&Tree> {
        match self {
            Self::Map(members) => members
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    pub fn members(&self) -> &[(String, Tree)] {
        match self {
            Self::Map(members) => members,
            _ => &[],
        }
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Tree::as_text)
    }

    pub fn need(&self, name: &str) -> Result<&str, Refused> {
        self.text(name)
            .filter(|text| !text.is_empty())
            .ok_or_else(|| Refused::missing(name))
    }

    pub fn whole(&self, name: &str) -> Result<Option<i64>, Refused> {
        self.get(name)
            .map(|value| {
                value
                    .as_whole()
                    .ok_or_else(|| Refused::malformed(name, value, "a whole number"))
            })
            .transpose()
    }

    pub fn real(&self, name: &str) -> Result<Option<f64>, Refused> {
        self.get(name)
            .map(|value| {
                value
                    .as_real()
                    .ok_or_else(|| Refused::malformed(name, value, "a number"))
            })
            .transpose()
    }

    pub fn flag(&self, name: &str) -> Result<Option<bool>, Refused> {
        self.get(name)
            .map(|value| {
                value
                    .as_flag()
                    .ok_or_else(|| Refused::malformed(name, value, "true or false"))
            })
            .transpose()
    }

    pub fn time(&self, name: &str) -> Result<Option<Timestamp>, Refused> {
        self.get(name)
            .map(|value| {
                value
                    .as_time()
                    .ok_or_else(|| Refused::malformed(name, value, "a time"))
            })
            .transpose()
    }

    /// The elements of a list; an absent list and an empty one (`Name=` in a query) are the same.
    pub fn items(&self, name: &str) -> &[Tree] {
        match self.get(name) {
            Some(Self::List(items)) => items,
            _ => &[],
        }
    }

    pub fn strings(&self, name: &str) -> Vec<String> {
        self.items(name)
            .iter()
            .filter_map(|item| item.as_text().map(str::to_owned))
            .collect()
    }

    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_whole(&self) -> Option<i64> {
        match self {
            Self::Whole(number) => Some(*number),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a whole number in a float's clothes"
            )]
            Self::Real(number) if number.fract() == 0.0 => Some(*number as i64),
            Self::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    pub fn as_real(&self) -> Option<f64> {
        match self {
            #[expect(
                clippy::cast_precision_loss,
                reason = "counts and seconds stay far below 2^53"
            )]
            Self::Whole(number) => Some(*number as f64),
            Self::Real(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    pub fn as_flag(&self) -> Option<bool> {
        match self {
            Self::Flag(flag) => Some(*flag),
            Self::Text(text) => match text.as_str() {
                "true" | "True" | "TRUE" => Some(true),
                "false" | "False" | "FALSE" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    pub fn as_time(&self) -> Option<Timestamp> {
        match self {
            Self::Time(time) => Some(*time),
            Self::Text(text) => text.parse().ok(),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "milliseconds of this era fit an i64"
            )]
            Self::Whole(_) | Self::Real(_) => {
                Timestamp::from_millisecond((self.as_real()? * 1000.0).round() as i64).ok()
            }
            _ => None,
        }
    }
}

impl From<&str> for Tree {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Tree {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Tree {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<i64> for Tree {
    fn from(number: i64) -> Self {
        Self::Whole(number)
    }
}

impl From<u32> for Tree {
    fn from(number: u32) -> Self {
        Self::Whole(number.into())
    }
}

impl From<u16> for Tree {
    fn from(number: u16) -> Self {
        Self::Whole(number.into())
    }
}

impl From<f64> for Tree {
    fn from(number: f64) -> Self {
        Self::Real(number)
    }
}

impl From<Timestamp> for Tree {
    fn from(time: Timestamp) -> Self {
        Self::Time(time)
    }
}
