//! Charges in lists, and the flow chart that they move along.

use crate::api::Api;
use crate::api::extract::Query;
use crate::api::other_answer;
use crate::api::page::{self, Page};
use crate::api::problem::Problem;
use crate::api::who::authorized::{Allow, Anybody, Authorized, Signed, Staff};
use crate::api::wire::{self, Money};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use fairway_gateway::{TRANSITIONS, step_words};
use fairway_model::{SessionId, Time};
use fairway_utility::command::Role;
use fairway_utility::desk::{ChargeFilter, ChargeRow, DeskAnswer, DeskQuestion};
use fairway_utility::peer::StopAnswer;
use fairway_utility::stop::StopWish;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why something was refused.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct RefusalLine {
    /// Stable code.
    pub(crate) code: String,
    /// The sentence.
    pub(crate) text: String,
}

impl From<&fairway_model::Refusal> for RefusalLine {
    fn from(refusal: &fairway_model::Refusal) -> Self {
        Self {
            code: refusal.code.to_string(),
            text: refusal.text.clone(),
        }
    }
}

/// How far a wish to end a charge has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StopWord {
    /// The visited utility has not answered yet; it is asked again until it does.
    Asked,
    /// The station is told; the end follows.
    Told,
    /// The station is not connected, and is told as soon as it is.
    Waits,
    /// Nothing was done; `refusal` says why.
    Refused,
}

impl From<&StopAnswer> for StopWord {
    fn from(answer: &StopAnswer) -> Self {
        match answer {
            StopAnswer::Told => Self::Told,
            StopAnswer::Waits => Self::Waits,
            StopAnswer::Refused(_) => Self::Refused,
        }
    }
}

/// A driver's wish to end a charge from afar.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct StopLine {
    /// When he asked.
    at: String,
    /// How far it has come.
    state: StopWord,
    /// Why nothing was done.
    refusal: Option<RefusalLine>,
}

impl From<&StopWish> for StopLine {
    fn from(wish: &StopWish) -> Self {
        let refusal = match &wish.answer {
            Some(StopAnswer::Refused(refusal)) => Some(refusal.into()),
            _ => None,
        };
        Self {
            at: wish.at.rfc3339(),
            state: wish.answer.as_ref().map_or(StopWord::Asked, StopWord::from),
            refusal,
        }
    }
}

/// A charge in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionRow {
    /// `ses_...`.
    session: String,
    /// `home`, `visited` or `both`: this member's part.
    role: String,
    /// Home utility, once known.
    home: Option<String>,
    /// Visited utility.
    visited: String,
    /// Its name.
    visited_name: String,
    /// Charging point.
    evse: Option<String>,
    /// IANA zone of the charging point, where the ledger knows it.
    time_zone: Option<String>,
    /// Station, where it is this member's.
    station: Option<String>,
    /// `identifying`, `offered`, `authorized`, `charging`, `ended`, `agreed`, `settled`, `refused`, `void` or `disputed`.
    state: String,
    /// When it began.
    at: String,
    /// Authenticated from the visiting profile.
    local: bool,
    /// Energy so far, in milliwatt-hours.
    energy_mwh: u64,
    /// Battery in percent, as last told.
    soc: Option<u8>,
    /// Amount, once rated.
    total: Option<Money>,
    /// Why it was refused.
    refusal: Option<RefusalLine>,
    /// The driver's wish to end it from afar, where he is this member's and had it.
    stop: Option<StopLine>,
}

impl From<&ChargeRow> for SessionRow {
    fn from(row: &ChargeRow) -> Self {
        let s = &row.summary;
        let total = s.total.zip(row.currency);
        Self {
            session: s.session.to_string(),
            role: wire::word(&s.role),
            home: s.home.map(|m| m.to_string()),
            visited: s.visited.to_string(),
            visited_name: row.visited_name.clone(),
            evse: s.evse.as_ref().map(ToString::to_string),
            time_zone: row.time_zone.clone(),
            station: row.station.as_ref().map(ToString::to_string),
            state: s.state.clone(),
            at: s.at.rfc3339(),
            local: s.local,
            energy_mwh: s.energy.0,
            soc: row.soc,
            total: total.map(|(total, currency)| Money::new(total, currency)),
            refusal: s.refusal.as_ref().map(RefusalLine::from),
            stop: row.stop.as_ref().map(StopLine::from),
        }
    }
}

/// This member's part in a charge.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RoleWord {
    /// Its driver elsewhere.
    Home,
    /// Another's driver here.
    Visited,
    /// Its driver here.
    Both,
}

/// Which charges.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct SessionQuery {
    /// In this state.
    #[param(
        pattern = "^(identifying|offered|authorized|charging|ended|agreed|settled|refused|void|disputed)$"
    )]
    state: Option<String>,
    /// In this part of ours.
    role: Option<RoleWord>,
    /// With this other utility.
    #[param(pattern = "^[A-Z]{2}\\*?[A-Z0-9]{3}$")]
    partner: Option<String>,
    /// At this station.
    #[param(pattern = "^[A-Za-z0-9*_.:-]{1,48}$")]
    station: Option<String>,
    /// Begun at this time or later.
    #[param(format = DateTime)]
    from: Option<String>,
    /// Begun before this time.
    #[param(format = DateTime)]
    to: Option<String>,
    /// Beginning of the id.
    q: Option<String>,
    /// Entries of the page, 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[A-Za-z0-9_-]{2,512}$")]
    cursor: Option<String>,
}

/// States of charges in lists, in the order in which a charge meets them.
const STATES: [&str; 10] = [
    "identifying",
    "offered",
    "authorized",
    "charging",
    "ended",
    "agreed",
    "settled",
    "refused",
    "void",
    "disputed",
];

/// A state that there is.
fn state(text: &str) -> Result<String, Problem> {
    if STATES.contains(&text) {
        return Ok(text.to_owned());
    }
    let states = STATES.join(", ");
    Err(Problem::field("state", format!("is one of {states}")))
}

/// Where a page of charges ended.
pub(crate) type Mark = (i64, String);

fn in_query(problem: &Problem) -> Problem {
    let body = problem.body("", "");
    Problem::new(StatusCode::BAD_REQUEST, "query", body.detail)
}

impl SessionQuery {
    fn filter(&self) -> Result<ChargeFilter, Problem> {
        let member = |text: &String| wire::member("partner", text);
        let time = |name: &str, text: &Option<String>| {
            text.as_ref().map(|t| wire::time(name, t)).transpose()
        };
        Ok(ChargeFilter {
            before: before(self.cursor.as_deref())?,
            limit: page::limit(self.limit)?,
            state: self.state.as_deref().map(state).transpose()?,
            role: self.role.map(|role| match role {
                RoleWord::Home => Role::Home,
                RoleWord::Visited => Role::Visited,
                RoleWord::Both => Role::Both,
            }),
            partner: self.partner.as_ref().map(member).transpose()?,
            station: self.station.as_deref().map(wire::station).transpose()?,
            from: time("from", &self.from)?,
            to: time("to", &self.to)?,
            text: self.q.clone().filter(|q| !q.trim().is_empty()),
            customer: None,
        })
    }
}

/// The charge before which a page begins.
pub(crate) fn before(cursor: Option<&str>) -> Result<Option<(Time, SessionId)>, Problem> {
    let Some((at, id)) = page::place::<Mark>(cursor)? else {
        return Ok(None);
    };
    let id = SessionId::parse(&id)
        .map_err(|e| Problem::new(StatusCode::BAD_REQUEST, "query", format!("cursor: {e}")))?;
    Ok(Some((Time(at), id)))
}

/// A page of charges.
pub(crate) async fn page_of(
    api: &Api,
    by: &Signed,
    filter: ChargeFilter,
) -> Result<Json<Page<SessionRow>>, Problem> {
    let question = DeskQuestion::Charges(Box::new(filter));
    let DeskAnswer::Charges { rows, more } = api.ask(by, question).await? else {
        return Err(other_answer());
    };
    let last: Option<Mark> = rows
        .last()
        .map(|r| (r.summary.at.0, r.summary.session.to_string()));
    let data = rows.iter().map(SessionRow::from).collect();
    Ok(Json(Page::new(data, more, last.as_ref())))
}

/// Charges, the newest first.
#[utoipa::path(get, path = "/api/v1/sessions", tag = "sessions", extensions(("x-roles" = json!(Staff::ROLES))), params(SessionQuery), responses((status = 200, body = Page<SessionRow>)))]
pub(crate) async fn list(
    State(api): State<Api>,
    by: Authorized<Staff>,
    Query(query): Query<SessionQuery>,
) -> Result<Json<Page<SessionRow>>, Problem> {
    let filter = query.filter().map_err(|p| in_query(&p))?;
    page_of(&api, &by, filter).await
}

/// A state of the flow chart.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChartState {
    /// Its name.
    id: String,
    /// Its title.
    title: String,
    /// Whether nothing more happens by itself.
    r#final: bool,
}

/// A way between two states.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChartWay {
    /// From here.
    from: String,
    /// By this step.
    step: String,
    /// To there.
    to: String,
    /// The row of the flow chart that it realises.
    flow: &'static str,
    /// The step in words.
    words: &'static str,
}

/// The flow chart of a charge.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Chart {
    /// States in the order in which a charge meets them.
    states: Vec<ChartState>,
    /// Every way that there is.
    transitions: Vec<ChartWay>,
}

/// The flow chart of a charge, from the table by which the program works.
#[utoipa::path(get, path = "/api/v1/flow-chart", tag = "sessions", extensions(("x-roles" = json!(Anybody::ROLES))), responses((status = 200, body = Chart)))]
pub(crate) async fn flow_chart(_by: Authorized<Anybody>) -> Json<Chart> {
    let mut order = Vec::new();
    for state in TRANSITIONS.iter().flat_map(|t| [t.from, t.to]) {
        if !order.contains(&state) {
            order.push(state);
        }
    }
    Json(Chart {
        states: order
            .iter()
            .map(|state| ChartState {
                id: wire::word(state),
                title: format!("{state:?}"),
                r#final: state.is_final(),
            })
            .collect(),
        transitions: TRANSITIONS
            .iter()
            .map(|t| ChartWay {
                from: wire::word(&t.from),
                step: wire::word(&t.step),
                to: wire::word(&t.to),
                flow: t.flow,
                words: step_words(t.step),
            })
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_of_the_flow_chart_can_be_asked_for() {
        for way in TRANSITIONS {
            for end in [way.from, way.to] {
                assert_eq!(state(end.word()).unwrap(), end.word());
            }
        }
        let told = state("nope").unwrap_err().body("", "").detail;
        assert!(told.contains("one of identifying, offered"), "{told}");
    }
}
