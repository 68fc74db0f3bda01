/**
 * Goal: what devices answer becomes events of a rollout, and what anybody else may have written becomes none, or harmless ones.
 */
import { expect, test } from 'bun:test';
import { Answers, newestEmergency, UNKNOWN_CODE } from '../../../fleet/push/answers.ts';

const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const ROOT = 'jvpn/v1/acme/gw-1';
const BIRTH = { v: 1, online: true, why: null, boot: 'b1', connection: 1 };
const WILL = { ...BIRTH, online: false, why: 'lost' };
const HEALTH = {
  ...{ v: 1, boot: 'b1', seq: 3, state: 'DEGRADED', policy: { name: 'p', version: 5 } },
  switches: { last_minute: 2, total: 9 },
};

const reading = () => {
  const answers = new Answers('acme');
  return (leaf: string, value: unknown, isRetained = false) =>
    answers.read(`${ROOT}/${leaf}`, bytes(value), isRetained, 7);
};

test('documents, health and presence of a device', () => {
  const read = reading();
  expect(read('presence', BIRTH, true)).toEqual([
    { kind: 'presence', atMs: 7, device: 'gw-1', online: true },
  ]);
  expect(read('health', HEALTH)).toEqual([
    {
      ...{ kind: 'health', atMs: 7, device: 'gw-1', isRetained: false },
      health: { policyVersion: 5, state: 'DEGRADED', switchesLastMinute: 2 },
    },
  ]);
  const reported = {
    ...{ v: 1, confirmed: 4, on_trial: 5, emergency: null, groups: ['south', 7] },
    last_step: { code: 'policy_on_trial', version: 5, ts_ms: 1 },
    counters: { policy_on_trial: 1, bad: 'x' },
  };
  expect(read('policy/reported', reported)).toEqual([
    {
      ...{ kind: 'reported', atMs: 7, device: 'gw-1' },
      reported: {
        ...{ confirmed: 4, onTrial: 5, emergency: null, groups: ['south'] },
        lastStep: { code: 'policy_on_trial', version: 5, kind: null, tsMs: 1 },
        lastRefusal: null,
        counters: { policy_on_trial: 1 },
      },
    },
  ]);
});

test('a will that comes late is old news, and a report of one that was lost says that it is back', () => {
  const read = reading();
  read('presence', { ...BIRTH, connection: 2 });
  expect(read('presence', WILL)).toEqual([]);
  expect(read('presence', { ...WILL, connection: 2 })).toMatchObject([{ online: false }]);
  expect(read('health', HEALTH, true).map(({ kind }) => kind)).toEqual(['health']);
  expect(read('health', HEALTH).map(({ kind }) => kind)).toEqual(['presence', 'health']);
});

test('of however many messages name an emergency, the newest', () => {
  const read = reading();
  const [low] = read('policy/reported', { v: 1, emergency: 5 });
  const [high] = read('policy/reported', { v: 1, emergency: 9 });
  const [none] = read('policy/reported', { v: 1, emergency: null });
  if (low === undefined || high === undefined || none === undefined) throw new Error('not read');
  // More than an argument list can have.
  const events = Array.from({ length: 1_000_000 }, (_, at) => (at === 0 ? high : low));
  expect(newestEmergency(events)).toBe(9);
  expect([newestEmergency([]), newestEmergency([none])]).toEqual([0, 0]);
});

test('what does not fit is nothing', () => {
  const read = reading();
  const cases = [
    ['policy/reported', { v: 2, confirmed: 4 }],
    ['policy/reported', []],
    ['policy/desired', { v: 1 }],
    ['health', { v: 1 }],
    ['presence', { v: 1, online: 'yes', boot: 'b', connection: 1 }],
  ] as const;
  for (const [leaf, value] of cases) expect([leaf, read(leaf, value)]).toEqual([leaf, []]);
  expect(new Answers('acme').read(`${ROOT}/health`, Uint8Array.of(0xff), false, 7)).toEqual([]);
  expect(new Answers('acme').read('jvpn/v1/other/gw-1/health', bytes(HEALTH), false, 7)).toEqual(
    [],
  );
});

test('codes are of the one table: what else somebody wrote is a refusal of no name', () => {
  const read = reading();
  const codeIn = (code: unknown) => {
    const told = { code, version: 5, kind: 'policy', ts_ms: 1 };
    const document = { v: 1, last_step: told, last_refusal: told, counters: { [`${code}`]: 1 } };
    const [event] = read('policy/reported', document);
    if (event?.kind !== 'reported') throw new Error('nothing is reported');
    const { lastStep, lastRefusal, counters } = event.reported;
    return [lastStep?.code ?? null, lastRefusal?.code ?? null, Object.keys(counters)];
  };
  const known = ['document_early', 'document_early', ['document_early']];
  expect(codeIn('document_early')).toEqual(known);
  const csi = String.fromCharCode(0x9b);
  for (const code of [
    `${csi}2J`,
    'x\u001b[2J',
    'document_of_another_release',
    'toString',
    '__proto__',
  ]) {
    expect([code, codeIn(code)]).toEqual([code, [UNKNOWN_CODE, UNKNOWN_CODE, []]]);
  }
  expect(codeIn(7)).toEqual([null, null, []]);
});
