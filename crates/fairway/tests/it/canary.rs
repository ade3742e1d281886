//! Looks for words that must not be somewhere, in every form in which they may have got there.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A form of a canary.
struct Needle {
    what: String,
    bytes: Vec<u8>,
}

/// Canaries with their forms, by first byte, so that a file is gone through once.
pub(crate) struct Scanner {
    needles: BTreeMap<u8, Vec<Needle>>,
}

/// Something that was found: where, and which canary in which form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Found {
    pub(crate) place: String,
    pub(crate) what: String,
}

/// The part of a base64 text that depends on these bytes alone, when `before` other bytes stand before them.
fn base64(bytes: &[u8], before: usize) -> Vec<u8> {
    let text = STANDARD_NO_PAD.encode([&vec![0; before], bytes].concat());
    let skip = (before * 8).div_ceil(6);
    let whole = (before + bytes.len()) * 8 / 6;
    text.as_bytes()[skip..whole].to_vec()
}

fn utf16(bytes: &[u8], little: bool) -> Vec<u8> {
    let wide = |b: &u8| if little { [*b, 0] } else { [0, *b] };
    bytes.iter().flat_map(wide).collect()
}

fn forms(name: &str, canary: &[u8]) -> Vec<Needle> {
    let reversed: Vec<u8> = canary.iter().rev().copied().collect();
    let mut forms = vec![
        ("plain", canary.to_vec()),
        ("hexadecimal", hex::encode(canary).into_bytes()),
        ("HEXADECIMAL", hex::encode_upper(canary).into_bytes()),
        ("reversed", reversed.clone()),
        ("reversed hexadecimal", hex::encode(reversed).into_bytes()),
        ("UTF-16", utf16(canary, true)),
        ("UTF-16 of the other order", utf16(canary, false)),
    ];
    for before in 0..3 {
        forms.push(("base64", base64(canary, before)));
    }
    let needle = |(form, bytes)| Needle {
        what: format!("{name}, {form}"),
        bytes,
    };
    forms.into_iter().map(needle).collect()
}

impl Scanner {
    /// A scanner for these canaries, each with its name.
    pub(crate) fn new<'a>(canaries: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut needles = BTreeMap::<u8, Vec<Needle>>::new();
        for (name, canary) in canaries {
            assert!(canary.len() >= 6, "{name} is too short to mean anything");
            for needle in forms(name, canary) {
                needles.entry(needle.bytes[0]).or_default().push(needle);
            }
        }
        Self { needles }
    }

    /// Everything found in these bytes.
    pub(crate) fn bytes(&self, place: &str, bytes: &[u8]) -> Vec<Found> {
        let table: Vec<Option<&Vec<Needle>>> = (0..=255).map(|b| self.needles.get(&b)).collect();
        let mut found = Vec::new();
        for (at, first) in bytes.iter().enumerate() {
            let Some(needles) = table[usize::from(*first)] else {
                continue;
            };
            for needle in needles.iter().filter(|n| bytes[at..].starts_with(&n.bytes)) {
                found.push(Found {
                    place: place.to_owned(),
                    what: needle.what.clone(),
                });
            }
        }
        found.sort();
        found.dedup();
        found
    }

    /// Everything found in the files below a folder; how many files and bytes were looked at.
    pub(crate) fn folder(&self, folder: &Path) -> (Vec<Found>, usize, usize) {
        let (mut found, mut sizes) = (Vec::new(), Vec::new());
        for file in files(folder) {
            let bytes = std::fs::read(&file).unwrap();
            found.extend(self.bytes(&file.display().to_string(), &bytes));
            sizes.push(bytes.len());
        }
        (found, sizes.len(), sizes.iter().sum())
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// A test of the test: a canary is found in each form, wherever it stands, and nothing is found where there is none.
#[test]
fn canary_scanner_finds_what_is_planted() {
    let canary = b"840001010000417";
    let scanner = Scanner::new([("number", canary.as_slice())]);
    assert_eq!(scanner.bytes("noise", &[0x38; 10_000]), Vec::new());
    let all = forms("number", canary);
    assert_eq!(all.len(), 10);
    for needle in all {
        for before in [0, 1, 2, 77] {
            let planted = [vec![b'x'; before], needle.bytes.clone(), vec![b'x'; 9]].concat();
            let found = scanner.bytes("planted", &planted);
            assert!(
                found.iter().any(|f| f.what == needle.what),
                "{}",
                needle.what
            );
        }
    }
    // Inside a longer text that was encoded as a whole.
    for before in 0..9 {
        let text = [vec![b'-'; before], canary.to_vec(), vec![b'-'; 5]].concat();
        let encoded = STANDARD_NO_PAD.encode(text);
        assert!(
            !scanner.bytes("encoded", encoded.as_bytes()).is_empty(),
            "{before}"
        );
    }
    let folder = crate::stage::folder("canary");
    std::fs::create_dir_all(folder.join("deep/er")).unwrap();
    std::fs::write(folder.join("deep/er/file"), hex::encode(canary)).unwrap();
    std::fs::write(folder.join("clean"), "nothing").unwrap();
    let (found, count, _) = scanner.folder(&folder);
    // Digits have no letters in hexadecimal: both cases are the same.
    assert_eq!((found.len(), count), (2, 2));
    assert!(found.iter().all(|f| f.place.ends_with("deep/er/file")));
    assert!(found.iter().any(|f| f.what == "number, hexadecimal"));
    std::fs::remove_dir_all(folder).unwrap();
}
