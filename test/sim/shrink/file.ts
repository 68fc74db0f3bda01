/**
 * A scenario on disk: what a failure leaves behind and `--scenario` reads. JSON, edited by people.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { FAULT_KINDS } from '../fault.ts';
import type { Violation } from '../outcome.ts';
import type { Scenario } from '../scenario.ts';

export function textOf({ seed, options, faults }: Scenario, violation: Violation): string {
  const lines = faults.map((fault) => `    ${JSON.stringify(fault)}`).join(',\n');
  const indented = JSON.stringify(options, null, 2).replaceAll('\n', '\n  ');
  return `{
  "violation": ${JSON.stringify(`${violation.invariant} ${violation.checker}: ${violation.sentence}`)},
  "seed": ${seed},
  "options": ${indented},
  "faults": [${lines === '' ? '' : `\n${lines}\n  `}]
}
`;
}

/** @throws Error with a sentence for a person. */
export function readScenario(path: string): Scenario {
  let read: unknown;
  try {
    read = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Error(`--scenario ${path}: ${error instanceof Error ? error.message : error}`);
  }
  return scenarioOf(read, path);
}

/**
 * Looks at what a person may mistype, not at every field: the rest was written by us.
 *
 * @throws Error with a sentence for a person.
 */
export function scenarioOf(read: unknown, path: string): Scenario {
  const refuse = (what: string): never => {
    throw new Error(`--scenario ${path}: ${what}`);
  };
  if (!isObject(read)) return refuse('not an object');
  const { seed, options, faults } = read;
  if (!Number.isSafeInteger(seed)) refuse('seed is not a whole number');
  if (!isObject(options)) return refuse('options is not an object');
  for (const list of ['devices', 'hubs'] as const) {
    const machines = options[list];
    if (!Array.isArray(machines) || machines.length === 0) refuse(`options.${list} has nobody`);
  }
  if (typeof options['chaosMs'] !== 'number') refuse('options.chaosMs is not a number');
  if (!Array.isArray(faults)) return refuse('faults is not a list');
  for (const [at, fault] of faults.entries()) {
    const kind: unknown = isObject(fault) ? fault['kind'] : undefined;
    if (!FAULT_KINDS.some((known) => known === kind)) {
      refuse(`faults[${at}].kind: ${JSON.stringify(kind)} is none of ${FAULT_KINDS.join(', ')}`);
    }
    if (!Number.isFinite(fault.atMs) || fault.atMs < 0) refuse(`faults[${at}].atMs is no time`);
  }
  const sorted = [...faults].sort((a, b) => a.atMs - b.atMs);
  return { seed, options, faults: sorted } as unknown as Scenario;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
