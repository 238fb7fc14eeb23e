//! Where a call can run: one file for each kind of executor.

pub(crate) mod upstream;
