//! Deliberate defects, and the tests that must notice them.

/// One replacement in the source of the core, and the test that must notice it.
pub(crate) struct Defect {
    /// The test binary, and which of its tests: part of a name, or nothing for all.
    pub(crate) test: [&'static str; 2],
    pub(crate) name: &'static str,
    /// Stands in `core/src` exactly once; `place.rs` says how it is compared.
    pub(crate) find: &'static str,
    pub(crate) replace: &'static str,
}

macro_rules! noticed_by {
    ($($(#[$about:meta])* $name:ident: $test:expr;)*) => {$(
        $(#[$about])*
        pub(crate) const fn $name(name: &'static str, find: &'static str, replace: &'static str) -> Defect {
            Defect { test: $test, name, find, replace }
        }
    )*};
}

noticed_by! {
    /// A defect that the invariants of the simulated world must notice.
    of_the_world: ["seeds", "every_invariant_holds"];
    /// A defect that the model of who may do what must notice.
    of_authority: ["authority", "no_request"];
    /// A defect that the comparison of what two principals are told must notice.
    of_principals: ["noninterference", "no_principal"];
    /// A defect that a story must notice.
    of_stories: ["stories", ""];
    /// A defect that the runs of many isolates under one limit must notice.
    of_rates: ["rate", ""];
    /// A defect that the model of issued keys must notice.
    of_keys: ["issued", "no_key"];
    /// A defect that the attacks, or the stories of issuers, must notice.
    of_tokens: ["tokens", ""];
}
