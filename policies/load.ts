/**
 * From a parsed document to a policy that may be used: fields, rules between fields, emergency.
 *
 * Refuses the whole document for any problem; a policy is never half loaded.
 *
 * @module
 */
import { checkDocument } from './document.ts';
import { tighten } from './emergency.ts';
import { lintPolicy } from './lint.ts';
import type { Problem } from './problem.ts';
import { POLICY_FIELDS, type Policy } from './schema.ts';
import { documentOfToml, type ParseToml } from './toml.ts';

export type LoadedPolicy =
  | { readonly ok: true; readonly policy: Policy }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** `document` is what a TOML or CBOR parser returned, from anyone. */
export function loadPolicy(document: unknown): LoadedPolicy {
  const checked = checkDocument(document, POLICY_FIELDS);
  if (!checked.ok) return checked;
  const policy: Policy = checked.value;
  const broken = lintPolicy(policy);
  if (broken.length > 0) return { ok: false, problems: broken };
  // An override that would be refused when the emergency begins is refused while there is time.
  const { refused } = tighten(policy, policy.emergency);
  if (refused.length > 0) return { ok: false, problems: refused };
  return { ok: true, policy };
}

/** As {@link loadPolicy}, from TOML text; `parse` is the runtime's TOML parser. */
export function loadPolicyText(text: string, parse: ParseToml): LoadedPolicy {
  const document = documentOfToml(text, parse);
  return document.ok ? loadPolicy(document.value) : document;
}
