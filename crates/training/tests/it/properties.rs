//! Files that nobody wrote on purpose: random bytes, damaged and cut files.

use crate::world::{empty, lines, take, wide};
use fairway_training::bundle::Bundle;
use fairway_training::csv::{line, records};
use fairway_training::dataset::Dataset;
use fairway_training::schema::Schema;
use fairway_training::value::{Kind, Value};
use proptest::prelude::*;

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let found = records(&bytes).unwrap().count();
        prop_assert!(found <= bytes.len());
        let text = String::from_utf8_lossy(&bytes);
        let mut dataset = empty("a");
        let _ = take(&mut dataset, &text);
        let _ = Schema::parse(&text);
        let _ = Dataset::read(&text);
        let _ = Bundle::read(&bytes);
        let kind = Kind::List(Box::new(Kind::Fields(vec![("a".to_owned(), Kind::Text), ("b".to_owned(), Kind::Integer)])));
        let _ = kind.read(&text);
    }

    #[test]
    fn a_damaged_file_is_taken_whole_or_not_at_all(place in 0usize..5_000, byte in any::<u8>(), cut in 0usize..40) {
        let mut bytes = wide(&lines(3, 8)).into_bytes();
        let place = place % bytes.len();
        bytes[place] = byte;
        bytes.truncate(bytes.len() - cut);
        let Ok(text) = String::from_utf8(bytes) else { return Ok(()) };
        let mut dataset = empty("a");
        if let Ok(report) = take(&mut dataset, &text) {
            prop_assert_eq!(report.added, dataset.rows().len());
        } else {
            prop_assert_eq!(dataset, empty("a"));
        }
    }

    #[test]
    fn cells_survive_writing(rows in prop::collection::vec(prop::collection::vec("[ -~\n\r\"é]{0,12}", 2..5), 1..6)) {
        let text: String = rows.iter().map(|row| line(row.iter().map(String::as_str))).collect();
        let ours: Vec<Vec<String>> = records(text.as_bytes()).unwrap().map(|r| r.unwrap().cells).collect();
        prop_assert_eq!(&ours, &rows);
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
        let peer: Vec<Vec<String>> = reader.records().map(|r| r.unwrap().iter().map(str::to_owned).collect()).collect();
        prop_assert_eq!(ours, peer);
    }

    #[test]
    fn values_survive_writing(number in any::<i64>(), text in "[a-zA-Z\"\\\\\n ]{1,20}", list in prop::collection::vec(any::<i32>(), 0..9)) {
        let kind = Kind::Fields(vec![
            ("n".to_owned(), Kind::Decimal(3)),
            ("t".to_owned(), Kind::Text),
            ("l".to_owned(), Kind::List(Box::new(Kind::Integer))),
        ]);
        let value = Value::Fields(vec![
            Value::Integer(number.max(-i64::MAX)),
            Value::Text(text),
            Value::List(list.into_iter().map(|n| Value::Integer(i64::from(n))).collect()),
        ]);
        prop_assert_eq!(kind.read(&kind.write(&value)), Ok(value));
    }
}
