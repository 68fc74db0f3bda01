/**
 * Goal: what another operator publishes for one device of a canary stays, whether the rollout comes to its end, is taken back, is gone on with
 * or loses its connection; what is ours, older or nobody's does not.
 * Method: a made-up broker and one device of the canary, on whose word the rollout goes on.
 */
import { afterEach, expect, test } from 'bun:test';
import { keptDocument, signPolicy, withVersion } from '../../../agent/cli/pushDocument.ts';
import type { Progress, Stage } from '../../../policies/rollout/plan.ts';
import { Rollout } from '../../../policies/rollout/rollout.ts';
import type { Target } from '../../../policies/signed/claims.ts';
import { eventually } from '../../lab/process.ts';
import type { MadeUpBroker } from '../agent/madeUpBroker.ts';
import { DESIRED, forgedOf, planWith, runAtBroker } from './policyRun.ts';

const DEVICE = { level: 'device', fleet: 'acme', name: 'gw-1' } as const;
const DEVICE_DESIRED = 'jvpn/v1/acme/gw-1/policy/desired';
const ALL_DEVICES = 'jvpn/v1/acme/+/policy/desired';
const [OURS, THEIRS] = [new Uint8Array(32).fill(7), new Uint8Array(32).fill(8)];
const WAIT_MS = 10_000;
const PLAN = planWith([]);

const closers: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

function signed(version: number, key = OURS, to: Target = DEVICE, name = 'p'): Uint8Array {
  const body = withVersion(new Map([['name', name]]), version);
  return signPolicy(body, to, { notBeforeS: 1, expiresS: 1_000_000 }, key);
}

const forged = (version: number) => forgedOf(signed(version));

/** A rollout that is at `stage`, with `kept` on the topic of its one device. */
async function atStage(stage: Stage, kept: Uint8Array | null = null) {
  const keepsAt = ({ retainedUnder }: MadeUpBroker, bytes: Uint8Array) =>
    retainedUnder.set(ALL_DEVICES, new Map([[DEVICE_DESIRED, bytes]]));
  const { broker, run, say, close } = await runAtBroker((one) => {
    if (kept !== null) keepsAt(one, kept);
  });
  const keeps = (bytes: Uint8Array) => keepsAt(broker, bytes);
  closers.push(close);
  const ready = run.ready();
  const isAsked = () => broker.subscribed.length > 1 && broker.subscribed.at(-1) === DESIRED;
  await eventually('all is asked for', isAsked, WAIT_MS);
  say('presence', { v: 1, online: true, why: null, boot: 'b1', connection: 1 });
  say('policy/reported', { v: 1, confirmed: 7, groups: [], counters: {} });
  await ready;
  const progress: Progress = { stage, canary: ['gw-1'], soakedMs: 0, isWide: false, why: null };
  const told: number[] = [];
  const over = run.run(new Rollout(PLAN, progress), {
    documentFor: (document, to) => ({
      bytes: signed(document === 'forward' ? 8 : 9, OURS, to),
      expiresInS: 3_600,
    }),
    save: () => {},
    tell: (_rollout, _error, left) => told.push(...left.map(({ version }) => version)),
    isAbort: false,
    isGenuine: (bytes) => keptDocument(bytes, OURS) !== null,
  });
  /** How often something was published for the device alone. */
  const sent = (topic = DEVICE_DESIRED) =>
    broker.published.filter((body) => String.fromCharCode(...body).includes(topic)).length;
  const reports = (changed: object) =>
    say('policy/reported', { v: 1, confirmed: 7, groups: [], counters: {}, ...changed });
  const confirms = () => {
    reports({ confirmed: 8 });
    say('health', { v: 1, boot: 'b1', seq: 3, state: 'ATTACHED', policy: { version: 8 } });
  };
  const refuses = () =>
    reports({
      last_refusal: { code: 'document_invalid', kind: 'policy', version: 8, ts_ms: 5 },
    });
  const publish = (bytes: Uint8Array) => broker.publish(DEVICE_DESIRED, [bytes], { qos: 0 });
  return { broker, over, sent, confirms, refuses, publish, keeps, told };
}

const NEWER: readonly (readonly [string, Uint8Array])[] = [
  ['a newer one', signed(20)],
  ['of somebody else', signed(20, THEIRS)],
  ['the same version with another text', signed(8, OURS, DEVICE, 'q')],
];

test('◆ what another operator published for a device of the canary is not cleared at the end', async () => {
  for (const [name, theirs] of NEWER) {
    const { over, sent, confirms, publish } = await atStage('canary');
    await eventually('ours is sent', () => sent() === 1, WAIT_MS);
    publish(theirs);
    confirms();
    const end = await over;
    expect([name, end?.isGood, sent(), sent(DESIRED)]).toEqual([name, true, 1, 1]);
    expect(end?.left.map(({ bytes }) => bytes)).toEqual([theirs]);
  }
}, 60_000);

test('◆ and not overwritten by the way back, which has the higher version of the two', async () => {
  for (const theirs of [signed(20), signed(8, THEIRS)]) {
    const { over, sent, refuses, publish } = await atStage('canary');
    await eventually('ours is sent', () => sent() === 1, WAIT_MS);
    publish(theirs);
    refuses();
    const end = await over;
    expect([end?.isGood, end?.left.map(({ bytes }) => bytes)]).toEqual([false, [theirs]]);
    expect(sent()).toBe(1);
  }
}, 60_000);

test('◆ nor by a rollout that is gone on with, which says so', async () => {
  const { over, sent, told } = await atStage('canary', signed(20));
  expect(await over).toMatchObject({ isGood: false, left: [{ version: 20 }] });
  expect(sent()).toBe(0);
  expect(told[0]).toBe(20);
}, 60_000);

test('◆ nor when the connection comes back', async () => {
  const { broker, over, sent, confirms, keeps } = await atStage('canary');
  await eventually('ours is sent', () => sent() === 1, WAIT_MS);
  keeps(signed(20));
  broker.drop();
  const isBack = () => broker.connections === 2 && broker.subscribed.at(-1) === DESIRED;
  await eventually('it is back', isBack, WAIT_MS);
  confirms();
  expect(await over).toMatchObject({ isGood: true, left: [{ version: 20 }] });
  expect(sent()).toBe(1);
}, 60_000);

test('what is older, nobody’s or for others does not hold ours up, and ours is cleared', async () => {
  const others = { ...DEVICE, name: 'gw-2' };
  const harmless = [
    signed(7),
    signed(7, THEIRS),
    forged(20),
    signed(20, OURS, others),
    Uint8Array.of(0x31),
  ];
  for (const kept of harmless) {
    const { over, sent, confirms } = await atStage('canary', kept);
    await eventually('ours is sent', () => sent() === 1, WAIT_MS);
    confirms();
    expect(await over).toMatchObject({ isGood: true, left: [] });
    expect(sent()).toBe(2);
  }
}, 60_000);

test('ours that a broker has kept is cleared by a rollout that is gone on with', async () => {
  const { over, sent, confirms } = await atStage('rest', signed(8));
  await eventually('the rest is sent', () => sent(DESIRED) === 1, WAIT_MS);
  confirms();
  expect(await over).toMatchObject({ isGood: true, left: [] });
  expect(sent()).toBe(1);
}, 60_000);
