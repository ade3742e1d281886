//! Models and packages on the ledger, and the line of an agreement: stored, proposed, countersigned, in force from a height, rolled back.

use crate::forecast_world::{Grid, models, op, package, spec, today};
use crate::world::World;
use fairway_forecast::spec::Feature;
use fairway_ledger::forecast::op::{ForecastOperation, LineProposal, ModelPart, Pack, Parties};
use fairway_ledger::forecast::state::TableReason;
use fairway_model::canonical::Canonical;
use fairway_model::hash::Hash;

fn part(model: Hash, part: u16, bytes: &[u8]) -> ForecastOperation {
    ForecastOperation::StorePart(ModelPart {
        model,
        part,
        bytes: bytes.to_vec(),
    })
}

fn store(world: &mut World, model: Hash, bytes: &[u8], parts: u16) -> String {
    world.outcome("DUK", op(part(model, 0, bytes)));
    world.outcome("DUK", op(ForecastOperation::StoreModel { model, parts }))
}

#[test]
fn a_model_comes_in_parts_and_is_known_by_its_hash() {
    let mut world = World::new();
    let model = &models(true, 0)[0];
    let (bytes, hash) = (model.to_bytes(), model.hash());
    let (first, second) = bytes.split_at(bytes.len() / 2);
    world.must("DUK", op(part(hash, 0, second)));
    let again = world.outcome("DUK", op(part(hash, 0, second)));
    assert!(again.starts_with("duplicate"), "{again}");
    let whole = ForecastOperation::StoreModel {
        model: hash,
        parts: 2,
    };
    let missing = world.outcome("DUK", op(whole.clone()));
    assert!(missing.contains("part 1 of 2 of model"), "{missing}");
    world.must("DUK", op(part(hash, 1, second)));
    let swapped = world.outcome("DUK", op(whole.clone()));
    assert!(swapped.starts_with("model-invalid"), "{swapped}");
    world.must("DUK", op(part(hash, 0, first)));
    let other = world.outcome("APC", op(whole.clone()));
    assert!(
        other.contains("is not stored"),
        "parts are their sender's: {other}"
    );
    assert!(
        world
            .outcome("DUK", op(whole.clone()))
            .contains("ModelStored")
    );
    let twice = world.outcome("DUK", op(whole));
    assert!(
        twice.contains("US*DUK stored this model in block"),
        "{twice}"
    );
    let late = world.outcome("APC", op(part(hash, 0, b"other")));
    assert!(late.starts_with("duplicate"), "{late}");
}

#[test]
fn hostile_bytes_are_refused_by_name() {
    let mut world = World::new();
    let good = &models(true, 0)[0];
    let mut longer = good.to_bytes();
    longer.push(0);
    let mut looped = good.to_bytes();
    if let Some(last) = looped.last_mut() {
        *last = 0xff;
    }
    for bytes in [
        b"garbage".to_vec(),
        longer,
        looped,
        vec![0x9f; 40_000],
        vec![0x85, 0x58, 0xff],
    ] {
        let found = store(&mut world, Hash::plain(&bytes), &bytes, 1);
        assert!(found.starts_with("model-invalid"), "{found}");
    }
    let found = store(&mut world, Hash::plain(b"other"), &good.to_bytes(), 1);
    assert!(found.contains("the parts make model"), "{found}");
}

#[test]
fn a_package_names_stored_models_and_what_the_ledger_has() {
    let mut world = World::new();
    let sent = |package| {
        op(ForecastOperation::StorePackage {
            package: Box::new(package),
        })
    };
    let unknown = world.outcome("DUK", sent(package(true, 0)));
    assert!(
        unknown.contains("of the package is not stored"),
        "{unknown}"
    );
    let mut warm = package(true, 0);
    warm.spec.features.push(Feature::Temperature { shift: 0 });
    let warm = world.outcome("DUK", sent(warm));
    assert!(warm.contains("feature 2 asks for temperature"), "{warm}");
    let mut midnight = package(true, 0);
    midnight.issue = fairway_forecast::backtest::Issue::MIDNIGHT;
    midnight.spec.horizon = midnight.issue.horizon();
    let midnight = world.outcome("DUK", sent(midnight));
    assert!(
        midnight.contains("the contract's day is issued at 10"),
        "{midnight}"
    );
    for model in models(true, 0) {
        let bytes = model.to_bytes();
        assert!(store(&mut world, model.hash(), &bytes, 1).contains("ModelStored"));
    }
    let mut foreign = package(true, 0);
    foreign.spec = spec(false);
    let foreign = world.outcome("DUK", sent(foreign));
    assert!(foreign.contains("is for the features"), "{foreign}");
    assert!(
        world
            .outcome("DUK", sent(package(true, 0)))
            .contains("PackageStored")
    );
    let twice = world.outcome("APC", sent(package(true, 0)));
    assert!(twice.contains("US*DUK stored this package"), "{twice}");
    let mut unsound = package(true, 0);
    unsound.levels = vec![50, 500];
    let tx = world.sign("DUK", sent(unsound));
    assert!(world.contracts.admit(&[tx])[0].is_err());
}

fn proposal(parties: Parties, pack: Pack, from: u64) -> LineProposal {
    LineProposal {
        parties,
        pack,
        from,
    }
}

#[test]
fn packages_take_two_signatures_and_roll_back() {
    let mut grid = Grid::ready(|_| {});
    let (old, new) = (package(true, 0).hash(), grid.store(true, 10_000));
    let spare = grid.store(false, 0);
    let parties = grid.parties();
    let pack = Pack {
        package: new,
        spare: Some(spare),
    };
    let height = grid.world.height;
    let line = |grid: &mut Grid, by: &str, operation| grid.world.outcome(by, op(operation));
    let at = proposal(parties, pack, height + 8);
    for (by, wrong, words) in [
        ("GPC", at, "is no party"),
        ("DUK", proposal(parties, pack, 1), "blocks after this one"),
        (
            "DUK",
            proposal(
                parties,
                Pack {
                    package: new,
                    spare: Some(old),
                },
                height + 8,
            ),
            "a spare one does without",
        ),
        (
            "DUK",
            proposal(
                parties,
                Pack {
                    package: Hash::plain(b"?"),
                    spare: None,
                },
                height + 8,
            ),
            "is not on this chain",
        ),
    ] {
        let found = line(&mut grid, by, ForecastOperation::Propose(wrong));
        assert!(found.contains(words), "{found}");
    }
    let at = proposal(parties, pack, grid.world.height + 6);
    assert!(line(&mut grid, "DUK", ForecastOperation::Propose(at)).contains("Proposed"));
    let own = line(&mut grid, "DUK", ForecastOperation::Countersign(at));
    assert!(own.contains("the other party countersigns"), "{own}");
    assert!(line(&mut grid, "APC", ForecastOperation::Countersign(at)).contains("Agreed"));
    let again = line(&mut grid, "APC", ForecastOperation::Countersign(at));
    assert!(again.starts_with("proposal-unknown"), "{again}");
    // The height has passed when the day's schedule is made.
    let day = today().plus(2);
    assert_eq!(grid.publish(day, true, Some(new)).package, Some(new));
    let back = line(&mut grid, "APC", ForecastOperation::RollBack(parties));
    assert!(back.contains(&format!("package: {old:?}")), "{back}");
    assert_eq!(
        grid.publish(day.plus(1), true, Some(old)).package,
        Some(old)
    );
    let table = line(&mut grid, "DUK", ForecastOperation::RollBack(parties));
    assert!(table.contains("pack: None"), "{table}");
    let none = grid.publish(day.plus(2), true, None);
    assert_eq!(none.reason, Some(TableReason::NoModel));
    let empty = line(&mut grid, "DUK", ForecastOperation::RollBack(parties));
    assert!(empty.starts_with("nothing-due"), "{empty}");
}

#[test]
fn a_member_stores_a_bounded_number_of_bytes() {
    let mut world = World::new();
    let bytes = vec![1; 48 * 1024];
    let full = (32 << 20) / bytes.len();
    let mut last = String::new();
    for number in 0..=full {
        let model = Hash::plain(&number.to_be_bytes());
        last = world.outcome("DUK", op(part(model, 0, &bytes)));
        if number < full {
            assert!(last.contains("PartStored"), "{number}: {last}");
        }
    }
    assert!(last.starts_with("too-large"), "{last}");
}
