//! Which cameras the table shows: those that were listed, and those that only one listing lacked. Pure.

use super::listing::Listing;
use crate::ledger::{CameraRecord, InventoryRecord};

/// A camera is gone when so many complete listings in a row lacked it (Angelcam contract, section 6).
const ABSENCES_OF_A_VANISHED_CAMERA: u32 = 2;

/// The cameras after a listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Merged {
    /// By id.
    pub(super) cameras: Vec<CameraRecord>,
    /// Those among them that the listing lacked; they stay as they were last listed.
    pub(super) kept_absent: u64,
    /// Those that are there no longer.
    pub(super) vanished: u64,
}

/// What is known of the cameras of `source`. What was listed for another account, space or person says nothing about them.
pub(super) fn known_of(record: Option<InventoryRecord>, source: &str) -> Vec<CameraRecord> {
    record.filter(|record| record.source == source).map(|record| record.cameras).unwrap_or_default()
}

/// The cameras after `listing`. Only a complete listing makes a camera absent; of two complete ones in a row, whatever
/// other ones came between them, the second makes it vanish.
pub(super) fn merge(known: Vec<CameraRecord>, listing: &Listing) -> Merged {
    let mut merged = Merged { cameras: listing.cameras.clone(), ..Merged::default() };
    let is_listed = |id: i64| listing.cameras.binary_search_by_key(&id, |camera| camera.id).is_ok();
    for mut camera in known.into_iter().filter(|camera| !is_listed(camera.id)) {
        camera.absences += u32::from(listing.is_complete());
        if camera.absences >= ABSENCES_OF_A_VANISHED_CAMERA {
            merged.vanished += 1;
        } else {
            merged.kept_absent += 1;
            merged.cameras.push(camera);
        }
    }
    merged.cameras.sort_by_key(|camera| camera.id);
    merged
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::{
        collection::{btree_set, vec},
        prelude::*,
    };

    use super::*;

    fn camera(id: i64, absences: u32) -> CameraRecord {
        CameraRecord { id, name: None, kind: None, status: None, tags: Vec::new(), absences }
    }

    fn listing(ids: impl IntoIterator<Item = i64>, is_complete: bool) -> Listing {
        let cameras: Vec<_> = ids.into_iter().map(|id| camera(id, 0)).collect();
        let count = cameras.len() as u64 + u64::from(!is_complete);
        Listing { cameras, skipped: 0, count }
    }

    #[test]
    fn an_absent_camera_stays_once_as_it_was_and_comes_back_as_new() {
        let lobby = CameraRecord { name: Some("Lobby".to_owned()), ..camera(7, 0) };
        let merged = merge(vec![lobby.clone()], &listing([9], true));
        let absent = CameraRecord { absences: 1, ..lobby.clone() };
        assert_eq!(
            merged,
            Merged { cameras: vec![absent.clone(), camera(9, 0)], kept_absent: 1, vanished: 0 }
        );
        let renamed = Listing { cameras: vec![CameraRecord { name: None, ..lobby }], skipped: 0, count: 1 };
        assert_eq!(merge(vec![absent.clone()], &renamed).cameras, [camera(7, 0)]);
        assert_eq!(merge(vec![absent], &listing([], true)), Merged { vanished: 1, ..Merged::default() });
    }

    #[test]
    fn a_listing_that_is_not_complete_makes_nothing_absent() {
        let known = vec![camera(7, 1), camera(8, 0)];
        for listing in [listing([], false), Listing { skipped: 1, count: 1, cameras: Vec::new() }] {
            let merged = merge(known.clone(), &listing);
            assert_eq!(merged, Merged { cameras: known.clone(), kept_absent: 2, vanished: 0 });
        }
    }

    #[test]
    fn another_source_starts_afresh() {
        let record = |source: &str| InventoryRecord {
            source: source.to_owned(),
            last_success: None,
            last_error: None,
            cameras: vec![camera(7, 0)],
        };
        assert_eq!(known_of(Some(record("one")), "one"), [camera(7, 0)]);
        assert_eq!(known_of(Some(record("one")), "two"), []);
        assert_eq!(known_of(None, "one"), []);
    }

    proptest! {
        #[test]
        fn a_camera_vanishes_exactly_at_the_second_complete_listing_in_a_row_without_it(
            listings in vec((btree_set(1_i64..6, 0..6), any::<bool>()), 1..20),
        ) {
            let mut cameras = Vec::new();
            for (index, (ids, is_complete)) in listings.iter().enumerate() {
                let before: BTreeSet<i64> = cameras.iter().map(|camera: &CameraRecord| camera.id).collect();
                let merged = merge(cameras, &listing(ids.iter().copied(), *is_complete));
                let shown: BTreeSet<i64> = merged.cameras.iter().map(|camera| camera.id).collect();
                let expected: BTreeSet<i64> = (1..6).filter(|id| is_shown(&listings[..=index], *id)).collect();
                prop_assert_eq!(&shown, &expected);
                prop_assert_eq!(merged.vanished, before.difference(&shown).count() as u64);
                prop_assert_eq!(merged.kept_absent, shown.difference(ids).count() as u64);
                prop_assert!(merged.cameras.windows(2).all(|pair| pair[0].id < pair[1].id));
                cameras = merged.cameras;
            }
        }
    }

    /// Said in another way: since it was last listed, at most one complete listing was made.
    fn is_shown(listings: &[(BTreeSet<i64>, bool)], id: i64) -> bool {
        let since = listings.iter().rev().take_while(|(ids, _)| !ids.contains(&id));
        let complete = since.clone().filter(|(_, is_complete)| *is_complete).count();
        since.count() < listings.len() && complete < 2
    }
}
