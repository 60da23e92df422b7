//! Parquet. Our columns are flat and few: files of usual size are put together here, larger ones by the library's
//! low-level writer, to the same bytes, and all are read by its low-level reader. Arrow would be a large dependency.

mod bounds;
mod footer;
mod gather;
mod library;
mod pages;
mod read;
mod runs;
mod schema;
mod seal;
mod small;
mod source;
mod thrift;
mod write;

pub(super) use read::{columns, decode, people};
pub(super) use write::{encode, encode_table};

/// A file whose checksum is made right again, whatever was changed in it; `None` where it holds none. For tests of what
/// stands behind the checksum.
pub fn resealed(file: Vec<u8>) -> Option<Vec<u8>> {
    seal::seal(file)
}

#[cfg(test)]
mod same_bytes;
#[cfg(test)]
mod tests;
