//! Any order of inputs: no panic, no energy without a start, and everything that began ends.

use crate::bay::{Bay, card, cin, evse, offer, report, session};
use fairway_model::station::{CallId, FromStation, Identified, ToStation};
use fairway_model::{Energy, Refusal, RefusalCode};
use fairway_station::{Input, PadKey};
use proptest::prelude::*;

fn act(bay: &mut Bay, choice: u8, n: u64) {
    let call = CallId(n);
    let input = match choice {
        0 => Input::Presented(card()),
        1 => Input::Choice(n.is_multiple_of(2)),
        2 => Input::StopButton,
        3 => Input::LinkDown,
        4 => Input::LinkUp,
        5 => Input::Lost(call),
        6 => Input::Key(PadKey::Digit(u8::try_from(n % 12).unwrap())),
        7 => Input::Key(
            [PadKey::Enter, PadKey::Back, PadKey::Cancel][usize::try_from(n % 3).unwrap()],
        ),
        8 => Input::Fault("f".into()),
        9 => Input::FaultCleared,
        10 => Input::Gateway(ToStation::TransactionNoted {
            call,
            cost: None,
            refusal: n
                .is_multiple_of(7)
                .then(|| Refusal::new(RefusalCode::OutOfOrder, "x")),
        }),
        11 => Input::Gateway(ToStation::Identified {
            call,
            answer: Identified::Offer(Box::new(offer(session(n % 3), bay.now))),
        }),
        12 => Input::Gateway(ToStation::ConsentNoted {
            call,
            refusal: None,
        }),
        13 => {
            let command = u32::try_from(n).unwrap();
            Input::Gateway(ToStation::Start {
                command,
                evse: 1,
                evse_id: evse(),
                session: session(n % 3),
                energy_limit: Some(Energy(n * 1_000)),
            })
        }
        14 => Input::Gateway(ToStation::Identified {
            call,
            answer: Identified::StopRequested(session(n % 3)),
        }),
        15 => Input::PlugIn,
        16 => Input::Unplug,
        17 => {
            for digit in cin().bytes() {
                bay.act(Input::Key(PadKey::Digit(digit - b'0')));
            }
            Input::Key(PadKey::Enter)
        }
        18 => {
            let choices = bay.station.choices();
            let at = usize::try_from(n).unwrap() % choices.len().max(1);
            choices
                .get(at)
                .map_or(Input::Tick, |(choice, _)| Input::Choose(*choice))
        }
        _ => Input::Tick,
    };
    bay.act(input);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn any_order(steps in proptest::collection::vec((0u8..20, 0u64..40, 0i64..90), 1..80)) {
        let mut bay = Bay::new();
        for (choice, n, seconds) in steps {
            act(&mut bay, choice, n);
            bay.now = bay.now.plus(seconds * 1_000);
            let begun = bay.said.iter().any(|w| matches!(w, FromStation::CommandAnswered { accepted: true, .. }));
            prop_assert!(begun || !bay.station.is_delivering());
        }
        // Heal: everything is told in the end, in order, and the contactor is open.
        bay.act(Input::FaultCleared);
        bay.act(Input::StopButton);
        bay.act(Input::LinkDown);
        let from = bay.said.len();
        let said = bay.act(Input::LinkUp);
        bay.drain(said);
        prop_assert_eq!(bay.station.unsent(), 0);
        prop_assert!(!bay.station.is_delivering());
        let told: Vec<_> = bay.said[from..].iter().filter_map(report).collect();
        for pair in told.windows(2) {
            prop_assert!(pair[0].transaction != pair[1].transaction || pair[0].seq < pair[1].seq);
        }
    }

    #[test]
    fn any_saved_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = fairway_station::Station::restore(crate::bay::config(), crate::bay::key(), &bytes);
    }
}
