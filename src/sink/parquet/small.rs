//! Files in which each column has one page of data: those of any usual partition.
//!
//! They are put together here, because the library allocates hundreds of times for a file and makes two contexts of
//! zstd for each column of it, which is most of what a day of hours costs. The bytes are those that the library would
//! write: a test compares them.

use std::io;

use super::footer::{self, Chunk, DATA_PAGE, DICTIONARY, DICTIONARY_PAGE, PLAIN, RUNS, count};
use super::gather::Gathered;
use super::runs::{bits, push_runs};
use super::source::Source;
use super::thrift::{Fields, small};
use crate::sink::zstd_pool::{Effort, Packer};
use crate::sink::{EncodeError, ParquetCompression, TableColumn};

const MAGIC: &[u8; 4] = b"PAR1";

/// The library begins another page after 20,000 rows, or a megabyte, and gives up a dictionary of a megabyte. Both
/// limits stay well clear of that.
const MOST_ROWS: usize = 1 << 14;
const MOST_COLUMN_BYTES: usize = 1 << 19;

/// What a file takes without rows, so that the buffer need not grow often.
const FOOTER_BYTES: usize = 1 << 12;

/// What the format calls the compressions that are spoken here.
const UNCOMPRESSED: i64 = 0;
const ZSTD: i64 = 6;

/// The bytes of a file, with a blank seal; `None` where it is for the library to write.
pub(super) fn encode(
    compression: ParquetCompression,
    source: &mut impl Source,
) -> Result<Option<Vec<u8>>, EncodeError> {
    let rows = source.row_count();
    if rows > MOST_ROWS {
        return Ok(None);
    }
    let Some(mut pages) = Pages::new(compression, rows).map_err(EncodeError::Compress)? else {
        return Ok(None);
    };
    // A file without rows has no row group, and so no columns in one.
    let columns = if rows == 0 { 0 } else { source.columns().len() };
    let mut chunks = Vec::with_capacity(columns);
    for index in 0..columns {
        let gathered = Gathered::new(source, index);
        let column = &source.columns()[index];
        if !is_small(column, &gathered) {
            return Ok(None);
        }
        chunks.push(pages.push_column(column, gathered).map_err(EncodeError::Compress)?);
    }
    let Pages { mut file, codec, .. } = pages;
    footer::push(&mut file, source.columns(), codec, rows, &chunks);
    file.extend_from_slice(MAGIC);
    Ok(Some(file))
}

/// Whether it fits one page, and holds nothing that the library alone knows how to treat or to refuse.
fn is_small(column: &TableColumn, gathered: &Gathered) -> bool {
    let is_complete = column.is_nullable || gathered.values == gathered.levels.len();
    let plain_bytes = gathered.text_bytes + size_of::<u32>() * gathered.values;
    is_complete && plain_bytes <= MOST_COLUMN_BYTES && !gathered.has_nan
}

/// The pages of a file, and room to make the next one.
struct Pages {
    file: Vec<u8>,
    /// The format's number for how they are compressed.
    codec: i64,
    packer: Option<Packer>,
    raw: Vec<u8>,
    packed: Vec<u8>,
}

impl Pages {
    /// `None` for a compression that is not spoken here.
    fn new(compression: ParquetCompression, rows: usize) -> io::Result<Option<Self>> {
        let (codec, packer, typical_row_bytes) = match compression {
            ParquetCompression::None => (UNCOMPRESSED, None, 144),
            ParquetCompression::Zstd => (ZSTD, Some(Packer::new(Effort::Page, false)?), 24),
            ParquetCompression::Snappy => return Ok(None),
        };
        let mut file = Vec::with_capacity(FOOTER_BYTES + rows * typical_row_bytes);
        file.extend_from_slice(MAGIC);
        Ok(Some(Self { file, codec, packer, raw: Vec::new(), packed: Vec::new() }))
    }

    fn push_column(&mut self, column: &TableColumn, gathered: Gathered) -> io::Result<Chunk> {
        let (start, mut unpacked_bytes) = (self.file.len(), 0);
        if let Some(dictionary) = &gathered.dictionary {
            self.raw.clear();
            self.raw.extend_from_slice(&gathered.plain);
            unpacked_bytes += self.push_page(DICTIONARY_PAGE, |header| {
                let mut page = header.structure(7);
                page.int32(1, count(dictionary.len()));
                page.int32(2, PLAIN);
                page.boolean(3, false);
                page.end();
            })?;
        }
        let (data_at, rows) = (self.file.len(), gathered.levels.len());
        let encoding = self.fill(column, &gathered);
        unpacked_bytes += self.push_page(DATA_PAGE, |header| {
            let mut page = header.structure(5);
            page.int32(1, count(rows));
            page.int32(2, encoding);
            page.int32(3, RUNS);
            page.int32(4, RUNS);
            page.end();
        })?;
        Ok(Chunk {
            dictionary_at: gathered.dictionary.is_some().then_some(start),
            data_at,
            unpacked_bytes,
            packed_bytes: self.file.len() - start,
            rows,
            nulls: rows - gathered.values,
            text_bytes: gathered.text_bytes,
            bounds: gathered.bounds,
        })
    }

    /// Makes the page of data, and tells how its values are encoded.
    fn fill(&mut self, column: &TableColumn, gathered: &Gathered) -> i64 {
        self.raw.clear();
        if column.is_nullable {
            self.raw.extend_from_slice(&[0; size_of::<u32>()]);
            push_runs(&mut self.raw, &gathered.levels, 1);
            let (length, levels) = self.raw.split_at_mut(size_of::<u32>());
            length.copy_from_slice(&small(levels.len()).to_le_bytes());
        }
        let Some(dictionary) = &gathered.dictionary else {
            self.raw.extend_from_slice(&gathered.plain);
            return PLAIN;
        };
        let width = bits(small(dictionary.len().saturating_sub(1)));
        self.raw.push(width.to_le_bytes()[0]);
        push_runs(&mut self.raw, &dictionary.indices, width);
        DICTIONARY
    }

    /// Appends the page that was made, and tells how long it would be without compression.
    fn push_page(&mut self, kind: i64, describe: impl FnOnce(&mut Fields<'_>)) -> io::Result<usize> {
        let contents = match &mut self.packer {
            Some(packer) => {
                packer.pack(&self.raw, &mut self.packed)?;
                &self.packed
            }
            None => &self.raw,
        };
        let start = self.file.len();
        let mut header = Fields::new(&mut self.file);
        header.int32(1, kind);
        header.int32(2, count(self.raw.len()));
        header.int32(3, count(contents.len()));
        describe(&mut header);
        header.end();
        let header_bytes = self.file.len() - start;
        self.file.extend_from_slice(contents);
        Ok(header_bytes + self.raw.len())
    }
}
