//! The final check of a compiled schema: no cycle in place, and a bounded cost for each place of an instance.

use super::SchemaFault;
use super::rules::{Node, NodeId};

/// Longest chain of schemas that apply to the same place (`$ref`, `allOf`, ...).
const CHAIN: u32 = 32;

/// Most schemas that may be applied to one place of an instance.
const WEIGHT: u64 = 4_096;

#[derive(Clone, Copy)]
enum Visit {
    New,
    Open,
    Done { weight: u64, chain: u32 },
}

/// Checks all nodes.
pub(super) fn check(nodes: &[Node], places: &[String]) -> Result<(), SchemaFault> {
    let mut visits = vec![Visit::New; nodes.len()];
    for node in 0..nodes.len() {
        if let Err(message) = visit(nodes, &mut visits, node, 0) {
            let place = places.get(node).cloned().unwrap_or_default();
            return Err(SchemaFault { place, message: message.to_owned() });
        }
    }
    Ok(())
}

fn visit(nodes: &[Node], visits: &mut [Visit], id: NodeId, depth: u32) -> Result<(u64, u32), &'static str> {
    const LOOP: &str = "leads back to itself without descending into the instance";
    const LONG: &str = "applies a chain of more than 32 schemas to one place";
    const HEAVY: &str = "applies more than 4096 schemas to one place";
    match visits.get(id) {
        Some(Visit::Done { weight, chain }) => return Ok((*weight, *chain)),
        Some(Visit::New) => {}
        _ => return Err(LOOP),
    }
    if depth > CHAIN {
        return Err(LONG);
    }
    set(visits, id, Visit::Open);
    let (mut weight, mut chain) = (1_u64, 0_u32);
    for below in nodes.get(id).into_iter().flat_map(|node| &node.rules).flat_map(super::rules::Rule::in_place) {
        let (its_weight, its_chain) = visit(nodes, visits, below, depth.saturating_add(1))?;
        weight = weight.saturating_add(its_weight);
        chain = chain.max(its_chain.saturating_add(1));
    }
    if weight > WEIGHT {
        return Err(HEAVY);
    }
    if chain > CHAIN {
        return Err(LONG);
    }
    set(visits, id, Visit::Done { weight, chain });
    Ok((weight, chain))
}

fn set(visits: &mut [Visit], id: NodeId, visit: Visit) {
    if let Some(place) = visits.get_mut(id) {
        *place = visit;
    }
}
