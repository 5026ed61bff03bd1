//! Colours and symbols: what a terminal is told apart from a file by.

use std::borrow::Cow;
use std::fmt::Display;

use console::Style;

use super::visible::{shown_lines, styled, visible, without_commands};

/// What the output can show. Decided once by the caller, so that texts are the same for the same look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    pub color: bool,
    pub unicode: bool,
}

impl Look {
    /// For files and pipelines.
    pub const PLAIN: Self = Self {
        color: false,
        unicode: true,
    };

    /// For an output that the caller knows to be a terminal. Honours `NO_COLOR`, `CLICOLOR` and `TERM`.
    pub fn of_terminal() -> Self {
        let stdout = console::Term::stdout();
        let stderr = console::Term::stderr();
        Self {
            // Either may be redirected; the one that is a terminal answers for it.
            color: console::colors_enabled() || console::colors_enabled_stderr(),
            unicode: !console::is_dumb()
                && (stdout.features().wants_emoji() || stderr.features().wants_emoji()),
        }
    }

    pub fn good(self, text: impl Display) -> String {
        self.paint(Style::new().green(), text)
    }

    pub fn bad(self, text: impl Display) -> String {
        self.paint(Style::new().red(), text)
    }

    pub fn careful(self, text: impl Display) -> String {
        self.paint(Style::new().yellow(), text)
    }

    pub fn active(self, text: impl Display) -> String {
        self.paint(Style::new().cyan(), text)
    }

    pub fn dim(self, text: impl Display) -> String {
        self.paint(Style::new().dim(), text)
    }

    pub fn bold(self, text: impl Display) -> String {
        self.paint(Style::new().bold(), text)
    }

    pub fn done(self) -> String {
        self.good(if self.unicode { "✓" } else { "+" })
    }

    pub fn same(self) -> String {
        self.good("=")
    }

    pub fn warned(self) -> String {
        self.careful("!")
    }

    pub fn failed(self) -> String {
        self.bad(if self.unicode { "✗" } else { "x" })
    }

    /// The pictures of a spinner; the last one is shown when it has stopped.
    pub fn spinner(self) -> Vec<String> {
        let frames: &[&str] = if self.unicode {
            &["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏", " "]
        } else {
            &["-", "\\", "|", "/", " "]
        };
        frames.iter().map(|frame| self.active(frame)).collect()
    }

    /// The text as this output can show it, with nothing hidden in it. Its lines stay lines.
    pub fn text(self, text: &str) -> Cow<'_, str> {
        self.drawn(shown_lines(text, self.color))
    }

    /// The same for one line: a line break in it is somebody else's, and is shown as one.
    pub fn line(self, line: &str) -> Cow<'_, str> {
        self.drawn(if self.color { styled(line) } else { visible(line) })
    }

    /// Text of others within a line of ours.
    pub fn plain(self, text: &str) -> Cow<'_, str> {
        self.drawn(visible(text))
    }

    /// Lines as a text: what every text for people is made of, so that none of them can forge another or command.
    pub fn page(self, lines: &[String]) -> String {
        let lines: Vec<Cow<'_, str>> = lines.iter().map(|line| self.line(line)).collect();
        without_commands(&lines.join("\n")).into_owned()
    }

    fn drawn(self, text: Cow<'_, str>) -> Cow<'_, str> {
        if self.unicode || text.is_ascii() {
            return text;
        }
        Cow::Owned(text.replace('→', "->").replace('…', "...").replace('—', "-"))
    }

    fn paint(self, style: Style, text: impl Display) -> String {
        let text = text.to_string();
        // Styling inside of what is styled is not ours.
        let text = self.drawn(shown_lines(&text, false));
        style.force_styling(self.color).apply_to(text).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_look_has_no_escape_codes_and_a_coloured_one_has() {
        assert_eq!(Look::PLAIN.bad("no"), "no");
        let coloured = Look {
            color: true,
            unicode: true,
        };
        assert_eq!(coloured.bad("no"), "\u{1b}[31mno\u{1b}[0m");
    }

    #[test]
    fn without_unicode_everything_that_is_drawn_is_ascii() {
        let look = Look {
            color: false,
            unicode: false,
        };
        let all = [look.done(), look.same(), look.warned(), look.failed()];
        assert!(all.iter().chain(&look.spinner()).all(|text| text.is_ascii()));
        assert_eq!(look.text("tg-1 → tg-2 …"), "tg-1 -> tg-2 ...");
    }
}
