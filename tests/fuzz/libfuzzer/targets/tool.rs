//! libFuzzer's entry into the target `tool`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| toolgate_fuzz::run("tool", data));
