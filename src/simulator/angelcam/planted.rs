//! What answers hold that no client may keep: secret addresses, a secret hash, and personal data. Search for
//! [`planted::MARK`](MARK) to find any of it.

/// How every planted text begins.
pub const MARK: &str = "planted-";
/// A phone number.
pub const PHONE: &str = "planted-phone";
/// An e-mail address.
pub const EMAIL: &str = "planted-email@example.com";
/// A first name.
pub const FIRST_NAME: &str = "planted-first-name";
/// A last name.
pub const LAST_NAME: &str = "planted-last-name";

/// Part of the stream addresses of the camera `id`.
pub fn stream_url(id: u64) -> String {
    format!("planted-secret-stream-url-{id}")
}

/// Part of the snapshot addresses of the camera `id`.
pub fn snapshot_url(id: u64) -> String {
    format!("planted-secret-snapshot-url-{id}")
}

/// The secret with which events of the camera `id` are signed.
pub fn event_hash(id: u64) -> String {
    format!("planted-event-hash-{id}")
}
