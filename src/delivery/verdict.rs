//! What the status of an answer means (Simacan contract, sections 4 and 6): pure, so that the whole table can be read.

/// What an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It did what was asked; a body is optional.
    Accepted,
    /// A passing failure.
    TryAgain,
    /// It says no to this very file, and would say it again.
    FileRefused,
    /// It says no in a way that speaks of the address, the method or the account: any other file would fare the same.
    TargetRefused,
}

/// What an answer with this status means. A first 401 never comes here: it renews the token.
pub(super) fn judge(status: u16) -> Verdict {
    match status {
        200..=299 => Verdict::Accepted,
        300..=399 | 401 | 403 | 404 | 405 => Verdict::TargetRefused,
        408 | 425 | 429 => Verdict::TryAgain,
        400..=499 => Verdict::FileRefused,
        _ => Verdict::TryAgain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_its_meaning() {
        for status in 100..=599 {
            let expected = match status {
                200..=299 => Verdict::Accepted,
                300..=399 | 401 | 403 | 404 | 405 => Verdict::TargetRefused,
                400 | 402 | 406 | 407 | 409..=424 | 426..=428 | 430..=499 => Verdict::FileRefused,
                100..=199 | 408 | 425 | 429 | 500..=599 => Verdict::TryAgain,
                _ => unreachable!(),
            };
            assert_eq!(judge(status), expected, "{status}");
        }
    }
}
