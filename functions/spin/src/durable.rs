//! Port `durable`: a table of Spin's default SQLite database, changed by compare and swap.
//!
//! Many instances work on the table at the same time, and tasks of one instance share a connection; so there is no
//! transaction, which would have to stay open over an `.await`. Instead each row has a version, and a command counts
//! when one statement replaces the very version that was read. The loser reads again.
//!
//! A commit costs a sync of the disk, and one at a time is made. So the commands that tasks of an instance have at the
//! same time are applied together: one statement reads their states, one replaces all changed ones or, where another
//! instance was faster, some. Commands to one state follow each other within it.

use std::collections::BTreeMap;
use std::pin::pin;
use std::rc::Rc;

use futures_util::future::{Either, select};
use spin_sdk::sqlite::{RowResult, Value};
use toolgate::ports::{Clock, Durable, DurableError, Entropy};
use toolgate::state;
use toolgate::words::time::{Millis, Timestamp};

use crate::Spin;
use crate::database::{self, groups, integer};
use crate::gather::{Asked, Gathering};

/// The contract's deadline of an answer.
const TIMEOUT: Millis = Millis::from_secs(1);
/// Attempts within that deadline. Each loss is another's win, so this many in a row mean a crowd of writers.
const ATTEMPTS: u32 = 64;
/// The longest wait after a loss is two to this power, in milliseconds.
const BACK_OFF_DOUBLINGS: u32 = 6;
/// Most commands that are applied together.
const TOGETHER_MAX: usize = 32;
/// Rows that [`forget_expired`] deletes by one statement, and the number of these that it runs.
const EXPIRED_ROWS: i64 = 200;
const EXPIRED_STEPS: u32 = 50;
/// The pause after each statement: other writers have a turn.
const EXPIRED_PAUSE: Millis = Millis::new(20);

const SCHEMA: database::Schema = &["CREATE TABLE IF NOT EXISTS toolgate_state (
    key TEXT PRIMARY KEY, version INTEGER NOT NULL, state BLOB NOT NULL, expires INTEGER
) WITHOUT ROWID"];
const SELECT: &str = "SELECT key, version, state, expires FROM toolgate_state WHERE key IN ";
/// Replaces rows. Each comes with the version after the one that was read, which shows whether it is still there. One
/// that was read and has expired and been deleted since is inserted again: its command came before that end.
const REPLACE: (&str, &str) = (
    "INSERT INTO toolgate_state (key, version, state, expires) VALUES ",
    " ON CONFLICT (key) DO UPDATE SET version = excluded.version, state = excluded.state, expires = excluded.expires
    WHERE toolgate_state.version = excluded.version - 1 RETURNING key",
);
const EXPIRED: &str = "SELECT 1 FROM toolgate_state WHERE expires <= ? LIMIT 1";
const DELETE_EXPIRED: &str = "DELETE FROM toolgate_state WHERE key IN
    (SELECT key FROM toolgate_state WHERE expires <= ? LIMIT ?)";

type Applied = Result<Vec<u8>, DurableError>;
type Commands = Vec<Asked<(String, Vec<u8>), Applied>>;

thread_local! {
    static COMMANDS: Rc<Gathering<(String, Vec<u8>), Applied>> = Rc::new(Gathering::new());
}

impl Durable for Spin {
    async fn apply(&self, key: &str, command: Vec<u8>) -> Applied {
        let commands = COMMANDS.with(Rc::clone);
        let host = *self;
        let work = async move |asked| apply_all(host, asked).await;
        let applied = pin!(commands.ask(self, (key.to_owned(), command), TOGETHER_MAX, work));
        let late = pin!(self.sleep(TIMEOUT));
        match select(applied, late).await {
            Either::Left((Ok(applied), _)) => applied,
            Either::Left((Err(reason), _)) => Err(database::unanswered("commands", reason)),
            Either::Right(_) => Err(DurableError::Unavailable),
        }
    }
}

/// Claims the run of the job under `key`, unless it ran within `every`. Returns true if the caller is to run it: of all
/// instances that ask at the same time, one is.
pub(crate) async fn claim(host: Spin, key: &str, every: Millis) -> Result<bool, DurableError> {
    let now = host.now();
    let row = read([key]).await?.remove(key);
    let ran = row.as_ref().and_then(|row| row.state.first_chunk().copied().map(u64::from_be_bytes));
    if ran.is_some_and(|ran| now < Timestamp::from_millis(ran).after(every)) {
        return Ok(false);
    }
    let state = now.as_millis().to_be_bytes().to_vec();
    let next = Row { version: version_after(host, row.as_ref()), state, expires: None };
    Ok(!replace(&BTreeMap::from([(key.to_owned(), next)])).await?.is_empty())
}

/// Deletes expired rows, some at a time.
pub(crate) async fn forget_expired(host: Spin) -> Result<(), DurableError> {
    // A file of an earlier version may still lack it.
    database::write_ahead().await?;
    let now = integer(host.now());
    for _ in 0..EXPIRED_STEPS {
        if database::run(SCHEMA, EXPIRED, vec![now.clone()]).await?.is_empty() {
            break;
        }
        database::run(SCHEMA, DELETE_EXPIRED, vec![now.clone(), Value::Integer(EXPIRED_ROWS)]).await?;
        host.sleep(EXPIRED_PAUSE).await;
    }
    Ok(())
}

/// Applies all of `asked`, in their order for each key, and replies to them.
async fn apply_all(host: Spin, mut asked: Commands) {
    for attempt in 0..ATTEMPTS {
        back_off(host, attempt).await;
        asked = match attempt_all(host, asked).await {
            Ok(lost) if lost.is_empty() => return,
            Ok(lost) => lost,
            Err((error, asked)) => return asked.into_iter().for_each(|asked| asked.answer(Err(error))),
        };
    }
    asked.into_iter().for_each(|asked| asked.answer(Err(DurableError::Unavailable)));
}

/// Reads the states, applies the commands, replies to those that change nothing, writes the changed states, and replies
/// to those that were written. Returns the commands for whose key another instance was faster.
async fn attempt_all(host: Spin, asked: Commands) -> Result<Commands, (DurableError, Commands)> {
    let rows = match read(asked.iter().map(|asked| asked.question.0.as_str())).await {
        Ok(rows) => rows,
        Err(error) => return Err((error, asked)),
    };
    let now = host.now();
    let mut changed: BTreeMap<String, Row> = BTreeMap::new();
    let mut replies = Vec::new();
    for asked in asked {
        let (key, command) = &asked.question;
        let stored = changed.get(key).or_else(|| rows.get(key));
        let counting = stored.filter(|row| row.expires.is_none_or(|expires| now < expires));
        let step = state::step(counting.map(|row| row.state.as_slice()), command, now);
        match step.state {
            Some(state) => {
                let version = match changed.get(key) {
                    Some(row) => row.version,
                    None => version_after(host, rows.get(key)),
                };
                changed.insert(key.clone(), Row { version, state, expires: step.expires });
                replies.push((asked, step.reply));
            }
            // It rests on a change of this very attempt, and counts when that does.
            None if changed.contains_key(key) => replies.push((asked, step.reply)),
            None => asked.answer(Ok(step.reply)),
        }
    }
    if changed.is_empty() {
        return Ok(Vec::new());
    }
    let replaced = match replace(&changed).await {
        Ok(replaced) => replaced,
        Err(error) => return Err((error, replies.into_iter().map(|(asked, _)| asked).collect())),
    };
    let mut lost = Vec::new();
    for (asked, reply) in replies {
        if replaced.contains(&asked.question.0) {
            asked.answer(Ok(reply));
        } else {
            lost.push(asked);
        }
    }
    Ok(lost)
}

/// Lets a crowd of writers spread out: after each further loss a random wait of up to twice as long.
async fn back_off(host: Spin, losses: u32) {
    if let Some(longest) = losses.checked_sub(2) {
        let mut random = [0];
        host.fill(&mut random);
        let lengths = (1_u64 << longest.min(BACK_OFF_DOUBLINGS)).saturating_add(1);
        host.sleep(Millis::new(u64::from(random[0]).checked_rem(lengths).unwrap_or(0))).await;
    }
}

struct Row {
    version: i64,
    state: Vec<u8>,
    expires: Option<Timestamp>,
}

/// Returns the rows under `keys`, as far as they exist.
async fn read<'a>(keys: impl IntoIterator<Item = &'a str>) -> Result<BTreeMap<String, Row>, DurableError> {
    let mut keys: Vec<&str> = keys.into_iter().collect();
    keys.sort_unstable();
    keys.dedup();
    let statement = format!("{SELECT}({})", groups("?", keys.len()));
    let parameters = keys.into_iter().map(|key| Value::Text(key.to_owned()));
    let rows = database::run(SCHEMA, &statement, parameters.collect()).await?;
    rows.into_iter().map(|row| Row::of(row).ok_or(DurableError::Unavailable)).collect()
}

impl Row {
    fn of(row: RowResult) -> Option<(String, Self)> {
        let values = <[Value; 4]>::try_from(row.values).ok()?;
        let [Value::Text(key), Value::Integer(version), Value::Blob(state), expires] = values else { return None };
        let expires = match expires {
            Value::Integer(ms) => Some(Timestamp::from_millis(u64::try_from(ms).ok()?)),
            _ => None,
        };
        Some((key, Self { version, state, expires }))
    }
}

/// Stores each of `rows` if its key is still at the version before (or still absent). Returns the keys that were.
async fn replace(rows: &BTreeMap<String, Row>) -> Result<Vec<String>, DurableError> {
    let statement = format!("{}{}{}", REPLACE.0, groups("(?, ?, ?, ?)", rows.len()), REPLACE.1);
    let parameters = rows.iter().flat_map(|(key, row)| {
        let expires = row.expires.map_or(Value::Null, integer);
        [Value::Text(key.clone()), Value::Integer(row.version), Value::Blob(row.state.clone()), expires]
    });
    let replaced = database::run(SCHEMA, &statement, parameters.collect()).await?;
    let keys = replaced.into_iter().flat_map(|row| row.values).filter_map(|value| match value {
        Value::Text(key) => Some(key),
        _ => None,
    });
    Ok(keys.collect())
}

/// Returns the version of a replacement of `row`. A row that was deleted and inserted again must not pass for the old
/// one: versions begin at a random number, far enough from the ends of the range.
fn version_after(host: Spin, row: Option<&Row>) -> i64 {
    match row {
        Some(row) => row.version.saturating_add(1),
        None => {
            let mut random = [0; 8];
            host.fill(&mut random);
            i64::from_be_bytes(random) >> 2
        }
    }
}
