//! `[[inputs]]`: the operator's rules about arguments, read and compiled once.

use std::rc::Rc;

use serde_json::json;
use toml::Spanned;
use toml::de::DeValue;

use super::document::{DocumentValue, Located, document, parsed};
use super::faults::{ConfigFault, Faults};
use super::quantity::Bytes;
use crate::validate::input::{ArgumentPath, FileRule, HostPattern, InputRule, Scheme, UrlRule, is_media_type};
use crate::validate::schema::Schema;
use crate::words::limits;
use crate::words::names::ToolPattern;

document! {
    /// A rule about the inputs of some tools, besides what the tools themselves say. All rules that name a tool hold.
    pub(super) struct InputSection {
        /// The tools: "*", "Toolkit.*" or "Toolkit.Tool".
        tools: Vec<ToolPattern>;
        /// A JSON Schema (draft 2020-12) of the whole input, as a text of at most 64KiB.
        schema: Option<Located<String>>;
        /// Places that hold URLs, at most 32.
        urls: Vec<Located<UrlSection>> = Vec::new();
        /// Places that hold files, at most 32.
        files: Vec<Located<FileSection>> = Vec::new();
    }
}

document! {
    /// A place that holds a URL.
    pub(super) struct UrlSection {
        /// The place, as a JSON Pointer below the input; "*" is every item or member: "/url", "/pages/*/url".
        at: ArgumentPath;
        /// The schemes it may have: "https", "http", "wss", "ws".
        schemes: Vec<Scheme> = vec![Scheme::Https];
        /// Permits addresses in private networks.
        private: bool = false;
        /// The hosts it may name, such as "example.com" or "*.example.com"; empty for all.
        hosts: Vec<HostPattern> = Vec::new();
        /// The ports it may name; empty for the scheme's own.
        ports: Vec<u64> = Vec::new();
    }
}

document! {
    /// A place that holds a file, as base64 or as a data: URL.
    pub(super) struct FileSection {
        /// The place, as a JSON Pointer below the input.
        at: ArgumentPath;
        /// The media types it may have, such as "image/png".
        types: Vec<MediaType>;
        /// Most bytes, decoded. A text's own bound is limits.string_bytes.
        bytes: Bytes = Bytes(1 << 20), in (Bytes(1), Bytes(limits::BODY_BYTES_MAX as u64));
    }
}

/// A media type without parameters, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MediaType(String);

impl DocumentValue for ArgumentPath {
    fn read(node: &Spanned<DeValue<'_>>, faults: &mut Faults<'_>) -> Option<Self> {
        parsed(node, faults, "a JSON Pointer such as \"/url\" or \"/pages/*/url\"", Self::new)
    }

    fn schema() -> serde_json::Value {
        json!({ "type": "string", "pattern": "^/" })
    }
}

impl DocumentValue for Scheme {
    fn read(node: &Spanned<DeValue<'_>>, faults: &mut Faults<'_>) -> Option<Self> {
        parsed(node, faults, "one of https, http, wss, ws", Self::parse)
    }

    fn schema() -> serde_json::Value {
        json!({ "enum": ["https", "http", "wss", "ws"] })
    }
}

impl DocumentValue for HostPattern {
    fn read(node: &Spanned<DeValue<'_>>, faults: &mut Faults<'_>) -> Option<Self> {
        parsed(node, faults, "a name such as \"example.com\" or \"*.example.com\"", Self::new)
    }

    fn schema() -> serde_json::Value {
        json!({ "type": "string", "pattern": "^(\\*\\.)?[A-Za-z0-9_.-]+$" })
    }
}

impl DocumentValue for MediaType {
    fn read(node: &Spanned<DeValue<'_>>, faults: &mut Faults<'_>) -> Option<Self> {
        let new = |text: &str| is_media_type(text).then(|| Self(text.to_owned()));
        parsed(node, faults, "a media type in lower case, such as \"image/png\"", new)
    }

    fn schema() -> serde_json::Value {
        json!({ "type": "string", "pattern": "^[^/]+/[^/]+$" })
    }
}

/// Builds the rules, and notes every fault of them.
pub(super) fn build(sections: Vec<Located<InputSection>>, found: &mut Vec<ConfigFault>) -> Vec<InputRule> {
    let mut builder = InputsBuilder { found };
    if let Some(surplus) = sections.get(limits::INPUT_RULES) {
        builder.fault(surplus.line, "inputs".to_owned(), format!("has more than {} rules", limits::INPUT_RULES));
        return Vec::new();
    }
    sections.into_iter().enumerate().map(|(index, section)| builder.rule(index, section)).collect()
}

struct InputsBuilder<'b> {
    found: &'b mut Vec<ConfigFault>,
}

impl InputsBuilder<'_> {
    fn fault(&mut self, line: usize, place: String, message: String) {
        self.found.push(ConfigFault { line: Some(line), place, message });
    }

    #[inline(never)]
    fn rule(&mut self, index: usize, Located { value: section, line }: Located<InputSection>) -> InputRule {
        let place = format!("inputs[{index}]");
        if section.schema.is_none() && section.urls.is_empty() && section.files.is_empty() {
            self.fault(line, place.clone(), "needs at least one of schema, urls and files".to_owned());
        }
        self.at_most(limits::INPUT_PLACES, section.urls.len(), line, &place, "urls");
        self.at_most(limits::INPUT_PLACES, section.files.len(), line, &place, "files");
        InputRule {
            tools: section.tools,
            schema: section.schema.and_then(|schema| self.schema(&schema, &place)),
            urls: section.urls.into_iter().map(|url| self.url(url, &place)).collect(),
            files: section.files.into_iter().map(|file| self.file(file, &place)).collect(),
        }
    }

    fn schema(&mut self, schema: &Located<String>, place: &str) -> Option<Rc<Schema>> {
        match Schema::compile_text(&schema.value) {
            Ok(compiled) => Some(Rc::new(compiled)),
            Err(faults) => {
                for fault in faults {
                    self.fault(schema.line, format!("{place}.schema"), fault.to_string());
                }
                None
            }
        }
    }

    fn url(&mut self, Located { value: url, line }: Located<UrlSection>, place: &str) -> UrlRule {
        if url.schemes.is_empty() {
            self.fault(line, format!("{place}.urls"), "schemes is empty: no URL could be sent".to_owned());
        }
        self.at_most(limits::INPUT_LISTED, url.hosts.len(), line, place, "urls.hosts");
        self.at_most(limits::INPUT_LISTED, url.ports.len(), line, place, "urls.ports");
        let ports: Vec<u16> =
            url.ports.iter().filter_map(|port| u16::try_from(*port).ok().filter(|port| *port > 0)).collect();
        if ports.len() != url.ports.len() {
            self.fault(line, format!("{place}.urls.ports"), "must be from 1 to 65535".to_owned());
        }
        UrlRule { at: url.at, schemes: url.schemes, private: url.private, hosts: url.hosts, ports }
    }

    fn file(&mut self, Located { value: file, line }: Located<FileSection>, place: &str) -> FileRule {
        if file.types.is_empty() {
            self.fault(line, format!("{place}.files"), "types is empty: no file could be sent".to_owned());
        }
        self.at_most(limits::INPUT_LISTED, file.types.len(), line, place, "files.types");
        let Bytes(bytes) = file.bytes;
        FileRule {
            at: file.at,
            types: file.types.into_iter().map(|one| one.0).collect(),
            bytes: usize::try_from(bytes).unwrap_or(limits::BODY_BYTES_MAX),
        }
    }

    fn at_most(&mut self, most: usize, count: usize, line: usize, place: &str, member: &str) {
        if count > most {
            self.fault(line, format!("{place}.{member}"), format!("has more than {most}"));
        }
    }
}
