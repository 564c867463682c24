//! Players' names: which texts are valid names, and what is wrong with the others.
//!
//! Every property of a character comes from Unicode's data (`icu_properties`). The rules for
//! joiners follow RFC 5892, appendix A (CONTEXTJ), and those for emoji follow UTS 51. Where real
//! spelling needs more than RFC 5892 allows, a comment says so.

use icu_properties::props::{
    BidiControl, DefaultIgnorableCodePoint, Emoji, ExtendedPictographic, GeneralCategory,
    GraphemeClusterBreak, Ideographic, JoiningType, PrependedConcatenationMark, Script,
    VariationSelector,
};
use icu_properties::{CodePointMapData, CodePointSetData};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;
use unicode_segmentation::UnicodeSegmentation;

use super::PlayError;
use super::body::expected;

/// In grapheme clusters: what people count as one character.
const MAX_CLUSTERS: usize = 40;
/// In UTF-8. It bounds how many marks can be piled on one character.
const MAX_BYTES: usize = 200;

const ZERO_WIDTH_NON_JOINER: char = '\u{200c}';
const ZERO_WIDTH_JOINER: char = '\u{200d}';
const MONGOLIAN_VOWEL_SEPARATOR: char = '\u{180e}';
const KEYCAP: char = '\u{20e3}';
const BLACK_FLAG: char = '\u{1f3f4}';
const LAST_TAG: char = '\u{e007f}';
const BLANK_BRAILLE_PATTERN: char = '\u{2800}';
/// The combining class of the signs that remove a letter's vowel and join the letter to the next
/// one.
const VIRAMA: u8 = 9;

/// A player's name: 1 to 40 grapheme clusters in NFC, at most 200 bytes, with no space around it
/// and no invisible character that has no visible effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlayerName(String);

impl PlayerName {
    /// Trims `text` and brings it into NFC.
    ///
    /// # Errors
    /// [`PlayError::Malformed`]. It names the first character that a name may not hold by its
    /// place in `text`, counted in code points from 1.
    pub fn parse(text: &str) -> Result<PlayerName, PlayError> {
        let trimmed = text.trim();
        let leading = text.len() - text.trim_start().len();
        let characters: Vec<char> = trimmed.chars().collect();
        if let Some((index, what)) = first_refused(&characters) {
            let place = text[..leading].chars().count() + index + 1;
            let code_point = u32::from(characters[index]);
            return Err(PlayError::malformed(format!(
                "`name`: character {place}, U+{code_point:04X}, is {what}; leave it out \
                 (characters are counted from 1, as Unicode code points)"
            )));
        }
        let name: String = trimmed.nfc().collect();
        let clusters = name.graphemes(true).count();
        if clusters == 0 || clusters > MAX_CLUSTERS || name.len() > MAX_BYTES {
            let bytes = name.len();
            let what = format!(
                "1 to {MAX_CLUSTERS} characters as people count them, in at most {MAX_BYTES} \
                 bytes of UTF-8, not counting spaces around them; this one has {clusters} in \
                 {bytes} bytes"
            );
            return Err(expected("name", &what));
        }
        Ok(PlayerName(name))
    }

    /// The name as it is stored and shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The position of the first refused character, and what is wrong with it.
fn first_refused(characters: &[char]) -> Option<(usize, &'static str)> {
    let refused = (0..characters.len()).find_map(|at| {
        refusal(&characters[..at], characters[at], &characters[at + 1..]).map(|what| (at, what))
    });
    let is_blank =
        |character: &char| character.is_whitespace() || *character == BLANK_BRAILLE_PATTERN;
    match refused {
        None if characters.iter().all(is_blank) && !characters.is_empty() => {
            Some((0, "a blank in a name that shows nothing"))
        }
        refused => refused,
    }
}

/// Why `character` may not stand between `before` and `after`.
fn refusal(before: &[char], character: char, after: &[char]) -> Option<&'static str> {
    let category = category(character);
    if category == GeneralCategory::Control {
        return Some("a control character");
    }
    if matches!(
        category,
        GeneralCategory::LineSeparator | GeneralCategory::ParagraphSeparator
    ) {
        return Some("a line separator");
    }
    if category == GeneralCategory::Unassigned {
        return Some("not assigned by Unicode");
    }
    if has::<BidiControl>(character) {
        return Some("a bidirectional control");
    }
    if has::<DefaultIgnorableCodePoint>(character) {
        let is_needed = is_needed(before, character, after);
        return (!is_needed).then_some("invisible here");
    }
    // Format characters that belong to a script are part of its writing; the others annotate text.
    let is_annotation = category == GeneralCategory::Format
        && !has::<PrependedConcatenationMark>(character)
        && script(character) == Script::Common;
    is_annotation.then_some("an invisible format character")
}

/// Whether an invisible character has a visible effect where it stands.
fn is_needed(before: &[char], character: char, after: &[char]) -> bool {
    let next = after.first().copied();
    match character {
        ZERO_WIDTH_JOINER => joins_emoji(before, next) || joins_letters(before, after),
        ZERO_WIDTH_NON_JOINER => parts_letters(before, after),
        MONGOLIAN_VOWEL_SEPARATOR => [before.last().copied(), next]
            .into_iter()
            .all(|beside| beside.is_some_and(|letter| script(letter) == Script::Mongolian)),
        '\u{e0020}'..=LAST_TAG => is_in_flag(before, character, after),
        selector if has::<VariationSelector>(selector) => before
            .last()
            .is_some_and(|base| has_variant(*base, selector, next)),
        _ => false,
    }
}

/// UTS 51: a joiner stands between two pictographs. The first may have a skin tone or a variation
/// selector.
fn joins_emoji(before: &[char], next: Option<char>) -> bool {
    let extends = |character: char| {
        CodePointMapData::<GraphemeClusterBreak>::new().get(character)
            == GraphemeClusterBreak::Extend
    };
    let base = before.iter().rev().find(|character| !extends(**character));
    base.is_some_and(|base| has::<ExtendedPictographic>(*base))
        && next.is_some_and(has::<ExtendedPictographic>)
}

/// A joiner may stand after a virama (RFC 5892); before one, as in a full `ra` of Bengali and
/// Kannada; or where it shows the joining form of one side, as in Persian abbreviations.
fn joins_letters(before: &[char], after: &[char]) -> bool {
    is_beside_virama(before, after) || joins_on(before) != joins_back(after)
}

/// A non-joiner may stand after or before a virama, or between two letters of a script whose
/// letters join. RFC 5892 requires that the two would have joined, but Persian also writes it
/// between parts of a name that would not.
fn parts_letters(before: &[char], after: &[char]) -> bool {
    let joins_at_all = |kind| {
        matches!(
            kind,
            JoiningType::DualJoining | JoiningType::LeftJoining | JoiningType::RightJoining
        )
    };
    is_beside_virama(before, after)
        || joins_at_all(joining(before.iter().rev())) && joins_at_all(joining(after.iter()))
}

fn is_beside_virama(before: &[char], after: &[char]) -> bool {
    // Other marks, such as a nukta, may stand between the virama and the joiner.
    let mark = before
        .iter()
        .rev()
        .map(|character| canonical_combining_class(*character))
        .find(|class| *class == 0 || *class == VIRAMA);
    let follows = mark == Some(VIRAMA);
    let precedes = !before.is_empty()
        && after
            .first()
            .is_some_and(|next| canonical_combining_class(*next) == VIRAMA);
    follows || precedes
}

fn joins_on(before: &[char]) -> bool {
    matches!(
        joining(before.iter().rev()),
        JoiningType::DualJoining | JoiningType::LeftJoining
    )
}

fn joins_back(after: &[char]) -> bool {
    matches!(
        joining(after.iter()),
        JoiningType::DualJoining | JoiningType::RightJoining
    )
}

/// How the nearest letter joins its neighbours. Marks are passed over.
fn joining<'a>(characters: impl Iterator<Item = &'a char>) -> JoiningType {
    let mut kinds =
        characters.map(|character| CodePointMapData::<JoiningType>::new().get(*character));
    let nearest = kinds.find(|kind| *kind != JoiningType::Transparent);
    nearest.unwrap_or(JoiningType::NonJoining)
}

/// UTS 51: the flag of a part of a country is a black flag, three to six tags, and the last tag.
fn is_in_flag(before: &[char], character: char, after: &[char]) -> bool {
    let is_tag = |character: &&char| ('\u{e0020}'..=LAST_TAG).contains(*character);
    let earlier = before.iter().rev().take_while(is_tag).count();
    let base = before.iter().rev().nth(earlier);
    let later = after.iter().take_while(is_tag);
    let tags: Vec<char> = before[before.len() - earlier..]
        .iter()
        .chain([&character])
        .chain(later)
        .copied()
        .collect();
    let Some((LAST_TAG, region)) = tags.split_last().map(|(last, region)| (*last, region)) else {
        return false;
    };
    let is_letter_or_digit =
        |tag: &char| matches!(tag, '\u{e0030}'..='\u{e0039}' | '\u{e0061}'..='\u{e007a}');
    base == Some(&BLACK_FLAG)
        && (3..=6).contains(&region.len())
        && region.iter().all(is_letter_or_digit)
}

/// Whether `selector` chooses among forms of `base`: of an emoji, an ideograph (as in Japanese
/// family names), or a Mongolian letter.
fn has_variant(base: char, selector: char, next: Option<char>) -> bool {
    match selector {
        '\u{fe0e}' | '\u{fe0f}' => {
            let is_keycap = next == Some(KEYCAP) || !base.is_ascii();
            has::<Emoji>(base) && is_keycap
        }
        '\u{180b}'..='\u{180f}' => script(base) == Script::Mongolian,
        _ => has::<Ideographic>(base),
    }
}

fn has<P: icu_properties::props::BinaryProperty>(character: char) -> bool {
    CodePointSetData::new::<P>().contains(character)
}

fn category(character: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(character)
}

fn script(character: char) -> Script {
    CodePointMapData::<Script>::new().get(character)
}

#[cfg(test)]
#[path = "names_tests.rs"]
mod tests;
