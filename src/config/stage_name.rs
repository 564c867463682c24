//! The name of a stage, as it appears in paths.
//!
//! ```
//! use turnkey::config::{StageName, StageNameError};
//!
//! assert_eq!("prod".parse::<StageName>().map(|name| name.to_string()), Ok("prod".to_owned()));
//! // `/game` is a path of the API, so a stage of that name would hide it.
//! assert_eq!("game".parse::<StageName>(), Err(StageNameError::Taken("game".to_owned())));
//! ```

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use smol_str::SmolStr;

/// The first segments of public paths. A stage with such a name would hide the path.
const TAKEN: [&str; 10] = [
    "game", "games", "join", "players", "variants", "live", "docs", "healthz", "readyz", "problems",
];
const MAX_LENGTH: usize = 128;

/// A name of 1 to 128 of `A-Z a-z 0-9 _ -` that is not a public path. It is cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct StageName(SmolStr);

/// The reason why a text is not the name of a stage.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StageNameError {
    /// The length or a character is wrong.
    #[error("a stage name is 1 to 128 of the characters A-Z a-z 0-9 _ -")]
    Form,
    /// A path of the public listener has this name.
    #[error("a stage called {0:?} would hide a public path of that name")]
    Taken(String),
}

impl StageName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for StageName {
    type Err = StageNameError;

    fn from_str(name: &str) -> Result<StageName, StageNameError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if name.is_empty() || name.len() > MAX_LENGTH || !name.bytes().all(allowed) {
            return Err(StageNameError::Form);
        }
        if TAKEN.contains(&name) {
            return Err(StageNameError::Taken(name.to_owned()));
        }
        Ok(StageName(name.into()))
    }
}

impl fmt::Display for StageName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_paths_can_hold() {
        assert!("prod".parse::<StageName>().is_ok());
        assert!("A_b-9".parse::<StageName>().is_ok());
        for bad in ["", "a b", "ü", "a/b", &"x".repeat(129)] {
            assert_eq!(bad.parse::<StageName>(), Err(StageNameError::Form), "{bad}");
        }
        assert_eq!(
            "live".parse::<StageName>(),
            Err(StageNameError::Taken("live".into()))
        );
    }
}
