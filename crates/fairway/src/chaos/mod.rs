//! Real members, killed at random under load: what goes in must come out, once, on every node.
//!
//! Four member processes run; charges are handed to whichever lives; processes die as `kill -9` kills them and are started again.
//! In the end everybody is healed, and it is counted: charges in = charges settled + charges refused by name, all accounts sum to
//! zero, every node folds the same blocks to the same books and shows one state root.

mod load;

use crate::cli::say;
use crate::demo::books;
use crate::demo::members::{Cast, everybody};
use crate::demo::setup;
use crate::demo::world::{Plan, World};
use crate::environment;
use clap::Args;
use load::{Load, Tally};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Longest wait for what is open once everybody is well again.
const DRAIN: Duration = Duration::from_mins(3);
/// Time between two looks at the ledger.
const TICK: Duration = Duration::from_millis(100);

/// How long, how hard.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Minutes of load and kills.
    #[arg(long, default_value_t = 10)]
    pub minutes: u32,
    /// Seconds besides the minutes.
    #[arg(long, default_value_t = 0)]
    pub seconds: u32,
    /// Charges handed in per second, all members together.
    #[arg(long, default_value_t = 10)]
    pub rate: u32,
    /// Keys, victims and times follow from it.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// Folder for everything; a temporary one when left out, which stays when something is wrong.
    #[arg(long)]
    pub dir: Option<PathBuf>,
    /// One JSON object instead of sentences.
    #[arg(long)]
    pub json: bool,
    /// The program that runs as a member, when it is not this one.
    #[arg(skip)]
    pub program: Option<PathBuf>,
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Charges.
    pub tally: Tally,
    /// Processes that were killed.
    pub kills: u32,
    /// Times at which fewer than three members lived, so that no block could be made.
    pub stalls: u32,
    /// The common height at the end.
    pub height: u64,
}

/// Runs the command line's form.
///
/// # Errors
/// What was violated or could not be run, and where its logs are.
pub async fn command(options: Options) -> Result<(), String> {
    let json = options.json;
    let outcome = tokio::select! {
        end = Box::pin(run(options)) => end?,
        () = crate::node::signal() => return Err("interrupted".to_owned()),
    };
    let (t, refused) = (&outcome.tally, &outcome.tally.refused);
    if json {
        let all = serde_json::json!({
            "charges_in": t.offered, "settled": t.settled, "refused": refused, "kills": outcome.kills,
            "stalls": outcome.stalls, "height": outcome.height,
        });
        say(&all.to_string());
        return Ok(());
    }
    say(&format!(
        "charges in: {}; settled: {}; refused by name: {} {refused:?}",
        t.offered,
        t.settled,
        refused.values().sum::<u64>()
    ));
    say(&format!(
        "{} processes killed, {} times without a quorum; all nodes have one state at height {}, the books sum to zero",
        outcome.kills, outcome.stalls, outcome.height
    ));
    Ok(())
}

/// Runs the members, the load and the kills, heals, and checks.
///
/// # Errors
/// What was violated or could not be run.
pub async fn run(options: Options) -> Result<Outcome, String> {
    crate::node::tls::install_provider();
    let folder = options.dir.clone().unwrap_or_else(|| {
        std::env::temp_dir().join(format!("fairway-chaos-{}", std::process::id()))
    });
    std::fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
    let mut plan = Plan::new(&folder, options.seed, 1)?;
    if let Some(program) = &options.program {
        plan.program.clone_from(program);
    }
    let mut world = World::prepare(&plan)?;
    let result = live(&mut world, &options).await;
    world.stop().await;
    let where_to_look = |error| format!("{error}; logs are in {}", folder.display());
    let outcome = result.map_err(where_to_look)?;
    if options.dir.is_none() {
        // What cannot be removed now is removed by the system's own cleaning of temporary folders.
        let _ = std::fs::remove_dir_all(&folder);
    }
    Ok(outcome)
}

async fn live(world: &mut World, options: &Options) -> Result<Outcome, String> {
    for cast in everybody() {
        world.start(cast)?;
    }
    for cast in everybody() {
        world.ready(cast).await?;
    }
    let bays = setup::bays(options.seed)?;
    setup::consortium(world, options.seed, &bays).await?;
    let mut load = Load::new(world, options.seed, &bays).await?;
    let mut killer = Killer::new(options.seed);
    let length = Duration::from_secs(
        u64::from(options.minutes)
            .saturating_mul(60)
            .saturating_add(u64::from(options.seconds)),
    );
    let begin = environment::instant();
    while begin.elapsed() < length {
        killer.act(world).await?;
        load.offer(begin.elapsed(), options.rate, world.clock.now())?;
        load.step(&killer.alive()).await?;
        tokio::time::sleep(TICK).await;
    }
    killer.heal(world).await?;
    let healed = environment::instant();
    while load.open() > 0 {
        if healed.elapsed() > DRAIN {
            return Err(format!(
                "{} charges are neither settled nor refused {} s after everybody is well again",
                load.open(),
                DRAIN.as_secs()
            ));
        }
        load.step(&killer.alive()).await?;
        tokio::time::sleep(TICK).await;
    }
    check(world, &load, &killer).await
}

/// Everything that must be true in the end.
async fn check(world: &World, load: &Load, killer: &Killer) -> Result<Outcome, String> {
    let (books, height) = books::ledger(world).await?;
    let tally = load.tally();
    let refused: u64 = tally.refused.values().sum();
    if tally.offered != tally.settled.saturating_add(refused) {
        return Err(format!(
            "{} charges went in, {} were settled and {refused} refused",
            tally.offered, tally.settled
        ));
    }
    if u64::try_from(books.charges()) != Ok(tally.settled) {
        return Err(format!(
            "the ledger settled {} charges, {} were seen to settle",
            books.charges(),
            tally.settled
        ));
    }
    if load.unexpected() > 0 {
        return Err(format!(
            "{} charges came out otherwise than they were made: {:?}",
            load.unexpected(),
            tally.refused
        ));
    }
    Ok(Outcome {
        tally,
        kills: killer.kills,
        stalls: killer.stalls,
        height,
    })
}

/// Who lives, who dies next, and when.
struct Killer {
    chance: load::Chance,
    /// Dead members, and when they are started again.
    dead: Vec<(Cast, Instant)>,
    next: Instant,
    kills: u32,
    stalls: u32,
}

/// Seconds between two rounds of kills, and seconds that the dead stay dead.
const BETWEEN: (u64, u64) = (3, 15);
const DEAD: (u64, u64) = (0, 8);

impl Killer {
    fn new(seed: u64) -> Self {
        Self {
            chance: load::Chance::new(seed, "killer"),
            dead: Vec::new(),
            next: environment::instant(),
            kills: 0,
            stalls: 0,
        }
    }

    fn alive(&self) -> Vec<Cast> {
        everybody()
            .filter(|c| self.dead.iter().all(|(d, _)| d.id != c.id))
            .collect()
    }

    fn later(&mut self, (low, high): (u64, u64)) -> Instant {
        let span = high.saturating_sub(low).saturating_mul(1_000);
        let millis = low
            .saturating_mul(1_000)
            .saturating_add(self.chance.below(span));
        let now = environment::instant();
        now.checked_add(Duration::from_millis(millis))
            .unwrap_or(now)
    }

    /// Starts whose time has come, and kills: mostly one, sometimes two, now and then all.
    async fn act(&mut self, world: &mut World) -> Result<(), String> {
        let now = environment::instant();
        let (due, rest) = self.dead.drain(..).partition(|(_, at)| *at <= now);
        self.dead = rest;
        let due: Vec<(Cast, Instant)> = due;
        for (cast, _) in due {
            world.start(cast)?;
        }
        if now < self.next {
            return Ok(());
        }
        self.next = self.later(BETWEEN);
        let victims = match self.chance.below(20) {
            0 => 4,
            1..5 => 2,
            _ => 1,
        };
        for _ in 0..victims {
            let alive = self.alive();
            let Some(cast) = alive.get(self.chance.place(alive.len())).copied() else {
                break;
            };
            world.kill(cast).await?;
            self.kills = self.kills.saturating_add(1);
            let until = self.later(DEAD);
            self.dead.push((cast, until));
        }
        if self.alive().len() < 3 {
            self.stalls = self.stalls.saturating_add(1);
        }
        Ok(())
    }

    /// Starts everybody and waits until they are ready.
    async fn heal(&mut self, world: &mut World) -> Result<(), String> {
        for (cast, _) in self.dead.drain(..) {
            world.start(cast)?;
        }
        for cast in everybody() {
            world.ready(cast).await?;
        }
        Ok(())
    }
}
