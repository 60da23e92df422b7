//! `[[accounts]]`: who we are at the two other systems.

mod angelcam;
mod simacan;

use std::{path::Path, sync::Arc};

pub use self::{
    angelcam::{AngelcamAccount, AngelcamSignIn, OAuthClient},
    simacan::SimacanAccount,
};
use super::{
    SecretSource,
    names::{Known, Names},
    reference,
    report::{Mismatch, NOTHING, Reported},
    section::Section,
    suggest::one_of,
};

/// An account at another system, which deliveries go to or inventories come from.
pub struct Account {
    /// `[a-z0-9][a-z0-9_-]*`, at most 64 characters.
    pub name: String,
    /// The system, and what it takes to sign in there.
    pub system: AccountSystem,
}

/// The system of an account, with what it takes to sign in there.
#[expect(clippy::large_enum_variant, reason = "there are few, each behind an Arc")]
pub enum AccountSystem {
    /// Takes deliveries.
    Simacan(SimacanAccount),
    /// Gives inventories.
    Angelcam(AngelcamAccount),
}

impl AccountSystem {
    /// The word for it in the configuration: its `kind`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Simacan(_) => Kind::Simacan.as_str(),
            Self::Angelcam(_) => Kind::Angelcam.as_str(),
        }
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Simacan,
    Angelcam,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Simacan, Self::Angelcam];

    fn as_str(self) -> &'static str {
        match self {
            Self::Simacan => "simacan",
            Self::Angelcam => "angelcam",
        }
    }
}

/// Reads every account, in the order of the configuration.
pub(super) fn read(root: &mut Section<'_>, base: &Path) -> Known<Account> {
    let mut names = Names::new("account", root.report());
    let mut logins = Vec::new();
    let accounts = root.sections("accounts", &mut names, |section, names| {
        let account = account(section, base, names)?;
        claim_login(section, &account, &mut logins)?;
        Ok(account)
    });
    Known { items: accounts.into_iter().map(Arc::new).collect(), names, name_of: |account| &account.name }
}

fn account(section: &mut Section<'_>, base: &Path, names: &mut Names) -> Result<Account, Reported> {
    let name = names.read(section);
    let secrets = Secrets { base, account: name.as_deref().ok() };
    let system = match kind(section) {
        Ok(Kind::Simacan) => simacan::read(section, &secrets).map(AccountSystem::Simacan),
        Ok(Kind::Angelcam) => angelcam::read(section, &secrets).map(AccountSystem::Angelcam),
        Err(reported) => {
            section.skip_others();
            Err(reported)
        }
    };
    Ok(Account { name: name?, system: system? })
}

/// Two accounts with one login would keep two chains of tokens for it, and send its password twice as often as is allowed
/// (Simacan contract, section 4, rules 2 and 8).
fn claim_login(
    section: &mut Section<'_>,
    account: &Account,
    logins: &mut Vec<(String, String)>,
) -> Result<(), Reported> {
    let AccountSystem::Simacan(simacan) = &account.system else { return Ok(()) };
    let login = (simacan.base_url.to_string(), simacan.username.clone());
    if logins.contains(&login) {
        let expected = "a username that no other account at the same base_url has";
        return Err(section.reject("username", Mismatch::new(expected, "one that another account has")));
    }
    logins.push(login);
    Ok(())
}

fn kind(section: &mut Section<'_>) -> Result<Kind, Reported> {
    let kind = section.optional_text("kind", |text| one_of(text, &Kind::ALL, Kind::as_str))?;
    kind.ok_or_else(|| {
        let words = Kind::ALL.map(Kind::as_str).join(", ");
        section.reject("kind", Mismatch::new(format!("one of {words}"), NOTHING))
    })
}

/// How the secrets of one account are read.
struct Secrets<'a> {
    /// Where relative paths start.
    base: &'a Path,
    /// The name of the account, where it is right.
    account: Option<&'a str>,
}

impl Secrets<'_> {
    /// The secret at `key`. It must be there.
    fn required(&self, section: &mut Section<'_>, key: &'static str) -> Result<SecretSource, Reported> {
        let source = reference::read(section, key, self.base)?;
        self.warn_about_literal(section, key, &source);
        Ok(source)
    }

    /// The secret at `key`, where it is there.
    fn optional(
        &self,
        section: &mut Section<'_>,
        key: &'static str,
    ) -> Result<Option<SecretSource>, Reported> {
        let source = reference::read_optional(section, key, self.base)?;
        if let Some(source) = &source {
            self.warn_about_literal(section, key, source);
        }
        Ok(source)
    }

    fn warn_about_literal(&self, section: &mut Section<'_>, key: &str, source: &SecretSource) {
        if let (SecretSource::Literal(_), Some(account)) = (source, self.account) {
            let subject = format!("account \"{account}\": its {key} stands");
            let file = format!("{account}-{key}");
            section.report().warn(reference::literal_warning(&subject, key, &file));
        }
    }
}
