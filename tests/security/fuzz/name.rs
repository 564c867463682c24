//! Players' names: one that is taken fits what the documents say, can be stored, and is taken again
//! as it is shown.

use turnkey::play::PlayerName;
use unicode_normalization::{UnicodeNormalization, is_nfc};
use unicode_segmentation::UnicodeSegmentation;

pub fn check(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    let name = match PlayerName::parse(text) {
        Ok(name) => name,
        Err(error) => {
            // It says where, and does not repeat the name.
            let said = error.to_string();
            assert!(said.contains("name") && said.len() < 400, "{said}");
            return;
        }
    };
    let shown = name.as_str();
    assert!(
        (1..=40).contains(&shown.graphemes(true).count()),
        "{shown:?}"
    );
    assert!(shown.len() <= 200, "{shown:?}");
    assert_eq!(shown.trim(), shown);
    assert!(is_nfc(shown), "{shown:?}");
    assert!(!shown.chars().any(char::is_control), "{shown:?}");
    // A phone sends back the name that it was shown.
    let same = PlayerName::parse(shown).unwrap_or_else(|error| panic!("{shown:?}: {error}"));
    assert_eq!(same, name);
    // However a keyboard composes it, it is the same name.
    let decomposed: String = text.nfd().collect();
    let composed = PlayerName::parse(&decomposed).map(|composed| composed == name);
    assert!(matches!(composed, Ok(true)), "{text:?} decomposed");
    let padded = PlayerName::parse(&format!(" {text}\t")).map(|padded| padded == name);
    assert!(matches!(padded, Ok(true)), "{text:?} between spaces");
}
