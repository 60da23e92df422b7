//! "Did you mean …?": the closest of the words that are allowed.

use super::report::{Mismatch, quoted};

/// The candidate that `text` most probably was meant to be: at most a third of its characters differ.
pub(crate) fn nearest<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = text.to_lowercase();
    let length = text.chars().count();
    let limit = (length.max(3) / 3).min(length.saturating_sub(1));
    let lower_length = lower.chars().count();
    // Comparing takes the product of both lengths, and a wrong text may be of any length.
    let may_be_near = |candidate: &str| candidate.chars().count().abs_diff(lower_length) <= limit;
    candidates
        .into_iter()
        .map(|candidate| (candidate.to_lowercase(), candidate))
        .filter(|(candidate, _)| may_be_near(candidate))
        .map(|(lowered, candidate)| (strsim::damerau_levenshtein(&lower, &lowered), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The choice whose word is `text`.
pub(super) fn one_of<T: Copy>(
    text: &str,
    choices: &[T],
    word: impl Fn(T) -> &'static str,
) -> Result<T, Mismatch> {
    let chosen = choices.iter().copied().find(|choice| word(*choice) == text);
    chosen.ok_or_else(|| {
        let words: Vec<&str> = choices.iter().map(|choice| word(*choice)).collect();
        not_one_of(&words, nearest(text, words.iter().copied()), quoted(text))
    })
}

/// The mismatch of something that is none of `words`. A long list is cut where there is a suggestion.
pub(super) fn not_one_of(words: &[&str], suggestion: Option<&str>, found: impl Into<String>) -> Mismatch {
    let list = match words {
        [first, second, _, _, ..] if suggestion.is_some() => format!("{first}, {second}, ..."),
        _ => words.join(", "),
    };
    Mismatch::new(format!("one of {list}"), found).did_you_mean(suggestion)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_recognised_and_another_word_is_not() {
        let words = ["passing_by", "interested", "stop_time"];
        assert_eq!(nearest("pasing_by", words), Some("passing_by"));
        assert_eq!(nearest("Stop-Time", words), Some("stop_time"));
        assert_eq!(nearest("itnerested", words), Some("interested"));
        assert_eq!(nearest("visitors", words), None);
        assert_eq!(nearest("", words), None);
        assert_eq!(nearest("x", ["y"]), None);
    }

    /// Compared in full, it would take as many steps as the text has characters, for each character of each zone.
    #[test]
    fn a_text_of_any_length_is_judged_by_its_length_first() {
        let long = "a".repeat(1 << 20);
        let zones = chrono_tz::TZ_VARIANTS.map(chrono_tz::Tz::name);
        assert_eq!(nearest(&long, zones), None);
        assert_eq!(nearest("x", [long.as_str(), "y"]), None);
    }
}
