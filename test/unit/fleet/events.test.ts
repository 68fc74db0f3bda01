/** Goal: each number of a device's events came, or is in the accounts as what it was: dropped, cut, lost, or not ours to know. */
import { expect, test } from 'bun:test';
import { eventDocument, eventLine, type Gap } from '../../../agent/events/document.ts';
import { decodeLines } from '../../../agent/events/line.ts';
import { encodePayload } from '../../../agent/payload.ts';
import { eventRow } from '../../lab/reporting.ts';
import { BOOT, Scene, START_MS } from './sample.ts';

const STREAM = 'aabbccdd00112233';

/** As an agent writes it. */
function payload(seq: number, gap: Gap | null = null, stream = STREAM): Uint8Array {
  const place = { stream, boot: BOOT, seq, repeated: 0 };
  const row = eventRow('transition', 1_000);
  const [fields] = decodeLines(eventLine({ ...row, event: 'transition' }, place)).values;
  return encodePayload(eventDocument(fields!, gap, { boot: BOOT, monoMs: 1_000 }), 'cbor');
}

const say = (scene: Scene, ...said: Parameters<typeof payload>) =>
  scene.say('gw-7/event/transition', payload(...said));
const gap = (from_seq: number, to_seq: number, why: Gap['why'] = 'dropped') => ({
  ...{ from_seq, to_seq, why },
});

test('in order and without a gap there is nothing to say; again it is the same one', () => {
  const scene = new Scene();
  expect([7, 8, 9, 8, 9].map((seq) => say(scene, seq))).toEqual([
    ...['taken', 'taken', 'taken', 'duplicate', 'duplicate'],
  ] as never);
  expect(scene.device().events).toEqual({ stream: STREAM, seq: 9, missing: 0, cut: 0 });
  expect([scene.told(), scene.device().gaps]).toEqual([[], []]);
});

test('what the device dropped, what was lost on the way, and both', () => {
  const scene = new Scene();
  say(scene, 1);
  say(scene, 4, gap(2, 3));
  say(scene, 7);
  say(scene, 11, gap(9, 10));
  expect(scene.device().events).toEqual({ stream: STREAM, seq: 11, missing: 7, cut: 0 });
  expect(scene.device().gaps.map(({ fromSeq, toSeq, isOurs }) => [fromSeq, toSeq, isOurs])).toEqual(
    [
      [2, 3, false],
      [5, 6, false],
      [8, 8, false],
      [9, 10, false],
    ],
  );
  expect(scene.told()).toEqual(['gap 2→3 ×2', 'gap 5→6 ×2', 'gap 8→8', 'gap 9→10 ×2']);
});

test('what a cut took is counted by itself, without what had come', () => {
  const scene = new Scene();
  for (const seq of [1, 2, 3]) say(scene, seq);
  say(scene, 65, gap(1, 64, 'cut'));
  expect(scene.device().events).toEqual({ stream: STREAM, seq: 65, missing: 0, cut: 61 });
  expect([scene.told(), scene.device().gaps]).toEqual([['gap 4→64 ×61 late'], []]);
});

test('what came while the fleet was away is nobody’s loss, what the device dropped meanwhile is', () => {
  const scene = new Scene();
  say(scene, 1);
  scene.connection = 2;
  say(scene, 9, gap(7, 8));
  expect(scene.device().events).toMatchObject({ seq: 9, missing: 2 });
  expect(scene.told()).toEqual(['gap 2→6 ×5 late', 'gap 7→8 ×2']);
});

test('another stream begins anew, and what is missing of the one before stays', () => {
  const scene = new Scene();
  say(scene, 1);
  say(scene, 3);
  expect(say(scene, 1, null, 'another')).toBe('taken');
  expect(say(scene, 3, gap(2, 2), 'another')).toBe('taken');
  expect(scene.device().events).toEqual({ stream: 'another', seq: 3, missing: 2, cut: 0 });
});

test('a gap that is heard after the clock was ahead has the time at which it is heard', () => {
  const scene = new Scene();
  scene.nowMs = START_MS + 86_400_000;
  scene.presence('online');
  say(scene, 1);
  scene.nowMs = START_MS;
  scene.changes.splice(0);
  say(scene, 3);
  expect(scene.changes.map(({ change }) => change.atMs)).toEqual([START_MS]);
});

test('a gap counts for a million at most, whatever numbers a device gives itself', () => {
  const scene = new Scene();
  const most = Number.MAX_SAFE_INTEGER;
  say(scene, 1);
  say(scene, most - 1, gap(2, most - 2));
  say(scene, most, gap(most - 3, most - 1, 'cut'), 'another');
  say(scene, 1, null, 'third');
  say(scene, most, gap(2, most - 1, 'cut'), 'third');
  expect(scene.device().events).toMatchObject({ missing: 1_000_000, cut: 1_000_003 });
  expect(scene.told().map((change) => /×\d+/.exec(change)?.[0])).toEqual([
    ...['×1000000', '×3', '×1000000'],
  ]);
});

test('what is no event is counted as what is wrong with it', () => {
  const scene = new Scene();
  const said = (document: object) =>
    scene.say('gw-7/event/transition', encodePayload(document, 'cbor'));
  const whole = { v: 1, stream: STREAM, boot: BOOT, seq: 3, gap: null };
  expect(said(whole)).toBe('taken');
  expect(said({ ...whole, v: 2 })).toBe('versionUnknown');
  for (const wrong of [
    ...[{ stream: 'a/b' }, { stream: null }, { boot: '' }, { seq: 0 }, { seq: 1.5 }],
    ...[{ gap: {} }, { gap: gap(1, 1) }, { gap: gap(0, 2) }, { gap: gap(3, 2) }, { gap: 'no' }],
  ]) {
    expect([wrong, said({ ...whole, ...wrong })]).toEqual([wrong, 'fieldWrong']);
  }
  expect(scene.registry.devices.size).toBe(1);
});
