//! A station with its simulated meter and car, and values for the tests.

use fairway_model::cin::{Cin, CinPrefix, CustomerNumber};
use fairway_model::station::{
    BillView, FromStation, InputMethod, OfferFacts, OfferView, Presented, PriceReason, SampleCost,
    ToStation, TransactionReport,
};
use fairway_model::{
    Adjustments, Currency, Energy, Estimate, EvseId, MemberId, Micro, Payment, PriceBreakdown,
    Service, SessionId, Tier, Time,
};
use fairway_protocol::ocmf::MeterKey;
use fairway_station::{Car, CarModel, Input, Output, Rig, Screen, Station, StationConfig};

pub(crate) const START: Time = Time(1_795_422_000_000);

pub(crate) fn evse() -> EvseId {
    EvseId::parse("US*DUK*E0001*1").unwrap()
}

pub(crate) fn key() -> MeterKey {
    MeterKey::from_seed([9; 32])
}

pub(crate) fn config() -> StationConfig {
    let made = StationConfig::new(evse(), "Duke Energy", "METER-1", [5; 16]);
    StationConfig {
        firmware: "1.2.3".into(),
        ..made
    }
}

pub(crate) fn session(n: u64) -> SessionId {
    SessionId::make(&[1; 32], MemberId::parse("US*DUK").unwrap(), n)
}

pub(crate) fn cin() -> String {
    let prefix = CinPrefix::parse("8400011").unwrap();
    Cin::new(
        prefix,
        Service::from_digit(1).unwrap(),
        CustomerNumber::new(123_456_789).unwrap(),
    )
    .digits()
}

pub(crate) fn card() -> Presented {
    Presented {
        method: InputMethod::Rfid,
        token: "04A1B2C3D4E5F6".into(),
        pin: None,
    }
}

fn breakdown() -> PriceBreakdown {
    PriceBreakdown {
        currency: Currency::USD,
        lines: vec![],
        net: Micro(4_000_000),
        limit_change: Micro(0),
        discount: Micro(0),
        taxes: vec![],
        total: Micro(4_320_000),
        rounding: Micro(0),
        energy: Energy(10_000_000),
        rule: None,
    }
}

fn facts() -> OfferFacts {
    let sample = |kwh: i64| SampleCost {
        energy: Energy::from_wh(kwh.unsigned_abs() * 1_000).unwrap(),
        total: Micro(kwh * 432_000),
    };
    OfferFacts {
        parts: vec![],
        taxes: vec![],
        reason: PriceReason::Tariff,
        load_bps: 10_000,
        corridor: Adjustments::NEUTRAL.corridor,
        discount_bps: 0,
        undiscounted: Some(Micro(400_000)),
        hold: Micro(7_000_000),
        samples: vec![sample(20), sample(40), sample(60)],
    }
}

pub(crate) fn offer(session: SessionId, now: Time) -> OfferView {
    OfferView {
        session,
        home_name: "Alabama Power".into(),
        visited_name: "Duke Energy".into(),
        tier: Tier::Gold,
        service: Service::from_digit(1).unwrap(),
        currency: Currency::USD,
        price_per_kwh: Micro(400_000),
        lines: vec!["Energy 0.40 USD per kWh.".into(), "Sales tax 8 %.".into()],
        estimate: Estimate {
            energy: Energy(10_000_000),
            low: Micro(3_000_000),
            expected: Micro(4_320_000),
            high: Micro(6_000_000),
            breakdown: breakdown(),
        },
        valid_until: now.plus(120_000),
        local: false,
        facts: facts(),
        language: "es-US".into(),
        payment: Payment::Postpaid,
    }
}

pub(crate) fn bill(session: SessionId, transaction: &str, energy: Energy) -> BillView {
    BillView {
        session,
        transaction: transaction.into(),
        energy,
        total: Micro(4_320_000),
        currency: Currency::USD,
        soc: Some(80),
        text: "On your Alabama Power bill.".into(),
        home_name: "Alabama Power".into(),
        agreed: true,
        breakdown: breakdown(),
    }
}

pub(crate) fn report(word: &FromStation) -> Option<&TransactionReport> {
    match word {
        FromStation::Started { report, .. }
        | FromStation::Updated { report, .. }
        | FromStation::Ended { report, .. } => Some(report),
        _ => None,
    }
}

/// A station in its bay. Everything it said is kept.
pub(crate) struct Bay {
    pub(crate) now: Time,
    pub(crate) station: Station<MeterKey>,
    pub(crate) rig: Rig,
    pub(crate) said: Vec<FromStation>,
    pub(crate) screens: Vec<Screen>,
    pub(crate) saved: Vec<u8>,
}

impl Bay {
    pub(crate) fn new() -> Self {
        let rig = Rig::new(Energy(1_000_000), 50_000, START);
        let station = Station::new(config(), key());
        let mut bay = Self {
            now: START,
            station,
            rig,
            said: vec![],
            screens: vec![],
            saved: vec![],
        };
        bay.power_on();
        bay.act(Input::LinkUp);
        bay
    }

    pub(crate) fn power_on(&mut self) {
        self.act(Input::PowerOn {
            register: self.rig.register(),
        });
    }

    /// One input; what it said is returned and kept.
    pub(crate) fn act(&mut self, input: Input) -> Vec<FromStation> {
        let mut said = Vec::new();
        for output in self.station.handle(self.now, input) {
            match output {
                Output::Send(word) => said.push(word),
                Output::Display(screen) => self.screens.push(screen),
                Output::Contactor(closed) => self.rig.set_contactor(self.now, closed),
                Output::Persist(bytes) => self.saved = bytes,
            }
        }
        self.said.extend(said.clone());
        said
    }

    pub(crate) fn tell(&mut self, word: ToStation) -> Vec<FromStation> {
        self.act(Input::Gateway(word))
    }

    /// Lets seconds pass, one at a time.
    pub(crate) fn wait(&mut self, seconds: i64) -> Vec<FromStation> {
        let mut said = Vec::new();
        for _ in 0..seconds {
            self.now = self.now.plus(1_000);
            let measured = self.rig.advance(self.now);
            said.extend(self.act(measured));
        }
        said
    }

    pub(crate) fn plug_in(&mut self, soc: u8) -> Vec<FromStation> {
        let now = self.now;
        self.rig.set_car(now, Some(Car::new(CarModel::MIDDLE, soc)));
        let measured = self.rig.advance(now);
        let mut said = self.act(measured);
        said.extend(self.act(Input::PlugIn));
        said
    }

    pub(crate) fn unplug(&mut self) -> Vec<FromStation> {
        let now = self.now;
        self.rig.set_car(now, None);
        self.act(Input::Unplug)
    }

    /// Confirms every transaction event until none is left; gives them in order.
    pub(crate) fn drain(&mut self, mut words: Vec<FromStation>) -> Vec<FromStation> {
        let mut events = Vec::new();
        while let Some(word) = words.iter().find(|w| report(w).is_some()).cloned() {
            let call = call_of(&word);
            events.push(word);
            words = self.tell(ToStation::TransactionNoted {
                call,
                cost: None,
                refusal: None,
            });
        }
        events
    }

    pub(crate) fn start(
        &mut self,
        command: u32,
        n: u64,
        limit: Option<Energy>,
    ) -> Vec<FromStation> {
        self.tell(ToStation::Start {
            command,
            evse: 1,
            evse_id: evse(),
            session: session(n),
            energy_limit: limit,
        })
    }
}

pub(crate) fn call_of(word: &FromStation) -> fairway_model::station::CallId {
    match word {
        FromStation::Identify { call, .. }
        | FromStation::Consent { call, .. }
        | FromStation::Started { call, .. }
        | FromStation::Updated { call, .. }
        | FromStation::Ended { call, .. } => *call,
        other => panic!("{other:?} asks nothing"),
    }
}
