//! The attributes that a decision can depend on: derived from the policies, not from one evaluation.
//!
//! INVARIANT (sound over-approximation): changing an attribute that is not among them, and neither within nor around
//! one of them, leaves the decision as it is.

use std::collections::BTreeSet;

use super::PolicySet;
use super::ast::{Binary, Constraint, Expr, Kind, Variable};
use super::request::PolicyRequest;

/// Attributes of the caller that determine entities.
const CALLER: [&str; 3] = ["principal.id", "principal.roles", "principal.tenant"];

/// Attributes of the tool that determine entities.
const TOOL: [&str; 3] = ["resource.executor", "resource.name", "resource.toolkit"];

impl PolicySet {
    /// Returns the attributes that the decision on this request can depend on, besides the action: paths such as
    /// `context.arguments.amount`, in order.
    #[must_use]
    pub fn depends(&self, request: &PolicyRequest<'_>) -> Vec<String> {
        let mut paths: BTreeSet<String> = BTreeSet::new();
        // Grants are the caller's and its roles', and name tools.
        paths.extend(["principal.id", "principal.roles", "resource.name"].map(str::to_owned));
        for policy in self.policies.iter().filter(|policy| policy.actions.has(request.action)) {
            of_scope(&policy.principal, &mut paths);
            of_scope(&policy.resource, &mut paths);
            if policy.applies(request) != Some(false) {
                policy.conditions.iter().for_each(|condition| of_expression(condition, &mut paths));
            }
        }
        paths.into_iter().collect()
    }
}

fn add(paths: &mut BTreeSet<String>, names: &[&str]) {
    paths.extend(names.iter().map(|name| (*name).to_owned()));
}

/// Adds the attributes of a scope: every policy's scope is matched, so they count even if it does not match.
fn of_scope(constraint: &Constraint, paths: &mut BTreeSet<String>) {
    match constraint {
        Constraint::Any | Constraint::Is(_) => {}
        Constraint::Equal(uid) | Constraint::In(uid) | Constraint::IsIn(_, uid) => match uid.kind {
            Kind::Caller | Kind::Role | Kind::Tenant => add(paths, &CALLER),
            _ => add(paths, &TOOL),
        },
    }
}

fn of_expression(expr: &Expr, paths: &mut BTreeSet<String>) {
    match expr {
        Expr::Bool(_) | Expr::Long(_) | Expr::Text(_) | Expr::LiteralSet(_) | Expr::Variable(Variable::Action) => {}
        // Uses of the whole are not followed further.
        Expr::Variable(Variable::Principal) => add(paths, &["principal"]),
        Expr::Variable(Variable::Resource) => add(paths, &["resource"]),
        Expr::Variable(Variable::Context) => add(paths, &["context"]),
        // It may be the caller or the tool of the request, and its attributes may be read.
        Expr::Entity(uid) => match uid.kind {
            Kind::Caller => add(paths, &["principal"]),
            Kind::Tool => add(paths, &["resource"]),
            _ => {}
        },
        Expr::If(parts) => parts.iter().for_each(|part| of_expression(part, paths)),
        Expr::And(parts) | Expr::Or(parts) | Expr::Set(parts) => {
            parts.iter().for_each(|part| of_expression(part, paths));
        }
        Expr::Record(members) => members.iter().for_each(|(_, value)| of_expression(value, paths)),
        Expr::Binary(operation, operands) => of_binary(*operation, operands, paths),
        Expr::Is(operand, _, None) if matches!(**operand, Expr::Variable(_)) => {}
        Expr::Is(operand, _, container) => {
            of_entity(operand, paths);
            if let Some(container) = container {
                of_expression(container, paths);
            }
        }
        Expr::Unary(_, operand) | Expr::Like(operand, _) => of_expression(operand, paths),
        Expr::Attribute(..) | Expr::Has(..) => match path_of(expr) {
            Some(path) => {
                paths.insert(path);
            }
            None => match expr {
                Expr::Attribute(base, _) | Expr::Has(base, _) => of_expression(base, paths),
                _ => {}
            },
        },
    }
}

fn of_binary(operation: Binary, [left, right]: &[Expr; 2], paths: &mut BTreeSet<String>) {
    if matches!(operation, Binary::Equal | Binary::NotEqual | Binary::In) {
        of_entity(left, paths);
        of_entity(right, paths);
    } else {
        of_expression(left, paths);
        of_expression(right, paths);
    }
}

/// Adds the attributes of an operand of which only the identity and the ancestors matter.
fn of_entity(expr: &Expr, paths: &mut BTreeSet<String>) {
    match expr {
        Expr::Variable(Variable::Principal) => add(paths, &CALLER),
        Expr::Variable(Variable::Resource) => add(paths, &TOOL),
        // The variable on the other side of the comparison determines the attributes; a literal in a literal depends on
        // caller and action all the same.
        Expr::Entity(uid) => match uid.kind {
            Kind::Caller => add(paths, &CALLER),
            Kind::Tool => add(paths, &TOOL),
            _ => {}
        },
        _ => of_expression(expr, paths),
    }
}

/// Returns the path, such as `context.arguments.a`, if the expression is an attribute of a variable.
fn path_of(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Variable(Variable::Principal) => Some("principal".to_owned()),
        Expr::Variable(Variable::Resource) => Some("resource".to_owned()),
        Expr::Variable(Variable::Context) => Some("context".to_owned()),
        Expr::Attribute(base, name) => Some(below(path_of(base)?, name)),
        // The presence of the last depends on each before it.
        Expr::Has(base, names) => names.iter().try_fold(path_of(base)?, |path, name| Some(below(path, name))),
        _ => None,
    }
}

fn below(mut path: String, name: &str) -> String {
    path.push('.');
    path.push_str(name);
    path
}
