#![no_main]

#[path = "../../tests/security/fuzz/name.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|input: &[u8]| target::check(input));
