//! Variables and secrets of the host.

/// Settings by upper-case name, such as `ARCADE_API_KEY`: environment variables and secrets on Cloudflare, variables on
/// Spin (where the name is in lower case). Read once, when an isolate starts.
#[expect(async_fn_in_trait, reason = "both hosts are single threaded and dispatch is static: no Send bound is wanted")]
pub trait Settings {
    /// Returns the value of `name`; `None` when it is not set, or empty.
    async fn get(&self, name: &str) -> Option<String>;
}
