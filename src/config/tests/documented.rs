//! The example that explains the configuration to users, whole.

use std::path::Path;

use reqwest::Url;

use super::{parse, valid};
use crate::config::{AccountSystem, AngelcamSignIn, Config, ContentType, DeliveryMethod, SecretSource};

/// As it is documented, with every section.
const EXAMPLE: &str = include_str!("documented.toml");

#[test]
fn the_documented_example_is_read_whole() {
    let config = valid(EXAMPLE);
    let accounts = config.accounts.iter().map(|account| (&*account.name, account.system.as_str()));
    assert_eq!(accounts.collect::<Vec<_>>(), [("partner", "simacan"), ("angelcam", "angelcam")]);
    let [delivery] = &config.deliveries[..] else { panic!("not one delivery") };
    assert_eq!(
        [&*delivery.name, &delivery.job.name, &delivery.account.name, delivery.url.as_str()],
        [
            "partner-hourly",
            "hourly",
            "partner",
            "https://planning-receive-api.services.simacan.com/trips/insertOrUpdate"
        ]
    );
    assert_eq!((delivery.method, delivery.content_type), (DeliveryMethod::Post, ContentType::Csv));
    let [inventory] = &config.inventories[..] else { panic!("not one inventory") };
    assert_eq!(
        [&*inventory.name, &inventory.account.name, inventory.schedule.as_str()],
        ["cameras", "angelcam", "0 4 * * *"]
    );
    assert_eq!(config.jobs[0].streams[0].name, "lobby");
    assert_eq!(config.warnings.len(), 1, "{:?}", config.warnings);
    assert!(config.warnings[0].starts_with("delivery \"partner-hourly\": text/csv"));
}

#[test]
fn secrets_of_the_example_lie_beside_it() {
    let config = Config::parse(EXAMPLE, Path::new("/etc/x/exporter.toml")).ok().unwrap();
    let AccountSystem::Simacan(partner) = &config.accounts[0].system else { panic!("not at Simacan") };
    assert_eq!(partner.base_url.as_str(), "https://auth-service.services.simacan.com/api/v1");
    assert_eq!(partner.password.describe(), "file /etc/x/secrets/partner");
    let AccountSystem::Angelcam(angelcam) = &config.accounts[1].system else { panic!("not at Angelcam") };
    let AngelcamSignIn::OAuth(client) = &angelcam.sign_in else { panic!("no sign-in") };
    let secret = client.client_secret.as_ref().map(SecretSource::describe);
    assert_eq!(secret.as_deref(), Some("file /etc/x/secrets/angelcam"));
    assert_eq!(client.redirect_uri.as_ref().map(Url::as_str), Some("http://127.0.0.1:8400/callback"));
}

#[test]
fn the_personal_token_of_the_example_may_be_uncommented_where_it_stands() {
    let commented = "# personal_access_token = ";
    assert!(EXAMPLE.contains(commented));
    let config = parse(&EXAMPLE.replace(commented, &commented[2..])).ok().unwrap();
    let AccountSystem::Angelcam(angelcam) = &config.accounts[1].system else { panic!("not at Angelcam") };
    let AngelcamSignIn::PersonalToken(token) = &angelcam.sign_in else { panic!("a sign-in") };
    assert_eq!(token.describe(), "file secrets/pat");
}

#[test]
fn every_word_of_the_wire_is_a_word_of_the_configuration() {
    for (content_type, method) in
        ContentType::ALL.into_iter().flat_map(|each| DeliveryMethod::ALL.map(|method| (each, method)))
    {
        let text = EXAMPLE
            .replace("method = \"POST\"", &format!("method = \"{}\"", method.as_str()))
            .replace("content_type = \"text/csv\"", &format!("content_type = \"{}\"", content_type.as_str()));
        let delivery = &valid(&text).deliveries[0];
        assert_eq!((delivery.content_type, delivery.method), (content_type, method));
    }
}
