//! The vendor as it should be, and the files that follow from it.

#![allow(dead_code, reason = "each test file uses its part of it")]

use std::{collections::BTreeMap, fmt::Write as _};

use audience_exporter::time::parse_label;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::double::{Behaviour, Request};

/// So that a day has two pages.
const PAGE_SIZE: usize = 20;

const HEADER: &str = "stream,bucket_start,bucket_end,local_start,utc_offset,passing_by,interested,stop_time_seconds,attention_time_seconds,category_senior_female,category_senior_male,category_young_female,category_young_male,gender_female,gender_male,gender_unknown,satisfaction,extras\n";

/// The secret of a stream in the configuration.
pub(crate) fn access_token(stream: &str) -> String {
    format!("s3cret-of-{stream}")
}

/// The token that the console makes of it.
pub(crate) fn token(stream: &str) -> String {
    format!("t0ken.of.{stream}")
}

/// What a well-behaved service answers to whatever the program may ask.
pub(crate) fn good(request: &Request) -> Option<Behaviour> {
    if request.line() == "POST /api-token-authstream/" {
        let credentials = request.json();
        let stream = credentials["client_id"].as_str()?;
        let is_known = credentials["access_token"] == access_token(stream);
        return is_known.then(|| Behaviour::json(200, &json!({ "token": token(stream) })));
    }
    let is_page = request.method == "GET" && request.target.starts_with("/api/1/entities?");
    (is_page && stream_of(request).is_some()).then(|| Behaviour::json(200, &page(request)))
}

/// The stream whose token a request for data carries.
pub(crate) fn stream_of(request: &Request) -> Option<&str> {
    request.header("authorization")?.strip_prefix("Bearer t0ken.of.")
}

/// The number of the page that is asked for.
pub(crate) fn page_number(request: &Request) -> usize {
    request.parameter("page").map_or(1, |page| page.parse().unwrap())
}

/// The page that a request deserves.
pub(crate) fn page(request: &Request) -> Value {
    let date = |name| request.parameter(name).unwrap().replace("%3A", ":").replace("%2B", "+");
    let (from, to) = (date("from_date"), date("to_date"));
    let number = page_number(request);
    let starts = hours(&from, &to);
    let pages = starts.len().div_ceil(PAGE_SIZE);
    let bucket = |start: &DateTime<Utc>| {
        (start.to_rfc3339(), json!({ "passing_by": { "value": passing_by(*start) } }))
    };
    let entities: serde_json::Map<_, _> =
        starts.iter().skip((number - 1) * PAGE_SIZE).take(PAGE_SIZE).map(bucket).collect();
    let next_page = if number < pages { with_page(&request.target, number + 1) } else { String::new() };
    json!({
        "entities": entities,
        "from_date": from,
        "to_date": to,
        "time": request.parameter("time"),
        "total_results": starts.len(),
        "nb_of_pages": pages,
        "page": number,
        "next_page": next_page,
    })
}

fn with_page(target: &str, number: usize) -> String {
    let first = target.split("&page=").next().unwrap_or(target);
    format!("{first}&page={number}")
}

fn hours(from: &str, to: &str) -> Vec<DateTime<Utc>> {
    let (from, to) = (parse_label(from).unwrap(), parse_label(to).unwrap());
    std::iter::successors(Some(from), |start| Some(*start + TimeDelta::hours(1)))
        .take_while(|start| *start < to)
        .collect()
}

fn passing_by(start: DateTime<Utc>) -> i64 {
    start.timestamp() / 3600 % 1000
}

/// The published files of a stream from `from` to `to`, two midnights, by their paths below the output folder.
pub(crate) fn files(stream: &str, from: &str, to: &str) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for start in hours(from, to) {
        let path = format!("hourly/stream={stream}/date={}/data.csv", start.format("%Y-%m-%d"));
        let local = start.format("%Y-%m-%dT%H:%M:%S");
        let end = (start + TimeDelta::hours(1)).format("%Y-%m-%dT%H:%M:%SZ");
        let text: &mut String = files.entry(path).or_insert_with(|| HEADER.to_owned());
        let people = passing_by(start);
        writeln!(text, "{stream},{local}Z,{end},{local},+00:00,{people},,,,,,,,,,,,").unwrap();
    }
    files
}
