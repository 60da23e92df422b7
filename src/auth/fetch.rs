//! Who brings tokens. A fetcher only fetches: it knows neither expiry nor other callers, nor whether it may be asked.

use super::{
    angelcam::AngelcamAuth,
    rules::{AskKind, Outcome},
    simacan::SimacanAuth,
};
use crate::{angus::StreamSignIn, secret::Secret};

/// One account at one of the systems.
#[expect(clippy::large_enum_variant, reason = "there is one an account")]
pub enum Fetcher {
    /// A stream at the Angus console.
    Angus(StreamSignIn),
    /// An account at the Simacan Auth API.
    Simacan(SimacanAuth),
    /// An account at Angelcam's authorization server.
    Angelcam(AngelcamAuth),
    /// What a test says.
    #[cfg(test)]
    Scripted(super::tests::Script),
}

impl Fetcher {
    /// Asks once. `secret` is the account's secret for a sign-in, or else the refresh token.
    pub(super) async fn fetch(&self, ask: AskKind, secret: &Secret) -> Outcome {
        match self {
            Self::Angus(stream) => stream.attempt(secret).await,
            Self::Simacan(account) => account.attempt(ask, secret).await,
            Self::Angelcam(account) => account.refresh(secret).await,
            #[cfg(test)]
            Self::Scripted(script) => script.attempt(ask, secret).await,
        }
    }
}
