#![no_main]

#[path = "../../tests/security/fuzz/invite.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|input: &[u8]| target::check(input));
