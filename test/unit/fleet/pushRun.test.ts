/**
 * Goal: what a broker keeps for a target is heard before anything is published there, however it says so, and on each connection again:
 * a document that somebody else published meanwhile stays.
 * Method: a made-up broker that acknowledges nothing and ends the connection; what it keeps has changed when the push comes back.
 */
import { afterEach, expect, test } from 'bun:test';
import { keptDocument, signPolicy, withVersion } from '../../../agent/cli/pushDocument.ts';
import type { PushEnd, PushRun } from '../../../fleet/push/pushRun.ts';
import { BEGINNING, type Plan } from '../../../policies/rollout/plan.ts';
import { Rollout } from '../../../policies/rollout/rollout.ts';
import { eventually } from '../../lab/process.ts';
import { MadeUpBroker } from '../agent/madeUpBroker.ts';
import { DESIRED, policyRun, TARGET } from './policyRun.ts';

const [OURS, THEIRS] = [new Uint8Array(32).fill(7), new Uint8Array(32).fill(8)];
const WAIT_MS = 10_000;
const PLAN: Plan = {
  ...{ id: '', target: TARGET, sought: { kind: 'policy', version: 8 }, canary: null },
  ...{ patienceMs: 1_500, freshMs: 0 },
};

const closers: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

function signed(version: number, key = OURS): Uint8Array {
  const times = { notBeforeS: 1, expiresS: 1_000_000 };
  return signPolicy(withVersion(new Map(), version), TARGET, times, key);
}

async function atBroker() {
  const manners = { acknowledges: true };
  const broker = await new MadeUpBroker(manners).listen();
  const run = policyRun(broker.url);
  closers.push(async () => {
    await run.stop();
    broker.close();
  });
  /** How often something was published for the target. */
  const sent = () =>
    broker.published.filter((body) => String.fromCharCode(...body).includes(DESIRED)).length;
  return { broker, manners, run, sent };
}

/** Version 8, to all at once. */
const push = (run: PushRun): Promise<PushEnd | null> =>
  run.run(new Rollout(PLAN, BEGINNING), {
    documentFor: () => ({ bytes: signed(8), expiresInS: 3_600 }),
    save: () => {},
    tell: () => {},
    isAbort: false,
    isGenuine: (bytes) => keptDocument(bytes, OURS) !== null,
  });

test('◆ what the target has is asked for first, and known before its SUBACK or behind it', async () => {
  for (const isRetainedFirst of [true, false]) {
    const { broker, run } = await atBroker();
    broker.isRetainedFirst = isRetainedFirst;
    broker.retained.set(DESIRED, signed(10));
    await run.ready();
    expect(run.retained).toEqual(signed(10));
    expect([broker.subscribed.at(0), broker.subscribed.at(-1)]).toEqual([DESIRED, DESIRED]);
  }
});

/** Unacknowledged when the connection ends, and then there is `meanwhile`. @returns how often it was sent before and behind that. */
async function cutOff(
  { before, meanwhile }: Readonly<Record<'before' | 'meanwhile', Uint8Array | null>>,
  isRetainedFirst: boolean,
): Promise<readonly [number, number]> {
  const { broker, manners, run, sent } = await atBroker();
  const keep = (kept: Uint8Array | null) =>
    kept === null ? broker.retained.delete(DESIRED) : broker.retained.set(DESIRED, kept);
  manners.acknowledges = false;
  keep(before);
  await run.ready();
  const over = push(run);
  await eventually('it is sent', () => sent() === 1, WAIT_MS);
  keep(meanwhile);
  broker.isRetainedFirst = isRetainedFirst;
  broker.drop();
  manners.acknowledges = true;
  await eventually('it is back', () => broker.connections === 2, WAIT_MS);
  // Nobody is there to confirm it.
  expect(await over).toMatchObject({ isGood: false });
  return [1, sent() - 1];
}

test('◆ a newer one that another operator published while the connection was away stays', async () => {
  for (const isRetainedFirst of [true, false]) {
    const newer = { before: signed(7), meanwhile: signed(10) };
    expect(await cutOff(newer, isRetainedFirst)).toEqual([1, 0]);
  }
  const strangers = { before: null, meanwhile: signed(3, THEIRS) };
  expect(await cutOff(strangers, true)).toEqual([1, 0]);
}, 60_000);

test('what was to take the place of what is still there is sent again', async () => {
  for (const before of [signed(7), signed(9, THEIRS), null]) {
    expect(await cutOff({ before, meanwhile: before }, true)).toEqual([1, 1]);
  }
}, 60_000);

test('a broker that does not let it be heard is not one that is away', async () => {
  const { broker, run } = await atBroker();
  broker.subackCode = 0x87;
  await expect(run.ready()).rejects.toThrow(`the broker does not allow us ${DESIRED}`);
});
