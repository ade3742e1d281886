//! Tests of codes and phones.

use super::*;
use fairway_model::Energy;

const SECRET: [u8; 16] = [7; 16];

fn view(screen: Screen, dialog: u64) -> View {
    View {
        screen,
        dialog,
        ..View::dark()
    }
}

fn thanks() -> Screen {
    Screen::Thanks {
        session: None,
        energy: Energy(1),
        soc: None,
        text: String::new(),
    }
}

fn opened(guests: &mut Guests, now: u64, view: &View) -> String {
    let code = guests.code(now).0.to_owned();
    guests.open(now, &code, view, (SECRET, [9; 8])).unwrap();
    code
}

#[test]
fn a_code_serves_one_phone_and_is_replaced() {
    let mut guests = Guests::new(0, [1; 8]);
    let prompt = view(Screen::Prompt, 1);
    let code = opened(&mut guests, 10, &prompt);
    assert_eq!(code.len(), CODE_LENGTH);
    assert_ne!(guests.code(10).0, code);
    let again = guests.open(11, &code, &prompt, ([8; 16], [3; 8]));
    assert_eq!(again, Err(Closed::Taken));
    assert_eq!(guests.seen(&code, [8; 16], &prompt), Err(Closed::Unknown));
    assert_eq!(
        guests.seen(&code, SECRET, &prompt),
        Ok(Seen::Live { may_act: true })
    );
}

#[test]
fn a_code_runs_out_and_the_phone_that_was_scanning_it_is_served() {
    let mut guests = Guests::new(0, [1; 8]);
    let prompt = view(Screen::Prompt, 0);
    let old = guests.code(0).0.to_owned();
    assert!(!guests.follow(CODE_LIFE - 1, &prompt, [2; 8]));
    assert!(guests.follow(CODE_LIFE, &prompt, [2; 8]));
    assert_ne!(guests.code(CODE_LIFE).0, old);
    let open = |guests: &mut Guests, at| guests.open(at, &old, &prompt, (SECRET, [4; 8]));
    assert_eq!(
        open(&mut guests, CODE_LIFE + CODE_GRACE + 1),
        Err(Closed::Unknown)
    );
    assert_eq!(open(&mut guests, CODE_LIFE + CODE_GRACE), Ok(()));
}

#[test]
fn the_screens_are_told_of_a_phone_once() {
    let mut guests = Guests::new(0, [1; 8]);
    let prompt = view(Screen::Prompt, 0);
    assert!(!guests.follow(1, &prompt, [2; 8]));
    let code = opened(&mut guests, 2, &prompt);
    assert!(guests.follow(3, &prompt, [3; 8]));
    assert_eq!(guests.connected(0), Some(code.as_str()));
    assert!(!guests.follow(4, &prompt, [4; 8]));
}

#[test]
fn an_answer_shows_the_code_that_the_next_event_shows() {
    let mut guests = Guests::new(0, [1; 8]);
    let typing = view(Screen::Prompt, 1);
    let before = guests.code(1).0.to_owned();
    guests.follow_ahead(1, &typing, [2; 8]);
    let answered = guests.code(1).0.to_owned();
    assert_ne!(answered, before);
    // The screens are told, and the code stays.
    assert!(guests.follow(2, &typing, [3; 8]));
    assert_eq!(guests.code(2).0, answered);
    assert!(!guests.follow(3, &typing, [4; 8]));
}

#[test]
fn a_phone_never_sees_the_dialog_of_another_driver() {
    let mut guests = Guests::new(0, [1; 8]);
    let prompt = view(Screen::Prompt, 1);
    guests.follow(1, &prompt, [1; 8]);
    let code = opened(&mut guests, 2, &prompt);
    // Somebody at the post begins.
    let other = view(
        Screen::Typing {
            digits: 1,
            wrong: None,
        },
        1,
    );
    guests.follow(3, &other, [5; 8]);
    assert_eq!(guests.seen(&code, SECRET, &other), Ok(Seen::Over));
    // A phone that the driver takes along during the dialog looks on, and is not there for the next.
    let mine = opened(&mut guests, 4, &other);
    assert_eq!(
        guests.seen(&mine, SECRET, &other),
        Ok(Seen::Live { may_act: false })
    );
    let next = view(
        Screen::Typing {
            digits: 1,
            wrong: None,
        },
        2,
    );
    guests.follow(5, &next, [6; 8]);
    assert_eq!(guests.seen(&mine, SECRET, &next), Ok(Seen::Over));
}

#[test]
fn a_phone_begins_acts_and_keeps_its_receipt() {
    let mut guests = Guests::new(0, [1; 8]);
    let prompt = view(Screen::Prompt, 1);
    let code = opened(&mut guests, 1, &prompt);
    let typing = view(
        Screen::Typing {
            digits: 1,
            wrong: None,
        },
        1,
    );
    // The station shows the act before the phone's request is answered.
    guests.acts(1, &code, SECRET);
    guests.follow(2, &typing, [5; 8]);
    guests.acted(&code, SECRET, &prompt, &typing);
    guests.follow(3, &typing, [5; 8]);
    assert_eq!(
        guests.seen(&code, SECRET, &typing),
        Ok(Seen::Live { may_act: true })
    );
    assert_eq!(guests.connected(1), Some(code.as_str()));
    let done = view(thanks(), 1);
    guests.follow(4, &done, [5; 8]);
    let next = view(Screen::Prompt, 2);
    guests.follow(5, &next, [6; 8]);
    assert!(matches!(guests.seen(&code, SECRET, &next), Ok(Seen::Receipt(v)) if *v == done));
    guests.follow(6 + RECEIPT_LIFE, &next, [6; 8]);
    assert_eq!(guests.seen(&code, SECRET, &next), Err(Closed::Unknown));
}

#[test]
fn guessing_codes_ends_soon_and_phones_are_bounded() {
    let mut guests = Guests::new(0, [1; 8]);
    let prompt = view(Screen::Prompt, 0);
    for _ in 0..MAX_GUESSES {
        let wrong = guests.open(5, "AAAAAAAA", &prompt, (SECRET, [2; 8]));
        assert_eq!(wrong, Err(Closed::Unknown));
    }
    let right = guests.code(5).0.to_owned();
    let refused = guests.open(5, &right, &prompt, (SECRET, [2; 8]));
    assert_eq!(refused, Err(Closed::TooMany));
    let later = 6 + GUESS_WINDOW;
    for n in 0..40u8 {
        let code = guests.code(later).0.to_owned();
        guests
            .open(later, &code, &prompt, ([n; 16], [n; 8]))
            .unwrap();
    }
    assert_eq!(guests.phones.len(), MAX_GUESTS);
}
