//! What the types of answers cannot say of themselves: a field that may be null is there all the same, as null. A client reads
//! such a field without asking twice, and a check of answers notices one that is missing.
//!
//! What a request may hold keeps its optional fields: there, leaving out is allowed.

use std::collections::{BTreeMap, BTreeSet};
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{ArrayItems, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};

type Schemas = BTreeMap<String, RefOr<Schema>>;

/// Where the named schemas lie in the document.
const PLACE: &str = "#/components/schemas/";

/// Makes every field that may be null a required one, in all schemas that no request holds.
pub(super) fn complete<'a>(schemas: &mut Schemas, operations: impl Iterator<Item = &'a Operation>) {
    let asked = asked(schemas, operations);
    for (name, schema) in schemas.iter_mut() {
        if !asked.contains(name) {
            complete_one(schema);
        }
    }
}

/// Names of the schemas that requests hold, directly or inside others.
fn asked<'a>(
    schemas: &Schemas,
    operations: impl Iterator<Item = &'a Operation>,
) -> BTreeSet<String> {
    let mut open = Vec::new();
    for operation in operations {
        let Some(RefOr::T(body)) = &operation.request_body else {
            continue;
        };
        for content in body.content.values() {
            if let RefOr::T(content) = content
                && let Some(schema) = &content.schema
            {
                names(schema, &mut open);
            }
        }
    }
    let mut found = BTreeSet::new();
    while let Some(name) = open.pop() {
        if let Some(schema) = schemas.get(&name)
            && found.insert(name)
        {
            names(schema, &mut open);
        }
    }
    found
}

/// Adds the names that a schema refers to.
fn names(schema: &RefOr<Schema>, into: &mut Vec<String>) {
    match schema {
        RefOr::Ref(reference) => into.extend(
            reference
                .ref_location
                .strip_prefix(PLACE)
                .map(str::to_owned),
        ),
        RefOr::T(Schema::Object(object)) => object
            .properties
            .values()
            .for_each(|inner| names(inner, into)),
        RefOr::T(Schema::Array(array)) => {
            if let ArrayItems::RefOrSchema(items) = &array.items {
                names(items, into);
            }
        }
        RefOr::T(composed) => choices(composed)
            .iter()
            .for_each(|inner| names(inner, into)),
    }
}

fn complete_one(schema: &mut RefOr<Schema>) {
    let RefOr::T(schema) = schema else {
        return;
    };
    match schema {
        Schema::Object(object) => {
            for (name, inner) in &mut object.properties {
                if may_be_null(inner) && !object.required.contains(name) {
                    object.required.push(name.clone());
                }
                complete_one(inner);
            }
        }
        Schema::Array(array) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                complete_one(items);
            }
        }
        Schema::OneOf(one) => one.items.iter_mut().for_each(complete_one),
        Schema::AllOf(all) => all.items.iter_mut().for_each(complete_one),
        Schema::AnyOf(any) => any.items.iter_mut().for_each(complete_one),
        _ => {}
    }
}

fn choices(schema: &Schema) -> &[RefOr<Schema>] {
    match schema {
        Schema::OneOf(one) => &one.items,
        Schema::AllOf(all) => &all.items,
        Schema::AnyOf(any) => &any.items,
        _ => &[],
    }
}

fn may_be_null(schema: &RefOr<Schema>) -> bool {
    let RefOr::T(schema) = schema else {
        return false;
    };
    let null = |of: &SchemaType| match of {
        SchemaType::Type(one) => *one == Type::Null,
        SchemaType::Array(all) => all.contains(&Type::Null),
        SchemaType::AnyValue => true,
    };
    match schema {
        Schema::Object(object) => null(&object.schema_type),
        Schema::Array(array) => null(&array.schema_type),
        composed => choices(composed).iter().any(may_be_null),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use utoipa::openapi::Ref;
    use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder};

    #[test]
    fn a_field_that_may_be_null_is_required_however_null_is_written() {
        let text_or_null = SchemaType::Array(vec![Type::String, Type::Null]);
        let named_or_null = OneOfBuilder::new()
            .item(Ref::from_schema_name("Other"))
            .item(ObjectBuilder::new().schema_type(Type::Null));
        let object = ObjectBuilder::new()
            .property("plain", ObjectBuilder::new().schema_type(Type::String))
            .property("text", ObjectBuilder::new().schema_type(text_or_null))
            .property(
                "anything",
                ObjectBuilder::new().schema_type(SchemaType::AnyValue),
            )
            .property("named", named_or_null);
        let mut schema = RefOr::T(Schema::Object(object.build()));
        complete_one(&mut schema);
        let RefOr::T(Schema::Object(object)) = schema else {
            panic!("still an object")
        };
        let mut required = object.required;
        required.sort();
        assert_eq!(required, ["anything", "named", "text"]);
    }
}
