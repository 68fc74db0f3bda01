/**
 * The agent's tunnel thread alone, in mode `plain`, with a rekey timer of the test's choosing.
 *
 * @module
 */
import { Inner } from '../../agent/inner.ts';
import type { FromTunnel, TunnelSetup } from '../../agent/messages.ts';
import { tunnelRules } from '../../agent/rules.ts';
import { openWake } from '../../hal/linux/wake.ts';
import { startWorker } from '../../hal/worker.ts';
import { loadPolicy } from '../../policies/load.ts';
import { PLAIN_TIMES } from '../../session/channel/age.ts';
import { decodeKey, NO_PSK } from '../../session/channel/identity.ts';

const given = JSON.parse(process.argv[2] ?? '{}');
const key = (text: string) => {
  const decoded = decodeKey(text);
  if (!decoded.ok) throw new Error(decoded.code);
  return decoded.value;
};
const policy = loadPolicy({});
const wake = openWake();
if (!policy.ok || !wake.ok) throw new Error('no policy or no eventfd');
const links = [{ name: 'eth0', kind: 'ethernet' }] as const;
const { port1, port2 } = new MessageChannel();
const setup: TunnelSetup = {
  wakeFd: wake.value.fd,
  port: port2,
  mode: 'plain',
  privateKey: key(given.privateKey),
  hubPublicKey: key(given.hubPublicKey),
  psk: NO_PSK,
  endpoints: [given.endpoint],
  links,
  tunName: 'jvpn0',
  mtuMaxBytes: 1_380,
  mayHaveIpv6: false,
  dataCipher: 'auto' as const,
  mark: 0,
  offload: 'auto',
  rules: tunnelRules(policy.policy, links),
  seed: crypto.getRandomValues(new Uint8Array(32)),
  remembered: null,
  wasLost: false,
  clock: { fromMs: Date.now(), untilMs: Date.now() + 3_600_000 * 4 },
  plainTimes: { ...PLAIN_TIMES, rekeyAfterMs: given.rekeyAfterMs, rekeyTimeoutMs: 1_000 },
};
const tunnel = {
  addresses: ['10.91.0.2/24'],
  allowed: [],
  mtu: 1_380,
  dataCipher: 'auto' as const,
  name: 'jvpn0',
  offload: 'auto' as const,
  acceptRoutes: true,
  mark: 0,
};
const inner = new Inner(tunnel, 'plain');
port1.onmessage = ({ data }) => {
  const message = data as FromTunnel;
  if (message.kind === 'failed') throw new Error(message.message);
  if (message.kind !== 'ready') return;
  const failure = inner.up(message.tunName);
  if (failure !== null) throw new Error(failure.detail);
  console.log('ready');
};
startWorker('agent/tunnel.ts', setup, [port2], (message) => {
  throw new Error(message);
});
