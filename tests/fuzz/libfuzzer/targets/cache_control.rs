//! libFuzzer's entry into the target `cache_control`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| toolgate_fuzz::run("cache_control", data));
