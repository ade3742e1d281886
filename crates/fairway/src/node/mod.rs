//! One member as a process: the utility's machine with its database, its ledger node and its listeners.

pub mod accounts;
pub(crate) mod ballots;
pub mod core;
pub mod directory;
mod dropping;
mod evidence;
mod feed;
mod follow;
pub mod forecast;
mod joining;
pub mod ledger;
pub mod meters;
pub mod operator;
pub mod outlets;
pub mod own;
pub mod passwords;
pub mod peers;
mod readiness;
pub mod stations;
pub mod tls;
pub mod watch;

use self::core::{Core, Jobs, MAX_QUEUE};
use self::directory::{Directory, Keeper};
use self::dropping::Dropper;
use self::evidence::Watchman;
use self::feed::Feed;
use self::follow::Follower;
use self::meters::Meters;
use self::operator::Desk;
use self::outlets::{MAX_LEDGER_QUEUE, Outlets, Stations, Ways};
use self::own::OwnKeys;
use self::passwords::Passwords;
use self::stations::Gate;
use crate::api::events::News;
use crate::api::{self, Api};
use crate::config::{self, Config};
use crate::genesis::{Genesis, Keys};
use crate::store::Store;
use fairway_chain::Handle;
use fairway_model::registry::{self as model, MemberKind};
use fairway_model::{Energy, Hash, MemberId, Micro, SigningKey};
use fairway_utility::Utility;
use fairway_utility::command::{MoneyPolicy, Policy, Rules};
use fairway_utility::door::{Row, Table};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// Pause between two looks at whether the ledger makes blocks.
const QUORUM_LOOK: Duration = Duration::from_secs(1);

/// Runs a member until a signal ends it.
///
/// # Errors
/// One sentence: what cannot be used and the way out.
pub async fn run(path: &Path) -> Result<(), String> {
    run_joining(path, None).await
}

/// Runs a member that waits for the members' vote, and claims a CIN prefix as soon as it is one of them.
///
/// # Errors
/// As [`run`].
pub async fn run_joining(path: &Path, prefix: Option<String>) -> Result<(), String> {
    tls::install_provider();
    let config = Config::read(path).map_err(|e| e.to_string())?;
    let genesis = read_genesis(&config)?;
    let keys = Keys::read(&config.path(&config.keys))?;
    let me = MemberId::parse(&config.member).map_err(|e| e.to_string())?;
    let own = genesis.find(me).ok_or_else(|| unknown(&config, me))?;
    let own = own.read()?;
    check_own(&config, &own, &keys)?;
    let own_keys = OwnKeys::new(&config.path(&config.keys), &keys)?;
    let _claim = claim(&config)?;
    let chain = ledger::start(&config, &genesis, me, &keys)?;
    tokio::spawn(watch_quorum(chain.clone()));
    if !genesis.founded_by(me) {
        let (chain, chain_id) = (chain.clone(), genesis.chain_id.clone());
        let key = keys.member.clone();
        let joining = joining::Joining {
            chain,
            chain_id,
            me,
            key,
        };
        tokio::spawn(joining.run(prefix));
    }
    let directory = Directory::of(genesis.members(), config.ways()?);
    let desk = bare_desk(&config, me, &chain, &keys);
    let operations = listen(config.listen.operations, "listen.operations").await?;
    let (fatal, mut ended) = mpsc::channel(1);
    let ways = Ways::default();
    let news = config.web.as_ref().map(|_| News::default());
    let node = Member {
        news,
        config: &config,
        genesis: &genesis,
        me,
        keys: &keys,
        own: &own_keys,
        directory: &directory,
    };
    let (desk, seen) = match own.kind {
        MemberKind::Witness => (desk, chain.status().height),
        MemberKind::Utility => node.serve(ways.clone(), desk).await?,
    };
    let desk = node.open_pages(desk, fatal.clone()).await?;
    node.follow_ledger(&desk, seen, fatal);
    node.watch_ledger(&desk, ways);
    node.drop_old_blocks(&desk)?;
    tracing::info!(member = %me, "ready at http://{}/readyz", config.listen.operations);
    let outcome = tokio::select! {
        end = operator::serve(operations, desk) => end,
        Some(reason) = ended.recv() => Err(reason),
        () = signal() => {
            tracing::info!("stopping");
            Ok(())
        }
    };
    chain.stop().await;
    outcome
}

/// The desk before the machine is there.
fn bare_desk(config: &Config, me: MemberId, chain: &Handle, keys: &Keys) -> Desk {
    Desk {
        jobs: None,
        chain: chain.clone(),
        health: None,
        database: None,
        token: keys.operator_token.clone(),
        member: config.member.clone(),
        record: watch::Record::new(me, &config.path(&config.ledger.dir)),
        forecast: forecasts(config),
        api: None,
        meters: Meters::default(),
        clock: config.clock(),
    }
}

/// The forecasting service, where the configuration asks for it.
fn forecasts(config: &Config) -> Option<forecast::Service> {
    let asked = config.forecast.as_ref()?;
    Some(forecast::Service::new(
        config.path(&asked.dir),
        asked.threads,
    ))
}

/// The genesis file, and the entries of those that joined after it.
///
/// # Errors
/// When a file cannot be used; says where.
pub fn read_genesis(config: &Config) -> Result<Genesis, String> {
    let files: Vec<PathBuf> = config.later.iter().map(|path| config.path(path)).collect();
    Genesis::read(&config.path(&config.genesis))
        .and_then(|genesis| genesis.with_later(&files))
        .map_err(|e| e.to_string())
}

/// Everything of a configuration that would keep its member from starting, as far as it shows without starting it.
pub(crate) fn faults(config: &Config) -> Vec<String> {
    tls::install_provider();
    let mut faults = Vec::new();
    let mut note = |fault: String| faults.push(fault);
    let genesis = read_genesis(config).map_err(&mut note).ok();
    let keys = Keys::read(&config.path(&config.keys))
        .map_err(&mut note)
        .ok();
    if let Some(genesis) = &genesis
        && let Err(fault) = own_entry(config, genesis, keys.as_ref())
    {
        note(fault);
    }
    if let Some(web) = &config.web
        && let (Some(chain), Some(key)) = (&web.certificate, &web.key)
        && let Err(fault) = tls::people_server(&config.path(chain), &config.path(key))
    {
        note(fault);
    }
    if let Err(fault) = feed::report(config) {
        note(fault);
    }
    for (later, (key, address)) in config.addresses().into_iter().enumerate() {
        let before = config.addresses().into_iter().take(later);
        let taken = before.filter(|(_, other)| *other == address && address.port() != 0);
        for (other, _) in taken {
            note(format!("{key} = {address}: is the address of {other} too"));
        }
    }
    faults
}

/// The member's own entry, and whether the keys are its keys.
fn own_entry(config: &Config, genesis: &Genesis, keys: Option<&Keys>) -> Result<(), String> {
    let me = MemberId::parse(&config.member).map_err(|e| e.to_string())?;
    let own = genesis.find(me).ok_or_else(|| unknown(config, me))?;
    let own = own.read()?;
    keys.map_or(Ok(()), |keys| check_own(config, &own, keys))
}

fn unknown(config: &Config, me: MemberId) -> String {
    let file = config.genesis.display();
    format!("{me} is neither in {file} nor in a file of `later`")
}

/// Keeps a second process away from this member's ledger folder and database; held as long as the file is open.
pub(crate) fn claim(config: &Config) -> Result<File, String> {
    claim_folder(&config.path(&config.ledger.dir))
}

/// As [`claim`], of a ledger folder.
pub(crate) fn claim_folder(ledger: &Path) -> Result<File, String> {
    let path = ledger.with_extension("lock");
    let open = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path);
    let file = open.map_err(|e| format!("{}: {e}", path.display()))?;
    file.try_lock().map_err(|_| {
        format!(
            "{} is held: another process runs this member already",
            path.display()
        )
    })?;
    Ok(file)
}

async fn listen(address: std::net::SocketAddr, key: &str) -> Result<TcpListener, String> {
    TcpListener::bind(address)
        .await
        .map_err(|e| format!("{key} = {address}: {e}"))
}

/// Waits for SIGTERM or Ctrl-C.
pub(crate) async fn signal() {
    let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    let Ok(mut terminate) = terminate else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

/// The keys must be those of the genesis file, or have been once.
fn check_own(config: &Config, own: &model::Member, keys: &Keys) -> Result<(), String> {
    let folder = config.keys.display();
    let named = |hash: Hash, present: Hash| hash == present || keys.retired.contains(&hash);
    if !named(Hash(own.key.0), Hash(keys.member.public().0)) {
        return Err(format!(
            "the private key in {folder} is not the key of {} in the genesis file",
            own.id
        ));
    }
    if !named(own.tls_fingerprint, Hash::plain(&keys.certificate)) {
        return Err(format!(
            "the certificate in {folder} is not the one of {} in the genesis file",
            own.id
        ));
    }
    let voting = SigningKey::from_seed(keys.validator).public();
    if own.validator != Some(voting) {
        return Err(format!(
            "the validator key in {folder} is not the one of {} in the genesis file; two nodes must never vote with one key",
            own.id
        ));
    }
    Ok(())
}

/// What the parts of a running member need.
struct Member<'a> {
    /// What open pages are told; none without pages.
    news: Option<News>,
    config: &'a Config,
    genesis: &'a Genesis,
    me: MemberId,
    keys: &'a Keys,
    own: &'a OwnKeys,
    directory: &'a Directory,
}

impl Member<'_> {
    /// Starts the reader of final blocks, behind those up to `seen`. It names what the member cannot run without.
    fn follow_ledger(&self, desk: &Desk, seen: u64, fatal: mpsc::Sender<String>) {
        let follower = Follower {
            chain: desk.chain.clone(),
            me: self.me,
            record: desk.record.clone(),
            directory: self.directory.clone(),
            jobs: desk.jobs.clone(),
            news: self.news.clone(),
        };
        tokio::spawn(async move {
            if let Err(reason) = follower.run(seen).await {
                let _ = fatal.send(reason).await;
            }
        });
    }

    /// Serves pages and API for people, where the configuration asks for them.
    /// Opens the database and claims it for this member.
    async fn store(&self) -> Result<Store, String> {
        let mut store = Store::open(&self.config.database_url())
            .await
            .map_err(|e| e.to_string())?;
        store
            .claim(&owner(self.genesis, self.me, self.keys))
            .await
            .map_err(|e| e.to_string())?;
        Ok(store)
    }

    async fn open_pages(&self, desk: Desk, fatal: mpsc::Sender<String>) -> Result<Desk, String> {
        let (Some(web), Some(news)) = (&self.config.web, &self.news) else {
            return Ok(desk);
        };
        let member = self
            .genesis
            .find(self.me)
            .ok_or("this member is in no file")?;
        let store = self.store().await?;
        let tls = match (&web.certificate, &web.key) {
            (Some(chain), Some(key)) => {
                let (chain, key) = (self.config.path(chain), self.config.path(key));
                Some(tls::people_server(&chain, &key)?)
            }
            _ => None,
        };
        let parts = api::Parts {
            desk: desk.clone(),
            member: member.read()?,
            clock: self.config.clock(),
            chain: self.genesis.chain_id.clone(),
            founders: self.genesis.founders(),
            web: web.clone(),
            pages: web.dir.as_ref().map(|dir| self.config.path(dir)),
            proxies: web.proxies()?,
            secure: tls.is_some() || web.behind_proxy,
            news: news.clone(),
        };
        let opened = Api::open(parts, store).await?;
        let listener = listen(web.listen, "web.listen").await?;
        let served = opened.clone();
        tokio::spawn(async move {
            if let Err(reason) = api::serve(listener, tls, served).await {
                let _ = fatal.send(format!("pages: {reason}")).await;
            }
        });
        let api = Some(opened);
        Ok(Desk { api, ..desk })
    }

    /// Starts what acts on the ledger's members and their votes.
    fn watch_ledger(&self, desk: &Desk, ways: Ways) {
        let (directory, keys, me) = (self.directory.clone(), self.own.clone(), self.me);
        let chain = &desk.chain;
        let watchman = Watchman {
            chain: chain.clone(),
            chain_id: self.genesis.chain_id.clone(),
            me,
            keys: keys.clone(),
        };
        tokio::spawn(watchman.run());
        let keeper = Keeper {
            directory,
            chain: chain.clone(),
            me,
            keys,
            jobs: desk.jobs.clone(),
            ways: desk.jobs.is_some().then_some(ways),
        };
        tokio::spawn(keeper.run());
    }

    /// Starts what exports and drops old blocks, if the configuration says so.
    fn drop_old_blocks(&self, desk: &Desk) -> Result<(), String> {
        if let Some(dropper) = Dropper::of(self.config, self.genesis, self.me, desk)? {
            tokio::spawn(dropper.run());
        }
        Ok(())
    }

    /// Starts the utility: its machine, its listeners. Gives the desk, and the height up to which the machine has seen the ledger.
    async fn serve(&self, ways: Ways, desk: Desk) -> Result<(Desk, u64), String> {
        let (config, own) = (self.config, self.own);
        let store = self.store().await?;
        let passwords = Passwords::default();
        let (utility, store) = self.restore(store, &passwords).await?;
        let seen = utility.height();
        let (jobs, receiver) = mpsc::channel(MAX_QUEUE);
        let (to_ledger, from_core) = mpsc::channel(MAX_LEDGER_QUEUE);
        let seats = Stations::default();
        let outlets = Outlets {
            stations: seats.clone(),
            peers: ways,
            ledger: to_ledger,
        };
        let (core, health) = Core::new(utility, store, config.clock(), outlets);
        let peer_listener = listen(config.listen.peers, "listen.peers").await?;
        let station_listener = listen(config.listen.stations, "listen.stations").await?;
        let core = core
            .with_passwords(passwords.clone())
            .with_keys(config.path(&config.keys))
            .with_news(self.news.clone())
            .with_meters(desk.meters.clone());
        tokio::spawn(core.run(receiver));
        tokio::spawn(ledger::submit_all(desk.chain.clone(), from_core));
        if let Some(feed) = Feed::of(config)? {
            tokio::spawn(feed.run(jobs.clone()));
        }
        self.listen_to_others(peer_listener, jobs.clone());
        let gate = Gate::new(passwords, seats, jobs.clone(), config.clock())
            .with_meters(desk.meters.clone());
        let tls = tls::station_server(own.clone());
        tokio::spawn(stations::serve(station_listener, tls, gate));
        let desk = Desk {
            database: Some(config.database_url()),
            jobs: Some(jobs),
            health: Some(health),
            ..desk
        };
        Ok((desk, seen))
    }

    fn listen_to_others(&self, listener: TcpListener, jobs: Jobs) {
        let tls = tls::peer_server(self.directory.clone(), self.own.clone());
        let directory = self.directory.clone();
        tokio::spawn(peers::serve(listener, tls, directory, jobs));
    }

    async fn restore(
        &self,
        mut store: Store,
        passwords: &Passwords,
    ) -> Result<(Utility, Store), String> {
        let (genesis, me) = (self.genesis, self.me);
        let mut utility = Utility::new(fairway_utility::Config {
            id: me,
            name: genesis.find(me).map(|m| m.name.clone()).unwrap_or_default(),
            key: self.keys.member.clone(),
            secret: self.keys.secret,
            ring: self.keys.ring.clone(),
            chain: genesis.chain_id.clone(),
            members: genesis.members(),
            policy: policy(&self.config.policy),
            bill_offset: self.config.bill_offset_minutes,
            report: feed::report(self.config)?,
        });
        let mut broken = None;
        for table in Table::ALL.into_iter().filter(|t| !t.append_only()) {
            let each = |row: Row| {
                if let Err(refusal) = utility.restore(&row) {
                    broken.get_or_insert(format!(
                        "row {} of table {} cannot be read: {refusal}",
                        row.key,
                        table.name()
                    ));
                }
                passwords.learn(&row);
            };
            store.load(table, each).await.map_err(|e| e.to_string())?;
        }
        broken.map_or(Ok((utility, store)), Err)
    }
}

/// What a database of this member says of itself. The secret is named by a keyed hash that tells nothing about it.
fn owner(genesis: &Genesis, me: MemberId, keys: &Keys) -> [(&'static str, String); 3] {
    let secret = Hash::keyed(&keys.secret, "fairway.database-owner", b"");
    [
        ("member", me.to_string()),
        ("chain", genesis.chain_id.clone()),
        ("secret.seed with fingerprint", hex::encode(secret.short())),
    ]
}

/// Tells the log when the ledger stops making blocks, and when it goes on.
async fn watch_quorum(chain: Handle) {
    let mut stalled = false;
    loop {
        tokio::time::sleep(QUORUM_LOOK).await;
        let status = chain.status();
        if status.error.is_some() {
            return;
        }
        if status.stalled != stalled {
            stalled = status.stalled;
            let (height, peers) = (status.height, status.peers);
            if stalled {
                tracing::error!(
                    height,
                    peers,
                    "the ledger has no quorum: nothing was finalized for {} s; charging goes on, settlements wait; more than two thirds of the validators must run and reach each other, and one of them must still have the block after this one",
                    status.finalized_age.as_secs()
                );
            } else {
                tracing::warn!(
                    height,
                    peers,
                    "the ledger makes blocks again; what waited is settled now"
                );
            }
        }
    }
}

/// The policy at first start.
pub(crate) fn policy(p: &config::Policy) -> Policy {
    let seconds = |s: u32| i64::from(s).saturating_mul(1_000);
    let rules = Rules {
        tariff: String::new(),
        max_load_bps: p.max_load_bps,
        expected_energy: Energy::from_wh(u64::from(p.expected_wh)).unwrap_or_default(),
        spread_bps: p.spread_bps,
        guarantee: Micro(i64::from(p.guarantee_minor).saturating_mul(10_000)),
    };
    Policy {
        version: 1,
        residential: rules.clone(),
        commercial: rules,
        partners: Vec::new(),
        offer_ttl: seconds(p.offer_ttl_s),
        profile_ttl: seconds(p.profile_ttl_s),
        home_timeout: seconds(p.home_timeout_s),
        attempts_per_minute: p.attempts_per_minute,
        money: Some(MoneyPolicy {
            auto_pay: p.auto_pay,
            warn_days: p.warn_days,
        }),
    }
}
