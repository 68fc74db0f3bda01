/**
 * Stands in for the simulator's worker: dies on seed 2, hangs on seed 3, answers all others.
 *
 * @module
 */
import { lost, type Task } from '../../sim/cli/task.ts';

process.on('message', ({ seed }: Task) => {
  if (seed === 2) {
    console.error('seed two is too much');
    process.exit(3);
  }
  while (seed === 3) {
    // a run that never ends
  }
  const { violations: _, ...ran } = lost(seed, {
    invariant: 'I1',
    checker: '',
    sentence: '',
    atMs: 0,
  });
  process.send?.({ ...ran, violations: [], hash: `pid ${process.pid}` });
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
