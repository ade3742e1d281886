//! Drivers and their choices: who wishes to charge where and when, what he is offered, whether he takes it.
//!
//! A driver wishes for one charge. His willingness to pay per kWh is exponential with rate λ, so that he takes a price p with probability
//! exp(-λp) and keeps 1/λ on average when he does. A flexible driver sees the published prices and takes the hour in which price and
//! waiting cost him least. Both the drawn drivers and the closed form use [`Market::choose`].

use crate::loads::Loads;
use crate::number::{count, float, major, micro};
use crate::outcome::{Outcome, Quantity};
use crate::parameters::{KWH, PROFILE, Parameters, REGIONS};
use crate::regime::{Bill, Book, Regime, Signal};
use fairway_model::Micro;
use fairway_sim::Rng;

/// A wish to charge.
#[expect(
    clippy::struct_excessive_bools,
    reason = "four things that chance decides apart"
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// The driver's region.
    pub home: usize,
    /// Whether he is in the other one.
    pub away: bool,
    /// The hour.
    pub hour: usize,
    /// Whether he can come later.
    pub flexible: bool,
    /// Whether the start through the hub succeeds.
    pub hub_works: bool,
    /// Whether he charges at home instead where there is no roaming.
    pub stays: bool,
    /// What he pays at most for a kWh.
    pub highest: Micro,
}

/// What he is offered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice {
    /// His region.
    pub home: usize,
    /// Where he charges.
    pub visited: usize,
    /// When.
    pub hour: usize,
    /// How many hours he waits for that.
    pub waits: usize,
    /// The load multiplier there and then.
    pub load_bps: u32,
    /// What a charge costs.
    pub bill: Bill,
}

/// Loads, terms and drivers of a scenario.
#[derive(Debug, Clone)]
pub struct Market<'a> {
    /// The parameters.
    pub parameters: &'a Parameters,
    /// The loads.
    pub loads: &'a Loads,
    /// The terms.
    pub book: Book,
    peaks: [Vec<bool>; REGIONS],
    /// Running sums of the profile by home region and hour.
    sums: [Vec<u64>; REGIONS],
}

/// What is expected of a regime.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected {
    /// Per wish.
    pub total: Outcome,
    /// By hour of the wish; they add up to the total.
    pub hours: Vec<Outcome>,
    /// Which part of all wishes is charged in each region and hour.
    pub charging: [Vec<f64>; REGIONS],
}

impl<'a> Market<'a> {
    /// A market over these loads.
    ///
    /// # Errors
    /// Parameters or terms that make no sense.
    pub fn new(parameters: &'a Parameters, loads: &'a Loads) -> Result<Self, String> {
        parameters.check()?;
        let [a, b] = &loads.regions;
        let sums = |r: &crate::loads::Region| {
            let mut sum = 0;
            let add = |s: &crate::loads::Slot| {
                sum += u64::from(PROFILE.get(s.clock).copied().unwrap_or(0));
                sum
            };
            r.slots.iter().map(add).collect()
        };
        Ok(Self {
            parameters,
            loads,
            book: Book::new(parameters, loads)?,
            peaks: [a.peaks(), b.peaks()],
            sums: [sums(a), sums(b)],
        })
    }

    /// One drawn wish.
    pub fn wish(&self, chance: &mut Rng) -> Wish {
        let p = self.parameters;
        let [m1, m2] = p.masses;
        let home = usize::from(uniform(chance) >= m1 / (m1 + m2));
        let away = uniform(chance) < p.travels;
        let sums = self.sums.get(home).map_or(&[][..], Vec::as_slice);
        let hour = at(sums, chance.below(sums.last().copied().unwrap_or(1)));
        let [flexible, hub_works, stays] =
            [p.flexible, p.hub_served, p.stays].map(|part| uniform(chance) < part);
        // 1 - u is over 0, so that the logarithm is finite.
        let highest = micro(-(1.0 - uniform(chance)).ln() / p.rate);
        Wish {
            home,
            away,
            hour,
            flexible,
            hub_works,
            stays,
            highest,
        }
    }

    /// What a driver is offered under a regime, up to but without the hour `end`; `None` where nobody serves him.
    pub fn choose(&self, regime: Regime, wish: &Wish, end: usize) -> Option<Choice> {
        let other = usize::from(wish.home == 0);
        let visited = match (wish.away, regime) {
            (false, _) => wish.home,
            (true, Regime::None) if wish.stays => wish.home,
            (true, Regime::None) => return None,
            (true, Regime::Hub) if !wish.hub_works => return None,
            (true, _) => other,
        };
        let window = if wish.flexible
            && matches!(regime, Regime::Table | Regime::Forecast | Regime::Known)
        {
            self.parameters.window
        } else {
            0
        };
        let hours = (0..=window).filter(|waits| wish.hour + waits < end);
        let offers =
            hours.filter_map(|waits| self.offer(regime, wish.home, visited, wish.hour, waits));
        // The earliest of the cheapest.
        offers.fold(None, |best: Option<Choice>, offer| match best {
            Some(best) if self.effective(&best) <= self.effective(&offer) => Some(best),
            _ => Some(offer),
        })
    }

    fn offer(
        &self,
        regime: Regime,
        home: usize,
        visited: usize,
        hour: usize,
        waits: usize,
    ) -> Option<Choice> {
        let hour = hour + waits;
        let load_bps = self.book.multiplier(regime, visited, hour);
        let bill = *self.book.bill(regime, (home, visited), load_bps)?;
        Some(Choice {
            home,
            visited,
            hour,
            waits,
            load_bps,
            bill,
        })
    }

    /// What waiting is worth to a driver, per kWh.
    pub fn waiting(&self, choice: &Choice) -> Micro {
        Micro(
            micro(self.parameters.waiting)
                .0
                .saturating_mul(i64::try_from(choice.waits).unwrap_or(0)),
        )
    }

    /// Price and waiting together, per kWh.
    fn effective(&self, choice: &Choice) -> Micro {
        Micro(choice.bill.offered.0.saturating_add(self.waiting(choice).0))
    }

    /// What is counted of an offer, and what besides when it is taken, without the driver's surplus.
    fn counted(&self, choice: &Choice) -> (Outcome, Outcome) {
        use Quantity as Q;
        let mut offered = Outcome::default();
        offered[Q::Offers] = 1.0;
        let (pair, bill) = ((choice.home, choice.visited), choice.bill);
        let right = self.book.signal(Signal::Load, choice.visited, choice.hour);
        if let Some(ideal) = self.book.bill(Regime::Forecast, pair, right) {
            offered[Q::Error] = (bill.price - ideal.price).abs();
        }
        let mut taken = Outcome::default();
        let slot = self
            .loads
            .regions
            .get(choice.visited)
            .and_then(|r| r.slots.get(choice.hour));
        let cost = slot.map_or(0.0, |s| self.parameters.cost_at(s.at())) * f64::from(KWH);
        let roams = choice.home != choice.visited;
        let peak = self
            .peaks
            .get(choice.visited)
            .and_then(|p| p.get(choice.hour));
        taken[Q::Home] = if roams { bill.home } else { 0.0 };
        taken[Q::Visited] = bill.visited;
        taken[Q::Owner] = bill.owner;
        taken[Q::Fee] = bill.fee;
        taken[Q::Energy] = cost;
        taken[Q::Margin] = bill.home + bill.visited + bill.owner - cost;
        taken[Q::Served] = 1.0;
        taken[Q::Roaming] = f64::from(u8::from(roams));
        taken[Q::Peak] = f64::from(u8::from(peak == Some(&true)));
        let utilities = [(Q::First, Q::FirstKeeps), (Q::Second, Q::SecondKeeps)];
        for (place, (gets, keeps)) in utilities.into_iter().enumerate() {
            let as_home = if choice.home == place { bill.home } else { 0.0 };
            let (as_visited, pays) = if choice.visited == place {
                (bill.visited, cost)
            } else {
                (0.0, 0.0)
            };
            taken[gets] = as_home + as_visited;
            taken[keeps] = as_home + as_visited - pays;
        }
        (offered, taken)
    }

    /// Whether the driver takes it.
    pub fn takes(&self, wish: &Wish, choice: &Choice) -> bool {
        self.effective(choice) <= wish.highest
    }

    /// What one driver gives.
    pub fn outcome(&self, regime: Regime, wish: &Wish) -> Outcome {
        let Some(choice) = self.choose(regime, wish, self.loads.hours()) else {
            return Outcome::default();
        };
        let (mut found, taken) = self.counted(&choice);
        if self.takes(wish, &choice) {
            found += taken;
            let left = major(wish.highest) - major(self.effective(&choice));
            found[Quantity::Surplus] = left * f64::from(KWH);
        }
        found
    }

    /// The closed form: for every kind of wish its probability, the chance exp(-λp) that the offer is taken, and what follows from it.
    pub fn expect(&self, regime: Regime) -> Expected {
        let hours = self.loads.hours();
        let mut found = Expected {
            total: Outcome::default(),
            hours: vec![Outcome::default(); hours],
            charging: [vec![0.0; hours], vec![0.0; hours]],
        };
        for home in 0..REGIONS {
            for hour in 0..hours {
                for (wish, chance) in self.kinds(regime, home, hour) {
                    self.add(&mut found, regime, &wish, chance);
                }
            }
        }
        found
    }

    fn add(&self, found: &mut Expected, regime: Regime, wish: &Wish, chance: f64) {
        let Some(choice) = self.choose(regime, wish, self.loads.hours()) else {
            return;
        };
        let (mut sum, taken) = self.counted(&choice);
        let rate = self.parameters.rate;
        let chosen = (-rate * major(self.effective(&choice))).exp();
        sum += taken.times(chosen);
        // Who takes it keeps 1/λ on average, whatever the price: the exponential distribution forgets.
        sum[Quantity::Surplus] = chosen / rate * f64::from(KWH);
        let sum = sum.times(chance);
        found.total += sum;
        if let Some(hour) = found.hours.get_mut(wish.hour) {
            *hour += sum;
        }
        let charging = found.charging.get_mut(choice.visited);
        if let Some(slot) = charging.and_then(|c| c.get_mut(choice.hour)) {
            *slot += chosen * chance;
        }
    }

    /// Every kind of wish of a region in an hour, with its probability.
    fn kinds(&self, regime: Regime, home: usize, hour: usize) -> Vec<(Wish, f64)> {
        let p = self.parameters;
        let [m1, m2] = p.masses;
        let region = if home == 0 { m1 } else { m2 } / (m1 + m2);
        let sums = self.sums.get(home).map_or(&[][..], Vec::as_slice);
        let upto = |n: usize| float(i64::try_from(sums.get(n).copied().unwrap_or(0)).unwrap_or(0));
        let before = hour.checked_sub(1).map_or(0.0, upto);
        let wished = region * (upto(hour) - before) / upto(sums.len().saturating_sub(1)).max(1.0);
        let mut kinds = Vec::new();
        for (away, travels) in [(false, 1.0 - p.travels), (true, p.travels)] {
            let luck = match (away, regime) {
                (true, Regime::Hub) => p.hub_served,
                (true, Regime::None) => p.stays,
                _ => 1.0,
            };
            for (flexible, bends) in [(false, 1.0 - p.flexible), (true, p.flexible)] {
                let wish = Wish {
                    home,
                    away,
                    hour,
                    flexible,
                    hub_works: true,
                    stays: true,
                    highest: Micro(0),
                };
                kinds.push((wish, wished * travels * luck * bends));
            }
        }
        kinds
    }

    /// How many charges all wishes are, for the assumed share of the energy of both regions.
    pub fn wishes(&self) -> f64 {
        let energy: f64 = self
            .loads
            .regions
            .iter()
            .flat_map(|r| &r.slots)
            .map(|s| float(s.load))
            .sum();
        energy * self.parameters.charging_share / f64::from(KWH)
    }

    /// The highest load of a region with charging, in kilowatts.
    pub fn system_peak(&self, expected: &Expected, region: usize) -> f64 {
        let wishes = self.wishes() * f64::from(KWH);
        let slots = self
            .loads
            .regions
            .get(region)
            .map_or(&[][..], |r| r.slots.as_slice());
        let charging = expected.charging.get(region).map_or(&[][..], Vec::as_slice);
        let together = slots
            .iter()
            .zip(charging)
            .map(|(s, c)| float(s.load) + c * wishes);
        together.fold(0.0, f64::max)
    }

    /// Which part of all hours are peak hours.
    pub fn peak_part(&self) -> f64 {
        let peaks: usize = self
            .peaks
            .iter()
            .map(|p| p.iter().filter(|x| **x).count())
            .sum();
        count(peaks) / count(self.loads.hours() * REGIONS)
    }

    /// The shares of a region's hours in which the contract followed the forecast, and not the table.
    pub fn followed(&self, region: usize) -> f64 {
        let region = self.loads.regions.get(region);
        region.map_or(0.0, |r| {
            r.mean(|s| f64::from(u8::from(s.trusted && s.said.is_some())))
        })
    }

    /// The price that a driver of a region is offered in a region's hour, per kWh.
    pub fn price(&self, regime: Regime, (home, visited): (usize, usize), hour: usize) -> f64 {
        let load_bps = self.book.multiplier(regime, visited, hour);
        let bill = self.book.bill(regime, (home, visited), load_bps);
        bill.map_or(0.0, |b| b.price)
    }
}

/// The first place whose running sum is over `n`.
fn at(sums: &[u64], n: u64) -> usize {
    sums.partition_point(|sum| *sum <= n)
}

/// At least 0, less than 1.
pub(crate) fn uniform(chance: &mut Rng) -> f64 {
    let high = u32::try_from(chance.word() >> 32).unwrap_or(u32::MAX);
    f64::from(high) / 4_294_967_296.0
}
