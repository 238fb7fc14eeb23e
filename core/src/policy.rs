//! Policies: permissions of callers, as code (docs/policy.md, docs/decisions/0018-cedar-language-own-evaluator.md).
//!
//! The language is [Cedar](https://www.cedarpolicy.com): a documented part of it, parsed and evaluated by this module,
//! and held equal to the official implementation by differential tests. One function, [`PolicySet::decide`], decides
//! for lists and for calls; for a partly unknown request it says whether the decision depends on the unknown parts. Any
//! error denies.

mod ast;
mod decide;
mod depends;
mod evaluate;
mod extension;
mod fault;
mod index;
mod lexer;
mod mode;
mod parser;
mod request;
mod value;

use std::collections::BTreeSet;

pub use decide::{Decision, Denial, Verdict, Would};
pub use fault::PolicyFault;
pub use mode::PolicyMode;
pub use request::{Arguments, PolicyRequest, Resource, ToolFacts, User};
pub use value::EvaluationErrorKind;

use crate::words::limits;
use ast::Policy;
use fault::ParseFault;
use index::Index;

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;

/// A text of policies, as in the configuration.
#[derive(Clone, Copy, Debug)]
pub struct PolicySource<'s> {
    /// Cedar.
    pub text: &'s str,
    /// [`PolicyMode::DryRun`] for all of its policies; otherwise each policy's own `@mode` applies.
    pub mode: PolicyMode,
}

/// Parsed policies, ready to decide.
#[derive(Clone, Debug, Default)]
pub struct PolicySet {
    policies: Vec<Policy>,
    index: Index,
}

impl PolicySet {
    /// Parses these texts into one set. A policy's id is its `@id`, or `policy` and its position.
    ///
    /// # Errors
    /// Every fault found, with the index of its text in `sources`.
    pub fn new(sources: &[PolicySource<'_>]) -> Result<Self, Vec<(usize, PolicyFault)>> {
        let mut policies: Vec<Policy> = Vec::new();
        let mut faults = Vec::new();
        let mut names = BTreeSet::new();
        let mut bytes = 0_usize;
        for (place, source) in sources.iter().enumerate() {
            bytes = bytes.saturating_add(source.text.len());
            if bytes > limits::POLICY_BYTES {
                let message = format!("all policies together have more than {} bytes", limits::POLICY_BYTES);
                faults.push((place, ParseFault::at(0, message).placed(source.text)));
                break;
            }
            match parser::parse(source.text, policies.len()) {
                Ok(read) => {
                    for (at, mut policy) in read {
                        if source.mode == PolicyMode::DryRun {
                            policy.mode = PolicyMode::DryRun;
                        }
                        if !names.insert(policy.id.clone()) {
                            let message = format!("the id {} is taken: ids must differ", policy.id);
                            faults.push((place, ParseFault::at(at, message).placed(source.text)));
                        }
                        policies.push(policy);
                    }
                }
                Err(found) => faults.extend(found.into_iter().map(|fault| (place, fault.placed(source.text)))),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let index = Index::new(&policies);
        Ok(Self { policies, index })
    }

    /// Returns true if there are no policies.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.policies.is_empty()
    }

    /// Returns the number of policies.
    #[must_use]
    pub fn len(&self) -> usize {
        self.policies.len()
    }

    /// Returns the ids, in order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.policies.iter().map(|policy| &*policy.id)
    }
}
