//! Settings: the variables and secrets of the Worker, which are one namespace.

use toolgate::ports::Settings;

use crate::host::Host;

impl Settings for Host {
    async fn get(&self, name: &str) -> Option<String> {
        let value = self.env().var(name).ok()?.to_string();
        (!value.is_empty()).then_some(value)
    }
}
