//! The story of one charge: from the credential to the bill line, with every signature looked at again.

use super::agreements::Nothing;
use super::checks::{Comparison, checks};
use super::disputes::CaseLine;
use super::sessions::{RefusalLine, SessionRow, StopWord};
use crate::api::extract::{Body, Key, Path};
use crate::api::once::{Answer, command_id};
use crate::api::problem::Problem;
use crate::api::who::authorized::{Allow, Authorized, Operators, Signed, Staff};
use crate::api::wire::price::{Breakdown, Split, split};
use crate::api::wire::said::{self, Said};
use crate::api::wire::{self, ClassWord, Money, Named, PaymentWord, TierWord};
use crate::api::{Api, other_answer};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use fairway_ledger::Receipt;
use fairway_model::canonical::Canonical as _;
use fairway_model::{HomeAcceptance, Micro, PublicKey, SessionId, SignedOffer};
use fairway_utility::command::Command;
use fairway_utility::desk::{ChargeView, DeskAnswer, DeskQuestion};
use serde::Serialize;
use utoipa::ToSchema;

/// Who takes part.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Parties {
    /// Home utility, once known.
    home: Option<Named>,
    /// Visited utility.
    visited: Named,
    /// Owner of the site, where the point is known here.
    owner: Option<String>,
}

/// Where.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Place {
    /// Station.
    station: String,
    /// Charging point.
    evse: String,
    /// Its number in the station.
    number: u32,
    /// Grid area.
    area: String,
    /// IANA zone.
    time_zone: String,
    /// Greatest power in watts.
    max_power_w: u32,
}

/// One hop of the timeline.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HopLine {
    /// When.
    at: String,
    /// From where: `station`, `gateway`, `aaa`, `crp`, `ledger`, or a member.
    from: String,
    /// To where.
    to: String,
    /// Rows of the flow chart.
    steps: Vec<String>,
    /// What, in an English sentence.
    what: String,
    /// The same by its code; none where the sentence is of another version.
    said: Option<Said>,
}

/// A promise to pay.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GuaranteeLine {
    /// `gua_...`.
    id: String,
    /// Up to how much, where the currency is known here.
    limit: Option<Money>,
    /// Until when.
    valid_until: String,
}

/// What home said about its driver: no name, no number.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatementLine {
    /// Loyalty tier.
    tier: TierWord,
    /// `standard`, `priority` or `fleet`.
    service: String,
    /// Household or business.
    class: ClassWord,
    /// How the driver pays at home.
    payment: PaymentWord,
    /// Language, BCP 47.
    language: String,
    /// When it was said.
    issued_at: String,
    /// Until when it may be used.
    expires_at: String,
    /// Whether it authenticates later visits.
    reusable: bool,
    /// Whether home accepts every offer inside the agreement.
    standing_acceptance: bool,
    /// The promise to pay.
    guarantee: GuaranteeLine,
    /// Home's signature.
    signature: String,
    /// Whether it verifies with home's present key; none where that is not known here.
    verified: Option<bool>,
}

/// Who the driver is, as far as this place needs to know.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Identification {
    /// Answered from the visiting profile.
    local: bool,
    /// Home utility.
    home: Option<String>,
    /// What home said.
    statement: Option<StatementLine>,
}

/// What the policies agreed on top of the tariff.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdjustmentsLine {
    /// Multiplier of energy prices; 10,000 is neutral.
    load_bps: u32,
    /// Tier.
    tier: TierWord,
    /// Discount.
    discount_bps: u32,
    /// Lowest energy price per kWh.
    floor: Money,
    /// Highest.
    cap: Money,
}

/// What it is expected to cost.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EstimateLine {
    /// Energy that is assumed.
    energy_mwh: u64,
    /// Low end.
    low: Money,
    /// Expectation.
    expected: Money,
    /// High end.
    high: Money,
    /// Its argument.
    breakdown: Breakdown,
}

/// How home stands by the offer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AcceptanceLine {
    /// `signed` or `standing`.
    kind: &'static str,
    /// Its signature over this offer.
    signature: Option<String>,
    /// Hash of the statement that accepts every offer inside the agreement.
    statement: Option<String>,
    /// Whether the signature verifies.
    verified: Option<bool>,
}

/// The offer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OfferLine {
    /// Its hash.
    hash: String,
    /// The agreement.
    agreement: String,
    /// Which of its tariffs.
    tariff: String,
    /// On top of it.
    adjustments: AdjustmentsLine,
    /// Expected cost.
    estimate: EstimateLine,
    /// What is held at consent.
    hold: Money,
    /// Version of the visited utility's policy.
    policy_version: u32,
    /// When it was made.
    issued_at: String,
    /// Consent is given before.
    valid_until: String,
    /// Why the price is what it is.
    reasons: Vec<String>,
    /// The reasons by their codes, in the same order; none where one is in other words.
    reasons_said: Vec<Option<Said>>,
    /// The visited utility's signature.
    visited_signature: String,
    /// Whether it verifies.
    visited_verified: Option<bool>,
    /// How home stands by it.
    home: AcceptanceLine,
}

/// The negotiation; its messages are the hops with `FL-08`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Negotiation {
    /// Rounds; none where the visiting profile accepted, or this member is home only.
    rounds: Option<u8>,
    /// The offer that both stand by.
    offer: OfferLine,
}

/// The driver's consent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConsentLine {
    /// `screen`, `second_presentation` or `own_device`.
    method: String,
    /// When.
    given_at: String,
    /// The visited utility's signature over the record.
    signature: String,
    /// Whether it verifies.
    verified: Option<bool>,
}

/// A signed meter record.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReadingLine {
    /// When it was taken.
    at: Option<String>,
    /// Import register in milliwatt-hours.
    register_mwh: Option<u64>,
    /// `begin`, `interval` or `end`.
    context: Option<String>,
    /// The meter's counter.
    pagination: Option<u64>,
    /// The record as signed (OCMF).
    record: String,
    /// Whether it verifies with the registered key; none where the point is not known here.
    verified: Option<bool>,
    /// Why not.
    fault: Option<String>,
}

/// The meter.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Meter {
    /// SHA-256 of the registered key.
    key: Option<String>,
    /// Signed records in order.
    readings: Vec<ReadingLine>,
    /// Records that were refused.
    refused_records: Vec<String>,
    /// Hash over those that count.
    evidence: Option<String>,
    /// Register at the begin.
    start_mwh: Option<u64>,
    /// Register at the end.
    end_mwh: Option<u64>,
}

/// One party's rating: its signature over the same event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RatedBy {
    /// Who.
    member: String,
    /// `visited` or `home`.
    role: &'static str,
    /// The total that it signed.
    total: Option<Money>,
    /// Its signature.
    signature: String,
    /// Whether it verifies.
    verified: Option<bool>,
}

/// Both ratings.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Rating {
    /// The price with its argument, as computed here.
    breakdown: Breakdown,
    /// Who computed the same and signed.
    by: Vec<RatedBy>,
}

/// A part of the charge with one state.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PeriodLine {
    /// Begin.
    start: String,
    /// `charging` or `parking`.
    kind: String,
    /// Energy.
    energy_mwh: u64,
    /// Mean power in watts, where known.
    power_w: Option<u32>,
}

/// The charge event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventLine {
    /// Its hash.
    hash: String,
    /// The agreement.
    agreement: String,
    /// The tariff.
    tariff: String,
    /// What the driver pays, where the currency is known here.
    total: Option<Money>,
    /// Salted commitment to the driver.
    driver: String,
    /// What happened.
    periods: Vec<PeriodLine>,
    /// End.
    end: String,
}

/// A change of an account.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct PostingLine {
    /// Which.
    pub(crate) account: String,
    /// By how much.
    pub(crate) amount: Money,
}

/// The settlement on the ledger.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SettlementLine {
    /// Transaction.
    transaction: String,
    /// Block.
    height: u64,
    /// Its time, where the node holds the block.
    time: Option<String>,
    /// What was posted; none where the node does not hold the block.
    postings: Vec<PostingLine>,
}

/// Where it stands on a bill.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BillPlace {
    /// As in `2026-11`.
    month: String,
    /// Whose bill.
    customer: String,
}

/// The story of one charge.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Story {
    /// As in lists.
    session: SessionRow,
    /// Where it stands in the flow chart, where the station is this member's.
    gateway_state: Option<String>,
    /// Since when.
    state_since: Option<String>,
    /// How far a wish to end it has come that this member's station was or will be told: `told` or `waits`.
    stop: Option<StopWord>,
    /// Who takes part.
    parties: Parties,
    /// Where.
    place: Option<Place>,
    /// Hop by hop.
    hops: Vec<HopLine>,
    /// Who the driver is.
    identification: Identification,
    /// The offer and how it came about.
    negotiation: Option<Negotiation>,
    /// The driver's consent.
    consent: Option<ConsentLine>,
    /// Where the hold stands: `none`, `submitted`, `placed`, `gone`.
    hold: Option<String>,
    /// The meter.
    meter: Option<Meter>,
    /// Both ratings.
    rating: Option<Rating>,
    /// The event that both signed.
    event: Option<EventLine>,
    /// Who gets what.
    split: Option<Split>,
    /// What the contract compares, computed here again.
    checks: Vec<Comparison>,
    /// On the ledger.
    settlement: Option<SettlementLine>,
    /// On the bill.
    bill: Option<BillPlace>,
    /// Cases about it.
    cases: Vec<CaseLine>,
    /// Why it was refused.
    refusal: Option<RefusalLine>,
}

struct Teller<'a>(&'a ChargeView);

impl Teller<'_> {
    fn currency(&self) -> Option<fairway_model::Currency> {
        let agreed = self.0.agreement.as_ref().map(|a| a.currency);
        agreed
            .or_else(|| self.0.trace.offer.as_ref().map(|o| o.offer.currency))
            .or(self.0.row.currency)
    }

    fn money(&self, value: Micro) -> Option<Money> {
        self.currency().map(|currency| Money::new(value, currency))
    }

    fn key(&self, member: Option<fairway_model::MemberId>) -> Option<PublicKey> {
        let found = self.0.keys.iter().find(|k| Some(k.member) == member);
        found.map(|k| k.key)
    }

    fn named(&self, member: fairway_model::MemberId) -> Named {
        let name = self.0.names.iter().find(|(m, _)| *m == member);
        Named {
            id: member.to_string(),
            name: name.map_or_else(|| member.to_string(), |(_, name)| name.clone()),
        }
    }

    fn parties(&self) -> Parties {
        let summary = &self.0.row.summary;
        Parties {
            home: summary.home.map(|m| self.named(m)),
            visited: self.named(summary.visited),
            owner: self.0.evse.as_ref().map(|e| e.owner.to_string()),
        }
    }

    fn place(&self) -> Option<Place> {
        let evse = self.0.evse.as_ref()?;
        Some(Place {
            station: evse.station.to_string(),
            evse: evse.evse.to_string(),
            number: evse.number,
            area: evse.area.clone(),
            time_zone: evse.time_zone.clone(),
            max_power_w: evse.max_power_w,
        })
    }

    fn hops(&self) -> Vec<HopLine> {
        let hops = self.0.trace.hops.iter().map(|hop| {
            let marked = hop
                .what
                .strip_prefix('[')
                .and_then(|rest| rest.split_once("] "));
            let (steps, what) = marked.unwrap_or(("", hop.what.as_str()));
            HopLine {
                at: hop.at.rfc3339(),
                from: hop.from.clone(),
                to: hop.to.clone(),
                steps: steps.split_whitespace().map(str::to_owned).collect(),
                what: what.to_owned(),
                said: fairway_utility::said::hop(what).map(Said::from),
            }
        });
        hops.collect()
    }

    fn identification(&self) -> Identification {
        let summary = &self.0.row.summary;
        let statement = self.0.statement.as_ref().map(|signed| {
            let s = &signed.statement;
            let guarantee = &s.guarantee.guarantee;
            StatementLine {
                tier: s.tier.into(),
                service: wire::word(&s.service),
                class: s.class.into(),
                payment: s.payment.into(),
                language: s.language.clone(),
                issued_at: s.issued_at.rfc3339(),
                expires_at: s.expires_at.rfc3339(),
                reusable: s.reusable,
                standing_acceptance: s.standing_acceptance,
                guarantee: GuaranteeLine {
                    id: guarantee.id.to_string(),
                    limit: self.money(guarantee.limit),
                    valid_until: guarantee.valid_until.rfc3339(),
                },
                signature: hex::encode(signed.home_signature.0),
                verified: self.key(Some(s.home)).map(|key| signed.verify(&key)),
            }
        });
        Identification {
            local: summary.local,
            home: summary.home.map(|m| m.to_string()),
            statement,
        }
    }

    fn offer(&self, signed: &SignedOffer) -> OfferLine {
        let o = &signed.offer;
        let money = |value| Money::new(value, o.currency);
        let home = match &signed.home {
            HomeAcceptance::Signed(signature) => AcceptanceLine {
                kind: "signed",
                signature: Some(hex::encode(signature.0)),
                statement: None,
                verified: self.key(Some(o.home)).map(|key| o.verify(&key, signature)),
            },
            HomeAcceptance::Standing(statement) => AcceptanceLine {
                kind: "standing",
                signature: None,
                statement: Some(statement.hex()),
                verified: None,
            },
        };
        let visited = self.key(Some(o.visited));
        OfferLine {
            hash: o.hash().hex(),
            agreement: o.agreement.to_string(),
            tariff: o.tariff.clone(),
            adjustments: AdjustmentsLine {
                load_bps: o.adjustments.load_bps,
                tier: o.adjustments.tier.into(),
                discount_bps: o.adjustments.discount_bps,
                floor: money(o.adjustments.corridor.floor),
                cap: money(o.adjustments.corridor.cap),
            },
            estimate: EstimateLine {
                energy_mwh: o.estimate.energy.0,
                low: money(o.estimate.low),
                expected: money(o.estimate.expected),
                high: money(o.estimate.high),
                breakdown: Breakdown::from(&o.estimate.breakdown),
            },
            hold: money(o.hold),
            policy_version: o.policy_version,
            issued_at: o.issued_at.rfc3339(),
            valid_until: o.valid_until.rfc3339(),
            reasons: o.reasons.clone(),
            reasons_said: said::reasons(&o.reasons),
            visited_signature: hex::encode(signed.visited_signature.0),
            visited_verified: visited.map(|key| o.verify(&key, &signed.visited_signature)),
            home,
        }
    }

    fn negotiation(&self) -> Option<Negotiation> {
        let offer = self.0.trace.offer.as_ref()?;
        Some(Negotiation {
            rounds: self.0.gateway.as_ref().map(|g| g.rounds),
            offer: self.offer(offer),
        })
    }

    fn consent(&self) -> Option<ConsentLine> {
        let signed = self.0.trace.consent.as_ref()?;
        let key = self.key(Some(self.0.row.summary.visited));
        Some(ConsentLine {
            method: wire::word(&signed.consent.method),
            given_at: signed.consent.given_at.rfc3339(),
            signature: hex::encode(signed.visited_signature.0),
            verified: key.map(|key| signed.verify(&key)),
        })
    }

    fn reading(&self, record: &str) -> ReadingLine {
        let key = self.0.evse.as_ref().map(|e| e.meter_key.as_slice());
        let read = key.map(|key| fairway_protocol::ocmf::verify(record, key));
        let good = read.as_ref().and_then(|r| r.as_ref().ok());
        ReadingLine {
            at: good.map(|r| r.at.rfc3339()),
            register_mwh: good.map(|r| r.register.0),
            context: good.map(|r| wire::word(&r.context)),
            pagination: good.map(|r| r.pagination),
            record: record.to_owned(),
            verified: read.as_ref().map(Result::is_ok),
            fault: read
                .as_ref()
                .and_then(|r| r.as_ref().err())
                .map(|e| e.text.clone()),
        }
    }

    fn meter(&self) -> Option<Meter> {
        let trace = &self.0.trace;
        let gateway = self.0.gateway.as_ref();
        let refused = gateway
            .map(|g| g.refused_records.clone())
            .unwrap_or_default();
        let good = trace.evidence.iter().filter(|r| !refused.contains(r));
        let readings: Vec<ReadingLine> = good.map(|r| self.reading(r)).collect();
        let event = trace.event.as_ref().map(|e| &e.event);
        (event.is_some() || !readings.is_empty() || !refused.is_empty()).then(|| Meter {
            key: self.0.evse.as_ref().map(|e| e.meter_key_hash().hex()),
            readings,
            refused_records: refused,
            evidence: event.map(|e| e.meter_evidence.hex()),
            start_mwh: event.map(|e| e.meter_start.0),
            end_mwh: event.map(|e| e.meter_end.0),
        })
    }

    fn rating(&self) -> Option<Rating> {
        let price = self.0.trace.breakdown.as_ref()?;
        let signed = self.0.trace.event.as_ref();
        let by = signed.map(|signed| {
            let event = &signed.event;
            let parties = [
                (event.visited, "visited", signed.visited_signature),
                (event.home, "home", signed.home_signature),
            ];
            parties.map(|(member, role, signature)| RatedBy {
                member: member.to_string(),
                role,
                total: self.money(event.total),
                signature: hex::encode(signature.0),
                verified: self
                    .key(Some(member))
                    .map(|key| event.verify(&key, &signature)),
            })
        });
        Some(Rating {
            breakdown: Breakdown::from(price),
            by: by.map(Vec::from).unwrap_or_default(),
        })
    }

    fn event(&self) -> Option<EventLine> {
        let event = &self.0.trace.event.as_ref()?.event;
        let periods = event.usage.periods.iter().map(|p| PeriodLine {
            start: p.start.rfc3339(),
            kind: wire::word(&p.kind),
            energy_mwh: p.energy.0,
            power_w: p.power_w,
        });
        Some(EventLine {
            hash: event.hash().hex(),
            agreement: event.agreement.to_string(),
            tariff: event.tariff.clone(),
            total: self.money(event.total),
            driver: event.driver.hex(),
            periods: periods.collect(),
            end: event.usage.end.rfc3339(),
        })
    }

    fn split(&self) -> Option<Split> {
        let event = &self.0.trace.event.as_ref()?.event;
        let note = self.0.trace.shared.as_ref();
        Some(split(&event.shares, note, self.currency()?))
    }

    fn bill(&self) -> Option<BillPlace> {
        let (month, customer) = self.0.month.zip(self.0.customer.clone())?;
        Some(BillPlace {
            month: wire::month_text(month),
            customer,
        })
    }
}

/// The charge's own postings: of a batch, those of its item.
async fn settlement(api: &Api, view: &ChargeView) -> Option<SettlementLine> {
    let (transaction, height) = view.trace.transaction.zip(view.trace.height)?;
    let block = api.parts().desk.chain.block(height).await;
    let entry = block
        .as_ref()
        .and_then(|b| b.txs.iter().find(|(id, ..)| *id == transaction.0));
    let read = entry.and_then(|(_, tx, receipt)| {
        let content = (
            fairway_ledger::Transaction::read(tx).ok()?,
            Receipt::from_bytes(receipt).ok()?,
        );
        own_item(&content, view.row.summary.session)
    });
    let postings = read.map(|receipt| postings(&receipt)).unwrap_or_default();
    Some(SettlementLine {
        transaction: transaction.hex(),
        height,
        time: block.map(|b| fairway_model::Time(b.time_ms).rfc3339()),
        postings,
    })
}

/// The item of a transaction that settles a charge; none where it settles another or none.
pub(super) fn own_item(
    content: &(fairway_ledger::Transaction, Receipt),
    id: SessionId,
) -> Option<Receipt> {
    let items = fairway_utility::door::items(content)?;
    let own = items.iter().find(|(tx, _)| {
        matches!(&tx.operation, fairway_ledger::Operation::SettleCharge(s) if s.event().session == id)
    });
    own.map(|(_, receipt)| receipt.clone())
}

/// Postings of a receipt.
pub(crate) fn postings(receipt: &Receipt) -> Vec<PostingLine> {
    let lines = receipt.postings.iter().map(|p| PostingLine {
        account: p.account.to_string(),
        amount: Money::new(p.amount, p.currency),
    });
    lines.collect()
}

/// The story of a charge that somebody may see.
pub(crate) async fn tell(api: &Api, by: &Signed, id: SessionId) -> Result<Story, Problem> {
    let DeskAnswer::Charge(view) = api.ask(by, DeskQuestion::Charge(id)).await? else {
        return Err(other_answer());
    };
    let teller = Teller(&view);
    let gateway = view.gateway.as_ref();
    Ok(Story {
        session: SessionRow::from(&view.row),
        gateway_state: gateway.map(|g| g.state.clone()),
        state_since: gateway.map(|g| g.since.rfc3339()),
        stop: gateway.and_then(|g| g.stop.as_ref()).map(StopWord::from),
        parties: teller.parties(),
        place: teller.place(),
        hops: teller.hops(),
        identification: teller.identification(),
        negotiation: teller.negotiation(),
        consent: teller.consent(),
        hold: gateway.map(|g| g.hold.clone()),
        meter: teller.meter(),
        rating: teller.rating(),
        event: teller.event(),
        split: teller.split(),
        checks: checks(&view),
        settlement: settlement(api, &view).await,
        bill: teller.bill(),
        cases: view.cases.iter().map(CaseLine::from).collect(),
        refusal: view.row.summary.refusal.as_ref().map(RefusalLine::from),
    })
}

/// The story of one charge.
#[utoipa::path(get, path = "/api/v1/sessions/{session}", tag = "sessions", extensions(("x-roles" = json!(Staff::ROLES))), params(("session" = String, Path)), responses((status = 200, body = Story)))]
pub(crate) async fn one(
    State(api): State<Api>,
    by: Authorized<Staff>,
    Path(id): Path<String>,
) -> Result<Json<Story>, Problem> {
    let id = wire::session(&id)?;
    tell(&api, &by, id).await.map(Json)
}

/// Stops a charge at a station of this member while energy flows, whoever's driver it is; `stop` of the answer says how far that has come.
#[utoipa::path(post, path = "/api/v1/sessions/{session}/stop", tag = "sessions", extensions(("x-roles" = json!(Operators::ROLES))), params(("session" = String, Path), ("Idempotency-Key" = String, Header)), request_body = Nothing, responses((status = 202, body = Story)))]
pub(crate) async fn end(
    State(api): State<Api>,
    by: Authorized<Operators>,
    Path(id): Path<String>,
    key: Key,
    body: Body<Nothing>,
) -> Result<Response, Problem> {
    let work = async {
        let session = wire::session(&id)?;
        let command = Command::EndCharge { session };
        api.tell(&by, command_id(&by, &key), command).await?;
        let story = tell(&api, &by, session).await?;
        Ok(Answer::new(StatusCode::ACCEPTED, &story))
    };
    api.once()
        .run(api.records(), (&by, &key, body.fingerprint), work)
        .await
}
