/**
 * Goal: what a metered link has spent is on the flash of the device and comes back from there, and a medium that
 * fails is shown and ends nothing.
 * Method: real files in a folder of the test's own.
 */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgentLink } from '../../../agent/config.ts';
import { Spending } from '../../../agent/spending.ts';
import type { Flash } from '../../../hal/flash.ts';
import { openFlash } from '../../../hal/linux/flash.ts';
import { halFail, halOk } from '../../../hal/result.ts';
import { loadPolicy } from '../../../policies/load.ts';
import { type LinkSpending, SPENDING_BYTES } from '../../../session/flash/spending.ts';
import { must } from '../session/channel/twoEnds.ts';

const LINKS: readonly AgentLink[] = [
  { name: 'eth0', kind: 'ethernet' },
  { name: 'wwan0', kind: 'lte' },
];
const spent = (bytes: number, day = 20_785): LinkSpending => ({
  ...{ link: 'wwan0', day, bytes, lastedMs: 7 * 60_000 },
});

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spending-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function policyOf(document: object) {
  const loaded = loadPolicy(document);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.policy;
}

/** As the daemon opens it. */
const open = (budget: number) =>
  Spending.open(policyOf({ links: { lte: { daily_bytes_max: budget } } }), LINKS, () =>
    openFlash(join(folder, 'spending'), SPENDING_BYTES),
  );
const slot = (at: 0 | 1) => join(folder, 'spending', `slot${at}`);

test('what was saved is what the next process starts with, whichever slot it lies in', () => {
  expect(must(open(1_000)).metering).toEqual({ budgets: { wwan0: 1_000 }, spent: [] });
  for (let life = 1; life <= 5; life++) {
    const spending = must(open(1_000));
    spending.save([spent(life * 100)]);
    spending.save([spent(life * 100 + 1)]);
    expect([life, spending.lastFailure]).toEqual([life, null]);
    expect([life, must(open(1_000)).metering.spent]).toEqual([life, [spent(life * 100 + 1)]]);
  }
  expect([statSync(slot(0)).mode & 0o777, statSync(slot(1)).size]).toEqual([0o600, SPENDING_BYTES]);
});

test('a torn write leaves what was durable before it, and nothing of both is a fresh budget', () => {
  const spending = must(open(1_000));
  spending.save([spent(100)]);
  spending.save([spent(200)]);
  const newest = ([0, 1] as const).find((at) => {
    const bytes = readFileSync(slot(at));
    writeFileSync(slot(at), bytes.subarray(0, 300));
    const isNewest = must(open(1_000)).metering.spent[0]?.bytes === 100;
    writeFileSync(slot(at), bytes);
    return isNewest;
  });
  expect(newest).not.toBeUndefined();
  for (const at of [0, 1] as const) writeFileSync(slot(at), new Uint8Array(SPENDING_BYTES).fill(7));
  expect(must(open(1_000)).metering.spent).toEqual([]);
});

test('without a budget nothing is opened and nothing written', () => {
  const spending = must(open(0));
  expect(spending.metering).toEqual({ budgets: {}, spent: [] });
  spending.save([spent(100)]);
  expect([spending.lastFailure, existsSync(join(folder, 'spending'))]).toEqual([null, false]);
});

test('slots that cannot be opened are the failure of the medium', () => {
  writeFileSync(join(folder, 'spending'), 'in the way');
  expect(open(1_000)).toMatchObject({ ok: false, code: 'storageFailed' });
});

test('a write that fails is shown until one succeeds, and the durable count stays', () => {
  const real = must(openFlash(join(folder, 'spending'), SPENDING_BYTES));
  let isFull = false;
  const flash: Flash = {
    slotBytes: real.slotBytes,
    writtenBytes: 0,
    readSlot: (at) => real.readSlot(at),
    writeSlot: (at, bytes) =>
      isFull ? halFail('storageFailed', 'write: ENOSPC') : real.writeSlot(at, bytes),
  };
  const policy = policyOf({ links: { lte: { daily_bytes_max: 1_000 } } });
  const spending = must(Spending.open(policy, LINKS, () => halOk(flash)));
  spending.save([spent(100)]);
  isFull = true;
  spending.save([spent(200)]);
  expect(spending.lastFailure).toBe('storageFailed: write: ENOSPC');
  expect(must(open(1_000)).metering.spent).toEqual([spent(100)]);
  isFull = false;
  spending.save([spent(300)]);
  expect(spending.lastFailure).toBeNull();
  expect(must(open(1_000)).metering.spent).toEqual([spent(300)]);
});

test('a budget that comes with another policy finds what an earlier process left, until the tunnel thread was told', () => {
  must(open(1_000)).save([spent(700)]);
  const spending = must(open(0));
  const budgeted = policyOf({ links: { lte: { daily_bytes_max: 900 } } });
  const metering = () => must(spending.meteringUnder(budgeted));
  for (let refused = 0; refused < 3; refused++) {
    expect(metering()).toEqual({ budgets: { wwan0: 900 }, spent: [spent(700)] });
  }
  spending.told();
  expect(metering()).toEqual({ budgets: { wwan0: 900 }, spent: [] });
  spending.save([spent(800)]);
  expect(must(open(900)).metering.spent).toEqual([spent(800)]);
});

test('a link whose budget another policy took away keeps what it has spent, one that is configured no more does not', () => {
  const two: readonly AgentLink[] = [
    { name: 'lte0', kind: 'lte' },
    { name: 'lte1', kind: 'lte' },
  ];
  const start = (links: readonly AgentLink[]) =>
    must(
      Spending.open(policyOf({ links: { lte: { daily_bytes_max: 1_000 } } }), links, () =>
        openFlash(join(folder, 'spending'), SPENDING_BYTES),
      ),
    );
  const of = (link: string, bytes: number): LinkSpending => ({ ...spent(bytes), link });
  start(two).save([of('lte0', 100), of('lte1', 1_000)]);
  const spending = start(two);
  spending.save([of('lte0', 200)]);
  spending.save([of('lte0', 300)]);
  expect(start(two).metering.spent).toEqual([of('lte0', 300), of('lte1', 1_000)]);
  const [lte0] = two;
  start([lte0!]).save([of('lte0', 400)]);
  expect(start(two).metering.spent).toEqual([of('lte0', 400)]);
});
