//! The file in which SQLite keeps what was written last. Where its checksums break, SQLite takes all that follows for
//! never written: right after a crash, and wrong where something of what was committed is damaged. Pure.

use super::mark::Mark;

/// Bytes of the file's own header, and of that of each frame.
pub(super) const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// What the file begins with; the last bit tells the order of bytes in sums.
const MAGIC: u32 = 0x377F_0682;

/// The salts of a -wal file, which are others each time it is begun anew.
pub(super) type Generation = (u32, u32);

/// The generation of a -wal file and the size of its pages, by its header; `None` where that is not one.
pub(super) fn generation(header: &[u8]) -> Option<(Generation, u64)> {
    Log::read(header).map(|log| (log.salts, log.page_size as u64))
}

/// The length of a -wal file with so many frames.
pub(super) fn bytes(page_size: u64, frames: u64) -> u64 {
    HEADER as u64 + frames * (FRAME_HEADER as u64 + page_size)
}

/// Why this file cannot be trusted; `None` where it can.
///
/// A frame that is not whole is what a crash leaves, but only behind what was synced. A `mark` tells how far that is; one
/// of another generation says nothing about this one. Without a mark each transaction was on disk before the next one
/// began, so that where whole frames follow the end of one that is not whole, it is damage.
pub(super) fn damage(wal: &[u8], mark: Option<Mark>) -> Option<&'static str> {
    if wal.is_empty() {
        return None;
    }
    let Some(log) = Log::read(wal) else { return Some("the header of its -wal file is not one") };
    let mut sums = log.sums;
    let size = FRAME_HEADER + log.page_size;
    let frames = || wal[HEADER..].chunks_exact(size).take_while(|frame| log.is_of_this_generation(frame));
    let whole = frames().take_while(|frame| {
        sums = log.add(log.add(sums, &frame[..8]), &frame[FRAME_HEADER..]);
        log.salts == (word(frame, 8), word(frame, 12)) && sums == (word(frame, 16), word(frame, 20))
    });
    let whole = whole.count();
    match mark {
        Some(mark) if mark.generation == log.salts => {
            let is_lost = bytes(log.page_size as u64, whole as u64) < mark.bytes;
            is_lost.then_some("its -wal file is damaged or cut off inside of what was on disk")
        }
        Some(_) => None,
        None => {
            let rest = frames().skip(whole).skip_while(|frame| !ends_a_transaction(frame));
            let has_more = rest.skip(1).count() > 0;
            has_more.then_some("a frame of its -wal file is damaged, and others follow")
        }
    }
}

fn ends_a_transaction(frame: &[u8]) -> bool {
    word(frame, 4) != 0
}

struct Log {
    page_size: usize,
    salts: Generation,
    sums: (u32, u32),
    is_big_endian: bool,
}

impl Log {
    fn read(wal: &[u8]) -> Option<Self> {
        let header = wal.get(..HEADER)?;
        let magic = word(header, 0);
        let page_size = usize::try_from(word(header, 8)).ok()?;
        let is_ours =
            magic & !1 == MAGIC && page_size.is_power_of_two() && (512..=65_536).contains(&page_size);
        let (salts, is_big_endian) = ((word(header, 16), word(header, 20)), magic & 1 == 1);
        let empty = Self { page_size, salts, sums: (0, 0), is_big_endian };
        let sums = empty.add((0, 0), &header[..24]);
        (is_ours && sums == (word(header, 24), word(header, 28))).then_some(Self { sums, ..empty })
    }

    /// An older frame differs in both: one salt is counted up for each generation, and the other is random.
    fn is_of_this_generation(&self, frame: &[u8]) -> bool {
        word(frame, 8) == self.salts.0 || word(frame, 12) == self.salts.1
    }

    fn add(&self, (mut one, mut other): (u32, u32), bytes: &[u8]) -> (u32, u32) {
        for [a, b, c, d, e, f, g, h] in bytes.as_chunks().0 {
            one = one.wrapping_add(self.number([*a, *b, *c, *d])).wrapping_add(other);
            other = other.wrapping_add(self.number([*e, *f, *g, *h])).wrapping_add(one);
        }
        (one, other)
    }

    fn number(&self, bytes: [u8; 4]) -> u32 {
        if self.is_big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }
}

/// Four bytes, the weightiest first; 0 beyond the end.
fn word(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use chrono::DateTime;

    use crate::ledger::{FILE_NAME, Ledger, LedgerError, SeriesKey, mark, open::beside};

    const SUFFIXES: [&str; 3] = ["", "-wal", mark::SUFFIX];

    /// The files of a ledger after a style that was waited for and three that were only noted, and where in the -wal file
    /// the first of these begins.
    fn power_cut() -> ([Vec<u8>; 3], usize) {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path()).unwrap();
        let key = SeriesKey { job: "hourly".to_owned(), stream: "lobby".to_owned() };
        let id = ledger.series(&key, "", "", DateTime::UNIX_EPOCH).unwrap().id;
        ledger.record_style(id, "waited for", &[]).unwrap();
        let read = |suffix| fs::read(beside(ledger.path(), suffix)).unwrap();
        let marked = read("-wal").len();
        for style in ["noted", "noted again", "noted last"] {
            ledger.note(|transaction| transaction.execute("UPDATE series SET style = ?1", [style])).unwrap();
        }
        (SUFFIXES.map(read), marked)
    }

    /// The style that a ledger with these files tells.
    fn told(files: &[Vec<u8>], suffixes: &[&str]) -> Result<String, LedgerError> {
        let folder = tempfile::tempdir().unwrap();
        for (bytes, suffix) in files.iter().zip(suffixes) {
            fs::write(beside(&folder.path().join(FILE_NAME), suffix), bytes).unwrap();
        }
        let ledger = Ledger::open(folder.path())?;
        ledger.read(|connection| connection.query_row("SELECT style FROM series", [], |row| row.get(0)))
    }

    #[test]
    fn after_a_power_cut_only_what_was_waited_for_must_be_whole() {
        let (files, marked) = power_cut();
        assert_eq!(told(&files, &SUFFIXES).unwrap(), "noted last");
        let broken = |at: usize| {
            let mut files = files.clone();
            files[1][at] ^= 1;
            files
        };
        // The frames of what was only noted reached the disk in any order.
        assert_eq!(told(&broken(marked + 100), &SUFFIXES).unwrap(), "waited for");
        let second = marked + (files[1].len() - marked) / 3;
        assert_eq!(told(&broken(second + 100), &SUFFIXES).unwrap(), "noted");
        for place in [40, marked - 1] {
            let refused = told(&broken(place), &SUFFIXES).unwrap_err();
            assert!(matches!(refused, LedgerError::Damaged { .. }), "{place}: {refused}");
        }
        // A program that synced each transaction leaves no mark.
        let refused = told(&broken(marked + 100)[..2], &SUFFIXES).unwrap_err();
        assert!(matches!(refused, LedgerError::Damaged { .. }), "{refused}");
    }

    #[test]
    fn what_was_waited_for_is_missed_where_the_file_is_cut_off() {
        let (files, marked) = power_cut();
        let cut = |length: usize| {
            let mut files = files.clone();
            files[1].truncate(length);
            files
        };
        assert_eq!(told(&cut(marked), &SUFFIXES).unwrap(), "waited for");
        let refused = told(&cut(marked - 1), &SUFFIXES).unwrap_err();
        assert!(matches!(refused, LedgerError::Damaged { .. }), "{refused}");
    }
}
