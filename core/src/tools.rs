//! Local tools: toolkits that run inside the isolate, pure functions of their input.
//!
//! A tool is a type that implements [`TextTool`]; its input is declared once, by [`tool_input!`](crate::tool_input), and
//! the rest follows from that: the definition a worker lists, the JSON Schema MCP lists, the decoding with all faults
//! named. Randomness comes from the caller, in a [`ToolContext`]; there is no other effect.

mod calc;
pub mod error;
pub mod input;
pub mod schema;

use std::fmt;

use crate::words::json::Json;

use error::ToolError;
use input::ToolInput;
use schema::Parameter;

/// Holds a tool's resources besides its input.
pub struct ToolContext<'a> {
    random: &'a mut dyn FnMut() -> u64,
}

impl<'a> ToolContext<'a> {
    /// Returns a context whose randomness is `random`: each call gives 64 fresh bits.
    pub fn new(random: &'a mut dyn FnMut() -> u64) -> Self {
        Self { random }
    }

    /// Returns 64 random bits.
    pub fn random(&mut self) -> u64 {
        (self.random)()
    }
}

impl fmt::Debug for ToolContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ToolContext")
    }
}

/// A local tool that returns a text.
pub trait TextTool {
    /// The type of the arguments.
    type Input: ToolInput;
    /// The tool's name in the catalogue, PascalCase.
    const NAME: &'static str;
    /// The tool's name in error messages, snake_case.
    const SNAKE: &'static str;
    /// Description of the tool, for the model.
    const DESCRIPTION: &'static str;
    /// Description of the output, for the model.
    const OUTPUT: &'static str;
    /// Equal inputs have equal outputs; the output of any other tool is never cached.
    const DETERMINISTIC: bool = true;

    /// Runs the tool.
    ///
    /// # Errors
    /// Messages without the tool's name: the caller adds it ([`ToolError::in_tool`]).
    fn call(input: Self::Input, context: &mut ToolContext<'_>) -> Result<String, Box<ToolError>>;
}

/// The output of a tool run, or its error.
pub type ToolOutcome = Result<Json<'static>, ToolError>;

/// A set of tools that are released together.
#[derive(Debug)]
pub struct Toolkit {
    /// PascalCase; the part of a qualified tool name before the point.
    pub name: &'static str,
    /// Description for people.
    pub description: &'static str,
    /// The release.
    pub version: &'static str,
    /// The tools, in the order a worker lists them.
    pub tools: &'static [LocalTool],
}

/// One entry of the catalogue.
#[derive(Debug)]
pub struct LocalTool {
    /// The toolkit it belongs to.
    pub toolkit: &'static Toolkit,
    /// The tool's name, PascalCase.
    pub name: &'static str,
    /// Description of the tool, for the model.
    pub description: &'static str,
    /// Description of the output, for the model.
    pub output: &'static str,
    /// Equal inputs have equal outputs.
    pub deterministic: bool,
    /// The parameters of the input.
    pub parameters: &'static [Parameter],
    run: fn(&Json<'_>, &mut ToolContext<'_>) -> ToolOutcome,
}

impl LocalTool {
    const fn of<T: TextTool>(toolkit: &'static Toolkit) -> Self {
        Self {
            toolkit,
            name: T::NAME,
            description: T::DESCRIPTION,
            output: T::OUTPUT,
            deterministic: T::DETERMINISTIC,
            parameters: T::Input::PARAMETERS,
            run: run::<T>,
        }
    }

    /// Appends the tool's definition, byte for byte as a worker's `GET /worker/tools` lists it, nulls included.
    pub fn write_definition(&self, out: &mut Vec<u8>) {
        schema::write_definition(out, self);
    }

    /// Appends the JSON Schema of the tool's input (MCP's `inputSchema`).
    pub fn write_input_schema(&self, out: &mut Vec<u8>) {
        schema::write_input_schema(out, self);
    }

    /// Runs the tool on `input`: an object of arguments, or null for none.
    ///
    /// # Errors
    /// [`ToolError`] with the tool's name in its messages, also for an input that does not fit.
    pub fn call(&self, input: &Json<'_>, context: &mut ToolContext<'_>) -> ToolOutcome {
        (self.run)(input, context)
    }
}

fn run<T: TextTool>(input: &Json<'_>, context: &mut ToolContext<'_>) -> ToolOutcome {
    finish(T::SNAKE, input::decode(input).and_then(|input| T::call(input, context)))
}

/// Finishes a tool run: shared by all tools, and kept out of each tool's code for the sake of its size.
fn finish(snake_name: &str, result: Result<String, Box<ToolError>>) -> ToolOutcome {
    result.map(|text| Json::String(text.into())).map_err(|error| error.in_tool(snake_name))
}

static TOOLKITS: [&Toolkit; 1] = [&calc::TOOLKIT];

/// Returns every local toolkit.
#[must_use]
pub fn toolkits() -> &'static [&'static Toolkit] {
    &TOOLKITS
}

/// Returns the local tool `name` of `toolkit`; letter case does not matter.
#[must_use]
pub fn find(toolkit: &str, name: &str) -> Option<&'static LocalTool> {
    let toolkit = toolkits().iter().find(|candidate| candidate.name.eq_ignore_ascii_case(toolkit))?;
    toolkit.tools.iter().find(|candidate| candidate.name.eq_ignore_ascii_case(name))
}
