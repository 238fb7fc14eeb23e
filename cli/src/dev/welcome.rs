//! The welcome to the developer: the address, the key, and calls that work as pasted.

use toolgate::backends::Executor;

use super::Session;
use crate::build::Platform;
use crate::say;

/// A user that the development caller may name, as it may name any.
const USER: &str = "me@example.com";

/// Prints the welcome.
pub(super) fn print(session: &Session) {
    let url = format!("http://127.0.0.1:{}", session.port);
    let platform = match session.platform {
        Platform::Cloudflare => "workerd, the runtime of Cloudflare Workers",
        Platform::Spin => "Spin",
    };
    say::output(&format!("\nToolgate answers at {url} on {platform}.\n"));
    let key = if opens_something(session) {
        say::output(&format!(
            "Development key (it may call every route; .dev.vars keeps it as TOOLGATE_DEV_KEY):\n\n    {}\n",
            session.key
        ));
        session.key.as_str()
    } else {
        say::output(&format!(
            "{} gives no caller the key of TOOLGATE_DEV_KEY: call with a key of one of its callers.\n",
            session.document.display()
        ));
        "YOUR_KEY"
    };
    say::output(&snippets(&url, key));
    say::output(&format!("{}\n\nA changed file is rebuilt. Ctrl-C stops.\n", executors(session)));
}

/// Returns true if the key belongs to a caller.
fn opens_something(session: &Session) -> bool {
    let hash = session.checked.hasher.hash(&session.key);
    session.checked.config.callers.iter().flat_map(|caller| &caller.keys).any(|key| key.hash == hash)
}

/// Returns the executors that run tools, and the settings that would switch on the others.
fn executors(session: &Session) -> String {
    let describe = |executor: &Executor| match &executor.upstream {
        None => format!("  {}: in the gateway itself", executor.id.as_str()),
        Some(upstream) if executor.is_inactive() => {
            format!("  {}: takes no part; set {} to switch it on", executor.id.as_str(), upstream.credential_setting)
        }
        Some(upstream) => {
            format!("  {}: {}", executor.id.as_str(), upstream.base_url)
        }
    };
    let lines: Vec<String> = session.checked.config.executors.iter().map(describe).collect();
    format!("Tools run on:\n{}", lines.join("\n"))
}

fn snippets(url: &str, key: &str) -> String {
    format!(
        r#"Call a tool:

curl -sS {url}/v1/tools/execute -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' -d '{{"tool_name": "Calc.Plus", "input": {{"a": "2", "b": "3"}}, "user_id": "{USER}"}}'

From Python (pip install arcadepy):

from arcadepy import Arcade
client = Arcade(base_url="{url}", api_key="{key}")
answer = client.tools.execute(tool_name="Calc.Plus", input={{"a": "2", "b": "3"}}, user_id="{USER}")
print(answer.output.value)

From JavaScript (npm install @arcadeai/arcadejs; here it is installed already):

import Arcade from '@arcadeai/arcadejs';
const client = new Arcade({{ baseURL: '{url}', apiKey: '{key}' }});
const answer = await client.tools.execute({{ tool_name: 'Calc.Plus', input: {{ a: '2', b: '3' }}, user_id: '{USER}' }});
console.log(answer.output.value);
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_snippet_names_the_address_and_the_key() {
        let text = snippets("http://127.0.0.1:1234", "tg_dev_0");
        assert_eq!(text.matches("http://127.0.0.1:1234").count(), 3);
        assert_eq!(text.matches("tg_dev_0").count(), 3);
        let body = text.split_once("-d '").and_then(|(_, rest)| rest.split_once('\'')).map(|(body, _)| body);
        let body: serde_json::Value = serde_json::from_str(body.unwrap()).unwrap();
        assert_eq!(body["input"]["b"], "3");
    }
}
