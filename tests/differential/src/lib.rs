//! Compares the local Math tools with Arcade's own: generated calls, their answers here and there, and what may differ.

pub mod answer;
pub mod cases;
pub mod random;
pub mod worker;

pub use answer::Answer;
pub use cases::Case;
