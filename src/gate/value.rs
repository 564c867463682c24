//! The value of an API key: the secret that an app sends. It is never stored.
//!
//! A generated value is `tk_`, 8 public characters, 32 secret ones, and 6 that are a checksum of the
//! others. So a mistyped value is recognised without any work. A custom value has 20 to 128 visible
//! ASCII characters. Neither form can be printed by accident.
//!
//! ```
//! use turnkey::gate::{ApiKeyValue, ApiKeyValueError};
//!
//! let value = ApiKeyValue::generate();
//! assert!(ApiKeyValue::parse(value.expose()).is_ok());
//!
//! let mistyped = value.expose().replacen("tk_", "tk_0", 1);
//! let mistyped = &mistyped[..mistyped.len() - 1];
//! assert!(matches!(ApiKeyValue::parse(mistyped), Err(ApiKeyValueError::Checksum)));
//! ```

use std::fmt;

use rand::RngExt;
use sha2::{Digest, Sha256};

use crate::store::Lookup;

const PREFIX: &str = "tk_";
const PUBLIC_LENGTH: usize = 8;
const SECRET_LENGTH: usize = 32;
const CHECKSUM_LENGTH: usize = 6;
const BODY_LENGTH: usize = PREFIX.len() + PUBLIC_LENGTH + SECRET_LENGTH;
const GENERATED_LENGTH: usize = BODY_LENGTH + CHECKSUM_LENGTH;
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A well-formed value. Its `Debug` hides the text.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKeyValue {
    text: String,
    form: Form,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Generated,
    Custom,
}

/// The reason why a text cannot be a key's value. The texts are those of API Gateway where it has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiKeyValueError {
    /// The text is too short.
    #[error("API Key value should be at least 20 characters")]
    TooShort,
    /// The text is too long.
    #[error("API Key value exceeds maximum size of 128 characters")]
    TooLong,
    /// A character is not visible ASCII.
    #[error("API Key value may hold visible ASCII characters only, and no space")]
    Characters,
    /// It looks like a generated value, but its checksum is wrong.
    #[error("API Key value has the form of a generated one, but its checksum does not fit")]
    Checksum,
}

impl ApiKeyValue {
    /// The least number of characters of a value.
    pub const MIN_LENGTH: usize = 20;
    /// The greatest number of characters of a value.
    pub const MAX_LENGTH: usize = 128;

    /// A new value of the generated form.
    pub fn generate() -> ApiKeyValue {
        let mut random = rand::rng();
        let mut text = PREFIX.to_owned();
        for _ in 0..PUBLIC_LENGTH + SECRET_LENGTH {
            text.push(char::from(BASE62[random.random_range(0..BASE62.len())]));
        }
        text.push_str(&checksum(&text));
        ApiKeyValue {
            text,
            form: Form::Generated,
        }
    }

    /// Parses a value, generated or custom, by its form alone, without hashing.
    ///
    /// # Errors
    /// Fails if the length, a character or the checksum is not that of a value.
    pub fn parse(text: &str) -> Result<ApiKeyValue, ApiKeyValueError> {
        if text.len() < Self::MIN_LENGTH {
            return Err(ApiKeyValueError::TooShort);
        }
        if text.len() > Self::MAX_LENGTH && text.chars().count() > Self::MAX_LENGTH {
            return Err(ApiKeyValueError::TooLong);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ApiKeyValueError::Characters);
        }
        let form = if has_generated_form(text) {
            let (body, sum) = text.split_at(BODY_LENGTH);
            if checksum(body) != sum {
                return Err(ApiKeyValueError::Checksum);
            }
            Form::Generated
        } else {
            Form::Custom
        };
        Ok(ApiKeyValue {
            text: text.to_owned(),
            form,
        })
    }

    /// The value itself, for sending or hashing. Never log it.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The text that narrows the search down to a few stored rows: the public characters of a generated
    /// value, or the first 16 bits of a custom value's salted SHA-256 as 4 hexadecimal digits.
    pub fn lookup(&self, salt: &[u8]) -> Lookup {
        match self.form {
            Form::Generated => Lookup::new(&self.text[PREFIX.len()..PREFIX.len() + PUBLIC_LENGTH]),
            Form::Custom => {
                let digest = Sha256::new()
                    .chain_update(salt)
                    .chain_update(self.text.as_bytes())
                    .finalize();
                Lookup::new(&format!("{:02x}{:02x}", digest[0], digest[1]))
            }
        }
    }
}

impl fmt::Debug for ApiKeyValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ApiKeyValue")
    }
}

fn has_generated_form(text: &str) -> bool {
    text.len() == GENERATED_LENGTH
        && text
            .strip_prefix(PREFIX)
            .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// CRC32 of `body` in base62, padded with zeros to 6 digits, which suffice because 62^6 is above 2^32.
fn checksum(body: &str) -> String {
    let mut rest = crc32fast::hash(body.as_bytes());
    let mut digits = [b'0'; CHECKSUM_LENGTH];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[(rest % 62) as usize];
        rest /= 62;
    }
    digits.iter().copied().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_value_is_read_back() {
        let value = ApiKeyValue::generate();
        assert_eq!(value.expose().len(), 49);
        assert_eq!(ApiKeyValue::parse(value.expose()), Ok(value.clone()));
        assert_eq!(
            value.lookup(b"any salt"),
            Lookup::new(&value.expose()[3..11])
        );
    }

    #[test]
    fn a_mistyped_generated_value_is_refused() {
        let text = ApiKeyValue::generate().expose().to_owned();
        for at in 3..text.len() {
            let other = if &text[at..=at] == "a" { "b" } else { "a" };
            let mistyped = format!("{}{other}{}", &text[..at], &text[at + 1..]);
            assert_eq!(
                ApiKeyValue::parse(&mistyped),
                Err(ApiKeyValueError::Checksum)
            );
        }
    }

    #[test]
    fn custom_values_are_20_to_128_visible_ascii_characters() {
        for good in [
            "x".repeat(20),
            "~!".repeat(64),
            format!("tk_{}", "x".repeat(20)),
        ] {
            assert!(ApiKeyValue::parse(&good).is_ok(), "{good}");
        }
        let bad = [
            (String::new(), ApiKeyValueError::TooShort),
            ("x".repeat(19), ApiKeyValueError::TooShort),
            ("x".repeat(129), ApiKeyValueError::TooLong),
            (format!("{} ", "x".repeat(30)), ApiKeyValueError::Characters),
            ("ä".repeat(30), ApiKeyValueError::Characters),
            (
                format!("{}\0", "x".repeat(30)),
                ApiKeyValueError::Characters,
            ),
        ];
        for (text, error) in bad {
            assert_eq!(ApiKeyValue::parse(&text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn lookups_of_custom_values_depend_on_the_salt_and_tell_16_bits() {
        let value = ApiKeyValue::parse("correct horse battery".replace(' ', "-").as_str());
        let value = value.expect("it is well-formed");
        let lookup = value.lookup(b"one");
        assert_eq!(lookup.as_str().len(), 4);
        assert_ne!(lookup, value.lookup(b"two"));
    }

    #[test]
    fn debug_shows_nothing() {
        let value = ApiKeyValue::parse("a-custom-value-of-mine").expect("it is well-formed");
        assert_eq!(format!("{value:?}"), "ApiKeyValue");
    }
}
