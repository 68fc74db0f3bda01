/**
 * Goal: what a push prints, whoever wrote of it, is one line that no terminal obeys.
 */
import { expect, test } from 'bun:test';
import { PushTell } from '../../../../agent/cli/pushTell.ts';
import type { SignedDocument } from '../../../../policies/signed/open.ts';
import { PLAN, Scene } from '../../policies/rollout/scene.ts';
import { collect } from './collect.ts';

test('who is on trial is not among those who have to answer, here or gone', () => {
  const scene = new Scene(4, { ...PLAN, canary: null }).ready();
  scene.says('gw-0', { onTrial: 5 });
  scene.says('gw-1', { onTrial: 5 });
  scene.feed({ kind: 'presence', device: 'gw-1', online: false });
  scene.pass(10);
  const terminal = collect();
  new PushTell(terminal, false, () => 0).progress(scene.rollout, null);
  const line = 'rest: 0 of 4 confirmed, 2 on trial, 2 to answer, 1 of these gone';
  expect(terminal.outLines).toEqual([line]);
});

test('what stays on topics of single devices is named, three of them', () => {
  const scene = new Scene(1, { ...PLAN, canary: null }).ready();
  const left = ['a', 'b', 'c', 'd'].map((name): SignedDocument => {
    const target = { level: 'device', fleet: 'acme', name } as const;
    const times = { notBeforeS: 1, expiresS: 2 };
    const bytes = new Uint8Array(0);
    return { kind: 'policy', target, version: 20, ...times, body: new Map(), bytes, signer: 'ab' };
  });
  const [text, json] = [collect(), collect()];
  new PushTell(text, false, () => 0).progress(scene.rollout, null, left);
  new PushTell(json, true, () => 0).progress(scene.rollout, null, left);
  expect(text.outLines[0]).toEndWith(
    '; what somebody else published stays for device:acme/a (version 20, key id ab), ' +
      'device:acme/b (version 20, key id ab), device:acme/c (version 20, key id ab), 1 more',
  );
  expect(JSON.parse(json.outLines[0] ?? '').left[3]).toEqual({
    ...{ device: 'd', version: 20, key_id: 'ab' },
  });
});

const CSI = String.fromCharCode(0x9b);
const WILD = `a${CSI}2J\u001b[2J\n\u007fb`;

test('control characters are not printed, in lines nor in JSON', () => {
  const scene = new Scene(1, { ...PLAN, canary: null });
  scene.ready();
  const lastRefusal = { code: WILD, version: 5, kind: 'policy', tsMs: 1 };
  scene.says('gw-0', { lastRefusal });
  const said = (isJson: boolean) => {
    const terminal = collect();
    const tell = new PushTell(terminal, isJson, () => 0);
    tell.progress(scene.rollout, WILD);
    tell.step({ why: WILD }, WILD);
    return terminal.outLines;
  };
  expect(said(false)).toEqual([
    'rest: 0 of 1 confirmed, 1 refused (a 2J [2J b); the broker is away: a 2J [2J b',
    'a 2J [2J b',
  ]);
  const lines = said(true);
  expect(lines.filter((line) => /\p{Cc}/u.test(line))).toEqual([]);
  const [progress, step] = lines.map((line) => JSON.parse(line));
  expect([Object.keys(progress.refused), step]).toEqual([[WILD], { why: WILD }]);
});
