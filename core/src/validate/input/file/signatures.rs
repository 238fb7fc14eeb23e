//! Leading bytes (magic numbers) of common file types.

/// Media type, offset and magic number. A type may have several.
const SIGNATURES: &[(&str, usize, &[u8])] = &[
    ("image/png", 0, b"\x89PNG\r\n\x1a\n"),
    ("image/jpeg", 0, b"\xff\xd8\xff"),
    ("image/gif", 0, b"GIF87a"),
    ("image/gif", 0, b"GIF89a"),
    ("image/webp", 8, b"WEBP"),
    ("image/bmp", 0, b"BM"),
    ("image/tiff", 0, b"II*\0"),
    ("image/tiff", 0, b"MM\0*"),
    ("image/avif", 4, b"ftypavif"),
    ("image/heic", 4, b"ftyphei"),
    ("image/x-icon", 0, b"\0\0\x01\0"),
    ("application/pdf", 0, b"%PDF-"),
    ("application/zip", 0, ZIP),
    ("application/gzip", 0, b"\x1f\x8b"),
    ("application/x-7z-compressed", 0, b"7z\xbc\xaf\x27\x1c"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", 0, ZIP),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", 0, ZIP),
    ("application/vnd.openxmlformats-officedocument.presentationml.presentation", 0, ZIP),
    ("application/msword", 0, OLE),
    ("application/vnd.ms-excel", 0, OLE),
    ("application/vnd.ms-powerpoint", 0, OLE),
    ("audio/mpeg", 0, b"ID3"),
    ("audio/mpeg", 0, b"\xff\xfb"),
    ("audio/mpeg", 0, b"\xff\xf3"),
    ("audio/ogg", 0, b"OggS"),
    ("audio/flac", 0, b"fLaC"),
    ("audio/wav", 8, b"WAVE"),
    ("video/mp4", 4, b"ftyp"),
    ("video/webm", 0, b"\x1a\x45\xdf\xa3"),
    ("application/wasm", 0, b"\0asm"),
    // Programs: never accepted as any other type.
    (PROGRAM, 0, b"MZ"),
    (PROGRAM, 0, b"\x7fELF"),
    (PROGRAM, 0, b"\xfe\xed\xfa\xce"),
    (PROGRAM, 0, b"\xfe\xed\xfa\xcf"),
    (PROGRAM, 0, b"\xcf\xfa\xed\xfe"),
    (PROGRAM, 0, b"\xca\xfe\xba\xbe"),
    (PROGRAM, 0, b"#!"),
];

const ZIP: &[u8] = b"PK\x03\x04";
const OLE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
const PROGRAM: &str = "a program";

/// Types that are text besides `text/*`.
const TEXTS: [&str; 5] =
    ["application/json", "application/xml", "application/yaml", "application/javascript", "image/svg+xml"];

/// Returns true if the bytes may be a file of the type: they begin with its magic number, or are text for a text type.
/// An unknown type accepts bytes that match no known magic number.
pub(super) fn may_be(media_type: &str, bytes: &[u8]) -> bool {
    let begins =
        |(_, offset, magic): &&(&str, usize, &[u8])| bytes.get(*offset..).is_some_and(|rest| rest.starts_with(magic));
    let mut of_type = SIGNATURES.iter().filter(|(one, ..)| *one == media_type).peekable();
    if of_type.peek().is_some() {
        return of_type.any(|signature| begins(&signature));
    }
    if media_type.starts_with("text/") || TEXTS.contains(&media_type) {
        return !bytes.contains(&0)
            && std::str::from_utf8(bytes).is_ok()
            && (media_type != "image/svg+xml" || bytes.windows(4).any(|window| window.eq_ignore_ascii_case(b"<svg")));
    }
    // Two letters are too few to identify a bitmap.
    !SIGNATURES.iter().filter(|(_, _, magic)| magic.len() > 2 || *magic != b"BM").any(|signature| begins(&signature))
}
