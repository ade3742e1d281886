//! What schedules are asked for with, as the ledger has it: packages and their models, whose turn it is, who revealed, what is scored. A copy, for
//! our node asks by itself and has to name what it asks for.

use crate::door::Row;
use crate::registry::{AgreementRecord, row};
use fairway_forecast::ensemble::Package;
use fairway_forecast::hour::Day;
use fairway_ledger::forecast::bounds::OWN_DAYS;
use fairway_ledger::forecast::op::{
    ForecastEffect, ForecastOperation, ModelClaim, Pack, PackageClaim,
};
use fairway_ledger::{Effect, Operation, Receipt, Transaction};
use fairway_model::canonical::Canonical;
use fairway_model::{Agreement, AgreementId, DecodeError, Hash, MemberId, Time};
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;

/// Most models of one member that are kept in mind; packages of later ones are published by hand. Counted by member, so that nobody crowds
/// another's models out.
pub(crate) const MAX_MODELS: usize = 1_024;
/// Most packages of one member that are kept in mind.
pub(crate) const MAX_PACKAGES: usize = 256;
/// First parts of the rows' keys.
pub(crate) const LINE: &str = "line";
pub(crate) const MODEL: &str = "model";
pub(crate) const PACKAGE: &str = "package";
pub(crate) const REVEALED: &str = "revealed";
pub(crate) const SCORED: &str = "scored";

/// Packages that follow from a height.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
struct Next {
    #[n(0)]
    pack: Pack,
    #[n(1)]
    from: u64,
}

/// The packages of an agreement, once it was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
struct Line {
    #[n(0)]
    agreement: AgreementId,
    #[n(1)]
    active: Option<Pack>,
    #[n(2)]
    next: Option<Next>,
}

impl Line {
    fn at(self, height: u64) -> Option<Pack> {
        let next = self.next.filter(|next| next.from <= height);
        next.map(|next| next.pack).or(self.active)
    }
}

/// A stored package.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
struct Known {
    #[n(0)]
    by: MemberId,
    #[n(1)]
    claim: PackageClaim,
}

/// How far an agreement is scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Scored {
    #[n(0)]
    agreement: AgreementId,
    /// The last scored day.
    #[n(1)]
    pub(crate) day: Day,
    /// Skill over the agreed days in millionths.
    #[n(2)]
    pub(crate) skill: Option<i64>,
}

/// A day whose own forecast a member revealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
struct Told {
    #[n(0)]
    member: MemberId,
    #[n(1)]
    day: Day,
}

/// The copy.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Lines {
    of_agreements: BTreeMap<AgreementId, Line>,
    models: BTreeMap<Hash, ModelClaim>,
    packages: BTreeMap<Hash, Known>,
    revealed: BTreeMap<(MemberId, i64), Day>,
    scored: BTreeMap<AgreementId, Scored>,
}

/// What an agreement begins with.
fn first(agreement: &Agreement) -> Option<Pack> {
    Some(Pack {
        package: agreement.model?,
        spare: agreement.forecast.as_ref().and_then(|terms| terms.spare),
    })
}

impl Lines {
    /// Takes over what an applied transaction did; the rows to store.
    pub(crate) fn apply(
        &mut self,
        agreements: &BTreeMap<AgreementId, AgreementRecord>,
        tx: &Transaction,
        receipt: &Receipt,
    ) -> Vec<Row> {
        let (Operation::Forecast(operation), Some(Effect::Forecast(effect))) =
            (&tx.operation, receipt.effect())
        else {
            return Vec::new();
        };
        let at = receipt.time;
        match (&**operation, effect) {
            (
                ForecastOperation::StoreModel { model, parts },
                ForecastEffect::ModelStored { .. },
            ) => {
                let claim = ModelClaim {
                    model: *model,
                    by: tx.member,
                    parts: *parts,
                };
                self.put_model(claim, at)
            }
            (ForecastOperation::StorePackage { package }, ForecastEffect::PackageStored { .. }) => {
                self.put_package(package, tx.member, at)
            }
            (
                _,
                ForecastEffect::Agreed {
                    agreement,
                    pack,
                    from,
                },
            ) => {
                let terms = agreements.get(agreement).map(|record| &record.agreement);
                let active = terms.and_then(|terms| self.pack(*agreement, terms, receipt.height));
                let next = Some(Next {
                    pack: *pack,
                    from: *from,
                });
                vec![self.put_line(*agreement, active, next, at)]
            }
            (_, ForecastEffect::RolledBack { agreement, pack }) => {
                vec![self.put_line(*agreement, *pack, None, at)]
            }
            (_, ForecastEffect::Revealed { day }) => {
                let told = Told {
                    member: tx.member,
                    day: *day,
                };
                self.take_told(told);
                let key = format!("{REVEALED}/{}/{}", told.member, place(told.day));
                vec![row(&key, &told.member.to_string(), at, &told)]
            }
            (
                _,
                ForecastEffect::Scored {
                    agreement,
                    day,
                    skill,
                    ..
                },
            ) => {
                let scored = Scored {
                    agreement: *agreement,
                    day: *day,
                    skill: *skill,
                };
                self.scored.insert(*agreement, scored);
                let key = format!("{SCORED}/{agreement}");
                vec![row(&key, &agreement.to_string(), at, &scored)]
            }
            _ => Vec::new(),
        }
    }

    /// Takes a stored model over.
    pub(crate) fn put_model(&mut self, claim: ModelClaim, at: Time) -> Vec<Row> {
        let of = self.models.values().filter(|known| known.by == claim.by);
        if of.count() >= MAX_MODELS {
            return Vec::new();
        }
        self.models.insert(claim.model, claim);
        let key = format!("{MODEL}/{}", claim.model);
        vec![row(&key, &claim.by.to_string(), at, &claim)]
    }

    /// Takes a stored package over, whose models are all known here.
    pub(crate) fn put_package(&mut self, package: &Package, by: MemberId, at: Time) -> Vec<Row> {
        let of = self.packages.values().filter(|known| known.by == by);
        let named = package.model_hashes().into_iter();
        let models: Option<Vec<ModelClaim>> =
            named.map(|hash| self.models.get(&hash).copied()).collect();
        let Some(models) = models.filter(|_| of.count() < MAX_PACKAGES) else {
            return Vec::new();
        };
        let package = package.hash();
        let claim = PackageClaim { package, models };
        let known = Known { by, claim };
        let key = format!("{PACKAGE}/{package}");
        let row = row(&key, &by.to_string(), at, &known);
        self.packages.insert(package, known);
        vec![row]
    }

    fn put_line(
        &mut self,
        agreement: AgreementId,
        active: Option<Pack>,
        next: Option<Next>,
        at: Time,
    ) -> Row {
        let line = Line {
            agreement,
            active,
            next,
        };
        self.of_agreements.insert(agreement, line);
        let key = format!("{LINE}/{agreement}");
        row(&key, &agreement.to_string(), at, &line)
    }

    fn take_told(&mut self, told: Told) {
        self.revealed
            .insert((told.member, place(told.day)), told.day);
    }

    /// The packages of an agreement in the block of a height.
    pub(crate) fn pack(&self, id: AgreementId, agreement: &Agreement, height: u64) -> Option<Pack> {
        let changed = self.of_agreements.get(&id);
        changed.map_or_else(|| first(agreement), |line| line.at(height))
    }

    /// Whether a member revealed its own forecast of a day.
    pub(crate) fn revealed(&self, member: MemberId, day: Day) -> bool {
        self.revealed.get(&(member, place(day))) == Some(&day)
    }

    /// What a schedule of a day is asked for with: the package whose turn it is, and its models as they are stored. A package that is not stored is
    /// claimed without models: the contract then says so.
    pub(crate) fn claim(
        &self,
        id: AgreementId,
        agreement: &Agreement,
        (day, height): (Day, u64),
    ) -> Option<PackageClaim> {
        let pack = self.pack(id, agreement, height)?;
        let told = self.revealed(agreement.visited, day);
        let package = pack.spare.filter(|_| !told).unwrap_or(pack.package);
        let known = self.packages.get(&package);
        Some(known.map_or_else(
            || PackageClaim {
                package,
                models: Vec::new(),
            },
            |known| known.claim.clone(),
        ))
    }

    /// How far an agreement is scored.
    pub(crate) fn scored(&self, id: AgreementId) -> Option<&Scored> {
        self.scored.get(&id)
    }

    /// Takes back a stored row of one of the kinds.
    pub(crate) fn restore(&mut self, kind: &str, row: &Row) -> Result<(), DecodeError> {
        match kind {
            LINE => {
                let line = Line::from_bytes(&row.body)?;
                self.of_agreements.insert(line.agreement, line);
            }
            MODEL => {
                let claim = ModelClaim::from_bytes(&row.body)?;
                self.models.insert(claim.model, claim);
            }
            PACKAGE => {
                let known = Known::from_bytes(&row.body)?;
                self.packages.insert(known.claim.package, known);
            }
            REVEALED => self.take_told(Told::from_bytes(&row.body)?),
            _ => {
                let scored = Scored::from_bytes(&row.body)?;
                self.scored.insert(scored.agreement, scored);
            }
        }
        Ok(())
    }
}

fn place(day: Day) -> i64 {
    day.0.rem_euclid(OWN_DAYS)
}
