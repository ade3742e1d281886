//! The doors for people: plain TCP, or TLS when the configuration names a certificate. Handshakes wait for nobody else.

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Most connections of people at once.
const MAX_CONNECTIONS: usize = 1_024;
/// Connections that wait to be served.
const MAX_READY: usize = 64;
/// Time for a TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// Pause after the system refused to accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Where a request comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Visitor(pub(crate) SocketAddr);

impl Connected<IncomingStream<'_, Doors>> for Visitor {
    fn connect_info(stream: IncomingStream<'_, Doors>) -> Self {
        Self(*stream.remote_addr())
    }
}

#[derive(Debug)]
enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// An open connection; its place is free when it is dropped.
#[derive(Debug)]
pub(crate) struct Door {
    stream: Stream,
    _place: OwnedSemaphorePermit,
}

impl AsyncRead for Door {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Stream::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Door {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Stream::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

/// Gives connections that are ready to be served.
#[derive(Debug)]
pub(crate) struct Doors {
    ready: mpsc::Receiver<(Door, SocketAddr)>,
    local: Option<SocketAddr>,
}

impl Doors {
    /// Begins to accept.
    pub(crate) fn open(listener: TcpListener, tls: Option<rustls::ServerConfig>) -> Self {
        let local = listener.local_addr().ok();
        let (sender, ready) = mpsc::channel(MAX_READY);
        let acceptor = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
        tokio::spawn(accept(listener, acceptor, sender));
        Self { ready, local }
    }
}

async fn accept(
    listener: TcpListener,
    acceptor: Option<TlsAcceptor>,
    ready: mpsc::Sender<(Door, SocketAddr)>,
) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let (stream, address) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!("a connection was not accepted: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Ok(place) = places.clone().try_acquire_owned() else {
            tracing::warn!(%address, "refused: {MAX_CONNECTIONS} connections are open already");
            continue;
        };
        let (acceptor, ready) = (acceptor.clone(), ready.clone());
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            let Some(stream) = shaken(stream, acceptor).await else {
                return;
            };
            let door = Door {
                stream,
                _place: place,
            };
            // Nobody serves any more when the other end is gone.
            let _ = ready.send((door, address)).await;
        });
    }
}

async fn shaken(stream: TcpStream, acceptor: Option<TlsAcceptor>) -> Option<Stream> {
    let Some(acceptor) = acceptor else {
        return Some(Stream::Plain(stream));
    };
    let shaken = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await;
    Some(Stream::Tls(Box::new(shaken.ok()?.ok()?)))
}

impl Listener for Doors {
    type Io = Door;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Door, SocketAddr) {
        match self.ready.recv().await {
            Some(accepted) => accepted,
            // The accepting task runs as long as the process.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self
            .local
            .unwrap_or_else(|| (Ipv4Addr::LOCALHOST, 0).into()))
    }
}
