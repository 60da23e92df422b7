//! Laws of the desk, in whatever story.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const USUAL: Grouping = Grouping { wait: TimeDelta::seconds(60), interval: TimeDelta::minutes(5) };

/// How often a story is looked at, in seconds.
const STEP: i64 = 30;

/// What is worth telling is told within this, where messages are taken.
const PATIENCE: i64 = 5 * 60 + 5 * 60 + STEP;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600 + seconds, 0).unwrap()
}

fn key(subject: &str) -> Key {
    let kind = if subject.starts_with('d') { TroubleKind::Parked } else { TroubleKind::Stale };
    Key::new(kind, if kind == TroubleKind::Stale { format!("hourly/{subject}") } else { subject.to_owned() })
}

fn trouble(subject: &str, now: DateTime<Utc>) -> Trouble {
    Trouble { key: key(subject), since: now, tell_at: at(0), message: subject.to_owned() }
}

fn roster<'a>(subjects: impl IntoIterator<Item = &'a str>) -> Roster {
    let mut roster = Roster::default();
    for subject in subjects {
        let Key { kind, subject } = key(subject);
        if kind == TroubleKind::Parked {
            roster.deliveries.insert(subject);
        } else {
            roster.series.insert(subject);
        }
    }
    roster
}

/// A message that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sent {
    at: i64,
    kind: TroubleKind,
    begun: Vec<String>,
    over: Vec<String>,
}

/// What happens to messages and to the process at one look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weather {
    Fair,
    /// Nothing is taken.
    Deaf,
    /// The process dies after its messages were taken, before that was kept.
    Crash,
    /// Messages are taken, and nobody hears of it.
    Lost,
    /// Another process begins before this look.
    Restart,
}

/// Whoever looks, and whoever is told.
struct Stage {
    desk: Desk,
    kept: AlertBook,
    roster: Roster,
    sent: Vec<Sent>,
}

impl Stage {
    fn new<'a>(subjects: impl IntoIterator<Item = &'a str>) -> Self {
        let (desk, kept) = (Desk::default(), AlertBook::default());
        Self { desk, kept, roster: roster(subjects), sent: Vec::new() }
    }

    fn look(&mut self, seconds: i64, found: &[&str], weather: Weather) {
        if weather == Weather::Restart {
            self.restart();
        }
        let now = at(seconds);
        let found = found.iter().map(|subject| trouble(subject, now)).collect();
        self.desk.update(found, &self.roster, now);
        self.kept = self.desk.book();
        for notice in self.desk.due(USUAL, now) {
            self.desk.attempt(&notice, now);
            self.kept = self.desk.book();
            if weather == Weather::Deaf {
                self.desk.withdraw(&notice);
                self.kept = self.desk.book();
                continue;
            }
            let names = |told: &[(Key, AlertRecord)]| {
                told.iter().map(|(key, _)| key.subject.trim_start_matches("hourly/").to_owned()).collect()
            };
            let (begun, over) = (names(&notice.begun), names(&notice.over));
            self.sent.push(Sent { at: seconds, kind: notice.kind, begun, over });
            if weather == Weather::Crash {
                return self.restart();
            }
            if weather == Weather::Lost {
                continue;
            }
            self.desk.acknowledge(&notice, now);
            self.kept = self.desk.book();
        }
    }

    fn restart(&mut self) {
        self.desk = Desk::restored(&self.kept);
    }

    /// What was told of one subject: `true` for its begin.
    fn told_of(&self, subject: &str) -> Vec<(i64, bool)> {
        let mut told = Vec::new();
        for Sent { at, begun, over, .. } in &self.sent {
            told.extend(begun.iter().filter(|name| *name == subject).map(|_| (*at, true)));
            told.extend(over.iter().filter(|name| *name == subject).map(|_| (*at, false)));
        }
        told
    }
}

const SUBJECTS: [&str; 5] = ["lobby", "hall", "mall", "d1", "d2"];

/// For each look which subjects are in trouble, as spells: subject, first look, looks.
fn spells() -> impl Strategy<Value = Vec<(usize, usize, usize)>> {
    prop::collection::vec((0..SUBJECTS.len(), 0usize..150, 1usize..60), 0..14)
}

fn weather() -> impl Strategy<Value = Vec<Weather>> {
    let one = prop_oneof![
        6 => Just(Weather::Fair),
        2 => Just(Weather::Deaf),
        1 => Just(Weather::Restart),
    ];
    prop::collection::vec(one, 300)
}

fn found_at(spells: &[(usize, usize, usize)], look: usize) -> Vec<&'static str> {
    let is_in_trouble = |subject: &usize| {
        spells.iter().any(|(whose, first, looks)| whose == subject && (*first..first + looks).contains(&look))
    };
    (0..SUBJECTS.len()).filter(is_in_trouble).map(|subject| SUBJECTS[subject]).collect()
}

/// Longest stretches of looks at which a subject is in trouble, breaks below the interval included.
fn stretches(spells: &[(usize, usize, usize)], subject: &str) -> Vec<(i64, i64)> {
    let looks = (0..300).filter(|look| found_at(spells, *look).contains(&subject));
    let mut stretches: Vec<(i64, i64)> = Vec::new();
    for look in looks {
        let seconds = i64::try_from(look).unwrap() * STEP;
        match stretches.last_mut() {
            Some((_, last)) if seconds - *last <= STEP => *last = seconds,
            _ => stretches.push((seconds, seconds)),
        }
    }
    stretches
}

fn play(spells: &[(usize, usize, usize)], weather: &[Weather]) -> Stage {
    let mut stage = Stage::new(SUBJECTS);
    for (look, weather) in weather.iter().enumerate() {
        let seconds = i64::try_from(look).unwrap() * STEP;
        stage.look(seconds, &found_at(spells, look), *weather);
    }
    stage
}

proptest! {
    #[test]
    fn begins_and_ends_alternate_and_messages_of_a_kind_keep_their_distance(
        spells in spells(), weather in weather(),
    ) {
        let stage = play(&spells, &weather);
        for subject in SUBJECTS {
            let told = stage.told_of(subject);
            for (index, (_, begins)) in told.iter().enumerate() {
                prop_assert_eq!(*begins, index % 2 == 0, "{} {:?}", subject, told);
            }
            // What was over before it was told is never told, and no end is told before it stayed away.
            for (at, begins) in told.clone() {
                let recent = (at - USUAL.interval.num_seconds() + STEP..=at).step_by(usize::try_from(STEP).unwrap());
                let seen = |seconds: i64| found_at(&spells, usize::try_from(seconds / STEP).unwrap()).contains(&subject);
                let is_right = if begins { seen(at) } else { !recent.into_iter().any(seen) };
                prop_assert!(is_right, "{} {:?}", subject, told);
            }
        }
        let mut last: BTreeMap<TroubleKind, i64> = BTreeMap::new();
        for Sent { at, kind, begun, over } in &stage.sent {
            prop_assert!(!begun.is_empty() || !over.is_empty());
            if let Some(before) = last.insert(*kind, *at) {
                prop_assert!(at - before >= USUAL.interval.num_seconds());
            }
        }
    }

    #[test]
    fn what_lasts_is_told_once_when_it_begins_and_once_when_it_is_over(
        spells in spells(), restarts in prop::collection::vec(any::<bool>(), 300),
    ) {
        let weather: Vec<Weather> =
            restarts.iter().map(|restart| if *restart { Weather::Restart } else { Weather::Fair }).collect();
        let stage = play(&spells, &weather);
        for subject in SUBJECTS {
            let told = stage.told_of(subject);
            for (first, last) in stretches(&spells, subject) {
                if last - first < PATIENCE {
                    continue;
                }
                // At its end it is told, whenever that was, and stays so until it was away for a while.
                let before: Vec<_> = told.iter().filter(|(at, _)| *at <= last).collect();
                prop_assert!(before.last().is_some_and(|(_, begins)| *begins), "{} {:?}", subject, told);
            }
            // After everything was calm for long enough, nothing is left to tell.
            prop_assert_eq!(told.len() % 2, 0, "{} {:?}", subject, told);
        }
        prop_assert!(stage.desk.known.is_empty());
    }

    #[test]
    fn a_crash_or_a_lost_answer_repeats_only_the_message_that_was_on_its_way_and_loses_none(
        spells in spells(), accidents in prop::collection::vec((prop::bool::weighted(0.2), any::<bool>()), 300),
    ) {
        let weather: Vec<Weather> = accidents.iter().map(|accident| match accident {
            (false, _) => Weather::Fair,
            (true, true) => Weather::Crash,
            (true, false) => Weather::Lost,
        }).collect();
        let stage = play(&spells, &weather);
        // What is told twice in a row was on its way when the process died, or the answer did.
        for subject in SUBJECTS {
            for pair in stage.told_of(subject).windows(2) {
                let [(first, one), (_, other)] = [pair[0], pair[1]];
                let calm = weather[usize::try_from(first / STEP).unwrap()] == Weather::Fair;
                prop_assert!(one != other || !calm, "{:?}", pair);
            }
            let told = stage.told_of(subject);
            prop_assert!(told.last().is_none_or(|(_, begins)| !begins), "an end was lost: {:?}", told);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn two_hundred_that_fail_within_a_minute_and_recover_are_two_messages(
        moments in prop::collection::vec((0i64..=60, 0i64..=60), 200), lasts in 600i64..2400,
        step in 5i64..=30, restart_at in 0i64..3600,
    ) {
        let names: Vec<String> = (0..200).map(|number| format!("s{number}")).collect();
        let mut stage = Stage::new(names.iter().map(|name| &**name));
        let (mut seconds, mut restarted) = (0, false);
        while seconds < lasts + 1200 {
            let in_trouble = names.iter().zip(&moments).filter(|(_, (begin, end))| {
                (*begin..lasts + end).contains(&seconds)
            });
            let found: Vec<&str> = in_trouble.map(|(name, _)| &**name).collect();
            let restart = !restarted && seconds >= restart_at;
            restarted |= restart;
            stage.look(seconds, &found, if restart { Weather::Restart } else { Weather::Fair });
            seconds += step;
        }
        let counts: Vec<_> = stage.sent.iter().map(|sent| (sent.begun.len(), sent.over.len())).collect();
        prop_assert_eq!(counts, [(200, 0), (0, 200)]);
    }
}

#[test]
fn what_comes_and_goes_every_minute_is_told_twice_in_a_day() {
    let mut stage = Stage::new(SUBJECTS);
    for look in 0..2880 {
        let found: &[&str] = if look < 2000 && look % 4 < 2 { &["lobby"] } else { &[] };
        stage.look(look * STEP, found, Weather::Fair);
    }
    // Each time it is gone before it would have been told.
    assert_eq!(stage.sent, []);
    let mut stage = Stage::new(SUBJECTS);
    for look in 0..2880 {
        let found: &[&str] = if look < 3 || (look < 2000 && look % 4 < 2) { &["lobby"] } else { &[] };
        stage.look(look * STEP, found, Weather::Fair);
    }
    let told = stage.told_of("lobby");
    assert_eq!(told.iter().map(|(_, begins)| *begins).collect::<Vec<_>>(), [true, false], "{told:?}");
}

#[test]
fn nothing_is_told_before_it_is_worth_telling() {
    let mut desk = Desk::default();
    let roster = roster(["lobby"]);
    let worth = at(3600);
    for seconds in (0..3660).step_by(30) {
        let found = Trouble { tell_at: worth, ..trouble("lobby", at(0)) };
        desk.update(vec![found], &roster, at(seconds));
        assert_eq!(desk.due(USUAL, at(seconds)), [], "{seconds}");
    }
    desk.update(vec![Trouble { tell_at: worth, ..trouble("lobby", at(0)) }], &roster, at(3660));
    assert_eq!(desk.due(USUAL, at(3660)).len(), 1);
}

#[test]
fn what_is_not_configured_any_more_is_forgotten_without_a_word() {
    let mut stage = Stage::new(SUBJECTS);
    for look in 0..4 {
        stage.look(look * STEP, &["lobby", "hall"], Weather::Fair);
    }
    assert_eq!(stage.sent.len(), 1);
    stage.roster = roster(["hall"]);
    for look in 4..60 {
        stage.look(look * STEP, &[], Weather::Fair);
    }
    assert_eq!(
        stage.sent[1..].iter().map(|sent| sent.over.clone()).collect::<Vec<_>>(),
        [vec!["hall".to_owned()]]
    );
    assert!(stage.kept.alerts.is_empty());
}

#[test]
fn a_clock_that_is_set_back_holds_nothing_up() {
    let mut stage = Stage::new(SUBJECTS);
    let ahead = 10 * 86_400;
    for look in 0..4 {
        stage.look(ahead + look * STEP, &["lobby"], Weather::Fair);
    }
    for look in 0..60 {
        stage.look(look * STEP, if look < 20 { &["hall"] } else { &[] }, Weather::Fair);
    }
    let told: Vec<bool> = stage.told_of("hall").iter().map(|(_, begins)| *begins).collect();
    assert_eq!(told, [true, false]);
    assert_eq!(stage.told_of("lobby").len(), 2);
}

#[test]
fn a_book_of_another_version_is_read_as_far_as_it_is_understood() {
    let record = AlertRecord {
        since: at(0),
        seen_at: at(0),
        told_at: None,
        tried_at: None,
        gone_at: None,
        message: String::new(),
    };
    let alerts =
        ["stale", "new_kind"].map(|kind| ((kind.to_owned(), "hourly/lobby".to_owned()), record.clone()));
    let sent = ["parked", "new_kind"].map(|kind| (kind.to_owned(), at(0)));
    let desk = Desk::restored(&AlertBook { alerts: alerts.into(), sent: sent.into() });
    assert_eq!((desk.known.len(), desk.sent.len()), (1, 1));
    assert!(desk.seen_at(&key("lobby")).is_some() && !desk.is_told(&key("lobby")));
    // It was not judged yet.
    assert_eq!(desk.due(USUAL, at(1_000_000)), []);
}
