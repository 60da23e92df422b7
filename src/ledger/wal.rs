//! The file in which SQLite keeps what was written last. Where its checksums break, SQLite takes all that follows for
//! never written: right after a crash, and wrong where something of what was committed is damaged. Pure.

/// Bytes of the file's own header, and of that of each frame.
const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// What the file begins with; the last bit tells the order of bytes in sums.
const MAGIC: u32 = 0x377F_0682;

/// Why this file cannot be trusted; `None` where it can.
///
/// A frame that is not whole is what a crash leaves, but only in the last transaction: each is on disk before the next one
/// begins. So where whole frames of the same generation follow the end of a transaction that is not whole, it is damage.
pub(super) fn damage(wal: &[u8]) -> Option<&'static str> {
    if wal.is_empty() {
        return None;
    }
    let Some(log) = Log::read(wal) else { return Some("the header of its -wal file is not one") };
    let mut sums = log.sums;
    let mut frames = wal[HEADER..].chunks_exact(FRAME_HEADER + log.page_size);
    for frame in frames.by_ref().take_while(|frame| log.is_of_this_generation(frame)) {
        let before = sums;
        sums = log.add(log.add(before, &frame[..8]), &frame[FRAME_HEADER..]);
        let is_whole = log.salts == (word(frame, 8), word(frame, 12));
        if !is_whole || sums != (word(frame, 16), word(frame, 20)) {
            let rest = std::iter::once(frame).chain(frames);
            let rest = rest.take_while(|frame| log.is_of_this_generation(frame));
            let has_more = rest.skip_while(|frame| !ends_a_transaction(frame)).nth(1).is_some();
            return has_more.then_some("a frame of its -wal file is damaged, and others follow");
        }
    }
    None
}

fn ends_a_transaction(frame: &[u8]) -> bool {
    word(frame, 4) != 0
}

struct Log {
    page_size: usize,
    salts: (u32, u32),
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
