//! Loopback ports for members that are started on one machine: the demonstration, benchmarks and tests.
//!
//! Ports that the operating system hands out by itself are no use here. They are also the source ports of outgoing connections, and
//! members dial each other before all of them listen: a connection may take a port between its choice and its use, or even
//! connect to itself. So ports are taken from below the system's range, and every process begins at another place.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

/// The first port that is given away.
const FIRST: u16 = 10_000;
/// How many ports there are: they end below 32768, where Linux begins to take source ports.
const COUNT: u32 = 22_000;
/// How far the places are apart at which two processes with neighbouring numbers begin.
const STRIDE: u32 = 37;

/// How many ports this process has looked at.
static LOOKED_AT: AtomicU32 = AtomicU32::new(0);

/// Loopback addresses on which nobody listens. None is given twice by one process.
///
/// # Errors
/// When fewer than `count` ports are free.
pub fn free(count: usize) -> Result<Vec<SocketAddr>, String> {
    let mut found = Vec::with_capacity(count);
    let begin = std::process::id().wrapping_mul(STRIDE);
    for _ in 0..COUNT {
        if found.len() == count {
            return Ok(found);
        }
        let place = begin.wrapping_add(LOOKED_AT.fetch_add(1, Ordering::Relaxed));
        let offset = place.checked_rem(COUNT).unwrap_or_default();
        let port = FIRST.saturating_add(u16::try_from(offset).unwrap_or_default());
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            found.push(address);
        }
    }
    Err(format!(
        "fewer than {count} ports of 127.0.0.1 are free between {FIRST} and 32000"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_distinct_and_below_the_systems_own() {
        let (mut first, second) = (free(8).unwrap(), free(8).unwrap());
        first.extend(second);
        first.sort_unstable();
        first.dedup();
        assert_eq!(first.len(), 16);
        assert!(first.iter().all(|a| (10_000..32_768).contains(&a.port())));
    }

    #[test]
    fn a_port_in_use_is_passed_over() {
        let held = free(1).unwrap()[0];
        let _listener = TcpListener::bind(held).unwrap();
        LOOKED_AT.fetch_sub(1, Ordering::Relaxed);
        assert_ne!(free(1).unwrap()[0], held);
    }
}
