//! Remembers during rotations of credentials which secret each upstream accepts.

use std::cell::Cell;

use super::Executor;
use crate::model::credential::Credential;
use crate::words::secret::Secret;

/// Holds for each credential of the configuration, by its index, whether its upstream last accepted only the successor.
#[derive(Debug)]
pub struct Rotations(Box<[Cell<bool>]>);

impl Rotations {
    /// Creates the state of an isolate that has used no credential yet.
    #[must_use]
    pub fn new(executors: &[Executor]) -> Self {
        let upstreams = executors.iter().filter_map(|executor| executor.upstream.as_ref());
        Self(upstreams.flat_map(|upstream| upstream.credentials.each()).map(|_| Cell::default()).collect())
    }

    /// Returns the secret to send first, and the one to send when the upstream refuses that.
    pub(super) fn secrets<'c>(&self, credential: &'c Credential) -> (&'c Secret, Option<&'c Secret>) {
        let (secret, successor) = (credential.primary(), credential.successor());
        match successor {
            Some(successor) if self.of(credential).is_some_and(Cell::get) => (successor, Some(secret)),
            _ => (secret, successor),
        }
    }

    /// Notes that the upstream refused the first secret and accepted the other.
    pub(super) fn turn(&self, credential: &Credential) {
        if let Some(is_successor_accepted) = self.of(credential) {
            is_successor_accepted.set(!is_successor_accepted.get());
        }
    }

    fn of(&self, credential: &Credential) -> Option<&Cell<bool>> {
        self.0.get(credential.index)
    }
}

/// Gives each credential of these executors its index.
pub(crate) fn number_credentials(executors: &mut [Executor]) {
    let upstreams = executors.iter_mut().filter_map(|executor| executor.upstream.as_mut());
    for (index, credential) in upstreams.flat_map(|upstream| upstream.credentials.each_mut()).enumerate() {
        credential.index = index;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credential(index: usize, next: Option<&str>) -> Credential {
        let mut credential = Credential::new("NAME".to_owned(), Secret::new("old"), next.map(Secret::new));
        credential.index = index;
        credential
    }

    fn shown<'c>(rotations: &Rotations, credential: &'c Credential) -> (&'c str, Option<&'c str>) {
        let (first, other) = rotations.secrets(credential);
        (first.expose(), other.map(Secret::expose))
    }

    #[test]
    fn the_secret_that_was_accepted_last_is_shown_first() {
        let rotations = Rotations([false, false].map(Cell::new).into());
        let (turned, other) = (credential(0, Some("new")), credential(1, Some("new")));
        assert_eq!(shown(&rotations, &turned), ("old", Some("new")));
        rotations.turn(&turned);
        assert_eq!(shown(&rotations, &turned), ("new", Some("old")));
        assert_eq!(shown(&rotations, &other), ("old", Some("new")));
        rotations.turn(&turned);
        assert_eq!(shown(&rotations, &turned), ("old", Some("new")));
    }

    #[test]
    fn a_credential_without_successor_shows_its_secret() {
        let rotations = Rotations([true].map(Cell::new).into());
        assert_eq!(shown(&rotations, &credential(0, None)), ("old", None));
    }
}
