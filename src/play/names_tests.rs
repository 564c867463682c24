//! Names that are accepted, with the form that is stored; and names that are refused, with the
//! position of the refused character.

use super::*;

fn parsed(text: &str) -> Result<String, String> {
    PlayerName::parse(text)
        .map(|name| name.as_str().to_owned())
        .map_err(|error| error.to_string())
}

#[test]
fn names_of_people_are_taken_as_they_are_written() {
    for name in [
        "Ann",
        "Zoë O’Brien-Müller",
        "山田 太郎",
        // An ideograph in the variant that a family uses.
        "葛\u{e0100}城",
        "김철수",
        "Ολυμπία",
        "אבי",
        "مریم",
        // Persian: a half space, between joining letters and after one that does not join on.
        "می\u{200c}خواهم",
        "رضا\u{200c}پور",
        // Persian: an abbreviation whose letter keeps its joining form.
        "ه\u{200d}.ق",
        // Sinhala, Malayalam and Hindi: joiners after the virama.
        "ශ්\u{200d}රී",
        "അവന്\u{200d}",
        "क्\u{200c}ष",
        // Bengali: a joiner before the virama.
        "র\u{200d}্যাচেল",
        "ᠮᠣᠩᠭᠣᠯ\u{180e}ᠠ",
        "สมชาย",
        "နိုင်",
        "👩\u{200d}👩\u{200d}👧\u{200d}👦",
        "👩🏽\u{200d}🚀",
        "❤\u{fe0f}\u{200d}🔥",
        "🏳\u{fe0f}\u{200d}🌈",
        "🏃\u{200d}♀\u{fe0f}\u{200d}➡\u{fe0f}",
        "1\u{fe0f}\u{20e3}",
        "☺\u{fe0e}",
        "🇩🇪",
        "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
        "two  spaces\u{a0}and one",
        // For private use: a font may show it.
        "\u{f8ff}",
        "⠠⠁⠝⠝⠀⠃",
    ] {
        assert_eq!(parsed(name), Ok(name.to_owned()), "{name:?}");
    }
}

#[test]
fn names_are_trimmed_and_brought_into_nfc() {
    for (text, name) in [
        ("  Ann\t\n", "Ann"),
        ("\u{3000}\u{a0}Ann\u{2003}\u{2028}", "Ann"),
        ("Zoe\u{308}", "Zoë"),
        ("\u{1112}\u{1161}\u{11ab}", "한"),
        ("\u{212b}", "Å"),
    ] {
        assert_eq!(parsed(text), Ok(name.to_owned()), "{text:?}");
    }
}

#[test]
fn length_is_counted_in_what_people_call_characters() {
    let family = "👩\u{200d}👧";
    let marked = "e\u{301}\u{323}";
    for name in [
        "x".repeat(40),
        "ü".repeat(40),
        marked.repeat(40),
        "🇩🇪".repeat(25),
        family.repeat(18),
    ] {
        assert!(parsed(&name).is_ok(), "{name:?} {:?}", parsed(&name));
    }
    for (name, counts) in [
        ("x".repeat(41), "41 in 41 bytes"),
        (marked.repeat(41), "41 in"),
        (family.repeat(19), "19 in 209 bytes"),
        (format!("a{}", "\u{309}".repeat(100)), "1 in 201 bytes"),
        (String::new(), "0 in 0 bytes"),
        (" \u{3000} ".to_owned(), "0 in 0 bytes"),
    ] {
        let detail = parsed(&name).unwrap_err();
        assert!(
            detail.contains("`name`") && detail.contains(counts),
            "{detail}"
        );
    }
}

#[test]
fn what_a_name_may_not_hold_is_named_with_its_place() {
    for (text, place, what) in [
        ("a\u{0}b", "character 2, U+0000,", "control"),
        ("a\nb", "character 2, U+000A,", "control"),
        ("a\u{85}b", "character 2, U+0085,", "control"),
        ("ab\u{2028}c", "character 3, U+2028,", "line separator"),
        ("ab\u{2029}c", "character 3, U+2029,", "line separator"),
        // Spaces before the name count, and a character of many bytes is one.
        (
            " \u{3000}é\u{202e}b",
            "character 4, U+202E,",
            "bidirectional",
        ),
        ("a\u{200e}", "character 2, U+200E,", "bidirectional"),
        ("a\u{61c}b", "character 2, U+061C,", "bidirectional"),
        ("a\u{2066}b", "character 2, U+2066,", "bidirectional"),
        ("a\u{200b}b", "character 2, U+200B,", "invisible"),
        ("\u{feff}Ann", "character 1, U+FEFF,", "invisible"),
        ("a\u{ad}b", "character 2, U+00AD,", "invisible"),
        ("a\u{34f}b", "character 2, U+034F,", "invisible"),
        ("\u{3164}", "character 1, U+3164,", "invisible"),
        ("\u{115f}\u{1160}", "character 1, U+115F,", "invisible"),
        ("a\u{2060}b", "character 2, U+2060,", "invisible"),
        ("a\u{fff9}b", "character 2, U+FFF9,", "invisible"),
        ("a\u{e0041}b", "character 2, U+E0041,", "invisible"),
        ("a\u{378}b", "character 2, U+0378,", "not assigned"),
        ("a\u{fffe}b", "character 2, U+FFFE,", "not assigned"),
        ("a\u{10ffff}b", "character 2, U+10FFFF,", "not assigned"),
        ("\u{2800} \u{2800}", "character 1, U+2800,", "shows nothing"),
        // Joiners and selectors that join and select nothing.
        ("Ann\u{200d}", "character 4, U+200D,", "invisible"),
        ("A\u{200c}nn", "character 2, U+200C,", "invisible"),
        ("خانه\u{200c}", "character 5, U+200C,", "invisible"),
        ("ب\u{200d}ب", "character 2, U+200D,", "invisible"),
        ("👩\u{200d}", "character 2, U+200D,", "invisible"),
        ("👩\u{200d}\u{200d}👧", "character 2, U+200D,", "invisible"),
        ("👩\u{200d}A", "character 2, U+200D,", "invisible"),
        ("A\u{fe0f}", "character 2, U+FE0F,", "invisible"),
        ("1\u{fe0f}", "character 2, U+FE0F,", "invisible"),
        ("☺\u{fe0f}\u{fe0f}", "character 3, U+FE0F,", "invisible"),
        ("a\u{e0100}", "character 2, U+E0100,", "invisible"),
        ("a\u{180e}b", "character 2, U+180E,", "invisible"),
        // Tags that are no flag: of another emoji, without an end, with nothing between.
        (
            "😀\u{e0067}\u{e0062}\u{e0065}\u{e007f}",
            "character 2, U+E0067,",
            "invisible",
        ),
        (
            "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}",
            "character 2, U+E0067,",
            "invisible",
        ),
        ("\u{1f3f4}\u{e007f}", "character 2, U+E007F,", "invisible"),
    ] {
        let detail = parsed(text).unwrap_err();
        assert!(
            detail.contains("`name`") && detail.contains(place) && detail.contains(what),
            "{text:?}: {detail}"
        );
    }
}
