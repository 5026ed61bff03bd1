//! `status`: what is true now.

use jiff::Timestamp;

use super::args::{Global, Status, TextOrJson};
use super::failure::Failure;
use super::session::{Session, json, look_of_stdout, out};
use crate::model::lock::Holder;
use crate::report::status::{self, StatusView};
use crate::run::identity;

pub(super) async fn run(global: &Global, args: &Status) -> Result<u8, Failure> {
    let session = Session::open(global).await?;
    if !args.watch {
        let view = look(&session).await?;
        match args.format {
            TextOrJson::Text => out(&status::text(&view, look_of_stdout()))?,
            TextOrJson::Json => json(&status::json(&view)?)?,
        }
        return Ok(0);
    }
    let term = console::Term::stdout();
    loop {
        // A look that fails is shown and tried again: whoever watches wants to see it come back.
        let text = match look(&session).await {
            Ok(view) => status::text(&view, look_of_stdout()),
            Err(failure) => failure.text(look_of_stdout()),
        };
        term.clear_screen()?;
        out(&text)?;
        tokio::select! {
            () = tokio::time::sleep(args.interval) => {}
            _ = tokio::signal::ctrl_c() => return Ok(0),
        }
    }
}

async fn look(session: &Session) -> Result<StatusView, Failure> {
    let estate = session.observe().await?;
    let has_ended = |holder: &Holder| identity::has_ended(&holder.process);
    Ok(StatusView::of(
        &estate,
        &session.config.policy,
        Timestamp::now(),
        &has_ended,
    ))
}
