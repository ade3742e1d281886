//! How it goes: the success rate first, then what needs somebody.

use crate::api::problem::Problem;
use crate::api::who::authorized::{Allow, Authorized, Staff};
use crate::api::wire::Money;
use crate::api::{Api, other_answer};
use axum::Json;
use axum::extract::State;
use fairway_model::{AgreementId, StationId, Time};
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

/// Something that needs somebody. What a page needs to say it in its reader's language stands in fields; the sentence is for programs that
/// only show it.
#[derive(Debug, Default, PartialEq, Serialize, ToSchema)]
pub(crate) struct Alert {
    /// `error`, `warning` or `info`.
    severity: &'static str,
    /// What kind.
    code: &'static str,
    /// The sentence: what, and what to do.
    text: String,
    /// The page about it; empty where there is none.
    link: String,
    /// How many there are, where the alert is about several: obligations, cases.
    count: Option<u32>,
    /// What it is about, where it is one thing: a station's name at the gateway, or an agreement, `agr_...`.
    subject: Option<String>,
    /// The charging point of that station, by its OCPP number.
    evse: Option<u32>,
    /// When it happened, where it is a thing of the past.
    at: Option<String>,
    /// What the ledger or the database said, in its own words.
    said: Option<String>,
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
        time: Time(s.time_ms).rfc3339(),
        finalized_age_ms: u64::try_from(s.finalized_age.as_millis()).unwrap_or(u64::MAX),
        peers: s.peers,
        validators: s.validators,
        stalled: s.stalled,
    }
}

fn database(said: String) -> Alert {
    Alert {
        severity: "error",
        code: "database",
        text: said.clone(),
        link: "/console/network".to_owned(),
        said: Some(said),
        ..Alert::default()
    }
}

fn books() -> Alert {
    Alert {
        severity: "error",
        code: "books",
        text: "the own accounts do not add up to zero: compare with the ledger's".to_owned(),
        link: "/console/settlement".to_owned(),
        ..Alert::default()
    }
}

fn stalled() -> Alert {
    Alert {
        severity: "error",
        code: "ledger-stalled",
        text: "the ledger has no quorum: charging goes on, settlements wait".to_owned(),
        link: "/console/network".to_owned(),
        ..Alert::default()
    }
}

fn refused(at: Time, said: &str) -> Alert {
    Alert {
        severity: "error",
        code: "refused",
        text: format!("the ledger refused at {} {said}", at.rfc3339()),
        at: Some(at.rfc3339()),
        said: Some(said.to_owned()),
        ..Alert::default()
    }
}

fn faulted(station: &StationId, number: u32) -> Alert {
    Alert {
        severity: "error",
        code: "evse-faulted",
        text: format!("EVSE {number} of {station} is out of order: look at the station"),
        link: format!("/console/stations/{station}"),
        subject: Some(station.to_string()),
        evse: Some(number),
        ..Alert::default()
    }
}

fn overdue(count: u32) -> Alert {
    Alert {
        severity: "error",
        code: "overdue",
        text: format!("{count} obligations are overdue: interest runs until they are paid"),
        link: "/console/settlement".to_owned(),
        count: Some(count),
        ..Alert::default()
    }
}

fn silent(station: &StationId) -> Alert {
    Alert {
        severity: "warning",
        code: "station-offline",
        text: format!("{station} is not connected: look at its power and network"),
        link: format!("/console/stations/{station}"),
        subject: Some(station.to_string()),
        ..Alert::default()
    }
}

fn cases(count: u32) -> Alert {
    Alert {
        severity: "warning",
        code: "cases",
        text: format!("{count} cases about settled charges are open"),
        link: "/console/disputes".to_owned(),
        count: Some(count),
        ..Alert::default()
    }
}

fn proposal(id: AgreementId) -> Alert {
    Alert {
        severity: "info",
        code: "proposal",
        text: format!(
            "{id} waits for this member's signature: read it, then sign, counter or decline"
        ),
        link: format!("/console/agreements/{id}"),
        subject: Some(id.to_string()),
        ..Alert::default()
    }
}

/// What needs somebody, the gravest first. `store` is what the database said last, where it failed.
fn alerts(store: Option<String>, stalls: bool, o: &desk::Overview) -> Vec<Alert> {
    let mut list: Vec<Alert> = store.into_iter().map(database).collect();
    list.extend((!o.balanced).then(books));
    list.extend(stalls.then(stalled));
    list.extend(o.refused.iter().map(|(at, said)| refused(*at, said)));
    list.extend(o.faulted.iter().map(|(place, evse)| faulted(place, *evse)));
    list.extend((o.overdue > 0).then(|| overdue(o.overdue)));
    list.extend(o.silent.iter().map(silent));
    list.extend((o.cases > 0).then(|| cases(o.cases)));
    list.extend(o.proposals.iter().copied().map(proposal));
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
    let health = api.parts().desk.health.as_ref();
    let store = health.and_then(|h| h.borrow().store_error.clone());
    let alerts = alerts(store, ledger.stalled, &o);
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
    use fairway_model::Energy;

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

    fn quiet() -> desk::Overview {
        desk::Overview {
            now: Time(0),
            today: desk::Outcomes::default(),
            month: desk::Outcomes::default(),
            active: 0,
            connected: 0,
            stations: 0,
            evses: 0,
            profiles: 0,
            policy: 1,
            money: Vec::new(),
            energy: Energy(0),
            balanced: true,
            silent: Vec::new(),
            proposals: Vec::new(),
            overdue: 0,
            cases: 0,
            faulted: Vec::new(),
            refused: Vec::new(),
        }
    }

    #[test]
    fn alerts_say_in_fields_how_many_and_about_what() {
        let station = StationId::parse("DUK-02").unwrap();
        let overview = desk::Overview {
            balanced: false,
            silent: vec![station.clone()],
            overdue: 12,
            cases: 3,
            faulted: vec![(station, 2)],
            refused: vec![(Time(0), "to retire a charging point: busy".to_owned())],
            ..quiet()
        };
        let list = alerts(Some("disk full".to_owned()), true, &overview);
        let told: Vec<_> = list
            .iter()
            .map(|a| (a.code, a.count, a.subject.as_deref(), a.evse))
            .collect();
        assert_eq!(
            told,
            [
                ("database", None, None, None),
                ("books", None, None, None),
                ("ledger-stalled", None, None, None),
                ("refused", None, None, None),
                ("evse-faulted", None, Some("DUK-02"), Some(2)),
                ("overdue", Some(12), None, None),
                ("station-offline", None, Some("DUK-02"), None),
                ("cases", Some(3), None, None),
            ]
        );
        let said: Vec<_> = list.iter().filter_map(|a| a.said.as_deref()).collect();
        assert_eq!(said, ["disk full", "to retire a charging point: busy"]);
        assert_eq!(alerts(None, false, &quiet()), []);
    }
}
