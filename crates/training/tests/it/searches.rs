//! A whole search on synthetic loads: cut and resumed, the same bytes; scores, shadow, prediction.

use crate::world::filled;
use fairway_forecast::backtest::Issue;
use fairway_forecast::baseline::weekly_errors;
use fairway_forecast::compare::Verdict;
use fairway_forecast::ensemble::Package;
use fairway_forecast::track::{LEVELS, RATE};
use fairway_forecast::trees::{Inline, Model};
use fairway_model::canonical::Canonical;
use fairway_model::hash::Hash;
use fairway_training::board::{Board, judge};
use fairway_training::candidate::{Candidate, Effort};
use fairway_training::card;
use fairway_training::play::{Entry, Player};
use fairway_training::search::{Job, Member, Plan, Search, Wish, introduce, jobs_of};
use std::collections::BTreeMap;

const WISH: Wish = Wish {
    issue: Issue::TEN_THE_DAY_BEFORE,
    folds: 2,
    fold_days: 35,
    effort: Effort::Tiny,
    seed: 7,
    last: None,
};

fn members() -> Vec<Member> {
    let mut members: Vec<Member> = [("a", 1), ("b", 2)]
        .map(|(name, seed)| Member::of(&filled(name, seed, 260)).unwrap())
        .into();
    introduce(&mut members);
    members
}

/// The models of a search by their keys, beginning with those that are there.
fn run(
    search: &Search<'_>,
    mut there: BTreeMap<Hash, Model>,
    most: usize,
) -> BTreeMap<Hash, Model> {
    let mut trained = 0;
    for job in search.jobs() {
        let key = search.key(&job);
        if trained < most && !there.contains_key(&key) {
            there.insert(key, search.train(&job, &Inline).unwrap());
            trained += 1;
        }
    }
    there
}

fn board(search: &Search<'_>, models: &BTreeMap<Hash, Model>) -> Board {
    let find = |job: &Job| models.get(&search.key(job)).cloned();
    let all: Vec<_> = search
        .candidates()
        .iter()
        .map(|c| (*c, search.publish(*c, find).unwrap().0))
        .collect();
    let own = &search.members()[0];
    let naive = weekly_errors(&own.truth, own.calendar.begin(search.plan().first));
    Board::new(*search.plan(), naive, &all)
}

fn entry(
    search: &Search<'_>,
    board: &Board,
    candidate: Candidate,
    models: &BTreeMap<Hash, Model>,
) -> (Entry, BTreeMap<Hash, Vec<u8>>) {
    let find = |job: &Job| models.get(&search.key(job)).cloned();
    let (_, tracker) = search.publish(candidate, find).unwrap();
    let mut bytes = BTreeMap::new();
    let mut levels = vec![Vec::new(); LEVELS.len()];
    for job in jobs_of(candidate, search.plan().whole()) {
        let model = search.train(&job, &Inline).unwrap();
        let place = LEVELS.iter().position(|level| *level == job.level).unwrap();
        levels[place].push(model.hash());
        bytes.insert(model.hash(), model.to_bytes());
    }
    let package = match candidate {
        Candidate::Trees { looks, .. } => Some(Package {
            spec: search.spec(looks).unwrap().clone(),
            levels: LEVELS.to_vec(),
            models: levels,
            rate: RATE,
            issue: search.plan().issue,
        }),
        _ => None,
    };
    let standing = board
        .standings
        .iter()
        .find(|s| s.candidate == candidate)
        .cloned();
    let data = search
        .members()
        .iter()
        .map(|m| (m.name.clone(), m.data))
        .collect();
    (
        Entry {
            candidate,
            package,
            tracker,
            plan: *search.plan(),
            data,
            standing,
        },
        bytes,
    )
}

#[test]
fn a_search_that_was_cut_ends_with_the_same_bytes() {
    let members = members();
    let plan = Plan::make(&members[0], WISH).unwrap();
    let search = Search::new(plan, &members).unwrap();
    assert!(search.jobs().iter().all(|job| search.weight(job) > 0));
    let whole = run(&search, BTreeMap::new(), usize::MAX);
    let cut = run(&search, BTreeMap::new(), 7);
    assert_eq!(cut.len(), 7);
    // A second process reads what was stored: bytes, not values.
    let stored = cut
        .into_iter()
        .map(|(key, model)| (key, Model::read(&model.to_bytes()).unwrap()))
        .collect();
    let second = Search::new(plan, &members).unwrap();
    assert_eq!(run(&second, stored, usize::MAX), whole);
    let first = board(&search, &whole);
    assert_eq!(board(&second, &whole), first);
    assert_eq!(Board::from_bytes(&first.to_bytes()).unwrap(), first);
    checks_of_the_board(&first);
    speaks(&search, &first, &whole);
}

fn checks_of_the_board(board: &Board) {
    let best = board.best().unwrap();
    assert!(
        matches!(
            best.candidate,
            Candidate::Trees { .. } | Candidate::Corrected
        ),
        "{}",
        best.candidate
    );
    let naive = board
        .standings
        .iter()
        .find(|s| s.candidate == Candidate::Naive { period: 168 })
        .unwrap();
    assert!(best.quantiles.total_loss() < naive.quantiles.total_loss());
    assert_eq!(judge(&naive.daily, &best.daily), Verdict::Better);
    assert_eq!(judge(&best.daily, &naive.daily), Verdict::Undecided);
    assert!(
        board
            .standings
            .iter()
            .all(|s| s.errors.hours == board.hours && s.daily.len() == 70)
    );
    let hours: i64 = best.by_clock.iter().map(|e| e.hours).sum();
    assert_eq!(hours, board.hours);
}

/// Entries with and without models speak about the day after, and about no day that they have learned from.
fn speaks(search: &Search<'_>, board: &Board, models: &BTreeMap<Hash, Model>) {
    let trees = search
        .candidates()
        .iter()
        .copied()
        .find(|c| matches!(c, Candidate::Trees { .. }))
        .unwrap();
    for candidate in [
        trees,
        Candidate::Smoothed,
        Candidate::Corrected,
        Candidate::Naive { period: 24 },
    ] {
        let (entry, bytes) = entry(search, board, candidate, models);
        assert_eq!(Entry::from_bytes(&entry.to_bytes()).unwrap(), entry);
        let player =
            Player::new(&entry, search.members(), |hash| bytes.get(hash).cloned()).unwrap();
        let day = search.plan().last.plus(1);
        let said = player.day(day).unwrap();
        assert_eq!(said.len(), 24);
        let spoken = said.iter().filter_map(|(_, q)| q.as_ref().ok()).count();
        // Nobody has posted a forecast for the day after the data; then there is none, and it is said.
        let needs_posting = matches!(candidate, Candidate::Corrected)
            || matches!(candidate, Candidate::Trees { looks, .. } if looks.forecast);
        assert_eq!(spoken, if needs_posting { 0 } else { 24 }, "{candidate}");
        assert!(
            player
                .shadow(search.plan().last, day)
                .unwrap_err()
                .contains("has learned from days up to")
        );
        let text = card::text(&entry, &card::importance(&[], &[]), Some(&board.naive));
        assert!(
            text.contains("by season") && text.contains("Coverage"),
            "{text}"
        );
    }
}

#[test]
fn another_seed_or_other_data_are_another_key() {
    let members = members();
    let plan = Plan::make(&members[0], WISH).unwrap();
    let search = Search::new(plan, &members).unwrap();
    let job = search.jobs()[0];
    let other = Search::new(Plan { seed: 8, ..plan }, &members).unwrap();
    assert_ne!(search.key(&job), other.key(&job));
    let mut changed = members.clone();
    changed[0].data = Hash::plain(b"other");
    let other = Search::new(plan, &changed).unwrap();
    assert_ne!(search.key(&job), other.key(&job));
}

#[test]
fn shadow_goes_on_where_the_search_ended() {
    let long = Member::of(&filled("a", 1, 260)).unwrap();
    let short = vec![long.clone()];
    let plan = Plan::make(
        &long,
        Wish {
            last: Some(long.last_day().plus(-70)),
            ..WISH
        },
    )
    .unwrap();
    let search = Search::new(plan, &short).unwrap();
    let models = run(&search, BTreeMap::new(), usize::MAX);
    let board = board(&search, &models);
    let mut losses = BTreeMap::new();
    for candidate in [search.candidates()[0], *search.candidates().last().unwrap()] {
        let (entry, bytes) = entry(&search, &board, candidate, &models);
        let player = Player::new(&entry, &short, |hash| bytes.get(hash).cloned()).unwrap();
        let published = player.shadow(plan.last.plus(1), long.last_day()).unwrap();
        assert_eq!(published.len(), 70 * 24);
        let common = fairway_training::board::common([&published]);
        losses.insert(
            candidate,
            fairway_training::board::standing(candidate, &published, &common).daily,
        );
    }
    let naive = &losses[&Candidate::Naive { period: 24 }];
    let trees = losses.values().next_back().unwrap();
    assert_eq!(judge(naive, trees), Verdict::Better);
    assert_eq!(judge(&naive[..30], &trees[..30]), Verdict::TooFewDays(30));
}

#[test]
fn wishes_that_cannot_be_are_refused_with_what_would_be_possible() {
    let member = Member::of(&filled("a", 1, 120)).unwrap();
    let words = Plan::make(&member, WISH).unwrap_err();
    assert_eq!(
        words,
        "70 days are asked for; `a` has room for 30, because 90 days come before them and at most 1461 are forecast"
    );
    let words = Plan::make(&member, Wish { folds: 0, ..WISH }).unwrap_err();
    assert_eq!(
        words,
        "0 folds of 35 days; 1 to 48 folds of at least one day are possible"
    );
}
