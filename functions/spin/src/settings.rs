//! Port `settings`: the component's variables, whose names Spin wants in lower case.

use spin_sdk::variables;
use toolgate::ports::Settings;

use crate::Spin;

impl Settings for Spin {
    async fn get(&self, name: &str) -> Option<String> {
        variables::get(name.to_ascii_lowercase()).await.ok().filter(|value| !value.is_empty())
    }
}
