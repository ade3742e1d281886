//! Looks at the configured source of hourly loads and hands what it has to the machine, which knows what is new.

use super::core::{Job, Jobs};
use crate::config::{Config, Load};
use crate::environment::Clock;
use crate::forecast::feed::{MAX_FEED_BYTES, bytes_of, calendar, made_up, read};
use fairway_forecast::calendar::Calendar;
use fairway_model::{Hash, Time};
use fairway_training::checks::Allow;
use fairway_training::dataset::File;
use fairway_utility::Report;
use fairway_utility::command::Loads;
use fairway_utility::door::Input;
use std::path::PathBuf;
use std::time::Duration;

/// Longest wait for an address to answer.
const ANSWER: Duration = Duration::from_secs(30);

/// Where loads come from.
enum Source {
    File(PathBuf),
    Address(String),
    MadeUp { seed: u64, mean_kw: i64 },
}

/// The reader of one source.
pub(super) struct Feed {
    source: Source,
    settings: Load,
    text: String,
    calendar: Calendar,
    clock: Clock,
    /// The content that was handed on, or refused, last.
    last: Option<Hash>,
}

/// What the machine must know of the configured area.
///
/// # Errors
/// A calendar that cannot be used.
pub(super) fn report(config: &Config) -> Result<Option<Report>, String> {
    let Some(load) = &config.load else {
        return Ok(None);
    };
    let (_, calendar) = calendar(&load.region(config))?;
    Ok(Some(Report {
        area: load.area.clone(),
        calendar,
        synthetic: load.synthetic.is_some(),
    }))
}

impl Feed {
    /// The reader that a configuration asks for.
    ///
    /// # Errors
    /// A calendar that cannot be used.
    pub(super) fn of(config: &Config) -> Result<Option<Self>, String> {
        let Some(load) = &config.load else {
            return Ok(None);
        };
        let source = match (&load.file, &load.url, load.synthetic) {
            (Some(file), _, _) => Source::File(config.path(file)),
            (_, Some(url), _) => Source::Address(url.clone()),
            (_, _, Some(made)) => Source::MadeUp {
                seed: made.seed,
                mean_kw: made.mean_kw,
            },
            // Loads come by `fairway load post` alone.
            _ => return Ok(None),
        };
        let (text, calendar) = calendar(&load.region(config))?;
        Ok(Some(Self {
            source,
            settings: load.clone(),
            text,
            calendar,
            clock: config.clock(),
            last: None,
        }))
    }

    /// Reads the source again and again until the node stops. What is wrong is told once.
    pub(super) async fn run(mut self, jobs: Jobs) {
        let mut told = None;
        loop {
            let now = self.clock.now();
            let failed = match self.look(now).await {
                Ok(Some(loads)) => {
                    let input = Input::Loads(Box::new(loads));
                    if jobs.send(Job::Input(input)).await.is_err() {
                        return;
                    }
                    None
                }
                Ok(None) => told.clone(),
                Err(reason) => Some(reason),
            };
            if failed != told
                && let Some(reason) = &failed
            {
                tracing::error!("loads for the ledger: {reason}");
            }
            told = failed;
            let pause = i64::from(self.settings.every_s.max(1)).saturating_mul(1_000);
            tokio::time::sleep(self.clock.until(now.plus(pause))).await;
        }
    }

    /// What the source has; nothing when its content was looked at before.
    async fn look(&mut self, now: Time) -> Result<Option<Loads>, String> {
        let (name, bytes) = match &self.source {
            Source::MadeUp { seed, mean_kw } => {
                return Ok(Some(made_up(*seed, *mean_kw, &self.calendar, now)));
            }
            Source::File(path) => {
                let name = path.display().to_string();
                (name, bytes_of(path)?)
            }
            Source::Address(url) => (url.clone(), fetch(url).await?),
        };
        let content = Hash::plain(&bytes);
        if self.last == Some(content) {
            return Ok(None);
        }
        self.last = Some(content);
        let file = File {
            name: &name,
            bytes: &bytes,
            authority: self.settings.authority.as_deref(),
        };
        let allow = Allow {
            corrections: true,
            spikes: false,
            clock: self.settings.clock_is_right,
        };
        let loads = read(&file, &self.text, now, allow);
        loads.map(Some).map_err(|fault| format!("{name}: {fault}"))
    }
}

/// The bytes at an address, as far as they are allowed to go.
async fn fetch(url: &str) -> Result<Vec<u8>, String> {
    let at = |e: reqwest::Error| format!("{url}: {e}");
    let client = reqwest::Client::builder()
        .timeout(ANSWER)
        .build()
        .map_err(at)?;
    let answer = client.get(url).send().await.map_err(at)?;
    let mut answer = answer.error_for_status().map_err(at)?;
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(at)? {
        if bytes.len().saturating_add(chunk.len()) > MAX_FEED_BYTES {
            return Err(format!(
                "{url}: more than {MAX_FEED_BYTES} bytes; a file of the last months is enough"
            ));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::routing::get;

    /// Serves two files on loopback and gives the address.
    async fn served() -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/loads.csv", get(|| async { "utc,demand_mwh\n" }))
            .route(
                "/long.csv",
                get(|| async { vec![b'1'; MAX_FEED_BYTES + 1] }),
            );
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    }

    #[tokio::test]
    async fn an_address_is_read_up_to_its_bound() {
        crate::node::tls::install_provider();
        let address = served().await;
        let found = fetch(&format!("{address}/loads.csv")).await;
        assert_eq!(found.unwrap(), b"utc,demand_mwh\n");
        let long = fetch(&format!("{address}/long.csv")).await.unwrap_err();
        assert!(long.contains("more than"), "{long}");
        let gone = fetch(&format!("{address}/gone.csv")).await.unwrap_err();
        assert!(gone.contains("404"), "{gone}");
    }
}
