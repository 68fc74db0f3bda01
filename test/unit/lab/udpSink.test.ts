/** Goal: what has reached a sink of the lab is not lost because the sink had to wait for a processor. */
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { newDatagram, stamp } from '../../lab/flows/datagram.ts';
import { monotonicMs } from '../../lab/libc.ts';
import { eventually, LabProcess } from '../../lab/process.ts';

/** More than the usual buffer holds of them, and no more than an ordinary user may ask for. */
const DATAGRAMS = 500;
const BYTES = 200;

test('half a second of datagrams waits for a sink that stands still', async () => {
  const program = Bun.fileURLToPath(new URL('../../lab/flows/udpSink.ts', import.meta.url));
  await using sink = new LabProcess([process.execPath, program, '--listen', '127.0.0.1:0']);
  const { port } = await sink.untilJson<{ event: string; port: number }>(
    ({ event }) => event === 'listening',
    5_000,
  );
  const source = await Bun.udpSocket({ hostname: '127.0.0.1', port: 0 });
  sink.signal('SIGSTOP');
  const isStopped = () => / T /.test(readFileSync(`/proc/${sink.pid}/stat`, 'utf8'));
  await eventually('the sink stands still', isStopped, 5_000);
  const datagram = newDatagram(BYTES);
  for (let seq = 0; seq < DATAGRAMS; seq += 1) {
    stamp(datagram, seq, monotonicMs());
    expect(source.send(datagram, port, '127.0.0.1')).toBe(true);
  }
  sink.signal('SIGCONT');
  const arrived = () =>
    sink.stdout
      .filter((line) => line.includes('"arrivals"'))
      .reduce((total, line) => total + (JSON.parse(line) as { rows: unknown[] }).rows.length, 0);
  await sink.until(() => arrived() === DATAGRAMS, 5_000);
  source.close();
});
