//! The path of a check in an instance: held on the stack, written only for a fault.

/// Most bytes of one member's name in a path.
const NAME_BYTES: usize = 64;

/// A place in an instance.
pub(crate) struct Path<'p> {
    above: Option<&'p Path<'p>>,
    step: InstanceSegment<'p>,
}

#[derive(Clone, Copy)]
enum InstanceSegment<'p> {
    Root,
    Name(&'p str),
    Index(usize),
}

impl<'p> Path<'p> {
    /// The path of the whole instance.
    pub(crate) const ROOT: Self = Self { above: None, step: InstanceSegment::Root };

    /// Returns the path of the member with this name.
    pub(crate) const fn name(&'p self, name: &'p str) -> Self {
        Self { above: Some(self), step: InstanceSegment::Name(name) }
    }

    /// Returns the path of the item at this index.
    pub(crate) const fn index(&'p self, index: usize) -> Self {
        Self { above: Some(self), step: InstanceSegment::Index(index) }
    }

    /// Returns the path as workers write it: `many.1`.
    pub(crate) fn written(&self) -> String {
        let mut out = match self.above {
            Some(above) => above.written(),
            None => return String::new(),
        };
        if !out.is_empty() {
            out.push('.');
        }
        match self.step {
            InstanceSegment::Root => {}
            InstanceSegment::Name(name) => clip(&mut out, name, NAME_BYTES),
            InstanceSegment::Index(index) => out.push_str(&index.to_string()),
        }
        out
    }
}

/// Appends the text, or its beginning of at most `most` bytes and an ellipsis.
pub(super) fn clip(out: &mut String, text: &str, most: usize) {
    if text.len() <= most {
        return out.push_str(text);
    }
    let mut end = most;
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    out.push_str(text.get(..end).unwrap_or_default());
    out.push('\u{2026}');
}
