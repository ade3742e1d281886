//! OCMF: our records read back, reference records of S.A.F.E. with OpenSSL's verdicts, and every single-byte change refused.

#![expect(
    clippy::disallowed_methods,
    reason = "tests find the peers' Python and cargo's folder by variables"
)]

use fairway_model::station::ReadingContext;
use fairway_model::{Energy, MemberId, MeterReading, RefusalCode, SessionId, Time};
use fairway_protocol::ocmf::{
    MeterKey, publish_key, read_published_key, sign_reading, verify, verify_beside,
};
use proptest::prelude::*;
use std::path::Path;

fn reading() -> MeterReading {
    MeterReading {
        gateway_serial: "GW-17".into(),
        meter_serial: "METER-42".into(),
        pagination: 7,
        at: Time(1_795_422_087_123),
        context: ReadingContext::End,
        register: Energy(2_935_600_001),
        session: Some(SessionId::make(
            &[1; 32],
            MemberId::parse("US*DUK").unwrap(),
            5,
        )),
        good: true,
    }
}

#[test]
fn golden_record() {
    let record = sign_reading(&MeterKey::from_seed([7; 32]), &reading()).unwrap();
    expect_test::expect_file!["../../../../fixtures/ocmf/end.ocmf"].assert_eq(&record);
}

#[test]
fn what_is_signed_reads_back() {
    let key = MeterKey::from_seed([7; 32]);
    let read = verify(&sign_reading(&key, &reading()).unwrap(), &key.public_spki()).unwrap();
    let wrote = reading();
    assert_eq!(
        (read.at, read.context, read.register, read.pagination),
        (wrote.at, wrote.context, wrote.register, 7)
    );
    assert_eq!(
        (read.meter_serial, read.gateway_serial, read.session),
        (wrote.meter_serial, wrote.gateway_serial, wrote.session)
    );
    assert!(read.good && read.begin.is_none());
    let faulty = MeterReading {
        good: false,
        session: None,
        ..reading()
    };
    let read = verify(&sign_reading(&key, &faulty).unwrap(), &key.public_spki()).unwrap();
    assert!(!read.good && read.session.is_none());
}

#[test]
fn every_changed_byte_of_the_payload_is_refused() {
    let key = MeterKey::from_seed([7; 32]);
    let record = sign_reading(&key, &reading()).unwrap();
    let end = record.rfind('|').unwrap();
    for at in 5..end {
        let mut bytes = record.clone().into_bytes();
        bytes[at] ^= 1;
        let Ok(changed) = String::from_utf8(bytes) else {
            continue;
        };
        let refusal = verify(&changed, &key.public_spki()).unwrap_err();
        assert!(
            matches!(
                refusal.code,
                RefusalCode::MeterSignature | RefusalCode::Malformed
            ),
            "byte {at}: {refusal}"
        );
    }
    let raised = record.replace("2935.600001", "2936.600001");
    assert_ne!(raised, record);
    assert_eq!(
        verify(&raised, &key.public_spki()).unwrap_err().code,
        RefusalCode::MeterSignature
    );
}

#[test]
fn keys() {
    let (right, wrong) = (MeterKey::from_seed([7; 32]), MeterKey::from_seed([8; 32]));
    let record = sign_reading(&wrong, &reading()).unwrap();
    let code = |beside: Option<&[u8]>, registered: &[u8]| {
        verify_beside(&record, beside, registered)
            .map(|_| ())
            .map_err(|r| r.code)
    };
    assert_eq!(
        code(None, &right.public_spki()),
        Err(RefusalCode::MeterSignature)
    );
    assert_eq!(
        code(Some(&wrong.public_spki()), &right.public_spki()),
        Err(RefusalCode::MeterKey)
    );
    assert_eq!(
        code(Some(b"nonsense"), &right.public_spki()),
        Err(RefusalCode::MeterKey)
    );
    assert_eq!(
        code(Some(&wrong.public_spki()), &wrong.public_spki()),
        Ok(())
    );
    assert_eq!(code(None, b"nonsense"), Err(RefusalCode::MeterKey));
    for seed in [[0; 32], [255; 32]] {
        assert_eq!(MeterKey::from_seed(seed).public_spki().len(), 91);
    }
    assert_eq!(
        read_published_key(&publish_key(&right.public_spki())),
        Some(right.public_spki())
    );
    assert_eq!(read_published_key(""), None);
}

#[test]
fn bounds_and_shapes() {
    let spki = MeterKey::from_seed([7; 32]).public_spki();
    let code = |record: &str| verify(record, &spki).unwrap_err();
    assert_eq!(code(&"x".repeat(8 * 1024 + 1)).code, RefusalCode::TooLarge);
    for bad in [
        "",
        "OCMF",
        "OCMF|{}",
        "OCMF|[]|{}",
        "ocmf|{}|{}",
        "OCMF|{\"RD\":[]}|{\"SD\":\"00\"",
    ] {
        assert_eq!(code(bad).code, RefusalCode::Malformed, "{bad}");
    }
    assert!(code("OCMF|[]|{}").text.contains("payload section"));
}

/// Finds the copy of a crate's sources that cargo made.
fn crate_source(name: &str) -> std::path::PathBuf {
    let home = option_env!("CARGO_HOME").map_or_else(
        || Path::new(&std::env::var("HOME").unwrap()).join(".cargo"),
        Into::into,
    );
    let registries = std::fs::read_dir(home.join("registry/src")).expect("cargo's registry copy");
    registries
        .filter_map(Result::ok)
        .map(|e| e.path().join(name))
        .find(|p| p.exists())
        .expect("crate sources in cargo's registry copy")
}

#[test]
fn reference_records_agree_with_openssl() {
    let text =
        std::fs::read_to_string(crate_source("ocmf-0.1.0").join("tests/corpus/records.json"))
            .unwrap();
    let corpus: serde_json::Value = serde_json::from_str(&text).unwrap();
    let (mut authentic, mut refused, mut other_curve) = (0, 0, 0);
    for entry in corpus["entries"].as_array().unwrap() {
        let record = entry["record"].as_str().unwrap();
        let Some(key) = entry["key"].as_str().and_then(read_published_key) else {
            continue;
        };
        let verdict = verify(record, &key);
        match (entry["openssl_verified"].as_bool(), &verdict) {
            (Some(true), Ok(_)) => authentic += 1,
            (Some(false), Err(_)) => refused += 1,
            // Curves other than secp256r1 are named as unsupported, never accepted.
            (Some(true), Err(r)) if r.text.contains("not supported") => other_curve += 1,
            (None, Err(_)) => {}
            (openssl, ours) => panic!("{}: openssl {openssl:?}, ours {ours:?}", entry["source"]),
        }
    }
    assert!(
        authentic >= 180 && refused >= 3,
        "{authentic} authentic, {refused} refused, {other_curve} on other curves"
    );
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|b| [b >> 4, b & 15])
        .filter_map(|n| char::from_digit(u32::from(n), 16))
        .collect()
}

/// Runs where the variable names a Python with the pinned packages of tests/peers; the test command sets it.
#[test]
fn peer_ocmf_pyocmf_accepts_ours_and_refuses_a_changed_digit() {
    let Ok(python) = std::env::var("FAIRWAY_PEER_PYTHON") else {
        return;
    };
    let key = MeterKey::from_seed([7; 32]);
    let record = sign_reading(&key, &reading()).unwrap();
    let spki = hex(&key.public_spki());
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/peers/ocmf_check.py"
    );
    for (record, expected) in [
        (record.clone(), "verified"),
        (record.replace("2935.600001", "2935.600002"), "refused"),
    ] {
        let out = std::process::Command::new(&python)
            .arg(script)
            .arg(&record)
            .arg(&spki)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&out.stdout);
        assert_eq!(
            said.trim(),
            expected,
            "{}",
            String::from_utf8_lossy(&out.stderr)
        );
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in ".{0,400}") {
        let spki = MeterKey::from_seed([7; 32]).public_spki();
        let wrapped = format!("OCMF|{{{text}}}|{{\"SD\":\"00\"}}");
        let _ = read_published_key(&text);
        let refused = [verify(&text, &spki), verify(&wrapped, &spki), verify_beside("OCMF|{}|{}", Some(text.as_bytes()), &spki)];
        prop_assert!(refused.iter().all(Result::is_err));
    }

    #[test]
    fn no_mutation_of_a_real_record_panics(at in 0usize..600, byte in 0u8..128) {
        let key = MeterKey::from_seed([7; 32]);
        let mut bytes = sign_reading(&key, &reading()).unwrap().into_bytes();
        let len = bytes.len();
        bytes[at % len] = byte;
        let _ = verify(std::str::from_utf8(&bytes).unwrap(), &key.public_spki());
    }
}
