//! How many requests are taken from whom: per address for sign-ins, per sign-in otherwise; and the delay after wrong passwords.

use crate::api::problem::Problem;
use crate::environment;
use axum::http::StatusCode;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// Length of a window, in milliseconds.
const WINDOW: i64 = 60_000;
/// Sign-ins of one address in a window.
pub(crate) const LOGINS: u32 = 10;
/// Requests of one sign-in in a window.
pub(crate) const REQUESTS: u32 = 1_200;
/// Requests of one address without a sign-in in a window.
pub(crate) const STRANGERS: u32 = 600;
/// Most callers that are counted at a time.
const MAX_CALLERS: usize = 20_000;
/// Wrong passwords in a row before a name has to wait.
pub(crate) const FREE_TRIES: u32 = 5;
/// First wait, in milliseconds; it doubles with each further wrong password.
const FIRST_WAIT: i64 = 5_000;
/// Longest wait, in milliseconds.
const LONGEST_WAIT: i64 = 15 * 60_000;

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Caller {
    /// An address that signs in.
    Login(IpAddr),
    /// An address without a sign-in.
    Stranger(IpAddr),
    /// A sign-in, by the hash of its cookie.
    Session([u8; 32]),
}

impl Caller {
    fn most(&self) -> u32 {
        match self {
            Self::Login(_) => LOGINS,
            Self::Stranger(_) => STRANGERS,
            Self::Session(_) => REQUESTS,
        }
    }
}

/// What is left of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left {
    /// Requests of a window.
    pub(crate) limit: u32,
    /// What is left of them.
    pub(crate) remaining: u32,
    /// Seconds until the next window.
    pub(crate) reset: u64,
}

#[derive(Debug, Default)]
struct Counts {
    windows: BTreeMap<Caller, (i64, u32)>,
    failures: BTreeMap<String, (u32, i64)>,
}

/// The counts.
#[derive(Debug, Default)]
pub(crate) struct Limits(Mutex<Counts>);

fn seconds(ms: i64) -> u64 {
    u64::try_from(ms.max(0)).unwrap_or(0).div_ceil(1_000).max(1)
}

fn wait(failures: u32) -> i64 {
    let beyond = failures.saturating_sub(FREE_TRIES);
    FIRST_WAIT
        .saturating_mul(1i64 << beyond.min(16))
        .min(LONGEST_WAIT)
}

impl Limits {
    /// Counts a request.
    ///
    /// # Errors
    /// What is left, nothing, when the window is used up.
    pub(crate) fn count(&self, caller: Caller) -> Result<Left, Left> {
        self.count_at(caller, environment::wall_ms())
    }

    fn count_at(&self, caller: Caller, now: i64) -> Result<Left, Left> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.windows.len() >= MAX_CALLERS {
            counts
                .windows
                .retain(|_, (since, _)| now.saturating_sub(*since) < WINDOW);
            if counts.windows.len() >= MAX_CALLERS {
                counts.windows.pop_first();
            }
        }
        let limit = caller.most();
        let (since, used) = counts.windows.entry(caller).or_insert((now, 0));
        if now.saturating_sub(*since) >= WINDOW {
            (*since, *used) = (now, 0);
        }
        let reset = seconds(since.saturating_add(WINDOW).saturating_sub(now));
        if *used >= limit {
            return Err(Left {
                limit,
                remaining: 0,
                reset,
            });
        }
        *used = used.saturating_add(1);
        Ok(Left {
            limit,
            remaining: limit.saturating_sub(*used),
            reset,
        })
    }

    /// Whether a name may try a password now.
    ///
    /// # Errors
    /// 429 while it has to wait.
    pub(crate) fn may_try(&self, name: &str) -> Result<(), Problem> {
        self.may_try_at(name, environment::wall_ms())
    }

    fn may_try_at(&self, name: &str, now: i64) -> Result<(), Problem> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let until = counts.failures.get(name).map_or(0, |(_, until)| *until);
        if until <= now {
            return Ok(());
        }
        let left = seconds(until.saturating_sub(now));
        let text = format!("too many wrong passwords for this name; try again in {left} s");
        Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "locked", text).retry_after(left))
    }

    /// A wrong password.
    pub(crate) fn failed(&self, name: &str) {
        self.failed_at(name, environment::wall_ms());
    }

    fn failed_at(&self, name: &str, now: i64) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.failures.len() >= MAX_CALLERS && !counts.failures.contains_key(name) {
            counts.failures.retain(|_, (_, until)| *until > now);
            if counts.failures.len() >= MAX_CALLERS {
                counts.failures.pop_first();
            }
        }
        let (count, until) = counts.failures.entry(name.to_owned()).or_default();
        *count = count.saturating_add(1);
        if *count >= FREE_TRIES {
            *until = now.saturating_add(wait(*count));
        }
    }

    /// The right password.
    pub(crate) fn succeeded(&self, name: &str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.failures.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn a_window_is_used_up_and_begins_anew() {
        let limits = Limits::default();
        let caller = || Caller::Login(IpAddr::V4(Ipv4Addr::LOCALHOST));
        for left in (0..LOGINS).rev() {
            assert_eq!(limits.count_at(caller(), 5).unwrap().remaining, left);
        }
        let left = limits.count_at(caller(), 6).unwrap_err();
        assert_eq!((left.limit, left.remaining, left.reset), (LOGINS, 0, 60));
        let problem = Problem::rate(left);
        assert_eq!(problem.status(), StatusCode::TOO_MANY_REQUESTS);
        assert!(limits.count_at(caller(), 5 + WINDOW).is_ok());
    }

    #[test]
    fn wrong_passwords_cost_more_and_more_time() {
        let limits = Limits::default();
        for _ in 0..FREE_TRIES {
            limits.may_try_at("ada", 0).unwrap();
            limits.failed_at("ada", 0);
        }
        assert!(limits.may_try_at("ada", 0).is_err());
        limits.may_try_at("bob", 0).unwrap();
        limits.may_try_at("ada", FIRST_WAIT).unwrap();
        limits.failed_at("ada", FIRST_WAIT);
        assert!(limits.may_try_at("ada", FIRST_WAIT * 2).is_err());
        limits.succeeded("ada");
        limits.may_try_at("ada", 0).unwrap();
        assert_eq!(wait(60), LONGEST_WAIT);
    }
}
