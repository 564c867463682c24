//! API key values: a value that is read is the text that was sent, and no typing slip makes one.

use turnkey::gate::ApiKeyValue;

const SALT: &[u8] = b"salt";

pub fn check(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    let Ok(value) = ApiKeyValue::parse(text) else {
        return;
    };
    assert_eq!(value.expose(), text);
    assert!((ApiKeyValue::MIN_LENGTH..=ApiKeyValue::MAX_LENGTH).contains(&text.len()));
    assert!(text.bytes().all(|byte| byte.is_ascii_graphic()));
    assert_eq!(format!("{value:?}"), "ApiKeyValue");
    let lookup = value.lookup(SALT);
    let again = ApiKeyValue::parse(text).map(|value| value.lookup(SALT));
    assert_eq!(
        again.as_ref().ok().map(|found| found.as_str()),
        Some(lookup.as_str())
    );

    let is_generated = lookup.as_str().len() == 8;
    if is_generated {
        assert_eq!(lookup.as_str(), &text[3..11]);
        for at in 3..text.len() {
            let mut slipped = text.as_bytes().to_vec();
            slipped[at] = if slipped[at] == b'a' { b'b' } else { b'a' };
            let slipped = String::from_utf8(slipped).expect("it is ASCII still");
            assert!(ApiKeyValue::parse(&slipped).is_err(), "slipped at {at}");
        }
    } else {
        assert_eq!(lookup.as_str().len(), 4);
    }
}
