//! What the contracts remember, value by value. All are canonical CBOR under the keys of [`crate::keys`].

use crate::council::MemberStanding;
use crate::life::{Ended, Suspension};
use crate::tx::Dispute;
use fairway_model::agreement::AgreementId;
use fairway_model::cin::CinPrefix;
use fairway_model::energy::Energy;
use fairway_model::hash::Hash;
use fairway_model::ids::{EvseId, GuaranteeId, MemberId, OwnerId};
use fairway_model::money::{Currency, Micro};
use fairway_model::price::Shares;
use fairway_model::registry::{EncryptionKey, EvseEntry, Member, PrefixEntry};
use fairway_model::sign::{PublicKey, Signature};
use fairway_model::time::Time;
use minicbor::{Decode, Encode};

/// A member and the key that it had before.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct MemberState {
    /// The member with its present key.
    #[n(0)]
    pub member: Member,
    /// The key before, and until when guarantees and charge events signed with it count.
    #[n(1)]
    pub previous: Option<OldKey>,
    /// What it may do, when it may not do everything.
    #[n(2)]
    pub standing: Option<MemberStanding>,
    /// The encryption key before, and until when messages may be encrypted to it.
    #[n(3)]
    pub previous_encryption: Option<OldEncryptionKey>,
}

/// An encryption key that was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct OldEncryptionKey {
    /// The key.
    #[n(0)]
    pub key: EncryptionKey,
    /// Messages encrypted to it are opened before this time.
    #[n(1)]
    pub until: Time,
}

/// A key that was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct OldKey {
    /// The key.
    #[n(0)]
    pub key: PublicKey,
    /// What it signed counts in blocks before this time.
    #[n(1)]
    pub until: Time,
}

/// What stands at a string of digits.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Default)]
pub struct PrefixState {
    /// The prefix that ends here.
    #[n(0)]
    pub entry: Option<PrefixEntry>,
    /// Whether longer registered prefixes begin with these digits.
    #[n(1)]
    pub longer: bool,
}

/// Where a member uses an AAA node number: once over all its networks, because contract ids (eMAID) do not hold the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct NodeState {
    /// The member's prefix with that node.
    #[n(0)]
    pub prefix: CinPrefix,
}

/// An EVSE with the history that settlement needs.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct EvseState {
    /// As registered, with the present meter key.
    #[n(0)]
    pub entry: EvseEntry,
    /// SHA-256 of the meter key before, and when it was replaced.
    #[n(1)]
    pub previous: Option<OldMeterKey>,
    /// Charges that begin from then on are refused.
    #[n(2)]
    pub retired: Option<Time>,
}

/// A meter key that was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct OldMeterKey {
    /// SHA-256 of the key.
    #[n(0)]
    pub key: Hash,
    /// Charges that began before this time may name it.
    #[n(1)]
    pub until: Time,
}

/// A station id is one utility's.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct StationState {
    /// Whose.
    #[n(0)]
    pub utility: MemberId,
    /// Its EVSEs by number, in order of number.
    #[n(1)]
    pub evses: Vec<StationSlot>,
}

/// One EVSE of a station.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct StationSlot {
    /// OCPP `evseId`.
    #[n(0)]
    pub number: u32,
    /// Which.
    #[n(1)]
    pub evse: EvseId,
}

/// Who signed an agreement and how long it lives.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct AgreementStatus {
    /// Who proposed it.
    #[n(0)]
    pub proposer: MemberId,
    /// The proposer's signature.
    #[n(1)]
    pub proposer_signature: Signature,
    /// Block time of the proposal.
    #[n(2)]
    pub proposed_at: Time,
    /// The other party's signature and its block time.
    #[n(3)]
    pub countersigned: Option<Countersigned>,
    /// No charge begins from then on.
    #[n(4)]
    pub terminated_from: Option<Time>,
    /// How many times terms were exchanged before; none for a first proposal.
    #[n(5)]
    pub round: Option<u8>,
    /// The proposal that it answers.
    #[n(6)]
    pub supersedes: Option<AgreementId>,
    /// The terms that answered it.
    #[n(7)]
    pub superseded_by: Option<AgreementId>,
    /// No new charge begins for now.
    #[n(8)]
    pub suspended: Option<Suspension>,
    /// It was ended for breach.
    #[n(9)]
    pub broken: Option<Ended>,
}

impl AgreementStatus {
    /// A first proposal.
    pub(crate) fn proposed(by: MemberId, signature: Signature, at: Time) -> Self {
        Self {
            proposer: by,
            proposer_signature: signature,
            proposed_at: at,
            countersigned: None,
            terminated_from: None,
            round: None,
            supersedes: None,
            superseded_by: None,
            suspended: None,
            broken: None,
        }
    }
}

/// The second signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Countersigned {
    /// The signature.
    #[n(0)]
    pub signature: Signature,
    /// Block time.
    #[n(1)]
    pub at: Time,
}

/// The countersigned agreements of one direction of a pair, oldest first, at most [`crate::limits::MAX_PAIR_VERSIONS`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Default)]
pub struct PairState {
    /// The versions.
    #[n(0)]
    pub versions: Vec<PairVersion>,
}

/// One countersigned agreement of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct PairVersion {
    /// Which terms.
    #[n(0)]
    pub agreement: AgreementId,
    /// Their version.
    #[n(1)]
    pub version: u32,
    /// In force from: the later of validity and countersignature.
    #[n(2)]
    pub from: Time,
    /// In force until, exclusive: the earlier of validity and termination.
    #[n(3)]
    pub until: Time,
    /// Its limits of what home may owe, for operations that do not name the agreement.
    #[n(4)]
    pub limits: PairLimits,
}

/// What an agreement says about debts of its home utility.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct PairLimits {
    /// Its currency.
    #[n(0)]
    pub currency: Currency,
    /// What home may owe and have held without security.
    #[n(1)]
    pub exposure: Micro,
    /// What home pledges, if it does.
    #[n(2)]
    pub collateral: Option<Micro>,
}

impl PairState {
    /// The newest version in force at `time`.
    pub fn in_force(&self, time: Time) -> Option<&PairVersion> {
        self.versions
            .iter()
            .filter(|v| v.from <= time && time < v.until)
            .max_by_key(|v| v.version)
    }

    /// What home may owe in a currency at `time` without security: nothing without an agreement in force in that currency.
    pub fn exposure_cap(&self, time: Time, currency: Currency) -> Micro {
        let limits = self.in_force(time).map(|v| v.limits);
        limits
            .filter(|l| l.currency == currency)
            .map_or(Micro::ZERO, |l| l.exposure)
    }

    /// The most that home pledged in a currency in terms that are in force at `time` or will be.
    pub fn pledged(&self, time: Time, currency: Currency) -> Micro {
        let live = self.versions.iter().filter(|v| time < v.until);
        live.filter(|v| v.limits.currency == currency)
            .filter_map(|v| v.limits.collateral)
            .max()
            .unwrap_or_default()
    }
}

/// The sum of pending holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Default)]
pub struct HeldState {
    /// The sum.
    #[n(0)]
    pub amount: Micro,
}

/// What an account has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Default)]
pub struct BalanceState {
    /// The amount.
    #[n(0)]
    pub amount: Micro,
}

/// Where a hold is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum HoldStatus {
    /// Money is set aside.
    #[n(0)]
    Pending,
    /// The charge was settled.
    #[n(1)]
    Posted,
    /// The visited utility gave it up: no charge will come.
    #[n(2)]
    Void,
    /// Freed by somebody else after its time: a late charge must find room anew.
    #[n(3)]
    Expired,
}

/// A hold.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct HoldState {
    /// Hash of the hold as it was placed.
    #[n(0)]
    pub content: Hash,
    /// Under which agreement.
    #[n(1)]
    pub agreement: AgreementId,
    /// Whose driver.
    #[n(2)]
    pub home: MemberId,
    /// Whose station.
    #[n(3)]
    pub visited: MemberId,
    /// Against which guarantee.
    #[n(4)]
    pub guarantee: GuaranteeId,
    /// The offer that the driver consented to.
    #[n(5)]
    pub offer: Hash,
    /// What is held.
    #[n(6)]
    pub amount: Micro,
    /// Currency.
    #[n(7)]
    pub currency: Currency,
    /// From then on anybody may void it.
    #[n(8)]
    pub expires_at: Time,
    /// Where it is in its life.
    #[n(9)]
    pub status: HoldStatus,
    /// A dispute keeps others from voiding it before this time.
    #[n(10)]
    pub disputed_until: Option<Time>,
    /// It counts toward the agreement's ceilings of charges while it is pending.
    #[n(11)]
    pub counted: Option<bool>,
}

/// How much of a guarantee is used.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct GuaranteeState {
    /// Hash of the guarantee as it was first used.
    #[n(0)]
    pub content: Hash,
    /// Under which agreement.
    #[n(1)]
    pub agreement: AgreementId,
    /// Everything held or charged under it together.
    #[n(2)]
    pub limit: Micro,
    /// Held at present.
    #[n(3)]
    pub held: Micro,
    /// Charged so far.
    #[n(4)]
    pub charged: Micro,
}

/// A settled charge. Nothing changes it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ChargeState {
    /// Hash of the charge event.
    #[n(0)]
    pub event: Hash,
    /// Under which agreement.
    #[n(1)]
    pub agreement: AgreementId,
    /// Home utility.
    #[n(2)]
    pub home: MemberId,
    /// Visited utility.
    #[n(3)]
    pub visited: MemberId,
    /// Energy delivered.
    #[n(4)]
    pub energy: Energy,
    /// What the driver pays.
    #[n(5)]
    pub total: Micro,
    /// Who gets what of it.
    #[n(6)]
    pub shares: Shares,
    /// Currency.
    #[n(7)]
    pub currency: Currency,
    /// Height of the block that settled it.
    #[n(8)]
    pub height: u64,
    /// Block time of the settlement.
    #[n(9)]
    pub settled_at: Time,
    /// A dispute must arrive in a block before this time.
    #[n(10)]
    pub dispute_until: Time,
    /// Whose site it was; credits take the owner's part back from there. None of charges that were settled before credits were known.
    #[n(11)]
    pub owner: Option<OwnerId>,
}

/// A recorded objection.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct DisputeState {
    /// The objection.
    #[n(0)]
    pub dispute: Dispute,
    /// Block time.
    #[n(1)]
    pub recorded_at: Time,
}

/// A used nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct NonceState {
    /// Plain SHA-256 of the transaction that used it.
    #[n(0)]
    pub transaction: Hash,
}
