//! Answers to what pages ask, from the machine's present state.

use crate::command::{MAX_LIST, Role};
use crate::desk::{
    AgreementDetail, ChargeFilter, ChargeRow, ChargeView, CustomerView, DeskAnswer, DeskQuestion,
    EffectView, EvseView, GatewayView, KeyView, MAX_MONTHS, MAX_PAGE, MAX_SHOWN_STATIONS,
    MAX_VISITORS, MonthView, RulesView, StationView, ToldView, VisitorView,
};
use crate::effect::{self, EFFECT_SPAN, MAX_EFFECT_CHARGES};
use crate::machine::Utility;
use crate::roaming::AgreementView;
use crate::visit::Visit;
use fairway_aaa::{Customer, CustomerKey};
use fairway_gateway::session::HoldMark;
use fairway_model::{
    Agreement, AgreementId, ChargeEvent, CustomerClass, MemberId, Pseudonym, Refusal, RefusalCode,
    SessionId, StationId, Time,
};
use std::collections::{BTreeMap, BTreeSet};

fn unknown(what: &str) -> Refusal {
    Refusal::new(
        RefusalCode::CustomerInvalid,
        format!("{what} is not known here"),
    )
}

fn hold_word(mark: HoldMark) -> &'static str {
    match mark {
        HoldMark::None => "none",
        HoldMark::Submitted(_) => "submitted",
        HoldMark::Placed => "placed",
        HoldMark::Gone => "gone",
    }
}

fn page(limit: u32) -> usize {
    usize::try_from(limit)
        .unwrap_or(MAX_PAGE)
        .clamp(1, MAX_PAGE)
}

impl Utility {
    /// Answers a question of a page.
    pub(crate) fn desk(&self, now: Time, question: DeskQuestion) -> Result<DeskAnswer, Refusal> {
        Ok(match question {
            DeskQuestion::Charges(filter) => self.charges(&filter)?,
            DeskQuestion::Charge(id) => DeskAnswer::Charge(Box::new(self.charge_view(id)?)),
            DeskQuestion::Overview => DeskAnswer::Overview(Box::new(self.overview(now)?)),
            DeskQuestion::Stations => DeskAnswer::Stations(self.station_views()),
            DeskQuestion::Customers { after, limit, text } => {
                self.customers(after.as_deref(), page(limit), &text)
            }
            DeskQuestion::Customer(key) => {
                DeskAnswer::Customer(Box::new(self.customer_view(self.customer(&key)?)))
            }
            DeskQuestion::Visitors => DeskAnswer::Visitors(self.visitors(now)),
            DeskQuestion::Rules => DeskAnswer::Rules(Box::new(RulesView {
                policy: self.policy().clone(),
                loads: self.loads.iter().map(|(a, l)| (a.clone(), *l)).collect(),
            })),
            DeskQuestion::Agreements(which) => {
                DeskAnswer::Agreements(self.agreement_details(now, which)?)
            }
            DeskQuestion::Months(key) => DeskAnswer::Months(self.months(&key)?),
            DeskQuestion::Owner(id) => {
                DeskAnswer::Owner(self.owner_of(id).map(|key| key.to_string()))
            }
            DeskQuestion::KeyOf(cin) => {
                let key = self.node.aaa.profiles().by_cin(&cin)?.key;
                DeskAnswer::Owner(Some(key.to_string()))
            }
            DeskQuestion::Effect { older, newer } => {
                DeskAnswer::Effect(Box::new(self.effect(now, &older, &newer)?))
            }
            DeskQuestion::Told(key) => DeskAnswer::Told(self.told(now, &key)?),
            DeskQuestion::Preview(asked) => {
                DeskAnswer::Preview(Box::new(self.preview(now, &asked)?))
            }
            DeskQuestion::HourPrices(asked) => {
                DeskAnswer::HourPrices(self.hour_prices(&asked, now)?)
            }
            DeskQuestion::Results(month) => {
                DeskAnswer::Results(Box::new(self.results(now, month)?))
            }
        })
    }

    /// What newer terms would have meant for settled charges of the last [`EFFECT_SPAN`].
    fn effect(
        &self,
        now: Time,
        older: &Agreement,
        newer: &Agreement,
    ) -> Result<EffectView, Refusal> {
        let parties = (older.home, older.visited);
        if parties != (newer.home, newer.visited) {
            let text = format!(
                "the older terms are between {} and {}, the newer ones between {} and {}; compare terms of the same direction",
                older.home, older.visited, newer.home, newer.visited
            );
            return Err(Refusal::new(RefusalCode::TermsInvalid, text));
        }
        let from = now.plus(EFFECT_SPAN.saturating_neg());
        let fits = |event: &&ChargeEvent| {
            let start = event.usage.start().unwrap_or(event.usage.end);
            (event.home, event.visited) == parties && from <= start && start < now
        };
        let visits = self.visits.iter().map(|(_, v)| &v.session);
        let visits = visits.filter_map(|s| s.event.as_ref().filter(|_| s.posted.is_some()));
        // A charge in both roles has one place: the gateway's.
        let homes = self.homes.all.values();
        let homes = homes.filter(|c| self.visits.get(c.session).is_none());
        let homes = homes.filter_map(|c| c.event.as_ref().filter(|_| c.posted.is_some()));
        let mut charges: Vec<&ChargeEvent> = visits.chain(homes).filter(fits).collect();
        charges.sort_by_key(|event| (std::cmp::Reverse(event.usage.end), event.session));
        let (old, new) = (self.registry.rule_of(older)?, self.registry.rule_of(newer)?);
        let terms = |agreement, rule| effect::Terms { agreement, rule };
        let point = |id| self.registry.evses.get(id).map(|r| &r.entry);
        let more = charges.len() > MAX_EFFECT_CHARGES;
        let placed = charges.into_iter().map(|event| (event, point(&event.evse)));
        Ok(EffectView {
            from,
            to: now,
            more,
            effect: effect::effect(
                placed,
                terms(older, old.as_ref()),
                terms(newer, new.as_ref()),
            )?,
        })
    }

    /// A customer by key, `cus_...`.
    pub(crate) fn customer(&self, key: &str) -> Result<&Customer, Refusal> {
        let parsed = CustomerKey::parse(key).ok();
        let found = parsed.and_then(|key| self.node.aaa.profiles().by_key(key));
        found.ok_or_else(|| unknown(key))
    }

    /// Whose charge it is, where the driver is ours.
    pub fn owner_of(&self, id: SessionId) -> Option<CustomerKey> {
        let aaa = &self.node.aaa;
        if let Some(charge) = aaa.charges().get(id) {
            return Some(charge.customer);
        }
        let charge = self.homes.all.get(&id)?;
        let told = charge.statement().map(|s| s.statement.pseudonym);
        let names = [charge.pseudonym, told];
        let mut names = names.into_iter().flatten();
        names.find_map(|name: Pseudonym| aaa.issued().customer(charge.visited, name))
    }

    /// A charge as lists of the console show it.
    pub fn charge_row(&self, id: SessionId) -> Option<ChargeRow> {
        let summary = self.summary(id)?;
        let session = self.visits.get(id).map(|v| &v.session);
        let home = self.homes.all.get(&id);
        let price = session
            .and_then(|s| s.breakdown.as_ref())
            .or_else(|| home.and_then(|c| c.breakdown.as_ref()));
        let evse = summary.evse.as_ref();
        let place = evse.and_then(|evse| self.registry.evses.get(evse));
        Some(ChargeRow {
            station: session.map(|s| s.station.clone()),
            soc: session.and_then(|s| s.soc),
            currency: price.map(|b| b.currency),
            time_zone: place.map(|evse| evse.entry.time_zone.clone()),
            visited_name: self.registry.name_of(summary.visited),
            stop: home.and_then(|c| c.stop.clone()),
            summary,
        })
    }

    fn charges(&self, filter: &ChargeFilter) -> Result<DeskAnswer, Refusal> {
        let theirs = match &filter.customer {
            Some(key) => Some(self.customer(key)?.key),
            None => None,
        };
        let mut all: BTreeSet<(Time, SessionId)> = BTreeSet::new();
        let visits = self.visits.iter().map(|(id, v)| (v.session.at, *id));
        let homes = self.homes.all.values().map(|c| (c.at, c.session));
        // A charge in both roles has one place in the list: the gateway's.
        let homes = homes.filter(|(_, id)| self.visits.get(*id).is_none());
        all.extend(visits.chain(homes));
        let fits = |(at, id): &&(Time, SessionId)| {
            filter.before.is_none_or(|before| (*at, *id) < before)
                && filter.from.is_none_or(|from| *at >= from)
                && filter.to.is_none_or(|to| *at < to)
                && theirs.is_none_or(|key| self.owner_of(*id) == Some(key))
        };
        let limit = page(filter.limit);
        let mut rows = Vec::with_capacity(limit);
        for (_, id) in all.iter().rev().filter(fits) {
            let Some(row) = self.charge_row(*id).filter(|row| wanted(filter, row)) else {
                continue;
            };
            if rows.len() == limit {
                return Ok(DeskAnswer::Charges { rows, more: true });
            }
            rows.push(row);
        }
        Ok(DeskAnswer::Charges { rows, more: false })
    }

    fn gateway_view(&self, visit: &Visit) -> GatewayView {
        let session = &visit.session;
        GatewayView {
            state: format!("{:?}", session.state()).to_lowercase(),
            since: session.since(),
            rounds: session.round,
            hold: hold_word(session.hold).to_owned(),
            refused_records: visit.bad.clone(),
            stop: self.stop_of(visit),
        }
    }

    fn charge_view(&self, id: SessionId) -> Result<ChargeView, Refusal> {
        let trace = self.session_trace(id)?;
        let row = self.charge_row(id).ok_or_else(|| unknown("the charge"))?;
        let (visit, home) = (self.visits.get(id), self.homes.all.get(&id));
        let event = trace.event.as_ref().map(|e| e.event.agreement);
        let agreement = event
            .or_else(|| trace.offer.as_ref().map(|o| o.offer.agreement))
            .or_else(|| visit.and_then(|v| v.session.agreement));
        let statement = visit
            .and_then(|v| v.session.eligibility.clone())
            .or_else(|| home.and_then(|c| c.statement().cloned()));
        let evse = row.summary.evse.as_ref();
        let settled = self
            .node
            .aaa
            .charges()
            .get(id)
            .and_then(|c| c.settled.as_ref());
        let month = settled.and_then(|s| {
            let (year, month) = self.node.aaa.charges().month_of(s.at);
            Some((i16::try_from(year).ok()?, u8::try_from(month).ok()?))
        });
        let parties: BTreeSet<MemberId> = row
            .summary
            .home
            .into_iter()
            .chain([row.summary.visited])
            .collect();
        let key = |member: &MemberId| {
            let key = self.registry.key_of(*member)?;
            Some(KeyView {
                member: *member,
                key,
            })
        };
        Ok(ChargeView {
            gateway: visit.map(|visit| self.gateway_view(visit)),
            statement,
            evse: evse
                .and_then(|id| self.registry.evses.get(id))
                .map(|r| r.entry.clone()),
            agreement: agreement
                .and_then(|id| self.registry.agreement(id))
                .map(|a| Box::new(a.clone())),
            customer: self.owner_of(id).map(|key| key.to_string()),
            month,
            cases: self
                .cases
                .iter()
                .filter(|c| c.case.session == id)
                .cloned()
                .collect(),
            keys: parties.iter().filter_map(key).collect(),
            names: parties
                .iter()
                .map(|m| (*m, self.registry.name_of(*m)))
                .collect(),
            row,
            trace,
        })
    }

    /// One station of ours as pages show it; none when it is not ours.
    pub fn station_view(&self, station: &StationId) -> Option<StationView> {
        let numbers = self.registry.numbers_of(station);
        let records = numbers
            .iter()
            .filter_map(|n| self.registry.evse_at(station, *n))
            .filter(|r| r.entry.utility == self.me.id);
        let evses: Vec<EvseView> = records.map(|r| self.evse_view(&r.entry)).collect();
        let ours = self.stations.contains_key(station) || !evses.is_empty();
        ours.then(|| StationView {
            station: station.clone(),
            connected: self.connected.get(station).copied(),
            evses,
        })
    }

    fn evse_view(&self, entry: &fairway_model::registry::EvseEntry) -> EvseView {
        let place = (entry.station.clone(), entry.number);
        let charge = self.visits.at_evse(&entry.station, entry.number);
        EvseView {
            entry: entry.clone(),
            state: self.connectors.get(&place).copied(),
            charge: charge.and_then(|id| self.charge_row(id)),
        }
    }

    fn station_views(&self) -> Vec<StationView> {
        let registered = self.registry.evses.values();
        let ours = registered.filter(|r| r.entry.utility == self.me.id);
        let mut names: BTreeSet<&StationId> = ours.map(|r| &r.entry.station).collect();
        names.extend(self.stations.keys());
        let names = names.into_iter().take(MAX_SHOWN_STATIONS);
        names.filter_map(|name| self.station_view(name)).collect()
    }

    fn customers(&self, after: Option<&str>, limit: usize, text: &str) -> DeskAnswer {
        let profiles = self.node.aaa.profiles();
        let all = [CustomerClass::Residential, CustomerClass::Commercial];
        let text = text.trim().to_lowercase();
        let fits = |c: &&Customer| {
            text.is_empty()
                || c.name.to_lowercase().contains(&text)
                || c.cin.digits().starts_with(&text)
        };
        let found = all.into_iter().flat_map(|class| profiles.of_class(class));
        let by_cin: BTreeMap<String, &Customer> =
            found.filter(fits).map(|c| (c.cin.digits(), c)).collect();
        let mut rest = by_cin
            .iter()
            .filter(|(cin, _)| after.is_none_or(|after| cin.as_str() > after));
        let rows = rest
            .by_ref()
            .take(limit)
            .map(|(_, c)| self.customer_view(c))
            .collect();
        let more = rest.next().is_some();
        DeskAnswer::Customers { rows, more }
    }

    fn customer_view(&self, customer: &Customer) -> CustomerView {
        CustomerView {
            key: customer.key.to_string(),
            cin: customer.cin.digits(),
            grouped: customer.cin.grouped(),
            name: customer.name.clone(),
            class: customer.class,
            tier: customer.tier,
            service: customer.service(),
            payment: customer.payment,
            credit_limit: customer.credit_limit,
            balance: self
                .node
                .aaa
                .accounts()
                .driver(customer.key, customer.currency),
            currency: customer.currency,
            language: customer.language.clone(),
            has_pin: customer.pin.is_some(),
            credentials: customer.credentials.clone(),
            blocked: customer.blocked,
            version: customer.version,
            since: customer.since,
            frozen: customer.frozen,
        }
    }

    /// Who may keep a visiting profile of a customer: whoever holds a reusable statement of ours that neither ended nor was taken back,
    /// and whoever has not confirmed yet that it was.
    fn told(&self, now: Time, key: &str) -> Result<Vec<ToldView>, Refusal> {
        let key = self.customer(key)?.key;
        let open: BTreeSet<(MemberId, Pseudonym)> = self.outbox.revocations().collect();
        let mut told: BTreeMap<MemberId, ToldView> = BTreeMap::new();
        for row in self.node.aaa.issued().of(key) {
            let s = &row.signed.statement;
            let unheard = open.contains(&(s.visited, s.pseudonym));
            let kept = s.reusable && s.expires_at > now && (!row.revoked || unheard);
            if !kept || s.visited == self.me.id {
                continue;
            }
            let view = told.entry(s.visited).or_insert_with(|| ToldView {
                member: s.visited,
                name: self.registry.name_of(s.visited),
                told_at: s.issued_at,
                until: s.expires_at,
                taken_back: true,
            });
            view.told_at = view.told_at.max(s.issued_at);
            view.until = view.until.max(s.expires_at);
            view.taken_back &= row.revoked;
        }
        Ok(told.into_values().take(MAX_PAGE).collect())
    }

    fn visitors(&self, now: Time) -> Vec<VisitorView> {
        let visiting = self.node.aaa.visiting();
        let view = |signed: &fairway_model::SignedEligibility, forget_at: Time| {
            let guarantee = &signed.statement.guarantee.guarantee;
            let left = visiting.remaining(now, guarantee.id);
            let agreement = self.registry.agreement(guarantee.agreement);
            VisitorView {
                home: signed.statement.home,
                name: self.registry.name_of(signed.statement.home),
                signed: signed.clone(),
                forget_at,
                used: guarantee.limit.minus(left).unwrap_or_default(),
                currency: agreement.map(|a| a.currency),
            }
        };
        // A driver who came with card and number has a profile for each, and one guarantee for both.
        let mut met = BTreeSet::new();
        let all = visiting.iter().filter(|(signed, forget_at)| {
            now < *forget_at && met.insert(signed.statement.guarantee.guarantee.id)
        });
        all.take(MAX_VISITORS).map(|(s, at)| view(s, at)).collect()
    }

    fn agreement_details(
        &self,
        now: Time,
        which: Option<AgreementId>,
    ) -> Result<Vec<AgreementDetail>, Refusal> {
        let me = self.me.id;
        let known = self.registry.agreements.iter();
        let ours = known.filter(|(id, r)| {
            let ours = r.agreement.home == me || r.agreement.visited == me;
            ours && which.is_none_or(|wanted| wanted == **id)
        });
        let details: Vec<AgreementDetail> = ours
            .take(MAX_LIST)
            .map(|(id, r)| {
                let terms = &r.agreement;
                let partner = if terms.home == me {
                    terms.visited
                } else {
                    terms.home
                };
                let to_ourselves = terms.home == terms.visited;
                let successor = self.registry.successor(r, now);
                AgreementDetail {
                    view: AgreementView {
                        agreement: *id,
                        home: terms.home,
                        visited: terms.visited,
                        version: terms.version,
                        proposer: r.proposer,
                        stage: r.stage(now, me, successor),
                    },
                    terms: terms.clone(),
                    word: r.stage_word(now, successor).to_owned(),
                    countersigned: r.countersigned,
                    superseded_by: r.superseded_by(),
                    waits_for_us: r.waits() && (r.proposer != me || to_ourselves),
                    partner_name: self.registry.name_of(partner),
                }
            })
            .collect();
        match which {
            Some(id) if details.is_empty() => Err(Refusal::new(
                RefusalCode::AgreementUnknown,
                format!("{id} is no agreement of {me} on the ledger as far as it is seen here"),
            )),
            _ => Ok(details),
        }
    }

    /// The newest month first.
    fn months(&self, key: &str) -> Result<Vec<MonthView>, Refusal> {
        let customer = self.customer(key)?;
        let charges = self.node.aaa.charges();
        let mut months: BTreeSet<(i64, i64)> = BTreeSet::new();
        for charge in charges.of(customer.key) {
            months.extend(charge.settled.as_ref().map(|s| charges.month_of(s.at)));
            months.extend(charge.credits.iter().map(|c| charges.month_of(c.at)));
        }
        let mut views = Vec::new();
        for (year, month) in months.into_iter().rev().take(MAX_MONTHS) {
            let year = i16::try_from(year).unwrap_or(i16::MAX);
            let month = u8::try_from(month).unwrap_or(1);
            let found = charges.month(customer.key, year, month)?;
            let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
            views.push(MonthView {
                year,
                month,
                total: found.total,
                currency: customer.currency,
                lines: count(found.lines.len()),
                credits: count(found.credits.len()),
                pending: found.pending,
            });
        }
        Ok(views)
    }
}

/// What of a filter only the finished row can answer.
fn wanted(filter: &ChargeFilter, row: &ChargeRow) -> bool {
    let s = &row.summary;
    let partner = |member: MemberId| match s.role {
        Role::Home => s.visited == member,
        Role::Visited => s.home == Some(member),
        Role::Both => false,
    };
    filter.state.as_ref().is_none_or(|state| *state == s.state)
        && filter.role.is_none_or(|role| role == s.role)
        && filter.partner.is_none_or(partner)
        && filter
            .station
            .as_ref()
            .is_none_or(|station| row.station.as_ref() == Some(station))
        && filter
            .text
            .as_ref()
            .is_none_or(|text| s.session.to_string().starts_with(text.trim()))
}
