//! The limiter of guesses.

use crate::world::*;
use fairway_aaa::CustomerInput;
use fairway_aaa::attempts::*;
use fairway_aaa::hcp::HomeProfiles;
use fairway_model::station::InputMethod::Code;
use fairway_model::time::SECOND;
use fairway_model::{Hash, MemberId, RefusalCode, Time};
use proptest::prelude::*;

fn with_pin() -> (HomeProfiles, String) {
    let mut hcp = HomeProfiles::new(alp(), [1; 32]);
    let input = CustomerInput {
        pin: Some("4711".to_owned()),
        credentials: vec!["12345678".to_owned()],
        ..customer(1)
    };
    hcp.put(Time(0), &[1; 32], &input).unwrap();
    (hcp, input.cin)
}

#[test]
fn guessing_is_slowed_and_the_owner_is_not_locked_out() {
    let (mut hcp, number) = with_pin();
    let mut code = |now: Time, who: MemberId, token: &str, pin: &str| {
        hcp.authenticate(now, who, &typed(token, Some(pin)))
            .map(|c| c.key)
            .map_err(|r| r.code)
            .err()
    };
    let t = Time(1_000_000);
    for pin in ["0000", "0001", "0002"] {
        assert_eq!(code(t, duk(), &number, pin), Some(RefusalCode::PinWrong));
    }
    // Even the right PIN waits, by the loyalty number too; elsewhere it does not.
    assert_eq!(
        code(t, duk(), &number, "4711"),
        Some(RefusalCode::TooManyAttempts)
    );
    assert_eq!(
        code(t, duk(), "12345678", "4711"),
        Some(RefusalCode::TooManyAttempts)
    );
    assert_eq!(code(t, alp(), &number, "4711"), None);
    assert_eq!(code(t.plus(FIRST_WAIT), duk(), &number, "4711"), None);
    assert_eq!(
        code(t.plus(FIRST_WAIT), duk(), &number, "0003"),
        Some(RefusalCode::PinWrong)
    );
}

#[test]
fn the_card_works_while_the_pin_waits() {
    let (mut hcp, number) = with_pin();
    for n in 0..9 {
        let _ = hcp.authenticate(Time(0), duk(), &typed(&number, Some(&format!("000{n}"))));
    }
    assert!(
        hcp.authenticate(Time(0), duk(), &show(Code, &number))
            .is_ok()
    );
}

#[test]
fn the_same_wrong_pin_again_is_not_counted() {
    let (mut hcp, number) = with_pin();
    for _ in 0..20 {
        let refusal = hcp
            .authenticate(Time(0), duk(), &typed(&number, Some("0000")))
            .map(|c| c.key);
        assert_eq!(refusal.unwrap_err().code, RefusalCode::PinWrong);
    }
    assert!(
        hcp.authenticate(Time(0), duk(), &typed(&number, Some("4711")))
            .is_ok()
    );
}

#[test]
fn guessing_numbers_is_slowed_for_the_member_that_does_it() {
    let (mut hcp, number) = with_pin();
    let mut answers = Vec::new();
    for n in 0..=u32::try_from(MEMBER_BURST).unwrap() {
        let forged = cin(fairway_model::Service::Standard, 1_000 + n);
        answers.push(
            hcp.authenticate(Time(0), duk(), &show(Code, &forged))
                .map(|c| c.key)
                .unwrap_err()
                .code,
        );
    }
    assert_eq!(answers.pop(), Some(RefusalCode::TooManyAttempts));
    assert!(answers.iter().all(|c| *c == RefusalCode::CinUnknown));
    assert!(
        hcp.authenticate(Time(0), alp(), &show(Code, &number))
            .is_ok(),
        "others are not slowed"
    );
    assert!(
        hcp.authenticate(Time(MEMBER_REFILL), duk(), &show(Code, &number))
            .is_ok(),
        "a second later"
    );
}

#[test]
fn the_table_is_bounded() {
    let mut attempts = Attempts::default();
    let cred = |n: usize| Hash::of("c", &n.to_be_bytes());
    for n in 0..MAX_TRACKED + 10 {
        attempts.wrong_pin(Time(0), cred(n), duk(), cred(0));
    }
    assert_eq!(attempts.tracked(), MAX_TRACKED);
    attempts.expire(Time(FORGET_AFTER));
    assert_eq!(attempts.tracked(), 0);
}

proptest! {
    /// Whatever the guesser does, in a day he gets few guesses, and the owner's wait is never longer than the longest.
    #[test]
    fn few_guesses_a_day(pauses in prop::collection::vec(0i64..600, 1..400)) {
        let mut attempts = Attempts::default();
        let (who, cred) = (duk(), Hash::default());
        let (mut now, mut guesses) = (Time(0), 0i64);
        for (n, pause) in pauses.iter().enumerate() {
            now = now.plus(pause * SECOND);
            if attempts.check_pin(now, cred, who).is_ok() {
                attempts.wrong_pin(now, cred, who, Hash::of("pin", &n.to_be_bytes()));
                guesses += 1;
            }
            prop_assert!(attempts.check_pin(now.plus(LONGEST_WAIT), cred, who).is_ok());
        }
        prop_assert!(guesses <= 12 + now.0 / LONGEST_WAIT, "{guesses} guesses in {} s", now.0 / SECOND);
    }
}
