//! What fuzzing looks for, over the inputs that are kept: each target's property on its corpus.
//!
//! `script/fuzz` looks for more where a nightly Rust and cargo-fuzz are; what it finds goes to
//! `fuzz/corpus/<target>/`, and is tried here ever after.

mod api_key;
mod client_frame;
mod codec;
mod invite;
mod live_query;
mod name;
mod patch;
mod sigv4;

use std::path::Path;

/// Tries the property on each input, at least a few.
fn over_corpus(target: &str, check: fn(&[u8])) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let mut tried = 0;
    for entry in std::fs::read_dir(directory.join(target)).unwrap() {
        let path = entry.unwrap().path();
        println!("{}", path.display());
        check(&std::fs::read(path).unwrap());
        tried += 1;
    }
    assert!(tried >= 5, "{tried} inputs are no corpus");
}

#[test]
fn api_keys() {
    over_corpus("api_key", api_key::check);
}

#[test]
fn client_frames() {
    over_corpus("client_frame", client_frame::check);
}

#[test]
fn stored_events() {
    over_corpus("codec", codec::check);
}

#[test]
fn invites() {
    over_corpus("invite", invite::check);
}

#[test]
fn live_queries() {
    over_corpus("live_query", live_query::check);
}

#[test]
fn names() {
    over_corpus("name", name::check);
}

#[test]
fn patches() {
    over_corpus("patch", patch::check);
}

#[test]
fn signatures() {
    over_corpus("sigv4", sigv4::check);
}
