//! Where `tracing` events go: one JSON line each, through the host's own log.

use std::fmt;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use super::Line;

/// The field of an event whose text is a whole line already: a request's record.
pub(crate) const LINE_FIELD: &str = "line";

/// Sends every event of this process to `write`, one line of JSON at a time. The first call counts; a host calls it once,
/// at start.
pub fn install(write: fn(&str)) {
    // A second call finds the first subscriber in place, which is what was wanted.
    let _second = tracing::subscriber::set_global_default(Lines { write });
}

/// A subscriber for events only: the gateway opens no spans.
struct Lines {
    write: fn(&str),
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields =
            Fields { level: event.metadata().level(), line: Line(Vec::new()), whole: false, write: self.write };
        event.record(&mut fields);
        if !fields.whole {
            (self.write)(&fields.line.end());
        }
    }
}

struct Fields {
    level: &'static Level,
    line: Line,
    whole: bool,
    write: fn(&str),
}

impl Fields {
    /// The name of the next member; the level stands before the first.
    fn name(&mut self, field: &Field) {
        if self.line.0.is_empty() {
            self.line.text("{\"level\":", self.level.as_str());
        }
        // Names are ours, and plain.
        for part in [",\"", field.name(), "\":"] {
            self.line.raw(part);
        }
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == LINE_FIELD {
            (self.write)(value);
            self.whole = true;
        } else {
            self.name(field);
            self.line.text("", value);
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.name(field);
        self.line.number("", value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.name(field);
        self.line.text("", &format!("{value:?}"));
    }
}
