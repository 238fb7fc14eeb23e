//! Everything the command tells its user goes through here: to stderr, so that stdout stays free for output that is piped on.
#![expect(clippy::print_stderr, clippy::print_stdout, reason = "this is the one place that talks to the terminal")]

/// A step begins, or has ended: one line, in the present tense.
pub fn step(message: &str) {
    eprintln!("toolgate: {message}");
}

/// The command failed. `message` says what is wrong and what to do.
pub fn failure(message: &str) {
    eprintln!("toolgate: error: {message}");
}

/// Text for the user as it stands, or a line of a program whose output is passed on.
pub fn text(text: &str) {
    eprintln!("{text}");
}

/// What was asked for, for whoever reads stdout.
pub fn output(text: &str) {
    println!("{text}");
}
