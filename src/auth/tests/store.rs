//! What is kept on disk: read back as it was, read for ever, private, sealed where there is a key, and never started
//! afresh where it cannot be read.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, sync::Arc};

use chrono::{DateTime, Utc};
use proptest::prelude::*;

use super::{
    super::{
        document::Kept,
        identity::SecretCheck,
        record::{Access, Life, Record, Refresh, Standing},
        store::{StoreError, Vault},
    },
    disk::mode,
};
use crate::{config::SecretSource, secret::Secret, sink::publish::Durability};

const NAME: &str = "account.partner";

/// The first version of the file, as the first release wrote it.
const GOLDEN: &str = include_str!("../../../tests/golden/tokens-v1.json");
/// The same, sealed with [`GOLDEN_KEY`].
const GOLDEN_SEALED: &str = include_str!("../../../tests/golden/tokens-v1-sealed.json");
const GOLDEN_KEY: &str = "a key that is kept for ever, and only for this test";

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn secret(text: &str) -> Arc<Secret> {
    Arc::new(Secret::new(text.to_owned()))
}

fn key(text: &str) -> SecretSource {
    SecretSource::Literal(Secret::new(text.to_owned()))
}

fn vault(folder: &Path, key: Option<&SecretSource>) -> Vault {
    Vault::new(&folder.join("state"), key).unwrap()
}

fn file(folder: &Path) -> std::path::PathBuf {
    folder.join("state/tokens").join(format!("{NAME}.json"))
}

/// A folder in which this text lies under [`NAME`].
fn folder_with(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("state/tokens")).unwrap();
    fs::write(file(folder.path()), text).unwrap();
    folder
}

fn kept(access: &str, refresh: &str) -> Kept {
    let life =
        Life { begins_at: at(1_700_000_000), renew_at: at(1_700_003_540), expires_at: at(1_700_003_600) };
    let record = Record {
        generation: 7,
        access: Some(Access { token: secret(access), life }),
        refresh: Some(Refresh { token: secret(refresh), issued_at: at(1_700_000_000) }),
        refresh_sent_at: Some(at(1_700_003_541)),
        refresh_sends: 0,
        password_sent_at: Some(at(1_699_999_999)),
        standing: Standing::Degraded { until: at(1_700_003_841), message: "status 503".to_owned() },
    };
    let identity = "simacan https://auth.example.com/api/v1 ops@example.com".to_owned();
    Kept { record, identity, secret: SecretCheck::of(&secret("open sesame")) }
}

/// Everything of it, as text.
fn shown(kept: &Kept) -> String {
    let Record { generation, access, refresh, refresh_sent_at, refresh_sends, password_sent_at, standing } =
        &kept.record;
    let access = access.as_ref().map(|access| (access.token.expose(), access.life));
    let refresh = refresh.as_ref().map(|refresh| (refresh.token.expose(), refresh.issued_at));
    let Kept { identity, secret, .. } = kept;
    format!(
        "{generation} {access:?} {refresh:?} {refresh_sent_at:?} {refresh_sends} {password_sent_at:?} {standing:?} \
         {identity} {secret:?}"
    )
}

fn assert_is_golden(found: &Kept) {
    let expected = Kept { secret: found.secret.clone(), ..kept("A7.eyJ-_.x", "R7.\"q\\uoted\".y") };
    assert_eq!(shown(found), shown(&expected));
    assert!(found.secret.as_ref().unwrap().fits(&secret("open sesame")));
}

#[test]
fn version_1_is_read_for_ever() {
    let folder = folder_with(GOLDEN);
    assert_is_golden(&vault(folder.path(), None).load(NAME).unwrap().unwrap());
    // A key that is configured later does not make the file unreadable.
    let key = key(GOLDEN_KEY);
    assert_is_golden(&vault(folder.path(), Some(&key)).load(NAME).unwrap().unwrap());
}

#[test]
fn sealed_version_1_is_read_for_ever() {
    let folder = folder_with(GOLDEN_SEALED);
    let found = vault(folder.path(), Some(&key(GOLDEN_KEY))).load(NAME).unwrap().unwrap();
    assert_is_golden(&found);
    // The key may lie in a file that ends with a line break.
    let found = vault(folder.path(), Some(&key(&format!("{GOLDEN_KEY}\n")))).load(NAME).unwrap().unwrap();
    assert_is_golden(&found);
}

#[test]
fn a_plain_file_is_sealed_at_the_next_save_once_there_is_a_key() {
    let folder = folder_with(GOLDEN);
    let sealing = key(GOLDEN_KEY);
    let sealed = vault(folder.path(), Some(&sealing));
    let found = sealed.load(NAME).unwrap().unwrap();
    sealed.save(NAME, &found, Durability::Durable).unwrap();
    let text = fs::read_to_string(file(folder.path())).unwrap();
    for word in ["A7.eyJ", "R7.", "ops@example.com", "\"sha256\"", "\"account\""] {
        assert!(GOLDEN.contains(word) && !text.contains(word), "{word} in {text}");
    }
    assert_is_golden(&sealed.load(NAME).unwrap().unwrap());
    assert!(matches!(vault(folder.path(), None).load(NAME), Err(StoreError::NoKey { .. })));
}

#[test]
fn what_cannot_be_read_is_refused_by_name_and_left_as_it_is() {
    let other = "quite another key, which opens nothing here";
    let newer = GOLDEN.replacen("\"version\":1", "\"version\":2", 1);
    let damaged = GOLDEN.replacen("A7", "A8", 1);
    let cut = &GOLDEN[..GOLDEN.len() / 2];
    let swapped = GOLDEN_SEALED.replacen("\"nonce\":\"", "\"nonce\":\"AAAA", 1);
    let advice_damaged = "is damaged (";
    for (text, key_text, said) in [
        (&*damaged, None, "its checksum is wrong"),
        (cut, None, advice_damaged),
        ("", None, advice_damaged),
        ("null", None, advice_damaged),
        ("{\"version\":1}", None, "it holds no account"),
        ("{\"version\":1,\"account\":{}}", None, "its checksum is wrong"),
        ("{\"version\":\"1\"}", None, "it is no JSON, or says no version"),
        ("{\"version\":1,\"sealed\":[]}", None, "it is JSON of another shape"),
        ("{\"tokens\":[]}", None, "it is no JSON, or says no version"),
        (&*newer, None, "was written by a newer version (format 2)"),
        ("{\"version\":3,\"anything\":{}}", Some(GOLDEN_KEY), "was written by a newer version (format 3)"),
        (GOLDEN_SEALED, None, "is encrypted; set token_key"),
        (GOLDEN_SEALED, Some(other), "cannot be decrypted with this token_key"),
        (&*swapped, Some(GOLDEN_KEY), "cannot be decrypted with this token_key"),
    ] {
        let folder = folder_with(text);
        let key = key_text.map(key);
        let error = vault(folder.path(), key.as_ref()).load(NAME).err().unwrap().to_string();
        assert!(error.contains(said), "{text}: {error}");
        assert!(error.contains(&file(folder.path()).display().to_string()), "{text}: {error}");
        assert_eq!(fs::read_to_string(file(folder.path())).unwrap(), text);
    }
}

#[test]
fn a_sealed_file_of_another_account_opens_nothing() {
    let folder = folder_with(GOLDEN_SEALED);
    let other = folder.path().join("state/tokens/account.other.json");
    fs::copy(file(folder.path()), other).unwrap();
    let refused = vault(folder.path(), Some(&key(GOLDEN_KEY))).load("account.other");
    assert!(matches!(refused, Err(StoreError::WrongKey { .. })));
}

#[test]
fn files_and_folders_are_for_their_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let vault = vault(folder.path(), None);
    assert!(vault.load(NAME).unwrap().is_none());
    assert!(!folder.path().join("state").exists(), "looking makes nothing");
    for _ in 0..2 {
        vault.save(NAME, &kept("A1", "R1"), Durability::Durable).unwrap();
        assert_eq!(mode(&folder.path().join("state")), 0o700);
        assert_eq!(mode(&folder.path().join("state/tokens")), 0o700);
        assert_eq!(mode(&file(folder.path())), 0o600);
        // What somebody made readable is not readable any more when it is replaced.
        fs::set_permissions(file(folder.path()), fs::Permissions::from_mode(0o644)).unwrap();
    }
    let names: Vec<_> = fs::read_dir(folder.path().join("state/tokens")).unwrap().collect();
    assert_eq!(names.len(), 1);
}

#[test]
fn a_file_holds_neither_the_password_nor_an_earlier_refresh_token() {
    let folder = tempfile::tempdir().unwrap();
    let vault = vault(folder.path(), None);
    vault.save(NAME, &kept("first-access", "first-refresh"), Durability::Durable).unwrap();
    vault.save(NAME, &kept("second-access", "second-refresh"), Durability::Durable).unwrap();
    let text = fs::read_to_string(file(folder.path())).unwrap();
    for absent in ["open sesame", "first-access", "first-refresh"] {
        assert!(!text.contains(absent), "{text}");
    }
    assert!(text.contains("second-access") && text.contains("second-refresh"));
}

#[test]
fn a_key_that_cannot_be_one_is_refused_before_anything_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |key: &SecretSource| Vault::new(&folder.path().join("state"), Some(key)).err().unwrap();
    assert!(matches!(refused(&key("too short")), StoreError::WeakKey(_)));
    assert!(matches!(refused(&SecretSource::File("no/such/key".into())), StoreError::Key(_)));
    assert!(!folder.path().join("state").exists());
}

fn standing() -> impl Strategy<Value = Standing> {
    let text = ".{0,40}";
    prop_oneof![
        Just(Standing::Sound),
        (any::<u32>(), text)
            .prop_map(|(until, message)| Standing::Degraded { until: at(i64::from(until)), message }),
        text.prop_map(|message| Standing::Rejected { message }),
        text.prop_map(|reason| Standing::NeedsAuthorization { reason }),
    ]
}

/// Any token that the reader of answers takes: visible ASCII.
fn token() -> impl Strategy<Value = String> {
    prop::collection::vec(0x21_u8..0x7f, 1..60).prop_map(|bytes| String::from_utf8(bytes).unwrap())
}

/// A record as plain values: generation, access and refresh token with their times, when what was sent, standing.
type Values = (u64, Option<(String, [u32; 3])>, Option<(String, u32)>, Option<u32>, Option<u32>, Standing);

fn values() -> impl Strategy<Value = Values> {
    let access = prop::option::of((token(), any::<[u32; 3]>()));
    let refresh = prop::option::of((token(), any::<u32>()));
    (any::<u64>(), access, refresh, any::<Option<u32>>(), any::<Option<u32>>(), standing())
}

fn record((generation, access, refresh, refresh_sent_at, password_sent_at, standing): Values) -> Record {
    let time = |seconds: u32| at(i64::from(seconds));
    let access = access.map(|(text, times)| {
        let [begins_at, renew_at, expires_at] = times.map(time);
        Access { token: secret(&text), life: Life { begins_at, renew_at, expires_at } }
    });
    let refresh =
        refresh.map(|(text, issued_at)| Refresh { token: secret(&text), issued_at: time(issued_at) });
    let (refresh_sent_at, password_sent_at) = (refresh_sent_at.map(time), password_sent_at.map(time));
    let refresh_sends = u32::from(refresh_sent_at.is_some());
    Record { generation, access, refresh, refresh_sent_at, refresh_sends, password_sent_at, standing }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whatever_is_kept_is_read_back(values in values(), identity in ".{0,60}", is_sealed in any::<bool>()) {
        let folder = tempfile::tempdir().unwrap();
        let key = is_sealed.then(|| key(GOLDEN_KEY));
        let vault = vault(folder.path(), key.as_ref());
        let kept = Kept { record: record(values), identity, secret: None };
        vault.save(NAME, &kept, Durability::Durable).unwrap();
        prop_assert_eq!(shown(&vault.load(NAME).unwrap().unwrap()), shown(&kept));
    }
}
