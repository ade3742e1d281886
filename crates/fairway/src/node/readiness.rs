//! Whether a member can do its work, and what of it is not in order.

use super::operator::Desk;
use fairway_chain::Status;
use serde_json::{Value, json};

/// A clock that differs by less from the newest block's is right, in milliseconds of the wall clock: blocks need some of it to arrive.
const CLOCK_OFF: i64 = 2_000;
/// What a check says that found nothing.
const OK: &str = "ok";

/// One thing that was looked at.
#[derive(Debug)]
struct Check {
    name: &'static str,
    /// `ok`, or what is wrong.
    finding: String,
    /// Whether the member cannot work without it.
    needed: bool,
}

impl Check {
    fn ok(&self) -> bool {
        self.finding == OK
    }
}

/// What a look found.
#[derive(Debug)]
pub(super) struct Standing {
    checks: Vec<Check>,
    height: u64,
    peers: usize,
}

/// Looks at database, ledger, peers and clock.
pub(super) fn look(desk: &Desk) -> Standing {
    let chain = desk.chain.status();
    let checks = vec![
        Check {
            name: "database",
            finding: database(desk),
            needed: true,
        },
        Check {
            name: "ledger",
            finding: ledger(&chain),
            needed: true,
        },
        Check {
            name: "peers",
            finding: peers(&chain),
            needed: false,
        },
        Check {
            name: "clock",
            finding: clock(desk, &chain),
            needed: false,
        },
    ];
    Standing {
        checks,
        height: chain.height,
        peers: chain.peers,
    }
}

fn database(desk: &Desk) -> String {
    let store = desk
        .health
        .as_ref()
        .and_then(|h| h.borrow().store_error.clone());
    store.unwrap_or_else(|| OK.to_owned())
}

fn ledger(chain: &Status) -> String {
    match (&chain.error, chain.stalled, chain.height) {
        (Some(error), _, _) => format!("stopped: {error}"),
        (None, true, _) if chain.first > 0 => format!(
            "no quorum: nothing was finalized for {} s; at least 3 of 4 validators must run",
            chain.finalized_age.as_secs()
        ),
        (None, _, _) if chain.first == 0 => {
            let fetched = chain.fetched;
            format!("waits for the vote, or for the state: {fetched} bytes so far")
        }
        (None, false, 0) => "starting".to_owned(),
        (None, _, _) => OK.to_owned(),
    }
}

fn peers(chain: &Status) -> String {
    if chain.peers > 0 {
        OK.to_owned()
    } else {
        "connected with no validator".to_owned()
    }
}

/// How far this clock is from the newest block's time when the block was applied, by the wall clock.
fn clock(desk: &Desk, chain: &Status) -> String {
    if chain.height == 0 {
        return "no block to compare with yet".to_owned();
    }
    let speed = i64::from(desk.clock.speed.max(1));
    let age = i64::try_from(chain.finalized_age.as_millis()).unwrap_or(i64::MAX);
    let since = desk.clock.now().0.saturating_sub(chain.time_ms);
    let off = since
        .checked_div(speed)
        .unwrap_or(since)
        .saturating_sub(age);
    describe(off)
}

/// Of a difference in milliseconds; positive when this clock is later.
fn describe(off: i64) -> String {
    if off > CLOCK_OFF {
        return format!(
            "the newest block was {off} ms old when it was applied here: this node is behind, or its clock is fast"
        );
    }
    if off < CLOCK_OFF.saturating_neg() {
        let off = off.saturating_neg();
        return format!(
            "the newest block came {off} ms before its own time: this clock is slow, or most others are fast"
        );
    }
    OK.to_owned()
}

impl Standing {
    /// Whether everything that is needed is in order.
    pub(super) fn ready(&self) -> bool {
        self.checks.iter().all(|check| check.ok() || !check.needed)
    }

    /// As the page tells it.
    pub(super) fn json(&self, desk: &Desk, verbose: bool) -> Value {
        let finding = |name: &str| {
            let found = self.checks.iter().find(|check| check.name == name);
            found.map(|check| check.finding.as_str())
        };
        let database = if desk.health.is_none() {
            Some("none")
        } else {
            finding("database")
        };
        let mut body = json!({
            "member": desk.member, "ready": self.ready(), "database": database, "ledger": finding("ledger"),
            "height": self.height, "peers": self.peers,
        });
        if let (Some(fields), true) = (body.as_object_mut(), verbose) {
            let checks = self.checks.iter().map(
                |c| json!({ "name": c.name, "ok": c.ok(), "needed": c.needed, "detail": c.finding }),
            );
            fields.insert("checks".to_owned(), checks.collect());
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_off_is_described() {
        assert_eq!(describe(CLOCK_OFF), OK);
        assert_eq!(describe(-CLOCK_OFF), OK);
        assert!(describe(CLOCK_OFF + 1).contains("2001 ms old"));
        assert!(describe(-CLOCK_OFF - 1).contains("2001 ms before its own time"));
    }

    #[test]
    fn only_what_is_needed_takes_readiness_away() {
        let check = |name, finding: &str, needed| Check {
            name,
            finding: finding.to_owned(),
            needed,
        };
        let standing = |checks| Standing {
            checks,
            height: 1,
            peers: 0,
        };
        assert!(
            standing(vec![
                check("ledger", OK, true),
                check("clock", "slow", false)
            ])
            .ready()
        );
        assert!(!standing(vec![check("ledger", "starting", true)]).ready());
    }
}
