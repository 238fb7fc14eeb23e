//! libFuzzer's entry into the target `policy`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| toolgate_fuzz::run("policy", data));
