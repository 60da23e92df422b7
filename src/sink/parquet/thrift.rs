//! Thrift's compact protocol, as far as a Parquet footer and the headers of pages need it.

/// The kinds of elements that a list of ours may have, by their numbers in the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    Int32 = 5,
    Int64 = 6,
    Binary = 8,
    Struct = 12,
}

/// A structure that is being written. Its fields come in the order of their numbers.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    out: &'a mut Vec<u8>,
    last: u8,
}

impl<'a> Fields<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, last: 0 }
    }

    pub(super) fn int16(&mut self, id: u8, number: i64) {
        self.begin(id, 4);
        push_integer(self.out, number);
    }

    pub(super) fn int32(&mut self, id: u8, number: i64) {
        self.begin(id, Element::Int32 as u8);
        push_integer(self.out, number);
    }

    pub(super) fn int64(&mut self, id: u8, number: i64) {
        self.begin(id, Element::Int64 as u8);
        push_integer(self.out, number);
    }

    pub(super) fn boolean(&mut self, id: u8, value: bool) {
        self.begin(id, if value { 1 } else { 2 });
    }

    pub(super) fn binary(&mut self, id: u8, bytes: &[u8]) {
        self.begin(id, Element::Binary as u8);
        push_binary(self.out, bytes);
    }

    /// A field that is a structure; [`Fields::end`] ends it.
    pub(super) fn structure(&mut self, id: u8) -> Fields<'_> {
        self.begin(id, Element::Struct as u8);
        Fields::new(self.out)
    }

    /// A field that is a list, whose elements the caller appends.
    pub(super) fn list(&mut self, id: u8, element: Element, count: usize) -> &mut Vec<u8> {
        self.begin(id, 9);
        if let Ok(count @ ..15) = u8::try_from(count) {
            self.out.push(count << 4 | element as u8);
        } else {
            self.out.push(0xf0 | element as u8);
            push_varint(self.out, count as u64);
        }
        self.out
    }

    pub(super) fn end(self) {
        self.out.push(0);
    }

    /// No structure of ours leaves out fifteen fields in a row, so that a difference says which field it is.
    fn begin(&mut self, id: u8, kind: u8) {
        self.out.push((id - self.last) << 4 | kind);
        self.last = id;
    }
}

/// An element of a list.
pub(super) fn push_binary(out: &mut Vec<u8>, bytes: &[u8]) {
    push_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// An element of a list.
pub(super) fn push_integer(out: &mut Vec<u8>, number: i64) {
    push_varint(out, (number << 1 ^ number >> 63).cast_unsigned());
}

/// Seven bits a byte, the low ones first.
pub(super) fn push_varint(out: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

/// As the format keeps lengths and counts. Whatever is written by these means is far smaller.
pub(super) fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
