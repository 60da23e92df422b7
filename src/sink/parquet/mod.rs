//! Parquet, by its low-level writer and reader: our columns are flat and few, and Arrow would be a large dependency.

mod read;
mod schema;
mod seal;
mod write;

pub(super) use read::{columns, decode};
pub(super) use write::{encode, encode_table};

/// A file whose checksum is made right again, whatever was changed in it; `None` where it holds none. For tests of what
/// stands behind the checksum.
pub fn resealed(file: Vec<u8>) -> Option<Vec<u8>> {
    seal::seal(file)
}

#[cfg(test)]
mod tests;
