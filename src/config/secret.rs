//! A text that must never be shown: in logs, errors, `Debug`, or on a command line.

use std::ffi::OsString;
use std::fmt;
use std::fs;

use super::SettingError;

/// A secret. Its `Debug` hides the text, and it has no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text so that it is not printed by accident.
    pub fn new(text: String) -> Secret {
        Secret(text)
    }

    /// The secret itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

/// A variable of this process' environment. The configuration reads the environment only here.
pub fn process_variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// The secret in the variable `name`, or in the file that `name_FILE` names (without the line
/// break at its end).
pub(super) fn read(
    name: &'static str,
    variable: &impl Fn(&str) -> Option<OsString>,
) -> Result<Option<Secret>, SettingError> {
    let filled = |name: &str| variable(name).filter(|value| !value.is_empty());
    let path_name = format!("{name}_FILE");
    let text = match (filled(name), filled(&path_name)) {
        (Some(_), Some(_)) => {
            let reason = format!("is set and so is {path_name}: unset one of them");
            return Err(SettingError::new(name, reason));
        }
        (None, None) => return Ok(None),
        (Some(value), None) => value
            .into_string()
            .map_err(|_| SettingError::new(name, "is not UTF-8".into()))?,
        (None, Some(path)) => {
            let text = fs::read_to_string(&path).map_err(|error| {
                let path = path.to_string_lossy();
                SettingError::new(&path_name, format!("cannot read {path:?}: {error}"))
            })?;
            text.trim_end_matches(['\r', '\n']).to_owned()
        }
    };
    if text.is_empty() {
        return Err(SettingError::new(&path_name, "names an empty file".into()));
    }
    Ok(Some(Secret(text)))
}
