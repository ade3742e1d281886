//! What members ask for about forecasts, what it did, and the checks that need no state.

use super::bounds::{MAX_CALENDAR_BYTES, MAX_PART_BYTES, MAX_PARTS, MAX_READINGS, PAGE_HOURS};
use super::stakes::Settled;
use super::state::{PriceDay, Reading};
use crate::admit::{check_currency, check_len, check_member};
use crate::context::refuse;
use fairway_forecast::calendar::Calendar;
use fairway_forecast::ensemble::{MAX_VOICES, Package};
use fairway_forecast::hour::{Day, Hour};
use fairway_forecast::track::MAX_LEVELS;
use fairway_model::agreement::AgreementId;
use fairway_model::canonical::Canonical;
use fairway_model::hash::Hash;
use fairway_model::ids::MemberId;
use fairway_model::money::Currency;
use fairway_model::refusal::{Refusal, RefusalCode};
use minicbor::{Decode, Encode};

/// Domain label of a commitment to a forecast.
pub const COMMIT_DOMAIN: &str = "fairway.forecast.commitment.v1";
/// Days that an operation may name: 1900 to 2200, what calendars know.
const DAYS: core::ops::RangeInclusive<i64> = -25_567..=84_371;

/// An agreement and its parties, so that the state that is touched is known from the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Parties {
    /// Which terms.
    #[n(0)]
    pub agreement: AgreementId,
    /// Whose drivers.
    #[n(1)]
    pub home: MemberId,
    /// Whose stations, and whose load moves the prices.
    #[n(2)]
    pub visited: MemberId,
}

/// A member's own forecast of one day, opened.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Reveal {
    /// The day in the member's region.
    #[n(0)]
    pub day: Day,
    /// What was mixed into the commitment.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub salt: [u8; 16],
    /// The load of each hour of the day in kilowatts: 23 to 25 of them.
    #[n(2)]
    pub values: Vec<i64>,
}

impl Reveal {
    /// The commitment of a member to this forecast.
    pub fn commitment(&self, member: MemberId) -> Hash {
        Hash::of(COMMIT_DOMAIN, &(member, self.clone()).to_bytes())
    }
}

/// A part of a model's bytes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ModelPart {
    /// The hash of the whole model.
    #[n(0)]
    pub model: Hash,
    /// Which part, from 0.
    #[n(1)]
    pub part: u16,
    /// At most [`MAX_PART_BYTES`].
    #[n(2)]
    #[cbor(with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
}

/// Packages that shall forecast for an agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Pack {
    /// The package that is used where the member's own forecast of the day was revealed.
    #[n(0)]
    pub package: Hash,
    /// The one that is used where it was not; without it the agreed table prices such a day.
    #[n(1)]
    pub spare: Option<Hash>,
}

/// Packages proposed for an agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct LineProposal {
    /// For which agreement.
    #[n(0)]
    pub parties: Parties,
    /// Which packages.
    #[n(1)]
    pub pack: Pack,
    /// The height from which they forecast.
    #[n(2)]
    pub from: u64,
}

/// A model of a package, with what its bytes' keys are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct ModelClaim {
    /// The model.
    #[n(0)]
    pub model: Hash,
    /// Who stored it.
    #[n(1)]
    pub by: MemberId,
    /// In how many parts.
    #[n(2)]
    pub parts: u16,
}

/// The package that a schedule is asked of.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct PackageClaim {
    /// Which.
    #[n(0)]
    pub package: Hash,
    /// Its models, in rising order of their hashes.
    #[n(1)]
    pub models: Vec<ModelClaim>,
}

/// A schedule that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Asked {
    /// For which agreement.
    #[n(0)]
    pub parties: Parties,
    /// The day in the visited member's region.
    #[n(1)]
    pub day: Day,
    /// The package that is its turn; none where the agreement has none.
    #[n(2)]
    pub package: Option<PackageClaim>,
}

/// What a member asks for about forecasts.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum ForecastOperation {
    /// Open the member's load book, or give it another calendar.
    #[n(0)]
    Open {
        /// The region's calendar in canonical bytes, at most [`MAX_CALENDAR_BYTES`].
        #[n(0)]
        #[cbor(with = "minicbor::bytes")]
        calendar: Vec<u8>,
    },
    /// Post or correct hourly loads, in rising order of their hours.
    #[n(1)]
    Post {
        /// One to [`MAX_READINGS`].
        #[n(0)]
        readings: Vec<Reading>,
    },
    /// Commit to the member's own forecast of a day.
    #[n(2)]
    Commit {
        /// The day.
        #[n(0)]
        day: Day,
        /// [`Reveal::commitment`].
        #[n(1)]
        commitment: Hash,
    },
    /// Open a commitment.
    #[n(3)]
    Reveal(#[n(0)] Reveal),
    /// Store a part of a model. A part of the same number takes its place until the model is stored.
    #[n(4)]
    StorePart(#[n(0)] ModelPart),
    /// Put a model together from the parts that the member stored.
    #[n(5)]
    StoreModel {
        /// The model's hash.
        #[n(0)]
        model: Hash,
        /// Its number of parts.
        #[n(1)]
        parts: u16,
    },
    /// Store a package of stored models.
    #[n(6)]
    StorePackage {
        /// The package.
        #[n(0)]
        package: Box<Package>,
    },
    /// Propose packages for an agreement; one of its parties does.
    #[n(7)]
    Propose(#[n(0)] LineProposal),
    /// Agree to them; the other party does.
    #[n(8)]
    Countersign(#[n(0)] LineProposal),
    /// Go back to the packages before, or to the agreed table; either party may.
    #[n(9)]
    RollBack(#[n(0)] Parties),
    /// Have the schedule of a day computed.
    #[n(10)]
    Publish(#[n(0)] Asked),
    /// Have a day scored.
    #[n(11)]
    Score {
        /// For which agreement.
        #[n(0)]
        parties: Parties,
        /// Which day.
        #[n(1)]
        day: Day,
        /// The agreement's currency where it names a stake; none where it does not.
        #[n(2)]
        currency: Option<Currency>,
    },
}

impl ForecastOperation {
    /// Whether a member that may begin nothing new may still do it.
    pub(crate) fn winds_up(&self) -> bool {
        matches!(
            self,
            Self::Post { .. } | Self::RollBack(_) | Self::Publish(_) | Self::Score { .. }
        )
    }
}

/// Why a reading was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum ReadingFault {
    /// The hour has not ended.
    #[n(0)]
    Future,
    /// The hour is closed.
    #[n(1)]
    Late,
    /// The hour lies before what is kept.
    #[n(2)]
    Range,
    /// Negative, or more than any grid has.
    #[n(3)]
    NoLoad,
    /// It seems to be in watts.
    #[n(4)]
    Watts,
    /// It seems to be in megawatts.
    #[n(5)]
    Megawatts,
}

/// What became of one reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum ReadingVerdict {
    /// It is the hour's value.
    #[n(0)]
    New,
    /// It was there already.
    #[n(1)]
    Repeated,
    /// It replaces another value.
    #[n(2)]
    Corrected {
        /// The value before, in kilowatts.
        #[n(0)]
        before: i64,
    },
    /// It is far from what is usual: kept apart, and counted when it is posted once more.
    #[n(3)]
    Held {
        /// What is usual, in kilowatts.
        #[n(0)]
        usual: i64,
    },
    /// It was not taken.
    #[n(4)]
    Refused(#[n(0)] ReadingFault),
}

/// What an operation about forecasts did.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum ForecastEffect {
    /// The book is open under this calendar.
    #[n(0)]
    Opened {
        /// The calendar's hash.
        #[n(0)]
        calendar: Hash,
    },
    /// Readings were taken, held or refused, in the order in which they were given.
    #[n(1)]
    Posted {
        /// One for each.
        #[n(0)]
        verdicts: Vec<ReadingVerdict>,
    },
    /// A commitment stands.
    #[n(2)]
    Committed {
        /// For which day.
        #[n(0)]
        day: Day,
    },
    /// The member's own forecast of a day is known.
    #[n(3)]
    Revealed {
        /// For which day.
        #[n(0)]
        day: Day,
    },
    /// A part of a model is stored.
    #[n(4)]
    PartStored {
        /// Of which model.
        #[n(0)]
        model: Hash,
        /// Which.
        #[n(1)]
        part: u16,
    },
    /// A model is stored.
    #[n(5)]
    ModelStored {
        /// Which.
        #[n(0)]
        model: Hash,
        /// Its length in bytes.
        #[n(1)]
        bytes: u32,
    },
    /// A package is stored.
    #[n(6)]
    PackageStored {
        /// Which.
        #[n(0)]
        package: Hash,
    },
    /// Packages wait for the other party.
    #[n(7)]
    Proposed {
        /// For which agreement.
        #[n(0)]
        agreement: AgreementId,
    },
    /// Packages are agreed on.
    #[n(8)]
    Agreed {
        /// For which agreement.
        #[n(0)]
        agreement: AgreementId,
        /// Which.
        #[n(1)]
        pack: Pack,
        /// From which height.
        #[n(2)]
        from: u64,
    },
    /// The packages before are in force again; none means the agreed table.
    #[n(9)]
    RolledBack {
        /// For which agreement.
        #[n(0)]
        agreement: AgreementId,
        /// Which.
        #[n(1)]
        pack: Option<Pack>,
    },
    /// The prices of a day are known.
    #[n(10)]
    Published {
        /// For which agreement.
        #[n(0)]
        agreement: AgreementId,
        /// The prices, or why the agreed table prices the day.
        #[n(1)]
        prices: PriceDay,
    },
    /// A day is scored.
    #[n(11)]
    Scored {
        /// For which agreement.
        #[n(0)]
        agreement: AgreementId,
        /// Which day.
        #[n(1)]
        day: Day,
        /// Skill over the agreed window in millionths; none before there are enough days.
        #[n(2)]
        skill: Option<i64>,
        /// The stakes of the day, where the agreement names some and the visited utility revealed a forecast.
        #[n(3)]
        stakes: Option<Settled>,
    },
}

/// Checks an operation without state.
pub(crate) fn check(operation: &ForecastOperation) -> Result<(), Refusal> {
    match operation {
        ForecastOperation::Open { calendar } => {
            check_len(
                "bytes of the calendar",
                calendar.len(),
                1,
                MAX_CALENDAR_BYTES,
            )?;
            let fault = Calendar::read(calendar).err();
            fault.map_or(Ok(()), |why| {
                refuse(RefusalCode::Malformed, format!("no calendar: {why}"))
            })
        }
        ForecastOperation::Post { readings } => check_readings(readings),
        ForecastOperation::Commit { day, .. } => check_day(*day),
        ForecastOperation::Reveal(reveal) => {
            check_day(reveal.day)?;
            check_len("hours of the forecast", reveal.values.len(), 23, 25)
        }
        ForecastOperation::StorePart(part) => {
            check_len("bytes of the part", part.bytes.len(), 1, MAX_PART_BYTES)?;
            check_part(part.part.saturating_add(1))
        }
        ForecastOperation::StoreModel { parts, .. } => check_part(*parts),
        ForecastOperation::StorePackage { package } => package
            .check()
            .map_err(|e| Refusal::new(RefusalCode::ModelInvalid, e.to_string())),
        ForecastOperation::Propose(proposal) | ForecastOperation::Countersign(proposal) => {
            check_parties(&proposal.parties)
        }
        ForecastOperation::RollBack(parties) => check_parties(parties),
        ForecastOperation::Publish(asked) => {
            check_parties(&asked.parties)?;
            check_day(asked.day)?;
            let models = asked.package.iter().flat_map(|p| &p.models);
            let (mut number, most) = (0_usize, MAX_LEVELS.saturating_mul(MAX_VOICES));
            for claim in models {
                number = number.saturating_add(1);
                check_member(claim.by)?;
                check_part(claim.parts)?;
            }
            check_len("models of the package", number, 0, most)
        }
        ForecastOperation::Score {
            parties,
            day,
            currency,
        } => {
            check_parties(parties)?;
            currency.map_or(Ok(()), check_currency)?;
            check_day(*day)
        }
    }
}

fn check_part(parts: u16) -> Result<(), Refusal> {
    check_len(
        "parts of the model",
        usize::from(parts),
        1,
        usize::from(MAX_PARTS),
    )
}

fn check_parties(parties: &Parties) -> Result<(), Refusal> {
    check_member(parties.home)?;
    check_member(parties.visited)
}

pub(crate) fn check_day(day: Day) -> Result<(), Refusal> {
    if DAYS.contains(&day.0) {
        return Ok(());
    }
    refuse(
        RefusalCode::Malformed,
        format!("day {} is no day between 1900 and 2200", day.0),
    )
}

fn check_readings(readings: &[Reading]) -> Result<(), Refusal> {
    check_len("readings", readings.len(), 1, MAX_READINGS)?;
    let hours = || readings.iter().map(|r| r.hour);
    let rising = hours().zip(hours().skip(1)).all(|(a, b)| a < b);
    let (first, last) = (
        hours().next().unwrap_or_default(),
        hours().next_back().unwrap_or_default(),
    );
    let days = |hour: Hour| DAYS.contains(&hour.0.div_euclid(24));
    if rising && last.since(first) < PAGE_HOURS && days(first) && days(last) {
        return Ok(());
    }
    refuse(
        RefusalCode::Malformed,
        format!(
            "readings stand in the order of their hours, each hour once, all within {PAGE_HOURS} hours and between 1900 and 2200"
        ),
    )
}
