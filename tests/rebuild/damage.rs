//! A ledger that was damaged anywhere: refused by name, or as good as before, and never silently empty.

use std::{fs, path::Path};

use audience_exporter::ledger::{FILE_NAME, Ledger, LedgerError, SeriesKey};
use chrono::DateTime;
use rusqlite::Connection;

use crate::workbench::{Dice, Span, Workbench};

const WAL: &str = "ledger.sqlite-wal";

/// Damages of each kind.
const TRIES: u64 = 250;

/// SQLite does not notice when a figure becomes another figure. Of so many flips it may happen to one; here it is one in a
/// thousand, since most of a ledger is keys, hashes and empty space.
const UNNOTICED_IN: u64 = 50;

/// All that a ledger says of what is exported, as text.
fn said(state_dir: &Path) -> Result<String, LedgerError> {
    let ledger = Ledger::open_if_present(state_dir)?.expect("a ledger");
    let mut text = String::new();
    for key in ledger.known_series()? {
        let known = ledger.find_series(&key)?.expect("a known series");
        let (evidence, changes) = (ledger.evidence(known.id)?, ledger.changes(known.id, None)?);
        text += &format!("{known:?}\n{evidence:?}\n{changes:?}\n");
    }
    Ok(text)
}

/// A sound ledger: its file, and what stands beside it.
struct Sound {
    main: Vec<u8>,
    wal: Vec<u8>,
    /// What it said after each of the transactions that stand beside it, and before the first one.
    said: Vec<String>,
}

impl Sound {
    fn new() -> Self {
        let bench = Workbench::new();
        let (project, ..) = bench.undisturbed(Span::autumn(), &Span::autumn().backfill());
        let state = project.state_dir();
        // Held open, so that what is written last stays in the file beside it.
        let reader = Connection::open(project.ledger_path()).unwrap();
        let ledger = Ledger::open(state).unwrap();
        let mut states = vec![said(state).unwrap()];
        let known = |key: &SeriesKey| ledger.find_series(key).unwrap().unwrap();
        for (at, key) in (1_770_000_000..).zip(ledger.known_series().unwrap()) {
            let id = known(&key).id;
            ledger.note_success(id, DateTime::from_timestamp(at, 0).unwrap()).unwrap();
            states.push(said(state).unwrap());
            let file = ledger.files(id).unwrap().remove(0);
            ledger.lose(id, &file.path, file.period).unwrap();
            states.push(said(state).unwrap());
        }
        let [main, wal] = [FILE_NAME, WAL].map(|name| fs::read(state.join(name)).unwrap());
        drop((ledger, reader));
        Self { main, wal, said: states }
    }

    fn last(&self) -> &str {
        &self.said[self.said.len() - 1]
    }

    /// What a damaged copy says; `None` where it is refused by name.
    fn damaged(&self, damage: impl FnOnce(&mut Vec<u8>, &mut Vec<u8>)) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        let (mut main, mut wal) = (self.main.clone(), self.wal.clone());
        damage(&mut main, &mut wal);
        fs::write(folder.path().join(FILE_NAME), main).unwrap();
        fs::write(folder.path().join(WAL), wal).unwrap();
        match said(folder.path()) {
            Ok(said) => Some(said),
            Err(LedgerError::Newer { path, .. } | LedgerError::Damaged { path, .. }) => {
                assert_eq!(path, folder.path().join(FILE_NAME));
                None
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// A place in something of this length.
fn place(dice: &mut Dice, length: usize) -> usize {
    usize::try_from(dice.below(length as u64)).unwrap()
}

#[test]
fn a_damaged_ledger_is_refused_by_name_or_says_what_it_said_and_is_never_silently_empty() {
    let sound = Sound::new();
    assert_eq!(sound.damaged(|_, _| ()).as_deref(), Some(sound.last()));
    let mut dice = Dice::new(7);
    let (mut refused, mut unnoticed) = (0, 0);
    for _ in 0..TRIES {
        let (at, bit) = (place(&mut dice, sound.main.len()), 1 << dice.below(8));
        match sound.damaged(|main, _| main[at] ^= bit) {
            None => refused += 1,
            Some(said) if said == sound.last() => {}
            Some(said) => {
                assert!(said.contains("Final"), "bit {bit} of byte {at}: empty");
                unnoticed += 1;
            }
        }
    }
    assert!(refused > 0 && unnoticed <= TRIES / UNNOTICED_IN, "{refused} refused, {unnoticed} unnoticed");
    for _ in 0..TRIES {
        let at = place(&mut dice, sound.main.len());
        let said = sound.damaged(|main, _| main.truncate(at));
        assert!(said.is_none_or(|said| said == sound.last()), "cut off at {at}");
    }
}

#[test]
fn of_what_was_written_last_nothing_is_forgotten_but_a_transaction_at_the_end() {
    let sound = Sound::new();
    let before_last = &sound.said[sound.said.len() - 2];
    let mut dice = Dice::new(8);
    let mut refused = 0;
    let anywhere: Vec<usize> = (0..TRIES).map(|_| place(&mut dice, sound.wal.len())).collect();
    // Every byte that tells what the others are.
    let frames = (32..sound.wal.len()).step_by(24 + 4096);
    let headers = (0..32).chain(frames.flat_map(|frame| frame..frame + 24));
    for at in headers.chain(anywhere) {
        let bit = 1 << dice.below(8);
        match sound.damaged(|_, wal| wal[at] ^= bit) {
            None => refused += 1,
            // As after a crash in the middle of it.
            Some(said) => assert!(said == sound.last() || said == *before_last, "bit {bit} of byte {at}"),
        }
    }
    assert!(refused > TRIES / 2, "{refused}");
    for _ in 0..TRIES {
        let at = place(&mut dice, sound.wal.len());
        // What is cut off cannot be missed: the ledger is what it was some transactions ago, and files tell the rest.
        if let Some(said) = sound.damaged(|_, wal| wal.truncate(at)) {
            assert!(sound.said.contains(&said), "cut off at {at}");
        }
    }
}
