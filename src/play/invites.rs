//! Invite codes: eight characters of Crockford's base32.

use icu_properties::props::{
    Dash, DefaultIgnorableCodePoint, GeneralCategory, QuotationMark, WhiteSpace,
};
use icu_properties::{CodePointMapData, CodePointSetData};
use unicode_normalization::UnicodeNormalization;

/// Crockford's digits, in order of value.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 8;

/// An invite code in its stored form: eight digits and capital letters without a hyphen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InviteCode(String);

impl InviteCode {
    /// A code drawn at random.
    pub(super) fn draw() -> InviteCode {
        // A cryptographic generator, seeded by the operating system.
        let random: [u8; LENGTH] = rand::random();
        let digit = |byte: u8| char::from(DIGITS[usize::from(byte % 32)]);
        InviteCode(random.map(digit).iter().collect())
    }

    /// Reads a code as people write it and as chats and keyboards change it. Case does not matter.
    /// Spaces, dashes, `_`, `.`, quotes and invisible characters of any kind are passed over.
    /// Full-width and other compatible forms are read as plain ones, `I` and `L` as `1`, and `O` as
    /// `0`. `None` if the text cannot be a code.
    pub fn parse(text: &str) -> Option<InviteCode> {
        let mut code = String::with_capacity(LENGTH);
        // Filtered again after NFKC, because some compatible forms come apart into spaces.
        let characters = text
            .chars()
            .filter(|character| !is_passed_over(*character))
            .nfkc()
            .filter(|character| !is_passed_over(*character));
        for character in characters {
            let digit = match character.to_ascii_uppercase() {
                'I' | 'L' => '1',
                'O' => '0',
                other => other,
            };
            let known = digit.is_ascii() && DIGITS.contains(&(digit as u8));
            if !known || code.len() == LENGTH {
                return None;
            }
            code.push(digit);
        }
        (code.len() == LENGTH).then_some(InviteCode(code))
    }

    /// The code as it is stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a code may have `character` between its own characters or around them.
fn is_passed_over(character: char) -> bool {
    // No property in Unicode covers these marks, which are typed for a quote, a dash or a full
    // stop.
    let is_typed_for_one = matches!(
        character,
        '.' | '。' | '`' | '´' | '′' | '″' | 'ʹ' | 'ʺ' | 'ʼ' | '˗' | '⁃' | 'ー' | '─'
    );
    let category = CodePointMapData::<GeneralCategory>::new().get(character);
    is_typed_for_one
        || CodePointSetData::new::<WhiteSpace>().contains(character)
        || CodePointSetData::new::<Dash>().contains(character)
        || CodePointSetData::new::<QuotationMark>().contains(character)
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
        || matches!(
            category,
            GeneralCategory::Control
                | GeneralCategory::Format
                | GeneralCategory::ConnectorPunctuation
                | GeneralCategory::DashPunctuation
                | GeneralCategory::InitialPunctuation
                | GeneralCategory::FinalPunctuation
        )
}

/// A stored code as clients see it: with a hyphen in the middle.
pub(super) fn shown(code: &str) -> String {
    match code.split_at_checked(LENGTH / 2) {
        Some((left, right)) => format!("{left}-{right}"),
        None => code.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_as_people_write_them() {
        let code = InviteCode::parse("K7QM-PD3X").unwrap();
        for same in ["k7qmpd3x", " K7QM PD3X ", "k7-qm-pd-3x", "K7QM\tPD3X\r\n"] {
            assert_eq!(InviteCode::parse(same), Some(code.clone()), "{same}");
        }
        assert_eq!(
            InviteCode::parse("OIL0-0000"),
            InviteCode::parse("01100000")
        );
        for bad in [
            "",
            "-",
            "K7QM-PD3",
            "K7QM-PD3XX",
            "K7QM-PD3U",
            "K7QM-PD3É",
            "K7QM-PD3\u{415}",
            "K7QM-PD3E\u{301}",
            "K7QM+PD3X",
            "K7QM/PD3X",
            "\0\0\0\0\0\0\0\0",
        ] {
            assert_eq!(InviteCode::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn whatever_a_chat_makes_of_the_hyphen_is_no_matter() {
        let code = InviteCode::parse("K7QMPD3X").unwrap();
        for between in [
            // Dashes.
            "-",
            "\u{ad}",
            "‐",
            "\u{2011}",
            "‒",
            "–",
            "—",
            "―",
            "−",
            "⁃",
            "﹘",
            "﹣",
            "－",
            "⸺",
            "〜",
            "~",
            "˗",
            "ー",
            "ｰ",
            "--",
            "_",
            "＿",
            ".",
            "．",
            "。",
            "…",
            // Spaces.
            " ",
            "\u{a0}",
            "\u{2009}",
            "\u{202f}",
            "\u{3000}",
            "\n",
            "\u{2028}",
            // Invisible characters.
            "\u{200b}",
            "\u{200d}",
            "\u{2060}",
            "\u{feff}",
            "\u{200e}",
            "\u{202d}",
            "\u{2068}",
            "\u{fe0f}",
            "\u{180e}",
            "\u{e0020}",
            "-\u{2060}\u{ad}",
        ] {
            let written = format!("K7QM{between}PD3X");
            let read = InviteCode::parse(&written);
            assert_eq!(read, (between != "~").then(|| code.clone()), "{written:?}");
        }
        for (left, right) in [
            ("\"", "\""),
            ("'", "'"),
            ("“", "”"),
            ("„", "“"),
            ("«", "»"),
            ("‹", "›"),
            ("‘", "’"),
            ("「", "」"),
            ("『", "』"),
            ("＂", "＂"),
            ("`", "`"),
            ("´", "´"),
            ("′", "″"),
            ("\u{feff}", "."),
        ] {
            let written = format!("{left}k7qm‑pd3x{right}");
            assert_eq!(
                InviteCode::parse(&written),
                Some(code.clone()),
                "{written:?}"
            );
        }
        // Full-width characters of an input method, and styled letters.
        for written in ["Ｋ７ＱＭ－ＰＤ３Ｘ", "ｋ７ｑｍｐｄ３ｘ", "𝐊𝟕𝐐𝐌-𝐏𝐃𝟑𝐗"]
        {
            assert_eq!(
                InviteCode::parse(written),
                Some(code.clone()),
                "{written:?}"
            );
        }
    }

    #[test]
    fn drawn_codes_can_be_read_and_differ() {
        let drawn = InviteCode::draw();
        assert_eq!(
            InviteCode::parse(&shown(drawn.as_str())),
            Some(drawn.clone())
        );
        assert_ne!(InviteCode::draw(), drawn);
    }
}
