//! A terminal made of any writer, so that even a display that moves the cursor has its output injected.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use indicatif::TermLike;

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
        self.put(text)?;
        self.put("\n")
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.put(text)
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
