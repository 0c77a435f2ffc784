//! Local sockets: not yet. (Named pipes of Windows will be them.) The types have no value, so that
//! whatever would use one need not be written.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

const WHAT: &str = "local sockets are not supported";

/// A connection that cannot exist.
#[derive(Debug)]
pub enum LocalStream {}

#[derive(Debug)]
pub(crate) enum LocalListener {}

pub(crate) fn bind(_path: &Path) -> io::Result<LocalListener> {
    super::not_yet(WHAT)
}

pub(crate) async fn accept(listener: &LocalListener) -> io::Result<LocalStream> {
    match *listener {}
}

pub(crate) async fn connect(_path: &Path) -> io::Result<LocalStream> {
    super::not_yet(WHAT)
}

pub(crate) fn peer(stream: &LocalStream) -> io::Result<u32> {
    match *stream {}
}

impl AsyncRead for LocalStream {
    fn poll_read(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        _buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match *self {}
    }
}

impl AsyncWrite for LocalStream {
    fn poll_write(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        _bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match *self {}
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match *self {}
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match *self {}
    }
}
