//! Model files that are whole, cut, strange and hostile.

use crate::world::eastern;
use fairway_forecast::backtest::Issue;
use fairway_forecast::columns::Extras;
use fairway_forecast::ensemble::Package;
use fairway_forecast::spec::FeatureSpec;
use fairway_forecast::trees::{Model, Split, Tree};
use fairway_model::canonical::Canonical;
use fairway_training::bundle::{Bundle, HEAD, MAX_BUNDLE_BYTES, too_long};
use minicbor::Encoder;
use std::collections::BTreeMap;

fn spec() -> FeatureSpec {
    FeatureSpec::recommended(
        Extras::default(),
        Issue::MIDNIGHT.horizon(),
        &[eastern().hash()],
    )
}

fn bundle() -> Bundle {
    let spec = spec();
    let features = u16::try_from(spec.features.len()).unwrap();
    let tree = Tree {
        splits: vec![Split {
            feature: 0,
            threshold: 5,
            left: -1,
            right: -2,
        }],
        leaves: vec![1, 2],
    };
    let model = Model::new(spec.hash(), features, 6, 0, vec![tree]).unwrap();
    Bundle {
        package: Package {
            spec,
            levels: vec![500],
            models: vec![vec![model.hash()]],
            rate: 500,
            issue: Issue::MIDNIGHT,
        },
        models: BTreeMap::from([(model.hash(), model.to_bytes())]),
    }
}

/// The bundle's file with other bytes for its model.
fn with_model(model: &[u8]) -> Vec<u8> {
    let package = bundle().package.to_bytes();
    let mut file = HEAD.to_vec();
    for part in [package.as_slice(), model] {
        file.extend(u32::try_from(part.len()).unwrap().to_le_bytes());
        file.extend(part);
    }
    file
}

/// A model of one split as bytes that no [`Model`] would give.
fn raw(feature: u16, left: i32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes);
    let spec = spec();
    encoder.array(5).unwrap().bytes(&spec.hash().0).unwrap();
    encoder
        .u16(u16::try_from(spec.features.len()).unwrap())
        .unwrap()
        .u8(6)
        .unwrap()
        .i64(0)
        .unwrap();
    encoder.array(1).unwrap().array(2).unwrap();
    encoder
        .array(1)
        .unwrap()
        .array(4)
        .unwrap()
        .u16(feature)
        .unwrap()
        .i32(5)
        .unwrap()
        .i32(left)
        .unwrap()
        .i32(-2)
        .unwrap();
    encoder.array(2).unwrap().i64(1).unwrap().i64(2).unwrap();
    bytes
}

#[test]
fn a_model_file_reads_back() {
    let bundle = bundle();
    assert_eq!(Bundle::read(&bundle.to_file()).unwrap(), bundle);
    assert_eq!(with_model(&raw(0, -1)), bundle.to_file());
}

#[test]
fn bad_model_files_are_refused_with_their_place() {
    let whole = bundle().to_file();
    let announced = [HEAD, &0x4000_0000_u32.to_le_bytes()].concat();
    for (file, wanted) in [
        (
            b"PK\x03\x04".to_vec(),
            "byte 0: the file does not begin with `fairway model 1`; it is no model of ours",
        ),
        (HEAD.to_vec(), "the file ends before the package"),
        (
            announced,
            "byte 16: a part of 1073741824 bytes; at most 1048576 are allowed",
        ),
        (whole[..whole.len() - 1].to_vec(), "the file is cut"),
        (
            with_model(&raw(9_999, -1)),
            "model 0: tree 0: split 0 asks for column 9999, which there is not",
        ),
        (
            with_model(&raw(0, 0)),
            "model 0: tree 0: split 0 leads to 0, which is no later split and no leaf",
        ),
        (
            with_model(&raw(0, -2)),
            "model 0: tree 0: split 0 leads to -2, where another one leads already",
        ),
        (with_model(b"\xFF"), "model 0: these bytes are no model"),
    ] {
        let words = Bundle::read(&file).unwrap_err();
        assert!(words.contains(wanted), "{words}\nwanted: {wanted}");
    }
    let gib = too_long(1 << 30);
    assert!(
        gib.starts_with("a file of 1073741824 bytes is no model: at most"),
        "{gib}"
    );
    assert!(
        Bundle::read(&vec![0; MAX_BUNDLE_BYTES + 1])
            .unwrap_err()
            .contains("is no model: at most")
    );
}

#[test]
fn a_model_that_is_not_named_or_lacks_is_refused() {
    let mut lacking = bundle();
    lacking.models.clear();
    assert!(
        Bundle::read(&lacking.to_file())
            .unwrap_err()
            .contains("is named and not there")
    );
    let mut other = bundle();
    let spec = spec();
    let stranger = Model::new(
        spec.hash(),
        u16::try_from(spec.features.len()).unwrap(),
        6,
        77,
        Vec::new(),
    )
    .unwrap();
    other.models.insert(stranger.hash(), stranger.to_bytes());
    assert!(
        Bundle::read(&other.to_file())
            .unwrap_err()
            .contains("is not named by the package")
    );
}

#[test]
fn texts_of_lightgbm_name_level_and_line() {
    let spec = spec();
    let words = Bundle::of_lightgbm(
        &spec,
        Issue::MIDNIGHT,
        &[(500, "tree\nversion=v4\nobjective=binary\n".to_owned())],
    )
    .unwrap_err();
    assert!(words.starts_with("level 500: line "), "{words}");
}
