//! The cameras that were last listed.

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, Row, Transaction, params, types::Type};

use super::{CameraRecord, InventoryRecord, LastError, Ledger, LedgerError, read::last_run};

impl Ledger {
    /// What is known of an inventory, if anything ever became of it.
    pub fn inventory(&self, name: &str) -> Result<Option<InventoryRecord>, LedgerError> {
        let inventory = "SELECT last_success, last_error_at, last_error_kind, last_error, source
                         FROM inventories WHERE name = ?1";
        let cameras = "SELECT camera_id, name, type, status, tags, absences
                       FROM cameras WHERE inventory = ?1 ORDER BY camera_id";
        self.read(|connection| {
            // So that both are of one time, whatever another process records.
            let snapshot = connection.unchecked_transaction()?;
            let found = snapshot.prepare_cached(inventory)?.query_row([name], inventory_record).optional()?;
            let Some(mut found) = found else { return Ok(None) };
            let mut statement = snapshot.prepare_cached(cameras)?;
            let cameras = statement.query_map([name], camera_record)?;
            found.cameras = cameras.collect::<rusqlite::Result<_>>()?;
            Ok(Some(found))
        })
    }

    /// Records a complete listing: these cameras and no others.
    pub fn record_inventory(
        &self,
        name: &str,
        source: &str,
        cameras: &[CameraRecord],
        at: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        let sql = "INSERT INTO inventories (name, source, last_success) VALUES (?1, ?2, ?3)
                   ON CONFLICT (name) DO UPDATE
                   SET source = ?2, last_success = ?3, last_error_at = NULL, last_error_kind = NULL,
                       last_error = NULL";
        self.write(|transaction| {
            transaction.execute(sql, params![name, source, at.timestamp()])?;
            transaction.execute("DELETE FROM cameras WHERE inventory = ?1", [name])?;
            cameras.iter().try_for_each(|camera| insert_camera(transaction, name, camera))
        })
    }

    /// Notes why the cameras could not be listed. What was known of them stays.
    pub fn note_inventory_failure(&self, name: &str, error: &LastError) -> Result<(), LedgerError> {
        let sql = "INSERT INTO inventories (name, last_error_at, last_error_kind, last_error)
                   VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT (name) DO UPDATE
                   SET last_error_at = ?2, last_error_kind = ?3, last_error = ?4";
        let at = error.at.timestamp();
        self.write(|transaction| transaction.execute(sql, params![name, at, error.kind, error.message]))?;
        Ok(())
    }
}

/// Of two cameras with one number, the later one counts.
fn insert_camera(
    transaction: &Transaction<'_>,
    inventory: &str,
    camera: &CameraRecord,
) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO cameras (inventory, camera_id, name, type, status, tags, absences)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let CameraRecord { id, name, kind, status, tags, absences } = camera;
    let tags = serde_json::to_string(tags)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    transaction.prepare_cached(sql)?.execute(params![inventory, id, name, kind, status, tags, absences])?;
    Ok(())
}

fn inventory_record(row: &Row<'_>) -> rusqlite::Result<InventoryRecord> {
    let (last_success, last_error) = last_run(row)?;
    Ok(InventoryRecord { source: row.get(4)?, last_success, last_error, cameras: Vec::new() })
}

fn camera_record(row: &Row<'_>) -> rusqlite::Result<CameraRecord> {
    let tags = serde_json::from_str(&row.get::<_, String>(4)?)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(4, Type::Text, Box::new(error)))?;
    Ok(CameraRecord {
        id: row.get(0)?,
        name: row.get(1)?,
        kind: row.get(2)?,
        status: row.get(3)?,
        tags,
        absences: row.get(5)?,
    })
}
