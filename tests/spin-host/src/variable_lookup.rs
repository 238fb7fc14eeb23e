//! `spin:variables` 3.0.0.

use wasmtime::component::Accessor;

use crate::bindings::variables::{Error, Host, HostWithStore};
use crate::guest::{Guest, SpinInterfaces};
use crate::variables::check_name;

impl Host for Guest {}

impl<T: Send> HostWithStore<T> for SpinInterfaces {
    async fn get(accessor: &Accessor<T, Self>, name: String) -> wasmtime::Result<Result<String, Error>> {
        if let Err(rule) = check_name(&name) {
            return Ok(Err(Error::InvalidName(format!("`{name}`: {rule}"))));
        }
        let value = accessor.with(|mut access| access.get().grants.variables.get(&name).cloned());
        Ok(value.ok_or_else(|| Error::Undefined(format!("no variable `{name}` for this component"))))
    }
}
