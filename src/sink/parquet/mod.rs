//! Parquet, by its low-level writer and reader: our columns are flat and few, and Arrow would be a large dependency.

mod read;
mod schema;
mod seal;
mod write;

pub(super) use read::decode;
pub(super) use write::{encode, encode_table};

#[cfg(test)]
mod tests;
