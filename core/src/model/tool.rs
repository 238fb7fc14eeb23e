//! Reads an executor's own list of tools into one form, once.

use std::cell::OnceCell;
use std::rc::Rc;

use hmac_sha256::Hash;

use crate::tools::{self, LocalTool};
use crate::validate::schema::Schema;
use crate::words::json::{self, Json, Object, write_canonical};
use crate::words::limits;
use crate::words::names::ToolName;

/// The behaviour that a tool declares (`metadata.behavior`). Where nothing is declared, nothing may be assumed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Behavior {
    /// Read-only: `read_only` is true, `destructive` is not, and no operation besides `read` is declared.
    pub reads_only: bool,
    /// Mutating, by its own declaration: not read-only, destructive, or an operation besides `read`.
    pub mutates: bool,
    /// Idempotent: calling it twice is like calling it once.
    pub idempotent: bool,
    /// Its declarations, verbatim, for policies.
    pub says: Declarations,
}

/// Holds a tool's own declarations; `None` for each that is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Declarations {
    /// `read_only`
    pub read_only: Option<bool>,
    /// `destructive`
    pub destructive: Option<bool>,
    /// `idempotent`
    pub idempotent: Option<bool>,
    /// `open_world`
    pub open_world: Option<bool>,
}

/// One tool in one version on one executor.
#[derive(Clone, Debug)]
pub struct Tool {
    /// `Toolkit.Tool`.
    pub name: ToolName,
    /// The name in lower case.
    pub folded: String,
    /// The version, as the executor writes it.
    pub version: String,
    /// The executor's place in the configuration.
    pub executor: usize,
    /// The definition; a local tool's is written on first use, as most isolates that call one never need it.
    described: OnceCell<Described>,
    /// The input schema, compiled at the tool's first call; `None` when it declares no parameters.
    input_schema: OnceCell<Option<Schema>>,
    /// The interface hash, computed at the tool's first comparison with that of another executor.
    interface_hash: OnceCell<[u8; 16]>,
    /// The declared behaviour.
    pub behavior: Behavior,
    /// True when the tool needs the user's authorisation.
    pub needs_authorization: bool,
    /// The local implementation, for tools of the local executor.
    pub local: Option<&'static LocalTool>,
}

#[derive(Clone, Debug)]
struct Described {
    definition: Json<'static>,
    schema_hash: [u8; 16],
}

impl Tool {
    /// Returns the definition as an engine lists it (`ToolResponse`), nulls left out.
    #[must_use]
    pub fn definition(&self) -> &Json<'static> {
        &self.described().definition
    }

    /// Returns the digest of its input and output schema.
    #[must_use]
    pub fn schema_hash(&self) -> &[u8; 16] {
        &self.described().schema_hash
    }

    /// Returns whether `version` is the tool's version.
    #[must_use]
    pub fn is_of_version(&self, version: &str) -> bool {
        self.version.eq_ignore_ascii_case(version)
    }

    /// Returns the digest of the interface that callers can rely on: the names, types and necessity of its parameters,
    /// and the type of its output. Descriptions are left out, so that two executors may describe one tool differently.
    #[must_use]
    pub fn interface_hash(&self) -> [u8; 16] {
        *self.interface_hash.get_or_init(|| interface_hash(self.definition()))
    }

    /// Returns the schema of its arguments, compiled once; `None` when it declares none.
    #[must_use]
    pub fn input_schema(&self) -> Option<&Schema> {
        let compile = || {
            let parameters = self.definition().get("input")?.get("parameters")?.as_array()?;
            Some(Schema::of_parameters(parameters))
        };
        self.input_schema.get_or_init(compile).as_ref()
    }

    fn described(&self) -> &Described {
        self.described.get_or_init(|| {
            let tool = self.local.and_then(|local| described_local(local, self.executor));
            let described = tool.and_then(|tool| tool.described.into_inner());
            described.unwrap_or(Described { definition: Json::Null, schema_hash: [0; 16] })
        })
    }

    /// Returns the toolkit in lower case.
    #[must_use]
    pub fn toolkit_folded(&self) -> &str {
        self.folded.split_once('.').map_or("", |(toolkit, _)| toolkit)
    }

    /// Returns whether repeating a call is harmless: the tool only reads, declares itself idempotent, or is a pure
    /// local function.
    #[must_use]
    pub const fn is_repeatable(&self) -> bool {
        self.behavior.reads_only || self.behavior.idempotent || self.local.is_some()
    }
}

/// Limits on the JSON of a catalogue.
pub const CATALOGUE_LIMITS: json::Limits =
    json::Limits { depth: 64, values: limits::CATALOGUE_VALUES, string_bytes: 64 * 1024, number_bytes: 64 };

/// The behaviour that the definitions of all local tools declare: see the test.
const OF_LOCAL: Behavior = Behavior {
    reads_only: true,
    mutates: false,
    idempotent: true,
    says: Declarations {
        read_only: Some(true),
        destructive: Some(false),
        idempotent: Some(true),
        open_world: Some(false),
    },
};

/// Returns the local tools.
#[must_use]
pub fn of_local(executor: usize) -> Vec<Rc<Tool>> {
    let tools = tools::toolkits().iter().flat_map(|toolkit| toolkit.tools);
    tools
        .filter_map(|local| {
            let name = ToolName::new(&format!("{}.{}", local.toolkit.name, local.name))?;
            Some(Rc::new(Tool {
                folded: name.folded(),
                name,
                version: local.toolkit.version.to_owned(),
                executor,
                described: OnceCell::new(),
                input_schema: OnceCell::new(),
                interface_hash: OnceCell::new(),
                behavior: OF_LOCAL,
                needs_authorization: false,
                local: Some(local),
            }))
        })
        .collect()
}

/// Makes a local tool from its own definition.
fn described_local(local: &LocalTool, executor: usize) -> Option<Tool> {
    let mut definition = Vec::new();
    local.write_definition(&mut definition);
    of_worker_definition(json::parse(&definition, CATALOGUE_LIMITS).ok()?.into_owned(), executor)
}

/// Reads a worker's list (`GET /worker/tools`). `None` when it is not one; invalid definitions are skipped.
#[must_use]
pub fn of_worker(list: Json<'_>, executor: usize) -> Option<Vec<Rc<Tool>>> {
    let Json::Array(items) = list else {
        return None;
    };
    let items = items.into_iter().take(limits::CATALOGUE_TOOLS);
    Some(items.filter_map(|item| of_worker_definition(item.into_owned(), executor)).map(Rc::new).collect())
}

/// Reads one engine definition (an item of `GET /v1/tools`).
#[must_use]
pub fn of_engine_definition(definition: Json<'_>, executor: usize) -> Option<Tool> {
    let Json::Object(definition) = without_nulls(definition.into_owned()) else {
        return None;
    };
    let name = ToolName::new(definition.get("qualified_name")?.as_str()?)?;
    let toolkit = definition.get("toolkit")?;
    let version = toolkit.get("version").and_then(Json::as_str).unwrap_or_default().to_owned();
    let behavior = behavior_of(definition.get("metadata"));
    let authorization = definition.get("requirements").and_then(|requirements| requirements.get("authorization"));
    Some(Tool {
        folded: name.folded(),
        version,
        executor,
        behavior,
        needs_authorization: authorization.is_some(),
        local: None,
        input_schema: OnceCell::new(),
        interface_hash: OnceCell::new(),
        described: OnceCell::from(Described {
            schema_hash: schema_hash(&definition),
            definition: Json::Object(definition),
        }),
        name,
    })
}

/// Converts a worker's definition to the engine's form: qualified names, no nulls, none of the worker's private
/// members.
fn of_worker_definition(definition: Json<'static>, executor: usize) -> Option<Tool> {
    let Json::Object(worker) = without_nulls(definition) else {
        return None;
    };
    let name = worker.get("name")?.as_str()?;
    let toolkit = worker.get("toolkit")?;
    let qualified = format!("{}.{name}", toolkit.get("name")?.as_str()?);
    let version = toolkit.get("version").and_then(Json::as_str).unwrap_or_default();
    let fully_qualified = if version.is_empty() { qualified.clone() } else { format!("{qualified}@{version}") };
    let mut engine = Object::new();
    engine.insert("name", Json::String(name.to_owned().into()));
    engine.insert("qualified_name", Json::String(qualified.into()));
    engine.insert("fully_qualified_name", Json::String(fully_qualified.into()));
    for member in ["description", "toolkit", "input", "output"] {
        if let Some(value) = worker.get(member) {
            engine.insert(member, value.clone());
        }
    }
    let needs = |member: &str| worker.get("requirements").and_then(|requirements| requirements.get(member)).cloned();
    let mut requirements = Object::new();
    requirements.insert("met", Json::Bool(needs("authorization").is_none() && needs("secrets").is_none()));
    for member in ["authorization", "secrets"] {
        if let Some(value) = needs(member) {
            requirements.insert(member, value);
        }
    }
    engine.insert("requirements", Json::Object(requirements));
    if let Some(metadata) = worker.get("metadata") {
        engine.insert("metadata", metadata.clone());
    }
    of_engine_definition(Json::Object(engine), executor)
}

fn without_nulls(value: Json<'static>) -> Json<'static> {
    match value {
        Json::Object(object) => {
            let mut kept = Object::new();
            for (name, member) in object.into_members() {
                if member != Json::Null {
                    kept.push_unique(name, without_nulls(member));
                }
            }
            Json::Object(kept)
        }
        Json::Array(items) => Json::Array(items.into_iter().map(without_nulls).collect()),
        other => other,
    }
}

fn schema_hash(definition: &Object<'_>) -> [u8; 16] {
    let mut text = Vec::new();
    for member in ["input", "output"] {
        write_canonical(&mut text, definition.get(member).unwrap_or(&Json::Null));
    }
    Hash::hash(&text).first_chunk().copied().unwrap_or_default()
}

fn interface_hash(definition: &Json<'_>) -> [u8; 16] {
    let member = |name: &str, inner: &str| definition.get(name).and_then(|part| part.get(inner));
    let parameters = member("input", "parameters").and_then(Json::as_array).unwrap_or_default();
    let mut parameters: Vec<&Json<'_>> = parameters.iter().collect();
    parameters.sort_by_key(|parameter| parameter.get("name").and_then(Json::as_str));
    let mut text = Vec::new();
    for parameter in parameters {
        for part in ["name", "required", "value_schema"] {
            write_canonical(&mut text, parameter.get(part).unwrap_or(&Json::Null));
        }
    }
    write_canonical(&mut text, member("output", "value_schema").unwrap_or(&Json::Null));
    Hash::hash(&text).first_chunk().copied().unwrap_or_default()
}

fn behavior_of(metadata: Option<&Json<'_>>) -> Behavior {
    let Some(behavior) = metadata.and_then(|metadata| metadata.get("behavior")) else {
        return Behavior::default();
    };
    let says = |name: &str| behavior.get(name).and_then(Json::as_bool);
    let operations = behavior.get("operations").and_then(Json::as_array).unwrap_or_default();
    let reads = |operation: &Json<'_>| operation.as_str().is_some_and(|word| word.eq_ignore_ascii_case("read"));
    let only_reads = operations.iter().all(reads);
    let mutates = says("read_only") == Some(false) || says("destructive") == Some(true) || !only_reads;
    Behavior {
        // An empty list of operations declares nothing: `read` must be in it.
        reads_only: says("read_only") == Some(true) && !mutates && !operations.is_empty(),
        mutates,
        idempotent: says("idempotent") == Some(true),
        says: Declarations {
            read_only: says("read_only"),
            destructive: says("destructive"),
            idempotent: says("idempotent"),
            open_world: says("open_world"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_tools_facts_are_those_of_its_definition() {
        let tools = of_local(3);
        assert!(tools.len() >= 18);
        for tool in tools {
            let described = described_local(tool.local.unwrap(), 3).unwrap();
            assert_eq!(
                (&tool.name, &tool.folded, &tool.version, tool.executor, tool.behavior, tool.needs_authorization),
                (
                    &described.name,
                    &described.folded,
                    &described.version,
                    described.executor,
                    described.behavior,
                    described.needs_authorization
                )
            );
            assert!(tool.described.get().is_none(), "written before anybody asked");
            assert_eq!(tool.definition(), described.definition());
            assert_eq!(tool.schema_hash(), described.schema_hash());
            assert!(tool.definition().get("input").is_some());
        }
    }
}
