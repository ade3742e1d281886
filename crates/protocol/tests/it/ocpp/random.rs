//! Any text and any changed frame: no panic.

use super::link::linked;
use super::{NOW, booted};
use fairway_protocol::ocpp::MAX_FRAME;
use proptest::prelude::*;

proptest! {
    #[test]
    fn no_text_panics(text in ".{0,300}", json in r#"\[[234],"[a-z-]{0,3}","(Authorize|TransactionEvent|BootNotification|DataTransfer)",\{"(idToken|meterValue|seqNo|data)":[\[\{\}\]"a-z0-9:,.e-]{0,40}\}\]"#) {
        for frame in [&text, &json] {
            let step = booted().handle_text(NOW, frame);
            prop_assert!(step.replies.iter().all(|r| r.len() <= MAX_FRAME));
            let _ = linked().handle_text(NOW, frame);
        }
    }

    #[test]
    fn no_changed_frame_panics(line in 0usize..60, at in 0usize..4_000, byte in 32u8..127, cut in any::<bool>()) {
        let frames = concat!(include_str!("../../../../../fixtures/ocpp/charge.frames"), include_str!("../../../../../fixtures/ocpp/foreign.frames"));
        let lines: Vec<&str> = frames.lines().collect();
        let mut bytes = lines[line % lines.len()].as_bytes()[2..].to_vec();
        let place = at % bytes.len();
        if cut { bytes.truncate(place) } else { bytes[place] = byte }
        if let Ok(text) = String::from_utf8(bytes) {
            booted().handle_text(NOW, &text);
            linked().handle_text(NOW, &text);
        }
    }
}
