//! The part of a configuration that is about accounts, for a simulator.

use super::{
    accounts::System,
    configuration::quoted,
    credentials::{ANGELCAM_PASSWORD, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, SIMACAN_PASSWORD, USERNAME},
};

/// The TOML of both accounts of the simulator at `base_url`, of a delivery of the job `hourly` and of an inventory, to be
/// put behind that of [`configuration`](super::configuration()).
pub fn account_configuration(base_url: &str) -> String {
    let below = |system: System, path: &str| quoted(&format!("{base_url}{}{path}", system.prefix()));
    let simacan = |path| below(System::Simacan, path);
    let angelcam = |path| below(System::Angelcam, path);
    [
        partner(&simacan("/api/v1")),
        cameras([
            &angelcam("/oauth/authorize/"),
            &angelcam("/oauth/token/"),
            &angelcam("/oauth/token-revoke/"),
            &angelcam("/v1"),
        ]),
        delivery(&simacan("/trips/insertOrUpdate")),
        INVENTORY.to_owned(),
    ]
    .concat()
}

fn partner(base_url: &str) -> String {
    format!(
        "\n[[accounts]]\n\
         name = \"partner\"\n\
         kind = \"simacan\"\n\
         base_url = {base_url}\n\
         username = {username}\n\
         password = {password}\n",
        username = quoted(USERNAME),
        password = quoted(SIMACAN_PASSWORD),
    )
}

fn cameras([authorize_url, token_url, revoke_url, api_url]: [&str; 4]) -> String {
    format!(
        "\n# The first sign-in needs a person: audience-exporter auth login angelcam\n\
         # (as {USERNAME} with the password {ANGELCAM_PASSWORD}, or in a browser)\n\
         [[accounts]]\n\
         name = \"angelcam\"\n\
         kind = \"angelcam\"\n\
         client_id = {client_id}\n\
         client_secret = {client_secret}\n\
         redirect_uri = {redirect_uri}\n\
         scope = \"user_access camera_access\"\n\
         authorize_url = {authorize_url}\n\
         token_url = {token_url}\n\
         revoke_url = {revoke_url}\n\
         api_url = {api_url}\n",
        client_id = quoted(CLIENT_ID),
        client_secret = quoted(CLIENT_SECRET),
        redirect_uri = quoted(REDIRECT_URI),
    )
}

/// The target takes JSON with the method `PUT`, as the contract has it.
fn delivery(url: &str) -> String {
    format!(
        "\n[[deliveries]]\n\
         name = \"partner-hourly\"\n\
         job = \"hourly\"\n\
         account = \"partner\"\n\
         url = {url}\n\
         method = \"PUT\"\n\
         content_type = \"application/json\"\n"
    )
}

const INVENTORY: &str = "
[[inventories]]
name = \"cameras\"
account = \"angelcam\"
schedule = \"0 4 * * *\"
format = \"csv\"
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_a_person_would_write_it() {
        let expected = r#"
[[accounts]]
name = "partner"
kind = "simacan"
base_url = "http://127.0.0.1:4321/simacan/api/v1"
username = "simulated@example.com"
password = "secret-partner"

# The first sign-in needs a person: audience-exporter auth login angelcam
# (as simulated@example.com with the password secret-angelcam, or in a browser)
[[accounts]]
name = "angelcam"
kind = "angelcam"
client_id = "simulated-client"
client_secret = "simulated-secret"
redirect_uri = "http://127.0.0.1:8400/callback"
scope = "user_access camera_access"
authorize_url = "http://127.0.0.1:4321/angelcam/oauth/authorize/"
token_url = "http://127.0.0.1:4321/angelcam/oauth/token/"
revoke_url = "http://127.0.0.1:4321/angelcam/oauth/token-revoke/"
api_url = "http://127.0.0.1:4321/angelcam/v1"

[[deliveries]]
name = "partner-hourly"
job = "hourly"
account = "partner"
url = "http://127.0.0.1:4321/simacan/trips/insertOrUpdate"
method = "PUT"
content_type = "application/json"

[[inventories]]
name = "cameras"
account = "angelcam"
schedule = "0 4 * * *"
format = "csv"
"#;
        let text = account_configuration("http://127.0.0.1:4321");
        assert_eq!(text, expected);
        let toml = toml::de::DeTable::parse(&text).unwrap().into_inner();
        assert_eq!(toml.len(), 3);
    }
}
