//! Tests of `[[issuers]]`: defaults and requirements of presets, and every fault with its line.

use super::tests::load_with;
use crate::access::identity::rules::*;
use crate::words::modes::*;
use crate::words::time::Millis;

const HEAD: &str =
    "executors = []\ncallers = []\n[[roles]]\nid = \"reader\"\nactions = [\"tools/*\"]\n[[issuers]]\nid = \"x\"\n";

/// Returns the one issuer that these lines, after `id`, describe.
fn issuer(lines: &str) -> Result<Issuer, Vec<String>> {
    load_with(&format!("{HEAD}{lines}\n"), &[("AS_SECRET", "s")]).map(|config| config.issuers[0].clone())
}

/// Returns the faults of these lines.
fn faults(lines: &str) -> String {
    issuer(lines).err().map(|faults| faults.join("\n")).unwrap_or_default()
}

const OIDC: &str = "issuer = \"https://a.example\"\naudiences = [\"g\"]\ntenant = \"t\"";

#[test]
fn presets_fill_in_what_is_known() {
    let keys = |lines: &str| match issuer(lines).unwrap().signed().unwrap().keys.clone() {
        KeysAt::Url(url) => url,
        KeysAt::Discovered(issuer) => format!("by {issuer}"),
    };
    assert_eq!(keys(OIDC), "by https://a.example");
    assert_eq!(keys(&format!("{OIDC}\njwks_uri = \"https://b.example/k\"")), "https://b.example/k");
    let common = "audiences = [\"g\"]\ntenant = \"t\"\n";
    assert_eq!(keys(&format!("{common}preset = \"google\"")), "https://www.googleapis.com/oauth2/v3/certs");
    let entra = "preset = \"entra\"\nissuer = \"https://login.microsoftonline.com/T-1/v2.0\"";
    assert_eq!(keys(&format!("{common}{entra}")), "https://login.microsoftonline.com/T-1/discovery/v2.0/keys");
    assert_eq!(issuer(&format!("{common}{entra}")).unwrap().require, [("tid".to_owned(), vec!["T-1".to_owned()])]);
    let job = "preset = \"github-actions\"\nrequire = { repository = [\"a/b\"] }";
    assert_eq!(keys(&format!("{common}{job}")), "https://token.actions.githubusercontent.com/.well-known/jwks");
    let oidc = issuer(OIDC).unwrap();
    let rules = oidc.signed().unwrap();
    assert_eq!(rules.algorithms, [Algorithm::Rs256, Algorithm::Es256]);
    assert_eq!(oidc.mapping.priority, Priority::Normal);
    assert_eq!(issuer(&format!("{OIDC}\npriority = \"low\"")).unwrap().mapping.priority, Priority::Low);
    assert_eq!((oidc.leeway, rules.stale), (Millis::from_secs(30), Millis::from_secs(3600)));
    let github =
        issuer("preset = \"github\"\nclient_id = \"Iv1\"\nclient_secret_setting = \"AS_SECRET\"\ntenant = \"t\"");
    let github = github.unwrap();
    assert_eq!(github.asked().unwrap().prefixes, ["gho_", "ghu_"]);
    assert_eq!(github.asked().unwrap().endpoint, "https://api.github.com");
    assert!(!format!("{github:?}").contains("\"s\""));
}

#[test]
fn a_caller_by_token_has_the_priority_of_its_issuer() {
    let limits = crate::words::json::Limits { depth: 8, values: 100, string_bytes: 100, number_bytes: 20 };
    let claims = crate::words::json::parse(br#"{"sub":"ada"}"#, limits).unwrap();
    for (line, priority) in [("priority = \"high\"", Priority::High), ("", Priority::Normal)] {
        let (caller, _) =
            crate::access::identity::claims::caller(&claims, &issuer(&format!("{OIDC}\n{line}")).unwrap()).unwrap();
        assert_eq!(caller.priority, priority);
    }
}

#[test]
fn a_symmetric_algorithm_has_no_name() {
    for name in ["HS256", "none", "rs256", "ES256K"] {
        let told = faults(&format!("{OIDC}\nalgorithms = [\"{name}\"]"));
        assert!(told.starts_with("line 11: issuers[0].algorithms[0]: must be one of RS256,"), "{told}");
    }
}

#[test]
fn what_would_take_too_much_is_refused_with_its_line() {
    let asked = "preset = \"introspection\"\nendpoint = \"https://as.example/i\"\nclient_id = \"g\"\nclient_secret_setting = \"AS_SECRET\"";
    for (lines, expected) in [
        ("issuer = \"https://a.example\"\ntenant = \"t\"".to_owned(), "line 6: issuers.x: needs audiences"),
        ("audiences = [\"g\"]\ntenant = \"t\"".to_owned(), "line 6: issuers.x: preset oidc needs issuer"),
        (OIDC.replace("https", "http"), "line 8: issuers[0].issuer: must be a URL"),
        (OIDC.replace("a.example", "u:p@a.example"), "line 8: issuers[0].issuer: must be a URL"),
        (OIDC.replace("tenant = \"t\"", ""), "needs either tenant, or tenant_claim"),
        (format!("{OIDC}\ntenant_claim = \"org\"\ntenants = [\"t\"]"), "needs either tenant, or tenant_claim"),
        (OIDC.replace("tenant =", "tenant_claim ="), "needs either tenant, or tenant_claim"),
        (format!("{OIDC}\nleeway = \"61s\""), "line 11: issuers[0].leeway: must be from 0 ms to 60000 ms"),
        (format!("{OIDC}\nalgorithms = []"), "algorithms and types must not be empty"),
        (format!("{OIDC}\ndefault_roles = [\"writer\"]"), "there is no role writer"),
        (format!("{OIDC}\nroles = {{ a = [\"reader\"] }}"), "roles_claim and roles belong together"),
        (format!("{OIDC}\nroles_claim = \"groups\""), "roles_claim and roles belong together"),
        (
            format!("{OIDC}\nroles_claim = \"g\"\nroles = {{ a = [\"no role\"] }}"),
            "line 12: issuers[0].roles.a[0]: must be an identifier",
        ),
        (format!("{OIDC}\nscopes = {{ a = [\"tools/fly\"] }}"), "issuers[0].scopes.a[0]: must be"),
        (format!("{OIDC}\nusers = \"everybody\""), "issuers[0].users: must be \"subject\""),
        (format!("{OIDC}\nclient_id = \"x\""), "only introspection and github have endpoint"),
        (format!("{OIDC}\nissuers = 1"), "issuers[0].issuers: is not known here; did you mean issuer?"),
        ("preset = \"github-actions\"\naudiences = [\"g\"]\ntenant = \"t\"".to_owned(), "require: must say whose jobs"),
        (format!("preset = \"google\"\n{OIDC}"), "Google's is https://accounts.google.com"),
        (format!("preset = \"entra\"\n{OIDC}"), "issuer: must be https://login.microsoftonline.com/TENANT-ID/v2.0"),
        (
            format!("preset = \"entra\"\n{}", OIDC.replace("a.example", "login.microsoftonline.com/{tenantid}/v2.0")),
            "tenant_claim = \"tid\" or require.tid must say which tenants",
        ),
        (OIDC.replace("a.example", "a.example/{tenantid}"), "only entra's has {tenantid}"),
        (
            format!("preset = \"cloudflare-access\"\n{}", OIDC.replace("a.example", "a.cloudflareaccess.com")),
            "audiences: must be application AUD tags",
        ),
        (format!("preset = \"cloudflare-access\"\n{OIDC}"), "issuer: must be https://TEAM.cloudflareaccess.com"),
        (
            "preset = \"introspection\"\ntenant = \"t\"".to_owned(),
            "needs endpoint, client_id and client_secret_setting",
        ),
        (format!("{asked}\ntenant = \"t\"\njwks_uri = \"https://a.example\""), "have neither jwks_uri nor algorithms"),
        (format!("{asked}\ntenant = \"t\"").replace("https://as", "http://as"), "issuers[0].endpoint: must be a URL"),
        (format!("{OIDC}\n[[issuers]]\nid = \"y\"\n{OIDC}"), "line 11: issuers.y: takes the same tokens"),
        (format!("{OIDC}\n[[issuers]]\nid = \"x\"\n{}", OIDC.replace("a.e", "b.e")), "x is taken: ids must differ"),
    ] {
        let told = faults(&lines);
        assert!(told.contains(expected), "{lines}\n{told}\nshould say {expected}");
    }
    let issuers: String =
        (0..17).map(|n| format!("[[issuers]]\nid = \"i{n}\"\n{}\n", OIDC.replace("a.e", &format!("a{n}.e")))).collect();
    let told = load_with(&format!("executors = []\ncallers = []\n{issuers}"), &[]).unwrap_err();
    assert!(told.len() == 1 && told[0].contains("issuers.i16: is one too many: at most 16"), "{told:?}");
}

#[test]
fn every_example_of_the_documentation_loads() {
    let text = include_str!("../../../docs/identity.md");
    let examples = text.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let mut presets = std::collections::BTreeSet::new();
    for example in examples {
        let example = example.replace("executors = []", "");
        let roles = if example.contains("[[roles]]") {
            ""
        } else {
            "[[roles]]\nid = \"reader\"\nactions = [\"tools/*\"]\n[[roles]]\nid = \"operator\"\nactions = [\"*\"]\n"
        };
        let document = format!("executors = []\ncallers = []\n{roles}{example}");
        let config = load_with(&document, &[]).unwrap_or_else(|faults| panic!("{example}\n{faults:#?}"));
        presets.extend(example.lines().filter_map(|line| line.strip_prefix("preset = ")).map(str::to_owned));
        assert!(!config.issuers.is_empty(), "{example}");
    }
    assert!(presets.len() >= 6, "{presets:?}");
}
