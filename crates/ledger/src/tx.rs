//! Transactions: what members ask the contracts to do, and how they sign it.
//!
//! A transaction carries every key, currency and owner that its execution needs as a claim. So all signatures are checked from
//! the bytes alone ([`crate::Contracts::admit`]) and every touched state key is known from the bytes alone
//! ([`crate::Contracts::reads`]); execution only compares the claims with the registry.

use crate::batch::BatchItem;
use crate::cases::op::CaseOperation;
use crate::council::{self, CouncilOperation};
use crate::energy::op::EnergyOperation;
use crate::forecast::op::ForecastOperation;
use crate::life::TermsOperation;
use crate::money::MoneyOperation;
use crate::rates::RateOperation;
use crate::rules::RuleOperation;
use fairway_forecast::hour::Day;
use fairway_model::agreement::{Agreement, AgreementId};
use fairway_model::canonical::{Canonical, DecodeError};
use fairway_model::hash::Hash;
use fairway_model::ids::{EvseId, GuaranteeId, MemberId, OwnerId, SessionId};
use fairway_model::money::{Currency, Micro};
use fairway_model::profile::{GUARANTEE_DOMAIN, Guarantee};
use fairway_model::registry::{EncryptionKey, EvseEntry, PrefixEntry};
use fairway_model::sign::{Claim, PublicKey, Signature, SigningKey, signed_bytes};
use fairway_model::time::Time;
use fairway_model::{
    ChargeEvent, SignedChargeEvent, agreement::AGREEMENT_DOMAIN, charge::CHARGE_DOMAIN,
};
use minicbor::{Decode, Encode};

/// Signing domain of transactions.
pub const TX_DOMAIN: &str = "fairway.tx.v1";
/// Signing domain of a new key's proof that its holder has the private half.
pub const NEW_KEY_DOMAIN: &str = "fairway.member-key.v1";
/// The largest transaction in bytes: a charge of the most periods takes a third of it.
pub const MAX_TX_BYTES: usize = 64 * 1024;

/// A number that the member makes for each transaction, unique among its own. Sent twice, it takes effect once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct TxNonce(#[cbor(with = "minicbor::bytes")] pub [u8; 16]);

/// A home utility's guarantee as a claim: the signature is checked against `home_key` on admission, `home_key` against the
/// registry on execution.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct GuaranteeClaim {
    /// Who promises to pay.
    #[n(0)]
    pub home: MemberId,
    /// The key that it signed with.
    #[n(1)]
    pub home_key: PublicKey,
    /// The promise.
    #[n(2)]
    pub guarantee: Guarantee,
    /// Its signature over [`GUARANTEE_DOMAIN`].
    #[n(3)]
    pub home_signature: Signature,
}

/// Money set aside for one charge before energy flows, against a guarantee of the home utility.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Hold {
    /// The charge.
    #[n(0)]
    pub session: SessionId,
    /// Whose station.
    #[n(1)]
    pub visited: MemberId,
    /// The guarantee that it stands on; its agreement is the hold's.
    #[n(2)]
    pub guarantee: GuaranteeClaim,
    /// What is held, taxes included; more than nothing.
    #[n(3)]
    pub amount: Micro,
    /// The agreement's currency.
    #[n(4)]
    pub currency: Currency,
    /// From then on anybody may void it; until then only the visited utility.
    #[n(5)]
    pub expires_at: Time,
    /// The offer that the driver consented to.
    #[n(6)]
    pub offer: Hash,
}

/// A finished charge with the claims that its settlement needs.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Settlement {
    /// The event and both signatures.
    #[n(0)]
    pub signed: SignedChargeEvent,
    /// The key that the visited utility signed with.
    #[n(1)]
    pub visited_key: PublicKey,
    /// The key that the home utility signed with.
    #[n(2)]
    pub home_key: PublicKey,
    /// Who owns the EVSE's site, as registered.
    #[n(3)]
    pub owner: OwnerId,
    /// The agreement's currency.
    #[n(4)]
    pub currency: Currency,
    /// The EVSE's grid area, as registered; then the charge's energy is counted there. None only where the area is empty, or the
    /// members do not insist.
    #[n(5)]
    pub area: Option<String>,
    /// The custom rule that the agreement names, if it does.
    #[n(6)]
    pub rule: Option<Hash>,
    /// The local day whose prices the charge uses; given exactly when the agreement follows the forecast.
    #[n(7)]
    pub forecast: Option<Day>,
}

/// What the creditor says after money reached it outside the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Payment {
    /// Who paid.
    #[n(0)]
    pub debtor: MemberId,
    /// Who was paid, and says so.
    #[n(1)]
    pub creditor: MemberId,
    /// Currency.
    #[n(2)]
    pub currency: Currency,
    /// How much; more than nothing, not more than is owed.
    #[n(3)]
    pub amount: Micro,
    /// Hash of the bank's payment message.
    #[n(4)]
    pub reference: Hash,
}

/// Why a party disputes a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum DisputeReason {
    /// Both computed the price, and differ.
    #[n(0)]
    RatingsDiffer,
    /// The meter's records are missing, wrong or badly signed.
    #[n(1)]
    MeterEvidence,
    /// The driver says that the charge was not his.
    #[n(2)]
    NotTheDriver,
    /// Something else; the evidence says what.
    #[n(3)]
    Other,
}

/// A recorded objection to a charge. It changes no amount.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Dispute {
    /// The charge; held or settled.
    #[n(0)]
    pub session: SessionId,
    /// Why.
    #[n(1)]
    pub reason: DisputeReason,
    /// SHA-256 of the evidence, which both utilities keep.
    #[n(2)]
    pub evidence: Hash,
    /// The amount that the disputing party finds right, if it names one.
    #[n(3)]
    pub claimed: Option<Micro>,
}

/// What a member asks for.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Operation {
    /// Claim a CIN prefix that neither contains nor extends a registered one, and whose node the member does not use yet.
    #[n(0)]
    RegisterPrefix(#[n(0)] PrefixEntry),
    /// Register an EVSE, its station and its meter key.
    #[n(1)]
    RegisterEvse(#[n(0)] Box<EvseEntry>),
    /// Take an EVSE out of use: charges that begin from `from` on are refused. The id stays taken.
    #[n(2)]
    RetireEvse {
        /// Which.
        #[n(0)]
        evse: EvseId,
        /// From when.
        #[n(1)]
        from: Time,
    },
    /// Replace an EVSE's meter key; charges that began before the block may still name the one before.
    #[n(3)]
    RotateMeterKey {
        /// Which.
        #[n(0)]
        evse: EvseId,
        /// SubjectPublicKeyInfo in DER.
        #[n(1)]
        #[cbor(with = "minicbor::bytes")]
        meter_key: Vec<u8>,
    },
    /// Replace the member's own key.
    #[n(4)]
    RotateMemberKey {
        /// The new key.
        #[n(0)]
        new_key: PublicKey,
        /// The new key's signature over [`NEW_KEY_DOMAIN`] and the member's id: proof of possession.
        #[n(1)]
        proof: Signature,
        /// The old key is known to others: what it signed counts no more from this block on.
        #[n(2)]
        compromised: bool,
    },
    /// Propose terms; the proposer is one of the parties.
    #[n(5)]
    ProposeAgreement {
        /// The terms.
        #[n(0)]
        agreement: Box<Agreement>,
        /// The proposer's signature over [`AGREEMENT_DOMAIN`], by the transaction's key.
        #[n(1)]
        signature: Signature,
    },
    /// Agree to proposed terms; they are in force from then on.
    #[n(6)]
    CountersignAgreement {
        /// Which terms.
        #[n(0)]
        agreement: AgreementId,
        /// Whose drivers.
        #[n(1)]
        home: MemberId,
        /// Whose stations.
        #[n(2)]
        visited: MemberId,
        /// The other party's signature over [`AGREEMENT_DOMAIN`], by the transaction's key.
        #[n(3)]
        signature: Signature,
    },
    /// End an agreement, or withdraw a proposal; either party may.
    #[n(7)]
    TerminateAgreement {
        /// Which terms.
        #[n(0)]
        agreement: AgreementId,
        /// Whose drivers.
        #[n(1)]
        home: MemberId,
        /// Whose stations.
        #[n(2)]
        visited: MemberId,
        /// No charge begins from then on; not in the past.
        #[n(3)]
        from: Time,
    },
    /// Set money aside for a charge; the visited utility does.
    #[n(8)]
    PlaceHold(#[n(0)] Box<Hold>),
    /// Free what is held for a charge that will not come. The claims must be those of the hold.
    #[n(9)]
    VoidHold {
        /// Which.
        #[n(0)]
        session: SessionId,
        /// The hold's home utility.
        #[n(1)]
        home: MemberId,
        /// The hold's visited utility.
        #[n(2)]
        visited: MemberId,
        /// The hold's guarantee.
        #[n(3)]
        guarantee: GuaranteeId,
        /// The hold's currency.
        #[n(4)]
        currency: Currency,
    },
    /// Settle a finished charge; either party may hand it in.
    #[n(10)]
    SettleCharge(#[n(0)] Box<Settlement>),
    /// The creditor confirms a payment.
    #[n(11)]
    ConfirmPayment(#[n(0)] Payment),
    /// Object to a charge.
    #[n(12)]
    Dispute(#[n(0)] Dispute),
    /// Govern the consortium: membership, votes, parameters, evidence.
    #[n(18)]
    Council(#[n(0)] CouncilOperation),
    /// Credit a settled charge, or have it decided.
    #[n(15)]
    Case(#[n(0)] CaseOperation),
    /// State what energy an area had, or trade it.
    #[n(16)]
    Energy(#[n(0)] EnergyOperation),
    /// State a rate of exchange, or convert a debt by one.
    #[n(19)]
    Rate(#[n(0)] RateOperation),
    /// Netting, payment, interest, tokens, collateral.
    #[n(14)]
    Money(#[n(0)] Box<MoneyOperation>),
    /// The life of agreements, the board of offers, service levels.
    #[n(13)]
    Terms(#[n(0)] TermsOperation),
    /// Custom rules.
    #[n(17)]
    Rule(#[n(0)] RuleOperation),
    /// Holds, releases and charges together, at most [`crate::limits::MAX_BATCH`], each with a result of its own.
    #[n(21)]
    Batch(#[n(0)] Vec<BatchItem>),
    /// Readings of load, forecasts, models, schedules and scores.
    #[n(22)]
    Forecast(#[n(0)] Box<ForecastOperation>),
    /// Replace the key that messages to the member are encrypted to, or register the first one.
    #[n(20)]
    RotateEncryptionKey {
        /// The new key.
        #[n(0)]
        new_key: EncryptionKey,
        /// The old key is known to others: nothing that is encrypted to it is opened from this block on.
        #[n(1)]
        compromised: bool,
    },
}

/// A signed operation.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Transaction {
    /// Who asks.
    #[n(0)]
    pub member: MemberId,
    /// Unique among this member's.
    #[n(1)]
    pub nonce: TxNonce,
    /// The key that signs, claimed to be the member's.
    #[n(2)]
    pub key: PublicKey,
    /// What is asked.
    #[n(3)]
    pub operation: Operation,
    /// Signature over [`TX_DOMAIN`], the chain's id and everything above.
    #[n(4)]
    pub signature: Signature,
}

/// What a transaction's signature covers.
#[derive(Encode)]
struct Body<'a> {
    #[n(0)]
    chain: &'a str,
    #[n(1)]
    member: MemberId,
    #[n(2)]
    nonce: TxNonce,
    #[n(3)]
    key: PublicKey,
    #[n(4)]
    operation: &'a Operation,
}

impl Body<'_> {
    fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        // Writing to a Vec cannot fail, and no type of ours refuses to encode.
        if minicbor::encode(self, &mut out).is_err() {
            out.clear();
        }
        out
    }
}

impl Transaction {
    /// Signs an operation for one chain. `nonce` must not have been used by this member for anything else.
    pub fn sign(
        chain: &str,
        member: MemberId,
        nonce: TxNonce,
        operation: Operation,
        key: &SigningKey,
    ) -> Self {
        let public = key.public();
        let body = Body {
            chain,
            member,
            nonce,
            key: public,
            operation: &operation,
        }
        .bytes();
        Self {
            member,
            nonce,
            key: public,
            signature: key.sign(TX_DOMAIN, &body),
            operation,
        }
    }

    /// Whether the claimed key signed it for this chain. Says nothing about inner signatures or about whose key it is.
    pub fn verify(&self, chain: &str) -> bool {
        let claim = self.own_claim(chain);
        claim.key.verify_raw(&claim.message, &claim.signature)
    }

    /// The identity that receipts and proofs name: plain SHA-256 of the canonical bytes.
    pub fn id(&self) -> Hash {
        Hash::plain(&self.to_bytes())
    }

    /// Reads a transaction of at most [`MAX_TX_BYTES`].
    ///
    /// # Errors
    /// [`DecodeError`] when it is longer, malformed, or not canonical.
    pub fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > MAX_TX_BYTES {
            return Err(DecodeError::TooLong(bytes.len()));
        }
        Self::from_bytes(bytes)
    }

    /// Reads bytes that were admitted: their form is known to be canonical, so they are not encoded again to see.
    pub(crate) fn read_admitted(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > MAX_TX_BYTES {
            return Err(DecodeError::TooLong(bytes.len()));
        }
        minicbor::decode(bytes).map_err(|e| DecodeError::Malformed(e.to_string()))
    }

    fn own_claim(&self, chain: &str) -> Claim {
        let body = Body {
            chain,
            member: self.member,
            nonce: self.nonce,
            key: self.key,
            operation: &self.operation,
        }
        .bytes();
        Claim {
            key: self.key,
            message: signed_bytes(TX_DOMAIN, &body),
            signature: self.signature,
        }
    }

    /// Every signature in the transaction, each with the name of what it signs.
    pub(crate) fn claims(&self, chain: &str) -> Vec<(&'static str, Claim)> {
        let mut claims = vec![("transaction", self.own_claim(chain))];
        match &self.operation {
            Operation::RotateMemberKey { new_key, proof, .. } => {
                let message = signed_bytes(NEW_KEY_DOMAIN, &self.member.to_bytes());
                claims.push((
                    "proof of the new key",
                    Claim {
                        key: *new_key,
                        message,
                        signature: *proof,
                    },
                ));
            }
            Operation::ProposeAgreement {
                agreement,
                signature,
            } => {
                let message = signed_bytes(AGREEMENT_DOMAIN, &agreement.to_bytes());
                claims.push((
                    "agreement",
                    Claim {
                        key: self.key,
                        message,
                        signature: *signature,
                    },
                ));
            }
            Operation::CountersignAgreement {
                agreement,
                signature,
                ..
            } => {
                // The id is the digest that is signed, so the terms themselves are not needed here.
                let message = agreement.0.0.to_vec();
                claims.push((
                    "agreement",
                    Claim {
                        key: self.key,
                        message,
                        signature: *signature,
                    },
                ));
            }
            Operation::PlaceHold(hold) => claims.push(hold.claim()),
            Operation::Batch(items) => claims.extend(items.iter().flat_map(BatchItem::claims)),
            Operation::SettleCharge(settlement) => claims.extend(settlement.claims()),
            Operation::Council(operation) => {
                claims.extend(council::claims(chain, self.member, operation));
            }
            Operation::Case(operation) => claims.extend(operation.claims()),
            Operation::Rate(operation) => claims.extend(operation.claims()),
            Operation::Terms(operation) => claims.extend(operation.claims(self.key)),
            _ => {}
        }
        claims
    }
}

impl Hold {
    pub(crate) fn claim(&self) -> (&'static str, Claim) {
        let claim = &self.guarantee;
        let message = signed_bytes(GUARANTEE_DOMAIN, &claim.guarantee.to_bytes());
        let claim = Claim {
            key: claim.home_key,
            message,
            signature: claim.home_signature,
        };
        ("guarantee", claim)
    }
}

impl Settlement {
    /// The event.
    pub fn event(&self) -> &ChargeEvent {
        &self.signed.event
    }

    pub(crate) fn claims(&self) -> [(&'static str, Claim); 2] {
        let message = signed_bytes(CHARGE_DOMAIN, &self.signed.event.to_bytes());
        let visited = Claim {
            key: self.visited_key,
            message: message.clone(),
            signature: self.signed.visited_signature,
        };
        let home = Claim {
            key: self.home_key,
            message,
            signature: self.signed.home_signature,
        };
        [
            ("charge event by the visited utility", visited),
            ("charge event by the home utility", home),
        ]
    }
}
