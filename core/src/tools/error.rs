//! Errors of tool runs: Arcade's error kinds and their defaults, for local tools and upstream ones alike.

use crate::words::json::{Json, Number, Object, write_json};

/// Names the origin and cause of a failure: the closed list of kinds that Arcade's engine and workers use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorKind {
    /// A toolkit could not be loaded.
    ToolkitLoadFailed,
    /// A tool's definition is wrong.
    ToolDefinitionBadDefinition,
    /// A tool's declared input is wrong.
    ToolDefinitionBadInputSchema,
    /// A tool's declared output is wrong.
    ToolDefinitionBadOutputSchema,
    /// Authorization, secrets or metadata that a tool needs are missing.
    ToolRequirementsNotMet,
    /// The arguments do not fit the tool's input, or lie beyond a named limit.
    ToolRuntimeBadInputValue,
    /// The tool's answer does not fit its declared output.
    ToolRuntimeBadOutputValue,
    /// The tool asks to be called again with better arguments.
    ToolRuntimeRetry,
    /// The tool needs information that only the user can give.
    ToolRuntimeContextRequired,
    /// The tool failed for a reason that no other kind covers.
    ToolRuntimeFatal,
    /// A contextual-access hook was unreachable.
    ContextCheckFailed,
    /// A contextual-access hook denied the call.
    ContextDenied,
    /// The provider answered 4xx.
    UpstreamRuntimeBadRequest,
    /// The provider answered 401 or 403.
    UpstreamRuntimeAuthError,
    /// The provider answered 404.
    UpstreamRuntimeNotFound,
    /// The provider found the request's content invalid.
    UpstreamRuntimeValidationError,
    /// The provider answered 429.
    UpstreamRuntimeRateLimit,
    /// The provider answered 5xx.
    UpstreamRuntimeServerError,
    /// The provider answered anything else.
    UpstreamRuntimeUnmapped,
    /// No complete response in time.
    NetworkTransportRuntimeTimeout,
    /// No connection.
    NetworkTransportRuntimeUnreachable,
    /// Any other failure on the way.
    NetworkTransportRuntimeUnmapped,
    /// Nothing is known about the failure.
    Unknown,
}

impl ErrorKind {
    /// Lists every kind, in the order of declaration.
    pub const ALL: [Self; 23] = [
        Self::ToolkitLoadFailed,
        Self::ToolDefinitionBadDefinition,
        Self::ToolDefinitionBadInputSchema,
        Self::ToolDefinitionBadOutputSchema,
        Self::ToolRequirementsNotMet,
        Self::ToolRuntimeBadInputValue,
        Self::ToolRuntimeBadOutputValue,
        Self::ToolRuntimeRetry,
        Self::ToolRuntimeContextRequired,
        Self::ToolRuntimeFatal,
        Self::ContextCheckFailed,
        Self::ContextDenied,
        Self::UpstreamRuntimeBadRequest,
        Self::UpstreamRuntimeAuthError,
        Self::UpstreamRuntimeNotFound,
        Self::UpstreamRuntimeValidationError,
        Self::UpstreamRuntimeRateLimit,
        Self::UpstreamRuntimeServerError,
        Self::UpstreamRuntimeUnmapped,
        Self::NetworkTransportRuntimeTimeout,
        Self::NetworkTransportRuntimeUnreachable,
        Self::NetworkTransportRuntimeUnmapped,
        Self::Unknown,
    ];

    /// Returns the kind's name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ToolkitLoadFailed => "TOOLKIT_LOAD_FAILED",
            Self::ToolDefinitionBadDefinition => "TOOL_DEFINITION_BAD_DEFINITION",
            Self::ToolDefinitionBadInputSchema => "TOOL_DEFINITION_BAD_INPUT_SCHEMA",
            Self::ToolDefinitionBadOutputSchema => "TOOL_DEFINITION_BAD_OUTPUT_SCHEMA",
            Self::ToolRequirementsNotMet => "TOOL_REQUIREMENTS_NOT_MET",
            Self::ToolRuntimeBadInputValue => "TOOL_RUNTIME_BAD_INPUT_VALUE",
            Self::ToolRuntimeBadOutputValue => "TOOL_RUNTIME_BAD_OUTPUT_VALUE",
            Self::ToolRuntimeRetry => "TOOL_RUNTIME_RETRY",
            Self::ToolRuntimeContextRequired => "TOOL_RUNTIME_CONTEXT_REQUIRED",
            Self::ToolRuntimeFatal => "TOOL_RUNTIME_FATAL",
            Self::ContextCheckFailed => "CONTEXT_CHECK_FAILED",
            Self::ContextDenied => "CONTEXT_DENIED",
            Self::UpstreamRuntimeBadRequest => "UPSTREAM_RUNTIME_BAD_REQUEST",
            Self::UpstreamRuntimeAuthError => "UPSTREAM_RUNTIME_AUTH_ERROR",
            Self::UpstreamRuntimeNotFound => "UPSTREAM_RUNTIME_NOT_FOUND",
            Self::UpstreamRuntimeValidationError => "UPSTREAM_RUNTIME_VALIDATION_ERROR",
            Self::UpstreamRuntimeRateLimit => "UPSTREAM_RUNTIME_RATE_LIMIT",
            Self::UpstreamRuntimeServerError => "UPSTREAM_RUNTIME_SERVER_ERROR",
            Self::UpstreamRuntimeUnmapped => "UPSTREAM_RUNTIME_UNMAPPED",
            Self::NetworkTransportRuntimeTimeout => "NETWORK_TRANSPORT_RUNTIME_TIMEOUT",
            Self::NetworkTransportRuntimeUnreachable => "NETWORK_TRANSPORT_RUNTIME_UNREACHABLE",
            Self::NetworkTransportRuntimeUnmapped => "NETWORK_TRANSPORT_RUNTIME_UNMAPPED",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// Returns the kind called `name` on the wire; `None` for an unknown name.
    #[must_use]
    pub fn from_wire(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Returns true if a failure of this kind is worth a retry when its sender did not say.
    #[must_use]
    pub const fn can_retry(self) -> bool {
        matches!(
            self,
            Self::ToolRuntimeRetry
                | Self::UpstreamRuntimeRateLimit
                | Self::UpstreamRuntimeServerError
                | Self::NetworkTransportRuntimeTimeout
                | Self::NetworkTransportRuntimeUnreachable
                | Self::NetworkTransportRuntimeUnmapped
        )
    }

    /// Returns the default status of this kind, for a sender that gave none.
    #[must_use]
    pub const fn status_code(self) -> Option<u16> {
        match self {
            Self::ToolRuntimeBadInputValue => Some(400),
            Self::ToolRuntimeBadOutputValue | Self::ToolRuntimeFatal => Some(500),
            _ => None,
        }
    }

    /// Returns the class name in Arcade's messages for a failure inside a tool.
    const fn class(self) -> &'static str {
        match self {
            Self::ToolRuntimeBadInputValue => "ToolInputError",
            Self::ToolRuntimeBadOutputValue => "ToolOutputError",
            Self::ToolRuntimeRetry => "RetryableToolError",
            Self::ToolRuntimeContextRequired => "ContextRequiredToolError",
            _ => "FatalToolError",
        }
    }
}

/// A failed tool run, as the caller sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolError {
    /// The origin and cause of the failure.
    pub kind: ErrorKind,
    /// Message for the caller and its model: holds no argument values.
    pub message: String,
    /// Message for the developer: may repeat argument values.
    pub developer_message: Option<String>,
    /// A retry may help.
    pub can_retry: bool,
    /// An HTTP status that describes the failure.
    pub status_code: Option<u16>,
    /// Text for the model's next prompt; must reach the model.
    pub additional_prompt_content: Option<Box<str>>,
    /// Shortest wait before a retry, in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// Details for programs.
    pub extra: Option<Box<Json<'static>>>,
}

impl ToolError {
    /// Creates an error of `kind` with that kind's defaults.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>, developer_message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            developer_message: Some(developer_message.into()),
            can_retry: kind.can_retry(),
            status_code: kind.status_code(),
            additional_prompt_content: None,
            retry_after_ms: None,
            extra: None,
        }
    }

    /// Adds the prefix that Arcade puts before both messages: kind, class and the tool's snake-case name.
    #[must_use]
    pub fn in_tool(mut self, snake_name: &str) -> Self {
        let prefix =
            format!("[{}] {} during execution of tool '{snake_name}': ", self.kind.as_str(), self.kind.class());
        self.message.insert_str(0, &prefix);
        if let Some(developer_message) = &mut self.developer_message {
            developer_message.insert_str(0, &prefix);
        }
        self
    }

    /// Appends the error as the engine writes it: absent members left out.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        let mut object = Object::new();
        for (name, member) in self.members() {
            if member != Json::Null {
                object.insert(name, member);
            }
        }
        write_json(out, &Json::Object(object));
    }

    /// Appends the error as a worker writes it: absent members are null.
    pub fn write_worker_json(&self, out: &mut Vec<u8>) {
        let mut object = Object::new();
        for (name, member) in self.members() {
            object.insert(name, member);
        }
        write_json(out, &Json::Object(object));
    }

    fn members(&self) -> [(&'static str, Json<'_>); 9] {
        let text = |text: Option<&str>| text.map_or(Json::Null, |text| Json::String(text.to_owned().into()));
        let number = |number: Option<u64>| {
            number.map_or(Json::Null, |number| Json::Number(Number::from(i64::try_from(number).unwrap_or(i64::MAX))))
        };
        [
            ("message", Json::String(self.message.as_str().into())),
            ("kind", Json::String(self.kind.as_str().into())),
            ("developer_message", text(self.developer_message.as_deref())),
            ("can_retry", Json::Bool(self.can_retry)),
            ("additional_prompt_content", text(self.additional_prompt_content.as_deref())),
            ("retry_after_ms", number(self.retry_after_ms)),
            ("stacktrace", Json::Null),
            ("status_code", number(self.status_code.map(u64::from))),
            ("extra", self.extra.as_deref().cloned().unwrap_or(Json::Null)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_own_wire_name() {
        for kind in ErrorKind::ALL {
            assert_eq!(ErrorKind::from_wire(kind.as_str()), Some(kind));
        }
        assert_eq!(ErrorKind::from_wire("tool_runtime_fatal"), None);
    }

    #[test]
    fn writes_what_engine_and_worker_write() {
        let error = ToolError::new(ErrorKind::ToolRuntimeFatal, "It broke.", "It broke: here").in_tool("write_note");
        let mut out = Vec::new();
        error.write_json(&mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "{\"message\":\"[TOOL_RUNTIME_FATAL] FatalToolError during execution of tool 'write_note': It broke.\",\
             \"kind\":\"TOOL_RUNTIME_FATAL\",\"developer_message\":\"[TOOL_RUNTIME_FATAL] FatalToolError during execution \
             of tool 'write_note': It broke: here\",\"can_retry\":false,\"status_code\":500}"
        );
        let mut out = Vec::new();
        error.write_worker_json(&mut out);
        let text = String::from_utf8(out).unwrap();
        assert!(text.ends_with(
            "\"can_retry\":false,\"additional_prompt_content\":null,\"retry_after_ms\":null,\"stacktrace\":null,\
             \"status_code\":500,\"extra\":null}"
        ));
    }
}
