/**
 * A push of policies to a whole fleet, at a made-up broker: what the tests of a push have in common.
 *
 * @module
 */
import { PushRun, type PushRunParts } from '../../../fleet/push/pushRun.ts';

export const TARGET = { level: 'fleet', name: 'acme' } as const;
/** Where documents for it are published. */
export const DESIRED = 'jvpn/v1/acme/_fleet/policy/desired';

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
