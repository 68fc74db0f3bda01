import { expect, test } from 'bun:test';
import { LiveHeap, LOG_HEAP } from '../../../lab/soak/liveHeap.ts';

const LINES = [
  '[GC<0x3de118>: START M 8870kb => EdenCollection, a=0kb hf=0.000 p=1.196611ms (max 1.196611)...]',
  '[GC<0x3de118>: M a=2998kb hf=0.913 => 10417kb, p=26.370615ms (max 26.370615), cycle 70.889692ms END]',
  'GC END!',
  '[GC<0x3de118>: START M 13107kb => FullCollection, a=0kb hf=0.000 p=7.549218ms (max 26.370615)...]',
  '[GC<0x7aa000>: START M 900kb => FullCollection, a=0kb => 300kb, p=7.5ms (max 26.3), cycle 9.1ms END]',
  '[GC<0x3de118>: M a=0kb hf=0.000 Pbc => 126kb, p=0.253323ms (max 26.370615), cycle 2.697650ms END]',
  '[GC<0x3de118>: Full sweep: 10047kb => 495kb, 0.448666ms]',
];

test('only what full collections leave is alive, heap by heap', () => {
  const heap = new LiveHeap();
  for (const [at, line] of LINES.entries()) heap.take(line, at);
  expect(heap.points).toEqual([
    { heap: '0x7aa000', atMs: 4, aliveKib: 300 },
    { heap: '0x3de118', atMs: 5, aliveKib: 126 },
  ]);
});

test('this runtime writes such lines', () => {
  const script = 'let a = []; for (let i = 0; i < 3e5; i++) a.push({ i }); a = null; Bun.gc(true)';
  const { stdout, stderr } = Bun.spawnSync([process.execPath, '-e', script], {
    env: { ...process.env, ...LOG_HEAP },
  });
  const heap = new LiveHeap();
  for (const line of `${stdout}${stderr}`.split('\n')) heap.take(line, 0);
  expect(heap.points.length).toBeGreaterThan(0);
  expect(heap.points.at(-1)!.aliveKib).toBeLessThan(5_000);
});
