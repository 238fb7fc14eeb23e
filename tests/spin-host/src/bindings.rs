//! Host side of Spin's interfaces, generated from the files in `wit/`.

wasmtime::component::bindgen!({
    path: "wit",
    world: "toolgate:spin-host/spin",
    imports: { default: async | trappable },
    with: {
        "spin:key-value/key-value.store": crate::key_value::OpenStore,
        "spin:sqlite/sqlite.connection": crate::sqlite::OpenDatabase,
    },
});

pub(crate) use spin::key_value::key_value;
pub(crate) use spin::sqlite::sqlite;
pub(crate) use spin::variables::variables;
