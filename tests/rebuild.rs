//! `ledger rebuild` of the real program: from published folders alone, so that nothing that is sealed is asked again; and
//! damaged ledgers, which never pass for empty ones.

#[path = "rebuild/damage.rs"]
mod damage;
#[path = "rebuild/lost.rs"]
mod lost;
#[path = "verify/town.rs"]
#[allow(dead_code, reason = "each test file uses its part of it")]
mod town;
mod workbench;
