//! Phones at the station: short-lived codes that each serve one phone, and what that phone may see and do.
//!
//! A code stands on the post's screen, as text and as QR code. The first phone that opens it takes it, and the screen shows
//! another. A phone that took its code at the free station may begin one dialog and act in it; one that took it during a dialog
//! only looks on. No phone ever sees the dialog of another driver. Times are milliseconds of a monotonic clock and random bytes
//! are arguments, so that this is tested without either.

use fairway_station::{Screen, View};
use std::collections::VecDeque;

/// Letters and digits that are not mistaken for each other.
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
/// Characters of a code: 40 bits.
pub const CODE_LENGTH: usize = 8;
/// A code that nobody took is replaced after this long.
pub const CODE_LIFE: u64 = 120_000;
/// A replaced code can still be opened for this long, by the phone that was just scanning it.
const CODE_GRACE: u64 = 30_000;
/// A phone that does nothing at the free station is let go after this long.
pub const IDLE_LIFE: u64 = 180_000;
/// Longest time between a phone's act and the station's answer.
const ACT_LIMIT: u64 = 5_000;
/// What a phone keeps of its finished charge goes away after this long.
pub const RECEIPT_LIFE: u64 = 1_800_000;
/// Most phones that are remembered; the oldest goes first.
const MAX_GUESTS: usize = 16;
/// Wrong codes within [`GUESS_WINDOW`] after which all are refused for the rest of it.
const MAX_GUESSES: u32 = 20;
const GUESS_WINDOW: u64 = 60_000;

/// Why a phone gets nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// No such code, or its time is over.
    Unknown,
    /// Another phone took it.
    Taken,
    /// Too many wrong codes; try again later.
    TooMany,
}

/// How far a phone has come.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Bound {
    /// Took its code at the free station; nothing has begun since.
    Waiting,
    /// Belongs to this dialog.
    Dialog(u64),
    /// Its dialog is over.
    Over,
}

#[derive(Debug, Clone)]
struct Guest {
    code: String,
    secret: [u8; 16],
    bound: Bound,
    may_act: bool,
    since: u64,
    /// An act of its own is under way until then at the latest.
    acts_until: Option<u64>,
    receipt: Option<View>,
}

#[derive(Debug, Clone)]
struct Code {
    text: String,
    made: u64,
}

/// What a phone is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen<'a> {
    /// The station as it is.
    Live {
        /// Whether it may act.
        may_act: bool,
    },
    /// What is left of its finished charge.
    Receipt(&'a View),
    /// Its dialog is over, and there was no charge.
    Over,
}

/// All codes and phones of one station.
#[derive(Debug)]
pub struct Guests {
    current: Code,
    former: Option<Code>,
    phones: VecDeque<Guest>,
    /// Begin of the window, and wrong codes in it.
    guesses: (u64, u32),
    last: (u64, bool),
    /// A phone came, or a dialog became a phone's, since the screens were last told.
    news: bool,
}

fn code_of(random: [u8; 8]) -> String {
    random
        .iter()
        .filter_map(|byte| ALPHABET.get(usize::from(byte % 32)))
        .map(|letter| char::from(*letter))
        .collect()
}

/// Whether nobody's dialog is under way.
fn free(view: &View) -> bool {
    matches!(view.screen, Screen::Prompt | Screen::Offline)
}

impl Guests {
    /// A station without phones.
    pub fn new(now: u64, random: [u8; 8]) -> Self {
        Self {
            current: Code {
                text: code_of(random),
                made: now,
            },
            former: None,
            phones: VecDeque::new(),
            guesses: (now, 0),
            last: (0, true),
            news: false,
        }
    }

    /// The code on the screen, and how long it is shown yet.
    pub fn code(&self, now: u64) -> (&str, u64) {
        let age = now.saturating_sub(self.current.made);
        (&self.current.text, CODE_LIFE.saturating_sub(age))
    }

    /// A phone that waits at the free station or belongs to this dialog: its code, for the screen.
    pub fn connected(&self, dialog: u64) -> Option<&str> {
        let mine = |g: &&Guest| match g.bound {
            Bound::Waiting => true,
            Bound::Dialog(of) => of == dialog && g.may_act,
            Bound::Over => false,
        };
        self.phones.iter().rfind(mine).map(|g| g.code.as_str())
    }

    /// Follows the station and the clock. True when the code or a phone's standing changed since the last call.
    pub fn follow(&mut self, now: u64, view: &View, random: [u8; 8]) -> bool {
        let mut changed = core::mem::take(&mut self.news);
        let moved = view.dialog != self.last.0 || free(view) != self.last.1;
        self.last = (view.dialog, free(view));
        for guest in &mut self.phones {
            let over = match guest.bound {
                Bound::Waiting if guest.acts_until.is_some_and(|until| now < until) => false,
                Bound::Waiting => !free(view) || now.saturating_sub(guest.since) > IDLE_LIFE,
                Bound::Dialog(dialog) => dialog != view.dialog,
                Bound::Over => false,
            };
            if over {
                (guest.bound, guest.since, changed) = (Bound::Over, now, true);
            } else if guest.bound == Bound::Dialog(view.dialog)
                && matches!(view.screen, Screen::Thanks { .. } | Screen::Bill(_))
            {
                guest.receipt = Some(view.clone());
            }
        }
        self.phones
            .retain(|g| g.bound != Bound::Over || now.saturating_sub(g.since) <= RECEIPT_LIFE);
        let old = now.saturating_sub(self.current.made) >= CODE_LIFE;
        if old || moved {
            self.renew(now, random, old);
            changed = true;
        }
        changed
    }

    /// Follows before an answer is made of this view, so that no answer shows a code that the next event replaces. What changed is told
    /// to all screens by the next [`Self::follow`].
    pub fn follow_ahead(&mut self, now: u64, view: &View, random: [u8; 8]) {
        self.news = self.follow(now, view, random);
    }

    fn renew(&mut self, now: u64, random: [u8; 8], keep: bool) {
        let fresh = Code {
            text: code_of(random),
            made: now,
        };
        let former = core::mem::replace(&mut self.current, fresh);
        self.former = keep.then_some(Code {
            made: now,
            ..former
        });
    }

    /// A phone opens a code: the first one takes it and gets `secret` to show from then on.
    ///
    /// # Errors
    /// [`Closed`].
    pub fn open(
        &mut self,
        now: u64,
        code: &str,
        view: &View,
        (secret, random): ([u8; 16], [u8; 8]),
    ) -> Result<(), Closed> {
        self.may_guess(now)?;
        let shown = self.current.text == code;
        let just_replaced = self
            .former
            .as_ref()
            .is_some_and(|f| f.text == code && now.saturating_sub(f.made) <= CODE_GRACE);
        if !shown && !just_replaced {
            let taken = self.phones.iter().any(|g| g.code == code);
            return Err(if taken {
                Closed::Taken
            } else {
                self.guesses.1 = self.guesses.1.saturating_add(1);
                Closed::Unknown
            });
        }
        let at_begin = free(view);
        // The newest phone at the free station is the one whose owner stands there.
        if at_begin {
            for waiting in self.phones.iter_mut().filter(|g| g.bound == Bound::Waiting) {
                (waiting.bound, waiting.since) = (Bound::Over, now);
            }
        }
        if self.phones.len() >= MAX_GUESTS {
            self.phones.pop_front();
        }
        self.phones.push_back(Guest {
            code: code.to_owned(),
            secret,
            bound: if at_begin {
                Bound::Waiting
            } else {
                Bound::Dialog(view.dialog)
            },
            may_act: at_begin,
            since: now,
            acts_until: None,
            receipt: None,
        });
        self.former = None;
        self.renew(now, random, false);
        self.news = true;
        Ok(())
    }

    fn may_guess(&mut self, now: u64) -> Result<(), Closed> {
        if now.saturating_sub(self.guesses.0) > GUESS_WINDOW {
            self.guesses = (now, 0);
        }
        if self.guesses.1 >= MAX_GUESSES {
            return Err(Closed::TooMany);
        }
        Ok(())
    }

    fn find(&self, code: &str, secret: [u8; 16]) -> Option<&Guest> {
        let equal = |g: &Guest| {
            let differs = g.secret.iter().zip(secret).fold(0, |d, (a, b)| d | (a ^ b));
            g.code == code && differs == 0
        };
        self.phones.iter().find(|g| equal(g))
    }

    /// What the phone with this code and secret may see.
    ///
    /// # Errors
    /// [`Closed::Unknown`].
    pub fn seen(&self, code: &str, secret: [u8; 16], view: &View) -> Result<Seen<'_>, Closed> {
        let guest = self.find(code, secret).ok_or(Closed::Unknown)?;
        Ok(match guest.bound {
            Bound::Waiting if free(view) => Seen::Live { may_act: true },
            Bound::Dialog(dialog) if dialog == view.dialog => Seen::Live {
                may_act: guest.may_act,
            },
            _ => guest.receipt.as_ref().map_or(Seen::Over, Seen::Receipt),
        })
    }

    /// The phone's act is under way: what begins meanwhile may be its own.
    pub fn acts(&mut self, now: u64, code: &str, secret: [u8; 16]) {
        if let Some(guest) = self.find_mut(code, secret) {
            guest.acts_until = Some(now.saturating_add(ACT_LIMIT));
        }
    }

    fn find_mut(&mut self, code: &str, secret: [u8; 16]) -> Option<&mut Guest> {
        let mine = |g: &&mut Guest| g.code == code && g.secret == secret;
        self.phones.iter_mut().find(mine)
    }

    /// The phone acted at the screen `before`, and the station now shows `after`: a dialog that it began is its own.
    pub fn acted(&mut self, code: &str, secret: [u8; 16], before: &View, after: &View) {
        let began = free(before) && !free(after);
        if let Some(guest) = self.find_mut(code, secret) {
            guest.acts_until = None;
            if began && guest.bound == Bound::Waiting {
                guest.bound = Bound::Dialog(after.dialog);
                self.news = true;
            }
        }
    }
}

#[cfg(test)]
mod tests;
