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
        self.note(|transaction| transaction.execute(sql, params![name, at, error.kind, error.message]))?;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn open() -> (tempfile::TempDir, Ledger) {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path()).unwrap();
        (folder, ledger)
    }

    fn instant(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_225_600 + seconds, 0).unwrap()
    }

    fn camera(id: i64) -> CameraRecord {
        CameraRecord {
            id,
            name: Some("Gate \"1\"".to_owned()),
            kind: None,
            status: Some("asleep".to_owned()),
            tags: vec!["shop, ground floor".to_owned(), "ünïcode\"".to_owned()],
            absences: 1,
        }
    }

    fn error() -> LastError {
        LastError { at: instant(5), kind: "unavailable".to_owned(), message: "503".to_owned() }
    }

    #[test]
    fn a_listing_replaces_the_one_before_it_and_clears_the_failure() {
        let (_folder, ledger) = open();
        assert_eq!(ledger.inventory("cameras").unwrap(), None);
        let plain = CameraRecord { name: None, status: None, tags: Vec::new(), absences: 0, ..camera(101) };
        ledger.record_inventory("cameras", "angelcam 1", &[camera(7), plain.clone()], instant(0)).unwrap();
        ledger.note_inventory_failure("cameras", &error()).unwrap();
        let listed = [plain, camera(3)];
        ledger.record_inventory("cameras", "angelcam 2", &listed, instant(9)).unwrap();
        ledger.record_inventory("others", "angelcam 3", &[camera(1)], instant(9)).unwrap();
        let [plain, third] = listed;
        let expected = InventoryRecord {
            source: "angelcam 2".to_owned(),
            last_success: Some(instant(9)),
            last_error: None,
            cameras: vec![third, plain],
        };
        assert_eq!(ledger.inventory("cameras").unwrap(), Some(expected));
    }

    #[test]
    fn a_failure_leaves_the_cameras_as_they_were() {
        let (_folder, ledger) = open();
        ledger.record_inventory("cameras", "angelcam 1", &[camera(7)], instant(0)).unwrap();
        let before = ledger.inventory("cameras").unwrap().unwrap();
        ledger.note_inventory_failure("cameras", &error()).unwrap();
        let after = InventoryRecord { last_error: Some(error()), ..before };
        assert_eq!(ledger.inventory("cameras").unwrap(), Some(after));
    }

    #[test]
    fn a_failure_before_the_first_success_is_known() {
        let (_folder, ledger) = open();
        ledger.note_inventory_failure("cameras", &error()).unwrap();
        let found = ledger.inventory("cameras").unwrap().unwrap();
        assert_eq!((found.last_error, found.last_success), (Some(error()), None));
        assert!(found.source.is_empty() && found.cameras.is_empty());
    }

    #[test]
    fn a_camera_that_is_listed_twice_is_kept_once_as_it_was_listed_last() {
        let (_folder, ledger) = open();
        let last = CameraRecord { absences: 0, ..camera(7) };
        ledger.record_inventory("cameras", "", &[camera(7), last.clone()], instant(0)).unwrap();
        assert_eq!(ledger.inventory("cameras").unwrap().unwrap().cameras, [last]);
    }

    #[test]
    fn tags_that_are_no_json_are_damage() {
        let (_folder, ledger) = open();
        ledger.record_inventory("cameras", "", &[camera(7)], instant(0)).unwrap();
        ledger.write(|transaction| transaction.execute("UPDATE cameras SET tags = 'shop'", [])).unwrap();
        let refused = ledger.inventory("cameras").unwrap_err();
        assert!(matches!(refused, LedgerError::Damaged { .. }), "{refused}");
    }
}
