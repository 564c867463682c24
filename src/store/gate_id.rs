//! Ids of keys, plans and deployments, as the control plane shows them.

use std::fmt;
use std::str::FromStr;

use rand::RngExt;
use serde::Serialize;
use smol_str::SmolStr;

const LENGTH: usize = 10;
const ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// The text is not an id: ids are 10 characters of `a-z 0-9`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id is 10 of the characters a-z 0-9")]
pub struct IdError;

// Every call carries some of these ids. They are short, so they are copied: a shared text would need a
// reference count that all processors write.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        /// An id of the control plane: ten characters.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(SmolStr);

        impl $name {
            /// A new random id.
            pub fn generate() -> $name {
                $name(random_text().into())
            }

            /// Wraps an id that the database holds.
            pub(crate) fn stored(text: &str) -> $name {
                $name(text.into())
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<$name, IdError> {
                if text.len() == LENGTH && text.bytes().all(|byte| ALPHABET.contains(&byte)) {
                    Ok($name(text.into()))
                } else {
                    Err(IdError)
                }
            }
        }
    };
}

id!(
    /// An API key's id. It is not secret: logs and usage reports contain it.
    KeyId
);
id!(
    /// A usage plan's id.
    PlanId
);
id!(
    /// A deployment's id.
    DeploymentId
);

fn random_text() -> String {
    let mut random = rand::rng();
    (0..LENGTH)
        .map(|_| char::from(ALPHABET[random.random_range(0..ALPHABET.len())]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_10_small_letters_and_digits() {
        let id = KeyId::generate();
        assert_eq!(id.as_str().parse(), Ok(id));
        for bad in ["", "abcdefghi", "abcdefghijk", "ABCDEFGHIJ", "abcde fghi"] {
            assert_eq!(bad.parse::<PlanId>(), Err(IdError), "{bad}");
        }
    }
}
