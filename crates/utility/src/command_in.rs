//! What operators ask (idempotent by id).

use crate::command::{
    AreaBook, CaseCommand, Command, EnergyBalance, EnergyCommand, MAX_LIST, MoneyCommand,
    OpenOffer, Policy, Reply,
};
use crate::door::{Effect, Level, Row, Table};
use crate::machine::Utility;
use crate::out::Out;
use fairway_aaa::CustomerChange;
use fairway_ledger::{Operation, RuleOperation, Transaction, TxNonce};
use fairway_model::agreement::AGREEMENT_DOMAIN;
use fairway_model::canonical::Canonical;
use fairway_model::registry::{EncryptionKey, EvseEntry};
use fairway_model::{
    Agreement, AgreementId, Cin, DecodeError, Hash, Refusal, RefusalCode, StationId, Time,
};
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, BTreeSet};

/// Most answers to changing commands that are kept; the oldest leave first.
pub const MAX_COMMANDS: usize = 10_000;
/// Most stations of one utility.
pub const MAX_STATIONS: usize = 100_000;
/// Most partners with rules of their own.
const MAX_PARTNERS: usize = 64;
/// Most grid areas with a load.
const MAX_AREAS: usize = 10_000;
/// Longest stored password hash in bytes.
const MAX_PASSWORD: usize = 512;

/// What was answered to a command.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Kept {
    /// Hash of the command, so that another one under the same id is noticed.
    #[n(0)]
    command: Hash,
    /// The reply; `None` in `reply` means that `refusal` says why not.
    #[n(1)]
    reply: Option<Reply>,
    #[n(2)]
    refusal: Option<Refusal>,
}

/// Answers to changing commands, by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Answers {
    kept: BTreeMap<[u8; 16], Kept>,
    order: BTreeSet<(Time, [u8; 16])>,
}

fn key_of(id: &[u8; 16]) -> String {
    use core::fmt::Write as _;
    id.iter().fold(String::with_capacity(32), |mut text, b| {
        let _ = write!(text, "{b:02x}");
        text
    })
}

impl Answers {
    fn keep(&mut self, out: &mut Out, id: [u8; 16], kept: Kept) {
        out.put(Row::new(
            Table::Commands,
            key_of(&id),
            "",
            out.now,
            "answered",
            &(id.to_vec(), kept.clone()),
        ));
        self.kept.insert(id, kept);
        self.order.insert((out.now, id));
        if self.order.len() > MAX_COMMANDS
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.kept.remove(&oldest);
            out.delete(Table::Commands, key_of(&oldest));
        }
    }

    pub(crate) fn restore(&mut self, row: &Row) -> Result<(), DecodeError> {
        let (id, kept) = <(Vec<u8>, Kept)>::from_bytes(&row.body)?;
        let id: [u8; 16] = id.try_into().map_err(|_| {
            DecodeError::Malformed("command id of another length than 16".to_owned())
        })?;
        if self.kept.insert(id, kept).is_none() {
            self.order.insert((row.at, id));
        }
        Ok(())
    }
}

fn changes_something(command: &Command) -> bool {
    !matches!(
        command,
        Command::Bill { .. }
            | Command::ExportCustomer { .. }
            | Command::Session(_)
            | Command::Sessions
            | Command::Books
            | Command::Status
            | Command::Desk(_)
            | Command::ShowForecast
            | Command::Case(CaseCommand::List | CaseCommand::Show(_))
            | Command::Energy(EnergyCommand::Show)
            | Command::Money(
                MoneyCommand::Cycles
                    | MoneyCommand::Statement(_)
                    | MoneyCommand::Obligations
                    | MoneyCommand::Tokens
            )
    ) && !matches!(command, Command::Terms(terms) if terms.asks())
}

impl Utility {
    pub(crate) fn on_command(&mut self, out: &mut Out, id: [u8; 16], command: Command) {
        // Keyed: a plain hash of a command with a CIN could be found by trying all of them.
        let hash = Hash::keyed(&self.me.secret, "fairway.command", &command.to_bytes());
        if let Some(kept) = self.answers.kept.get(&id) {
            let reply = if kept.command == hash {
                match (&kept.reply, &kept.refusal) {
                    (Some(reply), _) => Ok(reply.clone()),
                    (None, refusal) => Err(refusal.clone().unwrap_or_else(|| {
                        Refusal::new(RefusalCode::Duplicate, "answered before")
                    })),
                }
            } else {
                Err(Refusal::new(
                    RefusalCode::IdConflict,
                    "another command had this id; choose a new one for a new command",
                ))
            };
            return out.act(Effect::Reply { id, reply });
        }
        let lasting = changes_something(&command);
        let reply = self.run(out, &id, command);
        if lasting {
            let kept = Kept {
                command: hash,
                reply: reply.clone().ok(),
                refusal: reply.clone().err(),
            };
            self.answers.keep(out, id, kept);
        }
        out.act(Effect::Reply { id, reply });
    }

    fn run(&mut self, out: &mut Out, id: &[u8; 16], command: Command) -> Result<Reply, Refusal> {
        match command {
            Command::PutCustomer(new) => {
                self.must_answer_for(&new.cin)?;
                let change = self.node.put_customer(out, &new)?;
                Ok(self.customer_changed(out, change))
            }
            Command::ChangeCustomer(changed) => {
                let change = self.node.change_customer(out, &changed)?;
                Ok(self.customer_changed(out, change))
            }
            Command::SetBlocked { cin, blocked } => {
                let change = self.node.aaa.set_blocked(out.now, &cin, blocked)?;
                Ok(self.customer_changed(out, change))
            }
            Command::SetFrozen { customer, frozen } => self.set_frozen(out, &customer, frozen),
            Command::StopCharge { customer, session } => self.stop_charge(out, &customer, session),
            Command::EndCharge { session } => self.end_charge(out, session),
            Command::TopUp { cin, amount } => {
                let changes = self.node.aaa.top_up(out.now, &cin, amount)?;
                out.keep(changes);
                Ok(Reply::Done)
            }
            Command::PutStation { station, password } => self.put_station(out, station, password),
            Command::RegisterPrefix(entry) => {
                self.hand_in(out, id, Operation::RegisterPrefix(entry))
            }
            Command::RegisterEvse(entry) => self.register_evse(out, id, entry),
            Command::EraseCustomer { cin } => self.erase_customer(out, &cin),
            Command::ExportCustomer { cin } => self.export_customer(out, &cin),
            Command::RotateEncryptionKey {
                new_key,
                compromised,
            } => self.rotate_encryption_key(out, id, new_key, compromised),
            Command::UploadRule { module } => {
                self.hand_in(out, id, Operation::Rule(RuleOperation::Upload { module }))
            }
            Command::ProposeAgreement(agreement) => self.propose_agreement(out, id, agreement),
            Command::Countersign(agreement) => self.countersign(out, id, agreement),
            Command::SetLoad { area, load_bps } => self.set_load(out, area, load_bps),
            Command::PutPolicy(policy) => self.put_policy(out, *policy),
            Command::Bill { cin, year, month } => {
                let name = self.registry.name_of(self.me.id);
                let bill = self.node.aaa.bill(&cin, (year, month), name);
                bill.map(|b| Reply::Bill(Box::new(b)))
            }
            Command::Session(session) => self
                .session_trace(session)
                .map(|t| Reply::Session(Box::new(t))),
            Command::Sessions => Ok(Reply::Sessions(self.summaries())),
            Command::Books => self.books().map(Reply::Books),
            Command::Status => Ok(Reply::Status(self.status())),
            Command::Case(command) => self.case_command(out, id, command),
            Command::Terms(command) => self.on_terms_command(out, id, command),
            Command::Energy(EnergyCommand::Submit(operation)) => {
                self.hand_in(out, id, Operation::Energy(operation))
            }
            Command::Energy(EnergyCommand::Show) => {
                Ok(Reply::Energy(Box::new(self.energy_balance())))
            }
            Command::Money(command) => self.money_command(out, id, command),
            Command::Forecast(operation) => self.hand_in(out, id, Operation::Forecast(operation)),
            Command::Desk(question) => self
                .desk(out.now, question)
                .map(|answer| Reply::Desk(Box::new(answer))),
            Command::PutLoads(loads) => self.take_loads(out, &loads).map(Reply::Fed),
            Command::ShowForecast => Ok(Reply::Forecast(Box::new(self.forecast_view(out.now)))),
        }
    }

    /// A driver freezes every credential of his, or lifts that again.
    fn set_frozen(
        &mut self,
        out: &mut Out,
        customer: &str,
        frozen: bool,
    ) -> Result<Reply, Refusal> {
        let key = self.customer(customer)?.key;
        let change = self.node.aaa.set_frozen(out.now, key, frozen)?;
        Ok(self.customer_changed(out, change))
    }

    /// Customers have numbers that lead to us: under another member's prefix every partner would ask that member.
    fn must_answer_for(&self, cin: &str) -> Result<(), Refusal> {
        let cin = Cin::parse(cin)
            .map_err(|e| Refusal::new(RefusalCode::CinMistyped, format!("cin: {e}")))?;
        let prefix = cin.prefix();
        let text = match self.registry.prefixes.find(&cin) {
            Ok(member) if member == self.me.id => return Ok(()),
            Ok(member) => format!(
                "cin: numbers that begin with {prefix} are {member}'s, this is {}",
                self.me.id
            ),
            Err(_) => format!(
                "cin: {} has not registered the prefix {prefix}; register it first, or compare the number",
                self.me.id
            ),
        };
        Err(Refusal::new(RefusalCode::CustomerInvalid, text))
    }

    fn customer_changed(&mut self, out: &mut Out, change: CustomerChange) -> Reply {
        out.keep(change.changes);
        self.revoke(out, change.revoke);
        Reply::Done
    }

    fn put_station(
        &mut self,
        out: &mut Out,
        station: StationId,
        password: String,
    ) -> Result<Reply, Refusal> {
        if password.is_empty() || password.len() > MAX_PASSWORD {
            return Err(Refusal::new(
                RefusalCode::TooLarge,
                format!("the password's hash must have 1 to {MAX_PASSWORD} bytes"),
            ));
        }
        if self.stations.len() >= MAX_STATIONS && !self.stations.contains_key(&station) {
            return Err(Refusal::new(
                RefusalCode::Busy,
                format!("a utility keeps at most {MAX_STATIONS} stations"),
            ));
        }
        out.put(Row::new(
            Table::Stations,
            station.as_str(),
            station.as_str(),
            out.now,
            "station",
            &(station.clone(), password.clone()),
        ));
        self.stations.insert(station, password);
        Ok(Reply::Done)
    }

    /// Hands an operation to the ledger; what no node would admit is refused here, before it is repeated to no end.
    pub(crate) fn hand_in(
        &mut self,
        out: &mut Out,
        id: &[u8; 16],
        operation: Operation,
    ) -> Result<Reply, Refusal> {
        let probe = Transaction::sign(
            &self.me.chain,
            self.me.id,
            TxNonce(*id),
            operation.clone(),
            &self.me.key,
        );
        fairway_ledger::admissible(&self.me.chain, &probe.to_bytes())?;
        let key = format!("{}{}", crate::refused::ASKED, key_of(id));
        self.submit(out, key, operation, None, 0);
        Ok(Reply::Submitted)
    }

    /// A key that nobody here can open with is not registered: everything that is sent to us would be lost.
    fn rotate_encryption_key(
        &mut self,
        out: &mut Out,
        id: &[u8; 16],
        new_key: EncryptionKey,
        compromised: bool,
    ) -> Result<Reply, Refusal> {
        if !self.me.ring.iter().any(|key| key.public() == new_key) {
            return Err(Refusal::new(
                RefusalCode::EncryptionKeyUnknown,
                format!(
                    "the keys folder has no private half of {new_key}; `fairway key rotate-encryption` makes one there"
                ),
            ));
        }
        let operation = Operation::RotateEncryptionKey {
            new_key,
            compromised,
        };
        self.hand_in(out, id, operation)
    }

    fn register_evse(
        &mut self,
        out: &mut Out,
        id: &[u8; 16],
        entry: EvseEntry,
    ) -> Result<Reply, Refusal> {
        if entry.utility != self.me.id {
            let text = format!(
                "the charging point is served by {}, this is {}",
                entry.utility, self.me.id
            );
            return Err(Refusal::new(RefusalCode::NotAuthorized, text));
        }
        fairway_protocol::ocmf::check_key(&entry.meter_key)?;
        self.hand_in(out, id, Operation::RegisterEvse(Box::new(entry)))
    }

    fn propose_agreement(
        &mut self,
        out: &mut Out,
        id: &[u8; 16],
        agreement: Box<Agreement>,
    ) -> Result<Reply, Refusal> {
        if agreement.home != self.me.id && agreement.visited != self.me.id {
            let text = format!(
                "{} is no party of an agreement between {} and {}",
                self.me.id, agreement.home, agreement.visited
            );
            return Err(Refusal::new(RefusalCode::NotAuthorized, text));
        }
        self.registry.check_newer(&agreement)?;
        let signature = self.me.key.sign(AGREEMENT_DOMAIN, &agreement.to_bytes());
        self.hand_in(
            out,
            id,
            Operation::ProposeAgreement {
                agreement,
                signature,
            },
        )
    }

    fn countersign(
        &mut self,
        out: &mut Out,
        id: &[u8; 16],
        agreement: AgreementId,
    ) -> Result<Reply, Refusal> {
        let unknown = || {
            Refusal::new(
                RefusalCode::AgreementUnknown,
                format!("{agreement} is not proposed on the ledger as far as it is seen here"),
            )
        };
        let record = self
            .registry
            .agreements
            .get(&agreement)
            .ok_or_else(unknown)?;
        let (home, visited) = (record.agreement.home, record.agreement.visited);
        if home != self.me.id && visited != self.me.id {
            return Err(Refusal::new(
                RefusalCode::NotAuthorized,
                format!("{agreement} is between {home} and {visited}"),
            ));
        }
        let signature = self
            .me
            .key
            .sign(AGREEMENT_DOMAIN, &record.agreement.to_bytes());
        self.hand_in(
            out,
            id,
            Operation::CountersignAgreement {
                agreement,
                home,
                visited,
                signature,
            },
        )
    }

    fn set_load(&mut self, out: &mut Out, area: String, load_bps: u32) -> Result<Reply, Refusal> {
        if area.is_empty() || area.len() > fairway_ledger::limits::MAX_AREA_LEN {
            return Err(Refusal::new(
                RefusalCode::TooLarge,
                "an area has 1 to 32 bytes",
            ));
        }
        if self.loads.len() >= MAX_AREAS && !self.loads.contains_key(&area) {
            return Err(Refusal::new(
                RefusalCode::Busy,
                format!("at most {MAX_AREAS} areas have a load"),
            ));
        }
        let summary = format!("load {load_bps}");
        out.put(Row::new(
            Table::Policies,
            format!("{}{area}", crate::restore::LOAD),
            area.clone(),
            out.now,
            summary,
            &(area.clone(), load_bps),
        ));
        self.loads.insert(area, load_bps);
        Ok(Reply::Done)
    }

    fn put_policy(&mut self, out: &mut Out, policy: Policy) -> Result<Reply, Refusal> {
        check_policy(&policy, self.policy().version)?;
        out.put(crate::restore::policy_row(&policy, out.now));
        out.log(
            Level::Info,
            None,
            format!(
                "policy version {} is in force for new offers",
                policy.version
            ),
        );
        self.policies.insert(policy.version, policy);
        Ok(Reply::Done)
    }

    fn energy_balance(&self) -> EnergyBalance {
        let offers = self.energy.offers().map(|(seller, state)| OpenOffer {
            seller: *seller,
            state: state.clone(),
        });
        let books = self.energy.books().map(|(area, hour, book)| AreaBook {
            area: area.to_owned(),
            hour,
            book: book.clone(),
        });
        EnergyBalance {
            offers: offers.take(MAX_LIST).collect(),
            books: books.take(MAX_LIST).collect(),
        }
    }
}

fn check_policy(policy: &Policy, present: u32) -> Result<(), Refusal> {
    let invalid = |text: String| Err(Refusal::new(RefusalCode::TermsInvalid, text));
    if policy.version <= present {
        return invalid(format!(
            "version {} is not greater than {present}, which is in force",
            policy.version
        ));
    }
    if policy.partners.len() > MAX_PARTNERS {
        return invalid(format!(
            "{} partners have rules; at most {MAX_PARTNERS} may",
            policy.partners.len()
        ));
    }
    for (name, value) in [
        ("offer_ttl", policy.offer_ttl),
        ("profile_ttl", policy.profile_ttl),
        ("home_timeout", policy.home_timeout),
    ] {
        if value <= 0 {
            return invalid(format!("{name} is {value} ms; it must be more than zero"));
        }
    }
    for (name, rules) in [
        ("residential", &policy.residential),
        ("commercial", &policy.commercial),
    ] {
        if rules.expected_energy.0 == 0 || rules.spread_bps > 10_000 {
            return invalid(format!(
                "{name}: expected_energy must be more than nothing and spread_bps at most 10000"
            ));
        }
    }
    Ok(())
}
