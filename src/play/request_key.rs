//! The header `Idempotency-Key`: finds the call that a repeat repeats, and tells whether both ask
//! for the same.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::body::{expected, parse_json};
use super::invites::{self, InviteCode};
use super::request::DEFAULT_VARIANT;
use super::{Caller, PlayError, PlayerName};
use crate::game::{Opponent, Visibility};
use crate::record::codec;
use crate::rules::{Rulebook, Seat};

/// An `Idempotency-Key`, with digests of the body that it came with.
#[derive(Clone, Debug)]
pub struct RequestKey {
    /// In the canonical form, the same for every way in which a client may write it.
    key: String,
    /// The header's text, if it differs. The previous release used it as the key.
    as_sent: Option<String>,
    digests: BodyDigests,
}

/// Digests that tell one body from another.
#[derive(Clone, Debug)]
pub(super) struct BodyDigests {
    /// Of the body's meaning. This one is stored.
    meaning: [u8; 32],
    /// Of the body's JSON as it was sent. The previous release stored this one, so a call that
    /// began there is recognised here.
    as_sent: [u8; 32],
}

impl RequestKey {
    /// Reads the header `Idempotency-Key` of a call with this body.
    ///
    /// Two bodies are the same if they mean the same: the order of fields and the spaces between
    /// tokens do not matter, and a field that is null or states its default counts as absent.
    ///
    /// # Errors
    /// [`PlayError::Malformed`] if the key is not 1 to 255 visible ASCII characters, or if the body
    /// is not JSON. Without a player token the key must be a UUID, because then it alone tells one
    /// caller of an app from another.
    pub fn parse(
        header: &str,
        body: &[u8],
        caller: &Caller,
        book: &Rulebook,
    ) -> Result<RequestKey, PlayError> {
        let key = unquoted(header);
        let visible = key.bytes().all(|byte| byte.is_ascii_graphic());
        if key.is_empty() || key.len() > 255 || !visible {
            return Err(expected(
                "Idempotency-Key",
                "1 to 255 visible ASCII characters",
            ));
        }
        let uuid = Uuid::try_parse(&key);
        if caller.player.is_none() && uuid.is_err() {
            let what = "a UUID where the call bears no player token, because it alone then \
                        tells your calls from others'";
            return Err(expected("Idempotency-Key", what));
        }
        let key = uuid.map_or(key, |uuid| uuid.to_string());
        let body = parse_json(body)?;
        Ok(RequestKey {
            as_sent: (header != key).then(|| header.to_owned()),
            key,
            digests: BodyDigests {
                as_sent: digest(&body),
                meaning: digest(&meaning(body, book)),
            },
        })
    }

    pub(super) fn digests(&self) -> &BodyDigests {
        &self.digests
    }

    /// Identifies this key among those of all callers and calls.
    pub(super) fn scope(&self, caller: &Caller, call: &str) -> Vec<u8> {
        scope(&self.key, caller, call)
    }

    /// The [`scope`](Self::scope) that the previous release computed, if it differs, so that a call
    /// that began there is recognised here.
    pub(super) fn former_scope(&self, caller: &Caller, call: &str) -> Option<Vec<u8>> {
        let key = self.as_sent.as_deref()?;
        Some(scope(key, caller, call))
    }
}

fn scope(key: &str, caller: &Caller, call: &str) -> Vec<u8> {
    let player = caller.player.map(|player| player.0.to_string());
    let parts = [
        Some(caller.stage.as_str()),
        caller.api_key_id.as_deref(),
        Some(call),
        player.as_deref(),
        Some(key),
    ];
    let mut digest = Sha256::new();
    for part in parts {
        match part {
            None => digest.update([0]),
            Some(text) => {
                digest.update([1]);
                digest.update((text.len() as u64).to_be_bytes());
                digest.update(text);
            }
        }
    }
    digest.finalize().to_vec()
}

impl BodyDigests {
    pub(super) fn as_stored(&self) -> &[u8] {
        &self.meaning
    }

    /// Whether `stored` is the digest of a body that means the same.
    pub(super) fn are_of(&self, stored: &[u8]) -> bool {
        self.meaning == stored || self.as_sent == stored
    }
}

/// A key without the quotes that draft-ietf-httpapi-idempotency-key-header puts around it. A quoted
/// key is a string of RFC 8941, in which a backslash escapes a quote or a backslash.
fn unquoted(key: &str) -> String {
    let inner = key.strip_prefix('"').and_then(|key| key.strip_suffix('"'));
    let Some(inner) = inner else {
        return key.to_owned();
    };
    let mut text = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        let escaped = (character == '\\').then(|| characters.next()).flatten();
        text.push(escaped.unwrap_or(character));
    }
    text
}

/// The body without the fields that may be left out, and with names and invites in their canonical
/// form.
fn meaning(body: Value, book: &Rulebook) -> Value {
    let Value::Object(mut fields) = body else {
        return body;
    };
    fields.retain(|_, value| !value.is_null());
    rewrite(&mut fields, "name", |name| {
        Some(PlayerName::parse(name).ok()?.as_str().to_owned())
    });
    rewrite(&mut fields, "invite", |invite| {
        Some(invites::shown(InviteCode::parse(invite)?.as_str()))
    });
    if fields.contains_key("invite") {
        // The defaults are those of a new game.
        return Value::Object(fields);
    }
    let variant = fields.get("variant").and_then(Value::as_str);
    let rules = book.newest(variant.unwrap_or(DEFAULT_VARIANT));
    let defaults = [
        ("seat", rules.map(|of| json!(of.seat_name(Seat::FIRST)))),
        ("variant", Some(json!(DEFAULT_VARIANT))),
        ("options", Some(json!({}))),
        (
            "opponent",
            Some(json!(codec::opponent_name(Opponent::Invite))),
        ),
        (
            "visibility",
            Some(json!(codec::visibility_name(Visibility::Unlisted))),
        ),
    ];
    for (field, default) in defaults {
        if fields.get(field) == default.as_ref() {
            fields.remove(field);
        }
    }
    Value::Object(fields)
}

fn rewrite(fields: &mut Map<String, Value>, field: &str, form: impl Fn(&str) -> Option<String>) {
    if let Some(Value::String(text)) = fields.get_mut(field)
        && let Some(same) = form(text)
    {
        *text = same;
    }
}

fn digest(body: &Value) -> [u8; 32] {
    let mut canonical = String::new();
    write_canonical(body, &mut canonical);
    Sha256::digest(canonical).into()
}

/// Writes `value` with the keys of every object sorted.
fn write_canonical(value: &Value, to: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
            fields.sort_unstable_by_key(|(name, _)| *name);
            to.push('{');
            for (name, value) in fields {
                to.push_str(&Value::from(name.as_str()).to_string());
                to.push(':');
                write_canonical(value, to);
                to.push(',');
            }
            to.push('}');
        }
        Value::Array(values) => {
            to.push('[');
            for value in values {
                write_canonical(value, to);
                to.push(',');
            }
            to.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            to.push_str(&value.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_that_mean_the_same_are_the_same() {
        let book = Rulebook::built_in();
        for (one, other) in [
            (
                json!({}),
                json!({"variant": "tic-tac-toe", "options": {}, "seat": "X"}),
            ),
            (
                json!({}),
                json!({"opponent": "invite", "visibility": "unlisted", "name": null}),
            ),
            (
                json!({"name": "Ann"}),
                json!({"name": " Ann ", "seat": null}),
            ),
            (
                json!({"invite": "K7QM-PD3X"}),
                json!({"invite": "k7qmpd3x"}),
            ),
        ] {
            assert_eq!(
                meaning(one, &book),
                meaning(other.clone(), &book),
                "{other}"
            );
        }
        for (one, other) in [
            (json!({}), json!({"seat": "O"})),
            (json!({}), json!({"opponent": "self"})),
            (json!({"name": "Ann"}), json!({"name": "ann"})),
            (
                json!({"invite": "K7QM-PD3X"}),
                json!({"invite": "K7QM-PD3X", "seat": "X"}),
            ),
            (
                json!({"invite": "K7QM-PD3X"}),
                json!({"invite": "K7QM-PD3Y"}),
            ),
        ] {
            assert_ne!(
                meaning(one, &book),
                meaning(other.clone(), &book),
                "{other}"
            );
        }
    }

    #[test]
    fn a_call_that_began_at_the_release_before_is_known_again() {
        let caller = Caller {
            stage: "dev".parse().unwrap(),
            api_key_id: None,
            client_address: [127, 0, 0, 1].into(),
            player: None,
        };
        let key = "01935d5a-6e1f-7c3a-9d3e-5b8f2a7c4e10";
        let sent = json!({"seat": "X", "name": " Ann"});
        let book = Rulebook::built_in();
        let key = RequestKey::parse(key, sent.to_string().as_bytes(), &caller, &book).unwrap();
        assert!(key.digests().are_of(&digest(&sent)));
        assert!(key.digests().are_of(&digest(&json!({"name": "Ann"}))));
        assert!(!key.digests().are_of(&digest(&json!({"name": "Bob"}))));
        assert_eq!(key.former_scope(&caller, "POST /game"), None);
        let upper = "01935D5A-6E1F-7C3A-9D3E-5B8F2A7C4E10";
        let shouted = RequestKey::parse(upper, b"{}", &caller, &book).unwrap();
        let call = "POST /game";
        assert_eq!(shouted.scope(&caller, call), key.scope(&caller, call));
        let former = shouted.former_scope(&caller, call);
        assert_eq!(former, Some(scope(upper, &caller, call)));
    }

    #[test]
    fn quotes_around_a_key_are_no_part_of_it() {
        for (given, key) in [
            ("abc", "abc"),
            (r#""abc""#, "abc"),
            (r#""a\"b""#, r#"a"b"#),
            ("\"", "\""),
        ] {
            assert_eq!(unquoted(given), key);
        }
    }
}
