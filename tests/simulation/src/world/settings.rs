//! Settings of the simulated host, from a map.

use toolgate::ports::Settings;

use super::Platform;

impl Settings for Platform {
    async fn get(&self, name: &str) -> Option<String> {
        self.settings.get(name).cloned()
    }
}
