//! libFuzzer's entry into the target `key`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| toolgate_fuzz::run("key", data));
