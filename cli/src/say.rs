//! Prints everything for the user: to stderr, so that stdout stays free for output that is piped on.
#![expect(clippy::print_stderr, clippy::print_stdout, reason = "this is the one place that talks to the terminal")]

/// Prints the start or the end of a step: one line, in the present tense.
pub fn step(message: &str) {
    eprintln!("toolgate: {message}");
}

/// Prints the failure of the command. `message` holds the fault and its remedy.
pub fn failure(message: &str) {
    eprintln!("toolgate: error: {message}");
}

/// Prints text for the user as it stands, or a line of a program whose output is passed on.
pub fn text(text: &str) {
    eprintln!("{text}");
}

/// Prints the requested output, to stdout.
pub fn output(text: &str) {
    println!("{text}");
}
