/**
 * Goal: the Linux half of the HAL does what its interfaces say, on real kernel interfaces.
 * Method: scripts in `inside/` run in namespaces of their own and print facts; they are judged here.
 */
import { expect } from 'bun:test';
import { join } from 'node:path';
import { isolationObstacle, runIsolated } from '../../../lab/isolated.ts';
import { testUnless } from '../../../obstacle.ts';

const TIMEOUT_MS = 20_000;

function inside(script: string, name: string, judge: (facts: unknown) => void): void {
  const path = join(import.meta.dirname, 'inside', script);
  testUnless(isolationObstacle, name, async () => judge(await runIsolated(path)), TIMEOUT_MS);
}

inside('echo.ts', 'a tun that echoes: both families of ping are answered through it', (facts) => {
  expect(facts).toEqual({
    name: 'jv0',
    answered: { 4: 3, 6: 3 },
    statuses: [0, 0],
    refused: 0,
    second: 'deviceBusy',
    afterwards: 'deviceMissing', // closing it removed it
    badName: 'deviceNameInvalid',
    notATun: 'deviceBusy',
  });
});

inside(
  'datagram.ts',
  'UDP bound to a veth: both families, and every refusal has its name',
  (facts) => {
    const { buffers, notices, ...rest } = facts as { buffers: number[]; notices: unknown };
    expect(rest as unknown).toEqual({
      over4: { bytes: 5, from: '10.98.0.2:51820', last: 5 },
      over6: { bytes: 5, from: '[fd98::2]:51820', last: 5 },
      isSameObject: true,
      outcomes: {
        tooLong: 'tooLong',
        noRoute: 'sent', // see SEND.unreachable: Linux takes it for a neighbour
        noRoute6: 'unreachable',
        loopback: 'sent',
      },
      icmp: {
        over4: { sent: ['sent'], isCounted: true, isCalm: true },
        over6: { sent: ['sent'], isCounted: true, isCalm: true },
      },
      behindThem: ['sent'],
      queueAlone: [true, true, true],
      refusals: {
        noSuchLink: 'deviceMissing',
        badName: 'deviceNameInvalid',
        portTaken: 'addressInUse',
        notMine: 'addressUnavailable',
        notAnAddress: 'addressInvalid',
      },
      whenDown: 'unreachable',
      whenGone: 'deviceGone',
      hubPort: 51_820,
      hasOwnPort: true,
    });
    for (const bytes of buffers) expect(bytes).toBeGreaterThan(65_536);
    expect(notices).toEqual([]);
  },
);

inside('runs.ts', 'a run is the same datagrams by one call and one by one', (facts) => {
  const datagrams = [...new Array(19).fill(1_400), 333];
  const whole = { result: 0, datagrams, isSame: true, ecn: 0 };
  const family = {
    fastToFast: { ...whole, calls: 1 },
    fastToSlow: { ...whole, calls: 20 },
    slowToFast: { ...whole, calls: 20 },
    slowToSlow: { ...whole, calls: 20 },
  };
  const ecn = [
    [1, 1],
    [2, 2],
    [3, 3],
    [0, 0],
  ];
  const { lost, ...rest } = facts as { lost: { kept: number; overflow: number } };
  expect(rest as unknown).toEqual({
    offloads: [
      { segment: true, coalesce: true },
      { segment: false, coalesce: false },
    ],
    runs: { 4: family, 6: family },
    ecn: { 4: ecn, 6: ecn },
    // Longer than the link takes in one piece: fragmented, not refused.
    narrow: { 4: { ...whole, calls: 20 }, 6: { ...whole, calls: 20 } },
  });
  expect(lost.overflow).toBeGreaterThan(0);
  expect(lost.kept + lost.overflow).toBe(50);
});

inside('narrow.ts', 'nothing of a run is handed over twice, wide way or narrow', (facts) => {
  const datagrams = new Array(5).fill(1_400);
  const sent = { result: 0, unsent: 0 };
  const ethernet = 14;
  const headers = { 4: 28, 6: 48 } as const;
  /** Of a run that left whole: its datagrams laid end to end, with one header. */
  const whole = (family: 4 | 6) => ({ packets: 1, bytes: 7_000 + headers[family] + ethernet });
  /** Two fragments each: another header of IP, in IPv6 one for each that says so. */
  const fragments = (family: 4 | 6) => ({
    packets: 10,
    bytes: 7_000 + 5 * (headers[family] + (family === 4 ? 20 : 40 + 2 * 8) + 2 * ethernet),
  });
  expect(facts).toEqual({
    wide: ([4, 6] as const).map((family) => ({
      family,
      ...sent,
      calls: [7_000],
      ...whole(family),
    })),
    // One refusal of the run, and then each datagram once.
    narrow: ([4, 6] as const).map((family) => ({
      ...{ family, ...sent, calls: [-1, ...datagrams] },
      ...fragments(family),
    })),
    // What ICMP said of another is no word on this run: it goes out whole.
    behindAnError: [4, 6].map(() => ({ ...sent, calls: [-1, 7_000] })),
    segment: true,
  });
});

inside('links.ts', 'carrier, addresses, routes and MTU are seen as they change', (facts) => {
  const bare = {
    name: 'eth0',
    index: 101,
    carrier: false,
    adminUp: false,
    addresses: [],
    networks: [],
    hasRoute: false,
    hasRoute4: false,
    hasRoute6: false,
    mtu: 1_500,
  };
  const up = { ...bare, carrier: true, adminUp: true };
  const addressed = {
    ...up,
    addresses: ['192.0.2.2', '2001:db8::2'],
    networks: ['192.0.2.0/24', '2001:db8::/64'],
  };
  const routed = { ...addressed, hasRoute: true, hasRoute4: true };
  const downed = { ...bare, addresses: ['192.0.2.2'], networks: ['192.0.2.0/24'] };
  const { resyncs, ...rest } = facts as { resyncs: number };
  expect(rest as unknown).toEqual({
    before: ['lo'],
    appeared: bare,
    carrier: up,
    addressed,
    routed,
    routed6: { ...routed, hasRoute6: true },
    shrunk: { ...routed, hasRoute6: true, mtu: 1_400 },
    pulled: { ...routed, hasRoute6: true, carrier: false },
    // The IPv6 route goes through a gateway, so it outlives the address; the IPv4 one does not.
    flushed: { ...up, hasRoute: true, hasRoute6: true },
    // That the link is down is told before the routes are read again.
    told: [
      { index: 101, adminUp: true, carrier: true, hasRoute: true },
      { index: 101, adminUp: false, carrier: false, hasRoute: true },
      { index: 101, adminUp: false, carrier: false, hasRoute: false },
    ],
    downed,
    narrowed: { ...downed, mtu: 1_280 },
    drainedIdle: false,
    many: 0,
    flooded: { ...downed, mtu: 1_444 },
    removed: 'absent',
    replugged: { ...bare, index: 303 },
    plugged: [0, 0],
    // Not without its routes in between: that would be a verdict on the binding, and no fact.
    swapped: [505, 707].map((index) => ({ index, adminUp: true, carrier: true, hasRoute: true })),
  });
  expect(resyncs).toBeGreaterThan(0);
});

inside('interfaces.ts', 'interfaces are configured as asked, twice over', (facts) => {
  const denied = (detail: string) => ({ ok: false, code: 'netAdminMissing', detail });
  expect(facts).toEqual({
    codes: {
      mtu: 'ok',
      up: 'ok',
      upTwo: 'ok',
      addresses: 'ok',
      addressesAgain: 'ok',
      addressInvalid: 'addressInvalid',
      route: 'ok',
      routeAgain: 'ok',
      routeElsewhere: 'routeConflict',
      routeOtherMetric: 'ok',
      route6: 'ok',
      route6Again: 'ok',
      default: 'ok',
      defaultAgain: 'ok',
      default6: 'ok',
      remove: 'ok',
      removeAgain: 'ok',
      remove6: 'ok',
      removeDefault: 'ok',
      noDevice: 'deviceMissing',
      removeNoDevice: 'ok',
      badName: 'deviceNameInvalid',
      badMtu: 'netlinkRefused',
    },
    first: { mtu: 1_400, flags: true, addresses: ['10.97.0.1/24', '10.97.0.9/24', 'fd97::1/64'] },
    second: { mtu: 1_400, flags: true, addresses: ['10.97.1.1/32', 'fd97::1/64'] },
    routes: [
      '10.50.0.0/16 dev one0 proto static scope link 10.50.0.0/16 dev two0 proto static scope link metric 50',
      'fd50::/32 dev one0 proto static metric 1024 pref medium',
      'default dev one0 proto static scope link metric 5',
      'default dev one0 proto static metric 5 pref medium',
    ],
    left: ['10.50.0.0/16 dev two0 proto static scope link metric 50', '', ''],
    weak: [denied('up of one0: EPERM'), denied('TUNSETIFF jv0: EPERM')],
  });
});
