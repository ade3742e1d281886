//! What an operator measures beside the ledger: charges, authorizations, stations' messages, requests of the API, energy, open money.
//!
//! Counts are fed where things happen, in the shell: the machine tells [`Happening`]s, a station's connection its calls, the API its answers.
//! No label holds an id, a name or a text that somebody outside chooses. The names are listed in docs/metrics.md, which a test compares.

use fairway_protocol::ocpp::{CallResult, Direction, Exchange};
use fairway_utility::happening::{Decider, Gauges, Happening, OpenMoney, Outcome};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

/// Joules in a milliwatt-hour times ten, and that ten: 3.6 J.
const JOULES_OF_TEN_MWH: u64 = 36;
const TEN_MWH: u64 = 10;
/// Upper ends of the buckets for the time from credential to decision, in seconds.
const DECISION: [f64; 9] = [0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Upper ends of the buckets for the time from credential to power, in seconds: people decide and plug in meanwhile.
const START: [f64; 10] = [1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Decided {
    path: &'static str,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Called {
    action: &'static str,
    direction: &'static str,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Class {
    class: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Quoted {
    clamped: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Side {
    currency: String,
    side: &'static str,
}

/// The counts of one process; clones are the same counts.
#[derive(Debug, Clone)]
pub struct Meters {
    sessions: Family<Ended, Counter>,
    starts: Histogram,
    authorizations: Family<Decided, Counter>,
    decisions: Histogram,
    connections: Gauge,
    calls: Family<Called, Counter>,
    requests: Family<Class, Counter>,
    energy: Counter,
    quotes: Family<Quoted, Counter>,
}

impl Default for Meters {
    /// Zero for everything whose labels are known beforehand, so that a rate can be computed from the first event on.
    fn default() -> Self {
        let meters = Self {
            sessions: Family::default(),
            starts: Histogram::new(START),
            authorizations: Family::default(),
            decisions: Histogram::new(DECISION),
            connections: Gauge::default(),
            calls: Family::default(),
            requests: Family::default(),
            energy: Counter::default(),
            quotes: Family::default(),
        };
        // A lock comes with each; it is given back at once.
        for outcome in Outcome::ALL {
            let outcome = outcome.word();
            drop(meters.sessions.get_or_create(&Ended { outcome }));
        }
        let result = ALLOWED;
        for by in Decider::ALL {
            let path = by.word();
            drop(
                meters
                    .authorizations
                    .get_or_create(&Decided { path, result }),
            );
        }
        for clamped in [true, false] {
            drop(meters.quotes.get_or_create(&quoted(clamped)));
        }
        for status in [200, 300, 400, 500] {
            let class = class(status);
            drop(meters.requests.get_or_create(&Class { class }));
        }
        meters
    }
}

/// The result of a decision in the driver's favour; any other is the refusal's code.
const ALLOWED: &str = "allowed";

fn quoted(clamped: bool) -> Quoted {
    Quoted {
        clamped: if clamped { "true" } else { "false" },
    }
}

/// The class of a status.
fn class(status: u16) -> &'static str {
    match status {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}

/// Milliseconds as seconds.
fn seconds(ms: i64) -> f64 {
    // Exact below 2^53 ms; longer ones fall into the last bucket anyway.
    f64::from(u32::try_from(ms.max(0)).unwrap_or(u32::MAX)) / 1_000.0
}

impl Meters {
    /// Counts what the machine tells.
    pub fn happened(&self, what: &Happening) {
        match what {
            Happening::Decided { by, refused, after } => {
                let result = refused.map_or(ALLOWED, fairway_model::RefusalCode::as_str);
                let path = by.word();
                self.authorizations
                    .get_or_create(&Decided { path, result })
                    .inc();
                self.decisions.observe(seconds(*after));
            }
            Happening::Quoted { clamped } => {
                self.quotes.get_or_create(&quoted(*clamped)).inc();
            }
            Happening::Began { after } => self.starts.observe(seconds(*after)),
            Happening::Delivered(energy) => {
                // Whole joules, rounded down: less than a joule of a charge is lost.
                let tenths = energy.0.saturating_mul(JOULES_OF_TEN_MWH);
                self.energy.inc_by(tenths.checked_div(TEN_MWH).unwrap_or(0));
            }
            Happening::Closed(outcome) => {
                let outcome = outcome.word();
                self.sessions.get_or_create(&Ended { outcome }).inc();
            }
        }
    }

    /// Counts a station's connection that began, or ended.
    pub fn connected(&self, open: bool) {
        if open {
            self.connections.inc();
        } else {
            self.connections.dec();
        }
    }

    /// Counts calls between a station and the gateway.
    pub fn called(&self, exchanges: &[Exchange]) {
        for exchange in exchanges {
            let called = Called {
                action: exchange.action,
                direction: match exchange.direction {
                    Direction::FromStation => "from_station",
                    Direction::ToStation => "to_station",
                },
                result: match exchange.result {
                    CallResult::Accepted => "accepted",
                    CallResult::Refused => "refused",
                    CallResult::Unanswered => "unanswered",
                },
            };
            self.calls.get_or_create(&called).inc();
        }
    }

    /// Counts an answer of the API.
    pub fn answered(&self, status: u16) {
        let class = class(status);
        self.requests.get_or_create(&Class { class }).inc();
    }

    /// Adds everything to a page, with what stands now where the machine tells it.
    pub fn register(&self, registry: &mut Registry, gauges: Option<&Gauges>) {
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "the program that runs", build);
        registry.register(
            "sessions",
            "charges at our stations that are over, by outcome",
            self.sessions.clone(),
        );
        registry.register_with_unit(
            "session_start",
            "time from the presented credential to power, by the member's clock",
            Unit::Seconds,
            self.starts.clone(),
        );
        registry.register(
            "authorizations",
            "decisions whether a driver may charge at our stations, by who decided and with what result",
            self.authorizations.clone(),
        );
        registry.register_with_unit(
            "authorization",
            "time from the presented credential to the decision, by the member's clock",
            Unit::Seconds,
            self.decisions.clone(),
        );
        registry.register(
            "ocpp_connections",
            "stations that are connected",
            self.connections.clone(),
        );
        registry.register(
            "ocpp_messages",
            "calls between stations and the gateway, by action, direction and what became of them",
            self.calls.clone(),
        );
        registry.register(
            "http_requests",
            "requests of the API for people, by class of the answer's status",
            self.requests.clone(),
        );
        registry.register_with_unit(
            "energy_delivered",
            "energy at our stations that signed meter records prove",
            Unit::Joules,
            self.energy.clone(),
        );
        registry.register(
            "price_quotes",
            "prices shown at our stations, by whether the agreement's corridor moved them",
            self.quotes.clone(),
        );
        if let Some(gauges) = gauges {
            register_gauges(registry, gauges);
        }
    }
}

fn register_gauges(registry: &mut Registry, gauges: &Gauges) {
    for (name, help, count) in [
        (
            "sessions_active",
            "charges at our stations that run",
            gauges.charging,
        ),
        (
            "sessions_open",
            "charges at our stations between credential and settlement",
            gauges.open,
        ),
    ] {
        let gauge = Gauge::<i64>::default();
        gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        registry.register(name, help, gauge);
    }
    let open = Family::<Side, Gauge>::default();
    for OpenMoney {
        currency,
        owed,
        owing,
    } in &gauges.settlement
    {
        for (side, amount) in [("owed_to_us", owed), ("owed_by_us", owing)] {
            let labels = Side {
                currency: currency.to_string(),
                side,
            };
            // Whole minor units, rounded down.
            let units = amount.0.div_euclid(currency.micros_per_minor());
            open.get_or_create(&labels).set(units);
        }
    }
    registry.register(
        "settlement_open_minor_units",
        "what is neither netted nor paid between us and other members, in the currency's smallest coin",
        open,
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_model::{Currency, Energy, Micro, RefusalCode};
    use prometheus_client::encoding::text::encode;

    fn page(meters: &Meters, gauges: Option<&Gauges>) -> String {
        let mut registry = Registry::with_prefix("fairway");
        meters.register(&mut registry, gauges);
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        text
    }

    fn counted() -> String {
        let meters = Meters::default();
        for what in [
            Happening::Decided {
                by: Decider::Home,
                refused: None,
                after: 120,
            },
            Happening::Decided {
                by: Decider::Home,
                refused: Some(RefusalCode::CinBlocked),
                after: -5,
            },
            Happening::Quoted { clamped: true },
            Happening::Began { after: 8_000 },
            Happening::Delivered(Energy::from_wh(10_000).unwrap()),
            Happening::Closed(Outcome::Settled),
        ] {
            meters.happened(&what);
        }
        meters.connected(true);
        meters.called(&[Exchange {
            action: "Heartbeat",
            direction: Direction::FromStation,
            result: CallResult::Accepted,
        }]);
        meters.answered(404);
        let gauges = Gauges {
            charging: 1,
            open: 2,
            settlement: vec![OpenMoney {
                currency: Currency::USD,
                owed: Micro(4_139_999),
                owing: Micro::ZERO,
            }],
        };
        page(&meters, Some(&gauges))
    }

    #[test]
    fn what_happens_is_counted_under_the_documented_names() {
        let text = counted();
        for line in [
            "fairway_sessions_total{outcome=\"settled\"} 1",
            "fairway_sessions_total{outcome=\"declined\"} 0",
            "fairway_session_start_seconds_bucket{le=\"10.0\"} 1",
            "fairway_session_start_seconds_sum 8.0",
            "fairway_authorizations_total{path=\"remote_home\",result=\"allowed\"} 1",
            "fairway_authorizations_total{path=\"remote_home\",result=\"cin-blocked\"} 1",
            "fairway_authorization_seconds_count 2",
            "fairway_ocpp_connections 1",
            "fairway_ocpp_messages_total{action=\"Heartbeat\",direction=\"from_station\",result=\"accepted\"} 1",
            "fairway_http_requests_total{class=\"4xx\"} 1",
            "fairway_http_requests_total{class=\"5xx\"} 0",
            "fairway_energy_delivered_joules_total 36000000",
            "fairway_price_quotes_total{clamped=\"true\"} 1",
            "fairway_sessions_active 1",
            "fairway_sessions_open 2",
            "fairway_settlement_open_minor_units{currency=\"USD\",side=\"owed_to_us\"} 413",
            "fairway_build_info{version=\"",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
    }

    #[test]
    fn every_name_is_documented() {
        let document = include_str!("../../../../docs/metrics.md");
        let text = counted();
        let names = text.lines().filter_map(|l| l.strip_prefix("# TYPE "));
        let names: Vec<&str> = names.filter_map(|l| l.split(' ').next()).collect();
        assert!(names.len() > 10, "{names:?}");
        for name in names {
            assert!(document.contains(&format!("`{name}")), "{name}");
        }
    }

    /// The names of Fairway's metrics that a text asks for, as a scrape shows them without a histogram's endings.
    fn asked(text: &str) -> std::collections::BTreeSet<&str> {
        let word = |c: char| !c.is_ascii_lowercase() && c != '_';
        let names = text.split(word).filter(|w| w.starts_with("fairway_"));
        names
            .map(|name| name.strip_suffix("_bucket").unwrap_or(name))
            .collect()
    }

    #[test]
    fn board_and_alarms_ask_for_what_is_there() {
        let document = include_str!("../../../../docs/metrics.md");
        let files = [
            include_str!("../../../../docs/examples/monitoring/grafana.json"),
            include_str!("../../../../docs/examples/monitoring/alarms.yml"),
        ];
        for text in files {
            let names = asked(text);
            assert!(names.len() > 5, "{names:?}");
            for name in names {
                let as_listed = [format!("`{name}`"), format!("`{name}{{")];
                let listed = as_listed.iter().any(|word| document.contains(word));
                assert!(listed, "{name} is in no line of docs/metrics.md");
            }
        }
    }
}
