import { expect, test } from 'bun:test';
import { encodeLine } from '../../../../agent/events/line.ts';
import { EventStore } from '../../../../agent/events/store.ts';
import { IN_FLIGHT_MAX, MEMORY_BYTES_MAX } from '../../../../agent/events/stream.ts';
import { MemorySegments } from '../../../../hal/memory/segments.ts';
import { halFail } from '../../../../hal/result.ts';
import { newRandom } from '../../../lab/random.ts';
import { Device, STORE_BYTES } from './device.ts';

const numbers = (device: Device) => device.heard.map(({ seq }) => seq);

test('an event is sent as it happens, with the fields of the audit log and a number of its own', () => {
  const device = new Device();
  device.add('claim');
  device.nowMs = 500;
  device.add('switch', 'failback', { purpose: 'planned' });
  expect(device.drain()).toEqual([1]);
  expect(device.heard).toEqual([
    {
      ...{ v: 1, stream: 'stream1', boot: '1', seq: 1, repeated: 0 },
      ...{ ts_ms: 1_800_000_000_500, mono_ms: 500, event: 'switch', reason_code: 'failback' },
      ...{ session_id: '00112233445566778899aabbccddeeff', from: null, to: null },
      ...{ state_version: 3, transport: 'eth0→198.51.100.1:51820', policy_version: 1 },
      ...{ audit_seq: 9, detail: { purpose: 'planned' }, historical: false, gap: null },
    },
  ] as never);
  expect(device.files.bytes).toBeLessThan(500);
});

test('what waits ten seconds goes to flash as one batch, the next a minute later', () => {
  const device = new Device();
  const before = device.files.writtenBytes;
  for (let i = 0; i < 3; i += 1) device.add('transition');
  device.pass(9_999);
  expect(device.files.writtenBytes).toBe(before);
  expect(device.stream.batchAtMs).toBe(10_000);
  device.pass(1);
  expect(device.stream.status()).toMatchObject({ memory_bytes: 0, seq: 3 });
  expect(device.stream.batchAtMs).toBe(Infinity);
  device.add('transition');
  expect(device.stream.batchAtMs).toBe(70_000);
  device.pass(60_000);
  expect(device.stream.status().stored_bytes).toBe(device.files.bytes - marks(device));
  expect(device.drain()).toEqual([1, 2, 3, 4]);
  expect(device.files.names().every((name) => name.startsWith('mark-'))).toBe(true);
});

test('historical: sent more than ten seconds later, or by another process', () => {
  const device = new Device();
  device.add('transition');
  device.nowMs = 10_000;
  device.drain();
  device.add('transition');
  device.nowMs = 20_001;
  device.drain();
  device.add('transition');
  device.restart();
  device.drain();
  expect(device.heard.map(({ historical, gap }) => [historical, gap])).toEqual([
    [false, null],
    [true, null],
    [true, null],
  ]);
});

test('at most so many under way, and only what is not acknowledged is sent again', () => {
  const device = new Device();
  for (let i = 0; i < 12; i += 1) device.add('transition');
  expect(device.send()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(IN_FLIGHT_MAX).toBe(8);
  for (const seq of [2, 1, 4]) device.stream.settle(seq, 'delivered');
  expect(device.send()).toEqual([9, 10]);
  device.stream.forgetFlight();
  expect(device.drain()).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
});

test('what the broker refuses is counted and not sent again', () => {
  const device = new Device();
  device.add('transition');
  device.send();
  device.stream.settle(1, 'refused');
  expect(device.drain()).toEqual([]);
  expect(device.stream.status()).toMatchObject({ sent: 0, refused: 1, done: 1 });
});

test('fresh keys are no news: each two minutes they would cost more than all the rest of an idle day', () => {
  const device = new Device();
  device.add('notice', 'channel_established');
  device.add('notice', 'channel_rotated');
  device.add('notice', 'nat_rebind');
  device.drain();
  expect(device.heard).toMatchObject([{ seq: 1, reason_code: 'nat_rebind' }]);
});

test('refusals and notices of one code once a minute, and how many were left out', () => {
  const device = new Device();
  for (let i = 0; i < 5; i += 1) device.add('refusal', 'rate_limited');
  device.add('refusal', 'bad_proof');
  for (let i = 0; i < 3; i += 1) device.add('alarm', 'identity_conflict');
  device.nowMs = 60_000;
  device.add('refusal', 'rate_limited');
  device.drain();
  expect(
    device.heard.map((heard) => [heard.seq, (heard as { repeated?: unknown }).repeated]),
  ).toEqual([
    [1, 0],
    [2, 0],
    [3, 0],
    [4, 0],
    [5, 0],
    [6, 4],
  ]);
});

test('a detail without end goes, the event stays', () => {
  const device = new Device();
  device.add('alarm', 'invariant_violated', { claim: 'x'.repeat(5_000) });
  device.drain();
  expect((device.heard[0] as { detail?: unknown }).detail).toBeNull();
});

test('in memory alone: bounded, notices first, and what was dropped is told by the next event', () => {
  const device = new Device(false);
  for (let i = 0; i < 100; i += 1) {
    device.add('transition');
    device.nowMs += 60_000;
    device.add('notice', 'nat_rebind');
    expect(device.stream.status().memory_bytes).toBeLessThanOrEqual(MEMORY_BYTES_MAX);
  }
  const sent = device.drain();
  expect(sent.length + device.stream.status().dropped).toBe(200);
  const kinds = device.heard.map((heard) => (heard as { event?: unknown }).event);
  // The oldest transitions go only when no notice is left but the newest.
  expect(kinds.filter((kind) => kind === 'notice').length).toBe(1);
  const missing = device.heard.reduce(
    (sum, { gap }) => sum + (gap === null ? 0 : gap.to_seq - gap.from_seq + 1),
    0,
  );
  expect(missing).toBe(device.stream.status().dropped);
  expect(device.heard[0]!.gap).toMatchObject({ from_seq: 1, why: 'dropped' });
});

test('a process without a store counts in a stream of its own', () => {
  const device = new Device(false);
  device.add('transition');
  device.drain();
  device.restart();
  device.add('transition');
  device.drain();
  expect(device.heard.map((heard) => [(heard as { stream?: unknown }).stream, heard.seq])).toEqual([
    ['stream1', 1],
    ['stream2', 1],
  ]);
});

test('over a restart in order the numbers go on without a gap, sent or not', () => {
  const device = new Device();
  device.add('transition');
  device.drain();
  device.restart();
  device.add('transition');
  device.add('notice', 'clock_unset');
  device.restart();
  device.add('transition');
  expect(device.drain()).toEqual([2, 3, 4]);
  expect(device.heard.every(({ gap }) => gap === null)).toBe(true);
});

test('after a power cut the numbers go on behind the block, which the next event tells', () => {
  const device = new Device();
  for (let i = 0; i < 3; i += 1) device.add('transition');
  device.drain();
  device.add('transition');
  device.cut(newRandom(1, 'cut'));
  device.add('transition');
  expect(device.drain()).toEqual([65]);
  expect(device.heard.at(-1)!.gap).toEqual({ from_seq: 1, to_seq: 64, why: 'cut' });
});

test('what was on the medium before a power cut is sent after it, and only the rest is told as cut', () => {
  const device = new Device();
  for (let i = 0; i < 3; i += 1) device.add('transition');
  device.pass(10_000);
  device.files.settle();
  device.add('transition');
  device.cut(newRandom(2, 'cut'));
  device.add('transition');
  expect(device.drain()).toEqual([1, 2, 3, 65]);
  expect(device.heard.map(({ gap }) => gap)).toEqual([
    null,
    null,
    null,
    { from_seq: 4, to_seq: 64, why: 'cut' },
  ]);
});

test('what is written while a file is being sent is sent in its turn', () => {
  const device = new Device(true, 1_048_576);
  for (let i = 0; i < 10; i += 1) device.add('transition');
  device.pass(10_000);
  const sent = device.send();
  device.add('transition');
  device.pass(60_000);
  device.add('transition');
  for (const seq of sent) device.stream.settle(seq, 'delivered');
  expect([sent.length, device.send()]).toEqual([8, [9, 10, 11, 12]]);
});

test('a cut takes nothing of what an earlier process has on the medium', () => {
  const device = new Device();
  for (let i = 0; i < 3; i += 1) device.add('transition');
  device.restart();
  device.cut(newRandom(3, 'cut'));
  expect(device.store?.cuts).toEqual([[4, 67]]);
});

test('each cut is told by itself; of many the oldest become one', () => {
  const device = new Device();
  for (let life = 0; life < 10; life += 1) {
    device.add('transition');
    device.pass(60_000);
    device.files.settle();
    device.cut(newRandom(life, 'cut'));
  }
  const cuts = device.store?.cuts ?? [];
  expect(cuts.length).toBe(8);
  expect([cuts[0], cuts[1], cuts.at(-1)]).toEqual([
    [2, 192],
    [194, 256],
    [578, 640],
  ]);
  device.add('transition');
  device.drain();
  device.add('transition');
  device.pass(60_000);
  device.files.settle();
  expect(device.store?.cuts).toEqual([]);
});

test('no number is seen before the medium has the block that it is of', () => {
  const device = new Device();
  for (let i = 0; i < 70; i += 1) device.add('transition');
  const sent: number[] = [];
  for (let some = device.send(); some.length > 0; some = device.send()) {
    sent.push(...some);
    for (const seq of some) device.stream.settle(seq, 'delivered');
  }
  expect(sent.at(-1)).toBe(64);
  device.files.settle();
  expect(device.drain()).toEqual([65, 66, 67, 68, 69, 70]);
});

test('no number is seen before that, also when the event is in a file already', () => {
  const device = new Device();
  for (let i = 0; i < 70; i += 1) device.add('transition');
  // The sync of the block stands still, while the file of the batch has the numbers behind it.
  device.pass(60_000);
  expect(device.stream.status()).toMatchObject({ seq: 70, memory_bytes: 0 });
  const sent: number[] = [];
  for (let some = device.send(); some.length > 0; some = device.send()) {
    sent.push(...some);
    for (const seq of some) device.stream.settle(seq, 'delivered');
  }
  expect(sent.at(-1)).toBe(64);
  device.cut(newRandom(7, 'cut'));
  for (let i = 0; i < 70; i += 1) device.add('transition');
  device.drain();
  const boots = new Map<number, unknown>();
  for (const { seq, ...rest } of device.heard) {
    const { boot } = rest as { boot?: unknown };
    expect(boots.get(seq) ?? boot).toBe(boot);
    boots.set(seq, boot);
  }
});

test('a disk that takes no mark at the start is no store: its numbers are given to nobody', () => {
  const files = new MemorySegments();
  files.failNext = halFail('storageReadOnly', 'EROFS');
  const store = new EventStore(files, STORE_BYTES, () => 'stream');
  expect([store.isUsable, store.lastError]).toEqual([false, 'storageReadOnly: EROFS']);
  expect(new EventStore(new MemorySegments(), STORE_BYTES, () => 'stream').isUsable).toBe(true);
});

test('what else lies in the folder, and lines that are no events, change nothing', () => {
  const device = new Device();
  device.add('transition');
  device.restart();
  const line = { v: 1, stream: 'stream1', boot: '9', seq: 2, event: 'a/b', reason_code: 'x' };
  device.files.append('greater-0000000000000002', encodeLine(line));
  device.files.append('notes', new TextEncoder().encode('mine'));
  device.restart();
  device.add('transition');
  expect(device.drain()).toEqual([1, 2]);
  expect(device.files.names()).toContain('notes');
});

test('a file of marks that a cut left without one is not the next one’s name', () => {
  const device = new Device();
  device.add('transition');
  device.drain();
  for (let number = 2; number < 20; number += 1) {
    device.files.append(`mark-${number}`, new TextEncoder().encode('torn'));
  }
  device.cut(newRandom(4, 'cut'));
  device.cut(newRandom(5, 'cut'));
  expect(device.store?.stream).toBe('stream1');
  device.add('transition');
  expect(device.drain()).toEqual([129]);
});

test('a disk that is full or gone costs nothing but room: events wait in memory, and are sent', () => {
  const device = new Device();
  device.add('transition');
  device.files.failNext = halFail('storageFull', 'ENOSPC');
  device.pass(10_000);
  expect(device.stream.status()).toMatchObject({ failures: 1, last_error: 'storageFull: ENOSPC' });
  expect(device.files.names().some((name) => name.startsWith('greater-'))).toBe(false);
  device.add('transition');
  device.pass(60_000);
  expect(device.stream.status().memory_bytes).toBe(0);
  expect(device.drain()).toEqual([1, 2]);
  expect(numbers(device)).toEqual([1, 2]);
});

test('what waits is what no broker has, in memory and on flash, over restarts', () => {
  const device = new Device(true, 1_048_576);
  for (let i = 0; i < 12; i += 1) {
    device.add('transition');
    // Two batches in one file.
    if (i === 8) device.pass(10_000);
  }
  device.pass(60_000);
  device.files.settle();
  device.add('notice', 'nat_rebind');
  const before = device.stream.figures();
  expect(before).toMatchObject({ waiting: 13, acknowledged: 0, cut: 0 });
  expect(before.flashBytes).toBe(device.stream.status().stored_bytes);
  // The segment that is being sent counts as far as it is not done.
  device.send();
  for (const seq of [1, 2, 4]) device.stream.settle(seq, 'delivered');
  expect(device.stream.figures()).toMatchObject({ waiting: 11, acknowledged: 3 });
  device.restart();
  expect(device.stream.figures()).toMatchObject({ waiting: 11, acknowledged: 0, memoryBytes: 0 });
  device.drain();
  expect(device.stream.figures()).toMatchObject({ waiting: 0, acknowledged: 11, flashBytes: 0 });
});

test('what is dropped is counted by why, since the process began, and what a cut took at the start', () => {
  const device = new Device();
  for (let i = 0; i < 2_000; i += 1) {
    device.add('transition');
    device.pass(1_000);
  }
  device.files.settle();
  const { dropped, waiting } = device.stream.figures();
  expect(dropped.flash_full).toBeGreaterThan(0);
  expect(waiting + dropped.flash_full + dropped.memory_full).toBe(2_000);
  expect(dropped.flash_full + dropped.memory_full).toBe(device.stream.status().dropped);
  device.cut(newRandom(6, 'cut'));
  const after = device.stream.figures();
  expect([after.dropped.flash_full, device.store?.dropped]).toEqual([0, dropped.flash_full]);
  const [from, to] = device.store!.cuts.at(-1)!;
  expect([after.cut, after.cut > 0]).toEqual([to - from + 1, true]);
  device.restart();
  expect(device.stream.figures().cut).toBe(0);

  const alone = new Device(false);
  for (let i = 0; i < 100; i += 1) alone.add('transition');
  expect(alone.stream.figures().dropped).toMatchObject({
    memory_full: alone.stream.status().dropped,
    flash_full: 0,
  });
});

function marks(device: Device): number {
  const names = device.files.names().filter((name) => name.startsWith('mark-'));
  return names.reduce((sum, name) => sum + device.files.read(name)!.length, 0);
}
