//! How the buckets of a page look. A service writes all buckets of a page alike, and only their numbers differ: once one
//! was read member by member, the next ones are compared with it and their numbers are picked out. What differs otherwise
//! is read member by member again.

use super::{
    figures::{Figures, Place, Reader},
    usual::Cursor,
};
use crate::metric::Metric;

/// Of so many digits a whole number surely fits into 64 bits.
const MOST_DIGITS: usize = 15;

/// The text of a bucket without its numbers.
pub(super) struct Shape<'a> {
    steps: Vec<Step<'a>>,
    /// After the last number.
    close: &'a str,
}

/// A number of a bucket.
struct Step<'a> {
    /// The text between the number before it, or the beginning, and it.
    before: &'a str,
    goes: Goes,
}

/// Where a number goes.
#[derive(Clone, Copy)]
enum Goes {
    Into(Place),
    /// It is part of the metric whose JSON is kept, which begins so many bytes before the first number of it, and ends with
    /// the first byte after the last one.
    Kept {
        back: usize,
    },
}

impl<'a> Shape<'a> {
    /// The shape of a bucket that was read; `None` where it is too unusual to have one.
    pub(super) fn of(text: &'a str) -> Option<Self> {
        let mut steps = Vec::with_capacity(16);
        let mut from = 0;
        let mut cursor = Cursor { rest: text };
        let at = |cursor: &Cursor<'_>| text.len() - cursor.rest.len();
        cursor.object(|cursor, name| {
            let metric = Metric::from_keyword(name)?;
            cursor.peek()?;
            let opens = at(cursor);
            let count = steps.len();
            cursor.object(|cursor, key| {
                cursor.peek()?;
                let begins = at(cursor);
                cursor.figure()?;
                let goes = match metric {
                    Metric::Satisfaction => Goes::Kept { back: begins - opens },
                    _ => Goes::Into(Place::of(metric, key)?),
                };
                steps.push(Step { before: text.get(from..begins)?, goes });
                from = at(cursor);
                Some(())
            })?;
            // It is kept as it stands where that is its canonical form.
            let is_kept = metric == Metric::Satisfaction;
            let as_it_stands = || text.get(opens..at(cursor));
            let canonical = || Cursor { rest: text.get(opens..)? }.canonical();
            (!is_kept || count < steps.len() && canonical().as_deref() == as_it_stands()).then_some(())
        })?;
        Some(Self { steps, close: text.get(from..at(&cursor))? })
    }

    /// Reads a bucket of this shape; where it is another one, nothing of it is taken from `cursor`.
    pub(super) fn read(&self, cursor: &mut Cursor<'a>) -> Option<Figures> {
        cursor.peek()?;
        let text = cursor.rest;
        let mut rest = text;
        let mut reader = Reader::default();
        let mut kept: Option<(usize, usize)> = None;
        for Step { before, goes } in &self.steps {
            rest = rest.strip_prefix(before)?;
            let begins = text.len() - rest.len();
            match goes {
                Goes::Into(place) => rest = read_into(&mut reader, *place, rest)?,
                Goes::Kept { back } => {
                    rest = after_figure(rest)?.1;
                    let from = kept.map_or(begins.checked_sub(*back), |(from, _)| Some(from))?;
                    kept = Some((from, text.len() - rest.len()));
                }
            }
        }
        rest = rest.strip_prefix(self.close)?;
        if let Some((from, to)) = kept {
            reader.set_satisfaction(text.get(from..=to)?.to_owned());
        }
        cursor.rest = rest;
        Some(reader.finish())
    }
}

fn read_into<'a>(reader: &mut Reader, place: Place, rest: &'a str) -> Option<&'a str> {
    if let (Place::Count(count), Some((people, rest))) = (place, whole(rest)) {
        reader.set_count(count, people);
        return Some(rest);
    }
    let (figure, rest) = after_figure(rest)?;
    reader.put(place, figure).then_some(rest)
}

fn after_figure(rest: &str) -> Option<(&str, &str)> {
    let mut cursor = Cursor { rest };
    Some((cursor.figure()?, cursor.rest))
}

/// A whole number of few digits, and the text after it.
fn whole(rest: &str) -> Option<(i64, &str)> {
    let bytes = rest.as_bytes();
    let digits = bytes.iter().take(MOST_DIGITS + 1).take_while(|byte| byte.is_ascii_digit()).count();
    let has_zeros_before = digits > 1 && bytes[0] == b'0';
    let goes_on = matches!(bytes.get(digits)?, b'.' | b'e' | b'E');
    if digits == 0 || digits > MOST_DIGITS || has_zeros_before || goes_on {
        return None;
    }
    let number = bytes[..digits].iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0'));
    Some((number, rest.get(digits..)?))
}
