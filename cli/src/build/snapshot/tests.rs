//! Tests with a small module that reads a document as the Worker does: its snapshot, and the refused modules.

use wasm_encoder::{
    CodeSection, EntityType, ExportKind, Function, FunctionSection, GlobalSection, GlobalType, HeapType, ImportSection,
    Instruction, MemArg, MemoryType, RefType, StartSection, TableSection, TableType, TypeSection, ValType,
};

use super::*;

/// The address of the document's length in the small module.
const NOTED: i32 = 70_000;
const AT: MemArg = MemArg { offset: 0, align: 2, memory_index: 0 };

/// The peculiarity of a module.
#[derive(Clone, Copy, PartialEq)]
enum But {
    Nothing,
    CallsOut,
    KeepsAnObject,
    Traps,
    HasTwoVariables,
    HasAStart,
    HasAPassiveSegment,
}

/// Returns a module whose `prepare` grows the memory by a page and notes the document's length there, for `noted` to
/// return.
fn module(but: But) -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([ValType::I32, ValType::I32], [ValType::I32]);
    types.ty().function([ValType::I32, ValType::I32], []);
    types.ty().function([], [ValType::I32]);
    types.ty().function([], []);
    let mut imports = ImportSection::new();
    imports.import("./toolgate_bg.js", "now", EntityType::Function(2));
    let mut functions = FunctionSection::new();
    for ty in [0, 1, 2, 3] {
        functions.function(ty);
    }
    let mut tables = TableSection::new();
    let element_type = RefType::EXTERNREF;
    tables.table(TableType { element_type, table64: false, minimum: 1, maximum: None, shared: false });
    let mut memories = MemorySection::new();
    memories.memory(MemoryType { minimum: 1, maximum: None, memory64: false, shared: false, page_size_log2: None });
    let mut globals = GlobalSection::new();
    for _ in 0..if but == But::HasTwoVariables { 2 } else { 1 } {
        let ty = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
        globals.global(ty, &ConstExpr::i32_const(1024));
    }
    let mut exports = ExportSection::new();
    exports.export("memory", ExportKind::Memory, 0);
    exports.export("__wbindgen_externrefs", ExportKind::Table, 0);
    exports.export("__wbindgen_malloc", ExportKind::Func, 1);
    exports.export(PREPARE, ExportKind::Func, 2);
    exports.export("noted", ExportKind::Func, 3);
    let body = |instructions: &[Instruction<'_>]| {
        let mut function = Function::new([]);
        for instruction in instructions {
            function.instruction(instruction);
        }
        function.instruction(&Instruction::End);
        function
    };
    let mut code = CodeSection::new();
    code.function(&body(&[Instruction::I32Const(2048)]));
    let grow = [Instruction::I32Const(1), Instruction::MemoryGrow(0), Instruction::Drop];
    let note = [Instruction::I32Const(NOTED), Instruction::LocalGet(1), Instruction::I32Store(AT)];
    let last: &[Instruction<'_>] = match but {
        But::CallsOut => &[Instruction::Call(0), Instruction::Drop],
        But::KeepsAnObject => &[
            Instruction::RefNull(HeapType::EXTERN),
            Instruction::I32Const(1),
            Instruction::TableGrow(0),
            Instruction::Drop,
        ],
        But::Traps => &[Instruction::Unreachable],
        _ => &[],
    };
    code.function(&body(&[&grow[..], &note[..], last].concat()));
    code.function(&body(&[Instruction::I32Const(NOTED), Instruction::I32Load(AT)]));
    code.function(&body(&[]));
    let mut data = DataSection::new();
    data.active(0, &ConstExpr::i32_const(1024), *b"constant");
    if but == But::HasAPassiveSegment {
        data.passive(*b"later");
    }
    let mut module = Module::new();
    module.section(&types).section(&imports).section(&functions).section(&tables).section(&memories).section(&globals);
    module.section(&exports);
    if but == But::HasAStart {
        module.section(&StartSection { function_index: 4 });
    }
    module.section(&DataCountSection { count: data.len() }).section(&code).section(&data);
    module.finish()
}

/// Returns the noted length of a new instance that has read nothing.
fn noted(module: &[u8]) -> i32 {
    let engine = wasmi::Engine::default();
    let module = wasmi::Module::new(&engine, module).unwrap();
    let mut store = wasmi::Store::new(&engine, ());
    let mut linker = wasmi::Linker::new(&engine);
    linker.func_wrap("./toolgate_bg.js", "now", || 0).unwrap();
    let instance = linker.instantiate_and_start(&mut store, &module).unwrap();
    assert!(instance.get_func(&store, PREPARE).is_none(), "nobody can read another document into it");
    instance.get_typed_func::<(), i32>(&store, "noted").unwrap().call(&mut store, ()).unwrap()
}

#[test]
fn a_new_instance_has_read_its_document() {
    let taken = take(&module(But::Nothing), "twelve bytes").unwrap();
    assert_eq!(noted(&taken), 12);
    assert!(taken.windows(8).any(|bytes| bytes == b"constant"), "what was there before is there");
    assert_eq!(noted(&take(&module(But::Nothing), "").unwrap()), 0);
}

#[test]
fn the_same_document_makes_the_same_module() {
    let taken = || take(&module(But::Nothing), "document").unwrap();
    assert_eq!(taken(), taken());
}

#[test]
fn a_module_whose_state_is_more_than_its_memory_is_refused() {
    for (but, reason) in [
        (But::CallsOut, "reading the document called now"),
        (But::KeepsAnObject, "kept an object of JavaScript's"),
        (But::Traps, "unreachable"),
        (But::HasTwoVariables, "a global besides the stack pointer can change"),
        (But::HasAStart, "a start function would run once more"),
        (But::HasAPassiveSegment, "a passive segment would be copied once more"),
    ] {
        let refused = take(&module(but), "document").unwrap_err().to_string();
        assert!(refused.contains(reason), "{refused}");
    }
    assert!(take(b"no module", "document").is_err());
}

#[test]
fn pieces_are_what_is_not_zero() {
    assert!(pieces(&[]).is_empty() && pieces(&[0; 100]).is_empty());
    let mut memory = [0_u8; 100];
    memory[3] = 1;
    memory[10] = 2;
    memory[60] = 3;
    memory[99] = 4;
    let found: Vec<_> = pieces(&memory).into_iter().map(|(offset, bytes)| (offset, bytes.len())).collect();
    assert_eq!(found, [(3, 8), (60, 1), (99, 1)]);
    let mut copy = [0_u8; 100];
    pieces(&memory).iter().for_each(|(offset, bytes)| copy[*offset..][..bytes.len()].copy_from_slice(bytes));
    assert_eq!(copy, memory);
}
