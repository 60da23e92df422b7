//! Pages into a listing: pure. It never follows an address; it only counts what it received (Angelcam contract,
//! section 6).

use std::collections::BTreeMap;

use super::decode::Page;
use crate::ledger::CameraRecord;

/// A listing that claims to go on so far beyond its own count has no end.
const OVERSHOOT: u64 = 1000;

/// The text of all cameras together; more than this no account has.
const MAX_TEXT_BYTES: usize = 64 << 20;

/// The cameras hold more text than any account can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cameras hold more than {} MiB of text", MAX_TEXT_BYTES >> 20)]
pub(super) struct TooMuchText;

/// Every camera that was listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// By id; where one was listed twice, as it was listed last.
    pub cameras: Vec<CameraRecord>,
    /// Entries without a usable id.
    pub skipped: u64,
    /// How many there should be, as the last page told.
    pub count: u64,
}

impl Listing {
    /// Whether as much came as was promised.
    pub(super) fn adds_up(&self) -> bool {
        self.cameras.len() as u64 + self.skipped == self.count
    }

    /// Whether a camera that it lacks was certainly not there: an entry without a usable id could be that camera.
    pub fn is_complete(&self) -> bool {
        self.adds_up() && self.skipped == 0
    }
}

/// What to do after a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NextStep {
    /// Ask for the page at this offset.
    Ask(u64),
    /// That was the last one.
    Finish,
}

/// The pages of one listing so far.
#[derive(Debug, Default)]
pub(super) struct ListingBuilder {
    cameras: BTreeMap<i64, CameraRecord>,
    skipped: u64,
    count: u64,
    offset: u64,
    text_bytes: usize,
}

impl ListingBuilder {
    /// Takes the page that was asked for.
    pub(super) fn push(&mut self, page: Page) -> Result<NextStep, TooMuchText> {
        let received = page.entries.len() as u64;
        self.count = page.count;
        self.offset += received;
        for entry in page.entries {
            let Some(camera) = entry else {
                self.skipped += 1;
                continue;
            };
            self.text_bytes += text_bytes(&camera);
            if self.text_bytes > MAX_TEXT_BYTES {
                return Err(TooMuchText);
            }
            self.cameras.insert(camera.id, camera);
        }
        let is_endless = self.offset >= self.count.saturating_add(OVERSHOOT);
        let goes_on = page.next.is_some() && received > 0 && !is_endless;
        Ok(if goes_on { NextStep::Ask(self.offset) } else { NextStep::Finish })
    }

    /// What all pages together hold.
    pub(super) fn finish(self) -> Listing {
        let cameras = self.cameras.into_values().collect();
        Listing { cameras, skipped: self.skipped, count: self.count }
    }
}

fn text_bytes(camera: &CameraRecord) -> usize {
    let texts = [&camera.name, &camera.kind, &camera.status].into_iter().flatten();
    texts.chain(&camera.tags).map(String::len).sum()
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn camera(id: i64) -> CameraRecord {
        CameraRecord { id, name: None, kind: None, status: None, tags: Vec::new(), absences: 0 }
    }

    fn page(count: u64, next: Option<&str>, ids: Range<i64>) -> Page {
        Page { count, next: next.map(str::to_owned), entries: ids.map(|id| Some(camera(id))).collect() }
    }

    /// Asks as long as it should, and tells the offsets that were asked.
    fn walk(mut serve: impl FnMut(u64) -> Page) -> (Listing, Vec<u64>) {
        let (mut builder, mut offsets) = (ListingBuilder::default(), vec![0]);
        while let NextStep::Ask(offset) = builder.push(serve(offsets[offsets.len() - 1])).unwrap() {
            offsets.push(offset);
            assert!(offsets.len() < 10_000, "it never ends");
        }
        (builder.finish(), offsets)
    }

    #[test]
    fn angelcam_vector_11_two_pages_are_one_listing() {
        let next = "https://evil.example.com/v1/cameras/?limit=100&offset=7";
        let (listing, offsets) = walk(|offset| match offset {
            0 => page(101, Some(next), 1..101),
            100 => page(101, None, 101..102),
            offset => panic!("asked for {offset}"),
        });
        assert_eq!(offsets, [0, 100]);
        assert_eq!(listing.cameras, (1..=101).map(camera).collect::<Vec<_>>());
        assert!(listing.adds_up() && listing.is_complete());
    }

    #[test]
    fn angelcam_vector_12_a_skipped_entry_counts_towards_the_whole() {
        let (listing, _) = walk(|_| Page { count: 2, next: None, entries: vec![Some(camera(7)), None] });
        assert_eq!((listing.cameras.len(), listing.skipped), (1, 1));
        assert!(listing.adds_up());
        assert!(!listing.is_complete());
    }

    #[test]
    fn an_empty_page_ends_it_whatever_it_says() {
        let (listing, offsets) = walk(|offset| match offset {
            0 => page(9, Some("more"), 1..6),
            _ => page(9, Some("more"), 6..6),
        });
        assert_eq!(offsets, [0, 5]);
        assert!(!listing.adds_up());
    }

    #[test]
    fn a_page_that_comes_again_and_again_ends_a_thousand_beyond_its_count() {
        let (listing, offsets) = walk(|_| page(150, Some("more"), 1..101));
        assert_eq!(offsets.len(), 12);
        assert_eq!(offsets.last(), Some(&1100));
        assert_eq!(listing.cameras.len(), 100);
        assert!(!listing.adds_up());
    }

    #[test]
    fn a_camera_that_is_listed_twice_counts_once_as_it_was_last() {
        let named = |name: &str| Some(CameraRecord { name: Some(name.to_owned()), ..camera(7) });
        let (listing, _) = walk(|_| Page { count: 1, next: None, entries: vec![named("old"), named("new")] });
        assert_eq!(listing.cameras, [named("new").unwrap()]);
        assert!(listing.adds_up());
    }

    #[test]
    fn no_memory_is_filled_with_text() {
        let mut builder = ListingBuilder::default();
        let long = CameraRecord { name: Some("x".repeat(16 << 20)), ..camera(1) };
        let page = Page { count: 5, next: None, entries: vec![Some(long)] };
        for _ in 0..4 {
            assert_eq!(builder.push(page.clone()), Ok(NextStep::Finish));
        }
        assert_eq!(builder.push(page), Err(TooMuchText));
    }

    proptest! {
        #[test]
        fn every_page_size_brings_every_camera_once(cameras in 0_i64..400, most in 1_i64..130) {
            let (listing, offsets) = walk(|offset| {
                let start = i64::try_from(offset).unwrap();
                let end = (start + most).min(cameras);
                page(cameras.unsigned_abs(), (end < cameras).then_some("more"), start + 1..end + 1)
            });
            prop_assert_eq!(listing.cameras, (1..=cameras).map(camera).collect::<Vec<_>>());
            prop_assert!(offsets.windows(2).all(|pair| pair[0] < pair[1]));
        }

        #[test]
        fn whatever_comes_a_listing_ends_and_counts_what_came(
            pages in vec((0_u64..500, any::<bool>(), vec(-20_i64..300, 0..150)), 1..8),
        ) {
            let mut pages = pages.iter().cycle();
            let mut received = 0;
            let (listing, offsets) = walk(|_| {
                let (count, more, ids) = pages.next().unwrap();
                received += ids.len() as u64;
                let entries = ids.iter().map(|id| (*id >= 1).then(|| camera(*id))).collect();
                Page { count: *count, next: more.then(|| "more".to_owned()), entries }
            });
            prop_assert!(offsets[offsets.len() - 1] <= received);
            prop_assert!(listing.cameras.windows(2).all(|pair| pair[0].id < pair[1].id));
            prop_assert!(listing.cameras.len() as u64 + listing.skipped <= received);
        }
    }
}
