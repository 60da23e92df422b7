#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| audience_exporter_fuzz::manifest(bytes));
