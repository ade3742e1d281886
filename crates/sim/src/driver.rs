//! Drivers: what each wants to do, and what he does when he looks at the screen.

use crate::cast::{Fault, UTILITIES, mistyped};
use crate::world::{Event, World};
use fairway_model::station::{InputMethod, OfferView, Presented};
use fairway_model::time::{MINUTE, SECOND};
use fairway_model::{Micro, SessionId, Time};
use fairway_station::{Car, CarModel, Input, PadKey, Screen};

/// Time between two looks at the screen, from and to.
const LOOK: (i64, i64) = (2 * SECOND, 6 * SECOND);
/// How long a driver waits at a screen where nothing happens.
const PATIENCE: i64 = 4 * MINUTE;
/// How long a driver charges who weighs the price.
const TRIP: i64 = 4 * MINUTE;
/// How full his battery is when he comes, in percent.
const TRIP_SOC: u8 = 30;
/// How often a driver presents his card before he gives up.
const TRIES: u32 = 3;

/// What a driver is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Says yes and charges until the car is full or he stops.
    Accept,
    /// Says yes by presenting the credential again, and stops so too.
    CardTwice,
    /// Says no.
    Decline,
    /// Goes away while the offer stands.
    WalkAway,
    /// Says yes and never plugs in.
    NoCable,
    /// Pulls the cable in the middle.
    PullCable,
    /// Presents a number with a typing error.
    Mistyped,
    /// Presents a number that nobody has.
    Unknown,
    /// Says yes where a kWh costs at most so much, else no.
    Weigh(Micro),
}

/// One driver's visit to one station.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    pub(crate) driver: usize,
    pub(crate) post: usize,
    manner: Manner,
    method: InputMethod,
    /// The token that he presents, always the same.
    token: String,
    /// The cable is in before the card is presented.
    plug_first: bool,
    /// How long he charges at most.
    charge: i64,
    soc: u8,
    presented: u32,
    pins: u32,
    answered: bool,
    since: Time,
    pub(crate) charging: Option<Time>,
    /// The offer that he answered, and the price per kWh in it.
    pub(crate) offered: Option<(SessionId, Micro)>,
    stage: Stage,
}

/// How far a visit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Here, or on the way.
    Here,
    /// Asked for the end of the charge.
    Ending,
    /// Gone home.
    Gone,
}

impl Visit {
    /// Whether the driver is gone.
    pub(crate) fn gone(&self) -> bool {
        self.stage == Stage::Gone
    }

    /// When he came.
    pub(crate) fn came(&self) -> Time {
        self.since
    }

    /// A driver who shows his number by a code and says yes where a kWh costs at most `highest`.
    pub(crate) fn trip(driver: usize, post: usize, token: String, highest: Micro) -> Self {
        Self {
            driver,
            post,
            manner: Manner::Weigh(highest),
            method: InputMethod::Code,
            token,
            plug_first: false,
            charge: TRIP,
            soc: TRIP_SOC,
            presented: 0,
            pins: 0,
            answered: false,
            since: Time(0),
            charging: None,
            offered: None,
            stage: Stage::Here,
        }
    }
}

impl World {
    /// Makes the visits: all nine pairs first, then whatever comes.
    pub(crate) fn invite(&mut self) {
        let mut pairs: Vec<(usize, usize)> = (0..UTILITIES * UTILITIES)
            .map(|n| (n / UTILITIES, n % UTILITIES))
            .collect();
        while pairs.len() < self.plan.visits {
            pairs.push((self.rng.place(UTILITIES), self.rng.place(UTILITIES)));
        }
        for (number, (home, visited)) in pairs.into_iter().take(self.plan.visits).enumerate() {
            let manner = if number < UTILITIES * UTILITIES {
                Manner::Accept
            } else {
                self.manner()
            };
            let visit = self.visit(home, visited, manner);
            self.visits.push(visit);
            let at = self.rng.span((0, self.plan.window.saturating_mul(3) / 4));
            self.queue.after(at, Event::Arrive(number));
        }
    }

    fn manner(&mut self) -> Manner {
        match self.rng.below(14) {
            0..=3 => Manner::Accept,
            4..=6 => Manner::CardTwice,
            7 => Manner::Decline,
            8 => Manner::WalkAway,
            9 => Manner::NoCable,
            10 | 11 => Manner::PullCable,
            12 => Manner::Mistyped,
            _ => Manner::Unknown,
        }
    }

    fn visit(&mut self, home: usize, visited: usize, manner: Manner) -> Visit {
        // The last driver of each utility is blocked: he comes only among those who do not count on success.
        let kinds = if matches!(manner, Manner::Unknown) {
            4
        } else {
            3
        };
        let driver = home.saturating_mul(4).saturating_add(self.rng.place(kinds));
        let post = visited
            .saturating_mul(self.plan.stations)
            .saturating_add(self.rng.place(self.plan.stations));
        let customer = self.cast.drivers.get(driver).map(|d| d.customer.clone());
        let (cin, uid, pin) = customer
            .map(|c| {
                (
                    c.cin,
                    c.credentials.first().cloned().unwrap_or_default(),
                    c.pin,
                )
            })
            .unwrap_or_default();
        let mut method = match self.rng.below(3) {
            0 => InputMethod::DialPad,
            1 => InputMethod::Rfid,
            _ => InputMethod::Code,
        };
        // Only the home utility knows a card's serial number; and a number with a PIN is typed.
        if method == InputMethod::Rfid && (home != visited || matches!(manner, Manner::Mistyped)) {
            method = InputMethod::Code;
        }
        if pin.is_some() {
            method = InputMethod::DialPad;
        }
        let token = match (manner, method) {
            (Manner::Mistyped, _) => mistyped(&cin, &mut self.rng),
            (Manner::Unknown, _) if self.rng.chance(5_000) => self.cast.unknown_cin.clone(),
            (_, InputMethod::Rfid) => uid,
            _ => cin,
        };
        Visit {
            driver,
            post,
            manner,
            method,
            token,
            plug_first: self.rng.chance(5_000) && manner != Manner::NoCable,
            charge: self.rng.span((2 * MINUTE, 14 * MINUTE)),
            soc: u8::try_from(self.rng.span((20, 85))).unwrap_or(50),
            presented: 0,
            pins: 0,
            answered: false,
            since: Time(0),
            charging: None,
            offered: None,
            stage: Stage::Here,
        }
    }

    fn of(&mut self, visit: usize) -> Result<&mut Visit, Fault> {
        self.visits
            .get_mut(visit)
            .ok_or_else(|| format!("no visit {visit}"))
    }

    pub(crate) fn arrive(&mut self, number: usize) -> Result<(), Fault> {
        let now = self.now();
        let place = self.of(number)?.post;
        if self.post(place)?.visit.is_some() {
            let pause = self.rng.span((MINUTE, 3 * MINUTE));
            self.queue.after(pause, Event::Arrive(number));
            return Ok(());
        }
        self.post(place)?.visit = Some(number);
        let visit = self.of(number)?;
        visit.since = now;
        let (text, plug) = (
            format!(
                "driver {} comes to station {place}: {:?} by {:?}",
                visit.driver, visit.manner, visit.method
            ),
            visit.plug_first,
        );
        self.note(text);
        if plug {
            self.plug_in(number)?;
            self.rogue_start(place)?;
        }
        self.look_again(number);
        Ok(())
    }

    fn look_again(&mut self, number: usize) {
        let pause = self.rng.span(LOOK);
        self.queue.after(pause, Event::Look(number));
    }

    pub(crate) fn look(&mut self, number: usize) -> Result<(), Fault> {
        let now = self.now();
        let visit = self.of(number)?.clone();
        if visit.gone() {
            return Ok(());
        }
        let screen = self.post(visit.post)?.screen();
        let stay = match &screen {
            Screen::Offline
            | Screen::Checking
            | Screen::Preparing { .. }
            | Screen::Error { .. } => now.since(visit.since) < PATIENCE,
            Screen::Prompt => self.at_prompt(number, &visit)?,
            Screen::Typing { .. } => {
                self.key(number, PadKey::Cancel)?;
                true
            }
            Screen::Pin { .. } => self.type_pin(number, &visit)?,
            Screen::Offer(view) => self.at_offer(number, &visit, view)?,
            Screen::PlugIn { .. } => self.at_cable(number, &visit)?,
            Screen::Charging(_) => self.at_charging(number, &visit)?,
            // Another driver's last screen: it goes away by itself.
            Screen::Thanks { .. } | Screen::Bill(_) if visit.presented == 0 => {
                now.since(visit.since) < PATIENCE
            }
            Screen::Thanks { .. } | Screen::Bill(_) | Screen::Faulted { .. } => false,
        };
        if stay {
            self.look_again(number);
            return Ok(());
        }
        self.leave(number)
    }

    /// Takes the car and goes.
    fn leave(&mut self, number: usize) -> Result<(), Fault> {
        let place = self.of(number)?.post;
        self.pull(place)?;
        self.note(format!("driver leaves station {place}"));
        self.post(place)?.visit = None;
        self.of(number)?.stage = Stage::Gone;
        Ok(())
    }

    fn pull(&mut self, place: usize) -> Result<(), Fault> {
        let now = self.now();
        if self.post(place)?.rig.car().is_none() {
            return Ok(());
        }
        self.post_input(place, Input::Unplug)?;
        let post = self.post(place)?;
        let at = now.plus(post.skew);
        post.rig.set_car(at, None);
        Ok(())
    }

    fn plug_in(&mut self, number: usize) -> Result<(), Fault> {
        let now = self.now();
        let (place, soc) = (self.of(number)?.post, self.of(number)?.soc);
        let post = self.post(place)?;
        if post.rig.car().is_some() {
            return Ok(());
        }
        let at = now.plus(post.skew);
        post.rig.set_car(at, Some(Car::new(CarModel::MIDDLE, soc)));
        self.plugged(place)
    }

    fn key(&mut self, number: usize, key: PadKey) -> Result<(), Fault> {
        let place = self.of(number)?.post;
        self.post_input(place, Input::Key(key))
    }

    fn digits(&mut self, number: usize, digits: &str) -> Result<(), Fault> {
        for digit in digits.chars().filter_map(|c| c.to_digit(10)) {
            self.key(number, PadKey::Digit(u8::try_from(digit).unwrap_or(0)))?;
        }
        self.key(number, PadKey::Enter)
    }

    fn at_prompt(&mut self, number: usize, visit: &Visit) -> Result<bool, Fault> {
        let wrong = matches!(visit.manner, Manner::Mistyped | Manner::Unknown);
        if visit.charging.is_some() || visit.presented >= TRIES || (wrong && visit.presented > 0) {
            return Ok(false);
        }
        self.present(number)?;
        Ok(true)
    }

    fn present(&mut self, number: usize) -> Result<(), Fault> {
        let visit = self.of(number)?;
        visit.presented = visit.presented.saturating_add(1);
        let (place, method, token) = (visit.post, visit.method, visit.token.clone());
        if method == InputMethod::DialPad {
            return self.digits(number, &token);
        }
        let pin = None;
        self.post_input(place, Input::Presented(Presented { method, token, pin }))
    }

    fn type_pin(&mut self, number: usize, visit: &Visit) -> Result<bool, Fault> {
        let pin = self
            .cast
            .drivers
            .get(visit.driver)
            .and_then(|d| d.customer.pin.clone());
        self.of(number)?.pins = visit.pins.saturating_add(1);
        self.digits(number, pin.as_deref().unwrap_or_default())?;
        Ok(visit.pins < TRIES)
    }

    fn at_offer(&mut self, number: usize, visit: &Visit, view: &OfferView) -> Result<bool, Fault> {
        if !visit.answered {
            self.counts.offers = self.counts.offers.saturating_add(1);
        }
        let (session, price) = (view.session, view.price_per_kwh);
        let answered = self.of(number)?;
        answered.answered = true;
        answered.offered = Some((session, price));
        let too_dear = matches!(visit.manner, Manner::Weigh(highest) if price > highest);
        match visit.manner {
            Manner::WalkAway => return Ok(false),
            _ if too_dear || visit.manner == Manner::Decline => {
                self.note(format!("driver {} says no to {session}", visit.driver));
                self.post_input(visit.post, Input::Choice(false))?;
                return Ok(false);
            }
            // Presenting again is done once; a dial pad asks again for a choice.
            Manner::CardTwice if visit.method != InputMethod::DialPad => {
                self.consented.insert(session);
                self.note(format!(
                    "driver {} presents again for {session}",
                    visit.driver
                ));
                self.present(number)?;
            }
            _ => {
                self.consented.insert(session);
                self.note(format!("driver {} says yes to {session}", visit.driver));
                self.post_input(visit.post, Input::Choice(true))?;
            }
        }
        Ok(true)
    }

    fn at_cable(&mut self, number: usize, visit: &Visit) -> Result<bool, Fault> {
        if visit.manner == Manner::NoCable {
            return Ok(false);
        }
        self.plug_in(number)?;
        Ok(true)
    }

    fn at_charging(&mut self, number: usize, visit: &Visit) -> Result<bool, Fault> {
        let now = self.now();
        let since = *self.of(number)?.charging.get_or_insert(now);
        let over = now.since(since) > visit.charge.saturating_add(PATIENCE);
        if now.since(since) < visit.charge || (visit.stage == Stage::Ending && !over) {
            return Ok(true);
        }
        self.of(number)?.stage = Stage::Ending;
        match visit.manner {
            _ if over => return Ok(false),
            Manner::PullCable => self.pull(visit.post)?,
            Manner::CardTwice if visit.method != InputMethod::DialPad => self.present(number)?,
            _ => self.post_input(visit.post, Input::StopButton)?,
        }
        Ok(true)
    }
}
