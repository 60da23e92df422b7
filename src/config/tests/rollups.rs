//! Roll-ups of a job, and what a person is told about them, word for word.

use super::{JOB, STREAM, VALID, problems, valid, with};
use crate::config::Config;

fn targets(config: &Config) -> Vec<String> {
    config.jobs[0].rollups.iter().map(crate::rollup::Target::folder_name).collect()
}

/// `VALID` with two streams, each with these lines.
fn two_streams(one: &str, other: &str, job: &str) -> String {
    let (head, rest) = VALID.split_at(VALID.find(JOB).unwrap());
    let stream = &head[head.find(STREAM).unwrap()..];
    let other = format!("{}{other}\n", stream.replace("lobby", "hall"));
    format!("{head}{one}\n{other}{rest}{job}\n")
}

#[test]
fn each_size_is_made_by_stream_and_by_each_tag_once() {
    assert!(targets(&valid(VALID)).is_empty());
    let lines = "rollup = [\"week\", \"day\", \"week\"]";
    assert_eq!(targets(&valid(&with(JOB, lines))), ["day", "week"]);
    let tags = "tags = { zone = \"entrance\", site = \"paris\" }";
    let text = two_streams(tags, "", "rollup = [\"month\"]\nrollup_by = [\"zone\", \"site\"]");
    assert_eq!(targets(&valid(&text)), ["month", "month-by-site", "month-by-zone"]);
}

#[test]
fn what_cannot_be_rolled_up_is_told() {
    let tags = "tags = { site = \"paris\" }";
    let lines = "rollup = [\"day\"]\nrollup_by = [\"site\"]";
    for (text, problem) in [
        (
            with(JOB, "rollup = [\"year\"]"),
            "line 9: jobs[0].rollup[0]: expected one of day, week, month; found \"year\"",
        ),
        (
            with(JOB, "rollup = []"),
            "line 9: jobs[0].rollup: expected at least one string; found an empty array",
        ),
        (
            two_streams(tags, tags, "rollup_by = [\"site\"]"),
            "line 15: jobs[0].rollup: expected what to roll up to beside rollup_by, such as [\"day\"]; found nothing",
        ),
        (
            two_streams(tags, "", &lines.replace("\"site\"", "\"sites\"")),
            "line 18: jobs[0].rollup_by[0]: expected the key of a tag that a stream of this job has; found \"sites\"; did \
             you mean \"site\"?",
        ),
        (
            two_streams("timezone = \"Asia/Kolkata\"", "", "rollup = [\"day\"]"),
            "line 17: jobs[0].rollup: expected zones with offsets of whole hours, since local days are cut from by_hour \
             buckets; found Asia/Kolkata of stream \"lobby\"; a job of time = \"global\" has exact local days in every zone",
        ),
        (
            two_streams("", "timezone = \"Europe/London\"", "time = \"by_day\"\nrollup = [\"day\"]"),
            "line 18: jobs[0].rollup: expected zones without an offset from UTC, since local days are cut from by_day \
             buckets; found Europe/London of stream \"hall\"; a job of time = \"global\" has exact local days in every zone",
        ),
        (
            two_streams(tags, &format!("{tags}\ntimezone = \"Europe/London\""), lines),
            "line 19: jobs[0].rollup_by: expected streams of one zone in each group, since local days of two zones are \
             different stretches of time; found site = \"paris\" of \"lobby\" in UTC and \"hall\" in Europe/London",
        ),
    ] {
        assert_eq!(problems(&text), [problem], "{text}");
    }
}

#[test]
fn zones_are_refused_only_where_days_cannot_be_exact() {
    for (zone, time, is_allowed) in [
        ("Australia/Melbourne", "by_hour", true),
        ("Asia/Kathmandu", "by_hour", false),
        ("Australia/Lord_Howe", "by_hour", false),
        ("Asia/Kathmandu", "global", true),
        ("Africa/Abidjan", "by_day", true),
        ("Europe/Paris", "by_day", false),
    ] {
        let text = with(JOB, &format!("time = \"{time}\"\nrollup = [\"week\"]"));
        let text = format!("timezone = \"{zone}\"\n{text}");
        assert_eq!(problems(&text).is_empty(), is_allowed, "{zone} {time}");
    }
}
