//! Everything that is kept about a person, as one JSON document that people and programs read.

use super::json;
use fairway_aaa::Customer;
use fairway_model::canonical::Canonical as _;
use fairway_utility::command::{CustomerExport, ExportedRow};
use fairway_utility::door::Table;
use minicbor::Decoder;
use minicbor::data::Type;
use serde_json::{Map, Value, json};

/// Deepest nesting of a record that is shown in words; what lies deeper is shown as hexadecimal digits.
const MAX_DEPTH: usize = 32;

/// The document.
pub fn export(e: &CustomerExport) -> Value {
    let mut facts = Map::new();
    for (name, value) in &e.facts {
        facts.insert(name.clone(), Value::String(value.clone()));
    }
    let mut records = Map::new();
    for row in &e.rows {
        let list = records
            .entry(row.table.name())
            .or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(list) = list {
            list.push(record(row));
        }
    }
    json!({
        "about": "everything that this utility keeps about the customer with this number; `facts` and `charges` are in words, \
            `records` are the stored rows themselves, field by field in the order in which they are stored",
        "utility": e.utility.to_string(), "cin": e.cin, "made_at": e.made_at.rfc3339(), "facts": facts,
        "charges": e.charges.iter().map(json::trace).collect::<Vec<_>>(), "records": records,
    })
}

fn record(row: &ExportedRow) -> Value {
    json!({ "key": row.key, "at": row.at.rfc3339(), "summary": row.summary, "fields": fields(row) })
}

/// A row's body. The salted hash of a PIN is left out: with it, who finds the document finds the PIN.
fn fields(row: &ExportedRow) -> Value {
    let profile = matches!(
        row.table,
        Table::ResidentialCustomers | Table::CommercialCustomers
    );
    match Customer::from_bytes(&row.body) {
        Ok(customer) if profile => {
            let without = Customer {
                pin: None,
                ..customer
            };
            fields_of(&without.to_bytes())
        }
        _ => fields_of(&row.body),
    }
}

/// A record field by field: texts and numbers as they are, byte strings in hexadecimal digits.
pub fn fields_of(bytes: &[u8]) -> Value {
    let mut decoder = Decoder::new(bytes);
    item(&mut decoder, 0)
        .filter(|_| decoder.position() == bytes.len())
        .unwrap_or_else(|| Value::String(hex::encode(bytes)))
}

/// The next item, or none when it is of no kind that our records have.
fn item(decoder: &mut Decoder<'_>, depth: usize) -> Option<Value> {
    if depth > MAX_DEPTH {
        return None;
    }
    Some(match decoder.datatype().ok()? {
        Type::Bool => Value::Bool(decoder.bool().ok()?),
        Type::Null => {
            decoder.null().ok()?;
            Value::Null
        }
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => decoder.u64().ok()?.into(),
        Type::I8 | Type::I16 | Type::I32 | Type::I64 => decoder.i64().ok()?.into(),
        Type::Bytes => Value::String(hex::encode(decoder.bytes().ok()?)),
        Type::String => Value::String(decoder.str().ok()?.to_owned()),
        Type::Array => {
            let count = decoder.array().ok()??;
            let items = (0..count).map(|_| item(decoder, depth.saturating_add(1)));
            Value::Array(items.collect::<Option<_>>()?)
        }
        Type::Map => {
            let count = decoder.map().ok()??;
            let pair = |decoder: &mut Decoder<'_>| {
                let (key, value) = (
                    item(decoder, depth.saturating_add(1))?,
                    item(decoder, depth.saturating_add(1))?,
                );
                Some(Value::Array(vec![key, value]))
            };
            let pairs = (0..count).map(|_| pair(decoder));
            Value::Array(pairs.collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_shown_field_by_field() {
        let value = (7u32, -3i64, "text".to_owned(), vec![true, false], Some(9u8));
        let shown = fields_of(&minicbor::to_vec(value).unwrap());
        assert_eq!(shown, json!([7, -3, "text", [true, false], 9]));
        assert_eq!(fields_of(&[0x42, 1, 0xff]), json!("01ff"));
        // What is no record is shown as it is, whole.
        assert_eq!(fields_of(&[0x83, 1]), json!("8301"));
        assert_eq!(fields_of(&[0x01, 1]), json!("0101"));
        assert_eq!(fields_of(&[0x81; 100]), json!("81".repeat(100)));
    }
}
