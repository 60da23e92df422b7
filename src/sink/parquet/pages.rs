//! The pages of a column. The library makes two contexts of zstd for each column that it reads; here one of ours, which
//! was used before, unpacks the pages that the library finds.

use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::Compression;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::serialized_reader::SerializedPageReader;

use crate::sink::zstd_pool::Unpacker;

/// The pages of the column that `chunk` describes, unpacked.
pub(super) fn pages(
    file: &Arc<Bytes>,
    chunk: &ColumnChunkMetaData,
    rows: usize,
) -> Result<Box<dyn PageReader>, ParquetError> {
    let reader = |chunk| SerializedPageReader::new(Arc::clone(file), chunk, rows, None);
    if !matches!(chunk.compression(), Compression::ZSTD(_)) {
        return Ok(Box::new(reader(chunk)?));
    }
    Ok(Box::new(ZstdPages {
        packed: reader(&as_if_not_compressed(chunk)?)?,
        unpacker: Unpacker::new()?,
        most_bytes: usize::try_from(chunk.uncompressed_size())?,
    }))
}

/// The same place in the file, so that the library hands out pages as they lie there.
fn as_if_not_compressed(chunk: &ColumnChunkMetaData) -> Result<ColumnChunkMetaData, ParquetError> {
    ColumnChunkMetaData::builder(chunk.column_descr_ptr())
        .set_compression(Compression::UNCOMPRESSED)
        .set_num_values(chunk.num_values())
        .set_total_compressed_size(chunk.compressed_size())
        .set_data_page_offset(chunk.data_page_offset())
        .set_dictionary_page_offset(chunk.dictionary_page_offset())
        .build()
}

struct ZstdPages {
    packed: SerializedPageReader<Bytes>,
    unpacker: Unpacker,
    /// No page of the column is longer.
    most_bytes: usize,
}

impl ZstdPages {
    fn unpack(&mut self, mut page: Page) -> Result<Page, ParquetError> {
        match &mut page {
            Page::DataPage { buf, .. } | Page::DictionaryPage { buf, .. } => {
                *buf = self.unpacker.unpack(buf, self.most_bytes)?.into();
            }
            Page::DataPageV2 { .. } => {
                return Err(ParquetError::General("a page of a version that is not ours".to_owned()));
            }
        }
        Ok(page)
    }
}

impl Iterator for ZstdPages {
    type Item = Result<Page, ParquetError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for ZstdPages {
    fn get_next_page(&mut self) -> Result<Option<Page>, ParquetError> {
        let packed = self.packed.get_next_page()?;
        packed.map(|page| self.unpack(page)).transpose()
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>, ParquetError> {
        self.packed.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<(), ParquetError> {
        self.packed.skip_next_page()
    }
}
