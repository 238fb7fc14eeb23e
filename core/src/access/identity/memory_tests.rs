//! Tests an isolate's memory of credentials, and its duration.

use std::rc::Rc;

use super::*;
use crate::model::caller::{Caller, ProjectRule, UserRule};
use crate::words::modes::Priority;
use crate::words::names::{CallerId, KeyId, TenantId};

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn known(key: &str, validity: Option<Validity>) -> KnownCredential {
    let caller = Caller {
        id: CallerId::new("c").unwrap(),
        tenant: TenantId::new("t").unwrap(),
        roles: Vec::new(),
        scopes: Vec::new(),
        within: None,
        claims: std::collections::BTreeMap::new(),
        grants: Vec::new(),
        users: UserRule::Only(Vec::new()),
        projects: ProjectRule::Only(Vec::new()),
        priority: Priority::Normal,
    };
    KnownCredential { identified: Identified { caller: Rc::new(caller), key: KeyId::new(key).unwrap() }, validity }
}

/// A version of the revocations, a time in milliseconds, and the number of withdrawn keys of the issuer at index 0.
struct At(u64, u64, Option<u32>);

impl ValidationContext for At {
    fn revocation(&self) -> u64 {
        self.0
    }

    fn time(&self) -> Timestamp {
        at(self.1)
    }

    fn generation(&self, place: usize) -> Option<u32> {
        self.2.filter(|_| place == 0)
    }
}

/// Returns the result of recalling a key: `valid KEY`, `stale` or `nothing`.
fn recalled(memory: &CredentialMemory, key: &str, now: &At) -> String {
    match memory.recall(memory.fingerprint(key), now) {
        Remembered::Valid(identified) => format!("valid {}", identified.key),
        Remembered::Stale => "stale".to_owned(),
        Remembered::Nothing => "nothing".to_owned(),
    }
}

#[test]
fn what_was_learnt_holds_under_its_version_and_within_its_time() {
    let memory = CredentialMemory::new([7; 16]);
    let validity = Validity { revocation: 5, from: at(1_000), ends_at: at(2_000), issuer: None };
    memory.remember(memory.fingerprint("k"), known("k", Some(validity)));
    for (revocation, now, expected) in [
        (5, 1_000, "valid k"),
        (5, 1_999, "valid k"),
        (5, 2_000, "stale"),
        (5, 999, "stale"),
        (6, 1_000, "stale"),
        (4, 1_000, "stale"),
    ] {
        assert_eq!(recalled(&memory, "k", &At(revocation, now, None)), expected, "{revocation} {now}");
    }
    memory.remember(memory.fingerprint("k"), known("k", None));
    assert_eq!(recalled(&memory, "k", &At(9, 9_000, None)), "valid k", "what is configured holds always");
    assert_eq!(recalled(&memory, "other", &At(9, 9_000, None)), "nothing");
}

#[test]
fn a_token_holds_while_its_issuer_keeps_the_keys_that_it_had() {
    let memory = CredentialMemory::new([7; 16]);
    for (token, place) in [("here", 0), ("elsewhere", 1)] {
        let issuer = Some(IssuerKeys { place, generation: 3 });
        let validity = Validity { revocation: 5, from: at(1_000), ends_at: at(2_000), issuer };
        memory.remember(memory.fingerprint(token), known(token, Some(validity)));
    }
    let recalled = |token, generation| recalled(&memory, token, &At(5, 1_500, generation));
    assert_eq!(recalled("here", Some(3)), "valid here");
    assert_eq!([recalled("here", Some(4)), recalled("here", Some(2)), recalled("here", None)], ["stale"; 3]);
    assert_eq!(recalled("elsewhere", Some(3)), "stale", "of an issuer that is not configured");
}

#[test]
fn a_refusal_is_remembered_for_a_while_and_ends_what_was_valid() {
    let memory = CredentialMemory::new([7; 16]);
    let fingerprint = memory.fingerprint("k");
    memory.remember(fingerprint, known("k", None));
    assert_eq!(memory.refusal(fingerprint, at(1_000)), None);
    memory.refuse(fingerprint, RefusalKind::CredentialRevoked, at(1_000));
    assert_eq!(recalled(&memory, "k", &At(0, 1_000, None)), "nothing");
    let end = 1_000 + CREDENTIAL_REFUSAL_REMEMBERED.get();
    for (now, expected) in [(1_000, true), (end - 1, true), (end, false), (999, false)] {
        let expected = expected.then_some(RefusalKind::CredentialRevoked);
        assert_eq!(memory.refusal(fingerprint, at(now)), expected, "{now}");
    }
    assert_eq!(memory.refusal(memory.fingerprint("other"), at(1_000)), None);
}

#[test]
fn others_push_a_credential_out_and_are_never_taken_for_it() {
    let memory = CredentialMemory::new([7; 16]);
    let names: Vec<String> = (0..5_000).map(|number| format!("key-{number}")).collect();
    for name in &names {
        memory.remember(memory.fingerprint(name), known(name, None));
        assert_eq!(recalled(&memory, name, &At(0, 0, None)), format!("valid {name}"));
    }
    let remembered = names.iter().filter(|name| {
        let what = recalled(&memory, name, &At(0, 0, None));
        assert!(what == "nothing" || what == format!("valid {name}"), "{name} is taken for {what}");
        what != "nothing"
    });
    assert_eq!(remembered.count(), SETS * WAYS);
}

#[test]
fn look_ups_under_way_and_failed_look_ups_are_bounded() {
    let lookups = Lookups::default();
    let begun: Vec<_> = std::iter::from_fn(|| lookups.begin(at(500))).collect();
    assert_eq!(begun.len(), KEY_LOOKUPS_PENDING as usize);
    drop(begun);
    let in_vain = |now| {
        let found = std::iter::from_fn(|| {
            let lookup = lookups.begin(at(now))?;
            lookup.fail(at(now));
            Some(())
        });
        found.count()
    };
    assert_eq!(in_vain(1_000), KEY_LOOKUPS_FAILED_PER_SECOND as usize);
    assert_eq!((in_vain(1_999), in_vain(2_000)), (0, KEY_LOOKUPS_FAILED_PER_SECOND as usize));
    let found: Vec<_> = (0..1_000).filter(|_| lookups.begin(at(3_000)).is_some()).collect();
    assert_eq!(found.len(), 1_000, "look-ups that find a key are free");
}
