/**
 * wireguard-go with a route-metric watcher of ours (`watcher.ts`), new for every round.
 *
 * @module
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HUB, LINK_PLANS, type LinkName, SERVER } from '../../plan.ts';
import { type LabProcess, run } from '../../process.ts';
import type { Topology } from '../../topology.ts';
import { startWireguard } from '../../wireguard.ts';
import { needed } from '../contender.ts';
import { FAILBACK_STABLE_MS } from './classes.ts';
import type { Running } from './running.ts';
import { DEAF_RULE_PREF, LOCAL_RULE_PREF, type WatcherConfig } from './watcher.ts';

const INNER = { device: '10.77.200.2', hub: '10.77.200.1' } as const;
export const WIREGUARD_PORT = 51821;
const WATCHER = Bun.fileURLToPath(new URL('./watcher.ts', import.meta.url));
const READY_MS = 10_000;

let starts = 0;

/** @param links those that are there, in order of preference. */
export async function startWireguardGo(
  net: Topology,
  links: readonly LinkName[],
): Promise<Running> {
  needed('wireguard-go');
  needed('wg');
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'jvpn-failover-wg-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const { device, hub } = net.namespaces;
  starts += 1;
  // Unique on this machine, because its socket lies outside namespaces.
  const names = { device: `jvf${process.pid}x${starts}d`, hub: `jvf${process.pid}x${starts}h` };
  stack.use(await startWireguard(hub, names.hub));
  stack.use(await startWireguard(device, names.device));
  const keys = { device: await newKeys(), hub: await newKeys() };
  for (const end of ['device', 'hub'] as const) {
    const file = join(folder, `${end}.key`);
    writeFileSync(file, keys[end].secret, { mode: 0o600 });
    const place =
      end === 'hub'
        ? ['listen-port', `${WIREGUARD_PORT}`, 'peer', keys.device.public]
        : ['peer', keys.hub.public, 'endpoint', `${HUB.v4}:${WIREGUARD_PORT}`];
    const inside = end === 'hub' ? `${INNER.device}/32` : `${INNER.hub}/32,${SERVER.v4}/32`;
    const argv = ['wg', 'set', names[end], 'private-key', file, ...place, 'allowed-ips', inside];
    await net.exec(end, argv);
  }
  await hub.ip([`addr add ${INNER.hub}/24 dev ${names.hub}`, `link set ${names.hub} up`]);
  await device.ip([
    `addr add ${INNER.device}/24 dev ${names.device}`,
    `link set ${names.device} up`,
    `route replace ${SERVER.v4}/32 dev ${names.device} src ${INNER.device}`,
  ]);
  await device.ip([`rule add pref ${LOCAL_RULE_PREF} lookup local`, 'rule del pref 0']);
  stack.defer(async () => {
    await device.ip(['rule add pref 0 lookup local', `rule del pref ${LOCAL_RULE_PREF}`]);
    const leftovers = [
      ['rule', 'del', 'pref', `${DEAF_RULE_PREF}`],
      ['route', 'del', `${HUB.v4}/32`],
    ];
    for (const argv of leftovers) await net.exec('device', ['ip', ...argv], { mayFail: true });
  });
  const [batch, watcher] = await startWatcher(net, folder, links);
  stack.use(batch);
  stack.use(watcher);
  const disposal = stack.move();
  return {
    far: 'server',
    farAddress: SERVER.v4,
    deviceAddress: INNER.device,
    protocol: 'tcp',
    hasUdp: true,
    session: null,
    moves: () => watcher.stdout.filter((line) => line.includes('"moved"')).length,
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  };
}

async function startWatcher(
  net: Topology,
  folder: string,
  links: readonly LinkName[],
): Promise<readonly [LabProcess, LabProcess]> {
  const fifo = join(folder, 'routes');
  await run(['mkfifo', fifo]);
  const batch = net.spawn('device', ['ip', '-force', '-batch', fifo], { name: 'ip -batch' });
  const config: WatcherConfig = {
    target: HUB.v4,
    fifo,
    links: LINK_PLANS.filter(({ name }) => links.includes(name)).map(({ name, v4 }) => ({
      name,
      gateway: v4.routerLanAddress,
    })),
    stableMs: FAILBACK_STABLE_MS,
    port: WIREGUARD_PORT,
  };
  const argv = [process.execPath, WATCHER, JSON.stringify(config)];
  const watcher = net.spawn('device', argv, { name: 'watcher' });
  await watcher.untilJson<{ event: string }>((line) => line.event === 'ready', READY_MS);
  return [batch, watcher];
}

async function newKeys(): Promise<{ readonly secret: string; readonly public: string }> {
  const secret = (await run(['wg', 'genkey'])).stdout.trim();
  return { secret, public: (await run(['wg', 'pubkey'], { stdin: secret })).stdout.trim() };
}
