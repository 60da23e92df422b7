//! A page as pages usually look, read in one pass from its text: text without escapes, and metrics that are objects of
//! numbers. This is where an export spends its time. Whatever is not like this is left to the JSON library, which reads
//! the page from its beginning; both read the same out of a page, which a property test holds them to.

use super::{
    figures::{Figures, Reader},
    page::{Entities, Label, Page, USUAL_BUCKETS},
    shape::Shape,
};
use crate::metric::Metric;

/// More members than any metric has (section 5).
const MOST_MEMBERS: usize = 8;

/// Reads a page; `None` where it is not as pages usually are, which says nothing about whether it is one.
pub(super) fn read(body: &str) -> Option<Page> {
    let mut cursor = Cursor { rest: body };
    let page = cursor.page()?;
    cursor.peek().is_none().then_some(page)
}

/// What of the text is not read yet.
pub(super) struct Cursor<'a> {
    pub(super) rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn page(&mut self) -> Option<Page> {
        let mut entities = None;
        let (mut time, mut from_date, mut to_date, mut next_page) = (None, None, None, None);
        let (mut total_results, mut nb_of_pages, mut page) = (None, None, None);
        self.object(|cursor, key| match key {
            "entities" => once(&mut entities, cursor.entities()?),
            "time" => once(&mut time, cursor.text()?.into()),
            "from_date" => once(&mut from_date, cursor.text()?.into()),
            "to_date" => once(&mut to_date, cursor.text()?.into()),
            "next_page" => once(&mut next_page, cursor.text()?.into()),
            "total_results" => once(&mut total_results, cursor.number()?.parse().ok()?),
            "nb_of_pages" => once(&mut nb_of_pages, cursor.number()?.parse().ok()?),
            "page" => once(&mut page, cursor.number()?.parse().ok()?),
            _ => None,
        })?;
        Some(Page {
            entities: entities?,
            time,
            from_date,
            to_date,
            total_results,
            nb_of_pages,
            page,
            next_page,
        })
    }

    fn entities(&mut self) -> Option<Entities> {
        let mut buckets = Vec::with_capacity(USUAL_BUCKETS);
        let mut shape = None;
        self.object(|cursor, label| {
            let alike = shape.as_ref().and_then(|shape: &Shape<'a>| shape.read(cursor));
            let figures = if let Some(figures) = alike {
                figures
            } else {
                let text = cursor.rest;
                let figures = cursor.bucket()?;
                shape = Shape::of(text);
                figures
            };
            buckets.push((Label::from(label), figures));
            Some(())
        })?;
        Some(Entities(buckets))
    }

    fn bucket(&mut self) -> Option<Figures> {
        let mut reader = Reader::default();
        self.object(|cursor, name| {
            // Of what is not known, everything must be kept: that is the library's.
            let metric = Metric::from_keyword(name)?;
            if metric == Metric::Satisfaction {
                reader.set_satisfaction(cursor.canonical()?);
                return Some(());
            }
            cursor.object(|cursor, key| {
                let figure = cursor.figure()?;
                reader.understand(metric, key, figure).then_some(())
            })
        })?;
        Some(reader.finish())
    }

    /// An object of numbers in canonical form: its keys in order, without white space.
    pub(super) fn canonical(&mut self) -> Option<String> {
        let mut members = [("", ""); MOST_MEMBERS];
        let mut count = 0;
        self.object(|cursor, key| {
            *members.get_mut(count)? = (key, cursor.figure()?);
            count += 1;
            Some(())
        })?;
        let members = &mut members[..count];
        members.sort_unstable_by_key(|(key, _)| *key);
        // Of a doubled key the last value counts: the order is lost here.
        if members.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return None;
        }
        let mut json = String::with_capacity(16 * count + 2);
        json.push('{');
        for (index, (key, figure)) in members.iter().enumerate() {
            let separator = if index == 0 { "\"" } else { ",\"" };
            for part in [separator, key, "\":", figure] {
                json.push_str(part);
            }
        }
        json.push('}');
        Some(json)
    }

    /// Reads an object; `member` reads the value of each key.
    pub(super) fn object(&mut self, mut member: impl FnMut(&mut Self, &'a str) -> Option<()>) -> Option<()> {
        self.take(b'{')?;
        if self.peek()? == b'}' {
            return self.take(b'}');
        }
        loop {
            let key = self.text()?;
            self.take(b':')?;
            member(self, key)?;
            match self.peek()? {
                b',' => self.take(b',')?,
                _ => return self.take(b'}'),
            }
        }
    }

    /// Text of plain ASCII without escapes: whatever else there is, the library knows.
    fn text(&mut self) -> Option<&'a str> {
        self.take(b'"')?;
        let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
        let length = self.rest.as_bytes().iter().position(|byte| !is_plain(byte))?;
        let text = self.split(length)?;
        self.rest = self.rest.strip_prefix('"')?;
        Some(text)
    }

    /// A number, or `null`.
    pub(super) fn figure(&mut self) -> Option<&'a str> {
        if self.peek()? == b'n' {
            self.rest.starts_with("null").then(|| self.split(4))?
        } else {
            self.number()
        }
    }

    /// A number as RFC 8259 (section 6) writes it.
    fn number(&mut self) -> Option<&'a str> {
        self.peek()?;
        let bytes = self.rest.as_bytes();
        let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let whole_from = usize::from(bytes.first() == Some(&b'-'));
        let whole = digits(whole_from);
        let mut end = whole_from + whole;
        if whole == 0 || (whole > 1 && bytes[whole_from] == b'0') {
            return None;
        }
        if bytes.get(end) == Some(&b'.') {
            let fraction = digits(end + 1);
            if fraction == 0 {
                return None;
            }
            end += 1 + fraction;
        }
        // An exponent is left to the library.
        if matches!(bytes.get(end), Some(b'e' | b'E')) { None } else { self.split(end) }
    }

    /// The next byte that is no white space.
    pub(super) fn peek(&mut self) -> Option<u8> {
        let is_white = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
        let white = self.rest.as_bytes().iter().take_while(|byte| is_white(byte)).count();
        self.rest = self.rest.get(white..)?;
        self.rest.as_bytes().first().copied()
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        if self.peek()? != byte {
            return None;
        }
        self.split(1).map(drop)
    }

    fn split(&mut self, length: usize) -> Option<&'a str> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }
}

/// Fills what is empty. A key that comes twice is refused by the library.
fn once<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn by_the_library(text: &str) -> Option<Page> {
        serde_json::from_str(text).ok()
    }

    /// Pages, and what is nearly one: in compact form and with the white space that some writers make.
    fn page() -> impl Strategy<Value = String> {
        let metric = prop::sample::select(vec![
            "passing_by",
            "interested",
            "stop_time",
            "attention_time",
            "category",
            "gender",
            "satisfaction",
            "dwell",
        ]);
        let key = prop::sample::select(vec![
            "value",
            "value",
            "female",
            "male",
            "?",
            "senior_female",
            "young_male",
            "positive",
            "\\u0041",
            "é",
        ]);
        let figure = prop::sample::select(vec![
            "0",
            "7",
            "12",
            "3.0",
            "2.5",
            "null",
            "null",
            "-3",
            "-0",
            "1e2",
            "1e999",
            "01",
            "1.",
            ".5",
            "+1",
            "--1",
            "9007199254740993",
            "true",
            "nul",
            "\"5\"",
            "[1]",
            "{}",
            "",
        ]);
        // Mostly as usual: a page is read in one pass only where all of it is.
        let figure = prop_oneof![8 => (0..500_u32).prop_map(|number| number.to_string()), 1 => figure.prop_map(str::to_owned)];
        let members = prop::collection::vec((key.clone(), figure.clone()), 0..4);
        let bucket = prop::collection::vec((metric.clone(), members), 0..4);
        let buckets = prop::collection::vec(bucket, 0..3);
        // Buckets that differ in their figures only.
        let skeleton = prop::collection::vec((metric, prop::collection::vec(key, 0..4)), 0..4);
        let alike = (skeleton, prop::collection::vec(prop::collection::vec(figure, 16), 1..5));
        let alike = alike.prop_map(|(skeleton, all)| {
            let bucket = |figures: Vec<String>| {
                let mut figures = figures.into_iter();
                let members =
                    |keys: &Vec<&'static str>| keys.iter().copied().zip(figures.by_ref()).collect::<Vec<_>>();
                let (names, keys): (Vec<_>, Vec<_>) = skeleton.iter().cloned().unzip();
                names.into_iter().zip(keys.iter().map(members)).collect::<Vec<_>>()
            };
            all.into_iter().map(bucket).collect::<Vec<_>>()
        });
        let buckets = prop_oneof![buckets, alike];
        let tail = prop::sample::select(vec![
            "",
            ",\"page\":1",
            ",\"page\":-1",
            ",\"page\":1.0",
            ",\"page\":1,\"page\":1",
            ",\"next_page\":null",
            ",\"next_page\":\"\"",
            ",\"next_page\":\"/a?b=%2B\"",
            ",\"next_page\":\"\\/a\"",
            ",\"unknown\":[1]",
            ",\"total_results\":3,\"nb_of_pages\":1",
            ",\"time\":\"by_hour\"",
            ",\"time\":7",
            ",",
        ]);
        let style = prop::sample::select(vec![("", ""), ("", " "), ("\n ", "\t"), ("", "\u{a0}")]);
        (buckets, tail, style).prop_map(|(buckets, tail, (around, after))| {
            let object = |members: Vec<String>| format!("{{{around}{}}}", members.join(&format!(",{after}")));
            let named = |key: &str, value: String| format!("\"{key}\":{after}{value}");
            let bucket = |metrics: Vec<(&str, Vec<(&str, String)>)>| {
                let metric = |(name, members): (&str, Vec<(&str, String)>)| {
                    named(name, object(members.into_iter().map(|(key, figure)| named(key, figure)).collect()))
                };
                object(metrics.into_iter().map(metric).collect())
            };
            let buckets = buckets
                .into_iter()
                .enumerate()
                .map(|(hour, metrics)| named(&format!("2026-03-02T{hour:02}:00:00+00:00"), bucket(metrics)));
            format!("{{\"entities\":{}{tail}}}{around}", object(buckets.collect()))
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn what_is_read_in_one_pass_is_what_the_library_reads(text in page()) {
            if let Some(page) = read(&text) {
                prop_assert_eq!(Some(format!("{page:?}")), by_the_library(&text).map(|page| format!("{page:?}")));
            }
        }
    }

    #[test]
    fn a_bucket_that_differs_in_more_than_its_numbers_is_read_nevertheless() {
        let bucket = r#"{"passing_by":{"value":9},"stop_time":{"value":12.5},"satisfaction":{"negative":0,"positive":1}}"#;
        let others = [
            bucket.to_owned(),
            bucket.replace("12.5", "null"),
            bucket.replace("12.5", "7").replace(":9", ":123456789012345678"),
            bucket.replace(":9", ": 9"),
            bucket.replace("positive", "neutral"),
            bucket.replace("\"negative\":0,", ""),
            r#"{"passing_by":{"value":9}}"#.to_owned(),
            "{}".to_owned(),
        ];
        let named =
            |(hour, bucket): (usize, &String)| format!("\"2026-03-02T{hour:02}:00:00+00:00\":{bucket}");
        for first in &others {
            let all: Vec<String> = [first].into_iter().chain(&others).enumerate().map(named).collect();
            let text = format!("{{\"entities\":{{{}}}}}", all.join(","));
            assert_eq!(
                format!("{:?}", read(&text).unwrap()),
                format!("{:?}", by_the_library(&text).unwrap())
            );
        }
    }

    #[test]
    fn pages_as_the_service_writes_them_are_read_in_one_pass() {
        let compact = r#"{"entities":{"2026-03-02T09:00:00+00:00":{"passing_by":{"value":9},"interested":{"value":4},"stop_time":{"value":12.5},"attention_time":{"value":null},"gender":{"?":1,"female":1,"male":2},"category":{"senior_female":0,"senior_male":1,"young_female":1,"young_male":1},"satisfaction":{"positive":1,"negative":0}}},"from_date":"2026-03-02T09:00:00+00:00","to_date":"2026-03-02T10:00:00+00:00","time":"by_hour","total_results":1,"nb_of_pages":1,"page":1,"next_page":""}"#;
        let spaced = compact.replace(',', ", ").replace("\":", "\": ");
        for text in
            [compact, &spaced, &compact.replace('{', "{\n  ").replace('}', "\n}"), r#"{"entities":{}}"#]
        {
            let page = read(text).unwrap();
            assert_eq!(format!("{page:?}"), format!("{:?}", by_the_library(text).unwrap()));
        }
    }
}
