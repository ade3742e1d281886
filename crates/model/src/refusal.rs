//! Why something was refused: a stable code, and a sentence for the person who meets it.

use core::fmt;
use minicbor::{Decode, Encode};

/// Longest text of a refusal, in bytes; longer text is cut at a character boundary.
pub const MAX_REFUSAL_TEXT: usize = 240;

macro_rules! codes {
    ($($(#[$doc:meta])* $n:literal $name:ident = $code:literal),+ $(,)?) => {
        /// Stable reason codes. New ones are added at the end.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
        pub enum RefusalCode {
            $($(#[$doc])* #[n($n)] $name,)+
        }

        impl RefusalCode {
            /// The code as logs, APIs and screens print it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// All codes.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];
        }
    };
}

codes! {
    /// The CIN's check digit or form is wrong: a typing error.
    0 CinMistyped = "cin-mistyped",
    /// No member has this CIN prefix.
    1 CinUnknownNetwork = "cin-unknown-network",
    /// The home utility does not know this CIN.
    2 CinUnknown = "cin-unknown",
    /// Blocked by the home utility.
    3 CinBlocked = "cin-blocked",
    /// The input is no CIN, card or contract id of a known form.
    4 CredentialForeign = "credential-foreign",
    /// Wrong or missing PIN.
    5 PinWrong = "pin-wrong",
    /// Too many attempts.
    6 TooManyAttempts = "too-many-attempts",
    /// No agreement in force between the two utilities.
    7 NoAgreement = "no-agreement",
    /// The contract does not include this service here.
    8 ServiceNotAllowed = "service-not-allowed",
    /// Credit limit or prepaid balance does not cover the charge.
    9 CreditExhausted = "credit-exhausted",
    /// The home utility does not answer, and nothing local allows the charge.
    10 HomeSilent = "home-silent",
    /// The policies found no price inside the agreement.
    11 NoOffer = "no-offer",
    /// The offer ran out before consent.
    12 OfferExpired = "offer-expired",
    /// The driver declined.
    13 ConsentDeclined = "consent-declined",
    /// Nobody answered the consent question.
    14 ConsentTimeout = "consent-timeout",
    /// The EVSE is unknown, faulted or occupied.
    15 EvseUnavailable = "evse-unavailable",
    /// The charge is unknown here.
    16 SessionUnknown = "session-unknown",
    /// A message that does not fit the state of its charge.
    17 OutOfOrder = "out-of-order",
    /// The meter's register ran backwards.
    18 MeterBackwards = "meter-backwards",
    /// A meter record's signature does not verify.
    19 MeterSignature = "meter-signature",
    /// A meter record is signed by a key that is not registered for the EVSE.
    20 MeterKey = "meter-key",
    /// Bytes that do not decode.
    21 Malformed = "malformed",
    /// Larger than a named bound.
    22 TooLarge = "too-large",
    /// A signature does not verify.
    23 BadSignature = "bad-signature",
    /// Not addressed to this member, or from somebody who may not send it.
    24 NotAuthorized = "not-authorized",
    /// Seen before; nothing changed.
    25 Duplicate = "duplicate",
    /// Unknown member.
    26 MemberUnknown = "member-unknown",
    /// The prefix overlaps a registered one.
    27 PrefixTaken = "prefix-taken",
    /// The EVSE or station id is registered already.
    28 EvseTaken = "evse-taken",
    /// Agreement terms contradict each other; the text says which.
    29 TermsInvalid = "terms-invalid",
    /// Unknown or not countersigned agreement.
    30 AgreementUnknown = "agreement-unknown",
    /// The agreement was not in force at that time.
    31 AgreementNotInForce = "agreement-not-in-force",
    /// The total is not what the agreement's rule gives.
    32 PriceWrong = "price-wrong",
    /// The shares are not what the agreement's split gives.
    33 SharesWrong = "shares-wrong",
    /// Adjustments outside the agreement.
    34 AdjustmentOutside = "adjustment-outside",
    /// Energy over the agreement's cap per charge.
    35 EnergyOverCap = "energy-over-cap",
    /// Amount over the agreement's cap per charge.
    36 AmountOverCap = "amount-over-cap",
    /// Exposure between the two would pass the agreement's cap.
    37 ExposureOverCap = "exposure-over-cap",
    /// The guarantee does not cover it.
    38 GuaranteeExceeded = "guarantee-exceeded",
    /// Unknown hold.
    39 HoldUnknown = "hold-unknown",
    /// The hold is posted, void or expired.
    40 HoldClosed = "hold-closed",
    /// This charge was settled before.
    41 AlreadySettled = "already-settled",
    /// Register difference and energy of the periods disagree.
    42 EnergyMismatch = "energy-mismatch",
    /// Times in the future, out of order, or too far apart.
    43 TimeInvalid = "time-invalid",
    /// Too many items waiting; try again.
    44 Busy = "busy",
    /// The ledger has no quorum at present.
    45 LedgerStalled = "ledger-stalled",
    /// The two utilities priced the charge differently.
    46 RatingsDiffer = "ratings-differ",
    /// A command or record exists with the same id and other content.
    47 IdConflict = "id-conflict",
    /// No energy was delivered.
    48 NothingDelivered = "nothing-delivered",
    /// Customer data is contradictory or incomplete; the text says where.
    49 CustomerInvalid = "customer-invalid",
    /// The station is not registered with this utility.
    50 StationUnknown = "station-unknown",
    /// The agreement is suspended: no new charge begins.
    51 AgreementSuspended = "agreement-suspended",
    /// The agreement's ceiling of charges at a time or per day is reached.
    52 SessionsOverCap = "sessions-over-cap",
    /// The end lies before the agreed notice.
    53 NoticeTooShort = "notice-too-short",
    /// The proposals of one negotiation are used up.
    54 RoundsExhausted = "rounds-exhausted",
    /// A claim that a driver was refused, or its answer, does not fit; the text says why.
    55 ClaimInvalid = "claim-invalid",
    /// Nothing is posted there.
    56 OfferUnknown = "offer-unknown",
    /// It is not time for it yet, or no more.
    57 NotDue = "not-due",
    /// No such case, or the charge has none.
    58 CaseUnknown = "case-unknown",
    /// The case is decided, or does not wait for this.
    59 CaseClosed = "case-closed",
    /// More is credited than is left of the charge.
    60 CreditExceeds = "credit-exceeds",
    /// More energy is sold or offered than the member has in that area and hour.
    61 EnergyNotOwned = "energy-not-owned",
    /// No stated rate of exchange, or one that is too old.
    62 RateUnknown = "rate-unknown",
    /// The netting cycle is not over yet.
    70 CycleOpen = "cycle-open",
    /// The netting cycle is closed already.
    71 CycleClosed = "cycle-closed",
    /// The list of members to net is not the member roll.
    72 MembersIncomplete = "members-incomplete",
    /// There is nothing to net, to charge or to pay.
    73 NothingDue = "nothing-due",
    /// No such obligation.
    74 ObligationUnknown = "obligation-unknown",
    /// Interest for this day is charged already.
    75 InterestCharged = "interest-charged",
    /// The member issues no tokens in this currency.
    76 IssuerUnknown = "issuer-unknown",
    /// Fewer tokens are there than are asked for.
    77 TokensMissing = "tokens-missing",
    /// The receiver does not accept (so many of) these tokens.
    78 TokensNotAccepted = "tokens-not-accepted",
    /// No such request to be paid out.
    79 RedemptionUnknown = "redemption-unknown",
    /// The collateral secures what is open.
    80 CollateralNeeded = "collateral-needed",
    /// The member is suspended.
    90 MemberSuspended = "member-suspended",
    /// The member left or was expelled.
    91 MemberGone = "member-gone",
    /// Unknown proposal.
    92 ProposalUnknown = "proposal-unknown",
    /// The proposal is decided or expired.
    93 ProposalClosed = "proposal-closed",
    /// Only active members that validate have a vote.
    94 NoVote = "no-vote",
    /// A parameter outside its bounds.
    95 OutOfBounds = "out-of-bounds",
    /// The validator set would be too small or too large, or cannot change so.
    96 ValidatorSet = "validator-set",
    /// The key is or was in use.
    97 KeyTaken = "key-taken",
    /// The evidence proves nothing.
    98 EvidenceEmpty = "evidence-empty",
    /// Not enough votes.
    99 ThresholdNotMet = "threshold-not-met",
    /// The version of the contracts that is in force is not part of this program.
    100 VersionUnknown = "version-unknown",
    /// The module is no custom rule; the text names the violation.
    110 RuleInvalid = "rule-invalid",
    /// The custom rule is not on the ledger.
    111 RuleUnknown = "rule-unknown",
    /// Another charge took a part of the same stretch of the meter's register.
    115 MeterOverlap = "meter-overlap",
    /// A message between members that is not encrypted.
    120 NotSealed = "not-sealed",
    /// An encrypted message that does not open: changed on the way, or made for somebody else.
    121 SealBroken = "seal-broken",
    /// No such encryption key, or no private half of it here.
    122 EncryptionKeyUnknown = "encryption-key-unknown",
    /// The encryption key was replaced and its time of grace is over.
    123 EncryptionKeyRetired = "encryption-key-retired",
    /// A message that was opened before; nothing changed.
    124 Replayed = "replayed",
    /// A reading of load that is not taken; the text says why.
    130 ReadingRefused = "reading-refused",
    /// A member's own forecast that is not taken; the text says why.
    131 ForecastRefused = "forecast-refused",
    /// A model or package of models that is not sound; the text names the fault.
    132 ModelInvalid = "model-invalid",
    /// The model, package or load book is not on the ledger.
    133 ModelUnknown = "model-unknown",
    /// The customer has frozen his own cards and numbers.
    134 CinFrozen = "cin-frozen",
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A refusal: what was wrong, and the way out.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Refusal {
    /// The reason code.
    #[n(0)]
    pub code: RefusalCode,
    /// One sentence: what was wrong, where, what would be right. No personal data.
    #[n(1)]
    pub text: String,
}

impl Refusal {
    /// Makes a refusal; text over [`MAX_REFUSAL_TEXT`] bytes is cut.
    pub fn new(code: RefusalCode, text: impl Into<String>) -> Self {
        let mut text: String = text.into();
        while text.len() > MAX_REFUSAL_TEXT {
            text.pop();
        }
        Self { code, text }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.text)
    }
}

impl core::error::Error for Refusal {}
