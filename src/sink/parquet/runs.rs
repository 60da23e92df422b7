//! Small numbers as Parquet writes them: runs of one value, and groups of eight packed bit by bit.
//!
//! There are many ways to cut a column into runs. This is the one of the library that the project began with, so that
//! files stay the same to the byte.

use super::thrift::push_varint;

const GROUP: usize = 8;

/// The most values of one packed run.
const MOST_PACKED: usize = 63 * GROUP;

/// How many bits a number up to `greatest` takes.
pub(super) fn bits(greatest: u32) -> u32 {
    u32::BITS - greatest.leading_zeros()
}

/// Appends `values`, each of which takes `width` bits at most.
pub(super) fn push_runs(out: &mut Vec<u8>, values: &[u32], width: u32) {
    let (mut rest, mut packed) = (values, 0);
    while rest.len() - packed >= GROUP {
        let group = &rest[packed..packed + GROUP];
        if repeats(group) {
            push_packed(out, &rest[..packed], width);
            rest = push_repeated(out, &rest[packed..], width);
            packed = 0;
        } else {
            packed += GROUP;
            if packed == MOST_PACKED {
                push_packed(out, &rest[..packed], width);
                (rest, packed) = (&rest[packed..], 0);
            }
        }
    }
    if packed == 0 && repeats(rest) {
        push_repeated(out, rest, width);
    } else {
        push_packed(out, rest, width);
    }
}

fn repeats(values: &[u32]) -> bool {
    values.split_first().is_some_and(|(first, others)| others.iter().all(|other| other == first))
}

/// Appends the run of one value that `values` begin with, and gives the others.
fn push_repeated<'v>(out: &mut Vec<u8>, values: &'v [u32], width: u32) -> &'v [u32] {
    let count = values.iter().take_while(|value| **value == values[0]).count();
    push_varint(out, (count as u64) << 1);
    out.extend_from_slice(&values[0].to_le_bytes()[..width.div_ceil(8) as usize]);
    &values[count..]
}

/// Appends groups of eight; the last one is filled up with zeros.
fn push_packed(out: &mut Vec<u8>, values: &[u32], width: u32) {
    if values.is_empty() {
        return;
    }
    let groups = values.len().div_ceil(GROUP);
    out.push((groups << 1).to_le_bytes()[0] | 1);
    let (mut held, mut held_bits) = (0_u64, 0);
    let filling = std::iter::repeat_n(&0, groups * GROUP - values.len());
    for value in values.iter().chain(filling) {
        held |= u64::from(*value) << held_bits;
        held_bits += width;
        while held_bits >= 8 {
            out.push(held.to_le_bytes()[0]);
            held >>= 8;
            held_bits -= 8;
        }
    }
}
