/**
 * Goal: what a push sends devices may still take, however long it stood still: the way back holds from when it begins, and nothing that has expired goes
 * forward.
 *
 * Method: a rollout is opened as the command opens it, at times that the test says; its state file is a real one.
 */
import { expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { preparation, runPolicyPush } from '../../../../agent/cli/policyPush.ts';
import { policyFile, signPolicy, timesOf } from '../../../../agent/cli/pushDocument.ts';
import { readPushFlags } from '../../../../agent/cli/pushFlags.ts';
import type { Prepared } from '../../../../agent/cli/pushParts.ts';
import { openRollout } from '../../../../agent/cli/pushRollout.ts';
import type { Progress, Stage } from '../../../../policies/rollout/plan.ts';
import { reopenDocument } from '../../../../policies/signed/open.ts';
import { isRefused } from '../../../../policies/signed/refusal.ts';
import { collect } from './collect.ts';

const KEY = new Uint8Array(32).fill(7);
const HOUR_S = 3_600;
const DAY_S = 24 * HOUR_S;
const BEGAN_S = 1_795_910_400;
const DEVICE = { level: 'device', fleet: 'acme', name: 'gw-1' } as const;
const BROKER = ['--broker', 'mqtt://127.0.0.1:9', '--all', '--fleet', 'acme'];

function scratch() {
  const folder = mkdtempSync(join(tmpdir(), 'jvpn-push-expiry-'));
  const write = (name: string, text: string | Uint8Array) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const file = write('p.toml', 'version = 8\nname = "next"\n');
  const back = write('before.toml', 'version = 7\nname = "before"\n');
  const key = write('key', `${Buffer.from(KEY).toString('base64')}\n`);
  const state = join(folder, 'state.json');
  const argv = [file, '--canary', '5%', '--revert-to', back, '--state-file', state];
  const signing = ['--signing-key-file', key];
  return {
    ...{ folder, write, file, argv, signing, state },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}

/** What the command would do at `nowS`, and what it signs there. */
function opened(argv: readonly string[], expires: string, nowS: number) {
  let atS = nowS;
  const flags = readPushFlags([...argv, '--expires', expires, ...BROKER]);
  if (flags?.canary == null) throw new Error('no canary');
  const { canary } = flags;
  const times = timesOf('policy', false, flags.expiresMs, nowS * 1_000);
  const prepared = openRollout(
    {
      ...{ flags, canary, ...policyFile(flags.file ?? ''), times, privateKey: KEY },
      ...{ answerMs: 150_000, nowS: () => atS },
    },
    null,
  );
  const wait = (s: number) => {
    atS += s;
  };
  return { ...prepared, wait };
}

function reached({ rollout, steps }: Prepared, stage: Stage, changed: Partial<Progress> = {}) {
  steps.save({ ...rollout.progress, stage, canary: ['gw-1'], ...changed });
}

/** For how long from `nowS` a device may take it. */
function leftS({ steps }: Prepared, document: 'forward' | 'revert', nowS: number): number {
  const { bytes, expiresInS } = steps.documentFor(document, DEVICE);
  const opened = reopenDocument(bytes);
  if (isRefused(opened)) throw new Error(opened.detail);
  expect(opened.expiresS - nowS).toBe(expiresInS);
  expect(opened.notBeforeS).toBeLessThanOrEqual(nowS);
  return expiresInS;
}

test('taken back long after it expired, the policy before may still be taken', () => {
  using place = scratch();
  reached(opened(place.argv, '1h', BEGAN_S), 'soak');
  const laterS = BEGAN_S + 3 * HOUR_S;
  const back = opened([...place.argv, '--abort'], '1h', laterS);
  reached(back, 'reverting', { why: 'the operator asked for it' });
  expect(leftS(back, 'revert', laterS)).toBe(30 * DAY_S);
  // Gone on with, it is the same bytes, and so is what somebody asks for then with other flags.
  const sent = back.steps.documentFor('revert', DEVICE).bytes;
  const again = opened(place.argv, '2d', laterS + HOUR_S);
  expect(again.steps.documentFor('revert', DEVICE).bytes).toEqual(sent);
  // The new one stays as it was: nothing of it is signed anew.
  expect(again.steps.documentFor('forward', DEVICE).expiresInS).toBe(-3 * HOUR_S);
  // It holds for as long as the new one did, where that is longer.
  rmSync(place.state);
  const long = opened(place.argv, '60d', BEGAN_S);
  reached(long, 'canary');
  long.wait(59 * DAY_S);
  reached(long, 'reverting');
  expect(leftS(long, 'revert', BEGAN_S + 59 * DAY_S)).toBe(60 * DAY_S);
});

test('a way back that has expired as well is signed anew, and written down, when it is gone on with', () => {
  using place = scratch();
  const first = opened(place.argv, '1h', BEGAN_S);
  reached(first, 'reverting', { isWide: true, why: 'x' });
  const laterS = BEGAN_S + 31 * DAY_S;
  const again = opened(place.argv, '1h', laterS);
  expect(leftS(again, 'revert', laterS)).toBe(30 * DAY_S);
  const { bytes } = again.steps.documentFor('revert', DEVICE);
  expect(opened(place.argv, '1h', laterS + 9).steps.documentFor('revert', DEVICE).bytes).toEqual(
    bytes,
  );
  // One of a state file that has no times of its own for it goes on as it was sent, while that holds.
  const { revertTimes: _, ...older } = JSON.parse(readFileSync(place.state, 'utf8'));
  place.write('state.json', JSON.stringify({ ...older, expiresS: laterS + HOUR_S }));
  expect(leftS(opened(place.argv, '1h', laterS), 'revert', laterS)).toBe(HOUR_S);
  const muchLaterS = laterS + 2 * HOUR_S;
  expect(leftS(opened(place.argv, '1h', muchLaterS), 'revert', muchLaterS)).toBeGreaterThan(DAY_S);
  place.write('state.json', JSON.stringify({ ...older, revertTimes: { notBeforeS: 1 } }));
  expect(() => opened(place.argv, '1h', laterS)).toThrow('this is no state of a push');
});

test('nothing that has expired goes forward: neither gone on with nor from one stage to the next', () => {
  using place = scratch();
  const why =
    'version 8 expired at 2026-11-29T01:00:00.000Z, and devices take it no more: nothing of it is sent. ' +
    'Take it back with --abort';
  for (const stage of ['canary', 'soak', 'rest'] as const) {
    rmSync(place.state, { force: true });
    const first = opened(place.argv, '1h', BEGAN_S);
    reached(first, stage);
    expect(() => opened(place.argv, '1h', BEGAN_S + HOUR_S)).toThrow(why);
    opened([...place.argv, '--abort'], '1h', BEGAN_S + HOUR_S);
    opened(place.argv, '1h', BEGAN_S + HOUR_S - 1);
  }
  rmSync(place.state);
  // A soak that stood still.
  const first = opened(place.argv, '1h', BEGAN_S);
  reached(first, 'soak');
  const text = readFileSync(place.state, 'utf8');
  first.wait(HOUR_S);
  expect(() => reached(first, 'rest', { isWide: true })).toThrow(why);
  // Still what the canary has, so that nobody else is sent the way back.
  expect(readFileSync(place.state, 'utf8')).toBe(text);
  reached(first, 'reverting');
  // What was sent in time may end behind its time.
  rmSync(place.state);
  const slow = opened(place.argv, '1h', BEGAN_S);
  reached(slow, 'rest', { isWide: true });
  slow.wait(HOUR_S);
  reached(slow, 'done');
});

test('a signed file that has expired is not sent', async () => {
  using place = scratch();
  const { body } = policyFile(place.file);
  const target = { level: 'fleet', name: 'acme' } as const;
  const times = { notBeforeS: 1_700_000_000, expiresS: 1_700_003_600 };
  const file = place.write('p.cose', signPolicy(body, target, times, KEY));
  const terminal = collect();
  const argv = [file, ...BROKER];
  expect([await runPolicyPush(argv, terminal), terminal.errLines.join()]).toEqual([
    1,
    expect.stringContaining('expired at 2023-11-14T23:13:20.000Z, and devices take it no more'),
  ]);
});

test('an --expires that is over before the rest has tried it is refused, with one that is not', async () => {
  using place = scratch();
  const pushed = async (...more: readonly string[]) => {
    const terminal = collect();
    const code = await runPolicyPush(
      [...place.argv, ...place.signing, ...more, ...BROKER],
      terminal,
    );
    return [code, terminal.errLines.join('\n').split('\n')[0]];
  };
  // Two trials of 150 s each, and the soak.
  const said = (least: string) =>
    `jvpn policy push: --expires: it would be over before the rest has tried it: at least ${least} with this --soak and two trials`;
  expect(await pushed('--expires', '899s')).toEqual([2, said('900s')]);
  expect(await pushed('--expires', '1h', '--soak', '1h')).toEqual([2, said('3900s')]);
  // The default is no better.
  expect(await pushed('--soak', '30d')).toEqual([2, said('2592300s')]);
  const prepared = (...more: readonly string[]) => {
    const flags = readPushFlags([...place.argv, ...place.signing, ...more, ...BROKER]);
    if (flags === null) throw new Error('no flags');
    return preparation(flags);
  };
  prepared('--expires', '900s');
  prepared('--expires', '11m', '--answer-within', '30s');
  // Whoever takes it back needs no time for that.
  prepared('--expires', '1m', '--abort');
});
