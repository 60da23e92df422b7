//! Signing in by a browser: the person grants access at the service, which sends the browser back here with a code
//! (Angelcam contract, section 3; RFC 6749, section 4.1; RFC 8252, section 7.3).

mod callback;
mod page;
mod server;

pub use callback::{Callback, Pending, STATE_LIFE};
pub use server::{Address, CallbackServer, Ending, ListenError, NoLoopback};
