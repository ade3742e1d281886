//! One member's configuration file, read once at start. Unknown keys are errors that name the nearest known one.

use crate::environment::Clock;
use fairway_model::MemberId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use utoipa::ToSchema;

mod network;
pub mod schema;

pub(crate) use self::network::Network;

/// Most entries of `web.trusted_proxies`.
const MAX_PROXIES: usize = 64;
/// Largest mean of a made-up load, in kilowatts.
const MAX_MEAN_KW: i64 = 100_000_000;

/// Why a configuration cannot be used: file, place and the way out.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {what}")]
pub struct ConfigError {
    /// The file.
    pub file: String,
    /// What is wrong and what would be right.
    pub what: String,
}

/// `fairway.toml`. Paths are relative to the file's folder.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Member id as in the genesis file, such as `US*DUK`.
    pub member: String,
    /// Folder of the private keys that `fairway format` made.
    #[serde(default = "default_keys")]
    #[schema(value_type = String)]
    pub keys: PathBuf,
    /// The consortium's genesis file, the same for all members.
    #[schema(value_type = String)]
    pub genesis: PathBuf,
    /// Files with the entries of members that joined after genesis, this one included if it did.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub later: Vec<PathBuf>,
    /// Where this member listens.
    pub listen: Listen,
    /// Members that are reached by another address than the ledger names, such as a private line or a proxy. Who answers there is
    /// checked as ever: by the certificate that the ledger names.
    #[serde(default)]
    pub via: BTreeMap<String, String>,
    /// Operational database.
    #[serde(default)]
    pub database: Database,
    /// Ledger node.
    #[serde(default)]
    pub ledger: Ledger,
    /// Charging rules and policy at first start; later versions are put in force by command.
    #[serde(default)]
    pub policy: Policy,
    /// The forecasting service; without it this node has none.
    #[serde(default)]
    pub forecast: Option<Forecast>,
    /// Pages and API for people; without it this member serves none.
    #[serde(default)]
    pub web: Option<Web>,
    /// The load that this member reports to the ledger, where prices follow its forecast.
    #[serde(default)]
    pub load: Option<Load>,
    /// A clock that runs faster than the wall clock, for demonstrations. All members must have the same.
    #[serde(default)]
    pub clock: Option<ClockConfig>,
    /// Minutes that bill months are ahead of UTC, from -720 to 840.
    #[serde(default)]
    pub bill_offset_minutes: i32,
    #[serde(skip)]
    #[schema(ignore)]
    folder: PathBuf,
}

/// Addresses to listen on.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Listen {
    /// Other members' AAA nodes (mutual TLS).
    #[schema(value_type = String)]
    pub peers: SocketAddr,
    /// Charging stations (WebSocket over TLS).
    #[schema(value_type = String)]
    pub stations: SocketAddr,
    /// Health and operator's commands; keep it on loopback.
    #[schema(value_type = String)]
    pub operations: SocketAddr,
    /// The ledger's overlay.
    #[schema(value_type = String)]
    pub ledger: SocketAddr,
}

/// Pages and API for people.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Web {
    /// Where people's browsers connect, such as `127.0.0.1:7400`.
    #[schema(value_type = String)]
    pub listen: SocketAddr,
    /// Certificate chain (PEM) that browsers trust; with it the listener speaks TLS.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub certificate: Option<PathBuf>,
    /// The certificate's private key (PEM).
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub key: Option<PathBuf>,
    /// A proxy in front speaks TLS: then the listener may be plain on an address that others reach.
    #[serde(default)]
    pub behind_proxy: bool,
    /// Proxies in front, as addresses or networks such as `10.0.0.0/8`: what they say in `X-Forwarded-For` counts as the address that asks,
    /// for the limits on requests. What anybody else says there does not count.
    #[serde(default)]
    pub trusted_proxies: Vec<String>,
    /// Folder of built pages, instead of those inside the program.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub dir: Option<PathBuf>,
    /// Everything here is a demonstration; pages say so.
    #[serde(default)]
    pub demonstration: bool,
}

impl Web {
    /// Pages without TLS on an address.
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            certificate: None,
            key: None,
            behind_proxy: false,
            trusted_proxies: Vec::new(),
            dir: None,
            demonstration: false,
        }
    }

    /// The networks of `trusted_proxies`.
    ///
    /// # Errors
    /// What is no address and no network.
    pub(crate) fn proxies(&self) -> Result<Vec<Network>, String> {
        if self.trusted_proxies.len() > MAX_PROXIES {
            return Err(format!(
                "web.trusted_proxies: {} entries; at most {MAX_PROXIES}: name networks",
                self.trusted_proxies.len()
            ));
        }
        let all = self.trusted_proxies.iter();
        all.map(|text| Network::parse(text).map_err(|e| format!("web.trusted_proxies: {e}")))
            .collect()
    }

    /// Passwords must not travel in the clear.
    fn check(&self) -> Result<(), String> {
        match (&self.certificate, &self.key) {
            (Some(_), None) => return Err("web.certificate needs web.key".to_owned()),
            (None, Some(_)) => return Err("web.key needs web.certificate".to_owned()),
            _ => {}
        }
        self.proxies()?;
        let plain = self.certificate.is_none() && !self.behind_proxy;
        if plain && !self.listen.ip().is_loopback() {
            return Err(format!(
                "web.listen = {}: passwords would travel in the clear; name web.certificate and web.key, or say behind_proxy = true when a proxy in front speaks TLS",
                self.listen
            ));
        }
        Ok(())
    }
}

/// Where operational data is kept.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `sqlite:PATH` or `postgres://user:password@host/database`.
    #[serde(default = "default_database")]
    pub url: String,
}

/// The forecasting service.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Forecast {
    /// Folder of data sets and models; `fairway forecast --dir` works on the same.
    #[serde(default = "default_forecast_dir")]
    #[schema(value_type = String)]
    pub dir: PathBuf,
    /// Threads of a training.
    #[serde(default = "default_forecast_threads")]
    pub threads: usize,
}

/// The load of a grid area that this member reports to the ledger, hour by hour, and where it is read: a file, an address, or nothing of the two
/// when `fairway load post` brings it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// The area as in the EVSEs' ledger entries.
    pub area: String,
    /// Clock and holidays of its region: us-eastern, us-central, or a file with a calendar's table.
    pub calendar: String,
    /// A CSV file in one of the forms of the EIA-930, or with the columns hour, load_kw and forecast_kw.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub file: Option<PathBuf>,
    /// An address at which such a file is, http:// or https://.
    #[serde(default)]
    pub url: Option<String>,
    /// Which balancing authority, where the file holds several.
    #[serde(default)]
    pub authority: Option<String>,
    /// Pause between two looks at the source, in seconds.
    #[serde(default = "default_every")]
    pub every_s: u32,
    /// The source's clock is right though its times look shifted.
    #[serde(default)]
    pub clock_is_right: bool,
    /// A load that nobody has, for demonstrations; it is marked as such wherever it is shown.
    #[serde(default)]
    pub synthetic: Option<SyntheticLoad>,
}

/// A made-up load.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SyntheticLoad {
    /// The seed of weather and noise.
    pub seed: u64,
    /// The mean load in kilowatts.
    pub mean_kw: i64,
}

impl Load {
    /// The calendar's name, or its file's path.
    pub(crate) fn region(&self, config: &Config) -> String {
        let file = config.path(Path::new(&self.calendar));
        if file.is_file() {
            file.display().to_string()
        } else {
            self.calendar.clone()
        }
    }

    /// One source at most, and an area that the ledger takes.
    fn check(&self) -> Result<(), String> {
        let most = fairway_ledger::limits::MAX_AREA_LEN;
        if self.area.is_empty() || self.area.len() > most {
            return Err(format!("load.area: an area has 1 to {most} bytes"));
        }
        let sources = [
            self.file.is_some(),
            self.url.is_some(),
            self.synthetic.is_some(),
        ];
        if sources.into_iter().filter(|given| *given).count() > 1 {
            return Err("load: file, url and synthetic exclude each other; keep one".to_owned());
        }
        let web = |url: &String| url.starts_with("http://") || url.starts_with("https://");
        if self.url.as_ref().is_some_and(|url| !web(url)) {
            return Err("load.url: an address that begins with http:// or https://".to_owned());
        }
        if self
            .synthetic
            .is_some_and(|made| !(1..=MAX_MEAN_KW).contains(&made.mean_kw))
        {
            return Err(format!(
                "load.synthetic.mean_kw: 1 to {MAX_MEAN_KW} kilowatts"
            ));
        }
        Ok(())
    }
}

/// Settings of the ledger node.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// Folder of blocks, votes and state.
    #[serde(default = "default_ledger_dir")]
    #[schema(value_type = String)]
    pub dir: PathBuf,
    /// Worker threads of its runtime.
    #[serde(default = "default_workers")]
    pub worker_threads: usize,
    /// How long a leader may stay silent, in milliseconds.
    #[serde(default = "default_leader_timeout")]
    pub leader_timeout_ms: u64,
    /// Least time between two empty blocks, in milliseconds.
    #[serde(default = "default_idle")]
    pub idle_interval_ms: u64,
    /// Most ledger nodes that this one is connected with; memory is set aside for each. Without it there is room for four more than
    /// the genesis file and the files of `later` name.
    #[serde(default)]
    pub max_peers: Option<usize>,
    /// How the node begins when its folder is empty.
    #[serde(default)]
    pub sync: SyncMode,
    /// Newest blocks that stay whole in the node: older ones are exported to files, and when those are checked their bodies are dropped. At
    /// least the blocks of 4 epochs. Without it every block is kept.
    #[serde(default)]
    pub keep_blocks: Option<u64>,
    /// Folder for the files of dropped blocks.
    #[serde(default = "default_exports")]
    #[schema(value_type = String)]
    pub exports: PathBuf,
}

/// How a ledger node with an empty folder comes to the present state.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum SyncMode {
    /// Fetch every block since the first from the others, and execute it.
    #[default]
    Replay,
    /// Take the state that the validators signed at the end of the newest epoch, and execute the blocks after it.
    State,
}

/// Charging rules and policy at first start. Times in seconds, multipliers in basis points.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// How long an offer stands.
    pub offer_ttl_s: u32,
    /// How long partners may keep a visiting profile of our drivers.
    pub profile_ttl_s: u32,
    /// How long a driver waits for his home utility.
    pub home_timeout_s: u32,
    /// Failed identifications per station and minute.
    pub attempts_per_minute: u32,
    /// Energy that an estimate assumes, in watt-hours.
    pub expected_wh: u32,
    /// Half-width of the estimate's interval in basis points.
    pub spread_bps: u32,
    /// Greatest load multiplier that our drivers' contracts accept.
    pub max_load_bps: u32,
    /// What one eligibility statement guarantees, in minor units of the customer's currency.
    pub guarantee_minor: u32,
    /// Pay obligations of netting cycles with settlement tokens by ourselves, as far as the creditor accepts those that we hold.
    pub auto_pay: bool,
    /// Days before an obligation's due day from which on the log warns of it.
    pub warn_days: u16,
}

/// A running demonstration clock.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClockConfig {
    /// Wall time at the begin, milliseconds since 1970.
    pub wall_start_ms: i64,
    /// Demonstration time at the begin, milliseconds since 1970.
    pub begin_ms: i64,
    /// Demonstration milliseconds per wall millisecond.
    pub speed: u32,
}

impl Default for Database {
    fn default() -> Self {
        Self {
            url: default_database(),
        }
    }
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            dir: default_ledger_dir(),
            worker_threads: default_workers(),
            leader_timeout_ms: default_leader_timeout(),
            idle_interval_ms: default_idle(),
            max_peers: None,
            sync: SyncMode::Replay,
            keep_blocks: None,
            exports: default_exports(),
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            offer_ttl_s: 120,
            profile_ttl_s: 86_400,
            home_timeout_s: 8,
            attempts_per_minute: 6,
            expected_wh: 20_000,
            spread_bps: 4_000,
            max_load_bps: 13_000,
            guarantee_minor: 20_000,
            auto_pay: false,
            warn_days: 3,
        }
    }
}

fn default_keys() -> PathBuf {
    "keys".into()
}
fn default_database() -> String {
    "sqlite:utility.db".into()
}
fn default_ledger_dir() -> PathBuf {
    "ledger".into()
}
fn default_exports() -> PathBuf {
    "exports".into()
}
fn default_workers() -> usize {
    2
}
fn default_forecast_dir() -> PathBuf {
    "forecast".into()
}
fn default_forecast_threads() -> usize {
    1
}
fn default_every() -> u32 {
    300
}
fn default_leader_timeout() -> u64 {
    1_000
}
fn default_idle() -> u64 {
    250
}

impl Config {
    /// A configuration with defaults for everything that has one.
    pub fn new(member: &str, genesis: &str, listen: Listen) -> Self {
        Self {
            member: member.to_owned(),
            keys: default_keys(),
            genesis: genesis.into(),
            later: Vec::new(),
            listen,
            via: BTreeMap::new(),
            database: Database::default(),
            ledger: Ledger::default(),
            policy: Policy::default(),
            clock: None,
            forecast: None,
            web: None,
            load: None,
            bill_offset_minutes: 0,
            folder: PathBuf::new(),
        }
    }

    /// Reads and checks a configuration file.
    ///
    /// # Errors
    /// [`ConfigError`] with file, line and what would be right.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|e| ConfigError {
            file: file.clone(),
            what: format!("cannot be read: {e}"),
        })?;
        Self::parse(&text, path)
    }

    fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let file = path.display().to_string();
        let mut config: Self = toml::from_str(text).map_err(|e| ConfigError {
            file: file.clone(),
            what: explain(&e, text),
        })?;
        config.folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        MemberId::parse(&config.member).map_err(|e| ConfigError {
            file: file.clone(),
            what: format!("member: {e}"),
        })?;
        if !config.listen.operations.ip().is_loopback() {
            let what = format!(
                "listen.operations = {}: operator's commands are served on loopback only, such as 127.0.0.1:7401",
                config.listen.operations
            );
            return Err(ConfigError { file, what });
        }
        let web = config.web.as_ref().map_or(Ok(()), Web::check);
        let load = config.load.as_ref().map_or(Ok(()), Load::check);
        web.and(load)
            .and_then(|()| config.check_exports())
            .and_then(|()| config.ways().map(drop))
            .map_err(|what| ConfigError { file, what })?;
        Ok(config)
    }

    /// The addresses of `via`, by member.
    ///
    /// # Errors
    /// What is no member id, or no address.
    pub fn ways(&self) -> Result<BTreeMap<MemberId, String>, String> {
        let read = |(member, address): (&String, &String)| {
            let member = MemberId::parse(member).map_err(|e| format!("via: {e}"))?;
            if !address.starts_with("https://") {
                return Err(format!(
                    "via.{member} = {address}: an address that begins with https://"
                ));
            }
            Ok((member, address.trim_end_matches('/').to_owned()))
        };
        self.via.iter().map(read).collect()
    }

    /// Everything that is listened on, by key.
    pub(crate) fn addresses(&self) -> Vec<(&'static str, SocketAddr)> {
        let listen = &self.listen;
        let mut all = vec![
            ("listen.peers", listen.peers),
            ("listen.stations", listen.stations),
            ("listen.operations", listen.operations),
            ("listen.ledger", listen.ledger),
        ];
        all.extend(self.web.as_ref().map(|web| ("web.listen", web.listen)));
        all
    }

    /// Dropped blocks must not lie where a lost or restored ledger folder takes them along.
    fn check_exports(&self) -> Result<(), String> {
        let inside = self.ledger.exports.starts_with(&self.ledger.dir);
        if self.ledger.keep_blocks.is_some() && inside {
            return Err(format!(
                "ledger.exports = {}: lies in the ledger's folder {}; name another one, best on another disk",
                self.ledger.exports.display(),
                self.ledger.dir.display()
            ));
        }
        Ok(())
    }

    /// A path of the file, made absolute by the file's folder.
    pub fn path(&self, relative: &Path) -> PathBuf {
        self.folder.join(relative)
    }

    /// The database URL, with a relative SQLite path made absolute by the file's folder.
    pub fn database_url(&self) -> String {
        match self.database.url.strip_prefix("sqlite:") {
            Some(path) if !path.contains(":memory:") => {
                format!(
                    "sqlite:{}",
                    self.path(Path::new(path.trim_start_matches("//")))
                        .display()
                )
            }
            _ => self.database.url.clone(),
        }
    }

    /// The same without what must not be shown: passwords and keys inside of addresses.
    #[must_use]
    pub fn without_secrets(&self) -> Self {
        let mut shown = self.clone();
        shown.database.url = masked(&shown.database.url);
        if let Some(url) = shown.load.as_mut().and_then(|load| load.url.as_mut()) {
            *url = masked(url);
        }
        shown
    }

    /// The clock to run by.
    pub fn clock(&self) -> Clock {
        self.clock.map_or(Clock::WALL, |c| Clock {
            wall_start: c.wall_start_ms,
            begin: c.begin_ms,
            speed: c.speed.max(1),
        })
    }
}

/// What stands for a secret.
const MASK: &str = "***";

/// An address without the password of its user and without the values of query keys that are called a secret.
fn masked(url: &str) -> String {
    let (base, query) = url
        .split_once('?')
        .map_or((url, None), |(base, query)| (base, Some(query)));
    let mut shown = base.to_owned();
    if let Some((scheme, rest)) = base.split_once("://") {
        let end = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if let Some((user, host)) = authority.rsplit_once('@') {
            let name = user.split_once(':').map_or(user, |(name, _)| name);
            let hidden = if user == name {
                String::new()
            } else {
                format!(":{MASK}")
            };
            shown = format!("{scheme}://{name}{hidden}@{host}{path}");
        }
    }
    let Some(query) = query else {
        return shown;
    };
    let secret = |name: &str| {
        let name = name.to_ascii_lowercase();
        let words = ["pass", "key", "token", "secret", "sig"];
        words.into_iter().any(|word| name.contains(word))
    };
    let parts = query.split('&').map(|part| match part.split_once('=') {
        Some((name, _)) if secret(name) => format!("{name}={MASK}"),
        _ => part.to_owned(),
    });
    let parts: Vec<String> = parts.collect();
    format!("{shown}?{}", parts.join("&"))
}

/// Adds the nearest known key to serde's "unknown field" message, and the line.
pub(crate) fn explain(error: &toml::de::Error, text: &str) -> String {
    let message = error.message();
    let line = error.span().map_or(0, |span| {
        text.get(..span.start)
            .map_or(0, |head| head.matches('\n').count())
            .saturating_add(1)
    });
    let mut quoted = message.split('`').skip(1).step_by(2);
    if message.starts_with("unknown field") {
        let unknown = quoted.next().unwrap_or_default().to_owned();
        let nearest = quoted.min_by_key(|known| distance(&unknown, known));
        let hint = nearest
            .map(|known| format!("; did you mean `{known}`?"))
            .unwrap_or_default();
        return format!("line {line}: unknown key `{unknown}`{hint}");
    }
    format!("line {line}: {message}")
}

/// Levenshtein distance of two short words.
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i.saturating_add(1);
        let mut next = vec![left];
        for (y, above) in b.iter().zip(row.iter().skip(1)) {
            let substitute = diagonal.saturating_add(usize::from(x != *y));
            left = substitute
                .min(above.saturating_add(1))
                .min(left.saturating_add(1));
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
member = "US*DUK"
genesis = "genesis.toml"
[listen]
peers = "127.0.0.1:7402"
stations = "127.0.0.1:7400"
operations = "127.0.0.1:7401"
ledger = "127.0.0.1:7403"
"#;

    fn error(text: &str) -> String {
        Config::parse(text, Path::new("/x/fairway.toml"))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn defaults_fill_in() {
        let config = Config::parse(GOOD, Path::new("/x/fairway.toml")).unwrap();
        assert_eq!(config.database_url(), "sqlite:/x/utility.db");
        assert_eq!(config.path(&config.keys), Path::new("/x/keys"));
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        let text = GOOD.replace("peers", "pears");
        assert_eq!(
            error(&text),
            "/x/fairway.toml: line 5: unknown key `pears`; did you mean `peers`?"
        );
    }

    #[test]
    fn wrong_values_are_named() {
        assert!(error(&GOOD.replace("US*DUK", "duke")).contains("as in US*DUK"));
        assert!(error(&GOOD.replace("127.0.0.1:7401", "0.0.0.0:7401")).contains("loopback only"));
        assert!(error("member = 3").contains("line 1"));
        let ledger = |text: &str| error(&format!("{GOOD}[ledger]\n{text}"));
        assert!(ledger("keep_blocks = -1").contains("line 10: invalid value"));
        let web = |text: &str| error(&format!("{GOOD}[web]\n{text}"));
        let open = web("listen = \"0.0.0.0:7400\"");
        assert!(open.contains("would travel in the clear"), "{open}");
        let half = web("listen = \"127.0.0.1:7400\"\ncertificate = \"web.crt\"");
        assert!(half.contains("web.certificate needs web.key"), "{half}");
        let proxies = web("listen = \"127.0.0.1:7400\"\ntrusted_proxies = [\"10.0.0.0/33\"]");
        assert!(proxies.contains("10.0.0.0/8 is right"), "{proxies}");
        let load = |text: &str| error(&format!("{GOOD}[load]\narea = \"DUK-west\"\n{text}"));
        assert!(load("").contains("missing field `calendar`"));
        let eastern = "calendar = \"us-eastern\"\n";
        let two = load(&format!("{eastern}file = \"a.csv\"\nurl = \"http://a/\""));
        assert!(two.contains("exclude each other"), "{two}");
        let address = load(&format!("{eastern}url = \"ftp://a/\""));
        assert!(address.contains("begins with http://"), "{address}");
        let via = |text: &str| error(&format!("{GOOD}[via]\n{text}"));
        assert!(via("alabama = \"https://a\"").contains("via: "));
        let plain = via("\"US*ALP\" = \"http://a\"");
        assert!(plain.contains("begins with https://"), "{plain}");
        let inside = ledger("keep_blocks = 4000\nexports = \"ledger/old\"");
        assert!(inside.contains("lies in the ledger's folder"), "{inside}");
    }
}
