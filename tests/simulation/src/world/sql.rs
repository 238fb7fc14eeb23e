//! A database: the tables that were made, one row for each key, and answers that are late, lost, old or none, by seed.

use toolgate::ports::{Sql, SqlError, SqlRow, SqlValue};
use toolgate::words::time::Millis;

use super::Platform;

/// The rows of a table by key: the versions of each, newest last.
pub type Table = std::collections::BTreeMap<String, Vec<SqlRow>>;

/// The time of a late statement: longer than the port's contract allows a caller to count on.
const LATE: Millis = Millis::new(900);

impl Sql for Platform {
    async fn query(&self, statement: &'static str, parameters: Vec<SqlValue>) -> Result<Vec<SqlRow>, SqlError> {
        *self.world.asked.borrow_mut().entry("sql".to_owned()).or_default() += 1;
        if self.world.no_sql.get() {
            return Err(SqlError::Unsupported);
        }
        self.world.latency().await;
        let faults = self.world.faults.get();
        if self.world.chance(faults.tier_slow) {
            self.world.wait(LATE).await;
        }
        if self.world.chance(faults.sql_away) {
            return Err(SqlError::Unavailable);
        }
        self.carry_out(statement, parameters)
    }
}

impl Platform {
    /// Knows the shapes of the core's statements; that SQLite knows them too is what the tests on the hosts show.
    fn carry_out(&self, statement: &str, parameters: Vec<SqlValue>) -> Result<Vec<SqlRow>, SqlError> {
        let words: Vec<&str> = statement.split_whitespace().collect();
        let name_of = |before: &str| {
            let at = words.iter().position(|word| *word == before).expect("a statement that the world knows");
            words[at + 1].split('(').next().expect("a name").to_owned()
        };
        let mut tables = self.world.sql.borrow_mut();
        match words[0] {
            "CREATE" if words[1] == "INDEX" => {}
            "CREATE" => drop(tables.entry(name_of("EXISTS")).or_default()),
            "INSERT" => {
                let table = tables.get_mut(&name_of("INTO")).ok_or(SqlError::Unavailable)?;
                if !self.world.chance(self.world.faults.get().sql_lost) {
                    table.entry(key_of(&parameters)).or_default().push(parameters);
                }
            }
            "SELECT" => {
                let table = tables.get(&name_of("FROM")).ok_or(SqlError::Unavailable)?;
                let versions = table.get(&key_of(&parameters)).cloned().unwrap_or_default();
                return Ok(self.seen(versions).into_iter().collect());
            }
            "DELETE" => {
                let [SqlValue::Integer(until), SqlValue::Integer(most)] = parameters[..] else { panic!("a sweep") };
                let table = tables.get_mut(&name_of("FROM")).ok_or(SqlError::Unavailable)?;
                let is_over = |row: &SqlRow| matches!(row[1], SqlValue::Integer(expires) if expires <= until);
                let over = table.iter().filter(|(_, versions)| versions.last().is_some_and(is_over));
                let names: Vec<String> =
                    over.map(|(name, _)| name.clone()).take(usize::try_from(most).expect("a bound")).collect();
                names.iter().for_each(|name| drop(table.remove(name)));
                return Ok(names.iter().map(|_| vec![SqlValue::Integer(1)]).collect());
            }
            other => panic!("{other}: a statement that the world does not know"),
        }
        Ok(Vec::new())
    }

    /// The row that a read sees: the newest, or an earlier one or none from a replica that lags, or damaged bytes.
    fn seen(&self, versions: Vec<SqlRow>) -> Option<SqlRow> {
        let faults = self.world.faults.get();
        let newest = versions.len();
        let seen = if self.world.chance(faults.sql_stale) { self.world.below(newest + 1) } else { newest };
        let row = versions.into_iter().nth(seen.checked_sub(1)?)?;
        let Some(SqlValue::Blob(mut entry)) = row.into_iter().nth(2) else { panic!("a row of the cache") };
        if self.world.chance(faults.tier_damaged) {
            self.world.damage(&mut entry);
        }
        Some(vec![SqlValue::Blob(entry)])
    }
}

fn key_of(parameters: &[SqlValue]) -> String {
    match parameters.first() {
        Some(SqlValue::Text(key)) => key.clone(),
        other => panic!("{other:?} is no key"),
    }
}
