//! Whose request it is when proxies stand in front: the address that the limits count.
//!
//! `X-Forwarded-For` is a list to which every proxy appends whom it heard. Anybody can send one, so it is read from the right: past the
//! proxies that the configuration trusts, and no further than the first that it does not.

use super::Api;
use super::listener::Visitor;
use crate::config::Network;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;
use std::net::{IpAddr, SocketAddr};

/// Most hops that are looked at.
const MAX_HOPS: usize = 16;

/// Puts the address of who asks in the place of the proxy's.
pub(super) async fn forwarded(
    State(api): State<Api>,
    ConnectInfo(Visitor(peer)): ConnectInfo<Visitor>,
    mut request: Request,
    next: Next,
) -> Response {
    let proxies = &api.parts().proxies;
    if !proxies.is_empty() {
        let asker = asker(peer.ip(), request.headers(), proxies);
        if asker != peer.ip() {
            let visitor = Visitor(SocketAddr::new(asker, 0));
            request.extensions_mut().insert(ConnectInfo(visitor));
        }
    }
    next.run(request).await
}

/// An address in the list: bare, or with a port.
fn hop(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse::<IpAddr>();
    let address = address.or_else(|_| text.parse::<SocketAddr>().map(|a| a.ip()));
    address.ok().map(|a| a.to_canonical())
}

fn asker(peer: IpAddr, headers: &HeaderMap, proxies: &[Network]) -> IpAddr {
    let trusted = |address: IpAddr| proxies.iter().any(|network| network.holds(address));
    let lines = headers.get_all("x-forwarded-for").iter();
    let lines: Vec<&str> = lines.filter_map(|line| line.to_str().ok()).collect();
    let hops = lines.iter().rev().flat_map(|line| line.rsplit(','));
    let mut nearest = peer;
    for text in hops.take(MAX_HOPS) {
        if !trusted(nearest) {
            break;
        }
        // What cannot be read was not written by a proxy that we trust: the one before it is as far as we know.
        let Some(address) = hop(text) else {
            break;
        };
        nearest = address;
    }
    nearest
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn asked(peer: &str, lines: &[&'static str]) -> String {
        let networks = ["10.0.0.0/8", "::1"];
        let proxies: Vec<Network> = networks
            .into_iter()
            .map(|text| Network::parse(text).unwrap())
            .collect();
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", HeaderValue::from_static(line));
        }
        asker(peer.parse().unwrap(), &headers, &proxies).to_string()
    }

    #[test]
    fn the_rightmost_address_that_is_no_proxy_asks() {
        assert_eq!(asked("10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(asked("::1", &["198.51.100.7:4711"]), "198.51.100.7");
        assert_eq!(asked("10.0.0.1", &["[2001:db8::7]:80"]), "2001:db8::7");
        // What the browser claimed stands further left.
        let claimed = ["203.0.113.1, 198.51.100.7, 10.0.0.9"];
        assert_eq!(asked("10.0.0.1", &claimed), "198.51.100.7");
        let lines = ["203.0.113.1", "198.51.100.7", "10.0.0.9"];
        assert_eq!(asked("10.0.0.1", &lines), "198.51.100.7");
        // Nobody but a proxy is believed.
        assert_eq!(asked("192.0.2.1", &["203.0.113.1"]), "192.0.2.1");
        assert_eq!(asked("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(asked("10.0.0.1", &["nonsense"]), "10.0.0.1");
        assert_eq!(asked("10.0.0.1", &["x, 10.0.0.2"]), "10.0.0.2");
    }
}
