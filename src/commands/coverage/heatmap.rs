//! Days as a picture: a row a month, and for each day how much of it is there and the worst of what is not. It can be read
//! without colours; they repeat what the characters say.

use chrono::{Datelike, Months, NaiveDate};

use super::text::percent;
use crate::{
    calendar::{Day, Tally},
    states::State,
};

/// Months that are drawn where nobody says which.
const MONTHS: u32 = 13;

/// What the characters mean.
pub(super) const LEGEND: &str = "\
Shades: how much of a day is there (█ all, ▓▒░ some). Beside it the worst of it:
! failed   - due   0 suspect zeros   ? vanished   × missing   ~ provisional";

/// What is told beside the share of a day: the worst of its buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Failed,
    Due,
    Suspect,
    Vanished,
    Missing,
    Provisional,
    Final,
    Nothing,
}

impl Mark {
    fn of(Day { tally, is_suspect, .. }: &Day) -> Self {
        let has = |state| tally.of(state) > 0;
        match () {
            () if has(State::Failed) => Self::Failed,
            () if has(State::Due) => Self::Due,
            () if *is_suspect => Self::Suspect,
            () if has(State::Vanished) => Self::Vanished,
            () if has(State::Missing) => Self::Missing,
            () if has(State::Provisional) => Self::Provisional,
            () if has(State::Final) => Self::Final,
            () => Self::Nothing,
        }
    }

    fn character(self) -> char {
        match self {
            Self::Failed => '!',
            Self::Due => '-',
            Self::Suspect => '0',
            Self::Vanished => '?',
            Self::Missing => '×',
            Self::Provisional => '~',
            Self::Final | Self::Nothing => ' ',
        }
    }

    /// Of a terminal, as ECMA-48 numbers them.
    fn colour(self) -> Option<u8> {
        match self {
            Self::Failed => Some(31),
            Self::Due => Some(33),
            Self::Suspect => Some(35),
            Self::Vanished => Some(34),
            Self::Missing => Some(36),
            Self::Provisional | Self::Final => Some(32),
            Self::Nothing => None,
        }
    }
}

/// The days of the last months that are drawn where nobody says which.
pub(super) fn last_months(days: &[Day]) -> &[Day] {
    let last = days.last().and_then(|day| day.date.with_day(1));
    let first = last.and_then(|last| last.checked_sub_months(Months::new(MONTHS - 1)));
    let hidden = first.map_or(0, |first| days.partition_point(|day| day.date < first));
    &days[hidden..]
}

/// A row for each month of these days, with the share that is there at its end.
pub(super) fn drawn(days: &[Day], is_coloured: bool) -> String {
    let months = days.chunk_by(|one, next| month(one.date) == month(next.date));
    let rows = months.map(|days| row(days, is_coloured));
    [header()].into_iter().chain(rows).collect::<Vec<_>>().join("\n")
}

fn month(date: NaiveDate) -> (i32, u32) {
    (date.year(), date.month())
}

fn header() -> String {
    let days =
        (1..=31).map(|day| if day == 1 || day % 5 == 0 { format!("{day:<2}") } else { "  ".to_owned() });
    format!("{:8}{}  there", "", days.collect::<String>())
}

fn row(days: &[Day], is_coloured: bool) -> String {
    let cell = |number: u32| match days.iter().find(|day| day.date.day() == number) {
        Some(day) => cell(day, is_coloured),
        None => "  ".to_owned(),
    };
    let name = days.first().map(|day| day.date.format("%Y-%m").to_string()).unwrap_or_default();
    let total: Tally = days.iter().map(|day| day.tally).sum();
    format!("{name} {}{:>7}", (1..=31).map(cell).collect::<String>(), percent(&total))
}

fn cell(day: &Day, is_coloured: bool) -> String {
    let mark = Mark::of(day);
    let text = format!("{}{}", shade(&day.tally), mark.character());
    match mark.colour() {
        Some(colour) if is_coloured => format!("\x1b[{colour}m{text}\x1b[0m"),
        _ => text,
    }
}

fn shade(tally: &Tally) -> char {
    let (exported, expected) = (tally.exported(), tally.expected());
    match 3 * exported {
        0 => ' ',
        _ if exported == expected => '█',
        thrice if thrice >= 2 * expected => '▓',
        thrice if thrice >= expected => '▒',
        _ => '░',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(date: &str, states: &[(State, u32)]) -> Day {
        let mut tally = Tally::default();
        for (state, buckets) in states {
            (0..*buckets).for_each(|_| tally.add(*state));
        }
        Day { date: date.parse().unwrap(), tally, is_suspect: false }
    }

    /// All of a month that ends with these days.
    fn days() -> Vec<Day> {
        use State::{Due, Failed, Final, Missing, NotDue, Pending, Provisional, Vanished};
        let first = NaiveDate::from_ymd_opt(2026, 10, 18).unwrap();
        let october = first.iter_days().take(14).map(|date| day(&date.to_string(), &[(Final, 24)]));
        let mut days: Vec<Day> = october.collect();
        days[7] = day("2026-10-25", &[(Final, 25)]);
        days[8] = day("2026-10-26", &[(Final, 23), (Missing, 1)]);
        days[9] = day("2026-10-27", &[(Final, 8), (Missing, 16)]);
        days[10] = day("2026-10-28", &[(Missing, 24)]);
        days[11].is_suspect = true;
        days.extend([
            day("2026-11-01", &[(Final, 22), (Vanished, 1), (Missing, 1)]),
            day("2026-11-02", &[(Final, 7), (Failed, 17)]),
            day("2026-11-03", &[(Failed, 24)]),
            day("2026-11-04", &[(Final, 16), (Due, 8)]),
            day("2026-11-05", &[(Provisional, 24)]),
            day("2026-11-06", &[(Provisional, 10), (Pending, 1), (NotDue, 13)]),
            day("2026-11-07", &[(NotDue, 24)]),
        ]);
        days
    }

    #[test]
    fn a_calendar_shows_what_of_each_day_is_there_and_the_worst_of_the_rest() {
        let expected = "        1       5         10        15        20        25        30    there
2026-10                                   █ █ █ █ █ █ █ █ ▓×▒× ×█0█ █  87.8 %
2026-11 ▓?░! !▓-█~█~                                                   61.5 %";
        let drawn = drawn(&days(), false);
        assert_eq!(drawn, expected);
        assert!(drawn.lines().chain(LEGEND.lines()).all(|line| line.chars().count() <= 80));
    }

    #[test]
    fn colours_only_repeat_what_the_characters_say() {
        let coloured = drawn(&days(), true);
        assert!(coloured.contains("\x1b[31m░!\x1b[0m"), "{coloured:?}");
        let mut plain = coloured;
        for code in [0, 31, 32, 33, 34, 35, 36] {
            plain = plain.replace(&format!("\x1b[{code}m"), "");
        }
        assert_eq!(plain, drawn(&days(), false));
    }

    #[test]
    fn thirteen_months_are_drawn_where_nobody_says_which() {
        let first = NaiveDate::from_ymd_opt(2024, 1, 31).unwrap();
        let days: Vec<Day> = first.iter_days().take(731).map(|date| day(&date.to_string(), &[])).collect();
        let last = last_months(&days);
        assert_eq!((last[0].date, last.last()), ("2025-01-01".parse().unwrap(), days.last()));
        assert_eq!(last_months(&days[..40]), &days[..40]);
        assert_eq!(last_months(&[]), []);
    }
}
