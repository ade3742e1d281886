//! A proxy that makes a loopback connection as slow as a long one: what comes in leaves after a fixed time, in both directions, in
//! order and at full rate. This machine's kernel has no delaying queue, so the delay is made here.

use crate::environment;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// Pieces that are under way in one direction; beyond it the sender waits.
const UNDER_WAY: usize = 16_384;
/// Largest piece in bytes.
const PIECE: usize = 16 * 1024;

/// Listens on `from` and passes on to `to`, `delay` later in each direction, until the process ends.
///
/// # Errors
/// When the address cannot be listened on.
pub(super) async fn start(from: SocketAddr, to: SocketAddr, delay: Duration) -> Result<(), String> {
    let listener = TcpListener::bind(from)
        .await
        .map_err(|e| format!("{from}: {e}"))?;
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            tokio::spawn(pass(near, to, delay));
        }
    });
    Ok(())
}

async fn pass(near: TcpStream, to: SocketAddr, delay: Duration) {
    let Ok(far) = TcpStream::connect(to).await else {
        return;
    };
    let (_, _) = (near.set_nodelay(true), far.set_nodelay(true));
    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
    tokio::select! {
        () = one_way(near_in, far_out, delay) => {}
        () = one_way(far_in, near_out, delay) => {}
    }
}

/// Ends when either side does, so that both halves of the connection are closed together.
async fn one_way(from: OwnedReadHalf, to: OwnedWriteHalf, delay: Duration) {
    let (sender, receiver) = mpsc::channel(UNDER_WAY);
    tokio::select! {
        () = take_in(from, sender, delay) => {}
        () = give_out(to, receiver) => {}
    }
}

async fn take_in(
    mut from: OwnedReadHalf,
    pieces: mpsc::Sender<(Instant, Vec<u8>)>,
    delay: Duration,
) {
    let mut buffer = vec![0u8; PIECE];
    while let Ok(count) = from.read(&mut buffer).await {
        let Some(piece) = buffer.get(..count).filter(|piece| !piece.is_empty()) else {
            return;
        };
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

    #[tokio::test]
    async fn a_round_trip_takes_the_delay_twice() {
        let delay = Duration::from_millis(40);
        let addresses = crate::ports::free(2).unwrap();
        let echo = TcpListener::bind(addresses[0]).await.unwrap();
        tokio::spawn(async move {
            let (mut socket, _) = echo.accept().await.unwrap();
            let mut byte = [0u8; 1];
            while socket.read_exact(&mut byte).await.is_ok() {
                socket.write_all(&byte).await.unwrap();
            }
        });
        start(addresses[1], addresses[0], delay).await.unwrap();
        let mut socket = TcpStream::connect(addresses[1]).await.unwrap();
        let begin = environment::instant();
        socket.write_all(b"x").await.unwrap();
        let mut byte = [0u8; 1];
        socket.read_exact(&mut byte).await.unwrap();
        assert_eq!(&byte, b"x");
        assert!(begin.elapsed() >= delay * 2);
    }
}
