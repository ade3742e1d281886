//! The member processes: files, start, kill, restart, health.

use super::foresight;
use super::members::{Cast, UTILITIES, WITNESS, everybody, seed};
use crate::cli::client::Client;
use crate::config::{ClockConfig, Config, Listen, Web};
use crate::environment::{self, Clock};
use crate::genesis::{Genesis, GenesisMember, Keys};
use crate::line::{Condition, Line};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};

/// The demonstration begins on a Monday, 15:00 UTC: daytime in both zones, within one month and one tariff window.
pub const BEGIN_MS: i64 = 1_794_841_200_000;
/// Longest wait for a member to be ready.
const READY: Duration = Duration::from_mins(1);

/// What a world is made of.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Folder for everything.
    pub folder: PathBuf,
    /// Keys follow from it.
    pub seed: u64,
    /// Demonstration seconds per wall second.
    pub speed: u32,
    /// When its clock begins, in milliseconds since 1970.
    pub begin_ms: i64,
    /// The program `fairway`.
    pub program: PathBuf,
    /// Database URLs of members that shall not have a SQLite file of their own, by member id.
    pub databases: BTreeMap<&'static str, String>,
    /// Whether members reach each other over lines that can be cut.
    pub lines: bool,
    /// Folder of web pages instead of those inside the program.
    pub pages: Option<PathBuf>,
    /// Whether a member reports a load, and an agreement follows its forecast.
    pub forecast: bool,
}

impl Plan {
    /// A world run by this very program, with SQLite.
    ///
    /// # Errors
    /// When the program's own path is not known.
    pub fn new(folder: &Path, seed_of: u64, speed: u32) -> Result<Self, String> {
        let program = std::env::current_exe().map_err(|e| e.to_string())?;
        Ok(Self {
            folder: folder.to_owned(),
            seed: seed_of,
            speed,
            begin_ms: BEGIN_MS,
            program,
            databases: BTreeMap::new(),
            lines: false,
            pages: None,
            forecast: false,
        })
    }
}

/// The running members.
#[derive(Debug)]
pub struct World {
    /// Where everything is kept.
    pub folder: PathBuf,
    /// The clock of all members and stations.
    pub clock: Clock,
    /// What the members have in common.
    pub genesis: Genesis,
    /// Demonstration seconds per wall second.
    pub speed: u32,
    /// Whether a member reports a load, and an agreement follows its forecast.
    pub forecast: bool,
    program: PathBuf,
    listen: BTreeMap<&'static str, Listen>,
    pages: BTreeMap<&'static str, SocketAddr>,
    tokens: BTreeMap<&'static str, String>,
    /// Lines of messages between utilities: from, to.
    lines: BTreeMap<(&'static str, &'static str), Line>,
    children: BTreeMap<&'static str, Child>,
}

/// Every utility with every other one.
pub(crate) fn pairs() -> impl Iterator<Item = (Cast, Cast)> {
    let from = |from: Cast| UTILITIES.into_iter().map(move |to| (from, to));
    let all = UTILITIES.into_iter().flat_map(from);
    all.filter(|(from, to)| from.id != to.id)
}

fn ports() -> Result<[SocketAddr; 5], String> {
    <[SocketAddr; 5]>::try_from(crate::ports::free(5)?)
        .map_err(|_| "five ports are needed".to_owned())
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))
}

impl World {
    /// Writes keys, genesis file and configurations of all members.
    pub fn prepare(plan: &Plan) -> Result<Self, String> {
        let Plan {
            folder,
            seed: seed_of,
            ..
        } = plan;
        let (seed_of, speed) = (*seed_of, plan.speed.max(1));
        let wall_start = environment::wall_ms();
        let clock = Clock {
            wall_start,
            begin: plan.begin_ms,
            speed,
        };
        let (mut listen, mut tokens, mut founders) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        let mut pages = BTreeMap::new();
        for cast in everybody() {
            let own = folder.join(cast.folder);
            let keys = own.join("keys");
            let hosts = ["localhost".to_owned(), "127.0.0.1".to_owned()];
            let public = Keys::make(&keys, |what| seed(seed_of, cast.id, what), &hosts)?;
            let [peers, stations, operations, ledger, people] = ports()?;
            pages.insert(cast.id, people);
            write(&own.join("tls.crt"), &public.certificate)?;
            founders.push(GenesisMember {
                id: cast.id.to_owned(),
                name: cast.name.to_owned(),
                witness: cast.prefix.is_empty(),
                key: public.member,
                validator: public.validator,
                ledger,
                endpoint: if cast.prefix.is_empty() {
                    String::new()
                } else {
                    format!("https://{peers}")
                },
                certificate: public.certificate,
                encryption: Some(public.encryption),
            });
            listen.insert(
                cast.id,
                Listen {
                    peers,
                    stations,
                    operations,
                    ledger,
                },
            );
            tokens.insert(cast.id, Keys::read(&keys)?.operator_token);
        }
        let genesis =
            Genesis::founding(&format!("fairway-demo-{seed_of}"), plan.begin_ms, founders);
        write(
            &folder.join("genesis.toml"),
            &toml::to_string(&genesis).map_err(|e| e.to_string())?,
        )?;
        let program = plan.program.clone();
        let world = Self {
            folder: folder.clone(),
            clock,
            genesis,
            speed,
            forecast: plan.forecast,
            program,
            listen,
            pages,
            tokens,
            lines: BTreeMap::new(),
            children: BTreeMap::new(),
        };
        world.configured(plan)
    }

    /// Opens the lines that the plan wants, and writes the members' configurations.
    fn configured(mut self, plan: &Plan) -> Result<Self, String> {
        if plan.lines {
            self.open_lines()?;
        }
        for cast in everybody() {
            self.write_config(cast, plan)?;
        }
        Ok(self)
    }

    fn open_lines(&mut self) -> Result<(), String> {
        for (from, to) in pairs() {
            let target = self.listen.get(to.id).ok_or("no addresses")?.peers;
            let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            let line = Line::open(free, target, Condition::default())?;
            self.lines.insert((from.id, to.id), line);
        }
        Ok(())
    }

    /// The line on which a utility's messages go to another; none where the plan wanted none.
    pub(crate) fn line(&self, from: &str, to: &str) -> Option<&Line> {
        let mut lines = self.lines.iter();
        lines.find_map(|((a, b), line)| (*a == from && *b == to).then_some(line))
    }

    fn write_config(&self, cast: Cast, plan: &Plan) -> Result<(), String> {
        let listen = self.listen.get(cast.id).cloned().ok_or("no addresses")?;
        let scaled = |seconds: u32| seconds.saturating_mul(self.speed);
        let mut config = Config::new(cast.id, "../genesis.toml", listen);
        config.ledger.worker_threads = 1;
        config.web = self.pages.get(cast.id).map(|address| Web {
            demonstration: true,
            dir: plan.pages.clone(),
            ..Web::new(*address)
        });
        let lines = self.lines.iter().filter(|((from, _), _)| *from == cast.id);
        config.via = lines
            .map(|((_, to), line)| ((*to).to_owned(), format!("https://{}", line.address())))
            .collect();
        if plan.forecast {
            config.load = foresight::load(cast);
        }
        if let Some(url) = plan.databases.get(cast.id) {
            config.database.url.clone_from(url);
        }
        config.policy.offer_ttl_s = scaled(60);
        config.policy.home_timeout_s = scaled(8);
        config.policy.attempts_per_minute = 600;
        config.clock = Some(ClockConfig {
            wall_start_ms: self.clock.wall_start,
            begin_ms: self.clock.begin,
            speed: self.speed,
        });
        let text = toml::to_string(&config).map_err(|e| e.to_string())?;
        write(&self.folder.join(cast.folder).join("fairway.toml"), &text)
    }

    /// Starts a member's process; its log goes to a file in its folder.
    pub fn start(&mut self, cast: Cast) -> Result<(), String> {
        let own = self.folder.join(cast.folder);
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(own.join("log.txt"))
            .map_err(|e| e.to_string())?;
        let mut command = Command::new(&self.program);
        command
            .arg("serve")
            .arg("--config")
            .arg(own.join("fairway.toml"));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true);
        let child = command.spawn().map_err(|e| format!("{}: {e}", cast.name))?;
        self.children.insert(cast.id, child);
        Ok(())
    }

    /// Kills a member's process as kill -9 does.
    pub async fn kill(&mut self, cast: Cast) -> Result<(), String> {
        match self.children.remove(cast.id) {
            Some(mut child) => child
                .kill()
                .await
                .map_err(|e| format!("{}: {e}", cast.name)),
            None => Ok(()),
        }
    }

    /// Waits until a member says that it is ready.
    pub async fn ready(&mut self, cast: Cast) -> Result<(), String> {
        let begin = environment::instant();
        let client = self.client(cast)?;
        loop {
            let answer = client.json("/readyz").await;
            if answer.is_ok() {
                return Ok(());
            }
            if let Some(child) = self.children.get_mut(cast.id)
                && let Ok(Some(status)) = child.try_wait()
            {
                let log = std::fs::read_to_string(self.folder.join(cast.folder).join("log.txt"))
                    .unwrap_or_default();
                return Err(format!(
                    "{} ended with {status}: {}",
                    cast.name,
                    log.lines().last().unwrap_or_default()
                ));
            }
            if begin.elapsed() > READY {
                return Err(format!(
                    "{} is not ready after {} s: {answer:?}",
                    cast.name,
                    READY.as_secs()
                ));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// A client of a member's operator page.
    pub fn client(&self, cast: Cast) -> Result<Client, String> {
        let listen = self.listen.get(cast.id).ok_or("no addresses")?;
        Client::new(
            listen.operations,
            self.tokens.get(cast.id).cloned().unwrap_or_default(),
        )
    }

    /// Where a member's pages are.
    pub fn pages(&self, cast: Cast) -> Result<String, String> {
        let address = self.pages.get(cast.id).ok_or("no addresses")?;
        Ok(format!("http://{address}"))
    }

    /// Whether a member's process runs.
    pub(crate) fn runs(&mut self, cast: Cast) -> bool {
        let child = self.children.get_mut(cast.id);
        child.is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// The listener of a member's gateway.
    pub(crate) fn stations(&self, cast: Cast) -> Result<SocketAddr, String> {
        Ok(self.listen.get(cast.id).ok_or("no addresses")?.stations)
    }

    /// Where a member's stations connect.
    pub fn gateway(&self, cast: Cast) -> Result<String, String> {
        Ok(format!("wss://{}", self.stations(cast)?))
    }

    /// Resident memory of every running member in MiB.
    pub fn memory(&self) -> Vec<(&'static str, u64)> {
        let mut out = Vec::new();
        for cast in UTILITIES.into_iter().chain([WITNESS]) {
            let Some(pid) = self.children.get(cast.id).and_then(Child::id) else {
                continue;
            };
            let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
            let kib: u64 = line
                .and_then(|l| l.trim().trim_end_matches(" kB").trim().parse().ok())
                .unwrap_or(0);
            out.push((cast.name, kib.div_ceil(1024)));
        }
        out
    }

    /// Stops everybody.
    pub async fn stop(&mut self) {
        for child in self.children.values_mut() {
            // A process that is gone already needs no killing.
            let _ = child.kill().await;
        }
        self.children.clear();
    }
}
