//! Keys that rotate, issuers that are away, tokens that were remembered, and questions about opaque ones.
