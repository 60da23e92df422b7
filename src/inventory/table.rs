//! The cameras as the rows of a file. The same cameras are the same bytes.

use std::{borrow::Cow, collections::BTreeSet};

use chrono_tz::Tz;

use crate::{
    ledger::CameraRecord,
    row::ColumnKind,
    sink::{Cell, EncodeError, FileFormat, Table, TableColumn},
};

/// The first column: what the service knows the camera by. It is never null.
const ID: &str = "camera_id";

/// The other columns, all of text, null where the service says nothing; with whether few different values stand in it, so
/// that a dictionary pays.
const TEXTS: [(&str, bool); 4] = [("name", false), ("type", true), ("status", true), ("tags", true)];

/// Stands between two tags. No tag holds it: the service itself takes lists of tags so.
const TAG_SEPARATOR: &str = ",";

/// The bytes of a file with these cameras, which are sorted by id.
pub(super) fn encode(format: FileFormat, cameras: &[CameraRecord]) -> Result<Vec<u8>, EncodeError> {
    let texts: Vec<_> = cameras.iter().map(texts).collect();
    let rows = cameras.iter().zip(&texts).map(|(camera, texts)| {
        let texts = texts.iter().map(|text| Cell::text(text.as_deref()));
        [Cell::Integer(camera.id)].into_iter().chain(texts).collect()
    });
    format.encode_table(&Table { zone: Tz::UTC, columns: columns(), rows: rows.collect() })
}

fn columns() -> Vec<TableColumn> {
    let id =
        TableColumn { name: ID.to_owned(), kind: ColumnKind::Integer, is_nullable: false, repeats: false };
    let text = |(name, repeats): (&str, bool)| TableColumn {
        name: name.to_owned(),
        kind: ColumnKind::Text,
        is_nullable: true,
        repeats,
    };
    [id].into_iter().chain(TEXTS.map(text)).collect()
}

/// What stands in [`TEXTS`].
fn texts(camera: &CameraRecord) -> [Option<Cow<'_, str>>; TEXTS.len()] {
    let CameraRecord { name, kind, status, tags, .. } = camera;
    // Sorted and without doubles, whatever order the service has today.
    let tags: BTreeSet<&str> = tags.iter().map(String::as_str).filter(|tag| !tag.is_empty()).collect();
    let tags = tags.into_iter().collect::<Vec<_>>().join(TAG_SEPARATOR);
    let [name, kind, status] = [name, kind, status].map(|text| text.as_deref().map(Cow::Borrowed));
    [name, kind, status, Some(Cow::Owned(tags))]
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use parquet::{
        file::reader::{FileReader, SerializedFileReader},
        record::Field,
    };
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::sink::{CsvCompression, ParquetCompression};

    const CSV: FileFormat = FileFormat::Csv(CsvCompression::None);
    const PARQUET: FileFormat = FileFormat::Parquet(ParquetCompression::Zstd);

    fn camera(id: i64, texts: [Option<&str>; 3], tags: &[&str]) -> CameraRecord {
        let [name, kind, status] = texts.map(|text| text.map(str::to_owned));
        let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        CameraRecord { id, name, kind, status, tags, absences: 0 }
    }

    fn cameras() -> Vec<CameraRecord> {
        vec![
            camera(
                1,
                [Some("Gate, \"north\"\nside"), Some("h264"), Some("online")],
                &["shop", "a", "shop", ""],
            ),
            camera(7, [None, None, None], &[]),
            camera(i64::MAX, [Some(""), Some("h266"), Some("Café 🙂")], &["b"]),
        ]
    }

    fn csv_text(cameras: &[CameraRecord]) -> String {
        String::from_utf8(encode(CSV, cameras).unwrap()).unwrap()
    }

    #[test]
    fn csv_has_a_header_and_empty_fields_where_nothing_is_known() {
        let expected = "camera_id,name,type,status,tags\n\
                        1,\"Gate, \"\"north\"\"\nside\",h264,online,\"a,shop\"\n\
                        7,,,,\n\
                        9223372036854775807,,h266,Café 🙂,b\n";
        assert_eq!(csv_text(&cameras()), expected);
        assert_eq!(csv_text(&[]), "camera_id,name,type,status,tags\n");
    }

    #[test]
    fn parquet_holds_the_same_with_documented_types() {
        let reader = SerializedFileReader::new(Bytes::from(encode(PARQUET, &cameras()).unwrap())).unwrap();
        let mut schema = Vec::new();
        parquet::schema::printer::print_schema(&mut schema, reader.metadata().file_metadata().schema());
        let expected = "message schema {\n  REQUIRED INT64 camera_id;\n  OPTIONAL BYTE_ARRAY name (STRING);\n  \
            OPTIONAL BYTE_ARRAY type (STRING);\n  OPTIONAL BYTE_ARRAY status (STRING);\n  \
            OPTIONAL BYTE_ARRAY tags (STRING);\n}\n";
        assert_eq!(String::from_utf8(schema).unwrap(), expected);
        let text = |text: &str| Field::Str(text.to_owned());
        let null = || Field::Null;
        let expected = [
            vec![Field::Long(1), text("Gate, \"north\"\nside"), text("h264"), text("online"), text("a,shop")],
            vec![Field::Long(7), null(), null(), null(), null()],
            vec![Field::Long(i64::MAX), null(), text("h266"), text("Café 🙂"), text("b")],
        ];
        let rows = reader.get_row_iter(None).unwrap().map(|row| row.unwrap().into_columns());
        let rows: Vec<Vec<Field>> =
            rows.map(|row| row.into_iter().map(|(_, field)| field).collect()).collect();
        assert_eq!(rows, expected);
        let empty = SerializedFileReader::new(Bytes::from(encode(PARQUET, &[]).unwrap())).unwrap();
        assert_eq!(empty.metadata().file_metadata().num_rows(), 0);
    }

    #[test]
    fn the_same_cameras_are_the_same_bytes_whatever_the_order_of_tags_and_their_absences() {
        let one = [camera(1, [None; 3], &["a", "b"])];
        let other = [CameraRecord { absences: 1, ..camera(1, [None; 3], &["b", "a", "b"]) }];
        for format in FileFormat::ALL {
            assert_eq!(encode(format, &one).unwrap(), encode(format, &other).unwrap());
        }
    }

    #[test]
    fn parquet_carries_the_checksum_of_its_own_bytes() {
        let mut file = encode(PARQUET, &cameras()).unwrap();
        let key = b"audience-exporter.sha256";
        let digits = file.windows(key.len()).rposition(|window| window == key).unwrap() + key.len() + 2;
        let sealed = String::from_utf8(file[digits..digits + 64].to_vec()).unwrap();
        let pairs =
            (0..64).step_by(2).map(|start| u8::from_str_radix(&sealed[start..start + 2], 16).unwrap());
        file[digits..digits + 64].fill(b'0');
        assert_eq!(pairs.collect::<Vec<_>>(), Sha256::digest(&file).to_vec());
    }
}
