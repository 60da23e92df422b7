//! Who may ask the API: an access token with the right scope, or the personal token, and not too often.

use axum::http::{HeaderMap, StatusCode, header::AUTHORIZATION};
use chrono::{DateTime, Utc};

use super::{Angelcam, envelope};
use crate::simulator::{
    accounts::{Refused, System, gate::Visitor, lock},
    credentials::PERSONAL_ACCESS_TOKEN,
    faults::Errand,
};

impl Angelcam {
    /// Admits a request that needs `scope`, or refuses it.
    pub(super) fn admit(
        &self,
        headers: &HeaderMap,
        scope: &str,
        now: DateTime<Utc>,
    ) -> Result<Visitor, Refused> {
        let detail = "Authentication credentials were not provided.";
        let missing = || envelope::refusal(StatusCode::UNAUTHORIZED, detail);
        let header = headers.get(AUTHORIZATION).ok_or_else(missing)?;
        let (scheme, token) =
            header.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(envelope::bad_token)?;
        let (granted, errand) = match scheme {
            "Bearer" => (lock(&self.chains).scope(token, now).map(str::to_owned), Errand::Call),
            "PersonalAccessToken" if token == PERSONAL_ACCESS_TOKEN => {
                (Some("read".to_owned()), Errand::FixedCall)
            }
            _ => (None, Errand::Call),
        };
        let granted = granted.ok_or_else(envelope::bad_token)?;
        lock(&self.throttle).admit(now).map_err(envelope::throttled)?;
        if !covers(&granted, scope) {
            let detail = "You do not have permission to perform this action.";
            return Err(envelope::refusal(StatusCode::FORBIDDEN, detail));
        }
        Ok(Visitor::of(System::Angelcam, errand))
    }
}

/// Whether `granted` allows what needs `scope`; the older `read` allows everything here.
fn covers(granted: &str, scope: &str) -> bool {
    granted.split(' ').any(|name| name == scope || name == "read")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_covers_itself_and_read_covers_all() {
        assert!(
            covers("user_access camera_access", "camera_access") && covers("read write", "camera_access")
        );
        assert!(!covers("user_access", "camera_access") && !covers("", "camera_access"));
    }
}
