//! The module with its document read: the code that reads a document runs here, once, and the memory it leaves is the
//! start of every isolate ("pre-initialisation", as Wizer calls it).
//!
//! INVARIANT: the call touches nothing but memory. No import is called, no table changes, and the only global that can
//! change is the stack pointer, which is back where it was when the call returns.

mod run;

use std::fmt::Display;

use wasm_encoder::{ConstExpr, DataCountSection, DataSection, ExportSection, MemorySection, Module, RawSection};
use wasmparser::{DataKind, Encoding, ExternalKind, Parser, Payload};

use super::BuildError;

/// The export for this step, used by nothing else.
const PREPARE: &str = "prepare";

/// Zeroes between two pieces of memory that are cheaper as part of one segment than as the head of another.
const GAP: usize = 16;

/// Returns `module` as it is after `prepare(document)`, without that export.
///
/// # Errors
/// [`BuildError::Snapshot`] when the module has an unexpected shape, or the call traps.
pub(super) fn take(module: &[u8], document: &str) -> Result<Vec<u8>, BuildError> {
    check(module)?;
    let memory = run::prepare(module, document)?;
    rewrite(module, &memory)
}

/// The memory after the call.
struct Memory {
    pages: u64,
    bytes: Vec<u8>,
}

fn broken(reason: impl Display) -> BuildError {
    BuildError::Snapshot(reason.to_string())
}

/// Refuses a module with state outside its memory.
fn check(module: &[u8]) -> Result<(), BuildError> {
    for payload in Parser::new(0).parse_all(module) {
        match payload.map_err(broken)? {
            Payload::Version { encoding: Encoding::Component, .. } => return Err(broken("a component is no module")),
            Payload::StartSection { .. } => return Err(broken("a start function would run once more")),
            Payload::MemorySection(section) if section.count() != 1 => return Err(broken("one memory is expected")),
            Payload::GlobalSection(section) => {
                let mut variables = 0_usize;
                for global in section {
                    variables = variables.saturating_add(usize::from(global.map_err(broken)?.ty.mutable));
                }
                if variables > 1 {
                    return Err(broken("a global besides the stack pointer can change"));
                }
            }
            Payload::DataSection(section) => {
                for segment in section {
                    if matches!(segment.map_err(broken)?.kind, DataKind::Passive) {
                        return Err(broken("a passive segment would be copied once more"));
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Returns the same module with this memory, and without the export.
fn rewrite(module: &[u8], memory: &Memory) -> Result<Vec<u8>, BuildError> {
    let pieces = pieces(&memory.bytes);
    let mut rewritten = Module::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload.map_err(broken)?;
        match &payload {
            Payload::MemorySection(section) => {
                let mut memories = MemorySection::new();
                for old in section.clone() {
                    let mut new = wasm_encoder::MemoryType::from(old.map_err(broken)?);
                    new.minimum = memory.pages;
                    memories.memory(new);
                }
                rewritten.section(&memories);
            }
            Payload::ExportSection(section) => {
                let mut exports = ExportSection::new();
                for export in section.clone() {
                    let export = export.map_err(broken)?;
                    if export.name != PREPARE || export.kind != ExternalKind::Func {
                        exports.export(export.name, export.kind.into(), export.index);
                    }
                }
                rewritten.section(&exports);
            }
            Payload::DataCountSection { .. } => {
                let count = u32::try_from(pieces.len()).map_err(broken)?;
                rewritten.section(&DataCountSection { count });
            }
            Payload::DataSection(_) => {
                let mut data = DataSection::new();
                for (offset, bytes) in &pieces {
                    let offset = i32::try_from(*offset).map_err(broken)?;
                    data.active(0, &ConstExpr::i32_const(offset), bytes.iter().copied());
                }
                rewritten.section(&data);
            }
            other => {
                if let Some((id, range)) = other.as_section() {
                    let data = module.get(range).ok_or_else(|| broken("a section beyond the module's end"))?;
                    rewritten.section(&RawSection { id, data });
                }
            }
        }
    }
    Ok(rewritten.finish())
}

/// Returns the pieces that are not zero, with their offsets.
fn pieces(memory: &[u8]) -> Vec<(usize, &[u8])> {
    let mut pieces = Vec::new();
    let mut rest = memory;
    let mut offset = 0_usize;
    while let Some(zeroes) = rest.iter().position(|byte| *byte != 0) {
        let (_, from) = rest.split_at(zeroes);
        let (piece, after) = from.split_at(length(from));
        offset = offset.saturating_add(zeroes);
        pieces.push((offset, piece));
        offset = offset.saturating_add(piece.len());
        rest = after;
    }
    pieces
}

/// Returns the length of the piece at the start of `bytes`, which ends before more than [`GAP`] zeroes, or before
/// nothing but zeroes.
fn length(bytes: &[u8]) -> usize {
    let mut end = 0_usize;
    for (place, byte) in bytes.iter().enumerate() {
        if *byte != 0 {
            end = place.saturating_add(1);
        } else if place.saturating_sub(end) > GAP {
            break;
        }
    }
    end
}

#[cfg(test)]
#[path = "snapshot/tests.rs"]
mod tests;
