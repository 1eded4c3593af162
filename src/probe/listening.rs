//! A connection that remembers the alert by which a server ended it. What stands above it turns errors
//! into its own, or fails to write before it has read why.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::probe::failure::Ended;

/// The stream of a connection, with an ear for alerts.
pub(super) struct Listening<S> {
    stream: S,
    heard: Heard,
    /// Why nothing more can be written.
    failure: Option<io::Error>,
}

/// The alert that was heard, if one was.
#[derive(Clone, Default)]
pub(super) struct Heard(Arc<Mutex<Option<String>>>);

impl Heard {
    pub(super) fn alert(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, error: &io::Error) {
        if let Ended::Alert(alert) = Ended::of(error) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(alert);
        }
    }
}

impl<S> Listening<S> {
    pub(super) fn new(stream: S) -> (Self, Heard) {
        let heard = Heard::default();
        (Self { stream, heard: heard.clone(), failure: None }, heard)
    }
}

impl<S: AsyncRead + Unpin> Listening<S> {
    /// After a write has failed: what the server said before it closed is still to be read, or to come.
    fn listen(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut scratch = [0; 1024];
        loop {
            let mut buffer = ReadBuf::new(&mut scratch);
            match Pin::new(&mut self.stream).poll_read(context, &mut buffer) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {}
                Poll::Ready(result) => {
                    result.err().iter().for_each(|error| self.heard.note(error));
                    return Poll::Ready(());
                }
            }
        }
    }

    /// Lets an error wait until the server has been heard out.
    fn after<T>(&mut self, context: &mut Context<'_>, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if let Poll::Ready(Err(error)) = polled {
            self.heard.note(&error);
            self.failure = Some(error);
        } else if self.failure.is_none() {
            return polled;
        }
        match self.listen(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => {
                Poll::Ready(Err(self.failure.take().unwrap_or_else(|| io::ErrorKind::BrokenPipe.into())))
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Listening<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if let Poll::Ready(Err(error)) = &polled {
            self.heard.note(error);
        }
        polled
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Listening<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        content: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, content);
        self.after(context, polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(context);
        self.after(context, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
