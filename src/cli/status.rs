//! `status`: what is true now.

use jiff::Timestamp;

use super::args::{Global, Status, TextOrJson};
use super::failure::Failure;
use super::session::{Session, out};
use crate::report::Look;
use crate::report::status::StatusView;

pub(super) async fn run(global: &Global, args: &Status) -> Result<u8, Failure> {
    let session = Session::open(global).await?;
    if !args.watch {
        let text = match args.format {
            TextOrJson::Text => look(&session).await?.text(Look::of_stdout()),
            TextOrJson::Json => format!("{}\n", serde_json::to_string_pretty(&look(&session).await?)?),
        };
        out(&text)?;
        return Ok(0);
    }
    let term = console::Term::stdout();
    loop {
        // A look that fails is shown and tried again: whoever watches wants to see it come back.
        let text = match look(&session).await {
            Ok(view) => view.text(Look::of_stdout()),
            Err(failure) => failure.to_string(),
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
    Ok(StatusView::of(&estate, &session.config.policy, Timestamp::now()))
}
