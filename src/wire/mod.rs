//! What every conversation with a remote system shares: connections, time, patience, reading bodies, and keeping
//! secrets out of what is shown. What an answer means is for the module of its system.

mod address;
mod authorization;
mod body;
mod client;
mod discretion;
mod form;
mod pause;
mod reason;
mod retry;
mod server_clock;
mod traffic;
mod transport;

pub(crate) use address::below;
pub use authorization::Scheme;
pub(crate) use authorization::authorization;
pub(crate) use body::{BodyError, MAX_ERROR_BODY_BYTES, read_at_most, read_whole, status_words};
pub use client::{ClientSetupError, Http, Timing};
pub(crate) use discretion::Discretion;
pub(crate) use form::{Spaces, encode_form, encode_multipart, percent_encode, wiped};
pub use pause::{Patience, Waited};
pub use reason::RetryReason;
pub(crate) use retry::retry_after;
pub use retry::{Decision, RetryPolicy, Trouble};
pub(crate) use server_clock::server_time;
pub use traffic::{Answer, Endpoint, Traffic};
pub use transport::Transport;
pub(crate) use transport::transport_trouble;
