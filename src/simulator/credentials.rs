//! What opens the simulated accounts. All of it is invented and opens nothing else.

/// The login at both systems.
pub const USERNAME: &str = "simulated@example.com";
/// The password at the simulated Simacan.
pub const SIMACAN_PASSWORD: &str = "secret-partner";
/// The password at the simulated Angelcam.
pub const ANGELCAM_PASSWORD: &str = "secret-angelcam";
/// The one client that the simulated Angelcam knows.
pub const CLIENT_ID: &str = "simulated-client";
/// The secret of [`CLIENT_ID`].
pub const CLIENT_SECRET: &str = "simulated-secret";
/// The personal access token of the simulated Angelcam account.
pub const PERSONAL_ACCESS_TOKEN: &str = "simulated-pat";
/// The redirect URI that is registered for [`CLIENT_ID`].
pub const REDIRECT_URI: &str = "http://127.0.0.1:8400/callback";
