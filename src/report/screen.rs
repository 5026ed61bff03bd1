//! A terminal made of any writer, so that even a display that moves the cursor has its output injected.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use indicatif::TermLike;

use super::visible::shown_lines;

/// Clones share the writer. What is written is sent on with `flush`, so that a redraw does not flicker.
#[derive(Clone)]
pub struct Screen {
    out: Arc<Mutex<Buffered>>,
    size: console::Term,
}

struct Buffered {
    out: Box<dyn Write + Send>,
    pending: Vec<u8>,
}

impl Screen {
    /// `size` is only asked how large the terminal is.
    pub fn new(out: Box<dyn Write + Send>, size: console::Term) -> Self {
        let pending = Vec::new();
        Self {
            out: Arc::new(Mutex::new(Buffered { out, pending })),
            size,
        }
    }

    fn put(&self, text: &str) -> io::Result<()> {
        let mut state = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        state.pending.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn moved(&self, n: usize, direction: char) -> io::Result<()> {
        match n {
            0 => Ok(()),
            n => self.put(&format!("\u{1b}[{n}{direction}")),
        }
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        self.size.size().1
    }

    fn height(&self) -> u16 {
        self.size.size().0
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.moved(n, 'A')
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.moved(n, 'B')
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.moved(n, 'C')
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.moved(n, 'D')
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.put(&shown_lines(text, true))?;
        self.put("\n")
    }

    /// Whatever a display forgot is made harmless here; the cursor is moved by the functions above alone.
    fn write_str(&self, text: &str) -> io::Result<()> {
        match text {
            // How a display begins to redraw.
            "\r" => self.put(text),
            text => self.put(&shown_lines(text, true)),
        }
    }

    fn clear_line(&self) -> io::Result<()> {
        self.put("\r\u{1b}[2K")
    }

    fn flush(&self) -> io::Result<()> {
        let mut state = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        let pending = std::mem::take(&mut state.pending);
        state.out.write_all(&pending)?;
        state.out.flush()
    }
}

impl fmt::Debug for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Screen").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use indicatif::InMemoryTerm;

    use super::super::recorded;
    use super::super::{Look, Terminal};
    use super::*;
    use crate::model::event::Reporter;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no panic before").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Sink {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().expect("no panic before").clone()).expect("UTF-8")
        }
    }

    #[test]
    fn what_a_terminal_makes_of_the_output_is_the_run_with_each_step_once() {
        let sink = Sink::default();
        // Not a terminal under test, so that it takes itself to be 80 columns wide.
        let screen = Screen::new(Box::new(sink.clone()), console::Term::stderr());
        let terminal = InMemoryTerm::new(60, screen.width());
        let mut reporter = Terminal::new(screen, Look::PLAIN, Some(Duration::from_millis(1)));
        for event in recorded::deploy() {
            reporter.on(&event).expect("memory can be written");
        }
        let raw = sink.text().replace('\n', "\r\n");
        terminal.write_str(&raw).expect("memory can be written");
        let seen = terminal.contents();
        for title in recorded::titles() {
            let start: String = title.chars().take(50).collect();
            assert_eq!(seen.matches(&start).count(), 1, "{title} in\n{seen}");
        }
        assert!(seen.ends_with("swingbridge abort"), "{seen}");
    }

    #[test]
    fn nothing_is_sent_before_it_is_flushed() {
        let sink = Sink::default();
        let screen = Screen::new(Box::new(sink.clone()), console::Term::stderr());
        screen
            .write_line("half a picture")
            .expect("memory can be written");
        assert_eq!(sink.text(), "");
        screen.flush().expect("memory can be written");
        assert_eq!(sink.text(), "half a picture\n");
    }
}
