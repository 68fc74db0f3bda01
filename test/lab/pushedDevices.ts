/**
 * Devices that take documents: the real telemetry and the real taking of documents, with a session that is made up.
 *
 * How the session is follows from the name of the policy: under `degrades…` it is DEGRADED, under `fails…` it proves nothing,
 * under `slow…` only after a while.
 *
 * Usage: bun test/lab/pushedDevices.ts PORT FLEET SIGNER NAME…
 *
 * @module
 */
import { COSE } from '../../agent/cose.ts';
import { Push } from '../../agent/push.ts';
import { startTelemetry } from '../../agent/telemetry.ts';
import { newClock } from '../../hal/linux/clock.ts';
import { MemoryFlash } from '../../hal/memory/flash.ts';
import { PUSH_RECORD_BYTES } from '../../policies/signed/record.ts';
import { DEVICE, startFor, statusOn } from './reporting.ts';

const PROOF_MS = 100;
const SLOW_PROOF_MS = 2_000;
const WINDOW_MS = 10_000;

const [port = '', fleet = '', signer = '', ...names] = process.argv.slice(2);
for (const name of names) device(name);
console.log('reporting');

function device(name: string): void {
  const url = `mqtt://${name}:of-${name}@127.0.0.1:${port}`;
  const start = startFor({ url, fleet, device: name, client_id: `jvpn-${name}` });
  const configured = { ...start.policy, push: { confirmWindowMs: WINDOW_MS } };
  const groups = ['south'];
  const push = new Push({
    flash: new MemoryFlash(PUSH_RECORD_BYTES),
    identity: { device: [name], groups, fleet },
    signers: [new Uint8Array(Buffer.from(signer, 'base64'))],
    configured,
    policyVersionMin: configured.version,
    clock: newClock(),
    loadSign1: async () => COSE,
  });
  const telemetry = startTelemetry({
    start: {
      ...start,
      config: { ...start.config, push: { ...start.config.push, groups } },
    },
    device: DEVICE,
    status: async () => ({
      ...statusOn('eth0'),
      state: push.policy.name.startsWith('degrades') ? 'DEGRADED' : 'ATTACHED',
    }),
    documents: push.documents,
    times: { changeMs: 100, backoffFirstMs: 100, backoffMaxMs: 1_000 },
  });
  push.begin({
    follow: (policy) => {
      telemetry.usePolicy(policy);
      const prove = () => push.proven(policy.version);
      const afterMs = policy.name.startsWith('slow') ? SLOW_PROOF_MS : PROOF_MS;
      if (!policy.name.startsWith('fails')) setTimeout(prove, afterMs);
      return true;
    },
    onConfirmed: () => {},
    note: () => {},
    onReport: () => telemetry.tellDocuments(),
    carryOut: async () => ({ outcome: 'command_withheld', why: 'not_attached' }),
    onAnswer: () => {},
    onFault: (message) => console.error(`${name}: ${message}`),
  });
}
