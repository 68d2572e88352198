//! Bodies from outside: one declaration of an object's fields makes both the reader and the schema, so that what the document
//! says is what is taken.

mod fields;
pub mod merge;
pub mod pattern;
pub mod rule;

use serde_json::{Map, Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::schema::{ObjectBuilder, Schema};

pub use fields::Fields;

use super::error::{INTERNAL, INVALID, Problem};
use crate::domain::Invalid;

/// Where a schema that was declared waits to be put in the place of what stands for it.
pub const DECLARED: &str = "x-declared";

/// An object that is read.
pub trait Read: Sized + Send + 'static {
    /// Its name in the document.
    const NAME: &'static str;
    /// What it is, in the document.
    const ABOUT: &'static str;
    /// Declares its fields. `None` only where a fault was told, or nothing was given; every field is asked for in any case.
    fn read(fields: &mut Fields) -> Option<Self>;
}

/// Reads an object by a declaration.
///
/// # Errors
/// [`INVALID`] with every fault.
pub fn read<T>(object: Map<String, Value>, declare: impl FnOnce(&mut Fields) -> Option<T>) -> Result<T, Problem> {
    read_within(object, declare).map_err(|faults| match faults.is_empty() {
        false => Problem::invalid(INVALID, faults),
        true => Problem::new(INTERNAL, INTERNAL.cure),
    })
}

/// Reads an object within another.
fn read_within<T>(object: Map<String, Value>, declare: impl FnOnce(&mut Fields) -> Option<T>) -> Result<T, Invalid> {
    let mut fields = Fields::given(object);
    let made = declare(&mut fields);
    fields.finish()?;
    // A declaration that makes nothing has told why.
    made.ok_or_else(Invalid::none)
}

/// What JSON Schema says of an object.
pub fn schema<T: Read>() -> Value {
    let described = Fields::described(|fields| drop(T::read(fields)));
    let mut schema = json!({
        "type": "object",
        "description": T::ABOUT,
        "properties": described.properties,
        "additionalProperties": false,
    });
    if !described.required.is_empty() {
        schema["required"] = described.required.into();
    }
    schema
}

/// What it says of a patch of one (RFC 7396): any of its fields, null for none, which what must be there cannot be.
pub fn patch_schema<T: Read>() -> Value {
    let described = Fields::described(|fields| drop(T::read(fields)));
    let about = format!("Changes of fields (JSON Merge Patch, RFC 7396): what is left out stays, null empties. {}", T::ABOUT);
    json!({"type": "object", "description": about, "properties": described.properties, "additionalProperties": false})
}

/// A schema as the library takes it, until its place in the document is known.
pub fn standing_in(schema: Value) -> RefOr<Schema> {
    let extensions = Extensions::builder().add(DECLARED, schema).build();
    ObjectBuilder::new().extensions(Some(extensions)).into()
}

/// Gives what is read its place in the document.
macro_rules! documented {
    ($($kind:ty),+) => {$(
        impl utoipa::ToSchema for $kind {
            fn name() -> std::borrow::Cow<'static, str> {
                <$kind as $crate::api::read::Read>::NAME.into()
            }
        }

        impl utoipa::PartialSchema for $kind {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                $crate::api::read::standing_in($crate::api::read::schema::<$kind>())
            }
        }
    )+};
}
pub(crate) use documented;

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::rule::{Email, Flag, KeyText, Name, Time, Whole};
    use super::{Fields, Read, patch_schema, read, schema};

    #[derive(Debug, PartialEq)]
    struct Sample {
        name: String,
        email: Option<String>,
        inner: Vec<Inner>,
    }

    #[derive(Debug, PartialEq)]
    struct Inner(String);

    impl Read for Inner {
        const NAME: &'static str = "Inner";
        const ABOUT: &'static str = "One.";

        fn read(fields: &mut Fields) -> Option<Self> {
            fields.required("a", Name, "A.").map(Self)
        }
    }

    impl Read for Sample {
        const NAME: &'static str = "Sample";
        const ABOUT: &'static str = "A sample.";

        fn read(fields: &mut Fields) -> Option<Self> {
            let name = fields.required("name", Name, "Its name.");
            let email = fields.optional("email", Email, "Its address.");
            fields.list("tags", KeyText, 10, "Its tags.");
            fields.optional("event", KeyText, "Its event.");
            fields.optional("demo", Flag, "Whether.");
            fields.optional("at", Time, "When.");
            fields.optional("rate", Whole { least: 1, most: 10 }, "How fast.");
            let inner = fields.objects("inner", 4, "Its parts.");
            Some(Self { name: name?, email, inner })
        }
    }

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().cloned().expect("an object")
    }

    #[test]
    fn tells_every_fault_at_once() {
        let given = json!({"email": 5, "tags": ["a", 1, ""], "colour": "red", "event": "a b", "demo": "yes", "at": "soon", "rate": 11,
            "inner": [{"a": "x"}, {}, 7, {"a": "x", "b": 1}]});
        let problem = format!("{:?}", read(object(given), Sample::read).expect_err("faults"));
        let places =
            ["name", "email", "tags[1]", "tags[2]", "colour", "event", "demo", "at", "rate", "inner[1].a", "inner[2]", "inner[3].b"];
        for path in places {
            assert!(problem.contains(&format!("path: {path:?}")), "{path} in {problem}");
        }
    }

    #[test]
    fn null_is_absent() {
        let got = read(object(json!({"name": " Acme ", "email": null, "inner": [{"a": "b"}]})), Sample::read).expect("read");
        assert_eq!(got, Sample { name: "Acme".to_owned(), email: None, inner: vec![Inner("b".to_owned())] });
    }

    #[test]
    fn the_schema_is_of_the_same_fields() {
        let schema = schema::<Sample>();
        assert_eq!((&schema["required"], &schema["additionalProperties"]), (&json!(["name", "inner"]), &json!(false)));
        let properties = schema["properties"].as_object().expect("an object");
        assert_eq!(properties.keys().collect::<Vec<_>>(), ["at", "demo", "email", "event", "inner", "name", "rate", "tags"]);
        assert_eq!(properties["email"]["type"], json!(["string", "null"]));
        assert_eq!(properties["name"]["description"], "Its name.");
        assert_eq!(properties["inner"]["items"]["required"], json!(["a"]));
        let patch = patch_schema::<Sample>();
        assert_eq!((&patch["required"], &patch["properties"]), (&Value::Null, &schema["properties"]));
    }
}
