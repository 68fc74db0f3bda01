/**
 * Debian's wireguard-go as a contender, with its defaults.
 *
 * @module
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../process.ts';
import { startWireguard } from '../wireguard.ts';
import { type Cable, type End, HUB_OUTER } from './cable.ts';
import { needed, type Tunnel } from './contender.ts';

const INNER = { device: '10.66.0.2', hub: '10.66.0.1' } as const;
const PORT = 51821;

/** @param keepaliveS between two keepalives, each way; left out: none, as by default. */
export async function startWireguardGo(
  cable: Cable,
  { keepaliveS }: { readonly keepaliveS?: number } = {},
): Promise<Tunnel> {
  needed('wireguard-go');
  needed('wg');
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'jvpn-bench-wg-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const keys = { device: await newKeys(), hub: await newKeys() };
  const daemonAt = async (end: End, peer: End) => {
    const name = nameAt(end);
    const daemon = stack.use(await startWireguard(cable.namespaces[end], name));
    const file = join(folder, `${end}.key`);
    writeFileSync(file, keys[end].secret, { mode: 0o600 });
    const endpoint = end === 'device' ? ['endpoint', `${HUB_OUTER}:${PORT}`] : [];
    const listen = end === 'hub' ? ['listen-port', String(PORT)] : [];
    const keepalive = keepaliveS === undefined ? [] : ['persistent-keepalive', String(keepaliveS)];
    const allowed = ['allowed-ips', `${INNER[peer]}/32`];
    const peerLine = ['peer', keys[peer].public, ...allowed, ...endpoint, ...keepalive];
    await cable.exec(end, ['wg', 'set', name, 'private-key', file, ...listen, ...peerLine]);
    await cable.namespaces[end].ip([
      `addr add ${INNER[end]}/24 dev ${name}`,
      `link set ${name} up`,
    ]);
    return daemon;
  };
  const hub = await daemonAt('hub', 'device');
  const device = await daemonAt('device', 'hub');
  const { stdout } = await run(['wireguard-go', '--version'], { mayFail: true });
  const disposal = stack.move();
  return {
    hubInner: INNER.hub,
    mtuBytes: await cable.mtuBytes('device', nameAt('device')),
    cipher: 'chacha20-poly1305',
    about: stdout.split('\n')[0]?.trim() ?? '',
    processes: { device, hub },
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  };
}

/** Unique on this machine, because its socket lies outside namespaces. */
const nameAt = (end: End) => `jvb${process.pid}${end[0]}`;

async function newKeys(): Promise<{ readonly secret: string; readonly public: string }> {
  const secret = (await run(['wg', 'genkey'])).stdout.trim();
  return { secret, public: (await run(['wg', 'pubkey'], { stdin: secret })).stdout.trim() };
}
