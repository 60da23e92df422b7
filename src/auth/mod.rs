//! Keeping tokens alive, for all three systems.
//!
//! What a request sees is a [`TokenManager`]; it owns a cache that knows expiry; behind that stands a [`Fetcher`] that
//! only fetches. What to do when is decided by [`rules`], which are pure; what must survive a restart lies in a [`Vault`].

mod accounts;
mod angelcam;
mod answer;
mod document;
mod error;
mod fetch;
mod identity;
mod keeping;
mod manager;
mod record;
mod refusals;
mod renewal;
pub mod rules;
mod seal;
mod simacan;
mod store;
#[cfg(test)]
mod tests;
mod token;
mod view;

pub use accounts::{AccountSession, Accounts, CallError, Reply};
pub use angelcam::AngelcamAuth;
pub(crate) use answer::fits_into_a_header;
pub use error::AuthError;
pub use fetch::Fetcher;
pub(crate) use manager::Renewals;
pub use manager::{Holder, TokenManager};
pub use record::{Access, Life, Record, Refresh, Standing};
pub(crate) use refusals::Refusals;
pub use rules::{Grant, NoGrant, Outcome, System};
pub use seal::WeakKey;
pub use simacan::SimacanAuth;
pub use store::{StoreError, Vault};
pub use token::Token;
pub use view::{AccountState, AccountView, LONGEST_IDLE, OLD_REFRESH_TOKEN};
