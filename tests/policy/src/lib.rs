//! The shared parts of the tests of policies: random policies, random requests, and the official Cedar implementation beside ours.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "what tests are made of: what goes wrong must stop them"
)]

pub mod official;
pub mod text;
pub mod world;
