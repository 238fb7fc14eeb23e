//! The host's side of an instance of a component.

use std::collections::BTreeMap;
use std::sync::Arc;

use wasmtime::component::{HasData, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::key_value::SharedStore;
use crate::outbound::Outbound;
use crate::state::StateDir;

/// The parts that all instances of a component share.
pub(crate) struct Grants {
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) environment: BTreeMap<String, String>,
    /// The stores it was granted, by label.
    pub(crate) stores: BTreeMap<String, SharedStore>,
    /// Labels of the databases it was granted.
    pub(crate) databases: Vec<String>,
    pub(crate) state: StateDir,
    pub(crate) outbound: Outbound,
}

/// The data of one instance.
pub(crate) struct Guest {
    pub(crate) table: ResourceTable,
    pub(crate) grants: Arc<Grants>,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    outbound: Outbound,
}

impl Guest {
    /// A fresh instance's data: no files, no sockets; its output goes to ours.
    pub(crate) fn new(grants: Arc<Grants>) -> Self {
        let mut wasi = WasiCtxBuilder::new();
        wasi.inherit_stdout().inherit_stderr();
        for (name, value) in &grants.environment {
            wasi.env(name, value);
        }
        Self {
            table: ResourceTable::new(),
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            outbound: grants.outbound.clone(),
            grants,
        }
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.outbound, table: &mut self.table, ctx: &mut self.http }
    }
}

/// Gives Spin's interfaces the whole [`Guest`].
pub(crate) struct SpinInterfaces;

impl HasData for SpinInterfaces {
    type Data<'a> = &'a mut Guest;
}
