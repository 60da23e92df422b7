//! The least and the greatest value of a column, by which readers pass over files.

/// What the footer says of a column's values; `None` where it has none.
#[derive(Debug, Default)]
pub(super) struct Bounds {
    pub(super) least: Vec<u8>,
    pub(super) greatest: Vec<u8>,
    pub(super) least_is_exact: bool,
    pub(super) greatest_is_exact: bool,
}

/// Longer text is cut.
const LONGEST: usize = 64;

impl Bounds {
    /// Those of values of eight bytes.
    pub(super) fn exact(least: [u8; 8], greatest: [u8; 8]) -> Self {
        let (least, greatest) = (least.to_vec(), greatest.to_vec());
        Self { least, greatest, least_is_exact: true, greatest_is_exact: true }
    }

    /// Those of text, which stay bounds when they are cut.
    pub(super) fn of_text(least: &str, greatest: &str) -> Self {
        let cut = if greatest.len() > LONGEST { next_after_prefix(greatest) } else { None };
        Self {
            least: prefix(least).as_bytes().to_vec(),
            least_is_exact: least.len() <= LONGEST,
            greatest_is_exact: cut.is_none(),
            greatest: cut.unwrap_or_else(|| greatest.as_bytes().to_vec()),
        }
    }
}

fn prefix(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST)]
}

/// Text that comes after every text with the same prefix: one of the prefix's characters, the last that can be, is
/// raised by one without becoming longer. `None` where none can be.
fn next_after_prefix(text: &str) -> Option<Vec<u8>> {
    prefix(text).char_indices().rev().find_map(|(index, character)| {
        let next = char::from_u32(u32::from(character) + 1)?;
        (next.len_utf8() == character.len_utf8()).then(|| {
            let mut raised = text[..index].to_owned();
            raised.push(next);
            raised.into_bytes()
        })
    })
}
