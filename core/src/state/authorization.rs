//! Owners of authorisation ids: an engine's id belongs to the callers that began it, and to nobody else.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

use crate::words::limits::AUTHORIZATION_CALLERS;
use crate::words::time::{Millis, Timestamp};

/// Retention of an id after it was last begun.
const KEPT: Millis = Millis::from_secs(24 * 3600);

/// The callers that began one authorisation id. Several may: an engine gives the same id to every caller that asks for
/// the same user and provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Authorization {
    /// Each caller, with the engine at which it began: two engines may use the same id.
    #[n(0)]
    callers: BTreeMap<String, String>,
}

/// A request to the owner of an authorisation id.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Command {
    /// This caller began it, at this executor.
    #[n(0)]
    Begin {
        /// The caller.
        #[n(0)]
        caller: String,
        /// The engine.
        #[n(1)]
        executor: String,
    },
    /// Asks for proof that this caller began it.
    #[n(1)]
    IsOf(#[n(0)] String),
}

/// Answers a [`Command`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Reply {
    /// The caller began it, at this executor.
    #[n(0)]
    Yes(#[n(0)] String),
    /// The caller did not begin it; or too many others did.
    #[n(1)]
    No,
}

impl Authorization {
    pub(super) fn apply(&mut self, command: Command) -> (bool, Reply) {
        match command {
            Command::IsOf(caller) => (false, self.callers.get(&caller).cloned().map_or(Reply::No, Reply::Yes)),
            Command::Begin { caller, executor } => {
                if self.callers.len() >= AUTHORIZATION_CALLERS && !self.callers.contains_key(&caller) {
                    return (false, Reply::No);
                }
                self.callers.insert(caller, executor.clone());
                (true, Reply::Yes(executor))
            }
        }
    }
}

/// Applies a command; returns the state to store, its expiry, and the reply.
pub(super) fn reduce(
    earlier: Option<Authorization>,
    command: Command,
    now: Timestamp,
) -> (Option<Authorization>, Option<Timestamp>, Reply) {
    let mut authorization = earlier.unwrap_or_default();
    let (wrote, reply) = authorization.apply(command);
    let expires = wrote.then(|| now.after(KEPT));
    (wrote.then_some(authorization), expires, reply)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(caller: &str) -> Command {
        Command::Begin { caller: caller.to_owned(), executor: "engine".to_owned() }
    }

    fn yes() -> Reply {
        Reply::Yes("engine".to_owned())
    }

    #[test]
    fn an_id_belongs_to_who_began_it() {
        let mut id = Authorization::default();
        assert_eq!(id.apply(Command::IsOf("a".into())), (false, Reply::No));
        assert_eq!(id.apply(begin("a")), (true, yes()));
        assert_eq!(id.apply(Command::IsOf("a".into())), (false, yes()));
        assert_eq!(id.apply(Command::IsOf("b".into())), (false, Reply::No));
        let elsewhere = Command::Begin { caller: "b".to_owned(), executor: "another".to_owned() };
        assert_eq!(id.apply(elsewhere), (true, Reply::Yes("another".to_owned())));
        assert_eq!(id.apply(Command::IsOf("a".into())), (false, yes()), "each asks the engine where it began");
    }

    #[test]
    fn the_number_of_callers_is_bounded() {
        let mut id = Authorization::default();
        for n in 0..AUTHORIZATION_CALLERS {
            id.apply(begin(&n.to_string()));
        }
        assert_eq!(id.apply(begin("one more")), (false, Reply::No));
        assert_eq!(id.apply(begin("0")), (true, yes()));
    }
}
