//! What a station and its gateway say to each other, in neutral words. OCPP (or MMS) is translated to and from these at the edge.

use crate::agreement::Corridor;
use crate::energy::Energy;
use crate::ids::{EvseId, SessionId};
use crate::money::{Currency, Micro, Ppm};
use crate::offer::Estimate;
use crate::price::PriceBreakdown;
use crate::profile::{Payment, Service, Tier};
use crate::refusal::Refusal;
use crate::tariff::{Dimension, SalesTax};
use crate::time::Time;
use minicbor::{Decode, Encode};

/// Most meter samples in one message.
pub const MAX_SAMPLES: usize = 256;
/// Longest signed meter record in bytes.
pub const MAX_SIGNED_RECORD: usize = 8 * 1024;
/// Most price components of an offer on a screen; the tariff itself may hold more.
pub const MAX_PRICE_PARTS: usize = 12;
/// Most amounts of energy whose cost an offer states.
pub const MAX_SAMPLE_COSTS: usize = 3;
/// Longest credential text in bytes (OCPP 2.0.1 `idToken`: 36; OCPP 2.1: 255).
pub const MAX_TOKEN: usize = 255;

/// Correlates an answer with the station's request; chosen by the adapter, unique per connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct CallId(#[n(0)] pub u64);

/// How a credential was entered (ST-10..18). All lead to the same account; none changes the price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum InputMethod {
    /// Digits typed on the dial pad (OCPP `KeyCode`).
    #[n(0)]
    DialPad,
    /// RFID card (OCPP `ISO14443`, `ISO15693`).
    #[n(1)]
    Rfid,
    /// QR code or NFC payload that holds the CIN (OCPP `Central`, `Local`).
    #[n(2)]
    Code,
    /// Contract certificate of the vehicle (OCPP `eMAID`).
    #[n(3)]
    Contract,
}

/// A credential as presented at the station.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct Presented {
    /// How.
    #[n(0)]
    pub method: InputMethod,
    /// CIN digits, card UID in upper-case hex, or eMAID; at most [`MAX_TOKEN`] bytes.
    #[n(1)]
    pub token: String,
    /// PIN, when one was typed.
    #[n(2)]
    pub pin: Option<String>,
}

impl core::fmt::Debug for Presented {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // Credentials never reach a log.
        write!(
            f,
            "Presented({:?}, {} characters)",
            self.method,
            self.token.len()
        )
    }
}

/// State of one connector (OCPP 2.0.1 `ConnectorStatusEnumType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum ConnectorState {
    /// Free.
    #[n(0)]
    Available,
    /// In use.
    #[n(1)]
    Occupied,
    /// Reserved.
    #[n(2)]
    Reserved,
    /// Out of service.
    #[n(3)]
    Unavailable,
    /// Broken.
    #[n(4)]
    Faulted,
}

/// Why a reading was taken (OCPP `ReadingContextEnumType`, OCMF `TX`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum ReadingContext {
    /// At the begin of the transaction.
    #[n(0)]
    Begin,
    /// At an interval.
    #[n(1)]
    Interval,
    /// At the end of the transaction.
    #[n(2)]
    End,
}

/// One reading.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct MeterSample {
    /// When it was taken, by the station's clock.
    #[n(0)]
    pub at: Time,
    /// Why.
    #[n(1)]
    pub context: ReadingContext,
    /// Import register.
    #[n(2)]
    pub register: Energy,
    /// Present power in watts.
    #[n(3)]
    pub power_w: Option<u32>,
    /// State of charge in percent.
    #[n(4)]
    pub soc: Option<u8>,
    /// The OCMF record as the meter signed it; at most [`MAX_SIGNED_RECORD`] bytes.
    #[n(5)]
    pub signed: Option<String>,
    /// The public key that came beside the record (OCPP `publicKey`), as SubjectPublicKeyInfo DER: evidence, never trusted by itself.
    #[cbor(n(6), with = "minicbor::bytes")]
    pub public_key: Option<Vec<u8>>,
}

/// Why a charge ended (OCPP 2.0.1 `ReasonEnumType`, reduced).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum StopReason {
    /// The driver stopped it at the station.
    #[n(0)]
    Local,
    /// The battery is full or the car asked to stop.
    #[n(1)]
    Full,
    /// The cable was pulled.
    #[n(2)]
    EvDisconnected,
    /// The gateway asked.
    #[n(3)]
    Remote,
    /// A limit of energy, time or money was reached.
    #[n(4)]
    LimitReached,
    /// Power was lost.
    #[n(5)]
    PowerLoss,
    /// A fault.
    #[n(6)]
    Fault,
}

/// What happened in a transaction (OCPP 2.0.1 `TransactionEventRequest`).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct TransactionReport {
    /// The station's own transaction id, at most 36 characters.
    #[n(0)]
    pub transaction: String,
    /// EVSE number in the station, from 1; the station may leave it out after the first report.
    #[n(1)]
    pub evse: Option<u32>,
    /// Counts up from 0 within the transaction; gaps and disorder happen.
    #[n(2)]
    pub seq: u64,
    /// By the station's clock.
    #[n(3)]
    pub at: Time,
    /// Number of the start command that began it, if one did (OCPP `remoteStartId`).
    #[n(4)]
    pub remote_start: Option<u32>,
    /// Whether power is flowing.
    #[n(5)]
    pub charging: bool,
    /// Readings.
    #[n(6)]
    pub samples: Vec<MeterSample>,
    /// The charge, where the transaction's token is the one that a start command handed out.
    #[n(7)]
    pub session: Option<SessionId>,
    /// The credential that the station names as the reason for the transaction (OCPP `idToken`), where it is no charge id.
    #[n(8)]
    pub presented: Option<Presented>,
}

/// From a station to its gateway. Messages with a [`CallId`] want exactly one answer.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum FromStation {
    /// It (re)connected and introduced itself (OCPP `BootNotification`).
    #[n(0)]
    Booted {
        /// Vendor and model as told, for the log.
        #[n(0)]
        model: String,
        /// Firmware version as told.
        #[n(1)]
        firmware: String,
    },
    /// A connector changed (OCPP `StatusNotification`).
    #[n(1)]
    Status {
        /// EVSE number.
        #[n(0)]
        evse: u32,
        /// New state.
        #[n(1)]
        state: ConnectorState,
    },
    /// A driver presented a credential (OCPP `Authorize`).
    #[n(2)]
    Identify {
        /// Answered by [`ToStation::Identified`].
        #[n(0)]
        call: CallId,
        /// EVSE number where the station knows it.
        #[n(1)]
        evse: Option<u32>,
        /// The credential.
        #[n(2)]
        presented: Presented,
    },
    /// The driver answered the consent question (OCPP `DataTransfer`).
    #[n(3)]
    Consent {
        /// Answered by [`ToStation::ConsentNoted`].
        #[n(0)]
        call: CallId,
        /// The charge.
        #[n(1)]
        session: SessionId,
        /// Yes or no.
        #[n(2)]
        accepted: bool,
    },
    /// A transaction began.
    #[n(4)]
    Started {
        /// Answered by [`ToStation::TransactionNoted`].
        #[n(0)]
        call: CallId,
        /// What happened.
        #[n(1)]
        report: TransactionReport,
    },
    /// A transaction goes on.
    #[n(5)]
    Updated {
        /// Answered by [`ToStation::TransactionNoted`].
        #[n(0)]
        call: CallId,
        /// What happened.
        #[n(1)]
        report: TransactionReport,
    },
    /// A transaction ended.
    #[n(6)]
    Ended {
        /// Answered by [`ToStation::TransactionNoted`].
        #[n(0)]
        call: CallId,
        /// What happened.
        #[n(1)]
        report: TransactionReport,
        /// Why.
        #[n(2)]
        reason: StopReason,
    },
    /// The station answered a command.
    #[n(7)]
    CommandAnswered {
        /// The command's number.
        #[n(0)]
        command: u32,
        /// Whether it will do it.
        #[n(1)]
        accepted: bool,
        /// Its words, at most 240 bytes.
        #[n(2)]
        text: String,
    },
    /// The connection ended.
    #[n(8)]
    Disconnected,
}

/// One price of an offer, net of tax and before the tier's discount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct PricePart {
    /// What it prices.
    #[n(0)]
    pub dimension: Dimension,
    /// Per kWh, per hour, or once; energy after load and corridor.
    #[n(1)]
    pub price: Micro,
    /// Applies at the begin of this charge.
    #[n(2)]
    pub now: bool,
    /// Minute of the station's local day from which it applies, where the tariff says one.
    #[n(3)]
    pub from_minute: Option<u16>,
    /// Minute of the local day before which it applies.
    #[n(4)]
    pub until_minute: Option<u16>,
    /// Depends on more than the time of day; [`OfferView::lines`] say on what.
    #[n(5)]
    pub conditional: bool,
    /// VAT on it, where the tariff names one.
    #[n(6)]
    pub vat: Option<Ppm>,
}

/// Why an offer's energy price is not simply the tariff's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum PriceReason {
    /// It is the tariff's.
    #[n(0)]
    Tariff,
    /// The present load of the grid area moves it.
    #[n(1)]
    PresentLoad,
    /// The forecast load moves it, by the schedule on the ledger or its agreed table.
    #[n(2)]
    Forecast,
}

/// What a charge of some energy costs under an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct SampleCost {
    /// How much energy.
    #[n(0)]
    pub energy: Energy,
    /// What it costs, taxes included, in whole minor units.
    #[n(1)]
    pub total: Micro,
}

/// An offer's price taken apart, so that a screen need not read sentences.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct OfferFacts {
    /// Prices in the order of Regulation (EU) 2023/1804 Art. 5(4): per kWh, per time, per charge; at most [`MAX_PRICE_PARTS`].
    #[n(0)]
    pub parts: Vec<PricePart>,
    /// Taxes that come on top.
    #[n(1)]
    pub taxes: Vec<SalesTax>,
    /// What moves the energy price.
    #[n(2)]
    pub reason: PriceReason,
    /// Multiplier of energy prices in basis points; 10,000 leaves the tariff as it is.
    #[n(3)]
    pub load_bps: u32,
    /// Limits that the agreement sets to the energy price per kWh.
    #[n(4)]
    pub corridor: Corridor,
    /// The tier's discount in basis points of the net price.
    #[n(5)]
    pub discount_bps: u32,
    /// The present energy price per kWh without the discount, where there is one.
    #[n(6)]
    pub undiscounted: Option<Micro>,
    /// What is held at consent.
    #[n(7)]
    pub hold: Micro,
    /// Costs of some amounts of energy; at most [`MAX_SAMPLE_COSTS`].
    #[n(8)]
    pub samples: Vec<SampleCost>,
}

/// What the driver is shown before consent (FL-09, FL-10).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct OfferView {
    /// The charge.
    #[n(0)]
    pub session: SessionId,
    /// The driver's home utility by name.
    #[n(1)]
    pub home_name: String,
    /// The station's utility by name.
    #[n(2)]
    pub visited_name: String,
    /// Tier.
    #[n(3)]
    pub tier: Tier,
    /// Service.
    #[n(4)]
    pub service: Service,
    /// Currency of all amounts.
    #[n(5)]
    pub currency: Currency,
    /// Energy price per kWh now, net of tax and after discount.
    #[n(6)]
    pub price_per_kwh: Micro,
    /// One sentence per price component, tax, discount and reason; at most 12.
    #[n(7)]
    pub lines: Vec<String>,
    /// Expected cost with its interval.
    #[n(8)]
    pub estimate: Estimate,
    /// Answer before this.
    #[n(9)]
    pub valid_until: Time,
    /// Authenticated from the visiting profile, without asking home.
    #[n(10)]
    pub local: bool,
    /// The price taken apart.
    #[n(11)]
    pub facts: OfferFacts,
    /// The driver's language as home knows it, BCP 47, at most 16 characters; empty where nobody said.
    #[n(12)]
    pub language: String,
    /// How the driver pays at home.
    #[n(13)]
    pub payment: Payment,
}

/// The answer to a presented credential.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Identified {
    /// Known and allowed: show the price, ask for consent.
    #[n(0)]
    Offer(#[n(0)] Box<OfferView>),
    /// The same credential again while its offer was open: consent is recorded, start.
    #[n(1)]
    Consented(#[n(0)] SessionId),
    /// The same credential while its charge runs: stop it.
    #[n(2)]
    StopRequested(#[n(0)] SessionId),
    /// Refused; the text is for the driver.
    #[n(3)]
    Refused(#[n(0)] Refusal),
}

/// The final amount as the station shows it (FL-19).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct BillView {
    /// The charge.
    #[n(0)]
    pub session: SessionId,
    /// The station's own transaction id.
    #[n(1)]
    pub transaction: String,
    /// Energy delivered.
    #[n(2)]
    pub energy: Energy,
    /// What the driver pays, taxes included.
    #[n(3)]
    pub total: Micro,
    /// Currency.
    #[n(4)]
    pub currency: Currency,
    /// Battery in percent, where the car told.
    #[n(5)]
    pub soc: Option<u8>,
    /// Thanks, and on whose bill it comes.
    #[n(6)]
    pub text: String,
    /// The home utility by name, on whose bill it comes.
    #[n(7)]
    pub home_name: String,
    /// The home utility computed the same amount; otherwise it has not answered yet.
    #[n(8)]
    pub agreed: bool,
    /// The argument of the total.
    #[n(9)]
    pub breakdown: PriceBreakdown,
}

/// From a gateway to its station.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum ToStation {
    /// Answers [`FromStation::Identify`].
    #[n(0)]
    Identified {
        /// Which request.
        #[n(0)]
        call: CallId,
        /// The answer.
        #[n(1)]
        answer: Identified,
    },
    /// Answers [`FromStation::Consent`].
    #[n(1)]
    ConsentNoted {
        /// Which request.
        #[n(0)]
        call: CallId,
        /// The refusal when it came too late or for an unknown charge.
        #[n(1)]
        refusal: Option<Refusal>,
    },
    /// Answers started, updated and ended.
    #[n(2)]
    TransactionNoted {
        /// Which request.
        #[n(0)]
        call: CallId,
        /// Cost so far or final, taxes included, for the screen (OCPP `totalCost`).
        #[n(1)]
        cost: Option<Micro>,
        /// Set when the transaction has no permission: the station must not deliver energy.
        #[n(2)]
        refusal: Option<Refusal>,
    },
    /// Start (OCPP `RequestStartTransaction`): the only message that lets energy flow.
    #[n(3)]
    Start {
        /// Number of the command, OCPP `remoteStartId`.
        #[n(0)]
        command: u32,
        /// EVSE number.
        #[n(1)]
        evse: u32,
        /// EVSE id, for the log.
        #[n(2)]
        evse_id: EvseId,
        /// The charge; goes out as the `idToken` of the command, so that no credential is repeated.
        #[n(3)]
        session: SessionId,
        /// Energy after which the station stops by itself.
        #[n(4)]
        energy_limit: Option<Energy>,
    },
    /// Stop (OCPP `RequestStopTransaction`).
    #[n(4)]
    Stop {
        /// Number of the command.
        #[n(0)]
        command: u32,
        /// The station's own transaction id.
        #[n(1)]
        transaction: String,
    },
    /// Show the bill (OCPP `CostUpdated` and `DataTransfer`).
    #[n(5)]
    Bill(#[n(0)] Box<BillView>),
    /// Show a message of a charge that ended without a bill.
    #[n(6)]
    Notice {
        /// The charge.
        #[n(0)]
        session: SessionId,
        /// Why.
        #[n(1)]
        refusal: Refusal,
    },
}
