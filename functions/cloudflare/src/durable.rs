//! The durable owner: one SQLite-backed Durable Object for each key, of the class `Durable` in `js/durable.js`.

use js_sys::{Array, Uint8Array};
use toolgate::ports::{Durable, DurableError};
use toolgate::state;
use wasm_bindgen::{JsCast, JsValue};

use crate::host::Host;
use crate::{clock, glue};

/// The binding in `wrangler.toml`.
pub(crate) const BINDING: &str = "TOOLGATE_DURABLE";

/// Deadline of the owner's reply, in milliseconds.
const TIMEOUT_MS: f64 = 1_500.0;

impl Durable for Host {
    async fn apply(&self, key: &str, command: Vec<u8>) -> Result<Vec<u8>, DurableError> {
        let owners = self.env().durable_object(BINDING).map_err(|_| DurableError::Unsupported)?;
        let owner: JsValue = owners.get_by_name(key).map_err(|_| DurableError::Unavailable)?.into_rpc();
        let reply = glue::apply(&owner, &command, TIMEOUT_MS).await.map_err(|_| DurableError::Unavailable)?;
        match reply.dyn_into::<Uint8Array>() {
            Ok(bytes) => Ok(bytes.to_vec()),
            Err(_) => Err(DurableError::Unavailable),
        }
    }
}

/// Runs a step of the owner: `[state to store | undefined, when it may be deleted in ms | undefined, reply]`.
pub(crate) fn step(stored: Option<&[u8]>, command: &[u8]) -> Array {
    let step = state::step(stored, command, clock::now());
    let state = step.state.as_deref().map(Uint8Array::from);
    let expires = step.expires.map(|at| at.as_millis() as f64);
    Array::of3(
        &state.map_or(JsValue::UNDEFINED, JsValue::from),
        &expires.map_or(JsValue::UNDEFINED, JsValue::from),
        &Uint8Array::from(step.reply.as_slice()),
    )
}
