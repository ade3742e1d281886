//! The forecasting service over HTTP, as a role of a running member: the same functions as `fairway forecast`, behind the operator's token.
//!
//! A search runs on a thread of its own, one at a time; its progress is a page, and a stream of events that ends with it. The contracts never wait for this
//! service: what they need of it was put on the ledger before.

use super::operator::{Token, problem_with};
use crate::environment::wall_ms;
use crate::forecast::progress::Progress;
use crate::forecast::service::{self, Learned, Trained, Watch};
use crate::forecast::store::Store;
use crate::forecast::{Fault, view};
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::{StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use fairway_forecast::backtest::Issue;
use fairway_forecast::hour::{Day, Hour};
use fairway_model::Time;
use fairway_training::candidate::Effort;
use fairway_training::checks::Allow;
use fairway_training::dataset::File;
use fairway_training::describe::describe;
use fairway_training::forms;
use fairway_training::search::Wish;
use futures::Stream;
use serde::Deserialize;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

/// The largest file that is uploaded, in bytes; a larger one is imported with `fairway forecast dataset import`.
const MAX_UPLOAD: usize = 64 << 20;

/// The service of one node.
#[derive(Debug, Clone)]
pub struct Service {
    store: Store,
    threads: usize,
    running: Arc<Mutex<Option<Running>>>,
}

/// The search that runs, or the last one.
#[derive(Debug, Clone)]
struct Running {
    name: String,
    state: watch::Receiver<Course>,
}

/// How a search goes.
#[derive(Debug, Clone)]
enum Course {
    Goes(Progress),
    Done(Box<Trained>),
    Failed(Fault),
}

impl Course {
    fn json(&self) -> Value {
        match self {
            Self::Goes(progress) => {
                json!({ "state": "running", "progress": view::progress_json(progress) })
            }
            Self::Done(trained) => {
                json!({ "state": "done", "result": view::trained_json(trained) })
            }
            Self::Failed(fault) => json!({ "state": "failed", "reason": fault.to_string() }),
        }
    }
}

impl Service {
    /// The service of a folder.
    pub fn new(dir: std::path::PathBuf, threads: usize) -> Self {
        Self {
            store: Store::new(dir),
            threads,
            running: Arc::default(),
        }
    }
}

/// The pages, all behind the token.
pub(super) fn router(service: Service, token: Token) -> Router {
    let of = "/forecast/v1/datasets/{name}";
    let at = |rest: &str| format!("{of}{rest}");
    Router::new()
        .route("/forecast/v1/datasets", get(list))
        .route(of, get(description).put(create).delete(delete))
        .route(&at("/import"), post(import))
        .route(&at("/rows"), get(rows))
        .route(&at("/train"), post(train))
        .route(&at("/progress"), get(progress))
        .route(&at("/events"), get(events))
        .route(&at("/board"), get(board))
        .route(&at("/shadow"), post(shadow))
        .route(&at("/predict"), get(predict))
        .route(&at("/card"), get(card))
        .route(&at("/model"), get(export_model).post(import_model))
        .layer(DefaultBodyLimit::max(MAX_UPLOAD))
        .layer(from_fn_with_state(token, guarded))
        .with_state(service)
}

async fn guarded(State(token): State<Token>, request: Request, next: Next) -> Response {
    if token.shown_in(request.headers()) {
        return next.run(request).await;
    }
    Token::asked_for()
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        refused(&self)
    }
}

fn refused(fault: &Fault) -> Response {
    let status = match fault {
        Fault::Missing(_) => StatusCode::NOT_FOUND,
        Fault::Wrong(_) => StatusCode::BAD_REQUEST,
        Fault::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Fault::Busy(_) => StatusCode::CONFLICT,
        Fault::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let places: Vec<Value> = match fault {
        Fault::Refused(refused) => refused
            .findings
            .iter()
            .map(|f| json!({ "line": f.line, "column": f.column, "detail": f.what }))
            .collect(),
        _ => Vec::new(),
    };
    problem_with(status, &fault.to_string(), places)
}

/// Calls a function of the service on a thread that may wait for files.
async fn asked<T: Send + 'static>(
    ask: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    match tokio::task::spawn_blocking(ask).await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(fault)) => Err(fault),
        Err(error) => Err(Fault::Broken(error.to_string())),
    }
}

type Answer = Result<Response, Fault>;

/// The body of a request that may be too long.
fn whole(body: Result<Bytes, BytesRejection>) -> Result<Bytes, Fault> {
    body.map_err(|error| {
        Fault::Wrong(format!(
            "the body: {}; over HTTP it has at most {MAX_UPLOAD} bytes, `fairway forecast` reads larger files",
            error.body_text()
        ))
    })
}

/// The query of a request.
fn query_of<T: for<'a> Deserialize<'a>>(uri: &Uri) -> Result<T, Fault> {
    let read = Query::<T>::try_from_uri(uri);
    read.map(|query| query.0)
        .map_err(|error| Fault::Wrong(format!("the query: {}", error.body_text())))
}

fn day_of(text: Option<&str>) -> Result<Option<Day>, Fault> {
    let read = |text: &str| {
        forms::day(text)
            .ok_or_else(|| Fault::Wrong(format!("`{text}` is no day such as 2026-11-29")))
    };
    text.map(read).transpose()
}

fn body_of<T: for<'a> Deserialize<'a>>(body: &[u8]) -> Result<T, Fault> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| Fault::Wrong(format!("the body: {error}")))
}

async fn list(State(s): State<Service>) -> Answer {
    Ok(Json(json!({ "datasets": asked(move || s.store.list()).await? })).into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewDataset {
    #[serde(default = "eastern")]
    region: String,
    calendar: Option<String>,
    schema: Option<String>,
}

fn eastern() -> String {
    "us-eastern".to_owned()
}

async fn create(State(s): State<Service>, Path(name): Path<String>, body: Bytes) -> Answer {
    let new: NewDataset = body_of(&body)?;
    let made = json!({ "created": name });
    asked(move || {
        service::create(
            &s.store,
            &name,
            &new.region,
            new.calendar.as_deref(),
            new.schema.as_deref(),
        )
    })
    .await?;
    Ok((StatusCode::CREATED, Json(made)).into_response())
}

async fn description(State(s): State<Service>, Path(name): Path<String>) -> Answer {
    let found = asked(move || s.store.read(&name).map(|dataset| describe(&dataset))).await?;
    Ok(Json(view::description_json(&found)).into_response())
}

async fn delete(State(s): State<Service>, Path(name): Path<String>) -> Answer {
    asked(move || {
        let _claim = s.store.claim(&name)?;
        s.store.delete(&name)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Upload {
    file: String,
    authority: Option<String>,
    correct: bool,
    spikes_are_gaps: bool,
    clock_is_right: bool,
}

async fn import(
    State(s): State<Service>,
    Path(name): Path<String>,
    uri: Uri,
    body: Result<Bytes, BytesRejection>,
) -> Answer {
    let (how, body): (Upload, Bytes) = (query_of(&uri)?, whole(body)?);
    let report = asked(move || {
        let file = File {
            name: if how.file.is_empty() {
                "upload"
            } else {
                &how.file
            },
            bytes: &body,
            authority: how.authority.as_deref(),
        };
        let allow = Allow {
            corrections: how.correct,
            spikes: how.spikes_are_gaps,
            clock: how.clock_is_right,
        };
        service::import(&s.store, &name, &file, Hour::of(Time(wall_ms())), allow)
    })
    .await?;
    Ok(Json(view::report_json(&report)).into_response())
}

async fn rows(State(s): State<Service>, Path(name): Path<String>) -> Answer {
    let text = asked(move || s.store.read(&name).map(|dataset| dataset.csv())).await?;
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], text).into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Asked {
    pool: Vec<String>,
    days_before: u8,
    clock: u8,
    folds: u16,
    fold_days: u16,
    effort: String,
    seed: u64,
    until: Option<String>,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            pool: Vec::new(),
            days_before: 1,
            clock: 10,
            folds: 4,
            fold_days: 91,
            effort: "quick".to_owned(),
            seed: 1,
            until: None,
        }
    }
}

impl Asked {
    fn wish(&self) -> Result<Wish, Fault> {
        let effort = match self.effort.as_str() {
            "tiny" => Effort::Tiny,
            "quick" => Effort::Quick,
            "full" => Effort::Full,
            other => {
                return Err(Fault::Wrong(format!(
                    "effort `{other}`; tiny, quick or full would be right"
                )));
            }
        };
        Ok(Wish {
            issue: Issue {
                days_before: self.days_before,
                clock: self.clock,
            },
            folds: self.folds,
            fold_days: self.fold_days,
            effort,
            seed: self.seed,
            last: day_of(self.until.as_deref())?,
        })
    }
}

async fn train(State(s): State<Service>, Path(name): Path<String>, body: Bytes) -> Answer {
    let asked: Asked = body_of(&body)?;
    let wish = asked.wish()?;
    let (to, state) = watch::channel(Course::Goes(Progress::default()));
    {
        let busy =
            |_| Fault::Broken("the record of searches is lost; start the node again".to_owned());
        let mut running = s.running.lock().map_err(busy)?;
        if let Some(other) = running
            .as_ref()
            .filter(|r| matches!(*r.state.borrow(), Course::Goes(_)))
        {
            return Err(Fault::Busy(format!(
                "a search for `{}` is running; one runs at a time",
                other.name
            )));
        }
        *running = Some(Running {
            name: name.clone(),
            state,
        });
    }
    let pages = json!({ "progress": format!("/forecast/v1/datasets/{name}/progress"), "events": format!("/forecast/v1/datasets/{name}/events") });
    tokio::task::spawn_blocking(move || {
        let tell = |progress: &Progress| {
            to.send_replace(Course::Goes(progress.clone()));
        };
        let watch = Watch {
            threads: s.threads,
            tell: &tell,
            stop: &AtomicBool::new(false),
        };
        let end = match service::train(&s.store, &name, &asked.pool, wish, &watch) {
            Ok(trained) => Course::Done(Box::new(trained)),
            Err(fault) => Course::Failed(fault),
        };
        to.send_replace(end);
    });
    Ok((StatusCode::ACCEPTED, Json(pages)).into_response())
}

fn running(s: &Service, name: &str) -> Result<watch::Receiver<Course>, Fault> {
    let lock = s.running.lock().ok();
    let found = lock.and_then(|r| {
        r.as_ref()
            .filter(|r| r.name == name)
            .map(|r| r.state.clone())
    });
    found.ok_or_else(|| {
        Fault::Missing(format!(
            "no search for `{name}` was started since the node runs"
        ))
    })
}

async fn progress(State(s): State<Service>, Path(name): Path<String>) -> Answer {
    let state = running(&s, &name)?;
    let course = state.borrow().json();
    Ok(Json(course).into_response())
}

async fn events(State(s): State<Service>, Path(name): Path<String>) -> Answer {
    let stream = course(running(&s, &name)?);
    Ok(Sse::new(stream)
        .keep_alive(KeepAlive::default())
        .into_response())
}

/// What a search tells, until its end.
fn course(state: watch::Receiver<Course>) -> impl Stream<Item = Result<Event, Infallible>> {
    futures::stream::unfold(
        (state, true, false),
        |(mut state, first, over)| async move {
            if over || (!first && state.changed().await.is_err()) {
                return None;
            }
            let (json, over) = {
                let course = state.borrow_and_update();
                (course.json(), !matches!(*course, Course::Goes(_)))
            };
            let event = Event::default()
                .event("fairway.search.v1")
                .data(json.to_string());
            Some((Ok(event), (state, false, over)))
        },
    )
}

async fn board(State(s): State<Service>, Path(name): Path<String>) -> Answer {
    let found = asked(move || s.store.board(&name)).await?;
    Ok(Json(view::board_json(&found)).into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Which {
    model: Option<String>,
    day: Option<String>,
    keep: bool,
    until: Option<String>,
}

async fn shadow(State(s): State<Service>, Path(name): Path<String>, uri: Uri) -> Answer {
    let which: Which = query_of(&uri)?;
    let found = asked(move || service::shadow(&s.store, &name, !which.keep)).await?;
    Ok(Json(view::shadow_json(&found)).into_response())
}

async fn predict(State(s): State<Service>, Path(name): Path<String>, uri: Uri) -> Answer {
    let which: Which = query_of(&uri)?;
    let day = day_of(which.day.as_deref())?;
    let found =
        asked(move || service::predict(&s.store, &name, which.model.as_deref(), day)).await?;
    Ok(Json(view::prediction_json(&found)).into_response())
}

async fn card(State(s): State<Service>, Path(name): Path<String>, uri: Uri) -> Answer {
    let which: Which = query_of(&uri)?;
    let found = asked(move || service::card(&s.store, &name, which.model.as_deref())).await?;
    Ok(Json(view::card_json(&found)).into_response())
}

async fn export_model(State(s): State<Service>, Path(name): Path<String>, uri: Uri) -> Answer {
    let which: Which = query_of(&uri)?;
    let (_, bytes) =
        asked(move || service::export_model(&s.store, &name, which.model.as_deref())).await?;
    Ok(bytes.into_response())
}

async fn import_model(
    State(s): State<Service>,
    Path(name): Path<String>,
    uri: Uri,
    body: Result<Bytes, BytesRejection>,
) -> Answer {
    let (which, body): (Which, Bytes) = (query_of(&uri)?, whole(body)?);
    let until = day_of(which.until.as_deref())?;
    let until = until.ok_or_else(|| {
        Fault::Wrong("say `?until=DAY`, the last day that the model has learned from".to_owned())
    })?;
    let learned = Learned {
        until,
        pool: Vec::new(),
    };
    let id = asked(move || service::import_model(&s.store, &name, &body, &learned)).await?;
    Ok((StatusCode::CREATED, Json(json!({ "model": id }))).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_forecast::calendar::Calendar;
    use fairway_forecast::hour::day_of;
    use fairway_forecast::synthetic::Synthetic;
    use std::fmt::Write as _;

    struct Page {
        base: String,
        http: reqwest::Client,
        folder: std::path::PathBuf,
    }

    impl Page {
        async fn open(name: &str) -> Self {
            crate::node::tls::install_provider();
            let folder =
                std::env::temp_dir().join(format!("fairway-{name}-{}", std::process::id()));
            let service = Service::new(folder.clone(), 1);
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let base = format!(
                "http://{}/forecast/v1/datasets",
                listener.local_addr().unwrap()
            );
            let router = router(service, Token::new("secret"));
            tokio::spawn(async move { axum::serve(listener, router).await });
            Self {
                base,
                http: reqwest::Client::new(),
                folder,
            }
        }

        async fn ask(
            &self,
            method: reqwest::Method,
            path: &str,
            body: impl Into<reqwest::Body>,
        ) -> (u16, Value) {
            let request = self.http.request(method, format!("{}{path}", self.base));
            let answer = request
                .bearer_auth("secret")
                .body(body)
                .send()
                .await
                .unwrap();
            let status = answer.status().as_u16();
            let text = answer.text().await.unwrap();
            (
                status,
                serde_json::from_str(&text).unwrap_or(Value::String(text)),
            )
        }

        async fn get(&self, path: &str) -> (u16, Value) {
            self.ask(reqwest::Method::GET, path, "").await
        }
    }

    impl Drop for Page {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }

    fn file() -> String {
        let calendar = Calendar::us_eastern().unwrap();
        let made = Synthetic {
            seed: 5,
            mean: 8_000_000,
            first: day_of(2019, 1, 1).unwrap(),
            days: 130,
            lean: 10,
        }
        .make(&calendar);
        let mut out = "utc_hour_ending,SYN_mw,SYN_flag\n".to_owned();
        for (hour, load) in made.load.iter() {
            let end = fairway_training::hours::text(hour.plus(1));
            writeln!(out, "{end},{},0", load.unwrap() / 1_000).unwrap();
        }
        out
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_whole_life_of_a_data_set_over_http() {
        use reqwest::Method;
        let page = Page::open("forecast-http").await;
        let (status, body) = page
            .ask(Method::PUT, "/syn", "{\"region\":\"us-eastern\"}")
            .await;
        assert_eq!((status, &body["created"]), (201, &json!("syn")));
        let (status, body) = page
            .ask(Method::POST, "/syn/import?file=syn.csv", file())
            .await;
        assert_eq!(
            (status, &body["added"]),
            (200, &json!(130 * 24 - 1)),
            "{body}"
        );
        let (_, body) = page
            .ask(Method::POST, "/syn/import?file=syn.csv", file())
            .await;
        assert_eq!(body["again"], json!(true));
        let wish = "{\"effort\":\"tiny\",\"folds\":1,\"fold_days\":30}";
        let (status, body) = page.ask(Method::POST, "/syn/train", wish).await;
        assert_eq!(status, 202, "{body}");
        // The stream ends with the search.
        let (status, events) = page.get("/syn/events").await;
        let events = events.as_str().unwrap_or_default().to_owned();
        assert!(
            status == 200
                && events.contains("event: fairway.search.v1")
                && events.contains("\"state\":\"done\""),
            "{events}"
        );
        let (_, body) = page.get("/syn/progress").await;
        assert_eq!(
            (&body["state"], &body["result"]["champion"]),
            (&json!("done"), &json!(true))
        );
        let (_, body) = page.get("/syn/board").await;
        assert_eq!(body["standings"].as_array().map(Vec::len), Some(4));
        let (status, body) = page.get("/syn/predict").await;
        assert_eq!(
            (status, body["hours"].as_array().map(Vec::len)),
            (200, Some(24)),
            "{body}"
        );
        let (_, body) = page.get("/syn/card").await;
        assert!(
            body["errors"]["mape_ppm"].as_i64().is_some_and(|m| m > 0),
            "{body}"
        );
        let (status, _) = page.ask(Method::DELETE, "/syn", "").await;
        assert_eq!(status, 204);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn problems_name_status_and_places() {
        use reqwest::Method;
        let page = Page::open("forecast-problems").await;
        let answer = page.http.get(&page.base).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 401);
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let (status, body) = page.get("/none").await;
        assert_eq!(
            (status, &body["detail"]),
            (404, &json!("no data set `none`; there is none yet"))
        );
        let (status, body) = page.ask(Method::PUT, "/a", "{\"region\":\"mars\"}").await;
        assert!(
            status == 400
                && body["detail"]
                    .as_str()
                    .is_some_and(|d| d.contains("no calendar `mars`")),
            "{body}"
        );
        let (status, body) = page.ask(Method::PUT, "/..%2Fx", "{}").await;
        assert!(
            status == 400
                && body["detail"]
                    .as_str()
                    .is_some_and(|d| d.contains("is no name of a data set")),
            "{body}"
        );
        page.ask(Method::PUT, "/a", "{}").await;
        let (status, body) = page
            .ask(Method::POST, "/a/import", "hour,load_kw\nnever,1\n")
            .await;
        assert_eq!(status, 422);
        assert_eq!(
            (&body["errors"][0]["line"], &body["errors"][0]["column"]),
            (&json!(2), &json!("hour"))
        );
        let (status, body) = page
            .ask(Method::POST, "/a/train", "{\"effort\":\"huge\"}")
            .await;
        assert!(
            status == 400
                && body["detail"]
                    .as_str()
                    .is_some_and(|d| d.contains("tiny, quick or full")),
            "{body}"
        );
        let (status, body) = page
            .ask(Method::POST, "/a/model?until=2019-01-01", "PK")
            .await;
        assert!(
            status == 400
                && body["detail"]
                    .as_str()
                    .is_some_and(|d| d.contains("byte 0")),
            "{body}"
        );
        let (status, body) = page.get("/a/predict").await;
        assert!(
            status == 404
                && body["detail"]
                    .as_str()
                    .is_some_and(|d| d.contains("has no model yet")),
            "{body}"
        );
    }
}
