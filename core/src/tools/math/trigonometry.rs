//! Degrees and radians.

use std::f64::consts::PI;

use super::number::decimal;
use super::python::{float_of_decimal, repr_float};
use crate::tool_input;
use crate::tools::error::ToolError;
use crate::tools::{Tool, ToolContext};

tool_input! {
    pub(super) struct DegToRadInput {
        degrees: String = "Angle in degrees as a string",
    }
}

tool_input! {
    pub(super) struct RadToDegInput {
        radians: String = "Angle in radians as a string",
    }
}

/// Convert an angle from degrees to radians.
pub(super) struct DegToRad;

impl Tool for DegToRad {
    type Input = DegToRadInput;
    const NAME: &'static str = "DegToRad";
    const SNAKE: &'static str = "deg_to_rad";
    const DESCRIPTION: &'static str = "Convert an angle from degrees to radians.";
    const OUTPUT: &'static str = "Angle in radians as a string";

    fn call(DegToRadInput { degrees }: Self::Input, _context: &mut ToolContext<'_>) -> Result<String, Box<ToolError>> {
        Ok(repr_float(float_of_decimal(&decimal(&degrees)?)? * (PI / 180.0)))
    }
}

/// Convert an angle from radians to degrees.
pub(super) struct RadToDeg;

impl Tool for RadToDeg {
    type Input = RadToDegInput;
    const NAME: &'static str = "RadToDeg";
    const SNAKE: &'static str = "rad_to_deg";
    const DESCRIPTION: &'static str = "Convert an angle from radians to degrees.";
    const OUTPUT: &'static str = "Angle in degrees as a string";

    fn call(RadToDegInput { radians }: Self::Input, _context: &mut ToolContext<'_>) -> Result<String, Box<ToolError>> {
        Ok(repr_float(float_of_decimal(&decimal(&radians)?)? * (180.0 / PI)))
    }
}
