//! Messages as people read them: plain words that chats show as they are, in lines of 80 columns where names allow. Pure.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use super::{
    desk::Notice,
    roster::Roster,
    trouble::{Key, TroubleKind},
};
use crate::ledger::AlertRecord;

/// The line of names is not longer, unless one name alone is.
const COLUMNS: usize = 78;

/// Different reasons of one message; more are only counted.
const MAX_REASONS: usize = 3;

/// Of one reason, more is not told.
const MAX_REASON_CHARS: usize = 400;

type Told = [(Key, AlertRecord)];

/// The text of a message: what began, and below it what is over.
pub(super) fn text(notice: &Notice, roster: &Roster, zone: Tz, now: DateTime<Utc>) -> String {
    let begun = (!notice.begun.is_empty()).then(|| begun(notice.kind, &notice.begun, roster, zone, now));
    let over = (!notice.over.is_empty()).then(|| over(notice.kind, &notice.over, roster));
    let lines: Vec<String> = begun.into_iter().chain(over).flatten().collect();
    escaped(&lines.join("\n"))
}

fn begun(kind: TroubleKind, told: &Told, roster: &Roster, zone: Tz, now: DateTime<Utc>) -> Vec<String> {
    let (who, names) = Names::of(kind, told).shown(kind, roster);
    let times = || told.iter().map(|(_, record)| record.since);
    let since = times().min().unwrap_or(now);
    let later =
        if times().all(|time| shown(time, zone, now) == shown(since, zone, now)) { "" } else { " or later" };
    let head = format!("Trouble: {who}: {} since {}{later}", words(kind)[0], shown(since, zone, now));
    [head].into_iter().chain(names).chain(reasons(told)).collect()
}

fn over(kind: TroubleKind, told: &Told, roster: &Roster) -> Vec<String> {
    let (who, names) = Names::of(kind, told).shown(kind, roster);
    let lasted = |record: &AlertRecord| record.gone_at.map_or(TimeDelta::zero(), |gone| gone - record.since);
    let longest = told.iter().map(|(_, record)| lasted(record)).max().unwrap_or_default();
    let same = told.iter().all(|(_, record)| in_words(lasted(record)) == in_words(longest));
    let up_to = if same { "" } else { "up to " };
    let head = format!("Over: {who}: {} after {up_to}{}", words(kind)[1], in_words(longest));
    [head].into_iter().chain(names).collect()
}

/// What is wrong, and what is right again.
fn words(kind: TroubleKind) -> [&'static str; 2] {
    match kind {
        TroubleKind::SignInNeeded => ["somebody must sign in,", "signed in"],
        TroubleKind::Refused => ["not exported until somebody acts,", "exported again"],
        TroubleKind::Stale => ["due data are lacking", "all due data are there"],
        TroubleKind::Failing => ["runs fail", "runs end well again"],
        TroubleKind::Silent => ["silent", "data come again"],
        TroubleKind::Parked => ["files refused for good", "no refused files any more"],
        TroubleKind::DeliveryFailing => ["nothing delivered", "delivered again"],
        TroubleKind::InventoryFailing => ["cameras cannot be listed", "cameras listed again"],
        TroubleKind::Disk => ["disk nearly full", "room on the disk again"],
    }
}

/// One of what this kind of trouble is about, and many.
fn nouns(kind: TroubleKind) -> [&'static str; 2] {
    match kind {
        TroubleKind::SignInNeeded => ["account", "accounts"],
        TroubleKind::Refused | TroubleKind::Stale | TroubleKind::Failing | TroubleKind::Silent => {
            ["stream", "streams"]
        }
        TroubleKind::Parked | TroubleKind::DeliveryFailing => ["delivery", "deliveries"],
        TroubleKind::InventoryFailing => ["inventory", "inventories"],
        TroubleKind::Disk => ["folder", "folders"],
    }
}

/// Whom a message is about: streams once each, however many of their jobs are concerned.
struct Names<'a> {
    names: BTreeSet<&'a str>,
    jobs: BTreeSet<&'a str>,
}

impl<'a> Names<'a> {
    fn of(kind: TroubleKind, told: &'a Told) -> Self {
        let (mut names, mut jobs) = (BTreeSet::new(), BTreeSet::new());
        for (key, _) in told {
            match key.subject.split_once('/') {
                Some((job, stream)) if nouns(kind)[0] == "stream" => {
                    jobs.insert(job);
                    names.insert(stream);
                }
                _ => {
                    names.insert(&*key.subject);
                }
            }
        }
        Self { names, jobs }
    }

    /// `stream lobby (job hourly)`, or `12 of 200 streams` and a line of names.
    fn shown(&self, kind: TroubleKind, roster: &Roster) -> (String, Option<String>) {
        let [one, many] = nouns(kind);
        let jobs = match self.jobs.len() {
            0 => String::new(),
            1 => format!("job {}", self.joined_jobs()),
            2 | 3 => format!("jobs {}", self.joined_jobs()),
            more => format!("{more} jobs"),
        };
        if let (1, Some(name)) = (self.names.len(), self.names.first()) {
            let noun = if name.contains(' ') { String::new() } else { format!("{one} ") };
            let jobs = if jobs.is_empty() { jobs } else { format!(" ({jobs})") };
            return (format!("{noun}{name}{jobs}"), None);
        }
        let count = self.names.len();
        let of = roster.total(kind).map_or(String::new(), |total| format!(" of {}", total.max(count)));
        let jobs = if jobs.is_empty() { jobs } else { format!("{jobs}: ") };
        let names =
            enumerated(&self.names.iter().copied().collect::<Vec<_>>(), COLUMNS.saturating_sub(jobs.len()));
        (format!("{count}{of} {many}"), Some(format!("{jobs}{names}")))
    }

    fn joined_jobs(&self) -> String {
        self.jobs.iter().copied().collect::<Vec<_>>().join(", ")
    }
}

/// As many names as fit, and how many more there are.
fn enumerated(names: &[&str], width: usize) -> String {
    let shown = |count: usize| {
        let more = names.len() - count;
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        format!("{}{more}", names[..count].join(", "))
    };
    let fitting = (1..=names.len()).rev().map(shown).find(|text| text.chars().count() <= width);
    fitting.unwrap_or_else(|| shown(1.min(names.len())))
}

/// Every different reason once; where there are several, with the first name that it is true of.
fn reasons(told: &Told) -> Vec<String> {
    let mut different: Vec<(&str, &str)> = Vec::new();
    for (key, record) in told {
        if !different.iter().any(|(_, reason)| *reason == record.message) {
            let name = key.subject.rsplit('/').next().unwrap_or_default();
            different.push((name, &record.message));
        }
    }
    let cut = |reason: &str| reason.chars().take(MAX_REASON_CHARS).collect::<String>();
    if let [(_, reason)] = different[..] {
        return vec![cut(reason)];
    }
    let more = different.len().saturating_sub(MAX_REASONS);
    let told = different.iter().take(MAX_REASONS).map(|(name, reason)| format!("{name}: {}", cut(reason)));
    let more = (more > 0).then(|| format!("and {more} other reasons; see: audience-exporter status"));
    told.chain(more).collect()
}

/// The wall clock of `zone`; with the day where that is not today.
fn shown(instant: DateTime<Utc>, zone: Tz, now: DateTime<Utc>) -> String {
    let local = |instant: DateTime<Utc>| zone.from_utc_datetime(&instant.naive_utc());
    let is_today = local(instant).date_naive() == local(now).date_naive();
    let format = if is_today { "%H:%M %Z" } else { "%a %Y-%m-%d %H:%M %Z" };
    local(instant).format(format).to_string()
}

/// `3 hours 20 minutes`: the two largest units.
fn in_words(lasted: TimeDelta) -> String {
    let minutes = lasted.num_minutes().max(0);
    let units = [(minutes / 1440, "day"), (minutes / 60 % 24, "hour"), (minutes % 60, "minute")];
    let largest = units.iter().skip_while(|(count, _)| *count == 0).take(2).filter(|(count, _)| *count > 0);
    let words = largest.map(|(count, unit)| format!("{count} {unit}{}", if *count == 1 { "" } else { "s" }));
    let words: Vec<String> = words.collect();
    if words.is_empty() { "less than a minute".to_owned() } else { words.join(" ") }
}

/// Nothing in a text, which may hold words of a service, means more than its letters: Slack has three that it wants
/// escaped, and others call everybody to the spot where an at sign begins a word.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut before = ' ';
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '@' if !before.is_alphanumeric() => escaped.push_str("@\u{200b}"),
            '\n' => escaped.push('\n'),
            other if other.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
        before = character;
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::parse_label;

    fn at(text: &str) -> DateTime<Utc> {
        parse_label(&format!("2026-03-{text}:00Z")).unwrap()
    }

    fn told(
        kind: TroubleKind,
        subject: &str,
        since: &str,
        gone: Option<&str>,
        message: &str,
    ) -> (Key, AlertRecord) {
        let record = AlertRecord {
            since: at(since),
            seen_at: at(since),
            tried_at: None,
            told_at: None,
            gone_at: gone.map(at),
            message: message.to_owned(),
        };
        (Key::new(kind, subject), record)
    }

    fn read(kind: TroubleKind, begun: Vec<(Key, AlertRecord)>, over: Vec<(Key, AlertRecord)>) -> String {
        let notice = Notice { kind, begun, over };
        text(&notice, &Roster::default(), Tz::Europe__Paris, at("02T20:06"))
    }

    #[test]
    fn one_trouble_is_told_with_its_reason_and_the_local_time() {
        let one = vec![told(TroubleKind::Stale, "hourly/lobby", "02T13:00", None, "status 503")];
        assert_eq!(
            read(TroubleKind::Stale, one, vec![]),
            "Trouble: stream lobby (job hourly): due data are lacking since 14:00 CET\nstatus 503"
        );
        let one = vec![told(TroubleKind::Parked, "partner", "01T13:00", None, "bad field")];
        assert_eq!(
            read(TroubleKind::Parked, one, vec![]),
            "Trouble: delivery partner: files refused for good since Sun 2026-03-01 14:00 CET\nbad field"
        );
        let one = vec![told(TroubleKind::SignInNeeded, "stream lobby", "02T13:00", None, "damaged")];
        assert_eq!(
            read(TroubleKind::SignInNeeded, one, vec![]),
            "Trouble: stream lobby: somebody must sign in, since 14:00 CET\ndamaged"
        );
    }

    #[test]
    fn many_are_one_message_of_short_lines() {
        let many = (1..=40).flat_map(|number| {
            ["hourly", "daily"].map(|job| {
                let subject = format!("{job}/entrance-{number:02}");
                let reason = if number == 7 { "status 500" } else { "status 503" };
                told(TroubleKind::Stale, &subject, "02T13:00", None, reason)
            })
        });
        let shown = read(TroubleKind::Stale, many.collect(), vec![]);
        assert_eq!(
            shown,
            "Trouble: 40 of 40 streams: due data are lacking since 14:00 CET\n\
             jobs daily, hourly: entrance-01, entrance-02, entrance-03 and 37 more\n\
             entrance-01: status 503\nentrance-07: status 500"
        );
        assert!(shown.lines().all(|line| line.chars().count() <= 80));
    }

    #[test]
    fn what_is_over_is_told_with_its_duration() {
        let one = told(TroubleKind::Disk, "output_dir", "02T13:00", Some("02T14:30"), "");
        assert_eq!(
            read(TroubleKind::Disk, vec![], vec![one]),
            "Over: folder output_dir: room on the disk again after 1 hour 30 minutes"
        );
        let two = vec![
            told(TroubleKind::Silent, "hourly/hall", "01T13:00", Some("02T18:01"), ""),
            told(TroubleKind::Silent, "hourly/lobby", "01T14:00", Some("02T18:00"), ""),
        ];
        let begun = vec![told(TroubleKind::Silent, "hourly/mall", "01T13:00", None, "check the camera")];
        assert_eq!(
            read(TroubleKind::Silent, begun, two),
            "Trouble: stream mall (job hourly): silent since Sun 2026-03-01 14:00 CET\n\
             check the camera\n\
             Over: 2 of 2 streams: data come again after up to 1 day 5 hours\njob hourly: hall, lobby"
        );
    }

    #[test]
    fn more_reasons_than_one_reads_are_counted() {
        let many = (1..=6).map(|number| {
            told(TroubleKind::Refused, &format!("s{number}"), "02T13:00", None, &format!("reason {number}"))
        });
        let shown = read(TroubleKind::Refused, many.collect(), vec![]);
        let lines: Vec<&str> = shown.lines().skip(1).collect();
        let last = "and 3 other reasons; see: audience-exporter status";
        assert_eq!(lines, ["s1, s2, s3, s4, s5, s6", "s1: reason 1", "s2: reason 2", "s3: reason 3", last]);
    }

    #[test]
    fn durations_are_words() {
        for (minutes, expected) in [
            (-5, "less than a minute"),
            (0, "less than a minute"),
            (1, "1 minute"),
            (60, "1 hour"),
            (200, "3 hours 20 minutes"),
            (1440, "1 day"),
            (1445, "1 day"),
            (2 * 1440 + 61, "2 days 1 hour"),
        ] {
            assert_eq!(in_words(TimeDelta::minutes(minutes)), expected);
        }
    }

    #[test]
    fn words_of_a_service_call_nobody() {
        let said = "no <!channel> & @here, ops@example.com\r\u{7}";
        let one = vec![told(TroubleKind::Refused, "lobby", "02T13:00", None, said)];
        let shown = read(TroubleKind::Refused, one, vec![]);
        assert!(shown.ends_with("\nno &lt;!channel&gt; &amp; @\u{200b}here, ops@example.com  "), "{shown}");
    }

    #[test]
    fn names_are_enumerated_as_far_as_they_fit() {
        let names = ["lobby", "hall", "mall"];
        assert_eq!(enumerated(&names, 17), "lobby, hall, mall");
        assert_eq!(enumerated(&names, 16), "lobby and 2 more");
        assert_eq!(enumerated(&names, 3), "lobby and 2 more");
        assert_eq!(enumerated(&[], 3), "");
    }
}
