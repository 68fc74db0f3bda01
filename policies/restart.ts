/**
 * What of another policy has to wait for the daemon's next start.
 *
 * @module
 */
import { camelCase, type Field } from './field.ts';
import { type Policy, TUNABLE } from './schema.ts';

/** Paths of the fields that differ and take effect only after a restart, for example `resend.buffer_bytes`. */
export function waitingForRestart(before: Policy, after: Policy): readonly string[] {
  return Object.entries(TUNABLE).flatMap(([section, table]) => {
    if (table.kind !== 'table') return [];
    return Object.entries<Field>(table.fields)
      .filter(([, { restart }]) => restart === true)
      .filter(([name]) => valueAt(before, section, name) !== valueAt(after, section, name))
      .map(([name]) => `${section}.${name}`);
  });
}

function valueAt(policy: Policy, section: string, name: string): unknown {
  const table: Readonly<Record<string, unknown>> = { ...policy[section as keyof typeof TUNABLE] };
  return table[camelCase(name)];
}
