//! What the pages of operators, auditors and drivers ask, and the answers. No question changes anything.

use crate::command::{CaseView, MAX_LIST, Policy, Role, SessionSummary, SessionTrace};
use crate::effect::Effect;
use crate::peer::StopAnswer;
use crate::results::ResultsView;
use crate::roaming::AgreementView;
use crate::stop::StopWish;
use fairway_model::registry::EvseEntry;
use fairway_model::station::{ConnectorState, OfferView};
use fairway_model::{
    Agreement, AgreementId, Currency, CustomerClass, Energy, EvseId, MemberId, Micro, Payment,
    PublicKey, Service, SessionId, SignedEligibility, StationId, Tier, Time,
};
use minicbor::{Decode, Encode};

/// Most entries of one page of an answer.
pub const MAX_PAGE: usize = MAX_LIST;
/// Most visiting profiles that are shown at a time.
pub const MAX_VISITORS: usize = 1_000;
/// Most stations that are shown at a time.
pub const MAX_SHOWN_STATIONS: usize = 10_000;
/// Most months of a customer that are listed, the newest first.
pub const MAX_MONTHS: usize = 120;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum DeskQuestion {
    /// A page of charges, newest first.
    #[n(0)]
    Charges(#[n(0)] Box<ChargeFilter>),
    /// Everything about one charge.
    #[n(1)]
    Charge(#[n(0)] SessionId),
    /// How it goes.
    #[n(2)]
    Overview,
    /// Our stations, at most [`MAX_SHOWN_STATIONS`].
    #[n(3)]
    Stations,
    /// A page of customers in order of CIN.
    #[n(4)]
    Customers {
        /// Behind this CIN.
        #[n(0)]
        after: Option<String>,
        /// How many; at most [`MAX_PAGE`].
        #[n(1)]
        limit: u32,
        /// Part of the name or beginning of the CIN; everybody when empty.
        #[n(2)]
        text: String,
    },
    /// One customer by key, `cus_...`.
    #[n(5)]
    Customer(#[n(0)] String),
    /// Visiting profiles, at most [`MAX_VISITORS`].
    #[n(6)]
    Visitors,
    /// Charging rules and policy in force, and loads by area.
    #[n(7)]
    Rules,
    /// Our agreements with their terms, or one of them.
    #[n(8)]
    Agreements(#[n(0)] Option<AgreementId>),
    /// Months with something on a customer's bill, by key.
    #[n(9)]
    Months(#[n(0)] String),
    /// Whose charge it is: the customer's key, where the driver is ours.
    #[n(10)]
    Owner(#[n(0)] SessionId),
    /// A customer's key by CIN.
    #[n(11)]
    KeyOf(#[n(0)] String),
    /// What newer terms would have meant for settled charges between the two parties of the last 30 days.
    #[n(12)]
    Effect {
        /// The older terms.
        #[n(0)]
        older: Box<Agreement>,
        /// The newer ones, of the same parties.
        #[n(1)]
        newer: Box<Agreement>,
    },
    /// What a station's screen would show of a tariff.
    #[n(13)]
    Preview(#[n(0)] Box<PreviewAsked>),
    /// Which other utilities may keep a visiting profile of a customer, by key.
    #[n(20)]
    Told(#[n(0)] String),
    /// What charges came to in a billing month (year and month), the present one when none is given, and in the one before.
    #[n(14)]
    Results(#[n(0)] Option<(i64, i64)>),
    /// What a kilowatt-hour costs at some times.
    #[n(15)]
    HourPrices(#[n(0)] HourPricesAsked),
}

/// Which energy prices of an agreement.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct HourPricesAsked {
    /// The terms.
    #[n(0)]
    pub agreement: AgreementId,
    /// One of their tariffs, by id.
    #[n(1)]
    pub tariff: String,
    /// When, and with which load multiplier in basis points; at most [`crate::MAX_PRICED`].
    #[n(2)]
    pub times: Vec<(Time, u32)>,
}

/// Which price a screen would show, to whom, and for which charge.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct PreviewAsked {
    /// The terms; they need not be in force.
    #[n(0)]
    pub terms: Agreement,
    /// One of their tariffs, by id.
    #[n(1)]
    pub tariff: String,
    /// Where; the visited utility's first point when none is given.
    #[n(2)]
    pub evse: Option<EvseId>,
    /// The driver's tier at home.
    #[n(3)]
    pub tier: Tier,
    /// Energy; more than none.
    #[n(4)]
    pub energy: Energy,
    /// Minutes with the cable plugged in; what is left after charging at full power is waiting.
    #[n(5)]
    pub minutes: u32,
}

/// Which charges.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct ChargeFilter {
    /// Those before this one in the list.
    #[n(0)]
    pub before: Option<(Time, SessionId)>,
    /// How many; at most [`MAX_PAGE`].
    #[n(1)]
    pub limit: u32,
    /// In this state ([`SessionSummary::state`]).
    #[n(2)]
    pub state: Option<String>,
    /// In this role of ours.
    #[n(3)]
    pub role: Option<Role>,
    /// With this other utility.
    #[n(4)]
    pub partner: Option<MemberId>,
    /// At this station of ours.
    #[n(5)]
    pub station: Option<StationId>,
    /// Begun at this time or later.
    #[n(6)]
    pub from: Option<Time>,
    /// Begun before this time.
    #[n(7)]
    pub to: Option<Time>,
    /// Beginning of the id.
    #[n(8)]
    pub text: Option<String>,
    /// Of this customer of ours, by key.
    #[n(9)]
    pub customer: Option<String>,
}

/// The answers.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum DeskAnswer {
    /// A page of charges.
    #[n(0)]
    Charges {
        /// The page.
        #[n(0)]
        rows: Vec<ChargeRow>,
        /// Whether there are more.
        #[n(1)]
        more: bool,
    },
    /// A charge.
    #[n(1)]
    Charge(#[n(0)] Box<ChargeView>),
    /// How it goes.
    #[n(2)]
    Overview(#[n(0)] Box<Overview>),
    /// Stations.
    #[n(3)]
    Stations(#[n(0)] Vec<StationView>),
    /// A page of customers.
    #[n(4)]
    Customers {
        /// The page.
        #[n(0)]
        rows: Vec<CustomerView>,
        /// Whether there are more.
        #[n(1)]
        more: bool,
    },
    /// A customer.
    #[n(5)]
    Customer(#[n(0)] Box<CustomerView>),
    /// Visiting profiles.
    #[n(6)]
    Visitors(#[n(0)] Vec<VisitorView>),
    /// Rules and loads.
    #[n(7)]
    Rules(#[n(0)] Box<RulesView>),
    /// Agreements.
    #[n(8)]
    Agreements(#[n(0)] Vec<AgreementDetail>),
    /// Months.
    #[n(9)]
    Months(#[n(0)] Vec<MonthView>),
    /// A customer's key.
    #[n(10)]
    Owner(#[n(0)] Option<String>),
    /// What newer terms would have meant.
    #[n(11)]
    Effect(#[n(0)] Box<EffectView>),
    /// What a screen would show.
    #[n(12)]
    Preview(#[n(0)] Box<PreviewView>),
    /// What charges came to.
    #[n(13)]
    Results(#[n(0)] Box<ResultsView>),
    /// Prices of a kilowatt-hour in the order of the question, before taxes; none where the tariff prices no energy.
    #[n(14)]
    HourPrices(#[n(0)] Vec<Option<Micro>>),
    /// Who may keep a visiting profile, at most [`MAX_PAGE`], in order of member.
    #[n(20)]
    Told(#[n(0)] Vec<ToldView>),
}

/// Another utility that was told about a customer, and may keep it as a visiting profile.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ToldView {
    /// Which utility.
    #[n(0)]
    pub member: MemberId,
    /// Its name on the ledger.
    #[n(1)]
    pub name: String,
    /// When it was told last.
    #[n(2)]
    pub told_at: Time,
    /// When its profile ends at the latest.
    #[n(3)]
    pub until: Time,
    /// It was taken back, and the other utility has not confirmed that yet.
    #[n(4)]
    pub taken_back: bool,
}

/// What newer terms would have meant for charges of a span of time.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct EffectView {
    /// Charges begun at this time or later count.
    #[n(0)]
    pub from: Time,
    /// And before this time.
    #[n(1)]
    pub to: Time,
    /// Whether there were more charges than are rated for one answer.
    #[n(2)]
    pub more: bool,
    /// The comparison.
    #[n(3)]
    pub effect: Effect,
}

/// What a screen would show, and where.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct PreviewView {
    /// The offer; its estimate is that of the charge that was asked for.
    #[n(0)]
    pub offer: OfferView,
    /// The station.
    #[n(1)]
    pub station: StationId,
    /// Greatest power in watts.
    #[n(2)]
    pub power_w: u32,
    /// The utility that runs it, by name.
    #[n(3)]
    pub operator: String,
}

/// A charge in a list of the console.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ChargeRow {
    /// Overview.
    #[n(0)]
    pub summary: SessionSummary,
    /// Our station, where it is ours.
    #[n(1)]
    pub station: Option<StationId>,
    /// Battery in percent, as last told.
    #[n(2)]
    pub soc: Option<u8>,
    /// Currency of the amount.
    #[n(3)]
    pub currency: Option<Currency>,
    /// IANA zone of the charging point, where the ledger knows it.
    #[n(4)]
    pub time_zone: Option<String>,
    /// The visited utility's name on the ledger.
    #[n(5)]
    pub visited_name: String,
    /// The driver's wish to stop, where he is ours and had it.
    #[n(6)]
    pub stop: Option<StopWish>,
}

/// The gateway's side of a charge.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct GatewayView {
    /// The state's name in the flow chart, as the table of transitions has it.
    #[n(0)]
    pub state: String,
    /// Since when.
    #[n(1)]
    pub since: Time,
    /// Rounds of negotiation with the home utility; none when the visiting profile answered.
    #[n(2)]
    pub rounds: u8,
    /// Where the hold stands: `none`, `submitted`, `placed`, `gone`.
    #[n(3)]
    pub hold: String,
    /// Signed meter records that were refused.
    #[n(4)]
    pub refused_records: Vec<String>,
    /// How far a wish to end it has come, whoever had it; nothing where nobody had, and after the end.
    #[n(5)]
    pub stop: Option<StopAnswer>,
}

/// A registered key of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct KeyView {
    /// Whose.
    #[n(0)]
    pub member: MemberId,
    /// Which.
    #[n(1)]
    pub key: PublicKey,
}

/// Everything about one charge.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ChargeView {
    /// As in lists.
    #[n(0)]
    pub row: ChargeRow,
    /// Hops, offer, consent, event, price, evidence, settlement.
    #[n(1)]
    pub trace: SessionTrace,
    /// The gateway's side, where the station is ours.
    #[n(2)]
    pub gateway: Option<GatewayView>,
    /// What home said about the driver.
    #[n(3)]
    pub statement: Option<SignedEligibility>,
    /// The charging point as the ledger registers it.
    #[n(4)]
    pub evse: Option<EvseEntry>,
    /// The agreement that it falls under.
    #[n(5)]
    pub agreement: Option<Box<Agreement>>,
    /// The driver's key, where he is ours.
    #[n(6)]
    pub customer: Option<String>,
    /// Year and month of the bill that it is on.
    #[n(7)]
    pub month: Option<(i16, u8)>,
    /// Cases about it.
    #[n(8)]
    pub cases: Vec<CaseView>,
    /// Registered keys of the two utilities.
    #[n(9)]
    pub keys: Vec<KeyView>,
    /// Their names.
    #[n(10)]
    pub names: Vec<(MemberId, String)>,
}

/// How charges at our stations went.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct Outcomes {
    /// Credentials presented.
    #[n(0)]
    pub attempts: u32,
    /// Energy flowed.
    #[n(1)]
    pub charged: u32,
    /// Refused before there was a price.
    #[n(2)]
    pub refused: u32,
    /// Consented to, and no energy.
    #[n(3)]
    pub not_started: u32,
    /// The driver did not want the price.
    #[n(4)]
    pub declined: u32,
    /// Not decided yet.
    #[n(5)]
    pub open: u32,
    /// Of those with energy: the two utilities or the contract differ.
    #[n(6)]
    pub disputed: u32,
    /// Refusals by code, the most frequent first.
    #[n(7)]
    pub refusals: Vec<(String, u32)>,
}

/// How it goes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Overview {
    /// Present time by the utility's clock.
    #[n(0)]
    pub now: Time,
    /// Since midnight (UTC).
    #[n(1)]
    pub today: Outcomes,
    /// The last 30 days.
    #[n(2)]
    pub month: Outcomes,
    /// Charges with energy now.
    #[n(3)]
    pub active: u32,
    /// Stations that are connected.
    #[n(4)]
    pub connected: u32,
    /// Stations that may connect.
    #[n(5)]
    pub stations: u32,
    /// Our charging points on the ledger.
    #[n(6)]
    pub evses: u32,
    /// Visiting profiles held.
    #[n(7)]
    pub profiles: u32,
    /// Version of the policy in force.
    #[n(8)]
    pub policy: u32,
    /// What charges of the last 30 days came to, by role and currency.
    #[n(9)]
    pub money: Vec<(Role, Currency, Micro)>,
    /// Energy of charges that began since midnight, at our stations.
    #[n(10)]
    pub energy: Energy,
    /// Whether the sum of all accounts is zero.
    #[n(11)]
    pub balanced: bool,
    /// Stations that may connect and are not, at most [`MAX_PAGE`].
    #[n(12)]
    pub silent: Vec<StationId>,
    /// Proposals that wait for our signature.
    #[n(13)]
    pub proposals: Vec<AgreementId>,
    /// Obligations of ours that are overdue.
    #[n(14)]
    pub overdue: u32,
    /// Cases that are open and ours.
    #[n(15)]
    pub cases: u32,
    /// Broken or disabled charging points, at most [`MAX_PAGE`].
    #[n(16)]
    pub faulted: Vec<(StationId, u32)>,
    /// What the ledger refused of what operators asked for in the last day, with its words, the newest first; at most 16.
    #[n(17)]
    pub refused: Vec<(Time, String)>,
}

/// A charging point of a station.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct EvseView {
    /// As registered.
    #[n(0)]
    pub entry: EvseEntry,
    /// What its connector last told; none while nothing was heard.
    #[n(1)]
    pub state: Option<ConnectorState>,
    /// The charge that holds it.
    #[n(2)]
    pub charge: Option<ChargeRow>,
}

/// A station of ours.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct StationView {
    /// Its name at the gateway.
    #[n(0)]
    pub station: StationId,
    /// Since when it is connected.
    #[n(1)]
    pub connected: Option<Time>,
    /// Its charging points.
    #[n(2)]
    pub evses: Vec<EvseView>,
}

/// A customer of ours, without what proves a PIN.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct CustomerView {
    /// `cus_...`.
    #[n(0)]
    pub key: String,
    /// CIN, digits.
    #[n(1)]
    pub cin: String,
    /// CIN in groups.
    #[n(2)]
    pub grouped: String,
    /// Name as on the bill.
    #[n(3)]
    pub name: String,
    /// Residential or commercial.
    #[n(4)]
    pub class: CustomerClass,
    /// Loyalty tier.
    #[n(5)]
    pub tier: Tier,
    /// Service of the contract.
    #[n(6)]
    pub service: Service,
    /// How the customer pays.
    #[n(7)]
    pub payment: Payment,
    /// Credit limit.
    #[n(8)]
    pub credit_limit: Micro,
    /// Balance: below nothing, what is owed.
    #[n(9)]
    pub balance: Micro,
    /// Currency of the account.
    #[n(10)]
    pub currency: Currency,
    /// Language, BCP 47.
    #[n(11)]
    pub language: String,
    /// Whether the dial pad asks for a PIN.
    #[n(12)]
    pub has_pin: bool,
    /// Credentials beside the CIN.
    #[n(13)]
    pub credentials: Vec<String>,
    /// Whether every credential is blocked.
    #[n(14)]
    pub blocked: bool,
    /// Counts changes.
    #[n(15)]
    pub version: u32,
    /// Since when.
    #[n(16)]
    pub since: Time,
    /// Since when the customer himself has frozen every credential.
    #[n(17)]
    pub frozen: Option<Time>,
}

impl core::fmt::Debug for CustomerView {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // Personal data never reaches a log.
        write!(f, "CustomerView({}, version {})", self.key, self.version)
    }
}

/// A visiting profile, without the pseudonym: who looks has no use for it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct VisitorView {
    /// Home utility.
    #[n(0)]
    pub home: MemberId,
    /// Its name.
    #[n(1)]
    pub name: String,
    /// What it said.
    #[n(2)]
    pub signed: SignedEligibility,
    /// When the profile is deleted.
    #[n(3)]
    pub forget_at: Time,
    /// Charged or held under its guarantee so far.
    #[n(4)]
    pub used: Micro,
    /// Currency of the guarantee, where the agreement is known.
    #[n(5)]
    pub currency: Option<Currency>,
}

/// Rules in force.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct RulesView {
    /// The policy.
    #[n(0)]
    pub policy: Policy,
    /// Multiplier by grid area, in basis points.
    #[n(1)]
    pub loads: Vec<(String, u32)>,
}

/// An agreement with its terms.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct AgreementDetail {
    /// As in lists.
    #[n(0)]
    pub view: AgreementView,
    /// The terms.
    #[n(1)]
    pub terms: Agreement,
    /// The stage in one word: `proposed`, `countered`, `withdrawn`, `lapsed`, `later`, `in_force`, `replaced`, `suspended`, `ended`, `broken`.
    #[n(2)]
    pub word: String,
    /// When it was countersigned.
    #[n(3)]
    pub countersigned: Option<Time>,
    /// The terms that answered it.
    #[n(4)]
    pub superseded_by: Option<AgreementId>,
    /// Whether it waits for our signature.
    #[n(5)]
    pub waits_for_us: bool,
    /// Name of the other party; our own where we agree with ourselves.
    #[n(6)]
    pub partner_name: String,
}

/// A month of a customer's bills.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct MonthView {
    /// Year.
    #[n(0)]
    pub year: i16,
    /// Month, 1 to 12.
    #[n(1)]
    pub month: u8,
    /// What it comes to.
    #[n(2)]
    pub total: Micro,
    /// Currency.
    #[n(3)]
    pub currency: Currency,
    /// Lines.
    #[n(4)]
    pub lines: u32,
    /// Credits.
    #[n(5)]
    pub credits: u32,
    /// Finished charges that are not settled yet.
    #[n(6)]
    pub pending: u32,
}
