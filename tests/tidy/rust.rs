//! Enough Rust to see what a file imports: words and marks, comments and literals left out.

use std::path::Path;

/// The modules of this crate that a file names, by `crate::` or by climbing with `super::`.
pub fn imports(file: &str, tokens: &[(usize, String)]) -> Vec<(usize, String)> {
    let word = |at: usize| tokens.get(at).map_or("", |(_, word)| word.as_str());
    let below_src = Path::new(file).components().count() - 1;
    let depth = below_src - usize::from(file.ends_with("/mod.rs"));
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        let mut next = at + 1;
        if word(at) == "super" && word(at.wrapping_sub(1)) != "::" {
            let mut climbed = 1;
            while word(next) == "::" && word(next + 1) == "super" {
                climbed += 1;
                next += 2;
            }
            if climbed < depth {
                continue;
            }
        } else if word(at) != "crate" {
            continue;
        }
        if word(next) != "::" {
            continue;
        }
        found.extend(heads(&tokens[next + 1..]));
    }
    found
}

/// The first word of a path, or of each path in the group `{a::b, c}` that begins here.
fn heads(tokens: &[(usize, String)]) -> Vec<(usize, String)> {
    if tokens.first().is_none_or(|(_, word)| word != "{") {
        return tokens.first().cloned().into_iter().collect();
    }
    let mut heads = Vec::new();
    let mut nested = 0;
    for (at, (_, word)) in tokens.iter().enumerate() {
        match word.as_str() {
            "{" => nested += 1,
            "}" => nested -= 1,
            _ => {}
        }
        if nested == 0 {
            break;
        }
        let after = at.checked_sub(1).map(|before| tokens[before].1.as_str());
        if nested == 1 && matches!(after, Some("{" | ",")) {
            heads.push(tokens[at].clone());
        }
    }
    heads
}

/// Words that begin a path (`name::…`) or are imported whole (`use name`).
pub fn named_crates(tokens: &[(usize, String)]) -> impl Iterator<Item = (usize, String)> {
    let word = |at: usize| tokens.get(at).map_or("", |(_, word)| word.as_str());
    let named = move |at: &usize| {
        let before = word(at.wrapping_sub(1));
        before == "use" || (word(at + 1) == "::" && before != "::")
    };
    let ats = (0..tokens.len()).filter(named);
    ats.map(|at| tokens[at].clone())
}

/// The words and marks of Rust source with their lines, comments and literals left out.
pub fn tokens(source: &str) -> Vec<(usize, String)> {
    let mut rest = source;
    let mut tokens = Vec::new();
    while let Some(first) = rest.chars().next() {
        let line = 1 + source[..source.len() - rest.len()].matches('\n').count();
        let long = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(long) = literal(rest) {
            long
        } else if first.is_alphanumeric() || first == '_' {
            let inside = |other: char| other.is_alphanumeric() || other == '_';
            rest.find(|other| !inside(other)).unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        let (token, later) = rest.split_at(long);
        let is_text = first.is_alphanumeric() && literal(rest).is_some();
        if !token.trim().is_empty() && !token.starts_with(['/', '"', '\'']) && !is_text {
            tokens.push((line, token.to_owned()));
        }
        rest = later;
    }
    tokens
}

/// The length in bytes of the string, raw string or character that `source` begins with.
fn literal(source: &str) -> Option<usize> {
    let body = source.trim_start_matches(['b', 'c']);
    let prefix = source.len() - body.len();
    if prefix > 1 {
        return None;
    }
    if let Some(raw) = body.strip_prefix('r') {
        let opened = raw.trim_start_matches('#');
        let fence = raw.len() - opened.len();
        let inside = opened.strip_prefix('"')?;
        let end = inside.find(&format!("\"{}", "#".repeat(fence)))?;
        return Some(prefix + 1 + fence + 1 + end + 1 + fence);
    }
    let quote = body
        .chars()
        .next()
        .filter(|mark| ['"', '\''].contains(mark))?;
    let mut escaped = false;
    for (at, mark) in body.char_indices().skip(1) {
        if mark == quote && !escaped {
            return Some(prefix + at + 1);
        }
        escaped = mark == '\\' && !escaped;
        // `'a` without an end soon is a lifetime.
        let lifetime = quote == '\'' && at >= 2 && !body.starts_with("'\\");
        if lifetime {
            return None;
        }
    }
    None
}

#[test]
fn imports_are_seen_in_every_shape() {
    let source = r##"
        //! [`crate::doc`]
        use crate::one::{Deep, deeper::Still};
        use crate::{two, three::{self, Four as four}, five as six};
        use super::super::seven::Thing; // crate::comment
        use super::near::Thing;
        fn take<'a>(text: &'a str) -> crate::eight::Thing<'a> {
            let _ = ["crate::text", r#"crate::"raw""#, "\"crate::escaped"];
            let _ = ('"', 'c', '\'', b'"');
            crate::nine::call(super::super::ten)
        }
    "##;
    let tokens = tokens(source);
    let found = imports("src/room/file.rs", &tokens);
    let names: Vec<&str> = found.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "one", "two", "three", "five", "seven", "eight", "nine", "ten"
        ]
    );
    assert_eq!(found[4].0, 5);
}

#[test]
fn crates_are_seen_where_they_are_named() {
    let tokens = tokens("use rand; use a::b; fn f() { c::d(); crate::e::f(); x.g::<h::I>(); }");
    let names: Vec<String> = named_crates(&tokens).map(|(_, name)| name).collect();
    assert_eq!(names, ["rand", "a", "c", "crate", "g", "h"]);
}
