//! The process environment and the clock, read in one place.

use fairway_model::Time;

/// An environment variable, when it is set and not empty.
#[expect(
    clippy::disallowed_methods,
    reason = "the shell reads the environment here and nowhere else"
)]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The clock that a node runs by. In the demonstration it runs faster than the wall clock, equally in all processes.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// Wall time at which demonstration time began, in milliseconds since 1970.
    pub wall_start: i64,
    /// Demonstration time at that moment.
    pub begin: i64,
    /// How many milliseconds pass in one of the wall clock.
    pub speed: u32,
}

impl Clock {
    /// The wall clock itself.
    pub const WALL: Self = Self {
        wall_start: 0,
        begin: 0,
        speed: 1,
    };

    /// Present time.
    pub fn now(&self) -> Time {
        let passed = wall_ms().saturating_sub(self.wall_start);
        Time(
            self.begin
                .saturating_add(passed.saturating_mul(i64::from(self.speed))),
        )
    }

    /// The wall-clock duration from now until `at`, zero when it has passed.
    pub fn until(&self, at: Time) -> std::time::Duration {
        let millis = at.since(self.now()).max(0);
        let wall = millis
            .checked_div(i64::from(self.speed.max(1)))
            .unwrap_or(millis);
        std::time::Duration::from_millis(u64::try_from(wall).unwrap_or(0))
    }
}

/// Milliseconds of the wall clock since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "the shell reads the clock here and nowhere else"
)]
pub fn wall_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since
        .ok()
        .and_then(|d| i64::try_from(d.as_millis()).ok())
        .unwrap_or(0)
}

/// A monotonic instant, for measuring.
#[expect(
    clippy::disallowed_methods,
    reason = "the shell reads the clock here and nowhere else"
)]
pub fn instant() -> std::time::Instant {
    std::time::Instant::now()
}

/// Fresh random bytes of the operating system's generator.
pub fn entropy() -> [u8; 32] {
    rand::random()
}

/// A number of kilobytes that the system tells of this process (Linux: `/proc/self/status`); nothing where it does not.
pub fn process_status(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix(field));
    line.and_then(|l| l.trim().trim_end_matches(" kB").parse::<u64>().ok())
        .unwrap_or(0)
}

/// CPU seconds of this process so far; nothing where the system does not tell.
pub fn cpu_seconds() -> f64 {
    f64::from(u32::try_from(ticks("/proc/self/stat")).unwrap_or(u32::MAX)) / 100.0
}

/// CPU milliseconds of the calling thread so far; nothing where the system does not tell.
pub fn thread_cpu_ms() -> u64 {
    ticks("/proc/thread-self/stat").saturating_mul(10)
}

/// User and system time of a process or thread in clock ticks of 10 ms (Linux, proc(5), fields 14 and 15).
fn ticks(path: &str) -> u64 {
    let stat = std::fs::read_to_string(path).unwrap_or_default();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let field = |at: usize| {
        fields
            .get(at)
            .and_then(|t| t.parse::<u64>().ok())
            .unwrap_or(0)
    };
    field(11).saturating_add(field(12))
}
