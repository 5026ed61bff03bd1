//! Nothing happens to a command: it ends well, no request meets what it must not, and it goes the same way every time.

use crate::cell::{Attempt, Book, Held};
use crate::life::Life;

pub(crate) fn run(book: &Book, life: &Life, at: usize) {
    life.prefixes();
    let name = format!("calm/{}", life.command_name(at));
    book.cell(&name, 1, goes_well(life, at));
}

async fn goes_well(life: &Life, at: usize) -> Held {
    let prefix = &life.prefixes()[at];
    let attempt = Attempt::at(life, prefix.before.open(), &prefix.law);
    let operator = attempt.somebody();
    let ended = operator.does(&life.commands[at]).await;
    if ended.code() != Some(0) {
        return attempt.wrong(&format!("ended {ended}"));
    }
    if operator.tap.calls() != prefix.calls {
        return attempt.wrong("other calls than the last time: no cell could be told from another");
    }
    attempt.looks_like(&prefix.left).await?;
    attempt.converges(&life.commands[at], &prefix.left).await
}
