//! Reading and writing instants.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Offset, SecondsFormat, TimeZone, Utc};
use chrono_tz::{GapInfo, Tz};

/// A time that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Neither a date nor an RFC 3339 instant.
    #[error(
        "expected a date from 1970 to 2199 such as 2026-11-21, or an instant such as 2026-11-21T13:00:00Z, found {0:?}"
    )]
    NotADateOrInstant(String),
    /// A bucket label that is no instant with an offset.
    #[error("expected an instant with an offset, found {0:?}")]
    NotAnInstant(String),
}

/// `2026-11-21T13:00:00Z`: how people and files see an instant. Fractions show only where there are any.
pub fn to_display(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// The wall clock of a zone, such as `2026-11-21T14:00:00`, as files show it.
pub fn to_local(instant: DateTime<Utc>, zone: Tz) -> String {
    instant.with_timezone(&zone).format("%Y-%m-%dT%H:%M:%S").to_string()
}

/// `2026-11-21T13:00:00+00:00`: how the Data API is asked (Angus contract, section 3), before percent-encoding.
pub fn to_wire(instant: DateTime<Utc>) -> String {
    instant.format("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

/// Reads an instant as the Data API writes it: with `Z`, `+00:00` or `+0000`, with or without fractions
/// (Angus contract, sections 3 and 6).
pub fn parse_label(text: &str) -> Result<DateTime<Utc>, TimeError> {
    DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"))
        .map(|instant| instant.with_timezone(&Utc))
        .map_err(|_| TimeError::NotAnInstant(text.to_owned()))
}

/// Reads an instant in the very form of [`to_wire`], which is how nearly all labels are written; `None` for any other.
pub fn parse_wire(text: &str) -> Option<DateTime<Utc>> {
    let bytes = text.strip_suffix("+00:00")?.as_bytes();
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2, b':', s1, s2] = bytes
    else {
        return None;
    };
    let two = |tens, ones| Some(digit(tens)? * 10 + digit(ones)?);
    let year = two(y1, y2)? * 100 + two(y3, y4)?;
    let date = NaiveDate::from_ymd_opt(year.cast_signed(), two(m1, m2)?, two(d1, d2)?)?;
    Some(date.and_hms_opt(two(h1, h2)?, two(n1, n2)?, two(s1, s2)?)?.and_utc())
}

fn digit(byte: u8) -> Option<u32> {
    byte.is_ascii_digit().then(|| u32::from(byte - b'0'))
}

/// Reads one end of a range as a person types it: a date is that day's midnight in `zone`, anything else is RFC 3339.
pub fn parse_bound(text: &str, zone: Tz) -> Result<DateTime<Utc>, TimeError> {
    let instant = match text.parse::<NaiveDate>() {
        Ok(date) => Some(local_midnight(date, zone)),
        Err(_) => DateTime::parse_from_rfc3339(text).ok().map(|instant| instant.with_timezone(&Utc)),
    };
    // No camera counted before, and beyond 1677 and 2262 instants do not align.
    let plausible = instant.filter(|instant| (1970..=2199).contains(&instant.year()));
    plausible.ok_or_else(|| TimeError::NotADateOrInstant(text.to_owned()))
}

/// The first instant at which the wall clock of `zone` shows `date`, or a later date where the zone skipped
/// `date` (Pacific/Apia had no 2011-12-30). A clock turned back across midnight does not start the day again.
pub fn local_midnight(date: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let midnight = NaiveDateTime::new(date, NaiveTime::MIN);
    let first = zone.from_local_datetime(&midnight).earliest();
    let first = first.or_else(|| GapInfo::new(&midnight, &zone).and_then(|gap| gap.end));
    // A wall time that is neither shown nor skipped does not exist; UTC keeps the function total.
    first.map_or_else(|| midnight.and_utc(), |instant| instant.with_timezone(&Utc))
}

/// `+01:00`; with seconds only where a zone had them (Africa/Monrovia until 1972: `-00:44:30`).
pub fn utc_offset(instant: DateTime<Utc>, zone: Tz) -> String {
    let seconds = zone.offset_from_utc_datetime(&instant.naive_utc()).fix().local_minus_utc();
    let sign = if seconds < 0 { '-' } else { '+' };
    let (hours, minutes, rest) = (seconds.abs() / 3600, seconds.abs() / 60 % 60, seconds.abs() % 60);
    if rest == 0 {
        format!("{sign}{hours:02}:{minutes:02}")
    } else {
        format!("{sign}{hours:02}:{minutes:02}:{rest:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_in_every_form_the_vendor_was_seen_to_write() {
        let nine = DateTime::from_timestamp(1_772_442_000, 0).unwrap();
        for text in [
            "2026-03-02T09:00:00+00:00",
            "2026-03-02T09:00:00Z",
            "2026-03-02T09:00:00+0000",
            "2026-03-02T11:00:00+02:00",
            "2026-03-02T11:00:00+0200",
            "2026-03-02T09:00:00.000Z",
        ] {
            assert_eq!(parse_label(text), Ok(nine), "{text}");
        }
        assert!(parse_label("2026-03-02T09:00:00").is_err());
        assert!(parse_label("global").is_err());
    }

    #[test]
    fn the_form_that_is_sent_is_read_back_and_no_other() {
        for seconds in [0, 951_782_400, 1_772_442_000, 4_102_444_799, -1] {
            let instant = DateTime::from_timestamp(seconds, 0).unwrap();
            assert_eq!(parse_wire(&to_wire(instant)), Some(instant));
            assert_eq!(parse_label(&to_wire(instant)), Ok(instant));
        }
        for other in [
            "2026-03-02T09:00:00Z",
            "2026-03-02T09:00:00+0000",
            "2026-03-02T09:00:00.0+00:00",
            "2026-03-02t09:00:00+00:00",
            "2026-02-29T09:00:00+00:00",
            "2026-03-02T24:00:00+00:00",
            "2026-03-02T09:00:60+00:00",
            "+026-03-02T09:00:00+00:00",
            "global",
        ] {
            assert_eq!(parse_wire(other), None, "{other}");
        }
    }

    #[test]
    fn a_date_is_the_local_midnight_and_a_skipped_date_is_where_the_clock_landed() {
        let paris = parse_bound("2026-07-01", Tz::Europe__Paris).unwrap();
        assert_eq!(to_display(paris), "2026-06-30T22:00:00Z");
        let apia = parse_bound("2011-12-30", Tz::Pacific__Apia).unwrap();
        assert_eq!(to_display(apia), "2011-12-30T10:00:00Z");
        let sao_paulo = parse_bound("2018-11-04", Tz::America__Sao_Paulo).unwrap();
        assert_eq!(to_display(sao_paulo), "2018-11-04T03:00:00Z");
        for nonsense in ["yesterday", "0206-01-01", "-262143-01-01", "2200-01-01"] {
            assert!(parse_bound(nonsense, Tz::UTC).is_err(), "{nonsense}");
        }
    }

    #[test]
    fn offsets_show_seconds_only_where_there_are_any() {
        let winter = parse_label("2026-01-01T00:00:00Z").unwrap();
        assert_eq!(utc_offset(winter, Tz::Europe__Paris), "+01:00");
        assert_eq!(utc_offset(winter, Tz::America__St_Johns), "-03:30");
        assert_eq!(
            utc_offset(parse_label("1971-01-01T00:00:00Z").unwrap(), Tz::Africa__Monrovia),
            "-00:44:30"
        );
    }
}
