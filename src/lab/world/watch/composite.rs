//! The rule of a composite alarm: `ALARM("x") AND NOT (OK(y) OR INSUFFICIENT_DATA(z))`.

use super::alarm::State;

/// How deeply a rule may be nested, so that no text can exhaust the stack.
const DEPTH: usize = 64;
/// How many alarms a rule may name.
const CHILDREN: usize = 100;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Rule {
    Constant(bool),
    /// Whether the alarm of this name is in this state.
    Is(State, String),
    Not(Box<Rule>),
    And(Box<Rule>, Box<Rule>),
    Or(Box<Rule>, Box<Rule>),
}

impl Rule {
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut reader = Reader {
            rest: text.trim_start(),
            depth: 0,
        };
        let rule = reader.or()?;
        if !reader.rest.is_empty() {
            return Err(format!("'{}' is not expected after the rule", reader.rest));
        }
        match rule.children().len() {
            0..=CHILDREN => Ok(rule),
            more => Err(format!("it names {more} alarms, and {CHILDREN} is the most")),
        }
    }

    pub(super) fn holds(&self, state_of: &dyn Fn(&str) -> Option<State>) -> bool {
        match self {
            Self::Constant(truth) => *truth,
            Self::Is(state, name) => state_of(name) == Some(*state),
            Self::Not(rule) => !rule.holds(state_of),
            Self::And(left, right) => left.holds(state_of) && right.holds(state_of),
            Self::Or(left, right) => left.holds(state_of) || right.holds(state_of),
        }
    }

    /// The names of the alarms it depends on, each once.
    pub(super) fn children(&self) -> Vec<&str> {
        let mut names = match self {
            Self::Constant(_) => Vec::new(),
            Self::Is(_, name) => vec![name.as_str()],
            Self::Not(rule) => rule.children(),
            Self::And(left, right) | Self::Or(left, right) => [left.children(), right.children()].concat(),
        };
        names.sort_unstable();
        names.dedup();
        names
    }
}

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl Reader<'_> {
    fn or(&mut self) -> Result<Rule, String> {
        let mut left = self.and()?;
        while self.word("OR") {
            left = Rule::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Rule, String> {
        let mut left = self.not()?;
        while self.word("AND") {
            left = Rule::And(Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Rule, String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err("it is nested too deeply".to_owned());
        }
        let rule = if self.word("NOT") {
            Rule::Not(Box::new(self.not()?))
        } else {
            self.operand()?
        };
        self.depth -= 1;
        Ok(rule)
    }

    fn operand(&mut self) -> Result<Rule, String> {
        if self.sign('(') {
            let rule = self.or()?;
            return if self.sign(')') {
                Ok(rule)
            } else {
                Err("a closing parenthesis is missing".to_owned())
            };
        }
        let constants = [("TRUE", true), ("FALSE", false)];
        if let Some((_, truth)) = constants.into_iter().find(|(word, _)| self.word(word)) {
            return Ok(Rule::Constant(truth));
        }
        match State::ALL.into_iter().find(|state| self.word(state.name())) {
            Some(state) => Ok(Rule::Is(state, self.alarm()?)),
            None if self.rest.is_empty() => Err("it ends too early".to_owned()),
            None => Err(format!("'{}' is not expected", self.rest)),
        }
    }

    /// `(name)`, `("name")`, or either with an ARN.
    fn alarm(&mut self) -> Result<String, String> {
        if !self.sign('(') {
            return Err("the name of an alarm in parentheses is missing".to_owned());
        }
        let name = match self.rest.strip_prefix('"') {
            Some(quoted) => {
                let end = quoted.find('"').ok_or("a closing quotation mark is missing")?;
                self.skip(end + 2);
                &quoted[..end]
            }
            None => {
                let plain = self.rest;
                let end = plain.find(')').ok_or("a closing parenthesis is missing")?;
                self.skip(end);
                plain[..end].trim()
            }
        };
        if !self.sign(')') {
            return Err("a closing parenthesis is missing".to_owned());
        }
        let name = name.split_once(":alarm:").map_or(name, |(_, name)| name);
        if name.is_empty() {
            Err("the name of an alarm is missing".to_owned())
        } else {
            Ok(name.to_owned())
        }
    }

    fn word(&mut self, word: &str) -> bool {
        let whole = |rest: &str| !rest.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_');
        let found = self.rest.strip_prefix(word).is_some_and(whole);
        if found {
            self.skip(word.len());
        }
        found
    }

    fn sign(&mut self, sign: char) -> bool {
        let found = self.rest.starts_with(sign);
        if found {
            self.skip(sign.len_utf8());
        }
        found
    }

    fn skip(&mut self, length: usize) {
        self.rest = self.rest[length..].trim_start();
    }
}
