/**
 * Goal: the kernel's offloads are found and used, done without where they are off, and the two ends need
 * not agree: the same bytes arrive.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { isAttached, Site, untilAudit } from '../lab/site.ts';
import { type Topology, topology } from '../lab/topology.ts';

const BYTES = 2_000_000;
const OFF = 'offload = "off"\n';

let net: Topology;

beforeAll(async () => {
  net = await topology({ seed: 12 });
}, 30_000);

afterAll(async () => {
  await net?.[Symbol.asyncDispose]();
});

interface Status {
  readonly offloads: Readonly<Record<string, boolean>>;
  readonly inner4: string;
  readonly inner6: string;
  readonly packets: { readonly refused: Readonly<Record<string, number>> };
  readonly counters: Readonly<Record<string, number>>;
}

/** One TCP transfer of seeded content; the sink's hash decides. */
async function transfer(from: 'device' | 'server', to: 'device' | 'server', address: string) {
  const host = address.includes(':') ? `[${address}]` : address;
  await using sink = net.flow(to, 'tcpSink', ['--listen', `${host}:0`]);
  const { port } = await sink.untilJson<{ event: string; port: number }>(
    ({ event }) => event === 'listening',
    10_000,
  );
  await using source = net.flow(from, 'tcpSource', [
    '--to',
    `${host}:${port}`,
    '--rate-mbit',
    '0',
    '--bytes',
    String(BYTES),
  ]);
  const summary = await source.untilJson<{ event: string; bytes: number; intact: boolean }>(
    ({ event }) => event === 'summary',
    30_000,
  );
  return { bytes: summary.bytes, intact: summary.intact };
}

const hostOf = (cidr: string) => cidr.split('/')[0]!;

for (const [name, hub, device] of [
  ['both ends use them', '', ''],
  ['both go without', OFF, OFF],
  ['the hub goes without', OFF, ''],
  ['the device goes without', '', OFF],
] as const) {
  test(`${name}: both families, both directions`, async () => {
    await using site = new Site(net, { tunnelExtra: { hub, device } });
    await using _hub = await site.hub();
    await site.device('gw1');
    await using agent = site.agent('gw1');
    await untilAudit(agent, 'ATTACHED', isAttached);
    const before = await site.status<Status>('device', 'gw1');
    const whole = { bytes: BYTES, intact: true };
    expect(await transfer('device', 'server', '10.79.0.2')).toEqual(whole);
    expect(await transfer('device', 'server', 'fd79::2')).toEqual(whole);
    expect(await transfer('server', 'device', hostOf(before.inner4))).toEqual(whole);
    expect(await transfer('server', 'device', hostOf(before.inner6))).toEqual(whole);

    const offloads = (isOn: boolean) => ({
      tun_checksum: isOn,
      tun_tcp: isOn,
      udp_send: isOn,
      udp_receive: isOn,
    });
    const atDevice = await site.status<Status>('device', 'gw1');
    const atHub = await site.status<Status>('hub', 'hub');
    expect(atDevice.offloads).toMatchObject(offloads(device === ''));
    expect(atHub.offloads).toMatchObject(offloads(hub === ''));
    const wrong = ['malformed_packet', 'tunRefused', 'authenticationFailed', 'sendFailed'];
    expect(Object.keys(atDevice.packets.refused).filter((code) => wrong.includes(code))).toEqual(
      [],
    );
    expect(atHub.counters).toMatchObject({ malformed_packet: 0, tun_refused: 0 });
    const shown = await site.jvpn('device', ['status', '--socket', site.path('gw1.sock')]);
    expect(shown.stdout.includes('packet by packet')).toBe(device !== '');
  }, 60_000);
}
