//! libFuzzer's entry into the target `schema`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| toolgate_fuzz::run("schema", data));
