//! Our columns as Parquet describes them.

use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, TimeUnit, Type as PhysicalType};
use parquet::errors::ParquetError;
use parquet::schema::types::{Type, TypePtr};

use crate::row::{Column, ColumnKind};

/// The name of the root.
pub(super) const ROOT: &str = "schema";

/// A schema of these columns. The name of its root is the one that most writers give it.
pub(super) fn root(
    columns: impl Iterator<Item = Result<Type, ParquetError>>,
) -> Result<TypePtr, ParquetError> {
    let fields = columns.map(|column| column.map(Arc::new)).collect::<Result<_, _>>()?;
    Type::group_type_builder(ROOT).with_fields(fields).build().map(Arc::new)
}

/// The type of one column.
pub(super) fn column_type(column: &Column) -> Result<Type, ParquetError> {
    typed(&column.name(), column.kind(), column.is_nullable())
}

/// The type of a column of this name.
pub(super) fn typed(name: &str, kind: ColumnKind, is_nullable: bool) -> Result<Type, ParquetError> {
    let (physical, logical) = match kind {
        ColumnKind::Text => (PhysicalType::BYTE_ARRAY, Some(LogicalType::String)),
        ColumnKind::Instant => (PhysicalType::INT64, Some(LogicalType::timestamp(true, TimeUnit::MICROS))),
        ColumnKind::WallClock => (PhysicalType::INT64, Some(LogicalType::timestamp(false, TimeUnit::MICROS))),
        ColumnKind::Integer => (PhysicalType::INT64, None),
        ColumnKind::Float => (PhysicalType::DOUBLE, None),
    };
    let repetition = if is_nullable { Repetition::OPTIONAL } else { Repetition::REQUIRED };
    Type::primitive_type_builder(name, physical)
        .with_repetition(repetition)
        .with_logical_type(logical)
        .build()
}
