//! The Angus systems: stream tokens and the Data API, as `contracts/angus.md` tells them. Section numbers in this
//! module's comments are that contract's.

mod answer;
mod client;
mod error;
mod figures;
mod json;
mod listing;
mod oddities;
mod pace;
mod page;
mod request;
mod retry;
mod shape;
mod sign_in;
mod token;
mod usual;
mod walk;

pub use client::{AngusClient, AskingListener, StreamSession};
pub use error::{FetchError, Incomplete, ProtocolError};
pub use listing::{Listing, ListingBuilder, ListingError, NextStep, Query};
pub use oddities::{Oddities, Oddity};
pub use page::{Page, decode_page};
pub use retry::{Verdict, judge_data_answer, judge_token_answer};
pub use sign_in::StreamSignIn;
pub use token::read_grant;
