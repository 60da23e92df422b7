//! Chains of tokens: everything that descends from one sign-in. A refresh token works once; one that comes twice was
//! stolen or lost on its way, which nobody can tell apart, so it ends the whole chain.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

/// The tokens that one answer brings.
#[derive(Clone)]
pub(in crate::simulator) struct Pair {
    pub(in crate::simulator) access: String,
    pub(in crate::simulator) refresh: String,
}

/// How long tokens live.
#[derive(Clone, Copy)]
pub(in crate::simulator) struct Lives {
    pub(in crate::simulator) access: TimeDelta,
    pub(in crate::simulator) refresh: TimeDelta,
    /// Whether a refresh ends the access tokens before it.
    pub(in crate::simulator) refresh_ends_access: bool,
}

struct Chain {
    scope: String,
    /// How often it was refreshed.
    generation: u32,
    /// The first generation whose access token is still accepted.
    accepted_from: u32,
    dead: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Access,
    Refresh,
}

#[derive(Clone, Copy)]
struct Token {
    chain: usize,
    generation: u32,
    role: Role,
    expires: DateTime<Utc>,
}

/// Every chain of one system. Tokens are known by their text alone, so that one of before a restart is unknown.
pub(in crate::simulator) struct Chains {
    lives: Lives,
    begun: Vec<Chain>,
    tokens: HashMap<String, Token>,
}

impl Chains {
    pub(in crate::simulator) fn new(lives: Lives) -> Self {
        Self { lives, begun: Vec::new(), tokens: HashMap::new() }
    }

    pub(in crate::simulator) fn lives(&self) -> Lives {
        self.lives
    }

    /// Begins a chain with `pair`.
    pub(in crate::simulator) fn begin(&mut self, pair: &Pair, scope: &str, now: DateTime<Utc>) {
        let scope = scope.to_owned();
        self.begun.push(Chain { scope, generation: 0, accepted_from: 0, dead: false });
        self.remember(pair, self.begun.len() - 1, 0, now);
    }

    /// Continues the chain of the refresh token `spent` with `pair`, and tells its scope. `None` where the token is
    /// unknown, expired, of a dead chain, or was used before, which kills the chain.
    pub(in crate::simulator) fn refresh(
        &mut self,
        spent: &str,
        pair: &Pair,
        now: DateTime<Utc>,
    ) -> Option<String> {
        let token = *self.tokens.get(spent).filter(|token| token.role == Role::Refresh)?;
        let chain = self.begun.get_mut(token.chain)?;
        chain.dead |= token.generation < chain.generation;
        if chain.dead || token.expires <= now {
            return None;
        }
        chain.generation += 1;
        if self.lives.refresh_ends_access {
            chain.accepted_from = chain.generation;
        }
        let (scope, generation) = (chain.scope.clone(), chain.generation);
        self.remember(pair, token.chain, generation, now);
        Some(scope)
    }

    /// The scope of the access token `text`; `None` where it opens nothing.
    pub(in crate::simulator) fn scope(&self, text: &str, now: DateTime<Utc>) -> Option<&str> {
        let token = self.tokens.get(text)?;
        let chain = self.begun.get(token.chain)?;
        let accepted = token.generation >= chain.accepted_from && token.expires > now;
        (token.role == Role::Access && accepted && !chain.dead).then_some(&chain.scope)
    }

    /// Kills the chain of `text`, whichever of its tokens that is.
    pub(in crate::simulator) fn revoke(&mut self, text: &str) {
        if let Some(chain) = self.tokens.get(text).and_then(|token| self.begun.get_mut(token.chain)) {
            chain.dead = true;
        }
    }

    /// Refuses every access token made so far; refresh tokens go on working.
    pub(in crate::simulator) fn expire_access(&mut self) {
        for chain in &mut self.begun {
            chain.accepted_from = chain.generation + 1;
        }
    }

    /// Whether the chain that was begun last is dead.
    pub(in crate::simulator) fn newest_is_dead(&self) -> bool {
        self.begun.last().is_some_and(|chain| chain.dead)
    }

    fn remember(&mut self, pair: &Pair, chain: usize, generation: u32, now: DateTime<Utc>) {
        let token = |role, life| Token { chain, generation, role, expires: now + life };
        self.tokens.insert(pair.access.clone(), token(Role::Access, self.lives.access));
        self.tokens.insert(pair.refresh.clone(), token(Role::Refresh, self.lives.refresh));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::parse_label;

    fn now() -> DateTime<Utc> {
        parse_label("2026-03-02T08:00:00Z").unwrap()
    }

    fn pair(number: u32) -> Pair {
        Pair { access: format!("A{number}"), refresh: format!("R{number}") }
    }

    /// A chain of `A0` and `R0`, made now.
    fn chains(refresh_ends_access: bool) -> Chains {
        let lives = Lives { access: TimeDelta::hours(1), refresh: TimeDelta::hours(24), refresh_ends_access };
        let mut chains = Chains::new(lives);
        chains.begin(&pair(0), "read", now());
        chains
    }

    #[test]
    fn a_token_opens_until_the_second_it_expires() {
        let mut chains = chains(false);
        let end = now() + TimeDelta::hours(1);
        assert_eq!(chains.scope("A0", end - TimeDelta::seconds(1)), Some("read"));
        assert_eq!(chains.scope("A0", end), None);
        let end = now() + TimeDelta::hours(24);
        assert_eq!(chains.refresh("R0", &pair(1), end), None);
        let just_in_time = end - TimeDelta::seconds(1);
        assert_eq!(chains.refresh("R0", &pair(1), just_in_time).as_deref(), Some("read"));
        assert_eq!(chains.scope("A1", just_in_time), Some("read"));
    }

    #[test]
    fn tokens_open_only_what_they_are_for() {
        let mut chains = chains(false);
        assert_eq!(chains.scope("R0", now()), None);
        assert_eq!(chains.refresh("A0", &pair(1), now()), None);
        assert_eq!(chains.refresh("R9", &pair(1), now()), None);
        assert!(!chains.newest_is_dead(), "a wrong token is no theft");
    }

    #[test]
    fn a_refresh_ends_earlier_access_tokens_only_where_it_should() {
        for ends in [false, true] {
            let mut chains = chains(ends);
            chains.refresh("R0", &pair(1), now()).unwrap();
            assert_eq!(
                (chains.scope("A0", now()).is_none(), chains.scope("A1", now())),
                (ends, Some("read"))
            );
        }
    }

    #[test]
    fn a_refresh_token_that_comes_twice_kills_its_whole_chain_and_no_other() {
        let mut chains = chains(false);
        chains.begin(&pair(100), "", now());
        chains.refresh("R0", &pair(1), now()).unwrap();
        chains.refresh("R1", &pair(2), now()).unwrap();
        assert_eq!(chains.refresh("R0", &pair(3), now()), None);
        for access in ["A0", "A1", "A2", "A3"] {
            assert_eq!(chains.scope(access, now()), None, "{access}");
        }
        assert_eq!(chains.refresh("R2", &pair(4), now()), None);
        assert_eq!(chains.scope("A100", now()), Some(""));
    }

    #[test]
    fn any_token_revokes_its_chain() {
        for text in ["A0", "R0", "A1", "R1"] {
            let mut chains = chains(true);
            chains.refresh("R0", &pair(1), now()).unwrap();
            chains.revoke(text);
            assert!(chains.newest_is_dead() && chains.scope("A1", now()).is_none(), "{text}");
        }
        let mut chains = chains(true);
        chains.revoke("unknown");
        assert!(!chains.newest_is_dead());
    }

    #[test]
    fn expired_access_tokens_leave_the_refresh_token_alive() {
        let mut chains = chains(false);
        chains.expire_access();
        assert_eq!(chains.scope("A0", now()), None);
        chains.refresh("R0", &pair(1), now()).unwrap();
        assert_eq!((chains.scope("A0", now()), chains.scope("A1", now())), (None, Some("read")));
    }
}
