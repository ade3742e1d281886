//! The home profile database (HCP, CP-01): who the customers are, and whether a presented credential is genuine (CP-02).
//!
//! Invariants: a customer is in the residential or in the commercial store, never in both; a credential leads to one customer.

use crate::attempts::Attempts;
use crate::credential::{self, Credential};
use crate::customer::{
    Checked, Customer, CustomerInput, CustomerKey, CustomerPatch, PinHash, check, table_of,
};
use crate::store::{Label, StoreTable, StoredChange, read, unreadable};
use fairway_model::station::{InputMethod, Presented};
use fairway_model::{
    Cin, CustomerClass, Emaid, Hash, MemberId, PrefixTable, Refusal, RefusalCode, Tier, Time,
};
use std::collections::BTreeMap;

/// Most customers of one utility's node.
pub const MAX_CUSTOMERS: usize = 10_000_000;

/// What a change of a profile did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileChange {
    /// The customer.
    pub customer: CustomerKey,
    /// Names of the fields that changed; empty when nothing did.
    pub fields: Vec<&'static str>,
    /// Whether what partners were told is no longer right, so that issued statements must be revoked.
    pub stale: bool,
    /// Whether the customer is new.
    pub added: bool,
    /// What to store.
    pub changes: Vec<StoredChange>,
}

/// Home profiles with their index of credentials.
#[derive(Clone)]
pub struct HomeProfiles {
    member: MemberId,
    secret: [u8; 32],
    residential: BTreeMap<CustomerKey, Customer>,
    commercial: BTreeMap<CustomerKey, Customer>,
    index: BTreeMap<String, CustomerKey>,
    attempts: Attempts,
}

impl core::fmt::Debug for HomeProfiles {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "HomeProfiles({} residential, {} commercial)",
            self.residential.len(),
            self.commercial.len()
        )
    }
}

fn unknown() -> Refusal {
    Refusal::new(
        RefusalCode::CinUnknown,
        "the home utility does not know this number: compare it with the card, or call your utility",
    )
}

fn invalid(text: impl Into<String>) -> Refusal {
    Refusal::new(RefusalCode::CustomerInvalid, text)
}

impl HomeProfiles {
    /// An empty database of a utility. `secret` keys PIN hashes and fingerprints; it must stay the same over restarts.
    pub fn new(member: MemberId, secret: [u8; 32]) -> Self {
        Self {
            member,
            secret,
            residential: BTreeMap::new(),
            commercial: BTreeMap::new(),
            index: BTreeMap::new(),
            attempts: Attempts::default(),
        }
    }

    /// How many customers there are in both stores.
    pub fn len(&self) -> usize {
        self.residential.len().saturating_add(self.commercial.len())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All customers of one store, in order of key.
    pub fn of_class(&self, class: CustomerClass) -> impl Iterator<Item = &Customer> {
        match class {
            CustomerClass::Residential => self.residential.values(),
            CustomerClass::Commercial => self.commercial.values(),
        }
    }

    /// The customer with this key.
    pub fn by_key(&self, key: CustomerKey) -> Option<&Customer> {
        self.residential
            .get(&key)
            .or_else(|| self.commercial.get(&key))
    }

    /// The customer with this CIN, digits with or without separators.
    ///
    /// # Errors
    /// `cin-mistyped`, `cin-unknown`.
    pub fn by_cin(&self, cin: &str) -> Result<&Customer, Refusal> {
        let cin =
            Cin::parse(cin).map_err(|e| Refusal::new(RefusalCode::CinMistyped, e.to_string()))?;
        self.find(&Credential::Cin(cin)).ok_or_else(unknown)
    }

    /// Every text that leads to a customer: CIN, the eMAID of the CIN (CIN-09), and the credentials entered.
    fn texts(&self, customer: &Customer) -> Vec<String> {
        let mut table = PrefixTable::default();
        let registered = table.insert(customer.cin.prefix(), self.member).is_ok();
        let emaid = Emaid::of(&customer.cin, &table).ok().filter(|_| registered);
        let mut texts = vec![customer.cin.digits()];
        texts.extend(emaid.map(|e| e.as_str().to_owned()));
        texts.extend(customer.credentials.iter().cloned());
        texts
    }

    fn find(&self, credential: &Credential) -> Option<&Customer> {
        self.index
            .get(&credential.text())
            .and_then(|key| self.by_key(*key))
    }

    /// The class of the customer whose credential this is, so that the rules of the right store are applied (CR-03); without
    /// authentication, and not counted as an attempt.
    pub fn class_of(&self, presented: &Presented) -> Option<CustomerClass> {
        let credential = credential::presented(presented).ok()?;
        self.find(&credential).map(|c| c.class)
    }

    /// Says whose credential it is (AA-01, CP-02). A right check digit makes no number genuine: only this database does.
    ///
    /// The dial pad needs the PIN where the customer has one; card, code and contract do not. A blocked or frozen customer is told
    /// so before the PIN is looked at. Ask once per charge: the caller answers repeated messages from what it kept.
    ///
    /// # Errors
    /// `cin-mistyped`, `credential-foreign`, `cin-unknown`, `cin-blocked`, `cin-frozen`, `pin-wrong`, `too-many-attempts` (see [`crate::attempts`]).
    pub fn authenticate(
        &mut self,
        now: Time,
        asking: MemberId,
        presented: &Presented,
    ) -> Result<&Customer, Refusal> {
        let credential = credential::presented(presented)?;
        self.attempts.check_member(now, asking)?;
        let Some(key) = self.find(&credential).map(|c| c.key) else {
            self.attempts.unknown(now, asking);
            return Err(unknown());
        };
        self.admit(now, asking, key, presented)?;
        self.by_key(key).ok_or_else(unknown)
    }

    fn admit(
        &mut self,
        now: Time,
        asking: MemberId,
        key: CustomerKey,
        presented: &Presented,
    ) -> Result<(), Refusal> {
        let customer = self.by_key(key).ok_or_else(unknown)?;
        customer.check_open()?;
        let (InputMethod::DialPad, Some(kept)) = (presented.method, customer.pin) else {
            return Ok(());
        };
        // Counted per customer, so that CIN and loyalty number do not give twice the guesses.
        let counted = Hash::keyed(&self.secret, "fairway.attempt", &key.0);
        self.attempts.check_pin(now, counted, asking)?;
        let Some(pin) = presented.pin.as_deref() else {
            return Err(Refusal::new(
                RefusalCode::PinWrong,
                "this number needs its PIN on the dial pad",
            ));
        };
        if kept.fits(&self.secret, pin) {
            self.attempts.right_pin(counted, asking);
            return Ok(());
        }
        let wrong = Hash::keyed(&self.secret, "fairway.wrong-pin", pin.as_bytes());
        self.attempts.wrong_pin(now, counted, asking, wrong);
        Err(Refusal::new(
            RefusalCode::PinWrong,
            "the PIN is wrong: try again, or use the card",
        ))
    }

    /// Adds a customer, or changes the one with this CIN. `entropy` becomes the key of a new customer and the salt of a PIN.
    ///
    /// # Errors
    /// `cin-mistyped`; `customer-invalid` names the field: out of range, a credential of somebody else, the other store
    /// (a customer cannot be residential and commercial), or another currency than the account's. Nothing is changed then.
    pub fn put(
        &mut self,
        now: Time,
        entropy: &[u8; 32],
        input: &CustomerInput,
    ) -> Result<ProfileChange, Refusal> {
        let checked = check(input)?;
        let before = self.find(&Credential::Cin(checked.cin)).cloned();
        let pin = self.pin(entropy, input.pin.as_deref(), before.as_ref());
        self.enter(now, entropy, input, (checked, before), pin)
    }

    /// Changes a customer in some respects and leaves the others as they are.
    ///
    /// # Errors
    /// `cin-mistyped`, `cin-unknown`; as [`HomeProfiles::put`].
    pub fn patch(
        &mut self,
        now: Time,
        entropy: &[u8; 32],
        cin: &str,
        patch: &CustomerPatch,
    ) -> Result<ProfileChange, Refusal> {
        let before = self.by_cin(cin)?.clone();
        let input = patch.over(&before);
        let pin = match &patch.pin {
            None => before.pin,
            Some(entered) => self.pin(entropy, entered.as_deref(), Some(&before)),
        };
        let checked = check(&input)?;
        self.enter(now, entropy, &input, (checked, Some(before)), pin)
    }

    fn enter(
        &mut self,
        now: Time,
        entropy: &[u8; 32],
        input: &CustomerInput,
        (checked, before): (Checked, Option<Customer>),
        pin: Option<PinHash>,
    ) -> Result<ProfileChange, Refusal> {
        if let Some(before) = &before {
            allowed_change(before, input)?;
        } else if self.len() >= MAX_CUSTOMERS {
            return Err(Refusal::new(
                RefusalCode::TooLarge,
                format!("a node keeps at most {MAX_CUSTOMERS} customers"),
            ));
        }
        let key = before
            .as_ref()
            .map_or_else(|| CustomerKey::draw(entropy), |b| b.key);
        let mut after = Customer {
            key,
            cin: checked.cin,
            name: input.name.clone(),
            class: input.class,
            tier: input.tier,
            payment: input.payment,
            credit_limit: input.credit_limit,
            language: input.language.clone(),
            pin,
            credentials: checked.credentials,
            currency: input.currency,
            blocked: before.as_ref().is_some_and(|b| b.blocked),
            version: before.as_ref().map_or(1, |b| b.version),
            since: before.as_ref().map_or(now, |b| b.since),
            frozen: before.as_ref().and_then(|b| b.frozen),
        };
        self.check_unique(&after)?;
        let fields = before
            .as_ref()
            .map_or_else(Vec::new, |b| changed_fields(b, &after));
        if before.as_ref() == Some(&after) {
            return Ok(ProfileChange {
                customer: key,
                fields,
                stale: false,
                added: false,
                changes: Vec::new(),
            });
        }
        if let Some(before) = &before {
            after.version = before.version.saturating_add(1);
        }
        let stale = before.as_ref().is_some_and(|b| is_stale(b, &after));
        let changes = vec![self.keep(now, after)];
        Ok(ProfileChange {
            customer: key,
            fields,
            stale,
            added: before.is_none(),
            changes,
        })
    }

    /// The PIN to keep: the old hash when the digits are the same, so that putting the same customer twice changes nothing.
    fn pin(
        &self,
        entropy: &[u8; 32],
        entered: Option<&str>,
        before: Option<&Customer>,
    ) -> Option<PinHash> {
        let entered = entered?;
        let old = before
            .and_then(|b| b.pin)
            .filter(|old| old.fits(&self.secret, entered));
        Some(old.unwrap_or_else(|| {
            PinHash::make(
                &self.secret,
                Hash::keyed(entropy, "fairway.pin-salt", b""),
                entered,
            )
        }))
    }

    fn check_unique(&self, customer: &Customer) -> Result<(), Refusal> {
        let mine = |text: &String| {
            self.index
                .get(text)
                .is_none_or(|owner| *owner == customer.key)
        };
        for (at, text) in (1u32..).zip(&customer.credentials) {
            if !mine(text) {
                return Err(invalid(format!(
                    "credentials: number {at} belongs to another customer"
                )));
            }
        }
        if !self.texts(customer).iter().all(mine) {
            return Err(invalid(
                "cin: another customer has this number, or its contract id, as a credential",
            ));
        }
        Ok(())
    }

    fn keep(&mut self, now: Time, customer: Customer) -> StoredChange {
        let key = customer.key;
        let former = self.by_key(key).map(|c| self.texts(c)).unwrap_or_default();
        for text in former {
            self.index.remove(&text);
        }
        for text in self.texts(&customer) {
            self.index.insert(text, key);
        }
        let label = Label {
            key: key.to_string(),
            subject: key.to_string(),
            at: now,
            summary: format!(
                "{:?} {:?} {:?}, version {}",
                customer.class, customer.tier, customer.payment, customer.version
            ),
        };
        let change = StoredChange::put(customer.table(), label, &customer);
        match customer.class {
            CustomerClass::Residential => self.residential.insert(key, customer),
            CustomerClass::Commercial => self.commercial.insert(key, customer),
        };
        change
    }

    fn change(
        &mut self,
        now: Time,
        key: CustomerKey,
        field: &'static str,
        edit: impl FnOnce(&mut Customer),
    ) -> Result<ProfileChange, Refusal> {
        let before = self.by_key(key).ok_or_else(unknown)?;
        let mut after = before.clone();
        edit(&mut after);
        if after == *before {
            return Ok(ProfileChange {
                customer: key,
                fields: Vec::new(),
                stale: false,
                added: false,
                changes: Vec::new(),
            });
        }
        after.version = before.version.saturating_add(1);
        let changes = vec![self.keep(now, after)];
        Ok(ProfileChange {
            customer: key,
            fields: vec![field],
            stale: true,
            added: false,
            changes,
        })
    }

    /// Blocks or unblocks every credential of a customer (CIN-10).
    ///
    /// # Errors
    /// `cin-unknown`.
    pub fn set_blocked(
        &mut self,
        now: Time,
        key: CustomerKey,
        blocked: bool,
    ) -> Result<ProfileChange, Refusal> {
        self.change(now, key, "blocked", |c| c.blocked = blocked)
    }

    /// Freezes every credential of a customer at his own wish, or lifts that again; the utility's block stays as it is. Freezing twice
    /// keeps the time of the first.
    ///
    /// # Errors
    /// `cin-unknown`.
    pub fn set_frozen(
        &mut self,
        now: Time,
        key: CustomerKey,
        frozen: bool,
    ) -> Result<ProfileChange, Refusal> {
        self.change(now, key, "frozen", |c| {
            c.frozen = frozen.then(|| c.frozen.unwrap_or(now));
        })
    }

    /// Gives a customer another loyalty tier (CR-14).
    ///
    /// # Errors
    /// `cin-unknown`.
    pub fn set_tier(
        &mut self,
        now: Time,
        key: CustomerKey,
        tier: Tier,
    ) -> Result<ProfileChange, Refusal> {
        self.change(now, key, "tier", |c| c.tier = tier)
    }

    /// Removes a customer with every credential (CP-07).
    pub fn remove(&mut self, key: CustomerKey) -> Vec<StoredChange> {
        let Some(customer) = self
            .residential
            .remove(&key)
            .or_else(|| self.commercial.remove(&key))
        else {
            return Vec::new();
        };
        for text in self.texts(&customer) {
            self.index.remove(&text);
        }
        vec![StoredChange::delete(customer.table(), key.to_string())]
    }

    /// Forgets attempts that no longer matter.
    pub fn expire(&mut self, now: Time) {
        self.attempts.expire(now);
    }

    /// Takes back a stored row.
    ///
    /// # Errors
    /// `malformed` when the body is no customer of that store; `customer-invalid` when the customer is in the other store or a
    /// credential is there twice: the database is damaged.
    pub fn restore(&mut self, table: StoreTable, key: &str, body: &[u8]) -> Result<(), Refusal> {
        let customer: Customer = read(table, key, body)?;
        if table != table_of(customer.class) || key != customer.key.to_string() {
            return Err(unreadable(
                table,
                key,
                "the row stands in the wrong store or under the wrong key",
            ));
        }
        if self
            .by_key(customer.key)
            .is_some_and(|c| c.class != customer.class)
        {
            return Err(invalid(format!(
                "{} is in the residential and in the commercial store",
                customer.key
            )));
        }
        self.check_unique(&customer)?;
        let _same_row = self.keep(customer.since, customer);
        Ok(())
    }
}

fn allowed_change(before: &Customer, input: &CustomerInput) -> Result<(), Refusal> {
    if before.class != input.class {
        let text = format!(
            "class: this CIN is in the {:?} store, and a customer cannot be in both: erase it there first, or give out a new CIN",
            before.class
        );
        return Err(invalid(text));
    }
    if before.currency != input.currency {
        return Err(invalid(format!(
            "currency: the account is in {}, and stays so",
            before.currency
        )));
    }
    Ok(())
}

/// Whether what partners were told about the customer, or what they may do with it, is no longer right: entitlements changed,
/// credit was cut, a credential was taken away, or the dial pad now needs a PIN.
fn is_stale(before: &Customer, after: &Customer) -> bool {
    let told = before.tier != after.tier
        || before.payment != after.payment
        || before.language != after.language;
    let taken = before
        .credentials
        .iter()
        .any(|c| !after.credentials.contains(c));
    let cut = after.credit_limit < before.credit_limit;
    told || taken || cut || (before.pin.is_none() && after.pin.is_some())
}

fn changed_fields(a: &Customer, b: &Customer) -> Vec<&'static str> {
    let pairs = [
        ("name", a.name != b.name),
        ("tier", a.tier != b.tier),
        ("payment", a.payment != b.payment),
        ("credit_limit", a.credit_limit != b.credit_limit),
        ("language", a.language != b.language),
        ("pin", a.pin != b.pin),
        ("credentials", a.credentials != b.credentials),
    ];
    pairs
        .into_iter()
        .filter(|(_, changed)| *changed)
        .map(|(name, _)| name)
        .collect()
}
