//! A strict reader of the text format of `OpenMetrics`, as far as we write it: every line, or a panic that shows it.

use std::collections::{BTreeMap, BTreeSet};

/// A sample's name with suffix, and its labels in order.
pub(super) type Key = (String, Labels);

/// Names and values.
type Labels = Vec<(String, String)>;

/// All samples of one name.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Family {
    pub(super) kind: String,
    pub(super) samples: BTreeMap<Key, f64>,
}

/// Every family by its name.
pub(super) fn read(text: &str) -> BTreeMap<String, Family> {
    let body = text.strip_suffix("# EOF\n").expect("the end mark");
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut lines = body.lines().peekable();
    while let Some(line) = lines.next() {
        let (name, help) = described(line, "HELP");
        assert!(!help.is_empty() && !help.contains('\\'), "{line}");
        let (typed, kind) = described(lines.next().unwrap_or_default(), "TYPE");
        assert_eq!(typed, name);
        let unit = lines.next_if(|line| line.starts_with("# UNIT ")).map(|line| described(line, "UNIT").1);
        let expected = ["seconds", "bytes"].into_iter().find(|unit| name.ends_with(&format!("_{unit}")));
        assert_eq!(unit, expected, "{name}");
        let mut family = Family { kind: kind.to_owned(), ..Family::default() };
        while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
            let (key, value) = sample(line);
            assert_suffix(name, kind, &key.0);
            assert!(kind != "counter" || value >= 0.0, "{line}");
            assert_eq!(family.samples.insert(key, value), None, "twice: {line}");
        }
        if kind == "histogram" {
            assert_histogram(name, &family.samples);
        }
        assert_eq!(families.insert(name.to_owned(), family), None, "{name} twice");
    }
    families
}

/// `# HELP name the rest`
fn described<'a>(line: &'a str, word: &str) -> (&'a str, &'a str) {
    let rest = line.strip_prefix(&format!("# {word} ")).unwrap_or_else(|| panic!("no {word}: {line:?}"));
    let (name, rest) = rest.split_once(' ').unwrap_or_else(|| panic!("no text: {line}"));
    assert_name(name);
    (name, rest)
}

fn assert_name(name: &str) {
    let mut letters = name.chars();
    assert!(letters.next().is_some_and(|first| first.is_ascii_lowercase()), "{name}");
    assert!(letters.all(|letter| letter.is_ascii_lowercase() || letter == '_'), "{name}");
}

fn assert_suffix(name: &str, kind: &str, sample: &str) {
    let suffixes: &[&str] = match kind {
        "counter" => &["_total"],
        "gauge" => &[""],
        "info" => &["_info"],
        "histogram" => &["_sum", "_count", "_bucket"],
        other => panic!("no type: {other}"),
    };
    assert!(suffixes.iter().any(|suffix| sample.strip_prefix(name) == Some(suffix)), "{sample} in {name}");
}

/// `name{label="value",…} 7`
fn sample(line: &str) -> (Key, f64) {
    let end = line.find(['{', ' ']).unwrap_or_else(|| panic!("no value: {line}"));
    let (name, mut rest) = line.split_at(end);
    assert_name(name);
    let mut labels = Vec::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            let (label, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("no label: {line}"));
            assert_name(label);
            let (value, after) = quoted(after);
            labels.push((label.to_owned(), value));
            rest = after;
            match rest.strip_prefix(',') {
                Some(more) => rest = more,
                None => break,
            }
        }
        rest = rest.strip_prefix('}').unwrap_or_else(|| panic!("no end of labels: {line}"));
    }
    let names: BTreeSet<&str> = labels.iter().map(|(label, _)| &**label).collect();
    assert_eq!(names.len(), labels.len(), "a label twice: {line}");
    let value = rest.strip_prefix(' ').and_then(|value| value.parse().ok());
    ((name.to_owned(), labels), value.unwrap_or_else(|| panic!("no number: {line}")))
}

/// What stands before the closing quote, and what comes after it.
fn quoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((index, letter)) = letters.next() {
        match letter {
            '"' => return (value, &text[index + 1..]),
            '\\' => value.push(match letters.next().map(|(_, letter)| letter) {
                Some('n') => '\n',
                Some(letter @ ('"' | '\\')) => letter,
                other => panic!("no escape: {other:?} in {text}"),
            }),
            letter => value.push(letter),
        }
    }
    panic!("no closing quote: {text}");
}

/// Buckets grow from bound to bound, and the last one holds everything.
fn assert_histogram(name: &str, samples: &BTreeMap<Key, f64>) {
    let mut by_labels: BTreeMap<Labels, Vec<(f64, f64)>> = BTreeMap::new();
    for ((sample, labels), value) in samples {
        if *sample == format!("{name}_bucket") {
            let (bounds, others): (Vec<_>, Vec<_>) =
                labels.iter().cloned().partition(|(label, _)| label == "le");
            by_labels.entry(others).or_default().push((bounds[0].1.parse().unwrap(), *value));
        }
    }
    for (labels, mut buckets) in by_labels {
        buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
        assert!(buckets.is_sorted_by(|one, other| one.1 <= other.1), "{name} {labels:?}: {buckets:?}");
        let last = buckets.last().copied();
        let count = samples.get(&(format!("{name}_count"), labels.clone())).copied();
        assert_eq!(last.map(|(bound, _)| bound), Some(f64::INFINITY), "{name} {labels:?}");
        assert_eq!(last.map(|(_, value)| value), count, "{name} {labels:?}");
        assert!(samples.contains_key(&(format!("{name}_sum"), labels)), "{name}");
    }
}
