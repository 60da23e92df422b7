//! The text of one page (Angus contract, section 4), written by hand: it is what the simulator spends its time on.

use std::fmt::Write;

use chrono::{Datelike, Timelike};

use super::{
    ask::{Ask, echo},
    figures::Figures,
    hours,
    listing::Listing,
    refusal::Refusal,
};
use crate::{metric::Metric, time::BucketSize};

/// About how long one bucket with all metrics is.
const BUCKET_BYTES: usize = 320;

/// The page that `ask` asks for, of at most `page_size` buckets; `base_url` is where the client asked.
pub(super) fn render(
    ask: &Ask,
    listing: &Listing<'_>,
    page_size: usize,
    base_url: &str,
) -> Result<String, Refusal> {
    let page_size = page_size.max(1);
    let pages = listing.total().div_ceil(page_size).max(1);
    if !(1..=pages).contains(&ask.page) {
        return Err(Refusal::no_such_page(ask.page, pages));
    }
    let buckets = listing.buckets((ask.page - 1) * page_size, page_size);
    let mut json = String::with_capacity(buckets.len() * BUCKET_BYTES + 512);
    json.push_str("{\"entities\":{");
    // The order of the keys is not guaranteed, so it is never the one that a careless client hopes for.
    for (index, bucket) in every_other_first(&buckets).enumerate() {
        json.push_str(if index == 0 { "\"" } else { ",\"" });
        push_label(&mut json, bucket, ask.size);
        json.push_str("\":");
        push_bucket(&mut json, &ask.metrics, &listing.figures(bucket));
    }
    push_envelope(&mut json, ask, listing.total(), pages);
    json.push_str(",\"next_page\":\"");
    if ask.page < pages {
        push_next_page(&mut json, ask, base_url);
    }
    json.push_str("\"}");
    Ok(json)
}

/// The second, fourth, … and then the first, third, … bucket.
fn every_other_first(buckets: &[i64]) -> impl Iterator<Item = i64> {
    buckets.iter().skip(1).step_by(2).chain(buckets.iter().step_by(2)).copied()
}

fn push_envelope(json: &mut String, ask: &Ask, total: usize, pages: usize) {
    // Writing to a string cannot fail.
    let _ = write!(
        json,
        "}},\"from_date\":\"{}\",\"to_date\":\"{}\",\"time\":\"{}\",\
         \"total_results\":{total},\"nb_of_pages\":{pages},\"page\":{}",
        echo(ask.from),
        echo(ask.to),
        ask.size.as_str(),
        ask.page,
    );
}

/// The whole URL of the next page, with the window as it was understood.
fn push_next_page(json: &mut String, ask: &Ask, base_url: &str) {
    let _ = write!(json, "{base_url}/api/1/entities?metrics=");
    for (index, metric) in ask.metrics.iter().enumerate() {
        json.push_str(if index == 0 { "" } else { "," });
        json.push_str(metric.as_str());
    }
    let encode = |date: String| date.replace(':', "%3A").replace('+', "%2B");
    let (from, to) = (encode(echo(ask.from)), encode(echo(ask.to)));
    let _ = write!(json, "&from_date={from}&to_date={to}&time={}&page={}", ask.size.as_str(), ask.page + 1);
}

fn push_label(json: &mut String, bucket: i64, size: BucketSize) {
    let hour = match size {
        BucketSize::Hour => bucket,
        BucketSize::Day => bucket * 24,
        BucketSize::Global => return json.push_str("global"),
    };
    let start = hours::instant(hour);
    push_padded(json, start.year().unsigned_abs(), 4);
    for (separator, number) in [('-', start.month()), ('-', start.day()), ('T', start.hour())] {
        json.push(separator);
        push_padded(json, number, 2);
    }
    json.push_str(":00:00+00:00");
}

fn push_bucket(json: &mut String, metrics: &[Metric], figures: &Figures) {
    let mut separator = "\"";
    json.push('{');
    for metric in metrics {
        // Nobody was interested, so there is nothing to be satisfied with.
        if *metric == Metric::Satisfaction && figures.interested == 0 {
            continue;
        }
        json.push_str(separator);
        json.push_str(metric.as_str());
        json.push_str("\":");
        separator = ",\"";
        push_metric(json, *metric, figures);
    }
    json.push('}');
}

fn push_metric(json: &mut String, metric: Metric, figures: &Figures) {
    match metric {
        Metric::PassingBy => push_counts(json, &[("value", figures.passing_by)]),
        Metric::Interested => push_counts(json, &[("value", figures.interested)]),
        Metric::StopTime => push_mean(json, figures.stop_quarters, figures.interested, figures.stop_time()),
        Metric::AttentionTime => {
            push_mean(json, figures.attention_quarters, figures.interested, figures.attention_time());
        }
        Metric::Category => push_counts(
            json,
            &[
                ("senior_female", figures.senior_female),
                ("senior_male", figures.senior_male),
                ("young_female", figures.young_female),
                ("young_male", figures.young_male),
            ],
        ),
        Metric::Gender => {
            push_counts(json, &[("?", figures.unknown), ("female", figures.female), ("male", figures.male)]);
        }
        Metric::Satisfaction => push_satisfaction(json, figures.satisfaction().unwrap_or(0)),
    }
}

fn push_counts(json: &mut String, counts: &[(&str, u64)]) {
    let mut separator = "{\"";
    for (key, count) in counts {
        json.push_str(separator);
        json.push_str(key);
        json.push_str("\":");
        push_number(json, *count);
        separator = ",\"";
    }
    json.push('}');
}

/// A mean of seconds. That of an hour is a whole number of quarters, which needs no floating point to be written.
fn push_mean(json: &mut String, quarters: u64, people: u64, seconds: Option<f64>) {
    json.push_str("{\"value\":");
    match (quarters.checked_rem(people), seconds) {
        (Some(0), _) => {
            push_number(json, quarters / people / 4);
            json.push_str(match quarters / people % 4 {
                0 => ".0",
                1 => ".25",
                2 => ".5",
                _ => ".75",
            });
        }
        (_, Some(seconds)) => {
            let _ = write!(json, "{seconds:?}");
        }
        _ => json.push_str("null"),
    }
    json.push('}');
}

/// A number from 0 to 1 with two decimals at the most, the way JSON libraries write it: the contract gives no more
/// than the example `{"value":0.4}`.
fn push_satisfaction(json: &mut String, hundredths: u64) {
    json.push_str("{\"value\":");
    push_number(json, hundredths / 100);
    json.push('.');
    push_digit(json, hundredths / 10);
    if !hundredths.is_multiple_of(10) {
        push_digit(json, hundredths);
    }
    json.push('}');
}

fn push_number(json: &mut String, number: u64) {
    if number >= 10 {
        push_number(json, number / 10);
    }
    push_digit(json, number);
}

fn push_padded(json: &mut String, number: u32, digits: u32) {
    for power in (0..digits).rev() {
        push_digit(json, u64::from(number / 10_u32.pow(power)));
    }
}

/// The last digit of `number`.
fn push_digit(json: &mut String, number: u64) {
    json.push(char::from(b'0' + u8::try_from(number % 10).unwrap_or(0)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(metrics: &[Metric], figures: &Figures) -> String {
        let mut json = String::new();
        push_bucket(&mut json, metrics, figures);
        json
    }

    #[test]
    fn a_bucket_reads_as_in_the_contract() {
        let nine = Figures {
            passing_by: 9,
            interested: 4,
            stop_quarters: 4 * 50,
            attention_quarters: 4 * 24,
            satisfaction_percent: 4 * 40,
            female: 1,
            male: 2,
            unknown: 1,
            senior_male: 1,
            young_female: 1,
            young_male: 1,
            ..Figures::default()
        };
        assert_eq!(
            bucket(&Metric::ALL, &nine),
            "{\"passing_by\":{\"value\":9},\"interested\":{\"value\":4},\"stop_time\":{\"value\":12.5},\
             \"attention_time\":{\"value\":6.0},\"category\":{\"senior_female\":0,\"senior_male\":1,\
             \"young_female\":1,\"young_male\":1},\"gender\":{\"?\":1,\"female\":1,\"male\":2},\
             \"satisfaction\":{\"value\":0.4}}"
        );
        assert_eq!(
            bucket(&[Metric::Satisfaction, Metric::StopTime], &Figures::default()),
            "{\"stop_time\":{\"value\":null}}"
        );
    }

    #[test]
    fn satisfaction_reads_as_json_libraries_write_it() {
        for hundredths in 0..=100 {
            let figures = Figures { interested: 1, satisfaction_percent: hundredths, ..Figures::default() };
            let expected = format!("{{\"satisfaction\":{{\"value\":{:?}}}}}", hundredths as f64 / 100.0);
            assert_eq!(bucket(&[Metric::Satisfaction], &figures), expected);
        }
    }

    #[test]
    fn both_ways_of_writing_a_mean_agree() {
        for quarters in 1..400 {
            let figures = Figures { interested: 1, stop_quarters: quarters, ..Figures::default() };
            let expected = format!("{{\"stop_time\":{{\"value\":{:?}}}}}", figures.stop_time().unwrap());
            assert_eq!(bucket(&[Metric::StopTime], &figures), expected);
        }
        let third = Figures { interested: 3, stop_quarters: 40, ..Figures::default() };
        assert_eq!(bucket(&[Metric::StopTime], &third), "{\"stop_time\":{\"value\":3.3333333333333335}}");
    }

    #[test]
    fn labels_are_the_starts_of_hours_and_days() {
        let label = |bucket, size| {
            let mut json = String::new();
            push_label(&mut json, bucket, size);
            json
        };
        assert_eq!(label(492_345, BucketSize::Hour), "2026-03-02T09:00:00+00:00");
        assert_eq!(label(20_514, BucketSize::Day), "2026-03-02T00:00:00+00:00");
        assert_eq!(label(0, BucketSize::Global), "global");
    }

    #[test]
    fn keys_are_out_of_order_and_complete() {
        assert_eq!(every_other_first(&[1, 2, 3, 4, 5]).collect::<Vec<_>>(), [2, 4, 1, 3, 5]);
        assert_eq!(every_other_first(&[1]).collect::<Vec<_>>(), [1]);
    }
}
