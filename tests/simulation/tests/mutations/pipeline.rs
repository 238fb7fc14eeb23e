//! Deliberate defects of the pipeline: keys of the cache, admission, entries, executions, records.

use crate::defect::{Defect, of_authority, of_principals, of_stories, of_the_world};

pub(crate) const DEFECTS: &[Defect] = &[
    of_principals("key without tenant", "        tenant.as_str().as_bytes(),\n", "        &b\"\"[..],\n"),
    of_principals(
        "key without account",
        "tenant.as_str().as_bytes(), account,",
        "tenant.as_str().as_bytes(), &b\"\"[..],",
    ),
    of_principals(
        "key without project",
        "        project.map_or(&b\"\"[..], |project| project.as_str().as_bytes()),\n",
        "        &b\"\"[..],\n",
    ),
    of_principals("key without executors", "        executors.as_bytes(),\n", "        &b\"\"[..],\n"),
    of_principals("key without user", "        whose.as_bytes(),\n", "        &b\"\"[..],\n"),
    of_principals("key without tool", "        tool.folded.as_bytes(),\n", "        &b\"\"[..],\n"),
    of_principals("key without version", "        tool.version.as_bytes(),\n", "        &b\"\"[..],\n"),
    of_the_world("key without schema", "tool.schema_hash(), &policy.rule", "&b\"\"[..], &policy.rule"),
    of_the_world("key without rule", "tool.schema_hash(), &policy.rule", "tool.schema_hash(), &b\"\"[..]"),
    of_principals(
        "key without input",
        "    write_canonical(&mut key, input);\n",
        "    let _ = (write_canonical, input);\n",
    ),
    of_the_world(
        "tools allowed to all",
        "Some(grant.tools.iter().any(|pattern| pattern.matches(folded)))",
        "{ let _ = folded; Some(true) }",
    ),
    of_the_world(
        "actions allowed to all",
        "self.actions.iter().any(|pattern| pattern.matches(action))",
        "{ let _ = action; true }",
    ),
    of_the_world(
        "users allowed to all",
        "UserRule::Only(users) => users.contains(user)",
        "UserRule::Only(users) => users.contains(user) || true",
    ),
    of_the_world(
        "projects allowed to all",
        "ProjectRule::Only(projects) => projects.contains(project)",
        "ProjectRule::Only(_) => true",
    ),
    of_authority(
        "half a permission of each of two grants",
        "if !grant.covers(request.action) {",
        "if !request.caller.holds(request.action) {",
    ),
    of_authority("roles of others", "match roles.get(role) {", "match roles.values().next() {"),
    of_authority(
        "what may be called is not listed",
        "let is_seen = decision.may_be_allowed()",
        "let is_seen = may_list()",
    ),
    of_stories(
        "admitted before the owners of limits answered",
        "(caller, held) = guard.let_in(record).await?;\n        admitted = guard.admit(&tools, &caller, &held, &requested, record)?;",
        "(caller, held) = guard.let_in(record).await?;",
    ),
    of_stories(
        "a tenant falls back to the general account",
        "Some(own) => own.as_ref(),",
        "Some(own) => own.as_ref().or(self.general.as_ref()),",
    ),
    of_stories(
        "rules about inputs are not asked",
        "if let Err(error) = check_rules(",
        "if call.run_at.is_some() && let Err(error) = check_rules(",
    ),
    of_stories(
        "an address inside an IPv6 one is not seen",
        "let is_global = begins_alike(top, 0x2000_0000, 3);",
        "let is_global = begins_alike(top, 0x2000_0000, 3) || first == 0;",
    ),
    of_stories(
        "the end of the host is where the standard sees it",
        "if authority.contains('@') || (!after.starts_with('/') && after.contains('@')) {",
        "if authority.contains('@') {",
    ),
    of_stories("a refusal repeats what was sent", "\"wait must be a whole number of seconds\"", "wait.to_owned()"),
    of_stories(
        "what was accepted is forgotten",
        "        rotations.turn(credential);\n",
        "        let _ = Rotations::turn;\n",
    ),
    of_the_world("lease ignored", "Some(age) if age < lease => {", "Some(age) if age < lease || true => {"),
    of_the_world("revocation ignored", "if epochs.revoked.contains(identified.key.as_str()) {", "if false {"),
    of_the_world(
        "kill switch ignored",
        "Some(switch) => Err(Refusal::with(RefusalKind::Killed, switch.kind()))",
        "Some(_) => Ok(())",
    ),
    of_the_world("epoch of an entry ignored", " && self.epoch >= floor", " && floor < u64::MAX"),
    of_the_world("life of an entry ignored", "now < self.expires_at", "now >= self.stored_at"),
    of_the_world("failures kept", "ran.success && ran.kind == OutputKind::Value", "true"),
    of_the_world(
        "any verified key is every other",
        "bool::from(self.0.ct_eq(&other.0))",
        "self.0.len() == other.0.len() && !bool::from(0_u8.ct_eq(&1))",
    ),
    of_the_world(
        "keys of callers meet",
        "format!(\"idempotency/{}/{}/{name}\", caller.tenant, caller.id)",
        "format!(\"idempotency/{}/{name}\", caller.tenant)",
    ),
    of_the_world(
        "writes kept",
        "        return Err(Bypass::Mutates);\n",
        "        return Ok(CachePolicy { ttl: rules.ttl, scope: CacheScopeChoice::User, rule: [0; 8], life: rules.life, strategy: rules.strategy });\n",
    ),
    of_the_world(
        "writes leave the cache alone",
        "        if may_have_changed_something(&running.cache.rules, call, offered.only_reads(call), &ended) {\n",
        "        if false && may_have_changed_something(&running.cache.rules, call, offered.only_reads(call), &ended) {\n",
    ),
    of_the_world("every call repeated", "let is_safe = ", "let is_safe = true || "),
    of_the_world(
        "a lost attempt forgotten",
        "Progress::InFlight { .. } | Progress::Unknown => (None, Reply::Unknown)",
        "Progress::InFlight { .. } | Progress::Unknown => (None, Reply::Proceed)",
    ),
    of_the_world(
        "authorisations are everyone's",
        "self.callers.get(&caller).cloned()",
        "self.callers.get(&caller).or(self.callers.values().next()).cloned()",
    ),
    of_the_world(
        "no record of refusals",
        "    tracing::info!(line = line.as_str());\n",
        "    if record.refusal.is_none() { tracing::info!(line = line.as_str()); }\n",
    ),
    of_the_world(
        "the caller's key in the record",
        "record.key = Some(identified.key);",
        "record.tool_error = headers.get(Header::Authorization).map(str::to_owned);",
    ),
];
