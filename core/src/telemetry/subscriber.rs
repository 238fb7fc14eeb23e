//! The sink of `tracing` events: one JSON line each, through the host's own log.

use std::fmt;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::words::json::ObjectWriter;

/// The field of an event whose text is already a whole line: a request's record.
pub(crate) const LINE_FIELD: &str = "line";

/// Sends every event of this process to `write`, one line of JSON at a time. The first call counts; a host calls it
/// once, at start.
pub fn install(write: fn(&str)) {
    // A second call finds the first subscriber in place, as intended.
    let _second = tracing::subscriber::set_global_default(LineSubscriber { write });
}

/// A subscriber for events only: the gateway opens no spans.
struct LineSubscriber {
    write: fn(&str),
}

impl Subscriber for LineSubscriber {
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
        let mut fields = EventFields { level: event.metadata().level(), line: None, whole: false, write: self.write };
        event.record(&mut fields);
        if !fields.whole {
            let line = fields.line().end();
            (self.write)(std::str::from_utf8(&line).unwrap_or_default());
        }
    }
}

struct EventFields {
    level: &'static Level,
    line: Option<ObjectWriter>,
    whole: bool,
    write: fn(&str),
}

impl EventFields {
    /// Takes the line so far; the level comes first.
    fn line(&mut self) -> ObjectWriter {
        self.line.take().unwrap_or_else(|| {
            let mut line = ObjectWriter::new();
            line.text("level", self.level.as_str());
            line
        })
    }

    fn text(&mut self, field: &Field, value: &str) {
        let mut line = self.line();
        line.text(field.name(), value);
        self.line = Some(line);
    }
}

impl Visit for EventFields {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == LINE_FIELD {
            (self.write)(value);
            self.whole = true;
        } else {
            self.text(field, value);
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        let mut line = self.line();
        line.number(field.name(), value);
        self.line = Some(line);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.text(field, &format!("{value:?}"));
    }
}
