//! libFuzzer's entry into the target `token`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| toolgate_fuzz::run("token", data));
