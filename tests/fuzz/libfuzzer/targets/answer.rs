//! libFuzzer's entry into the target `answer`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| toolgate_fuzz::run("answer", data));
