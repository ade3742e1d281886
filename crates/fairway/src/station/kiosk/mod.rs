//! The station's own screen, served by the station: a page, the view of the machine as events, and acts.
//!
//! The page keeps no order of screens of its own; it shows what [`fairway_station::View`] says and sends what its `choices` name.
//! It works without the gateway, because it talks to nothing but this program. `/kiosk` answers this machine alone; `/s/CODE` is
//! for the driver's phone and shows no more than that driver's own dialog.

pub mod acts;
pub mod answers;
pub mod guests;
mod live;
mod phone;
pub(crate) mod post;
pub mod shape;
mod steps;

use crate::environment::{self, Clock};
use crate::station::Done;
use answers::{Problem, guarded};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::from_fn;
use axum::routing::{get, post as on_post};
use fairway_model::station::PricePart;
use fairway_model::tariff::SalesTax;
use fairway_model::{Adjustments, Currency, Time};
use fairway_pricing::{CompiledTariff, parts};
use fairway_station::View;
use guests::Guests;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore, mpsc, watch};

/// Largest request in bytes.
const MAX_REQUEST: usize = 4 * 1024;
/// Most screens that listen to one station.
const MAX_SCREENS: usize = 8;
/// Most phones that listen to one station.
const MAX_PHONES: usize = 32;

/// What the kiosk's pages know of the station besides its view.
#[derive(Debug, Clone)]
pub struct About {
    /// The station's name in the page's path.
    pub station: String,
    /// The utility that runs it.
    pub operator: String,
    /// Number to call for help.
    pub help: Option<String>,
    /// Greatest power in watts.
    pub power_w: u32,
    /// Cards, cable and car are simulated: the page may present, plug and break them.
    pub simulated: bool,
    /// Address of this listener as a phone reaches it, such as `https://post-7.example`, without a slash at its end.
    pub url: String,
    /// The tariff that is posted for everybody, compiled for the station's zone.
    pub posted: Option<CompiledTariff>,
}

impl About {
    /// The posted prices of a charge that begins now.
    fn posted_now(&self, now: Time) -> Vec<PricePart> {
        self.posted
            .as_ref()
            .map(|tariff| parts(tariff, &Adjustments::NEUTRAL, now))
            .unwrap_or_default()
    }

    /// Taxes that come on top of the posted prices.
    fn posted_taxes(&self) -> &[SalesTax] {
        let posted = self.posted.as_ref();
        posted.map_or(&[], |t| t.tariff().sales_taxes.as_slice())
    }

    /// Minute of the station's local day, where its prices depend on it.
    fn minute(&self, now: Time) -> Option<u16> {
        self.posted.as_ref()?.local_minute(now)
    }

    fn currency(&self) -> Currency {
        let posted = self.posted.as_ref();
        posted.map_or(Currency::USD, |t| t.tariff().currency)
    }
}

/// A view with its number.
#[derive(Debug, Clone)]
struct Frame {
    seq: u64,
    view: View,
}

/// One station's pages.
#[derive(Debug, Clone)]
pub struct Kiosk {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    about: About,
    clock: Clock,
    begin: Instant,
    /// Tells numbers of this run of the program from those of another.
    run: String,
    views: watch::Receiver<View>,
    frames: watch::Sender<Frame>,
    acts: mpsc::Sender<Done>,
    asked: Mutex<acts::Remembered>,
    guests: Mutex<Guests>,
    /// A phone came or went.
    moved: Notify,
    screens: Arc<Semaphore>,
    phones: Arc<Semaphore>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Kiosk {
    /// Pages over a station's views and acts.
    pub fn new(
        about: About,
        clock: Clock,
        views: watch::Receiver<View>,
        acts: mpsc::Sender<Done>,
    ) -> Self {
        let view = views.borrow().clone();
        let (frames, _) = watch::channel(Frame { seq: 0, view });
        Self {
            inner: Arc::new(Inner {
                about,
                clock,
                begin: environment::instant(),
                run: hex::encode(rand::random::<[u8; 4]>()),
                views,
                frames,
                acts,
                asked: Mutex::default(),
                guests: Mutex::new(Guests::new(0, rand::random())),
                moved: Notify::new(),
                screens: Arc::new(Semaphore::new(MAX_SCREENS)),
                phones: Arc::new(Semaphore::new(MAX_PHONES)),
            }),
        }
    }
}

impl Inner {
    /// Milliseconds since the pages are served.
    fn now(&self) -> u64 {
        u64::try_from(self.begin.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn view(&self) -> View {
        self.views.borrow().clone()
    }

    /// Numbers the views, and lets codes and phones follow them.
    async fn follow(self: Arc<Self>) {
        let mut views = self.views.clone();
        let mut second = tokio::time::interval(std::time::Duration::from_secs(1));
        loop {
            tokio::select! {
                changed = views.changed() => if changed.is_err() { return },
                () = self.moved.notified() => {}
                _ = second.tick() => {}
            }
            let view = views.borrow_and_update().clone();
            let moved = locked(&self.guests).follow(self.now(), &view, rand::random());
            self.frames.send_if_modified(|frame| {
                let new = moved || frame.view != view;
                if new {
                    frame.seq = frame.seq.saturating_add(1);
                    frame.view = view;
                }
                new
            });
        }
    }
}

/// Serves a station's pages until the listener fails.
pub async fn serve(listener: TcpListener, kiosk: Kiosk) {
    tokio::spawn(kiosk.inner.clone().follow());
    let app = router(kiosk).into_make_service_with_connect_info::<SocketAddr>();
    if let Err(error) = axum::serve(listener, app).await {
        tracing::error!("the kiosk's listener failed: {error}");
    }
}

fn router(kiosk: Kiosk) -> Router {
    Router::new()
        .route("/kiosk/{station}", get(post::page))
        .route("/kiosk/{station}/events", get(post::events))
        .route("/kiosk/{station}/act", on_post(post::act))
        .route("/kiosk/{station}/qr/{code}", get(post::qr))
        .route("/s/{code}", get(phone::page))
        .route("/s/{code}/open", on_post(phone::open))
        .route("/s/{code}/events", get(phone::events))
        .route("/s/{code}/act", on_post(phone::act))
        .route("/assets/{*path}", get(post::asset))
        .fallback(nothing)
        .method_not_allowed_fallback(other_method)
        .layer(DefaultBodyLimit::max(MAX_REQUEST))
        .layer(from_fn(guarded))
        .with_state(kiosk.inner)
}

async fn nothing() -> Problem {
    let text = "nothing is here; the station's page is /kiosk/ and its name";
    Problem::new(StatusCode::NOT_FOUND, "not-found", text)
}

async fn other_method() -> Problem {
    let text = "this address takes another method; pages and events are GET, acts are POST";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", text)
}
