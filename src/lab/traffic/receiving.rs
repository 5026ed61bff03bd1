//! A response on its way to the client: streamed as the client takes it, and over when the target's time is.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::backend::InFlight;
use super::exchange::Failed;
use super::line::Line;
use super::record::Record;

/// Why a response ends before its time.
type Broke = Box<dyn Error + Send + Sync>;

/// What the client gets: something of our own, or what a target sends.
#[derive(Debug)]
pub(super) enum ResponseBody {
    /// Nothing: the connection has changed to another protocol.
    Empty,
    Own {
        text: Option<Bytes>,
        record: Record,
    },
    Target(Box<Stream>),
}

/// A target's body and everything that must live as long as it does.
pub(super) struct Stream {
    pub(super) incoming: Incoming,
    /// Where it comes from, unless somebody else drives the connection.
    pub(super) line: Option<Line>,
    pub(super) doom: Pin<Box<dyn Future<Output = Failed> + Send>>,
    pub(super) in_flight: InFlight,
    pub(super) record: Record,
}

impl fmt::Debug for Stream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Stream")
            .field("incoming", &self.incoming)
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}

impl Stream {
    /// Gives the connection back when the target has said everything.
    pub(super) fn keep_line_at_end(&mut self, context: &mut Context<'_>) {
        if self.incoming.is_end_stream()
            && let Some(mut line) = self.line.take()
            && line.is_usable(context)
        {
            self.in_flight.0.keep_line(line);
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broke>>> {
        let mut polled = Pin::new(&mut self.incoming).poll_frame(context);
        if polled.is_pending()
            && let Some(line) = &mut self.line
        {
            // Asking told the connection that there is room; now it may have read something.
            line.drive(context);
            polled = Pin::new(&mut self.incoming).poll_frame(context);
        }
        match polled {
            Poll::Ready(Some(Ok(frame))) => {
                self.record.exchange.send(frame.data_ref().map_or(0, Bytes::len));
                self.keep_line_at_end(context);
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                self.line = None;
                Poll::Ready(Some(Err(error.into())))
            }
            Poll::Ready(None) => {
                if let Some(mut line) = self.line.take()
                    && line.is_usable(context)
                {
                    self.in_flight.0.keep_line(line);
                }
                Poll::Ready(None)
            }
            Poll::Pending => {
                let failed = ready!(self.doom.as_mut().poll(context));
                self.line = None;
                Poll::Ready(Some(Err(failed.into())))
            }
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Broke;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.get_mut() {
            Self::Own { text, record } => Poll::Ready(text.take().map(|text| {
                record.exchange.send(text.len());
                Ok(Frame::data(text))
            })),
            Self::Empty => Poll::Ready(None),
            Self::Target(stream) => stream.poll(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Own { text, .. } => text.is_none(),
            Self::Target(stream) => stream.incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Own { text, .. } => SizeHint::with_exact(text.as_ref().map_or(0, |text| text.len() as u64)),
            Self::Target(stream) => stream.incoming.size_hint(),
        }
    }
}
