//! How a message travels: encrypted to the addressee, then signed by the sender.
//!
//! A message may pass programs that end TLS, and another member may be handed a copy. So the message is encrypted to the key that
//! the addressee has registered on the ledger ([`crate::seal`]), and who carries it sees the head alone: from, to, when, which
//! kind, to which key.
//!
//! Encryption comes first and the signature covers head and ciphertext: nothing is decrypted for somebody who is no member, and a
//! receiver cannot pass a signed plain text on as if it had been meant for a third member. The head is bound into the encryption
//! too: who takes a ciphertext out of an envelope and signs it as his own gets nothing that opens. That the words inside are the
//! sender's is proven where it must last by the signatures inside: offers, consents, statements and charge events carry their own.
//!
//! Tested in `tests/it/sealed.rs`.

use crate::peer::Message;
use crate::seal::{DecryptionKey, Sealed, seal};
use fairway_model::canonical::Canonical;
use fairway_model::registry::{EncryptionKey, KeyName};
use fairway_model::time::{DAY, HOUR};
use fairway_model::{Hash, MemberId, PublicKey, Refusal, RefusalCode, Signature, SigningKey, Time};
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, BTreeSet};

/// Signing domain of envelopes, and the beginning of what the encryption is bound to.
pub const ENVELOPE_DOMAIN: &str = "fairway.peer.v2";
/// Largest envelope in bytes.
pub const MAX_ENVELOPE: usize = 512 * 1024;
/// How far the time of a message may be from ours, in milliseconds, before or after. The ids of messages are remembered so long.
pub const FRESH: i64 = DAY;
/// Most ids of messages of one member that are remembered. Beyond it, what is older than the oldest of them is refused as too old.
pub const MAX_REMEMBERED: usize = 65_536;
/// Most members whose messages are remembered.
const MAX_SENDERS: usize = 1_024;

/// Names one sealed message; a repetition of the same words has another.
pub type MessageId = [u8; 16];

/// What everybody on the way may read.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Head {
    /// Sender.
    #[n(0)]
    pub from: MemberId,
    /// Addressee.
    #[n(1)]
    pub to: MemberId,
    /// Names the message.
    #[n(2)]
    #[cbor(with = "minicbor::bytes")]
    pub id: MessageId,
    /// Which kind of message ([`Message::kind`]).
    #[n(3)]
    pub kind: u8,
    /// When it was (last) sent.
    #[n(4)]
    pub sent_at: Time,
    /// To which of the addressee's keys it is encrypted.
    #[n(5)]
    #[cbor(with = "minicbor::bytes")]
    pub key: KeyName,
}

/// A message on its way, signed over [`ENVELOPE_DOMAIN`] by the sender's member key.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Envelope {
    /// What everybody may read.
    #[n(0)]
    pub head: Head,
    /// HPKE's encapsulated key.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub enc: [u8; 32],
    /// The message, encrypted.
    #[n(2)]
    #[cbor(with = "minicbor::bytes")]
    pub text: Vec<u8>,
    /// Signature over everything above.
    #[n(3)]
    pub signature: Signature,
}

#[derive(Encode)]
struct Signed<'a>(
    #[n(0)] &'a Head,
    #[cbor(n(1), with = "minicbor::bytes")] &'a [u8],
    #[cbor(n(2), with = "minicbor::bytes")] &'a [u8],
);

/// A member at its writing desk.
#[derive(Debug)]
pub struct Sender<'a> {
    /// Who writes.
    pub me: MemberId,
    /// Names the chain, so that a message of one consortium is nothing in another.
    pub chain: &'a str,
    /// The member key.
    pub key: &'a SigningKey,
}

/// Asks whether a check holds for one of a member's signing keys that count: the present one, or the one before while it counts too.
pub type SignedBy<'a> = dyn Fn(MemberId, &dyn Fn(&PublicKey) -> bool) -> Option<bool> + 'a;

/// A member that opens its post.
pub struct Receiver<'a> {
    /// Who reads.
    pub me: MemberId,
    /// Names the chain.
    pub chain: &'a str,
    /// Present time.
    pub now: Time,
    /// All private keys.
    pub ring: &'a [DecryptionKey],
    /// Keys of ours that were replaced on the ledger, and until when they count.
    pub replaced: &'a [(EncryptionKey, Time)],
    /// Tells whether a check holds for a signing key of a member that counts at present; nothing of whom it does not know.
    pub signed_by: &'a SignedBy<'a>,
}

impl core::fmt::Debug for Receiver<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Receiver({}, {} keys)", self.me, self.ring.len())
    }
}

fn refuse<T>(code: RefusalCode, text: String) -> Result<T, Refusal> {
    Err(Refusal::new(code, text))
}

/// What the encryption is bound to besides the head.
fn info(chain: &str) -> Vec<u8> {
    (ENVELOPE_DOMAIN.to_owned(), chain.to_owned()).to_bytes()
}

impl Envelope {
    /// Encrypts and signs a message. `entropy` must be fresh and secret.
    ///
    /// # Errors
    /// `encryption-key-unknown` when the addressee has registered no key that can be encrypted to.
    pub fn seal(
        sender: &Sender<'_>,
        (to, key): (MemberId, Option<EncryptionKey>),
        sent_at: Time,
        message: &Message,
        entropy: [u8; 32],
    ) -> Result<Self, Refusal> {
        let unknown = |what: &str| {
            let text = format!(
                "{to} has registered {what}: it is sent no message until it registers one (`fairway key rotate-encryption`)"
            );
            Refusal::new(RefusalCode::EncryptionKeyUnknown, text)
        };
        let key = key.ok_or_else(|| unknown("no encryption key"))?;
        let head = Head {
            from: sender.me,
            to,
            id: Hash::keyed(&entropy, "fairway.peer.id", b"").short(),
            kind: message.kind(),
            sent_at,
            key: key.name(),
        };
        let (info, aad) = (info(sender.chain), head.to_bytes());
        let sealed = seal(&key, &info, &aad, &message.to_bytes(), entropy)
            .ok_or_else(|| unknown("an encryption key that is no X25519 key"))?;
        Ok(Self::signed(head, sealed, sender.key))
    }

    /// An envelope around a ciphertext.
    pub fn signed(head: Head, sealed: Sealed, key: &SigningKey) -> Self {
        let mut envelope = Self {
            head,
            enc: sealed.enc,
            text: sealed.text,
            signature: Signature([0; 64]),
        };
        envelope.signature = key.sign(ENVELOPE_DOMAIN, &envelope.covered());
        envelope
    }

    fn covered(&self) -> Vec<u8> {
        let mut out = Vec::new();
        // Writing to a Vec cannot fail, and no type of ours refuses to encode.
        if minicbor::encode(Signed(&self.head, &self.enc, &self.text), &mut out).is_err() {
            out.clear();
        }
        out
    }

    /// Reads an envelope and checks size, form, addressee, signature and time. Nothing is decrypted.
    ///
    /// # Errors
    /// `too-large`, `not-sealed`, `malformed`, `not-authorized` (another sender than the connection's, or another addressee),
    /// `member-unknown`, `bad-signature`, `time-invalid`.
    pub fn read(
        bytes: &[u8],
        connection: MemberId,
        receiver: &Receiver<'_>,
    ) -> Result<Self, Refusal> {
        if bytes.len() > MAX_ENVELOPE {
            let text = format!(
                "an envelope of {} bytes is larger than {MAX_ENVELOPE}",
                bytes.len()
            );
            return refuse(RefusalCode::TooLarge, text);
        }
        let envelope = Self::from_bytes(bytes).map_err(|e| unread(bytes, &e.to_string()))?;
        let Head {
            from, to, sent_at, ..
        } = envelope.head;
        if from != connection || to != receiver.me {
            let text = format!(
                "the connection of {connection} carried a message from {from} to {to}, this is {}",
                receiver.me
            );
            return refuse(RefusalCode::NotAuthorized, text);
        }
        let covered = envelope.covered();
        let check = |key: &PublicKey| key.verify(ENVELOPE_DOMAIN, &covered, &envelope.signature);
        let Some(signed) = (receiver.signed_by)(from, &check) else {
            return refuse(RefusalCode::MemberUnknown, format!("{from} is no member"));
        };
        if !signed {
            let text = format!("the envelope is not signed by {from}");
            return refuse(RefusalCode::BadSignature, text);
        }
        if receiver.now.since(sent_at).saturating_abs() > FRESH {
            let text = format!(
                "the message was sent at {sent_at} and it is {} here: more than {} hours apart; compare the clocks",
                receiver.now,
                FRESH / HOUR
            );
            return refuse(RefusalCode::TimeInvalid, text);
        }
        Ok(envelope)
    }

    /// Decrypts what [`Envelope::read`] gave.
    ///
    /// # Errors
    /// `encryption-key-unknown`, `encryption-key-retired`, `seal-broken`, `malformed`.
    pub fn open(self, receiver: &Receiver<'_>) -> Result<(Head, Message), Refusal> {
        let key = self.private_key(receiver)?;
        let Self {
            head, enc, text, ..
        } = self;
        let sealed = Sealed { enc, text };
        let Some(plain) = key.open(&sealed, &info(receiver.chain), &head.to_bytes()) else {
            let text = format!(
                "the message of {} does not open: it was encrypted for another, by another, on another chain, or changed since",
                head.from
            );
            return refuse(RefusalCode::SealBroken, text);
        };
        let message = Message::from_bytes(&plain)
            .map_err(|e| Refusal::new(RefusalCode::Malformed, format!("sealed message: {e}")))?;
        if message.kind() != head.kind {
            let text = format!(
                "the head says message kind {}, inside is {} ({})",
                head.kind,
                message.kind(),
                message.name()
            );
            return refuse(RefusalCode::Malformed, text);
        }
        Ok((head, message))
    }

    fn private_key<'a>(&self, receiver: &Receiver<'a>) -> Result<&'a DecryptionKey, Refusal> {
        let Head { from, key, .. } = &self.head;
        let replaced = receiver.replaced.iter().find(|(k, _)| k.name() == *key);
        if let Some((_, until)) = replaced.filter(|(_, until)| *until <= receiver.now) {
            let text = format!(
                "{from} encrypted to a key that was replaced and counted until {until}; the ledger says which counts now"
            );
            return refuse(RefusalCode::EncryptionKeyRetired, text);
        }
        // A key that the ledger does not show here yet may have been read there by the sender before.
        let found = receiver.ring.iter().find(|k| k.public().name() == *key);
        found.ok_or_else(|| {
            let text = format!(
                "{from} encrypted to a key of which the keys folder has no private half; restore it, or register another (`fairway key rotate-encryption`)"
            );
            Refusal::new(RefusalCode::EncryptionKeyUnknown, text)
        })
    }
}

/// Why bytes are no envelope: a message in the clear is refused by name.
fn unread(bytes: &[u8], why: &str) -> Refusal {
    let in_the_clear = minicbor::decode::<(MemberId, MemberId, Time, Message, Signature)>(bytes)
        .is_ok()
        || Message::from_bytes(bytes).is_ok();
    if in_the_clear {
        let text = "the message is not encrypted; messages between members are encrypted to the addressee's registered key";
        return Refusal::new(RefusalCode::NotSealed, text);
    }
    Refusal::new(RefusalCode::Malformed, format!("envelope: {why}"))
}

/// Which messages were opened, so that a copy is noticed. Kept in memory alone: after a restart a copy may be opened once more, and
/// then changes nothing, because every message is named by its charge or operation.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    senders: BTreeMap<MemberId, Window>,
}

#[derive(Debug, Clone, Default)]
struct Window {
    ids: BTreeSet<(Time, MessageId)>,
    /// What was sent earlier may have been forgotten.
    floor: Option<Time>,
}

impl Seen {
    /// Whether a message is new.
    ///
    /// # Errors
    /// `replayed`; `time-invalid` when so many came after it that its id may have been forgotten.
    pub(crate) fn check(&self, head: &Head) -> Result<(), Refusal> {
        let Some(window) = self.senders.get(&head.from) else {
            return Ok(());
        };
        if window.ids.contains(&(head.sent_at, head.id)) {
            let text = format!(
                "this message of {}, sent at {}, was opened before; nothing changed",
                head.from, head.sent_at
            );
            return refuse(RefusalCode::Replayed, text);
        }
        if window.floor.is_some_and(|floor| head.sent_at < floor) {
            let text = format!(
                "the message of {} was sent at {}, before {MAX_REMEMBERED} others that are remembered",
                head.from, head.sent_at
            );
            return refuse(RefusalCode::TimeInvalid, text);
        }
        Ok(())
    }

    /// Remembers a message that was opened.
    pub(crate) fn note(&mut self, now: Time, head: &Head) {
        if self.senders.len() >= MAX_SENDERS && !self.senders.contains_key(&head.from) {
            return;
        }
        let window = self.senders.entry(head.from).or_default();
        window.ids.insert((head.sent_at, head.id));
        let over = |first: &(Time, MessageId), len: usize| {
            now.since(first.0) > FRESH || len > MAX_REMEMBERED
        };
        while let Some(first) = window.ids.first().copied() {
            if !over(&first, window.ids.len()) {
                return;
            }
            window.ids.remove(&first);
            // Of one millisecond some may remain: what is as old as the forgotten one is refused from now on.
            window.floor = Some(first.0.plus(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(from: &str, at: i64, id: u8) -> Head {
        Head {
            from: MemberId::parse(from).unwrap(),
            to: MemberId::parse("US*APC").unwrap(),
            id: [id; 16],
            kind: 0,
            sent_at: Time(at),
            key: [0; 16],
        }
    }

    #[test]
    fn a_copy_is_noticed_and_memory_is_bounded() {
        let mut seen = Seen::default();
        let first = head("US*DUK", 10, 1);
        seen.check(&first).unwrap();
        seen.note(Time(10), &first);
        assert_eq!(seen.check(&first).unwrap_err().code, RefusalCode::Replayed);
        seen.check(&head("US*DUK", 10, 2)).unwrap();
        seen.check(&head("US*SOC", 10, 1)).unwrap();
        for n in 0..=MAX_REMEMBERED {
            let mut next = head("US*DUK", 11, 0);
            next.id[..8].copy_from_slice(&(n as u64).to_be_bytes());
            seen.note(Time(11), &next);
        }
        let window = &seen.senders[&first.from];
        assert_eq!(window.ids.len(), MAX_REMEMBERED);
        // Forgotten, and yet not opened again.
        assert_eq!(
            seen.check(&first).unwrap_err().code,
            RefusalCode::TimeInvalid
        );
        // What is older than messages may be is forgotten.
        seen.note(Time(11 + FRESH + 1), &head("US*DUK", 11 + FRESH, 1));
        assert_eq!(seen.senders[&first.from].ids.len(), 1);
    }
}
