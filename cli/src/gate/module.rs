//! The imports of a compiled module from its host, read from its import section.

use std::collections::BTreeSet;
use std::path::Path;

use wasmparser::{Parser, Payload};

use crate::failure::Failure;

/// The imports of a module.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Imports {
    /// The modules of JavaScript, or the WIT interfaces, that the host must supply.
    pub(super) host: BTreeSet<String>,
    /// The imports of the core modules inside a component. Components join these among themselves, except `env`, which
    /// means that C code was linked whose functions nobody supplies.
    pub(super) inner: BTreeSet<String>,
}

/// Reads the imports of a core module or a component.
pub(super) fn imports(path: &Path, bytes: &[u8]) -> Result<Imports, Failure> {
    let broken = |error: wasmparser::BinaryReaderError| Failure::new(format!("{}: {error}", path.display()));
    let mut imports = Imports::default();
    // The modules and components that are open around the current section.
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(broken)? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth = depth.saturating_add(1),
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ImportSection(section) => {
                let into = if depth == 0 { &mut imports.host } else { &mut imports.inner };
                for import in section.into_imports() {
                    into.insert(import.map_err(broken)?.module.to_owned());
                }
            }
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    imports.host.insert(import.map_err(broken)?.name.0.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(imports)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Imports, Failure> {
        imports(Path::new("m.wasm"), bytes)
    }

    /// `(module (import "env" "f" (func)))`.
    const CORE: &[u8] = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02\x09\x01\x03env\x01f\0\0";

    #[test]
    fn imports_of_a_module_are_the_hosts() {
        let found = read(CORE).unwrap();
        assert_eq!(found, Imports { host: BTreeSet::from(["env".to_owned()]), inner: BTreeSet::new() });
        assert!(read(b"no module at all").is_err());
    }

    #[test]
    fn imports_of_a_module_in_a_component_are_inner() {
        let mut component = b"\0asm\x0d\0\x01\0\x01".to_vec();
        component.push(u8::try_from(CORE.len()).unwrap());
        component.extend(CORE);
        let found = read(&component).unwrap();
        assert_eq!(found, Imports { host: BTreeSet::new(), inner: BTreeSet::from(["env".to_owned()]) });
    }
}
