//! Nothing: `Cargo.toml` is all that this package is for.
