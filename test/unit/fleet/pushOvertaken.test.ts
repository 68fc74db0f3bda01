/**
 * Goal: what another operator publishes for the target of a rollout, while that is under way, ends it: neither the rest nor the way back
 * is published over it. A canary is watched to the end of its soak first, and taken back on its own topics. What nobody signed, and what is as it was, does not.
 * Method: a made-up broker and one device of the canary, on whose word the rollout goes on; behind it the broker counts.
 */
import { afterEach, expect, test } from 'bun:test';
import { keptDocument, signPolicy, withVersion } from '../../../agent/cli/pushDocument.ts';
import type { Progress, Stage } from '../../../policies/rollout/plan.ts';
import { Rollout } from '../../../policies/rollout/rollout.ts';
import type { Target } from '../../../policies/signed/claims.ts';
import { eventually } from '../../lab/process.ts';
import { MadeUpBroker } from '../agent/madeUpBroker.ts';
import { DESIRED, forgedOf, planWith, policyRun, runAtBroker, TARGET } from './policyRun.ts';

const GROUP = { level: 'group', fleet: 'acme', name: 'south' } as const;
const [OURS, THEIRS] = [new Uint8Array(32).fill(7), new Uint8Array(32).fill(8)];
const WAIT_MS = 10_000;
const PLAN = planWith([{ indicator: 'refused', comparison: '>=', limit: 1, isPercent: false }]);

const closers: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

function signed(
  version: number,
  key = OURS,
  to: Target = TARGET,
  times = { notBeforeS: 1, expiresS: 1_000_000 },
): Uint8Array {
  return signPolicy(withVersion(new Map(), version), to, times, key);
}

/** The same policy from another terminal. */
const again = (version: number) =>
  signed(version, OURS, TARGET, { notBeforeS: 2, expiresS: 1_000_000 });

const forged = (version: number) => forgedOf(signed(version));

/** A rollout that is at `stage`, with a device that is there. */
async function atStage(stage: Stage, kept: Uint8Array | null = null) {
  const { broker, run, say, close } = await runAtBroker(({ retained }) => {
    if (kept !== null) retained.set(DESIRED, kept);
  });
  closers.push(close);
  const ready = run.ready();
  await eventually('all is asked for', () => broker.subscribed.at(-1) === DESIRED, WAIT_MS);
  say('presence', { v: 1, online: true, why: null, boot: 'b1', connection: 1 });
  say('policy/reported', { v: 1, confirmed: 7, groups: [], counters: {} });
  await ready;
  const isWide = stage === 'rest';
  const progress: Progress = { stage, canary: ['gw-1'], soakedMs: 0, isWide, why: null };
  const rollout = new Rollout(PLAN, progress);
  const over = run.run(rollout, {
    documentFor: (document, to) => ({
      bytes: signed(document === 'forward' ? 8 : 9, OURS, to),
      expiresInS: 3_600,
    }),
    save: () => {},
    tell: () => {},
    isAbort: false,
    isGenuine: (bytes) => keptDocument(bytes, OURS) !== null,
  });
  /** How often something was published for the target. */
  const sent = () =>
    broker.published.filter((body) => String.fromCharCode(...body).includes(DESIRED)).length;
  await eventually('its stage is published', () => broker.published.length > 0, WAIT_MS);
  /** The canary is content, so that the rest is next; or one refuses, so that it is taken back. */
  const goOn = () =>
    say('policy/reported', {
      ...{ v: 1, groups: [], counters: {} },
      ...(isWide
        ? {
            confirmed: 7,
            last_refusal: { code: 'document_invalid', kind: 'policy', version: 8, ts_ms: 5 },
          }
        : { confirmed: 8 }),
    });
  const health = () =>
    say('health', { v: 1, boot: 'b1', seq: 3, state: 'ATTACHED', policy: { version: 8 } });
  const refuse = () =>
    say('policy/reported', {
      ...{ v: 1, confirmed: 7, groups: [], counters: {} },
      last_refusal: { code: 'document_invalid', kind: 'policy', version: 8, ts_ms: 5 },
    });
  return { broker, rollout, over, sent, goOn, health, refuse };
}

type Published = readonly [string, Uint8Array];

const OTHERS: readonly Published[] = [
  ['a newer one', signed(10)],
  ['the same to all, while the canary is watched', again(8)],
  ['the same version of somebody else', signed(8, THEIRS)],
  ['an older one of somebody else', signed(3, THEIRS)],
];

test('◆ what another operator publishes in the canary is not overwritten by the rest', async () => {
  for (const [name, theirs] of OTHERS) {
    const { broker, over, sent, goOn, rollout } = await atStage('canary', signed(7));
    broker.publish(DESIRED, [theirs], { qos: 0 });
    goOn();
    const end = await over;
    expect([name, end?.isGood, end?.overtakenBy?.bytes, sent()]).toEqual([name, false, theirs, 0]);
    // It can be gone on with.
    expect([rollout.stage, rollout.progress.isWide]).toEqual(['soak', false]);
    expect(end?.why).toStartWith(
      `version ${end?.overtakenBy?.version} for fleet:acme, of key id ${end?.overtakenBy?.signer}, was published meanwhile`,
    );
  }
}, 60_000);

test('◆ a made-up key does not keep the canary from being taken back', async () => {
  const { broker, over, sent, refuse, rollout } = await atStage('canary', signed(7));
  broker.publish(DESIRED, [signed(8, THEIRS)], { qos: 0 });
  await eventually('it is known', () => rollout.isOvertaken, WAIT_MS);
  refuse();
  expect(await over).toMatchObject({ isGood: false, overtakenBy: { version: 8 } });
  expect([rollout.stage, sent()]).toEqual(['aborted', 0]);
  const forDevice = broker.published.map((body) => String.fromCharCode(...body));
  const back = forDevice.filter((text) => text.includes('jvpn/v1/acme/gw-1/policy/desired'));
  expect(back.length).toBe(2);
}, 60_000);

test('◆ and in the rest it is not overwritten by the way back', async () => {
  const { broker, over, sent, goOn } = await atStage('rest', signed(8));
  await eventually('ours is sent', () => sent() === 1, WAIT_MS);
  broker.publish(DESIRED, [signed(10)], { qos: 0 });
  goOn();
  expect(await over).toMatchObject({ isGood: false, overtakenBy: { version: 10 } });
  expect(sent()).toBe(1);
}, 60_000);

test('what the target was sent is no other one when it is signed once more', async () => {
  const { broker, over, sent, goOn } = await atStage('rest', signed(7));
  await eventually('ours is sent', () => sent() === 1, WAIT_MS);
  broker.publish(DESIRED, [again(8)], { qos: 0 });
  goOn();
  await eventually('it is taken back', () => sent() === 2, WAIT_MS);
  expect(await over).toMatchObject({ isGood: false, overtakenBy: null });
}, 60_000);

test('◆ what it published while the connection was away stays as well, though nothing of ours was owed', async () => {
  const { broker, over, sent, goOn } = await atStage('canary', signed(7));
  broker.retained.set(DESIRED, signed(10));
  broker.drop();
  const isBack = () => broker.connections === 2 && broker.subscribed.at(-1) === DESIRED;
  await eventually('it is back', isBack, WAIT_MS);
  goOn();
  expect(await over).toMatchObject({ isGood: false, overtakenBy: { version: 10 } });
  expect(sent()).toBe(0);
}, 60_000);

test('what nobody signed, is older, for others, as it was, or gone does not end it', async () => {
  const before = signed(9, THEIRS);
  const harmless: readonly Published[] = [
    ['nobody’s', new TextEncoder().encode('{"version":10}')],
    ['forged', forged(10)],
    ['an older one', signed(6)],
    ['for others', signed(10, THEIRS, GROUP)],
    ['as it was', before],
    ['cleared', new Uint8Array(0)],
    ['ours', signed(8)],
  ];
  const { broker, over, sent, goOn, health } = await atStage('canary', before);
  for (const [, bytes] of harmless) broker.publish(DESIRED, [bytes], { qos: 0 });
  goOn();
  health();
  await eventually('the rest is sent', () => sent() === 1, WAIT_MS);
  expect(await over).toMatchObject({ isGood: true, overtakenBy: null });
}, 60_000);

test('what comes while all that is kept is still being heard counts as kept', async () => {
  const broker = await new MadeUpBroker().listen();
  const run = policyRun(broker.url);
  closers.push(
    () => run.stop(),
    () => broker.close(),
  );
  broker.retained.set(DESIRED, signed(7));
  const ready = run.ready();
  const isAsked = () => broker.subscribed.length > 1 && broker.subscribed.at(-1) === DESIRED;
  await eventually('all is asked for', isAsked, WAIT_MS);
  broker.publish(DESIRED, [signed(10)], { qos: 0 });
  await ready;
  expect(run.retained).toEqual(signed(10));
}, 60_000);
