//! The command line of the stand-in, and the same values for tests that start it in their own process.

/// The options of the program.
pub const USAGE: &str = "\
usage: toolgate-engine [flags]
  --listen HOST:PORT         where to listen; port 0 picks a free one (default 127.0.0.1:0)
  --api-key KEY              accepted key, raw or as Bearer; give it again for each further account (default test-key)
  --prefix /PATH             also serve every route below this path
  --worker-url URL           a real Arcade worker to front
  --worker-secret SECRET     that worker's shared secret
  --serve-worker-secret S    be a worker too: serve /worker/* to tokens signed with S
  --authorize-after-ms N     how long a user takes to consent (default 300)
  --chat-chunk-ms N          pause between the chunks of a streamed completion (default 30)
  --consent output|forbidden how execute answers without consent: 200 with output.authorization, or 403 (default output)
  --replay                   answer a repeated Idempotency-Key on execute with the first outcome
  --quit-after SECONDS       stop by itself";

/// Everything a stand-in can be started with. `Options::default()` listens on a free port and accepts `test-key`.
#[derive(Clone, Debug)]
pub struct Options {
    /// `HOST:PORT`; port 0 picks a free one.
    pub listen: String,
    /// One account for each key, in this order (`account-1`, `account-2`, ...).
    pub api_keys: Vec<String>,
    /// A path below which every route is served as well, such as `/arcade`.
    pub prefix: Option<String>,
    /// URL and shared secret of a real worker whose tools are offered beside the built-in ones.
    pub worker: Option<(String, String)>,
    /// The secret with which `/worker/*` is served; absent: those routes do not exist.
    pub serve_worker_secret: Option<String>,
    /// Milliseconds until a begun authorization completes (or fails, for the provider `refuses`).
    pub authorize_after_ms: u64,
    /// Milliseconds between the chunks of a streamed chat completion.
    pub chat_chunk_ms: u64,
    /// Answers execute without consent with 403 instead of 200 with `output.authorization`.
    pub consent_forbidden: bool,
    /// Replays the first outcome for a repeated `Idempotency-Key` on execute. Off, every call that arrives is counted.
    pub replay: bool,
    /// Seconds after which the stand-in stops by itself.
    pub quit_after_s: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:0".to_owned(),
            api_keys: vec!["test-key".to_owned()],
            prefix: None,
            worker: None,
            serve_worker_secret: None,
            authorize_after_ms: 300,
            chat_chunk_ms: 30,
            consent_forbidden: false,
            replay: false,
            quit_after_s: None,
        }
    }
}

impl Options {
    /// Reads flags as `USAGE` lists them.
    ///
    /// # Errors
    /// An unknown flag, a flag without its value, or a value that is not what the flag wants, in words.
    pub fn from_arguments(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self::default();
        let mut keys = Vec::new();
        let (mut worker_url, mut worker_secret) = (None, None);
        let mut arguments = arguments;
        while let Some(flag) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{flag} needs a value"));
            match flag.as_str() {
                "--listen" => options.listen = value()?,
                "--api-key" => keys.push(value()?),
                "--prefix" => options.prefix = Some(value()?.trim_end_matches('/').to_owned()),
                "--worker-url" => worker_url = Some(value()?.trim_end_matches('/').to_owned()),
                "--worker-secret" => worker_secret = Some(value()?),
                "--serve-worker-secret" => options.serve_worker_secret = Some(value()?),
                "--authorize-after-ms" => options.authorize_after_ms = number(&flag, &value()?)?,
                "--chat-chunk-ms" => options.chat_chunk_ms = number(&flag, &value()?)?,
                "--consent" => options.consent_forbidden = consent(&value()?)?,
                "--replay" => options.replay = true,
                "--quit-after" => options.quit_after_s = Some(number(&flag, &value()?)?),
                _ => return Err(format!("unknown flag {flag}")),
            }
        }
        if !keys.is_empty() {
            options.api_keys = keys;
        }
        options.worker = match (worker_url, worker_secret) {
            (Some(url), Some(secret)) => Some((url, secret)),
            (None, None) => None,
            _ => return Err("--worker-url and --worker-secret go together".to_owned()),
        };
        Ok(options)
    }
}

fn number(flag: &str, text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("{flag} needs a whole number, not {text:?}"))
}

/// `true` for `forbidden`, `false` for `output`.
pub(crate) fn consent(text: &str) -> Result<bool, String> {
    match text {
        "forbidden" => Ok(true),
        "output" => Ok(false),
        _ => Err(format!("consent is `output` or `forbidden`, not {text:?}")),
    }
}
