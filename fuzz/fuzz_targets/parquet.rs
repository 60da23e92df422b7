#![no_main]

use std::panic;

// The decoder turns panics of the Parquet library into errors. Other panics cross into libFuzzer and abort there.
libfuzzer_sys::fuzz_target!(init: panic::set_hook(Box::new(|_| ())), |bytes: &[u8]| {
    audience_exporter_fuzz::parquet(bytes);
});
