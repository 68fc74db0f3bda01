import { expect, test } from 'bun:test';
import { pausesIn } from '../../../lab/bench/pauses.ts';

const LINES = [
  '{"ready":true}',
  '[GC<0x1>: starting 0.078927ms]',
  '[GC<0x1>: START M 8838kb => EdenCollection, a=0kb mu=0.600 450+0 p=1.746157ms (max 1.746157)...]',
  '[GC<0x1>: M a=469kb hf=0.143 mu=0.514 p=0.940023ms (max 1.746157)...]',
  '[GC<0x2>: START M 27076kb => EdenCollection, #3:P<Msm(0)>Pbc => 8570kb, p=2.5ms (max 5.573042), cycle 1.16ms END]',
  '[GC<0x2>: epilogue 0.012884ms]',
  'a line of another program p=99ms',
];

test('each stop of each thread counts, and nothing else', () => {
  expect(pausesIn(LINES)).toEqual({ count: 3, maxMs: 2.5 });
  expect(pausesIn([])).toEqual({ count: 0, maxMs: 0 });
});
