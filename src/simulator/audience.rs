//! Believable people: opening hours, weekdays, seasons, closed days and noise.

use std::ops::Range;

use chrono::{Datelike, NaiveDateTime, TimeZone, Timelike, Weekday};
use chrono_tz::Tz;

use super::{
    chance::{Dice, hash_text},
    character::Character,
    figures::Figures,
    fleet, hours,
    outage::{Health, Outages},
};

/// The hour of 2000-01-01T00:00Z, at which all cameras were installed: earlier hours have no bucket.
const INSTALLED: i64 = 262_968;

/// The longest client id of a simulated stream.
const LONGEST_CLIENT_ID: usize = 64;

/// People by local hour, in thousandths of the busiest hour: quiet before opening and after closing, nobody at night,
/// and peaks at lunch and in the evening.
#[rustfmt::skip]
const SHOP: [u64; 24] =
    [0, 0, 0, 0, 0, 0, 0, 15, 120, 240, 420, 610, 860, 780, 560, 600, 720, 930, 1000, 700, 90, 20, 0, 0];
#[rustfmt::skip]
const LOBBY: [u64; 24] =
    [0, 0, 0, 0, 0, 0, 0, 60, 640, 780, 420, 380, 900, 820, 440, 360, 420, 760, 1000, 480, 110, 25, 0, 0];
#[rustfmt::skip]
const FOOD_COURT: [u64; 24] =
    [0, 0, 0, 0, 0, 0, 0, 10, 140, 190, 240, 520, 1000, 960, 480, 260, 280, 430, 690, 880, 220, 40, 0, 0];

/// People by weekday from Monday to Sunday, in thousandths of an ordinary day.
const WEEKDAYS: [u64; 7] = [840, 860, 930, 960, 1120, 1450, 520];

/// People by month, in thousandths of an ordinary month.
const MONTHS: [u64; 12] = [900, 870, 940, 980, 1000, 1040, 970, 850, 1000, 1010, 1080, 1420];

/// The fewest and the most people in the busiest hour of an ordinary day.
const SMALLEST_CROWD: u64 = 35;
const LARGEST_CROWD: u64 = 520;

/// Invented audiences. Any client id of up to 64 letters, digits, `-`, `_` and `.` is a stream. A stream that is named
/// for two parts plays the first of them, in the order outage, quiet, closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Believable {
    /// The zone of all cameras: opening hours, weekdays and holidays are local.
    pub zone: Tz,
    /// The client id of a stream that fails once in every local ISO week for nine hours: in the first three its box
    /// is offline (no buckets), in the other six its camera is blind (zeros).
    pub outage: Option<String>,
    /// The client id of a stream that hardly anybody passes.
    pub quiet: Option<String>,
    /// The client id of a stream that is closed on Sundays. Of the others, some are closed on a day drawn for them.
    pub closed: Option<String>,
}

impl Default for Believable {
    /// The audiences of six streams in Paris.
    fn default() -> Self {
        Self::of_fleet(6, Tz::Europe__Paris)
    }
}

impl Believable {
    /// The audiences of the first `streams` of the simulated fleet: the last one has outages, the first is closed on
    /// Sundays and the second is quiet, as far as there are enough.
    pub fn of_fleet(streams: usize, zone: Tz) -> Self {
        let outage = streams.checked_sub(1).map(fleet::client_id);
        Self { zone, outage, quiet: Some(fleet::client_id(1)), closed: Some(fleet::client_id(0)) }
    }

    /// The client ids of the first `streams` of the simulated fleet.
    pub fn client_ids(streams: usize) -> impl Iterator<Item = String> {
        (0..streams).map(fleet::client_id)
    }

    /// The camera of `client_id`; `None` where that cannot be the id of a stream.
    pub(super) fn camera(&self, client_id: &str, seed: u64) -> Option<BelievableCamera> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let reasonable = (1..=LONGEST_CLIENT_ID).contains(&client_id.len()) && client_id.bytes().all(allowed);
        reasonable.then(|| {
            let seed = Dice::new(&[seed, hash_text(client_id)]).next();
            BelievableCamera::new(seed, self.zone, self.part(client_id))
        })
    }

    fn part(&self, client_id: &str) -> Part {
        let parts = [(&self.outage, Part::Failing), (&self.quiet, Part::Quiet), (&self.closed, Part::Closed)];
        let played = parts.into_iter().find(|(id, _)| id.as_deref() == Some(client_id));
        played.map_or(Part::Ordinary, |(_, part)| part)
    }
}

/// What a stream is there to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Ordinary,
    Failing,
    Quiet,
    Closed,
}

/// One camera of a believable audience.
#[derive(Debug, Clone)]
pub(super) struct BelievableCamera {
    seed: u64,
    zone: Tz,
    place: Place,
    character: Character,
    outages: Option<Outages>,
}

/// How many people come by, and when.
#[derive(Debug, Clone)]
enum Place {
    /// A back entrance.
    Quiet,
    Busy {
        /// People in the busiest hour of an ordinary day.
        crowd: u64,
        day: &'static [u64; 24],
        /// The weekday without people; `None` = open all week.
        closed: Option<Weekday>,
    },
}

impl BelievableCamera {
    fn new(seed: u64, zone: Tz, part: Part) -> Self {
        let mut dice = Dice::new(&[seed]);
        let place = if part == Part::Quiet { Place::Quiet } else { Place::busy(part, &mut dice) };
        let outages = (part == Part::Failing).then(|| Outages::new(seed, zone));
        Self { seed, zone, place, character: Character::of(seed), outages }
    }

    /// What was counted in `hour`; `None` where it was not measured.
    pub(super) fn hour(&self, hour: i64) -> Option<Figures> {
        let health = self.outages.as_ref().map_or(Health::Fine, |outages| outages.health(hour));
        if hour < INSTALLED || health == Health::Offline {
            return None;
        }
        if health == Health::Blind {
            return Some(Figures::default());
        }
        let local = self.zone.from_utc_datetime(&hours::instant(hour).naive_utc()).naive_local();
        let mut dice = Dice::new(&[self.seed, hour.cast_unsigned()]);
        let people = self.people(local, &mut dice);
        Some(self.character.figures(people, &mut dice))
    }

    /// The hours of `span` that were measured, in order.
    pub(super) fn measured(&self, span: &Range<i64>) -> Vec<Range<i64>> {
        let span = span.start.max(INSTALLED)..span.end;
        match &self.outages {
            _ if span.is_empty() => Vec::new(),
            Some(outages) => outages.measured(&span),
            None => vec![span],
        }
    }

    /// The people who come by in the hour that starts at `local`.
    fn people(&self, local: NaiveDateTime, dice: &mut Dice) -> u64 {
        let Place::Busy { crowd, day, closed } = &self.place else {
            return quiet_people(local, dice);
        };
        let weekday = local.weekday();
        if is_holiday(local) || *closed == Some(weekday) {
            return 0;
        }
        let date = i64::from(local.date().to_epoch_days()).cast_unsigned();
        let weather = Dice::new(&[self.seed, date]).between(880, 1120);
        let noise = dice.between(420, 580) + dice.between(420, 580);
        // At most 520 · 1000 · 1450 · 1420 · 1120 · 1160: within 64 bits.
        let expected =
            crowd * day[local.hour() as usize] * WEEKDAYS[weekday as usize] * MONTHS[local.month0() as usize];
        dice.round(expected * weather * noise, 1000_u64.pow(5))
    }
}

impl Place {
    fn busy(part: Part, dice: &mut Dice) -> Self {
        let crowd = SMALLEST_CROWD.max(dice.below(LARGEST_CROWD) * dice.between(300, 1000) / 1000);
        let day = match dice.below(6) {
            0..3 => &SHOP,
            3..5 => &LOBBY,
            _ => &FOOD_COURT,
        };
        let closed = match (part, dice.below(6)) {
            // An outage on a closed day would show nothing.
            (Part::Failing, _) => None,
            (Part::Closed, _) | (_, 0 | 1) => Some(Weekday::Sun),
            (_, 2) => Some(Weekday::Mon),
            _ => None,
        };
        Self::Busy { crowd, day, closed }
    }
}

/// Nobody in most hours, sometimes one, rarely two.
fn quiet_people(local: NaiveDateTime, dice: &mut Dice) -> u64 {
    let open = (8..20).contains(&local.hour()) && !is_holiday(local);
    match dice.below(100) {
        _ if !open => 0,
        0..4 => 2,
        4..26 => 1,
        _ => 0,
    }
}

/// New Year's Day and Christmas Day: all is closed.
fn is_holiday(local: NaiveDateTime) -> bool {
    matches!((local.month(), local.day()), (1, 1) | (12, 25))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::parse_label;

    fn cameras() -> impl Iterator<Item = BelievableCamera> {
        let believable = Believable::of_fleet(24, Tz::Europe__Paris);
        Believable::client_ids(24).map(move |id| believable.camera(&id, 0).unwrap())
    }

    /// The people of the local hour that starts at `label`.
    fn people(camera: &BelievableCamera, label: &str) -> u64 {
        camera.hour(hours::containing(parse_label(label).unwrap())).map_or(0, |figures| figures.passing_by)
    }

    fn people_of_all(label: &str) -> u64 {
        cameras().map(|camera| people(&camera, label)).sum()
    }

    #[test]
    fn nights_and_holidays_are_empty_and_margins_are_quiet() {
        assert_eq!(people_of_all("2026-03-04T03:00:00+01:00"), 0);
        assert_eq!(people_of_all("2026-12-25T12:00:00+01:00"), 0);
        assert_eq!(people_of_all("2027-01-01T12:00:00+01:00"), 0);
        let (margin, noon) =
            (people_of_all("2026-03-04T20:00:00+01:00"), people_of_all("2026-03-04T12:00:00+01:00"));
        assert!(0 < margin && margin < noon / 3, "{margin} at the margin, {noon} at noon");
    }

    #[test]
    fn clocks_are_local_and_follow_daylight_saving() {
        assert_eq!(people_of_all("2026-07-01T06:00:00+02:00"), 0);
        assert!(people_of_all("2026-07-01T07:00:00+02:00") > 0);
        assert_eq!(people_of_all("2026-01-07T06:00:00+01:00"), 0);
        assert!(people_of_all("2026-01-07T07:00:00+01:00") > 0);
    }

    #[test]
    fn saturdays_and_december_are_busy() {
        let noon = |day: &str| people_of_all(&format!("{day}T12:00:00+01:00"));
        assert!(noon("2026-11-21") > noon("2026-11-18"), "Saturday above Wednesday");
        assert!(noon("2026-11-18") > noon("2026-11-22"), "Wednesday above Sunday");
        assert!(noon("2026-12-16") > noon("2026-11-18"), "December above November");
    }

    #[test]
    fn some_streams_have_a_closed_day_and_one_is_quiet() {
        let closed = |camera: &BelievableCamera| people(camera, "2026-11-22T12:00:00+01:00") == 0;
        assert!(closed(&cameras().next().unwrap()), "the first is closed on Sundays");
        let closed = cameras().filter(closed).count();
        assert!((2..20).contains(&closed), "{closed} of 24 are closed on Sundays");
        let quiet = cameras().nth(1).unwrap();
        let week = hours::containing(parse_label("2026-11-16T00:00:00Z").unwrap());
        let counts: Vec<u64> = (week..week + 168).map(|hour| quiet.hour(hour).unwrap().passing_by).collect();
        assert!(counts.iter().all(|count| *count <= 2));
        assert!((5..60).contains(&counts.iter().sum::<u64>()), "{counts:?}");
    }

    #[test]
    fn only_reasonable_client_ids_are_streams_and_nothing_precedes_the_cameras() {
        let believable = Believable::default();
        for id in ["", "a b", "é", "x/y", &"x".repeat(65)] {
            assert!(believable.camera(id, 0).is_none(), "{id:?}");
        }
        let camera = believable.camera("11111111-2222-3333-4444-555555555555", 0).unwrap();
        let installed = parse_label("2000-01-01T00:00:00Z").unwrap();
        assert_eq!(hours::containing(installed), INSTALLED);
        assert_eq!(camera.hour(INSTALLED - 1), None);
        let around = camera.measured(&(INSTALLED - 5..INSTALLED + 5));
        assert_eq!((around.len(), around[0].clone()), (1, INSTALLED..INSTALLED + 5));
        assert_eq!(camera.measured(&(0..5)), []);
    }

    #[test]
    fn the_figures_are_pinned_because_they_must_be_the_same_on_every_machine() {
        let camera = Believable::default().camera("00000000-0000-4000-8000-000000000000", 0).unwrap();
        let noon = hours::containing(parse_label("2026-11-21T11:00:00Z").unwrap());
        let expected = Figures {
            passing_by: 399,
            interested: 123,
            stop_quarters: 11_685,
            attention_quarters: 2_706,
            satisfaction_percent: 5_781,
            female: 60,
            male: 57,
            unknown: 6,
            senior_female: 23,
            senior_male: 17,
            young_female: 32,
            young_male: 36,
        };
        assert_eq!(camera.hour(noon), Some(expected));
    }
}
