//! Member to member: one encrypted and signed envelope per HTTPS POST over mutual TLS, both ways.

use super::core::{Job, Jobs};
use super::directory::Directory;
use fairway_model::MemberId;
use fairway_utility::door::Input;
use fairway_utility::envelope::MAX_ENVELOPE;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;

/// Where envelopes are posted.
pub const PATH: &str = "/peer/v1/envelope";
/// Most connections of other members at once.
const MAX_CONNECTIONS: usize = 256;
/// Time for a TLS handshake, and for the head of a request.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// Time for one envelope to be taken.
const POST: Duration = Duration::from_secs(5);

/// Serves other members until the process ends.
pub async fn serve(
    listener: TcpListener,
    tls: rustls::ServerConfig,
    directory: Directory,
    jobs: Jobs,
) {
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok((stream, address)) = listener.accept().await else {
            continue;
        };
        let Ok(place) = places.clone().try_acquire_owned() else {
            tracing::warn!(%address, "refused: {MAX_CONNECTIONS} member connections are open already");
            continue;
        };
        let (acceptor, directory, jobs) = (acceptor.clone(), directory.clone(), jobs.clone());
        tokio::spawn(async move {
            if let Err(cause) = connection(stream, acceptor, &directory, jobs).await {
                tracing::warn!(%address, "member connection refused: {cause}");
            }
            drop(place);
        });
    }
}

async fn connection(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    directory: &Directory,
    jobs: Jobs,
) -> Result<(), String> {
    let _ = stream.set_nodelay(true);
    let handshake = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await;
    let stream = handshake
        .map_err(|_| "no TLS handshake in time".to_owned())?
        .map_err(|e| format!("TLS: {e}"))?;
    let shown = stream
        .get_ref()
        .1
        .peer_certificates()
        .and_then(<[_]>::first);
    let from = shown
        .and_then(|c| directory.owner(c))
        .ok_or("the certificate belongs to no member")?;
    let service = service_fn(move |request| {
        let jobs = jobs.clone();
        async move { Ok::<_, Infallible>(receive(request, from, &jobs).await) }
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(Duration::from_mins(1));
    http.serve_connection(TokioIo::new(stream), service)
        .await
        .or(Ok(()))
}

async fn receive(request: Request<Incoming>, from: MemberId, jobs: &Jobs) -> Response<Full<Bytes>> {
    if request.method() != Method::POST || request.uri().path() != PATH {
        return answer(
            StatusCode::NOT_FOUND,
            format!("only POST {PATH} is served here"),
        );
    }
    let Ok(body) = Limited::new(request.into_body(), MAX_ENVELOPE)
        .collect()
        .await
    else {
        return answer(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("an envelope has at most {MAX_ENVELOPE} bytes"),
        );
    };
    let input = Input::Peer {
        from,
        envelope: body.to_bytes().to_vec(),
    };
    match tokio::time::timeout(POST, jobs.send(Job::Input(input))).await {
        Ok(Ok(())) => answer(StatusCode::ACCEPTED, String::new()),
        _ => answer(
            StatusCode::SERVICE_UNAVAILABLE,
            "too much waits here; send it again later".to_owned(),
        ),
    }
}

fn answer(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    response
}

/// A client of one member.
///
/// # Errors
/// When the TLS configuration cannot be used.
pub fn client(tls: rustls::ClientConfig) -> Result<reqwest::Client, String> {
    let builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .http1_only()
        .tcp_nodelay(true)
        .timeout(POST);
    builder
        .pool_idle_timeout(Duration::from_secs(50))
        .build()
        .map_err(|e| e.to_string())
}

/// Posts to one member what comes out of `queue`, several at a time so that one slow post does not hold up the others. Where it is
/// reached, the directory tells for each.
pub async fn deliver(
    to: MemberId,
    directory: Directory,
    client: reqwest::Client,
    mut queue: mpsc::Receiver<Vec<u8>>,
) {
    /// Posts under way at once.
    const AT_ONCE: usize = 16;
    let places = Arc::new(Semaphore::new(AT_ONCE));
    while let Some(envelope) = queue.recv().await {
        let Ok(place) = places.clone().acquire_owned().await else {
            return;
        };
        let Some(endpoint) = directory.endpoint(to) else {
            continue;
        };
        let request = client.post(format!("{endpoint}{PATH}")).body(envelope);
        tokio::spawn(async move {
            match request.send().await {
                Ok(response) if response.status().is_success() => {}
                Ok(response) => tracing::warn!(%to, "refused a message with {}", response.status()),
                Err(error) => tracing::debug!(%to, "not reached: {error}"),
            }
            drop(place);
        });
    }
}
