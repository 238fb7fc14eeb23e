//! The WASM engine: pooled memory, compiled code kept on disk.

use std::path::Path;
use std::time::Duration;

use wasmtime::component::{Component, Linker};
use wasmtime::{Cache, CacheConfig, Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};
use wasmtime_wasi_http::p3::bindings::ServicePre;

use crate::bindings::Spin;
use crate::guest::{Guest, SpinInterfaces};
use crate::options::Options;

/// Instances that may live at once, as on Spin.
const INSTANCES_MAX: u32 = 1_000;
/// The period of the epoch's ticks, as on Spin.
const EPOCH: Duration = Duration::from_millis(10);
/// Epochs in which no instance ends: there must be a deadline, or the first tick would be one.
pub(crate) const NO_DEADLINE: u64 = u64::MAX / 2;
/// Memory that a slot keeps when its instance goes, so that the next one need not fault it in again.
const RESIDENT_BYTES: usize = 2 << 20;

/// An engine as Spin sets it up. Where the address space is too small for the pool, memory is allocated on demand.
pub(crate) fn engine(options: &Options) -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    config.wasm_component_model_async(true).epoch_interruption(true);
    if !options.disable_cache {
        config.cache(Some(cache(options.cache_dir.as_deref())?));
    }
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool()));
    let engine = Engine::new(&config).or_else(|_| {
        config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
        Engine::new(&config)
    })?;
    tick(&engine);
    Ok(engine)
}

/// Moves the engine's epoch on, as Spin does, for as long as the engine lives. No instance here has a deadline that it would
/// reach: what this costs is the check that compiled code makes at every loop and call.
#[expect(clippy::disallowed_methods, reason = "only a thread of its own ticks while every other one is busy")]
fn tick(engine: &Engine) {
    let engine = engine.weak();
    std::thread::spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            std::thread::sleep(EPOCH);
        }
    });
}

fn cache(directory: Option<&Path>) -> wasmtime::Result<Cache> {
    match directory {
        Some(directory) => {
            std::fs::create_dir_all(directory)?;
            let mut config = CacheConfig::new();
            config.with_directory(directory.canonicalize()?);
            Cache::new(config)
        }
        None => Cache::from_file(None),
    }
}

fn pool() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(INSTANCES_MAX)
        .total_core_instances(INSTANCES_MAX.saturating_mul(4))
        .total_memories(INSTANCES_MAX)
        .total_tables(INSTANCES_MAX.saturating_mul(2))
        .total_stacks(INSTANCES_MAX)
        .table_elements(100_000)
        .max_core_instance_size(10 << 20)
        .max_component_instance_size(10 << 20)
        .linear_memory_keep_resident(RESIDENT_BYTES)
        .table_keep_resident(RESIDENT_BYTES / 4);
    pool
}

/// Compiles the component at `path` and links it with all that Spin offers it.
pub(crate) fn prepare(engine: &Engine, path: &Path) -> wasmtime::Result<ServicePre<Guest>> {
    let component = Component::from_file(engine, path)?;
    let mut linker = Linker::<Guest>::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    Spin::add_to_linker::<_, SpinInterfaces>(&mut linker, |guest| guest)?;
    ServicePre::new(linker.instantiate_pre(&component)?)
}
