//! Policies: what is read decides without a fault, within its bounds, and early answers hold later.

use std::collections::{BTreeMap, BTreeSet};

use toolgate::model::caller::{Caller, ClaimValue, ProjectRule, UserRule};
use toolgate::policy::{
    Arguments, PolicyMode, PolicyRequest, PolicySet, PolicySource, Resource, ToolFacts, User, Verdict,
};
use toolgate::words::action::Action;
use toolgate::words::json::{self, Json};
use toolgate::words::limits;
use toolgate::words::modes::Priority;
use toolgate::words::names::{CallerId, RoleId, TenantId};
use toolgate::words::time::Timestamp;

const ARGUMENTS: &str = r#"{"amount": 12, "price": 1.5, "to": "x*y", "tags": ["a", "b"], "flag": true, "nested": {"a": null}, "huge": 1e400}"#;

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let policies = match PolicySet::new(&[PolicySource { text, mode: PolicyMode::Enforce }]) {
        Ok(policies) => policies,
        Err(faults) => {
            let lines = text.lines().count().max(1);
            assert!(!faults.is_empty(), "refused for no fault");
            let is_placed = |fault: &toolgate::policy::PolicyFault| (1..=lines.saturating_add(1)).contains(&fault.line);
            assert!(faults.iter().all(|(_, fault)| is_placed(fault) && !fault.message.is_empty()), "{faults:?}");
            return;
        }
    };
    assert!(policies.len() <= limits::POLICIES, "more than are allowed");
    let ids: BTreeSet<&str> = policies.ids().collect();
    assert_eq!(ids.len(), policies.len(), "two have one id");
    let caller = Caller {
        id: CallerId::new("ada").expect("an id"),
        tenant: TenantId::new("acme").expect("an id"),
        roles: RoleId::new("ops").into_iter().collect(),
        scopes: vec!["a".to_owned()],
        within: None,
        claims: BTreeMap::from([("level".to_owned(), ClaimValue::Number(3))]),
        users: UserRule::Every,
        projects: ProjectRule::Every,
        priority: Priority::Normal,
        grants: Vec::new(),
    };
    let limits = json::Limits { depth: 8, values: 100, string_bytes: 100, number_bytes: 100 };
    let arguments: Json<'_> = json::parse(ARGUMENTS.as_bytes(), limits).expect("valid JSON");
    let tool =
        ToolFacts { folded: "calc.plus", name: "Calc.Plus", version: "1", executor: "local", ..ToolFacts::default() };
    for action in [Action::ToolsCall, Action::AdminRead] {
        let is_call = action == Action::ToolsCall;
        let later = PolicyRequest {
            caller: &caller,
            action,
            resource: if is_call { Resource::Tool(tool) } else { Resource::Gateway },
            arguments: if is_call { Arguments::Known(&arguments) } else { Arguments::Absent },
            user: User::Named("u"),
            project: None,
            at: Some(Timestamp::from_millis(1_790_000_000_000)),
            country: Some("DE"),
        };
        let early = PolicyRequest {
            arguments: if is_call { Arguments::Unknown } else { Arguments::Absent },
            user: User::Unknown,
            ..later
        };
        let decided = policies.decide(&later);
        assert_ne!(decided.verdict, Verdict::Maybe, "everything is known");
        match policies.decide(&early).verdict {
            Verdict::Allow => assert!(decided.is_allowed(), "allowed early, refused later"),
            Verdict::Deny(_) => assert!(!decided.is_allowed(), "refused early, allowed later"),
            Verdict::Maybe => {}
        }
        let depends = policies.depends(&later);
        assert!(depends.is_sorted(), "{depends:?}");
    }
}
