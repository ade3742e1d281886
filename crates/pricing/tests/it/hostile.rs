//! Hostile modules: each is refused by name, or contained and named in the price.

use crate::rules::{answering, assert_base, module, rated};
use fairway_model::{RuleFault, RuleVerdict};
use fairway_pricing::rule::{MAX_LOCALS, MAX_RULE_FUEL, MAX_TABLE_ENTRIES, RuleError};
use fairway_pricing::{MAX_RULE_BYTES, RuleModule};
use proptest::prelude::*;

const MEMORY: &str = "(memory (export \"memory\") 1)";
const RULE: &str = "(func (export \"rule\") (param i32) (result i64) (i64.const -1))";

fn refusal(wat: &str) -> RuleError {
    let bytes = wat::parse_str(wat).unwrap();
    match RuleModule::read(&bytes) {
        Err(error) => error,
        Ok(_) => panic!("accepted: {wat}"),
    }
}

/// A module with this beside a good memory and a good rule.
fn beside(what: &str) -> RuleError {
    refusal(&format!("(module {what} {MEMORY} {RULE})"))
}

fn assert_named(error: &RuleError, words: &str) {
    assert!(error.to_string().contains(words), "{error}");
}

fn falls_back(module: RuleModule, fault: RuleFault) {
    let price = rated(module, MAX_RULE_FUEL);
    assert_eq!(price.rule.unwrap().verdict, RuleVerdict::FellBack(fault));
    assert_base(price);
}

#[test]
fn a_module_that_does_nothing_wrong_is_taken() {
    module(&format!("(module {MEMORY} {RULE})"));
    // What compilers use: a table, a mutable global, exported globals, moving bytes in bulk, extended signs, data.
    module(
        "(module (type $f (func (result i64))) (table 2 funcref) (elem (i32.const 0) $one)
           (global $sp (mut i32) (i32.const 1024)) (global (export \"__data_end\") i32 (i32.const 2048))
           (memory (export \"memory\") 2 16) (data (i32.const 65536) \"abc\")
           (func $one (result i64) (i64.const 1))
           (func (export \"rule\") (param i32) (result i64)
             (memory.fill (i32.const 70000) (i32.const 1) (i32.const 8))
             (global.set $sp (i32.extend8_s (i32.const 1)))
             (call_indirect (type $f) (i32.const 0))))"
    );
}

#[test]
fn an_endless_loop_ends_with_the_fuel() {
    falls_back(
        answering("(loop $again (br $again)) (i64.const 1)"),
        RuleFault::OutOfFuel,
    );
}

#[test]
fn a_memory_bomb_gets_no_more_than_its_mebibyte() {
    // It asks for ever more until it is refused, and answers with the pages that it got.
    let bomb = answering(
        "(loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
         (i64.mul (i64.extend_i32_u (memory.size)) (i64.const 1000))",
    );
    let price = rated(bomb, MAX_RULE_FUEL);
    // 16 pages answer 16000, which is below the corridor for the price, and more than there is for the share.
    assert_eq!(
        price.rule.unwrap().verdict,
        RuleVerdict::FellBack(RuleFault::Garbage)
    );
    let greedy = answering(
        "(if (i32.eq (memory.grow (i32.const 65535)) (i32.const -1)) (then (unreachable))) (i64.const 1)",
    );
    falls_back(greedy, RuleFault::Trapped);
    assert_named(
        &refusal(&format!("(module (memory (export \"memory\") 17) {RULE})")),
        "its memory begins with 17 pages",
    );
    assert_named(
        &refusal(&format!(
            "(module (memory (export \"memory\") 65536) {RULE})"
        )),
        "its memory begins with 65536 pages",
    );
}

#[test]
fn a_bomb_of_copied_bytes_ends_with_the_fuel() {
    falls_back(
        answering(
            "(loop $again (memory.fill (i32.const 0) (i32.const 1) (i32.const 65536)) (br $again)) (i64.const 1)",
        ),
        RuleFault::OutOfFuel,
    );
}

#[test]
fn floats_are_refused_by_name() {
    for body in [
        "(func (result f64) (f64.const 1))",
        "(func (param f32))",
        "(func (local f64))",
        "(func (drop (i64.trunc_f64_s (f64.const 1))))",
        "(func (drop (i64.trunc_sat_f64_s (f64.const 1))))",
        "(func (drop (f32.load (i32.const 0))))",
        "(global f64 (f64.const 0))",
    ] {
        assert_named(&beside(body), "floating point at byte");
    }
}

#[test]
fn imports_are_refused_by_name() {
    for import in [
        "(import \"env\" \"now\" (func (result i64)))",
        "(import \"env\" \"memory\" (memory 1))",
        "(import \"env\" \"table\" (table 1 funcref))",
        "(import \"wasi_snapshot_preview1\" \"random_get\" (func (param i32 i32) (result i32)))",
        "(import \"env\" \"x\" (global i32))",
    ] {
        let wat = format!("(module {import} {RULE} (memory (export \"memory\") 1))");
        let wat = if import.contains("(memory 1)") {
            format!("(module {import} {RULE})")
        } else {
            wat
        };
        assert_named(&refusal(&wat), "it imports");
    }
}

#[test]
fn a_start_function_is_refused_by_name() {
    assert_named(&beside("(func $s) (start $s)"), "it has a start function");
}

#[test]
fn a_file_of_a_hundred_mebibytes_is_refused_before_it_is_read() {
    // Zeros are no module at all; that they are refused for their size shows that nobody looked.
    let zeros = vec![0_u8; 100 * 1024 * 1024];
    assert_eq!(
        RuleModule::read(&zeros).unwrap_err(),
        RuleError::TooLarge(zeros.len())
    );
    assert!(matches!(
        RuleModule::read(&zeros[..=MAX_RULE_BYTES]),
        Err(RuleError::TooLarge(_))
    ));
    assert!(matches!(
        RuleModule::read(&zeros[..MAX_RULE_BYTES]),
        Err(RuleError::Malformed(_))
    ));
}

#[test]
fn deep_recursion_traps() {
    falls_back(
        module(&format!(
            "(module {MEMORY} (func $f (param i64) (result i64) (i64.add (i64.const 1) (call $f (local.get 0))))
               (func (export \"rule\") (param i32) (result i64) (call $f (i64.const 1))))"
        )),
        RuleFault::Trapped,
    );
}

#[test]
fn giant_tables_are_refused_by_name() {
    assert_named(
        &beside(&format!("(table {} funcref)", MAX_TABLE_ENTRIES + 1)),
        "its tables have 257 entries",
    );
    assert_named(&beside("(table 4294967295 funcref)"), "entries");
    assert_named(
        &beside("(table 1 funcref) (table 1 funcref)"),
        "its tables have 2 entries",
    );
}

#[test]
fn data_and_elements_out_of_bounds_are_refused_by_name() {
    for what in [
        "(data (i32.const 65536) \"x\")",
        "(data (i32.const -1) \"x\")",
        "(table 1 funcref) (func $f) (elem (i32.const 1) $f)",
    ] {
        assert_named(&beside(what), "it cannot be started");
    }
}

#[test]
fn too_much_of_anything_is_refused_by_name() {
    let many = |what: &str, n: u32| what.repeat(usize::try_from(n).unwrap());
    let locals = format!("(func (local {}))", many("i64 ", MAX_LOCALS + 1));
    assert_named(&beside(&locals), "257 local variables");
    assert_named(&beside(&many("(func)", 256)), "257 functions");
    assert_named(
        &beside(&many("(global i32 (i32.const 0))", 65)),
        "65 global variables",
    );
    assert_named(
        &beside(&many("(data (i32.const 0) \"x\")", 65)),
        "65 data segments",
    );
    assert_named(
        &beside(&format!(
            "(table 1 funcref) (func $f) {}",
            many("(elem (i32.const 0) $f)", 17)
        )),
        "17 element segments",
    );
    assert_named(
        &beside(&format!("(func (param {}))", many("i32 ", 17))),
        "17 parameters",
    );
}

/// Three bytes in the module ask for four thousand million variables.
#[test]
fn a_short_text_cannot_ask_for_many_locals() {
    let mut bytes = wat::parse_str(format!("(module {MEMORY} (func (export \"rule\") (param i32) (result i64) (local i64) (i64.const -1)))")).unwrap();
    let group = [1, 1, 0x7e, 0x42, 0x7f];
    let at = bytes.windows(5).position(|w| w == group).unwrap();
    // The body's and the section's lengths grow by four bytes with the longer number.
    bytes.splice(at + 1..at + 2, [0xff, 0xff, 0xff, 0xff, 0x0f]);
    bytes[at - 1] += 4;
    bytes[at - 3] += 4;
    assert_named(
        &RuleModule::read(&bytes).unwrap_err(),
        "4294967295 local variables",
    );
}

#[test]
fn traps_fall_back() {
    for body in [
        "(unreachable)",
        "(i64.div_s (i64.const 1) (i64.const 0))",
        "(i64.rem_u (i64.const 1) (i64.const 0))",
        "(i64.load (i32.const 65536))",
        "(i64.store (i32.const -8) (i64.const 1)) (i64.const 1)",
        "(i64.div_s (i64.const -9223372036854775808) (i64.const -1))",
    ] {
        falls_back(answering(body), RuleFault::Trapped);
    }
}

#[test]
fn wrong_doors_are_refused_by_name() {
    for (wat, words) in [
        (format!("(module {MEMORY})"), "exports no function \"rule\""),
        (format!("(module {RULE})"), "exports no memory"),
        (format!("(module (memory 1) {RULE})"), "exports no memory"),
        (
            format!("(module (memory (export \"memory\") 0) {RULE})"),
            "begins with 0 pages",
        ),
        (
            format!(
                "(module {MEMORY} (func (export \"rule\") (param i32 i32) (result i64) (i64.const 1)))"
            ),
            "(i32, i32) -> (i64)",
        ),
        (
            format!(
                "(module {MEMORY} (func (export \"rule\") (param i32) (result i32) (i32.const 1)))"
            ),
            "(i32) -> (i32)",
        ),
        (
            format!("(module {MEMORY} (global (export \"rule\") i32 (i32.const 1)))"),
            "exports no function",
        ),
        (
            format!("(module {MEMORY} {RULE} (func (export \"other\")))"),
            "it exports \"other\"",
        ),
        (
            format!("(module {MEMORY} {RULE} (memory (export \"m2\") 1))"),
            "it exports \"m2\"",
        ),
    ] {
        assert_named(&refusal(&wat), words);
    }
}

#[test]
fn proposals_are_refused_by_name() {
    for (what, words) in [
        ("(func (drop (v128.const i64x2 0 0)))", "SIMD"),
        ("(func (drop (i64.atomic.load (i32.const 0))))", "threads"),
        ("(tag) (func (throw 0))", "exceptions"),
        ("(func (return_call 0))", "tail calls"),
        (
            "(func (result i32 i32) (i32.const 0) (i32.const 0))",
            "multi-value",
        ),
        ("(func (param externref))", "reference types"),
        (
            "(global i32 (i32.add (i32.const 1) (i32.const 1)))",
            "constant expression",
        ),
        ("(memory 1)", "multiple memories"),
    ] {
        let error = beside(what);
        let text = error.to_string();
        assert!(
            matches!(error, RuleError::NotAllowed(_) | RuleError::Malformed(_)),
            "{text}"
        );
        assert!(
            text.to_lowercase().contains(&words.to_lowercase()),
            "{words}: {text}"
        );
    }
    assert_named(
        &refusal(&format!(
            "(module (memory (export \"memory\") i64 1) {RULE})"
        )),
        "memory64",
    );
    assert_named(
        &refusal(&format!(
            "(module (memory (export \"memory\") 1 2 shared) {RULE})"
        )),
        "threads",
    );
    let component = [0, b'a', b's', b'm', 0x0d, 0, 1, 0];
    assert!(RuleModule::read(&component).is_err());
}

/// What was accepted must end within its fuel, whatever it is.
fn survives(bytes: &[u8]) {
    if let Ok(module) = RuleModule::read(bytes) {
        let price = rated(module, 20_000);
        let note = price.rule.unwrap();
        assert!(note.fuel <= 20_000);
        if matches!(note.verdict, RuleVerdict::FellBack(_)) {
            assert_base(price);
        }
    }
}

fn solar() -> Vec<u8> {
    wat::parse_str(include_str!("../../../../docs/examples/rule/solar.wat")).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn random_bytes_never_panic(tail in proptest::collection::vec(any::<u8>(), 0..512)) {
        survives(&tail);
        let mut headed = b"\0asm\x01\0\0\0".to_vec();
        headed.extend(tail);
        survives(&headed);
    }

    #[test]
    fn mutated_modules_never_panic_and_end_within_the_fuel(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in proptest::option::weighted(0.1, any::<prop::sample::Index>()),
    ) {
        let mut bytes = solar();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        survives(&bytes);
    }
}

/// Every single byte of the worked example replaced: whole coverage where chance would miss.
#[test]
fn every_byte_flipped_never_panics() {
    let whole = solar();
    for at in 0..whole.len() {
        for bit in [1, 0x10, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= bit;
            survives(&bytes);
        }
    }
}
