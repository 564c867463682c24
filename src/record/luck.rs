//! The part that chance has in a stored event: members of its `data` beside those of its type.
//!
//! `draws` and `sealedSeed` are stored only; the others are shown, too.

use serde_json::Value;

use super::RecordError;
use crate::game::{Luck, LuckError, Promise, SealedSeed};
use crate::rules::Rules;

/// Adds `luck` to an event's `data`.
pub fn write(luck: &Luck, data: &mut Value) {
    let Luck {
        draws,
        entropy,
        promise,
        seed,
    } = luck;
    if !draws.is_empty() {
        data["draws"] = draws.as_slice().into();
    }
    if let Some(entropy) = entropy {
        data["entropy"] = entropy.as_str().into();
    }
    if let Some(promise) = promise {
        data["commitment"] = promise.commitment.to_string().into();
        data["sealedSeed"] = promise.sealed.0.as_str().into();
    }
    if let Some(seed) = seed {
        data["seed"] = seed.to_hex().into();
    }
}

/// The part that chance had in an event of this type, with this `data`.
///
/// # Errors
/// Where this release cannot read it. The error shows nothing of it.
pub fn read(rules: &Rules, kind: &str, data: &Value) -> Result<Luck, RecordError> {
    let draws = match data.get("draws") {
        None => Vec::new(),
        Some(draws) => serde_json::from_value(draws.clone())
            .map_err(|_| RecordError::Value("event data: draws are no numbers".into()))?,
    };
    let promise = match (text(data, "commitment")?, text(data, "sealedSeed")?) {
        (Some(commitment), Some(sealed)) => Some(Box::new(Promise {
            commitment: parsed("commitment", commitment)?,
            sealed: SealedSeed(sealed.to_owned()),
        })),
        _ if rules.forms().chance && kind == "game_created" => {
            let lacks = "event data lacks the sealed seed of a game of chance";
            return Err(RecordError::Value(lacks.into()));
        }
        _ => None,
    };
    let entropy = text(data, "entropy")?.map(|text| parsed("entropy", text));
    let seed = text(data, "seed")?.map(|text| parsed("seed", text));
    Ok(Luck {
        draws,
        entropy: entropy.transpose()?,
        promise,
        seed: seed.transpose()?,
    })
}

fn text<'a>(data: &'a Value, name: &str) -> Result<Option<&'a str>, RecordError> {
    let text = |value: &'a Value| {
        let odd = || RecordError::Value(format!("event data: {name} is not a text"));
        value.as_str().ok_or_else(odd)
    };
    data.get(name).map(text).transpose()
}

fn parsed<T>(name: &str, text: &str) -> Result<T, RecordError>
where
    T: std::str::FromStr<Err = LuckError>,
{
    let odd = |error| RecordError::Value(format!("event data: {name} {error}"));
    text.parse().map_err(odd)
}
