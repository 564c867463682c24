//! Stored events: what can be read is written as it can be read again, and then stays as it is.
//!
//! An input is a line with the event's type, and its data as JSON.

use serde_json::Value;
use turnkey::record::codec;
use turnkey::rules::Rulebook;

pub fn check(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    let (kind, data) = text.split_once('\n').unwrap_or_default();
    let Ok(data) = serde_json::from_str::<Value>(data) else {
        return;
    };
    let book = Rulebook::built_in();
    let rules = book
        .newest("tic-tac-toe")
        .expect("these rules are never taken out");
    let Ok(event) = codec::event(rules, kind, codec::SCHEMA, &data) else {
        return;
    };
    assert_eq!(codec::kind(&event), kind);
    let written = codec::data(rules, &event);
    let read = codec::event(rules, kind, codec::SCHEMA, &written);
    assert_eq!(read.as_ref(), Ok(&event), "{written}");
    assert_eq!(codec::data(rules, &event), written);
}
