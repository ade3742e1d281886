//! A loopback line that can be cut, mended and made slow: a proxy in front of an address. Benchmarks use it as a long way between
//! validators, the demonstration's simulator as a line that fails. What comes in leaves after the line's delay, in both directions, in
//! order and at full rate. This machine's kernel has no delaying queue, so the delay is made here.

use crate::environment;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

/// Pieces that are under way in one direction; beyond it the sender waits.
const UNDER_WAY: usize = 16_384;
/// Largest piece in bytes.
const PIECE: usize = 16 * 1024;

/// How a line is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Condition {
    /// Connections are closed, and new ones too as soon as they are made.
    pub(crate) cut: bool,
    /// How long everything is under way, in each direction.
    pub(crate) delay: Duration,
}

/// A line. It stays open until the process ends, in its last condition.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    condition: watch::Sender<Condition>,
    address: SocketAddr,
}

impl Line {
    /// Listens on `from` (port 0: one that is free) and passes on to `to`. Needs a running Tokio.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub(crate) fn open(
        from: SocketAddr,
        to: SocketAddr,
        condition: Condition,
    ) -> Result<Self, String> {
        let fault = |e: std::io::Error| format!("{from}: {e}");
        let listener = std::net::TcpListener::bind(from).map_err(fault)?;
        listener.set_nonblocking(true).map_err(fault)?;
        let listener = TcpListener::from_std(listener).map_err(fault)?;
        let address = listener.local_addr().map_err(fault)?;
        let (condition, seen) = watch::channel(condition);
        tokio::spawn(async move {
            loop {
                let Ok((near, _)) = listener.accept().await else {
                    // The process has no handle left for now; the other end tries again.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                };
                if !seen.borrow().cut {
                    tokio::spawn(pass(near, to, seen.clone()));
                }
            }
        });
        Ok(Self { condition, address })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How it is.
    pub(crate) fn condition(&self) -> Condition {
        *self.condition.borrow()
    }

    /// Cuts it, or mends it.
    pub(crate) fn cut(&self, cut: bool) {
        self.condition.send_modify(|now| now.cut = cut);
    }

    /// Makes it as slow as this.
    pub(crate) fn slow(&self, delay: Duration) {
        self.condition.send_modify(|now| now.delay = delay);
    }
}

async fn pass(near: TcpStream, to: SocketAddr, mut condition: watch::Receiver<Condition>) {
    let Ok(far) = TcpStream::connect(to).await else {
        return;
    };
    let (_, _) = (near.set_nodelay(true), far.set_nodelay(true));
    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
    let (there, back) = (condition.clone(), condition.clone());
    tokio::select! {
        () = one_way(near_in, far_out, there) => {}
        () = one_way(far_in, near_out, back) => {}
        () = until_cut(&mut condition) => {}
    }
}

async fn until_cut(condition: &mut watch::Receiver<Condition>) {
    if condition.wait_for(|now| now.cut).await.is_err() {
        // Nobody can cut it any more.
        std::future::pending::<()>().await;
    }
}

/// Ends when either side does, so that both halves of the connection are closed together.
async fn one_way(from: OwnedReadHalf, to: OwnedWriteHalf, condition: watch::Receiver<Condition>) {
    let (sender, receiver) = mpsc::channel(UNDER_WAY);
    tokio::select! {
        () = take_in(from, sender, condition) => {}
        () = give_out(to, receiver) => {}
    }
}

async fn take_in(
    mut from: OwnedReadHalf,
    pieces: mpsc::Sender<(Instant, Vec<u8>)>,
    condition: watch::Receiver<Condition>,
) {
    let mut buffer = vec![0u8; PIECE];
    while let Ok(count) = from.read(&mut buffer).await {
        let Some(piece) = buffer.get(..count).filter(|piece| !piece.is_empty()) else {
            return;
        };
        let delay = condition.borrow().delay;
        let Some(due) = environment::instant().checked_add(delay) else {
            return;
        };
        if pieces.send((due, piece.to_vec())).await.is_err() {
            return;
        }
    }
}

async fn give_out(mut to: OwnedWriteHalf, mut pieces: mpsc::Receiver<(Instant, Vec<u8>)>) {
    while let Some((due, piece)) = pieces.recv().await {
        tokio::time::sleep_until(due.into()).await;
        if to.write_all(&piece).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line to something that gives back every byte.
    async fn echoing(condition: Condition) -> Line {
        let echo = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = echo.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = echo.accept().await {
                tokio::spawn(async move {
                    let mut byte = [0u8; 1];
                    while socket.read_exact(&mut byte).await.is_ok() {
                        socket.write_all(&byte).await.unwrap();
                    }
                });
            }
        });
        Line::open("127.0.0.1:0".parse().unwrap(), address, condition).unwrap()
    }

    async fn there_and_back(socket: &mut TcpStream) -> std::io::Result<u8> {
        socket.write_all(b"x").await?;
        socket.read_u8().await
    }

    #[tokio::test]
    async fn a_round_trip_takes_the_delay_twice() {
        let delay = Duration::from_millis(40);
        let line = echoing(Condition { cut: false, delay }).await;
        let mut socket = TcpStream::connect(line.address()).await.unwrap();
        let begin = environment::instant();
        assert_eq!(there_and_back(&mut socket).await.unwrap(), b'x');
        assert!(begin.elapsed() >= delay * 2);
        line.slow(Duration::ZERO);
        assert_eq!(there_and_back(&mut socket).await.unwrap(), b'x');
    }

    #[tokio::test]
    async fn a_cut_line_closes_what_is_open_and_takes_nothing_until_it_is_mended() {
        let line = echoing(Condition::default()).await;
        let mut socket = TcpStream::connect(line.address()).await.unwrap();
        assert_eq!(there_and_back(&mut socket).await.unwrap(), b'x');
        line.cut(true);
        assert!(there_and_back(&mut socket).await.is_err());
        let mut refused = TcpStream::connect(line.address()).await.unwrap();
        assert!(there_and_back(&mut refused).await.is_err());
        line.cut(false);
        let mut again = TcpStream::connect(line.address()).await.unwrap();
        assert_eq!(there_and_back(&mut again).await.unwrap(), b'x');
    }
}
