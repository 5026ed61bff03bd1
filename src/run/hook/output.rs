//! What a hook wrote: the end of it, without the values that it was trusted with.

use std::collections::VecDeque;

/// How much is kept. The end says how it went.
const LIMIT: usize = 32 * 1024;
const HIDDEN: &str = "(hidden)";

#[derive(Debug)]
pub(super) struct Output {
    secrets: Vec<String>,
    bytes: VecDeque<u8>,
    left_out: usize,
}

impl Output {
    pub(super) fn without(mut secrets: Vec<String>) -> Self {
        secrets.retain(|secret| !secret.is_empty());
        // One may begin like another.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self {
            secrets,
            bytes: VecDeque::new(),
            left_out: 0,
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
        let over = self.bytes.len().saturating_sub(LIMIT);
        self.bytes.drain(..over);
        self.left_out += over;
    }

    pub(super) fn lines(mut self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.left_out > 0 {
            // What is left of a line, or of a secret, that was cut is not shown.
            let longest = self.secrets.first().map_or(0, String::len).min(self.bytes.len());
            let cut = self
                .bytes
                .iter()
                .skip(longest)
                .position(|byte| *byte == b'\n')
                .map_or(longest, |end| longest + end + 1);
            self.bytes.drain(..cut);
            lines.push(format!(
                "({} bytes before this are left out)",
                self.left_out + cut
            ));
        }
        let text = String::from_utf8_lossy(self.bytes.make_contiguous()).into_owned();
        let masked = self
            .secrets
            .iter()
            .fold(text, |text, secret| text.replace(secret, HIDDEN));
        lines.extend(masked.lines().map(|line| line.trim_end().to_owned()));
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(secrets: &[&str], text: &str) -> Vec<String> {
        let mut output = Output::without(secrets.iter().map(|text| (*text).to_owned()).collect());
        // As a pipe gives it: in pieces that end anywhere.
        for piece in text.as_bytes().chunks(7) {
            output.push(piece);
        }
        output.lines()
    }

    #[test]
    fn values_that_it_was_trusted_with_are_hidden_wherever_they_stand() {
        assert_eq!(
            lines(
                &["hunter2", "hunter2-and-more"],
                "a hunter2\nb hunter2-and-more c\n\n"
            ),
            ["a (hidden)", "b (hidden) c"]
        );
        assert_eq!(lines(&["one\ntwo"], "one\ntwo three\n"), ["(hidden) three"]);
        assert_eq!(lines(&[""], "plain\r\n"), ["plain"]);
    }

    #[test]
    fn of_a_long_text_the_end_is_kept_and_no_half_of_a_secret() {
        let secret = "s3cret-".repeat(30);
        for begin in 0..40 {
            let mut text = format!("{}{secret}\n", "x".repeat(begin));
            text += &"line\n".repeat((LIMIT - 100) / 5);
            text += "the end\n";
            let lines = lines(&[&secret], &text);
            assert!(
                lines[0].contains("bytes before this are left out"),
                "{}",
                lines[0]
            );
            assert_eq!(lines.last().map(String::as_str), Some("the end"));
            assert!(!lines.iter().any(|line| line.contains("s3cret")));
        }
    }
}
