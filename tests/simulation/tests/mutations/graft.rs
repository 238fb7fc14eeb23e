//! Many defects in one build: each function that has some begins by asking which one is switched on.
//!
//! To build the core once for each defect takes most of an hour. So the body of a function becomes a `match` whose arms are its
//! body with each defect, and its body as it is (mutation schemata: Untch, Offutt and Harrold, 1993).

use std::ops::Range;

use syn::visit::Visit;

use crate::defect::Defect;

/// Added to the core's `lib.rs`: which defect is switched on.
pub(crate) const SWITCH: &str = r#"
/// The number of the defect that is switched on; 0 for none.
pub(crate) fn planted() -> usize {
    static PLANTED: std::sync::LazyLock<usize> =
        std::sync::LazyLock::new(|| std::env::var("TOOLGATE_PLANTED").ok().and_then(|text| text.parse().ok()).unwrap_or(0));
    *PLANTED
}
"#;

/// The environment variable that [`SWITCH`] reads.
pub(crate) const PLANTED: &str = "TOOLGATE_PLANTED";

/// A defect with its number, and the bytes of its file that it replaces.
pub(crate) type Placed<'d> = (usize, &'d Defect, Range<usize>);

/// Returns `source` with all of these defects in it, and the numbers of those that must be built alone: they change more than the
/// body of a function, or of one whose body cannot be an arm of a `match`.
pub(crate) fn graft(source: &str, defects: &[Placed<'_>]) -> (String, Vec<usize>) {
    let file = syn::parse_file(source).unwrap_or_else(|error| panic!("{}: {error}", defects[0].1.name));
    let mut bodies = Bodies(Vec::new());
    bodies.visit_file(&file);
    let mut alone = Vec::new();
    let mut arms: Vec<String> = bodies.0.iter().map(|_| String::new()).collect();
    for (number, defect, place) in defects {
        match bodies.0.iter().position(|body| body.start < place.start && place.end < body.end) {
            Some(index) => {
                let body = &bodies.0[index];
                let (before, after) = (&source[body.start..place.start], &source[place.end..body.end]);
                arms[index].push_str(&format!("{number} => {before}{}{after}\n", defect.replace));
            }
            None => alone.push(*number),
        }
    }
    let (mut text, mut written) = (String::new(), 0);
    for (body, arms) in bodies.0.iter().zip(arms).filter(|(_, arms)| !arms.is_empty()) {
        text.push_str(&source[written..body.start]);
        text.push_str(&format!("{{ match crate::planted() {{\n{arms}_ => {}\n}} }}", &source[body.clone()]));
        written = body.end;
    }
    text.push_str(&source[written..]);
    (text, alone)
}

/// Returns `source` with this defect in it.
pub(crate) fn with_one(source: &str, defect: &Defect, place: &Range<usize>) -> String {
    [&source[..place.start], defect.replace, &source[place.end..]].concat()
}

/// Returns the bodies of functions, braces included, in the order of the source; none is within another.
struct Bodies(Vec<Range<usize>>);

impl Bodies {
    fn add(&mut self, signature: &syn::Signature, body: &syn::Block) {
        // A constant function reads no variable, and the arms of one that returns `impl Trait` would differ in type.
        let is_opaque =
            matches!(&signature.output, syn::ReturnType::Type(_, kind) if matches!(**kind, syn::Type::ImplTrait(_)));
        if signature.constness.is_none() && !is_opaque {
            let braces = body.brace_token.span;
            self.0.push(braces.open().byte_range().start..braces.close().byte_range().end);
        }
    }
}

impl Visit<'_> for Bodies {
    fn visit_item_fn(&mut self, function: &syn::ItemFn) {
        self.add(&function.sig, &function.block);
    }

    fn visit_impl_item_fn(&mut self, function: &syn::ImplItemFn) {
        self.add(&function.sig, &function.block);
    }

    fn visit_trait_item_fn(&mut self, function: &syn::TraitItemFn) {
        if let Some(body) = &function.default {
            self.add(&function.sig, body);
        }
    }
}
