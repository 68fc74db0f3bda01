/**
 * What is wrong with a file that is a policy, or the values of an emergency: by the rules of devices, with what would be right.
 *
 * @module
 */
import { checkDocument } from '../../policies/document.ts';
import { isEmergencyActive } from '../../policies/emergency.ts';
import { loadPolicy } from '../../policies/load.ts';
import type { Problem } from '../../policies/problem.ts';
import { POLICY_FIELDS, type Policy } from '../../policies/schema.ts';
import { documentOfToml } from '../../policies/toml.ts';

/** Of parsed TOML. Whether an emergency loosens something only a device's own policy can tell. */
export function problemsOf(kind: 'policy' | 'emergency', document: unknown): readonly Problem[] {
  if (kind === 'policy') {
    const loaded = loadPolicy(document);
    return loaded.ok ? [] : loaded.problems;
  }
  const checked = checkDocument(document, POLICY_FIELDS.emergency.fields.overrides.fields);
  return checked.ok ? [] : checked.problems;
}

/** Of the text of a file. */
export function emergencyProblems(text: string): readonly Problem[] {
  const document = documentOfToml(text, Bun.TOML.parse);
  return document.ok ? problemsOf('emergency', document.value) : document.problems;
}

/** That the emergency of a policy file is over at `wallMs`, or null. It may be used all the same, and that is likely not meant. */
export function emergencyOver(file: string, { emergency }: Policy, wallMs: number): string | null {
  if (emergency.expiresAt === null || isEmergencyActive(emergency, wallMs)) return null;
  return `${file}: warning: the emergency ended at ${emergency.expiresAt}: nothing of it holds`;
}
