//! libFuzzer's entry into the target `url`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| toolgate_fuzz::run("url", data));
