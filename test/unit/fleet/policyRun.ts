/**
 * A push of policies to a whole fleet, at a made-up broker: what the tests of a push have in common.
 *
 * @module
 */
import { PushRun, type PushRunParts } from '../../../fleet/push/pushRun.ts';
import type { Plan } from '../../../policies/rollout/plan.ts';
import { MadeUpBroker } from '../agent/madeUpBroker.ts';

export const TARGET = { level: 'fleet', name: 'acme' } as const;
/** Where documents for it are published. */
export const DESIRED = 'jvpn/v1/acme/_fleet/policy/desired';

/** Version 8 for the fleet, first to one device, with 9 as the way back. */
export const planWith = (conditions: NonNullable<Plan['canary']>['conditions']): Plan => ({
  ...{ id: '', target: TARGET, sought: { kind: 'policy', version: 8 } },
  ...{ patienceMs: 3_000, freshMs: 60_000 },
  canary: {
    ...{ share: { kind: 'count', count: 1 }, soakMs: 0, revertVersion: 9, revertPatienceMs: 500 },
    conditions,
  },
});

/** Whoever makes it stops it. */
export function policyRun(url: string, limits?: PushRunParts['limits']): PushRun {
  const files = { passwordFile: null, caFile: null, certificateFile: null, keyFile: null };
  return new PushRun({
    address: { url, username: null, clientId: 'p', ...files },
    ...{ fleet: 'acme', target: TARGET, stream: 'policy', hasCanary: true },
    nowMs: () => performance.now(),
    ...(limits === undefined ? {} : { limits }),
  });
}

/** With another signature than the key made that it names. */
export function forgedOf(signed: Uint8Array): Uint8Array {
  const bytes = signed.slice();
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  return bytes;
}

/** A push at a broker of its own; `say` is the word of its one device. `close` ends both. */
export async function runAtBroker(prepare: (broker: MadeUpBroker) => void) {
  const broker = await new MadeUpBroker().listen();
  prepare(broker);
  const run = policyRun(broker.url);
  const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  const say = (leaf: string, value: unknown) =>
    broker.publish(`jvpn/v1/acme/gw-1/${leaf}`, [json(value)], { qos: 0 });
  const close = async () => {
    await run.stop();
    broker.close();
  };
  return { broker, run, say, close };
}
