//! Reads fields of payloads whose shape was checked: nothing here fails, it only finds or does not.

use serde_json::{Map, Number, Value};

/// Names lead from object to object.
pub(super) trait Get {
    fn value(&self, path: &[&str]) -> Option<&Value>;

    fn text(&self, path: &[&str]) -> Option<&str> {
        self.value(path).and_then(Value::as_str)
    }

    fn integer(&self, path: &[&str]) -> Option<i64> {
        self.value(path).and_then(Value::as_i64)
    }

    fn number(&self, path: &[&str]) -> Option<&Number> {
        self.value(path).and_then(Value::as_number)
    }

    fn list(&self, path: &[&str]) -> &[Value] {
        self.value(path)
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice)
    }
}

impl Get for Map<String, Value> {
    fn value(&self, path: &[&str]) -> Option<&Value> {
        let (last, before) = path.split_last()?;
        let mut map = self;
        for name in before {
            map = map.get(*name)?.as_object()?;
        }
        map.get(*last)
    }
}
