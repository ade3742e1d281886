//! Meter and car wired to one contactor: turns the passing of time into [`Input::Measured`].

use crate::car::Car;
use crate::io::Input;
use crate::meter::Meter;
use fairway_model::time::{DAY, SECOND};
use fairway_model::{Energy, Time};

/// A simulated bay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rig {
    meter: Meter,
    car: Option<Car>,
    offered_w: u32,
    power_w: u32,
    closed: bool,
    at: Time,
}

impl Rig {
    /// A bay whose meter shows `register` and whose station offers `offered_w` watts.
    pub fn new(register: Energy, offered_w: u32, now: Time) -> Self {
        Self {
            meter: Meter::new(register),
            car: None,
            offered_w,
            power_w: 0,
            closed: false,
            at: now,
        }
    }

    /// Plugs a car in (`Some`) or out.
    pub fn set_car(&mut self, now: Time, car: Option<Car>) {
        let _ = self.advance(now);
        self.car = car;
    }

    /// Carries out [`crate::io::Output::Contactor`].
    pub fn set_contactor(&mut self, now: Time, closed: bool) {
        let _ = self.advance(now);
        self.closed = closed;
    }

    /// The car, where one is plugged in.
    pub fn car(&self) -> Option<&Car> {
        self.car.as_ref()
    }

    /// The meter's register.
    pub fn register(&self) -> Energy {
        self.meter.register()
    }

    /// Runs to `now`, at most a day at once, in whole seconds, and tells what the instruments show.
    pub fn advance(&mut self, now: Time) -> Input {
        if now.since(self.at) > DAY {
            self.at = now.plus(DAY.saturating_neg());
        }
        while now.since(self.at) >= SECOND {
            self.at = self.at.plus(SECOND);
            self.power_w = match &mut self.car {
                Some(car) if self.closed => {
                    let power = car.demand(self.offered_w);
                    car.second(power);
                    power
                }
                _ => 0,
            };
            self.meter.second(self.power_w);
        }
        let power_w = if self.closed { self.power_w } else { 0 };
        let (soc, full) = self
            .car
            .as_ref()
            .map_or((None, false), |car| (Some(car.soc()), car.full()));
        Input::Measured {
            register: self.meter.register(),
            power_w,
            soc,
            full,
        }
    }
}
