/**
 * Whether a session works under a policy that is on trial.
 *
 * @module
 */
import type { Device } from '../session/device/state.ts';

/** ATTACHED, and the hub was heard on the binding after `sinceMs` (monotonic), when the policy came into force. */
export function isProven({ state, transports, activeId }: Device, sinceMs: number): boolean {
  if (state !== 'ATTACHED') return false;
  const active = transports.find(({ transportId }) => transportId === activeId);
  return (active?.liveness.heardAtMs ?? Number.NEGATIVE_INFINITY) > sinceMs;
}
