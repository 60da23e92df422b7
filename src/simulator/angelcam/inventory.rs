//! Which cameras the account sees, in the order in which it lists them.

use std::collections::BTreeSet;

use crate::simulator::chance::Dice;

/// The id of the first camera of a new inventory.
const FIRST_ID: u64 = 20_001;

/// Ids in the order of listings, which is stable but not sorted: the vendor promises none.
pub(super) struct Inventory {
    seed: u64,
    /// `None` = an entry without an id.
    entries: Vec<Option<u64>>,
    has_nameless: bool,
}

impl Inventory {
    /// `cameras` of them, and with `has_nameless` one more entry without an id.
    pub(super) fn new(seed: u64, cameras: usize, has_nameless: bool) -> Self {
        let mut inventory = Self { seed, entries: Vec::new(), has_nameless };
        inventory.set((FIRST_ID..).take(cameras));
        inventory
    }

    /// From now on, these; an id that comes twice is one camera.
    pub(super) fn set(&mut self, ids: impl IntoIterator<Item = u64>) {
        let ids: BTreeSet<u64> = ids.into_iter().collect();
        let mut ids: Vec<u64> = ids.into_iter().collect();
        ids.sort_by_cached_key(|id| Dice::new(&[self.seed, *id]).next());
        self.entries = ids.into_iter().map(Some).collect();
        if self.has_nameless {
            self.entries.insert(self.entries.len().min(1), None);
        }
    }

    pub(super) fn remove(&mut self, id: u64) {
        self.entries.retain(|entry| *entry != Some(id));
    }

    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    pub(super) fn entries(&self) -> &[Option<u64>] {
        &self.entries
    }

    /// The ids, sorted.
    pub(super) fn ids(&self) -> Vec<u64> {
        let mut ids: Vec<u64> = self.entries.iter().copied().flatten().collect();
        ids.sort_unstable();
        ids
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_stable_and_not_that_of_ids() {
        let inventory = Inventory::new(1, 250, false);
        assert_eq!(inventory.ids(), (20_001..20_251).collect::<Vec<_>>());
        assert!(!inventory.entries().is_sorted());
        assert_eq!(inventory.entries(), Inventory::new(1, 250, false).entries());
        assert_ne!(inventory.entries(), Inventory::new(2, 250, false).entries());
    }

    #[test]
    fn a_camera_that_goes_leaves_the_others_where_they_were() {
        let mut inventory = Inventory::new(1, 3, true);
        let mut expected = inventory.entries().to_vec();
        expected.retain(|entry| *entry != Some(20_002));
        inventory.remove(20_002);
        assert_eq!(inventory.entries(), expected);
        assert!(expected.contains(&None));
        inventory.set([9, 7, 9]);
        assert_eq!((inventory.ids(), inventory.entries().len()), (vec![7, 9], 3));
    }
}
