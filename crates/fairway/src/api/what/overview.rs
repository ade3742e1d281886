//! How it goes: the success rate first, then what needs somebody.

use crate::api::problem::Problem;
use crate::api::who::authorized::{Allow, Authorized, Staff};
use crate::api::wire::Money;
use crate::api::{Api, other_answer};
use axum::Json;
use axum::extract::State;
use fairway_utility::command::Role;
use fairway_utility::desk::{self, DeskAnswer, DeskQuestion};
use serde::Serialize;
use utoipa::ToSchema;

/// Basis points of the whole.
const WHOLE: u64 = 10_000;

/// How often a refusal was given.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RefusalCount {
    /// Its code.
    code: String,
    /// How often.
    count: u32,
}

/// How charges at this member's stations went.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Outcomes {
    /// Credentials presented.
    attempts: u32,
    /// Energy flowed.
    charged: u32,
    /// Refused before there was a price.
    refused: u32,
    /// Consented to, and no energy.
    not_started: u32,
    /// The driver did not want the price.
    declined: u32,
    /// Not decided yet.
    open: u32,
    /// Of those with energy: disputed.
    disputed: u32,
    /// Of the decided ones that a driver wanted: those with energy, in basis points. None while nothing is decided.
    success_bps: Option<u32>,
    /// Refusals, the most frequent first.
    refusals: Vec<RefusalCount>,
}

impl From<&desk::Outcomes> for Outcomes {
    fn from(o: &desk::Outcomes) -> Self {
        let wanted = o
            .charged
            .saturating_add(o.refused)
            .saturating_add(o.not_started);
        let success = u64::from(o.charged)
            .saturating_mul(WHOLE)
            .checked_div(u64::from(wanted));
        Self {
            attempts: o.attempts,
            charged: o.charged,
            refused: o.refused,
            not_started: o.not_started,
            declined: o.declined,
            open: o.open,
            disputed: o.disputed,
            success_bps: success.and_then(|bps| u32::try_from(bps).ok()),
            refusals: o
                .refusals
                .iter()
                .map(|(code, count)| RefusalCount {
                    code: code.clone(),
                    count: *count,
                })
                .collect(),
        }
    }
}

/// What settled charges of the last 30 days came to, one entry a currency.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Earned {
    /// Own drivers at own stations.
    own: Vec<Money>,
    /// Others' drivers at own stations.
    roaming_in: Vec<Money>,
    /// Own drivers at others' stations.
    roaming_out: Vec<Money>,
}

/// The ledger node.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LedgerLine {
    /// Newest final block.
    height: u64,
    /// Its time.
    time: String,
    /// Milliseconds since this node last applied a block.
    finalized_age_ms: u64,
    /// Nodes that this one is connected with.
    peers: usize,
    /// Validators of the epoch.
    validators: usize,
    /// No block was finalized for a while.
    stalled: bool,
}

/// Something that needs somebody.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Alert {
    /// `error`, `warning` or `info`.
    severity: &'static str,
    /// What kind.
    code: &'static str,
    /// The sentence: what, and what to do.
    text: String,
    /// The page about it; empty where there is none.
    link: String,
}

/// How it goes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OverviewPage {
    /// Member id.
    member: String,
    /// Present time by the utility's clock.
    now: String,
    /// Since midnight (UTC).
    today: Outcomes,
    /// The last 30 days.
    month: Outcomes,
    /// Charges with energy now.
    active_sessions: u32,
    /// Stations that are connected.
    connected_stations: u32,
    /// Stations that may connect.
    stations: u32,
    /// Charging points on the ledger.
    evses: u32,
    /// Visiting profiles held.
    visiting_profiles: u32,
    /// Version of the policy in force.
    policy_version: u32,
    /// Settled charges of the last 30 days.
    money: Earned,
    /// Energy of charges that began since midnight, at this member's stations.
    energy_today_mwh: u64,
    /// The ledger node.
    ledger: LedgerLine,
    /// Whether the sum of all own accounts is zero.
    books_balance: bool,
    /// What needs somebody, the gravest first.
    alerts: Vec<Alert>,
}

fn ledger_line(api: &Api) -> LedgerLine {
    let s = api.parts().desk.chain.status();
    LedgerLine {
        height: s.height,
        time: fairway_model::Time(s.time_ms).rfc3339(),
        finalized_age_ms: u64::try_from(s.finalized_age.as_millis()).unwrap_or(u64::MAX),
        peers: s.peers,
        validators: s.validators,
        stalled: s.stalled,
    }
}

fn alert(severity: &'static str, code: &'static str, text: String, link: String) -> Alert {
    Alert {
        severity,
        code,
        text,
        link,
    }
}

/// What must be mended at once.
fn errors(api: &Api, o: &desk::Overview, ledger: &LedgerLine) -> Vec<Alert> {
    let mut list = Vec::new();
    let mut error = |code, text: String, link: String| list.push(alert("error", code, text, link));
    let health = api.parts().desk.health.as_ref();
    if let Some(text) = health.and_then(|h| h.borrow().store_error.clone()) {
        error("database", text, "/console/network".to_owned());
    }
    if !o.balanced {
        let text = "the own accounts do not add up to zero: compare with the ledger's".to_owned();
        error("books", text, "/console/settlement".to_owned());
    }
    if ledger.stalled {
        let text = "the ledger has no quorum: charging goes on, settlements wait".to_owned();
        error("ledger-stalled", text, "/console/network".to_owned());
    }
    for (at, what) in &o.refused {
        let text = format!("the ledger refused at {} {what}", at.rfc3339());
        error("refused", text, String::new());
    }
    for (station, number) in &o.faulted {
        let text = format!("EVSE {number} of {station} is out of order: look at the station");
        error("evse-faulted", text, format!("/console/stations/{station}"));
    }
    if o.overdue > 0 {
        let text = format!(
            "{} obligations are overdue: interest runs until they are paid",
            o.overdue
        );
        error("overdue", text, "/console/settlement".to_owned());
    }
    list
}

fn alerts(api: &Api, o: &desk::Overview, ledger: &LedgerLine) -> Vec<Alert> {
    let mut list = errors(api, o, ledger);
    for station in &o.silent {
        let text = format!("{station} is not connected: look at its power and network");
        let link = format!("/console/stations/{station}");
        list.push(alert("warning", "station-offline", text, link));
    }
    if o.cases > 0 {
        let text = format!("{} cases about settled charges are open", o.cases);
        let link = "/console/disputes".to_owned();
        list.push(alert("warning", "cases", text, link));
    }
    for id in &o.proposals {
        let text = format!(
            "{id} waits for this member's signature: read it, then sign, counter or decline"
        );
        let link = format!("/console/agreements/{id}");
        list.push(alert("info", "proposal", text, link));
    }
    list
}

/// How it goes: the success rate first.
#[utoipa::path(get, path = "/api/v1/overview", tag = "overview", extensions(("x-roles" = json!(Staff::ROLES))), responses((status = 200, body = OverviewPage)))]
pub(crate) async fn overview(
    State(api): State<Api>,
    by: Authorized<Staff>,
) -> Result<Json<OverviewPage>, Problem> {
    let DeskAnswer::Overview(o) = api.ask(&by, DeskQuestion::Overview).await? else {
        return Err(other_answer());
    };
    let mut money = Earned::default();
    for (role, currency, sum) in &o.money {
        let place = match role {
            Role::Both => &mut money.own,
            Role::Visited => &mut money.roaming_in,
            Role::Home => &mut money.roaming_out,
        };
        place.push(Money::new(*sum, *currency));
    }
    let ledger = ledger_line(&api);
    let alerts = alerts(&api, &o, &ledger);
    Ok(Json(OverviewPage {
        member: api.parts().member.id.to_string(),
        now: o.now.rfc3339(),
        today: Outcomes::from(&o.today),
        month: Outcomes::from(&o.month),
        active_sessions: o.active,
        connected_stations: o.connected,
        stations: o.stations,
        evses: o.evses,
        visiting_profiles: o.profiles,
        policy_version: o.policy,
        money,
        energy_today_mwh: o.energy.0,
        ledger,
        books_balance: o.balanced,
        alerts,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_success_rate_leaves_out_what_no_driver_wanted() {
        let counts = desk::Outcomes {
            attempts: 40,
            charged: 36,
            refused: 1,
            not_started: 1,
            declined: 1,
            open: 1,
            ..desk::Outcomes::default()
        };
        assert_eq!(Outcomes::from(&counts).success_bps, Some(9_473));
        assert_eq!(Outcomes::from(&desk::Outcomes::default()).success_bps, None);
    }
}
