//! One file of all rows, CSV or Parquet.

use std::{fs::File, io::BufWriter, sync::Arc};

use audience_exporter::time::to_display;
use chrono::DateTime;
use parquet::{
    basic::{Compression, ZstdLevel},
    data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type},
    file::{
        properties::WriterProperties,
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::parser::parse_message_type,
};

use super::{Record, Target};

/// Rows that are held before they are written as one row group.
const GROUP_ROWS: usize = 50_000;

const COUNTS: [&str; 9] = [
    "passing_by",
    "interested",
    "senior_female",
    "senior_male",
    "young_female",
    "young_male",
    "female",
    "male",
    "unknown",
];
const NUMBERS: [&str; 3] = ["stop_time", "attention_time", "satisfaction"];

/// The file while it is written.
pub(super) enum Output {
    Csv { writer: csv::Writer<BufWriter<File>>, client_ids: Vec<String> },
    Parquet { writer: SerializedFileWriter<File>, client_ids: Vec<ByteArray>, waiting: Vec<Record> },
}

impl Output {
    pub(super) fn create(target: &Target, client_ids: Vec<String>) -> Self {
        let file = File::create(&target.file).expect("a new file");
        if target.csv {
            let mut writer = csv::Writer::from_writer(BufWriter::new(file));
            let names = ["stream", "start"].into_iter().chain(COUNTS).chain(NUMBERS);
            writer.write_record(names).expect("space");
            return Self::Csv { writer, client_ids };
        }
        let schema = Arc::new(parse_message_type(&schema()).expect("a schema"));
        let compression = Compression::ZSTD(ZstdLevel::try_new(3).expect("a level"));
        let properties = Arc::new(WriterProperties::builder().set_compression(compression).build());
        let writer = SerializedFileWriter::new(file, schema, properties).expect("space");
        let client_ids = client_ids.iter().map(|client_id| ByteArray::from(client_id.as_str())).collect();
        Self::Parquet { writer, client_ids, waiting: Vec::new() }
    }

    pub(super) fn push(&mut self, records: Vec<Record>) {
        match self {
            Self::Csv { writer, client_ids } => {
                for record in records {
                    write_line(writer, client_ids, &record);
                }
            }
            Self::Parquet { writer, client_ids, waiting } => {
                waiting.extend(records);
                if waiting.len() >= GROUP_ROWS {
                    write_group(writer, client_ids, waiting);
                    waiting.clear();
                }
            }
        }
    }

    pub(super) fn finish(self) {
        match self {
            Self::Csv { mut writer, .. } => writer.flush().expect("space"),
            Self::Parquet { mut writer, client_ids, waiting } => {
                write_group(&mut writer, &client_ids, &waiting);
                writer.close().expect("space");
            }
        }
    }
}

fn write_line(writer: &mut csv::Writer<BufWriter<File>>, client_ids: &[String], record: &Record) {
    let start = DateTime::from_timestamp(record.start, 0).expect("a date");
    let begin = [client_ids[record.stream].clone(), to_display(start)];
    let counts = record.counts.iter().map(i64::to_string);
    let numbers =
        record.numbers.iter().map(|number| number.map_or_else(String::new, |number| number.to_string()));
    writer.write_record(begin.into_iter().chain(counts).chain(numbers)).expect("space");
}

fn schema() -> String {
    let counts = COUNTS.map(|name| format!("required int64 {name};"));
    let numbers = NUMBERS.map(|name| format!("optional double {name};"));
    let columns = [counts.concat(), numbers.concat()].concat();
    format!(
        "message audience {{ required binary stream (UTF8); required int64 start (TIMESTAMP(MILLIS, true)); {columns} }}"
    )
}

fn write_group(writer: &mut SerializedFileWriter<File>, client_ids: &[ByteArray], records: &[Record]) {
    let mut group = writer.next_row_group().expect("space");
    let streams: Vec<ByteArray> = records.iter().map(|record| client_ids[record.stream].clone()).collect();
    write_column::<ByteArrayType>(&mut group, &streams, None);
    let starts: Vec<i64> = records.iter().map(|record| record.start * 1000).collect();
    write_column::<Int64Type>(&mut group, &starts, None);
    for place in 0..COUNTS.len() {
        let counts: Vec<i64> = records.iter().map(|record| record.counts[place]).collect();
        write_column::<Int64Type>(&mut group, &counts, None);
    }
    for place in 0..NUMBERS.len() {
        let numbers: Vec<f64> = records.iter().filter_map(|record| record.numbers[place]).collect();
        let levels: Vec<i16> =
            records.iter().map(|record| i16::from(record.numbers[place].is_some())).collect();
        write_column::<DoubleType>(&mut group, &numbers, Some(&levels));
    }
    group.close().expect("space");
}

fn write_column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, File>,
    values: &[T::T],
    levels: Option<&[i16]>,
) {
    let mut column = group.next_column().expect("space").expect("a column of the schema");
    column.typed::<T>().write_batch(values, levels, None).expect("space");
    column.close().expect("space");
}
