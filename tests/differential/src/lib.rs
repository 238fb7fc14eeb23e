//! Compares the local Calc tools with the same tools on a real worker: generated calls, and their answers here and there.

pub mod answer;
pub mod cases;
pub mod random;
pub mod worker;

pub use answer::Answer;
pub use cases::Case;
