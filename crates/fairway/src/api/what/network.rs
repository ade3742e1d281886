//! Partners and what the ledger tells of them, and the network of nodes.

use super::overview::Outcomes;
use crate::api::page::All;
use crate::api::problem::Problem;
use crate::api::who::authorized::{Allow, Authorized, Staff};
use crate::api::wire::{self, Money};
use crate::api::{Api, other_answer};
use axum::Json;
use axum::extract::State;
use fairway_ledger::state::MemberState;
use fairway_ledger::{RollState, key_for_member, key_for_roll};
use fairway_model::Time;
use fairway_model::canonical::Canonical as _;
use fairway_utility::command::{Command, Reply};
use fairway_utility::roaming::{PartnerView, PriceThere, TermsCommand};
use serde::Serialize;
use utoipa::ToSchema;

/// What the ledger tells of a member.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecordLine {
    /// Charges of others' drivers settled at its stations.
    served: u64,
    /// Their energy.
    energy_mwh: u64,
    /// Charges of its drivers settled elsewhere.
    sent: u64,
    /// Settlements that the contract refused for what they say.
    refused: u64,
    /// Charges that it disputed.
    disputes: u64,
    /// Drivers whom it refused without an answer.
    refusals: u64,
    /// Claims against it that it answered.
    answered: u64,
    /// Cycles in which it owed a penalty.
    penalties: u64,
    /// Payments that creditors confirmed.
    payments: u64,
    /// The newest of them.
    paid_at: Option<String>,
    /// Agreements that it suspended.
    suspensions: u64,
    /// Agreements that it ended for breach.
    breaches_said: u64,
    /// Agreements that others ended for its breach.
    breaches_heard: u64,
    /// Cases against it.
    disputed: u64,
    /// Charges at its stations that a case corrected.
    corrected: u64,
}

/// What a member owes others, and others it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Standing {
    /// What it owes.
    owes: Money,
    /// What it is owed.
    has: Money,
}

/// An agreement in force with this member.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InForce {
    /// Whose drivers.
    home: String,
    /// Whose stations.
    visited: String,
    /// `agr_...`.
    agreement: String,
}

/// What a kilowatt-hour costs this member's drivers there now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PriceNow {
    /// The agreement in force.
    agreement: String,
    /// Which of its tariffs.
    tariff: String,
    /// Per kWh after load and corridor, before taxes, for a driver without a discount; null where the tariff prices no energy now.
    price: Option<Money>,
    /// The load multiplier in it: the forecast's, or neutral inside the agreement's band where only the partner knows its load.
    load_bps: u32,
    /// The least that energy costs there.
    floor: Money,
    /// The most.
    cap: Money,
}

/// How the partner paid what netting made it owe this member.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DuesLine {
    /// Obligations paid without interest.
    in_time: u32,
    /// Paid after interest had run.
    late: u32,
    /// Not due yet.
    open: u32,
    /// Due and not paid.
    overdue: u32,
}

/// A member as a partner.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Partner {
    /// Member id.
    member: String,
    /// Its name.
    name: String,
    /// Charging points.
    evses: u32,
    /// Grid areas.
    areas: Vec<String>,
    /// Offers on the ledger's board.
    offers_open: usize,
    /// What the ledger tells of it.
    record: RecordLine,
    /// By currency.
    owes: Vec<Standing>,
    /// With this member.
    agreements: Vec<InForce>,
    /// What its stations cost this member's drivers now, by tariff; empty without an agreement in force.
    prices: Vec<PriceNow>,
    /// How charges of this member's drivers there went in the last 30 days.
    outcomes: Outcomes,
    /// How it paid this member.
    dues: DuesLine,
}

impl From<&PriceThere> for PriceNow {
    fn from(p: &PriceThere) -> Self {
        let money = |amount| Money::new(amount, p.currency);
        Self {
            agreement: p.agreement.to_string(),
            tariff: p.tariff.clone(),
            price: p.price.map(money),
            load_bps: p.load_bps,
            floor: money(p.corridor.floor),
            cap: money(p.corridor.cap),
        }
    }
}

impl From<&PartnerView> for Partner {
    fn from(p: &PartnerView) -> Self {
        let r = &p.record;
        let standing = |(currency, owes, has): &(_, _, _)| Standing {
            owes: Money::new(*owes, *currency),
            has: Money::new(*has, *currency),
        };
        let in_force = p.agreements.iter().map(|(home, visited, id)| InForce {
            home: home.to_string(),
            visited: visited.to_string(),
            agreement: id.to_string(),
        });
        Self {
            member: p.member.to_string(),
            name: p.name.clone(),
            evses: p.evses,
            areas: p.areas.clone(),
            offers_open: p.offers.len(),
            record: RecordLine {
                served: r.served,
                energy_mwh: r.energy.0,
                sent: r.sent,
                refused: r.refused,
                disputes: r.disputes,
                refusals: r.refusals,
                answered: r.answered,
                penalties: r.penalties,
                payments: r.payments,
                paid_at: r.paid_at.map(|at| at.rfc3339()),
                suspensions: r.suspensions,
                breaches_said: r.breaches_said,
                breaches_heard: r.breaches_heard,
                disputed: r.disputed,
                corrected: r.corrected,
            },
            owes: p.owes.iter().map(standing).collect(),
            agreements: in_force.collect(),
            prices: p.prices.iter().map(PriceNow::from).collect(),
            outcomes: Outcomes::from(&p.outcomes),
            dues: DuesLine {
                in_time: p.dues.in_time,
                late: p.dues.late,
                open: p.dues.open,
                overdue: p.dues.overdue,
            },
        }
    }
}

/// A member on the roll.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MemberRow {
    /// Member id.
    member: String,
    /// Its name.
    name: String,
    /// `utility` or `witness`.
    kind: String,
    /// `invited`, `active`, `suspended`, `left` or `expelled`.
    standing: String,
    /// `validator` or `full_node`.
    role: String,
    /// Where its AAA node is reached.
    endpoint: String,
    /// Its validator's key.
    validator_key: Option<String>,
}

/// The network as this node sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Network {
    /// The chain's name.
    chain: String,
    /// Newest final block.
    height: u64,
    /// Its time.
    time: String,
    /// Milliseconds since this node last applied a block.
    finalized_age_ms: u64,
    /// Epoch.
    epoch: u64,
    /// Its validators.
    validators: usize,
    /// Whether this node is one of them.
    votes: bool,
    /// Nodes that this one is connected with.
    peers: usize,
    /// Transactions that wait here.
    mempool: usize,
    /// Consensus view.
    view: u64,
    /// No block was finalized for a while.
    stalled: bool,
    /// Why the node stopped.
    error: Option<String>,
    /// Root of the state.
    state_root: String,
    /// Digest of the genesis block.
    genesis: String,
    /// First block that this node holds.
    first: u64,
    /// First block that it holds whole.
    whole: u64,
    /// The roll.
    members: Vec<MemberRow>,
}

/// The other utilities as partners, and what the ledger tells of each.
#[utoipa::path(get, path = "/api/v1/partners", tag = "network", extensions(("x-roles" = json!(Staff::ROLES))), responses((status = 200, body = All<Partner>)))]
pub(crate) async fn partners(
    State(api): State<Api>,
    by: Authorized<Staff>,
) -> Result<Json<All<Partner>>, Problem> {
    let command = Command::Terms(TermsCommand::Partners);
    match api.tell(&by, rand::random(), command).await? {
        Reply::Partners(found) => {
            // Of itself a member would read its visitors as if a partner had served them.
            let me = api.parts().member.id;
            let others = found.iter().filter(|partner| partner.member != me);
            let data = others.map(Partner::from).collect();
            Ok(Json(All { data }))
        }
        _ => Err(other_answer()),
    }
}

/// The members on the ledger's roll, with their names.
pub(crate) async fn members(api: &Api) -> Vec<MemberRow> {
    let chain = &api.parts().desk.chain;
    let roll = chain.get(key_for_roll()).await;
    let roll = roll.and_then(|bytes| RollState::from_bytes(&bytes).ok());
    let now = api.parts().clock.now();
    let mut rows = Vec::new();
    for entry in roll.unwrap_or_default().entries {
        let found = chain.get(key_for_member(entry.member)).await;
        let found = found.and_then(|bytes| MemberState::from_bytes(&bytes).ok());
        let member = found.map(|state| state.member);
        rows.push(MemberRow {
            member: entry.member.to_string(),
            name: member
                .as_ref()
                .map_or_else(|| entry.member.to_string(), |m| m.name.clone()),
            kind: member
                .as_ref()
                .map(|m| wire::word(&m.kind))
                .unwrap_or_default(),
            standing: entry.standing_at(now).to_string(),
            role: wire::word(&entry.role),
            endpoint: member.map(|m| m.endpoint).unwrap_or_default(),
            validator_key: entry.validator.map(|key| hex::encode(key.0)),
        });
    }
    rows
}

impl MemberRow {
    /// Id, name and validator key.
    pub(crate) fn known_as(&self) -> (&str, &str, Option<&str>) {
        (&self.member, &self.name, self.validator_key.as_deref())
    }
}

/// The ledger's network as this node sees it.
#[utoipa::path(get, path = "/api/v1/network", tag = "network", extensions(("x-roles" = json!(Staff::ROLES))), responses((status = 200, body = Network)))]
pub(crate) async fn network(
    State(api): State<Api>,
    _by: Authorized<Staff>,
) -> Result<Json<Network>, Problem> {
    let s = api.parts().desk.chain.status();
    Ok(Json(Network {
        chain: api.parts().chain.clone(),
        height: s.height,
        time: Time(s.time_ms).rfc3339(),
        finalized_age_ms: u64::try_from(s.finalized_age.as_millis()).unwrap_or(u64::MAX),
        epoch: s.epoch,
        validators: s.validators,
        votes: s.votes,
        peers: s.peers,
        mempool: s.mempool,
        view: s.view,
        stalled: s.stalled,
        error: s.error,
        state_root: hex::encode(s.state_root),
        genesis: hex::encode(s.genesis),
        first: s.first,
        whole: s.whole,
        members: members(&api).await,
    }))
}
