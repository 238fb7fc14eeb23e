//! The stand-in's state, and the way of one request through it: log, fault, key, route.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Value, json};

use crate::account::Account;
use crate::answer::Answer;
use crate::ask::{Ask, Scope, text};
use crate::catalogue::Tool;
use crate::faults::{Faults, Rule};
use crate::options::Options;
use crate::script::Script;
use crate::slots::{self, Slots};
use crate::{catalogue, clock, control, routes, spoil, upstream, worker};

/// Most requests and calls that are remembered: the first ones since the start or the last clearing.
const LOG_ENTRIES: usize = 20_000;

/// The answer to a request.
#[derive(Debug)]
pub(crate) enum Reply {
    Answer(Answer),
    Script(Script),
}

/// The state that a test may change while the stand-in runs.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub authorize_after_ms: u64,
    pub chat_chunk_ms: u64,
    pub consent_forbidden: bool,
}

/// The whole stand-in.
#[derive(Debug)]
pub(crate) struct Engine {
    pub options: Options,
    pub base_url: String,
    pub http: reqwest::Client,
    pub settings: RefCell<Settings>,
    /// The slots that calls need, where there are only so many.
    pub slots: RefCell<Option<Rc<Slots>>>,
    pub built_in: Vec<Tool>,
    /// The tools of the worker named by the options.
    pub fronted: RefCell<Vec<Tool>>,
    pub faults: RefCell<Faults>,
    /// Requests other than control's, oldest first.
    pub requests: RefCell<Vec<Value>>,
    /// Runs of tools, oldest first.
    pub calls: RefCell<Vec<Value>>,
    /// Runs of each tool since the start or the last clearing.
    pub counts: RefCell<BTreeMap<String, u64>>,
    accounts: RefCell<BTreeMap<Scope, Rc<RefCell<Account>>>>,
    last_id: Cell<u64>,
}

impl Engine {
    /// A stand-in with nothing in it yet, except the fronted worker's tools.
    ///
    /// # Errors
    /// The worker does not answer, or the HTTP client cannot be made.
    pub(crate) async fn new(options: Options, base_url: String) -> Result<Self, String> {
        let settings = Settings {
            authorize_after_ms: options.authorize_after_ms,
            chat_chunk_ms: options.chat_chunk_ms,
            consent_forbidden: options.consent_forbidden,
        };
        // The client asks this machine alone, but will not be made without a provider of cryptography.
        let _earlier = rustls::crypto::ring::default_provider().install_default();
        let http =
            reqwest::Client::builder().no_proxy().tcp_nodelay(true).build().map_err(|fault| fault.to_string())?;
        let fronted = match &options.worker {
            Some((url, secret)) => upstream::wait_for_tools(&http, url, secret).await?,
            None => Vec::new(),
        };
        Ok(Self {
            base_url,
            http,
            settings: RefCell::new(settings),
            slots: RefCell::default(),
            built_in: catalogue::built_in()?,
            fronted: RefCell::new(fronted),
            faults: RefCell::default(),
            requests: RefCell::default(),
            calls: RefCell::default(),
            counts: RefCell::default(),
            accounts: RefCell::default(),
            last_id: Cell::new(0),
            options,
        })
    }

    /// Answers one request, well or as the faults in force say.
    pub(crate) async fn reply(self: &Rc<Self>, mut ask: Ask) -> Reply {
        if let Some(prefix) = &self.options.prefix
            && let Some(rest) = ask.path.strip_prefix(prefix.as_str()).filter(|rest| rest.starts_with('/'))
        {
            ask.path = rest.to_owned();
        }
        if ask.path.starts_with("/_control/") {
            return Reply::Answer(control::handle(self, &ask).unwrap_or_else(|refusal| refusal));
        }
        self.log_request(&ask);
        let slots = self.slots.borrow().clone().filter(|_| slots::is_call(&ask));
        if let Some(slots) = slots {
            slots.occupy().await;
        }
        match self.fault(&ask) {
            None => Reply::Answer(self.answer(ask).await),
            Some(rule) if rule.executes() => {
                let answer = self.answer(ask).await;
                spoil::spoil(&rule, Some(answer)).await
            }
            Some(rule) => spoil::spoil(&rule, None).await,
        }
    }

    async fn answer(self: &Rc<Self>, ask: Ask) -> Answer {
        let handled = if ask.path.starts_with("/worker/") && self.options.serve_worker_secret.is_some() {
            worker::handle(self, &ask)
        } else {
            routes::handle(self, ask).await
        };
        handled.unwrap_or_else(|refusal| refusal)
    }

    fn fault(&self, ask: &Ask) -> Option<Rule> {
        let tool = tool_named(ask);
        self.faults.borrow_mut().decide(ask.method.as_str(), &ask.path, tool.as_deref())
    }

    fn log_request(&self, ask: &Ask) {
        let headers: BTreeMap<&str, String> = ask
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let entry = json!({
            "method": ask.method.as_str(), "path": ask.path, "query": ask.query, "headers": headers,
            "at_ms": clock::now_ms(), "body_bytes": ask.body.len(),
        });
        push(&mut self.requests.borrow_mut(), entry);
    }

    /// Counts a run of a tool and remembers who asked for it; returns how often that tool has now run.
    pub(crate) fn count(&self, tool: &Tool, user: Option<&str>, via: &str, ask: &Ask) -> u64 {
        let name = tool.fully_qualified_name();
        let count = {
            let mut counts = self.counts.borrow_mut();
            let count = counts.entry(name.clone()).or_default();
            *count = count.saturating_add(1);
            *count
        };
        let entry = json!({
            "tool": tool.qualified_name(), "version": tool.version, "user_id": user, "via": via, "call": count,
            "account": ask.scope.account, "project": ask.scope.project, "authorization": ask.header("authorization"),
            "idempotency_key": ask.header("idempotency-key"), "at_ms": clock::now_ms(),
        });
        push(&mut self.calls.borrow_mut(), entry);
        count
    }

    /// The data of a scope, made on first use.
    pub(crate) fn account(&self, scope: &Scope) -> Rc<RefCell<Account>> {
        let mut accounts = self.accounts.borrow_mut();
        Rc::clone(
            accounts
                .entry(scope.clone())
                .or_insert_with(|| Rc::new(RefCell::new(Account::new(self.options.worker.as_ref())))),
        )
    }

    /// Drops every account's data.
    pub(crate) fn forget(&self) {
        self.accounts.borrow_mut().clear();
    }

    /// An id that this stand-in has not given out yet.
    pub(crate) fn id(&self, prefix: &str) -> String {
        let next = self.last_id.get().saturating_add(1);
        self.last_id.set(next);
        format!("{prefix}_{next:06}")
    }
}

fn push(log: &mut Vec<Value>, entry: Value) {
    if log.len() < LOG_ENTRIES {
        log.push(entry);
    }
}

/// The tool that an execute, an authorize or a worker's invoke names, as `Toolkit.Tool`.
fn tool_named(ask: &Ask) -> Option<String> {
    let body: Value = serde_json::from_slice(&ask.body).ok()?;
    let name = match body.get("tool") {
        Some(tool) => format!("{}.{}", text(tool, "toolkit")?, text(tool, "name")?),
        None => text(&body, "tool_name")?.to_owned(),
    };
    Some(name.split('@').next().unwrap_or_default().to_owned())
}
