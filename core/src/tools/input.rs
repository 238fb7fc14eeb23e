//! Tool inputs: one declaration gives the Rust type, the parameters with their schema, and the decoding that collects
//! every fault with its path.

use std::fmt::Write as _;

use crate::words::json::{Json, Object};

use super::error::{ErrorKind, ToolError};
use super::schema::{Parameter, ValueSchema};

/// The input of a tool: a struct declared by [`tool_input!`](crate::tool_input).
pub trait ToolInput: Sized {
    /// Parameters of the struct's fields, in the order of the tool's definition.
    const PARAMETERS: &'static [Parameter];

    /// Reads the members of `object`; `None` exactly when `faults` grew.
    fn decode(object: &Object<'_>, faults: &mut InputFaults) -> Option<Self>;
}

/// A type of one argument.
pub trait Argument: Sized {
    /// The argument's type in the terms of Arcade's definitions.
    const SCHEMA: ValueSchema;

    /// The argument is required.
    const REQUIRED: bool = true;

    /// Decodes `value`, found at `path`; `None` exactly when `faults` grew.
    fn decode(value: &Json<'_>, path: &str, faults: &mut InputFaults) -> Option<Self>;

    /// Returns the value of a missing argument; `None` when it is a fault.
    #[must_use]
    fn missing() -> Option<Self> {
        None
    }
}

impl Argument for String {
    const SCHEMA: ValueSchema = ValueSchema::STRING;

    fn decode(value: &Json<'_>, path: &str, faults: &mut InputFaults) -> Option<Self> {
        if let Json::String(text) = value {
            return Some(text.clone().into_owned());
        }
        faults.push(path, "Input should be a valid string", "string_type");
        None
    }
}

impl<T: Argument> Argument for Vec<T> {
    const SCHEMA: ValueSchema = ValueSchema::array_of(T::SCHEMA.val_type);

    fn decode(value: &Json<'_>, path: &str, faults: &mut InputFaults) -> Option<Self> {
        let Json::Array(items) = value else {
            faults.push(path, "Input should be a valid list", "list_type");
            return None;
        };
        let mut decoded = Self::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            decoded.extend(T::decode(item, &format!("{path}.{index}"), faults));
        }
        (decoded.len() == items.len()).then_some(decoded)
    }
}

impl<T: Argument> Argument for Option<T> {
    const SCHEMA: ValueSchema = T::SCHEMA;
    const REQUIRED: bool = false;

    fn decode(value: &Json<'_>, path: &str, faults: &mut InputFaults) -> Option<Self> {
        match value {
            Json::Null => Some(None),
            _ => T::decode(value, path, faults).map(Some),
        }
    }

    fn missing() -> Option<Self> {
        Some(None)
    }
}

/// Collects the faults of an input: never holds an argument's value.
#[derive(Debug, Default)]
pub struct InputFaults {
    summary: String,
    codes: String,
    count: usize,
}

impl InputFaults {
    /// Most faults that are listed; later ones are only counted.
    const WRITTEN: usize = 100;

    fn push(&mut self, path: &str, reason: &str, code: &str) {
        self.count = self.count.saturating_add(1);
        if self.count > Self::WRITTEN {
            return;
        }
        let path = if path.is_empty() { "<root>" } else { path };
        let separator = if self.summary.is_empty() { "" } else { "; " };
        // Writing to a String cannot fail.
        let _ = write!(self.summary, "{separator}{path}: {reason}");
        let _ = write!(self.codes, "{separator}{path}[{code}]");
    }

    fn into_error(self) -> Box<ToolError> {
        Box::new(ToolError::new(
            ErrorKind::ToolRuntimeBadInputValue,
            format!("Invalid input: {}", self.summary),
            format!("Pydantic validation failed: {}", self.codes),
        ))
    }
}

/// Decodes the member `name` of an input: the expansion of each declared field.
#[doc(hidden)]
pub fn decode_member<T: Argument>(object: &Object<'_>, name: &str, faults: &mut InputFaults) -> Option<T> {
    match object.get(name) {
        Some(value) => T::decode(value, name, faults),
        None => {
            let missing = T::missing();
            if missing.is_none() {
                faults.push(name, "Field required", "missing");
            }
            missing
        }
    }
}

/// Decodes a whole input: an object, or null for no arguments. Members that no parameter names are faults.
///
/// # Errors
/// One [`ErrorKind::ToolRuntimeBadInputValue`] that names every fault.
pub fn decode<T: ToolInput>(input: &Json<'_>) -> Result<T, Box<ToolError>> {
    let none = Object::new();
    let mut faults = InputFaults::default();
    let object = match input {
        Json::Object(object) => object,
        Json::Null => &none,
        _ => {
            faults.push("", "Input should be a valid dictionary", "dict_type");
            return Err(faults.into_error());
        }
    };
    let decoded = T::decode(object, &mut faults);
    refuse_extra(object, T::PARAMETERS, &mut faults);
    match decoded {
        Some(decoded) if faults.count == 0 => Ok(decoded),
        _ => Err(faults.into_error()),
    }
}

fn refuse_extra(object: &Object<'_>, parameters: &[Parameter], faults: &mut InputFaults) {
    for (name, _) in object.iter() {
        if !parameters.iter().any(|parameter| parameter.name == name) {
            faults.push(name, "Extra inputs are not permitted", "extra_forbidden");
        }
    }
}

/// Declares a tool's input: `struct Name { field: Type = "description", ... }`, each type an
/// [`Argument`](crate::tools::input::Argument).
#[macro_export]
macro_rules! tool_input {
    ($(#[$attribute:meta])* $visibility:vis struct $name:ident {
        $($field:ident: $type:ty = $description:literal,)*
    }) => {
        $(#[$attribute])*
        #[derive(Clone, Debug)]
        $visibility struct $name {
            $(#[doc = $description] pub $field: $type,)*
        }

        impl $crate::tools::input::ToolInput for $name {
            const PARAMETERS: &'static [$crate::tools::schema::Parameter] = &[$($crate::tools::schema::Parameter {
                name: stringify!($field),
                description: $description,
                required: <$type as $crate::tools::input::Argument>::REQUIRED,
                schema: <$type as $crate::tools::input::Argument>::SCHEMA,
            },)*];

            fn decode(
                object: &$crate::words::json::Object<'_>,
                faults: &mut $crate::tools::input::InputFaults,
            ) -> Option<Self> {
                $(let $field = $crate::tools::input::decode_member::<$type>(object, stringify!($field), faults);)*
                Some(Self { $($field: $field?,)* })
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::json::{Limits, parse};

    tool_input! {
        struct Sample {
            a: String = "A text",
            many: Vec<String> = "Some texts",
            maybe: Option<String> = "Perhaps a text",
        }
    }

    fn sample(text: &str) -> Result<Sample, String> {
        let limits = Limits { depth: 8, values: 1000, string_bytes: 100, number_bytes: 100 };
        decode(&parse(text.as_bytes(), limits).unwrap()).map_err(|error| error.message)
    }

    #[test]
    fn reads_what_fits() {
        let read = sample(r#"{"many":["x","y"],"a":"1"}"#).unwrap();
        assert_eq!((read.a.as_str(), read.many.len(), read.maybe), ("1", 2, None));
        assert_eq!(sample(r#"{"many":[],"a":"","maybe":null}"#).unwrap().maybe, None);
        assert_eq!(sample(r#"{"many":[],"a":"","maybe":"m"}"#).unwrap().maybe.as_deref(), Some("m"));
    }

    #[test]
    fn names_every_fault_as_declared_and_then_as_sent() {
        assert_eq!(
            sample(r#"{"zz":1,"":2,"maybe":false,"many":["x",1,["y"]]}"#).unwrap_err(),
            "Invalid input: a: Field required; many.1: Input should be a valid string; many.2: Input should be a valid \
             string; maybe: Input should be a valid string; zz: Extra inputs are not permitted; <root>: Extra inputs \
             are not permitted"
        );
        assert_eq!(sample("null").unwrap_err(), "Invalid input: a: Field required; many: Field required");
        assert_eq!(sample("[]").unwrap_err(), "Invalid input: <root>: Input should be a valid dictionary");
    }

    #[test]
    fn the_message_is_bounded() {
        let faults = format!("{{\"a\":\"\",\"many\":[{}0]}}", "0,".repeat(500));
        assert!(sample(&faults).unwrap_err().len() < 10_000);
    }
}
