//! CBOR that is written as JSON: an input is readable, and every JSON text is some CBOR.

use minicbor::Encoder;
use serde_json::Value;

/// The CBOR that a JSON text stands for: `"h'00ff'"` is a byte string, everything else what it is in both.
pub(crate) fn from_json(text: &[u8]) -> Option<Vec<u8>> {
    let value: Value = serde_json::from_slice(text).ok()?;
    let mut encoder = Encoder::new(Vec::new());
    write(&mut encoder, &value).expect("memory takes everything");
    Some(encoder.into_writer())
}

fn write(
    encoder: &mut Encoder<Vec<u8>>,
    value: &Value,
) -> Result<(), minicbor::encode::Error<std::convert::Infallible>> {
    let length = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
    match value {
        Value::Null => encoder.null()?,
        Value::Bool(flag) => encoder.bool(*flag)?,
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => encoder.u64(number)?,
            (None, Some(number)) => encoder.i64(number)?,
            (None, None) => encoder.f64(number.as_f64().unwrap_or_default())?,
        },
        Value::String(text) => match bytes(text) {
            Some(bytes) => encoder.bytes(&bytes)?,
            None => encoder.str(text)?,
        },
        Value::Array(items) => {
            encoder.array(length(items.len()))?;
            return items.iter().try_for_each(|item| write(encoder, item));
        }
        Value::Object(members) => {
            encoder.map(length(members.len()))?;
            return members.iter().try_for_each(|(name, item)| {
                encoder.str(name)?;
                write(encoder, item)
            });
        }
    };
    Ok(())
}

/// As RFC 8949, 8.1, writes a byte string.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("h'")?.strip_suffix('\'')?;
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    rest.is_empty().then(|| pairs.iter().map(byte).collect())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_json_has_and_byte_strings() {
        let read = from_json(br#"[0, -1, "a", "h'00fF'", "h'0'", null, true, {"b": 1.5}]"#);
        let expected = b"\x88\x00\x20\x61a\x42\x00\xff\x64h'0'\xf6\xf5\xa1\x61b\xfb\x3f\xf8\x00\x00\x00\x00\x00\x00";
        assert_eq!(read.as_deref(), Some(&expected[..]));
        assert_eq!(from_json(b"[0"), None);
    }
}
