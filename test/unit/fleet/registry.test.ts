/**
 * Goal: what the fleet says of a device is what the device said, once, in order, and nothing that anybody else made up.
 * Method: reports made and written by the agent's own code, handed to the registry as a broker would.
 */
import { expect, test } from 'bun:test';
import { encodePayload } from '../../../agent/payload.ts';
import { newPacketCounters } from '../../../agent/status.ts';
import { ROWS_A_MINUTE } from '../../../fleet/changePace.ts';
import { textAt } from '../../../fleet/report.ts';
import { REASONS, REASONS_BY_MOMENT } from '../../../session/reasons.ts';
import { BOOT, DEVICES_MAX, healthPayload, Scene, START_MS } from './sample.ts';

const NEXT = 'ffeeddccbbaa9988';

test('a report becomes a row, written as CBOR or as JSON', () => {
  for (const format of ['cbor', 'json'] as const) {
    const scene = new Scene();
    expect(scene.say('gw-7/health', healthPayload({ seq: 1, format }))).toBe('taken');
    expect(scene.device()).toMatchObject({
      name: 'gw-7',
      lastSeenMs: START_MS,
      isRetained: false,
      binding: 'eth0→198.51.100.1:51820',
      report: {
        ...{ boot: BOOT, seq: 1, state: 'ATTACHED', stateVersion: 7, linkKind: 'ethernet' },
        ...{ policyName: 'balanced', policyVersion: 3, version: '0.1.0' },
        recovery: { count: 3, p50: 90, p95: 210.5, max: 210.5 },
        counters: { carrier_lost: 2, heartbeat_timeout: 1 },
      },
    });
    expect(scene.told()).toEqual(['state null→ATTACHED']);
  }
});

test('what comes twice counts once', () => {
  const scene = new Scene();
  scene.health({ seq: 1 });
  const counters = { carrier_lost: 5, stale_state_version: 2 };
  expect(scene.health({ seq: 2, status: { counters } })).toBe('taken');
  expect(scene.health({ seq: 2, status: { counters } })).toBe('duplicate');
  expect(scene.health({ seq: 1 })).toBe('duplicate');
  expect(scene.registry.outcomes).toMatchObject({ taken: 2, duplicate: 2 });
  expect(scene.day.current).toMatchObject({ replaySigns: 2 });
});

test('what a device says again is kept once, and what it says otherwise is taken', () => {
  const scene = new Scene();
  const first = healthPayload({ seq: 1 });
  scene.say('gw-7/health', first);
  const before = { ...scene.device() };
  const second = healthPayload({ seq: 2, switchesTotal: 1 });
  scene.say('gw-7/health', second);
  const { report, payload } = scene.device();
  // The same values, not their like; so are the bytes, where they fit into those of before.
  expect(report?.counters).toBe(before.report!.counters);
  expect(report?.recovery).toBe(before.report!.recovery);
  expect(payload).toBe(before.payload);
  expect(payload).toEqual(second);
  expect(report).toMatchObject({ seq: 2, switchesTotal: 1, state: 'ATTACHED' });
  // What was handed in is the caller's again.
  second.fill(0);
  expect(scene.device().payload).not.toEqual(second);
  const counters = { carrier_lost: 2, heartbeat_timeout: 1, replay_detected: 1 };
  scene.health({ seq: 3, status: { counters, binding: null } });
  expect(scene.device().report).toMatchObject({ seq: 3, binding: null, counters });
  expect(scene.device().payload).not.toBe(before.payload);
  scene.health({ seq: 4, status: { counters: { carrier_lost: 2 } } });
  expect(scene.device().report?.counters).toEqual({ carrier_lost: 2 });
});

test('what a device refused because it had come before, or too late, is a sign of replay', () => {
  const scene = new Scene();
  const say = (seq: number, refused: Record<string, number>, boot = BOOT) => {
    const packets = { ...newPacketCounters(), refused };
    return scene.health({ seq, boot, status: { packets } });
  };
  say(1, { duplicate: 7 });
  say(2, { duplicate: 9, tooOld: 1, malformed_datagram: 50 });
  expect(scene.day.current.replaySigns).toBe(3);
  say(1, { duplicate: 4 }, NEXT);
  expect(scene.day.current.replaySigns).toBe(7);
});

test('a report of a process that another has followed is old, if it is none that was not heard yet', () => {
  const scene = new Scene();
  scene.health({ seq: 8 });
  expect(scene.health({ seq: 1, boot: NEXT })).toBe('taken');
  expect(scene.health({ seq: 8 })).toBe('replaced');
  scene.isRetained = true;
  expect(scene.health({ seq: 9 })).toBe('replaced');
  expect(scene.device().report).toMatchObject({ boot: NEXT, seq: 1 });
});

test('what a broker was restored with blinds nobody to a process that lives', () => {
  const scene = new Scene();
  scene.presence('online', NEXT, 1);
  const counters = { carrier_lost: 3 };
  scene.health({ seq: 5, boot: NEXT, status: { counters } });
  scene.connection = 2;
  scene.isRetained = true;
  expect(scene.presence('online', BOOT, 7)).toBe('taken');
  expect(scene.health({ seq: 90, tsMs: START_MS - 3_600_000 })).toBe('taken');
  scene.isRetained = false;
  scene.told();
  expect(scene.presence('online', NEXT, 2)).toBe('taken');
  const ended = { state: 'TERMINATED', terminated: 'session_ttl_expired', counters };
  expect(scene.health({ seq: 7, boot: NEXT, status: ended })).toBe('taken');
  expect(scene.device()).toMatchObject({
    ...{ report: { boot: NEXT, state: 'TERMINATED' }, missing: 0 },
    presence: { online: true, boot: NEXT, connection: 2 },
  });
  // Once: what it had said before it was hidden is not said again.
  expect(scene.told()).toEqual([
    'state session_ttl_expired ATTACHED→TERMINATED',
    'terminated session_ttl_expired ATTACHED→null',
    'gap 6→6 late',
  ]);
});

test('of more processes than are remembered, a kept report of the first hides none that lives', () => {
  const scene = new Scene();
  for (let at = 0; at < 10; at++) scene.health({ seq: 1, boot: `boot${at}` });
  scene.connection = 2;
  scene.isRetained = true;
  expect(scene.health({ seq: 3, boot: 'boot0' })).toBe('taken');
  scene.isRetained = false;
  expect(scene.health({ seq: 2, boot: 'boot9' })).toBe('taken');
  expect(scene.health({ seq: 4, boot: 'boot0' })).toBe('taken');
});

test('two processes that speak in turn under one name are both heard, and that is told', () => {
  const scene = new Scene();
  const counters = { carrier_lost: 5, heartbeat_timeout: 1, stale_state_version: 2 };
  const say = (seq: number, boot: string) =>
    scene.health({ seq, boot, status: { counters }, switchesTotal: 4 });
  say(1, BOOT);
  say(1, NEXT);
  scene.told();
  const before = { ...scene.day.current };
  expect([say(2, BOOT), say(2, NEXT), say(3, BOOT)]).toEqual(['taken', 'taken', 'taken']);
  expect(scene.told()).toEqual(new Array(3).fill('noticed two_processes'));
  expect(say(1, NEXT)).toBe('replaced');
  // What each had said before counts once.
  expect(scene.day.current).toEqual(before);
  expect(Object.keys(scene.device().formerSeqs).length).toBeLessThanOrEqual(8);
});

test('missing numbers are the device’s, but not those of a time when the fleet was away', () => {
  const scene = new Scene();
  scene.health({ seq: 1 });
  scene.health({ seq: 4 });
  expect(scene.device().missing).toBe(2);
  scene.connection = 2;
  scene.health({ seq: 9 });
  expect(scene.device().missing).toBe(2);
  scene.health({ seq: 2, boot: NEXT });
  expect(scene.device().missing).toBe(3);
  expect(scene.registry.missing).toBe(3);
  expect(scene.device().gaps).toEqual([
    { stream: 'health', boot: BOOT, fromSeq: 2, toSeq: 3, isOurs: false },
    { stream: 'health', boot: BOOT, fromSeq: 5, toSeq: 8, isOurs: true },
    { stream: 'health', boot: NEXT, fromSeq: 1, toSeq: 1, isOurs: false },
  ]);
  expect(scene.told()).toEqual([
    ...['state null→ATTACHED', 'gap 2→3 ×2', 'gap 5→8 ×4 late'],
    // A new process says all of its events.
    ...['gap 1→1'],
  ]);
});

test('what is missing after the broker has said the newest again is the device’s', () => {
  const scene = new Scene();
  scene.health({ seq: 1 });
  scene.connection = 2;
  scene.isRetained = true;
  expect(scene.health({ seq: 1 })).toBe('duplicate');
  scene.isRetained = false;
  scene.health({ seq: 9 });
  expect(scene.device().gaps).toMatchObject([{ fromSeq: 2, toSeq: 8, isOurs: false }]);
  expect([scene.device().missing, scene.registry.missing]).toEqual([7, 7]);
});

test('a switch names its cause, states and policies follow, refusals and alarms are counted', () => {
  const scene = new Scene();
  const counters = { carrier_lost: 1 };
  scene.health({ seq: 1, status: { counters } });
  scene.told();
  const lost = { state: 'RECOVERING', binding: null, counters: { carrier_lost: 2 } };
  scene.health({ seq: 2, status: lost });
  expect(scene.told()).toEqual(['state carrier_lost ATTACHED→RECOVERING']);
  const back = { counters: { carrier_lost: 2, reattach_accepted: 1, reattach_rate_limited: 3 } };
  scene.health({ seq: 3, status: back, link: 'wwan0', switchesTotal: 1 });
  expect(scene.told()).toEqual([
    'state reattach_accepted RECOVERING→ATTACHED',
    'switch reattach_accepted eth0→198.51.100.1:51820→wwan0→198.51.100.1:51820',
    'refused reattach_rate_limited ×3',
  ]);
  scene.health({
    seq: 4,
    status: { ...back, counters: { ...back.counters, flash_lost: 1, channel_rotated: 9 } },
    ...{ link: 'wwan0', switchesTotal: 3, policy: { name: 'vehicle', version: 4 } },
  });
  expect(scene.told()).toEqual([
    'switch wwan0→198.51.100.1:51820→wwan0→198.51.100.1:51820 ×2',
    'noticed flash_lost',
    'policy balanced 3→vehicle 4',
  ]);
  expect(scene.day.current).toMatchObject({ switches: 3 });
});

test('codes that nobody knows are bounded, in a report and in a day', () => {
  const scene = new Scene();
  scene.health({ seq: 1 });
  const letters = 'abcdefghijklmnopqrstuvwxyz';
  for (let seq = 2; seq < 12; seq++) {
    const codes = Array.from({ length: 200 }, (_, at) => {
      return [`x_${letters[seq]}_${letters[at % 26]}_${letters[Math.floor(at / 26)]}`, 1];
    });
    scene.health({ seq, ended: Object.fromEntries(codes) as Record<string, number> });
  }
  expect(scene.changes.length).toBeLessThanOrEqual(10 * 33);
  const { terminated } = scene.day.current;
  expect(Object.keys(terminated).length).toBe(17);
  expect(Object.values(terminated).reduce((sum, count) => sum + count)).toBe(10 * 32);
});

test('what the broker had kept is told late, at its own time, and counts into no minute', () => {
  const scene = new Scene();
  scene.health({ seq: 1 });
  scene.told();
  scene.nowMs += 3_600_000;
  scene.isRetained = true;
  scene.connection = 2;
  const counters = { carrier_lost: 2, heartbeat_timeout: 1, stale_state_version: 4 };
  const tsMs = START_MS + 60_000;
  expect(scene.health({ seq: 2, status: { counters }, tsMs, switchesTotal: 2 })).toBe('taken');
  expect(scene.device()).toMatchObject({ isRetained: true, lastSeenMs: tsMs });
  const late = scene.changes.map(({ change }) => [change.kind, change.atMs, change.isLate]);
  expect(late).toEqual([
    ['switch', tsMs, true],
    ['refused', tsMs, true],
  ]);
  expect(scene.day.current).toMatchObject({ switches: 0, replaySigns: 0 });
  // A clock that was never set says nothing of when.
  scene.health({ seq: 3, status: { counters }, tsMs: 5_000 });
  expect(scene.device().lastSeenMs).toBeNull();
  scene.isRetained = false;
  scene.health({ seq: 4, status: { counters } });
  expect(scene.device()).toMatchObject({ isRetained: false, lastSeenMs: scene.nowMs });
});

test('a clock of the fleet that was ahead once leaves its time on nothing that follows', () => {
  const scene = new Scene();
  scene.nowMs = START_MS + 10 * 365 * 86_400_000;
  scene.presence('online');
  scene.health({ seq: 1 });
  scene.nowMs = START_MS;
  scene.changes.splice(0);
  scene.health({ seq: 2, status: { state: 'DEGRADED' } });
  scene.presence('lost');
  expect(scene.changes.map(({ change }) => change.atMs)).toEqual([START_MS, START_MS]);
  scene.nowMs += 1_000;
  scene.isRetained = true;
  scene.health({ seq: 3, tsMs: START_MS - 60_000 });
  expect(scene.changes.at(-1)?.change.atMs).toBe(START_MS);
});

test('whatever is published, it is counted and nothing breaks', () => {
  const scene = new Scene();
  const document = (value: object) => encodePayload(value, 'cbor');
  const good = { v: 1, boot: BOOT, seq: 1, state: 'ATTACHED' };
  const cases: [string, Uint8Array, string][] = [
    ['gw-7/health', new Uint8Array(), 'malformed'],
    ['gw-7/health', Uint8Array.of(0xff, 0xff), 'malformed'],
    ['gw-7/health', new TextEncoder().encode('{"v":'), 'malformed'],
    ['gw-7/health', new Uint8Array(40_000), 'tooLong'],
    ['gw-7/health', document({ ...good, v: 2 }), 'versionUnknown'],
    ['gw-7/health', document({ ...good, seq: -1 }), 'fieldWrong'],
    ['gw-7/health', document({ ...good, state: '<b>' }), 'fieldWrong'],
    ['gw-7/presence', document({ v: 1, online: 'yes', boot: BOOT, connection: 1 }), 'fieldWrong'],
    ['a/b/health', document(good), 'otherTopic'],
    ['jvpn/v1/south/gw-7/health', document(good), 'otherTopic'],
    ['gw-7/commands', document(good), 'otherTopic'],
  ];
  for (const [leaf, payload, outcome] of cases) {
    expect([leaf, scene.say(leaf, payload)]).toEqual([leaf, outcome as never]);
  }
  expect(scene.registry.devices.size).toBe(0);
  // What is wrong beside the point is left out.
  const odd = { ...good, binding: 'x'.repeat(1_000), counters: { made_up: 5, carrier_lost: -1 } };
  expect(scene.say('gw-7/health', document({ ...odd, links: 'none', policy: 7 }))).toBe('taken');
  expect(scene.device().report).toMatchObject({ binding: null, counters: {}, policyName: null });
});

test('no text that is kept has a control character, which a terminal would obey', () => {
  const controls = [0x00, 0x07, 0x0a, 0x1b, 0x7f, 0x80, 0x85, 0x90, 0x9b, 0x9d, 0x9f];
  for (const code of controls) {
    const text = `a${String.fromCodePoint(code)}31mb`;
    expect([code.toString(16), textAt({ text }, 'text')]).toEqual([code.toString(16), null]);
  }
  for (const text of ['wwan0→203.0.113.5:51820', 'a\u00a0b', 'Zähler', '北']) {
    expect(textAt({ text }, 'text')).toBe(text);
  }
});

test('names without end are not taken in', () => {
  const scene = new Scene();
  const payload = healthPayload({ seq: 1 });
  for (let at = 0; at < DEVICES_MAX; at++) scene.say(`d${at}/health`, payload);
  expect(scene.say('one-more/health', payload)).toBe('tooManyDevices');
  expect(scene.say('d1/health', payload)).toBe('duplicate');
});

test('one device that says without end that something happened has 60 rows a minute, and nothing is lost of the number', () => {
  const scene = new Scene();
  scene.health({ seq: 1, status: { counters: {} } });
  scene.told();
  const codes = Object.keys(REASONS);
  const last = 200;
  for (let seq = 2; seq <= last; seq++) {
    const counters = Object.fromEntries(codes.map((code) => [code, seq - 1]));
    const state = seq % 2 === 0 ? 'DEGRADED' : 'ATTACHED';
    scene.health({ seq, status: { state, counters } });
  }
  expect(scene.changes.length).toBe(ROWS_A_MINUTE - 1);
  scene.nowMs += 60_000;
  scene.registry.settle(scene.nowMs);
  const kept = scene.changes.map(({ change }) => change);
  expect(kept.length).toBeLessThanOrEqual(2 * ROWS_A_MINUTE);
  const refusals = Object.keys(REASONS_BY_MOMENT.refusals).length;
  const refused = kept.filter(({ kind }) => kind === 'refused');
  expect(refused.reduce((sum, { count }) => sum + count, 0)).toBe((last - 1) * refusals);
  // The last state is what the bands go on with.
  const states = kept.filter(({ kind }) => kind === 'state');
  expect(states.at(-1)?.to).toBe('DEGRADED');
  // Others have a minute of their own.
  expect(scene.health({ seq: 1 }, 'gw-8')).toBe('taken');
  expect(scene.changes.at(-1)).toMatchObject({ name: 'gw-8' });
});

test('no report counts for more than a million of anything', () => {
  const scene = new Scene();
  scene.health({ seq: 1 });
  const packets = { ...newPacketCounters(), refused: { duplicate: 2 ** 52 } };
  const counters = { bad_proof: 2 ** 53 - 1 };
  const status = { counters, packets };
  scene.health({ seq: 2, status, switchesTotal: 2 ** 53 - 1, ended: { shutdown: 2 ** 52 } });
  expect(scene.day.current).toMatchObject({
    ...{ switches: 1_000_000, hijackSigns: 1_000_000, replaySigns: 1_000_000 },
    terminated: { shutdown: 1_000_000 },
  });
  scene.health({ seq: Number.MAX_SAFE_INTEGER, ended: { shutdown: 2 ** 52 } });
  expect([scene.device().missing, scene.registry.missing]).toEqual([1_000_000, 1_000_000]);
  expect(scene.changes.at(-1)?.change).toMatchObject({ kind: 'gap', count: 1_000_000 });
});
