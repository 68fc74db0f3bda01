/**
 * Fuzzes one target in a process of its own, so that a hang or a crash of the runtime ends nothing else.
 *
 * Says what happens in JSON lines on standard output, and writes where it is into a mapped file (`place.ts`).
 *
 * @module
 */
import { watchSources } from './coverage.ts';
import type { Report, Work } from './work.ts';

const work = JSON.parse(process.argv[2]!) as Work;
if (work.grows) watchSources();
const { fuzz } = await import('./loop.ts');
await fuzz(work, (report: Report) => process.stdout.write(`${JSON.stringify(report)}\n`));
// A server of a target may still listen.
process.exit(0);
