//! Runs the code that reads a document, in an interpreter: nothing of it may call out.

use wasmi::{CompilationMode, Config, Engine, Export, Extern, Func, Instance, Linker, Module, Store, Val};

use super::super::BuildError;
use super::{Memory, PREPARE, broken};

/// The allocator of wasm-bindgen's exports: `(bytes, alignment) -> address`.
const ALLOCATE: &str = "__wbindgen_malloc";

/// Returns the memory after `prepare(document)`.
///
/// # Errors
/// [`BuildError::Snapshot`] when the module lacks something, calls out, or traps.
pub(super) fn prepare(module: &[u8], document: &str) -> Result<Memory, BuildError> {
    let mut config = Config::default();
    // Most of the module is never called.
    config.compilation_mode(CompilationMode::Lazy);
    let engine = Engine::new(&config);
    let module = Module::new(&engine, module).map_err(broken)?;
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);
    for import in module.imports() {
        let Some(ty) = import.ty().func() else {
            return Err(broken(format!("{} is imported, and is no function", import.name())));
        };
        let name = import.name().to_owned();
        let refuse = move |_: wasmi::Caller<'_, ()>, _: &[Val], _: &mut [Val]| {
            Err(wasmi::Error::new(format!("reading the document called {name}")))
        };
        let function = Func::new(&mut store, ty.clone(), refuse);
        linker.define(import.module(), import.name(), Extern::Func(function)).map_err(broken)?;
    }
    let instance = linker.instantiate_and_start(&mut store, &module).map_err(broken)?;
    let memory = instance.get_memory(&store, "memory").ok_or_else(|| broken("it exports no memory"))?;

    let tables = table_sizes(&store, instance);
    let length = i32::try_from(document.len()).map_err(broken)?;
    let allocate = instance.get_typed_func::<(i32, i32), i32>(&store, ALLOCATE).map_err(broken)?;
    let address = allocate.call(&mut store, (length, 1)).map_err(broken)?;
    let offset = usize::try_from(address).map_err(broken)?;
    memory.write(&mut store, offset, document.as_bytes()).map_err(broken)?;
    let prepare = instance.get_typed_func::<(i32, i32), ()>(&store, PREPARE).map_err(broken)?;
    prepare.call(&mut store, (address, length)).map_err(broken)?;
    if table_sizes(&store, instance) != tables {
        return Err(broken("reading the document kept an object of JavaScript's"));
    }

    Ok(Memory { pages: memory.size(&store), bytes: memory.data(&store).to_vec() })
}

/// Returns the length of each exported table: wasm-bindgen's table of objects grows before it holds the first.
fn table_sizes(store: &Store<()>, instance: Instance) -> Vec<u64> {
    instance.exports(store).filter_map(Export::into_table).map(|table| table.size(store)).collect()
}
