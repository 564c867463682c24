//! Invites: what is read as a code is shown as one, and nothing that a chat puts between its
//! characters makes it another.

use turnkey::play::InviteCode;

/// Some of what chats and keyboards add.
const ADDED: [char; 8] = [
    '-', ' ', '\n', '“', '\u{ad}', '\u{2011}', '\u{200b}', '\u{feff}',
];

pub fn check(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    let Some(code) = InviteCode::parse(text) else {
        return;
    };
    let digits = code.as_str();
    assert_eq!(digits.len(), 8, "{text:?}");
    assert!(
        digits
            .bytes()
            .all(|digit| b"0123456789ABCDEFGHJKMNPQRSTVWXYZ".contains(&digit)),
        "{text:?} became {digits}"
    );
    let (left, right) = digits.split_at(4);
    let same = [
        digits.to_owned(),
        digits.to_lowercase(),
        format!("{left}-{right}"),
        digits.replace('1', "l").replace('0', "o"),
    ];
    let boundaries = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    let with_added = boundaries.zip(ADDED.iter().cycle()).map(|(at, added)| {
        let (before, after) = text.split_at(at);
        format!("{before}{added}{after}")
    });
    for same in same.into_iter().chain(with_added) {
        assert_eq!(InviteCode::parse(&same).as_ref(), Some(&code), "{same:?}");
    }
    for other in [format!("{text}0"), format!("{text}U"), format!("{text}é")] {
        assert_eq!(InviteCode::parse(&other), None, "{other:?}");
    }
}
