//! Text of others, made harmless: whatever could move a cursor, hide, turn round or forge a line is shown as
//! its number. Tags, names, messages of AWS, journals and plan files come from elsewhere.

use std::borrow::Cow;

/// The styling that we write ourselves: `0` ends it, the others are weights and colours.
const OWN: [&str; 11] = ["0", "1", "2", "3", "31", "32", "33", "34", "35", "36", "37"];

/// One line of text in which everything can be seen: `\u{1b}` instead of an escape, `\u{a}` instead of a line
/// break. For what is not styled yet.
pub fn visible(text: &str) -> Cow<'_, str> {
    shown(text, |_| None)
}

/// The same for a line that we may have styled: our own styling stays.
pub(super) fn styled(line: &str) -> Cow<'_, str> {
    shown(line, own_styling)
}

/// The same for whole texts: line breaks stay as well.
pub fn shown_lines(text: &str, color: bool) -> Cow<'_, str> {
    shown(text, |rest| {
        if rest.starts_with('\n') {
            return Some(1);
        }
        color.then(|| own_styling(rest)).flatten()
    })
}

/// The same for JSON, whose own escapes stay: people look at it as well. It remains the same JSON.
pub fn in_json(text: &str) -> Cow<'_, str> {
    let bare = |c: char| hides(c) && !c.is_ascii_control() || c == '\u{7f}';
    if !text.chars().any(bare) && !ANYWHERE.iter().any(|command| text.contains(command)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if bare(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    Cow::Owned(harmless(out, "\\u005b"))
}

/// Where these stand in a line, wherever that is, what follows is a command to a pipeline of GitHub or Azure.
const ANYWHERE: [&str; 2] = ["##[", "##vso["];

fn harmless(text: String, bracket: &str) -> String {
    ANYWHERE.iter().fold(text, |text, command| {
        text.replace(command, &command.replace('[', bracket))
    })
}

/// A text in which no line is a command to a pipeline, whoever's words it begins with. None of ours begins so.
pub fn without_commands(text: &str) -> Cow<'_, str> {
    let begins = |line: &str| console::strip_ansi_codes(line).trim_start().starts_with("::");
    if !text.lines().any(begins) && !ANYWHERE.iter().any(|command| text.contains(command)) {
        return Cow::Borrowed(text);
    }
    let lines = text.split_inclusive('\n').map(|line| match begins(line) {
        true => line.replacen(':', "\\u{3a}", 1),
        false => line.to_owned(),
    });
    Cow::Owned(harmless(lines.collect(), "\\u{5b}"))
}

/// Every character that may not be seen as it is; `keep` says how many bytes from one on may.
fn shown(text: &str, keep: impl Fn(&str) -> Option<usize>) -> Cow<'_, str> {
    if !text.chars().any(hides) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = match keep(rest).filter(|_| hides(c)) {
            Some(length) => {
                out.push_str(&rest[..length]);
                length
            }
            None if hides(c) => {
                out.extend(c.escape_unicode());
                c.len_utf8()
            }
            None => {
                out.push(c);
                c.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    Cow::Owned(out)
}

/// The length of a styling that this program writes, if the text begins with one.
fn own_styling(rest: &str) -> Option<usize> {
    let inside = rest.strip_prefix("\u{1b}[")?;
    let end = inside.find('m').filter(|end| OWN.contains(&&inside[..*end]))?;
    Some(2 + end + 1)
}

/// Controls, what changes the direction of writing, and what has no picture at all.
pub(super) fn hides(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}'
            | '\u{61c}'
            | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_can_be_seen_stays_as_it_is() {
        for text in ["tg-1 → tg-2 …", "naïve 日本 ✓", "100 %", ""] {
            assert!(matches!(visible(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn an_escape_a_line_break_and_a_turned_direction_are_shown_as_their_numbers() {
        assert_eq!(visible("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(visible("a\r\nb\u{9b}1A"), "a\\u{d}\\u{a}b\\u{9b}1A");
        assert_eq!(visible("\u{202e}gnp.exe\u{2069}"), "\\u{202e}gnp.exe\\u{2069}");
        assert_eq!(visible("pass\u{200b}word"), "pass\\u{200b}word");
    }

    #[test]
    fn a_line_that_begins_like_a_command_is_none() {
        for (text, seen) in [
            ("::add-mask::x\n", "\\u{3a}:add-mask::x\n"),
            (
                "a\n \u{1b}[1m::x\u{1b}[0m\nb",
                "a\n \u{1b}[1m\\u{3a}:x\u{1b}[0m\nb",
            ),
            ("::\n::", "\\u{3a}:\n\\u{3a}:"),
            ("a ##[add-mask]b", "a ##\\u{5b}add-mask]b"),
            ("a ##vso[task]b", "a ##vso\\u{5b}task]b"),
        ] {
            assert_eq!(without_commands(text), seen);
        }
        for text in ["", "\n", "a ::x\n", ":80 rule 10 → tg-1"] {
            assert!(matches!(without_commands(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn our_own_styling_stays_where_there_is_colour_and_nowhere_else() {
        let ours = "\u{1b}[31mno\u{1b}[0m";
        assert_eq!(styled(ours), ours);
        assert_eq!(shown_lines(ours, true), ours);
        assert_eq!(shown_lines(ours, false), "\\u{1b}[31mno\\u{1b}[0m");
        for others in [
            "\u{1b}[8m",
            "\u{1b}[31;8m",
            "\u{1b}[2J",
            "\u{1b}]0;title\u{7}",
            "\u{1b}[0",
        ] {
            assert!(!styled(others).contains('\u{1b}'), "{others:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_goes_in_nothing_hidden_comes_out(text in any::<String>()) {
            prop_assert!(!visible(&text).chars().any(hides));
            let lines = shown_lines(&text, false);
            prop_assert!(!lines.chars().any(|c| hides(c) && c != '\n'));
            prop_assert_eq!(lines.lines().count(), text.lines().count());
            let json = serde_json::to_string(&text).expect("JSON");
            let seen = in_json(&json);
            prop_assert!(!seen.chars().any(hides));
            prop_assert_eq!(serde_json::from_str::<String>(&seen).expect("JSON"), text.clone());
            let again = visible(&text);
            prop_assert_eq!(visible(&again), again.as_ref());
        }
    }
}
