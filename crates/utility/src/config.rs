//! Who this utility is. Read once, by the shell.

use crate::command::Policy;
use crate::seal::DecryptionKey;
use fairway_forecast::calendar::Calendar;
use fairway_model::registry::Member;
use fairway_model::{MemberId, PublicKey, SigningKey};

/// Most private encryption keys that a member keeps.
pub const MAX_DECRYPTION_KEYS: usize = 64;

/// The grid area whose load a utility reports to the ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The area as in its EVSEs' ledger entries.
    pub area: String,
    /// Its region's clock and holidays: days are counted by them.
    pub calendar: Calendar,
    /// The load is made up, for a demonstration; it is marked as such wherever it is shown.
    pub synthetic: bool,
}

/// Everything that a utility must know at its start. Of it only its keys change while it runs.
#[derive(Clone)]
pub struct Config {
    /// Its member id.
    pub id: MemberId,
    /// The key that signs its messages, offers, charge events and transactions.
    pub key: SigningKey,
    /// Opens what other members encrypt to it: the key that the ledger names, those before it, and one that is to follow. At
    /// most [`MAX_DECRYPTION_KEYS`].
    pub ring: Vec<DecryptionKey>,
    /// Its name as drivers read it.
    pub name: String,
    /// Makes pseudonyms, session ids and the keys of visiting profiles; in no database.
    pub secret: [u8; 32],
    /// Names the chain that its transactions are signed for.
    pub chain: String,
    /// Charging rules and policy until a newer version is put in force.
    pub policy: Policy,
    /// The founding members; later ones come from the ledger.
    pub members: Vec<Member>,
    /// Minutes that bill months are ahead of UTC, -720 to 840.
    pub bill_offset: i32,
    /// What it reports of its load, if it does.
    pub report: Option<Report>,
}

impl core::fmt::Debug for Config {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // Secrets never reach a log.
        write!(f, "Config({}, {:?})", self.id, self.name)
    }
}

impl Config {
    /// The public half of the signing key.
    pub fn public(&self) -> PublicKey {
        self.key.public()
    }
}
