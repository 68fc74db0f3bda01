/**
 * Goal: the ends of the flows report what was sent and what arrived, and a broken connection as broken.
 *
 * Method: both ends on loopback, and once a stranger in place of one.
 */
import { expect, test } from 'bun:test';
import type { TcpEndSummary } from '../../../../lab/bench/integrity/tcpEnd.ts';
import type { UdpEndSummary } from '../../../../lab/bench/integrity/udpEnd.ts';
import { complaintsOfTcp, complaintsOfUdp } from '../../../../lab/bench/integrity/verdict.ts';
import { LabProcess } from '../../../../lab/process.ts';

const START_MS = 10_000;
const FINISH_MS = 15_000;
const BYTES = 3_000_001;

function end(name: 'tcpEnd' | 'udpEnd', ...argv: string[]): LabProcess {
  const path = Bun.fileURLToPath(
    new URL(`../../../../lab/bench/integrity/${name}.ts`, import.meta.url),
  );
  return new LabProcess([process.execPath, path, ...argv], { name });
}

const untilEvent = <T extends { readonly event: string }>(from: LabProcess, event: string) =>
  from.untilJson<T>((line) => line.event === event, event === 'summary' ? FINISH_MS : START_MS);

/** A port of loopback that was free a moment ago. */
async function freePort(): Promise<number> {
  const socket = await Bun.udpSocket({ hostname: '127.0.0.1', port: 0 });
  const { port } = socket;
  socket.close();
  return port;
}

test('TCP: every byte both ways over both families, sharp and not, small segments and not', async () => {
  const port = await freePort();
  const places = `127.0.0.1:${port},[::1]:${port}`;
  const argv = ['--connections', '8', '--bytes', String(BYTES)];
  await using listening = end('tcpEnd', '--listen', places, ...argv, '--seed', '1');
  await untilEvent(listening, 'listening');
  await using dialling = end('tcpEnd', '--dial', places, ...argv, '--seed', '2');
  const near = await untilEvent<TcpEndSummary>(dialling, 'summary');
  const far = await untilEvent<TcpEndSummary>(listening, 'summary');

  expect(complaintsOfTcp(near.connections, far.connections)).toEqual([]);
  for (const { connections } of [near, far]) {
    expect(connections.reduce((sum, { sentBytes }) => sum + sentBytes, 0)).toBe(BYTES);
  }
  expect(new Set([...near.connections, ...far.connections].map((one) => one.sentSha256)).size).toBe(
    16,
  );
  const kinds = near.connections.map(
    ({ name, mssBytes, isSharp }) => `${name.split(' ')[0]} ${mssBytes > 0} ${isSharp}`,
  );
  expect(new Set(kinds).size).toBe(8);
}, 30_000);

test('a peer that breaks off: an error, not a figure', async () => {
  const port = await freePort();
  const argv = ['--listen', `127.0.0.1:${port}`, '--connections', '1', '--bytes', '100000000'];
  await using listening = end('tcpEnd', ...argv);
  await untilEvent(listening, 'listening');
  const socket = await Bun.connect({ hostname: '127.0.0.1', port, socket: { data() {} } });
  await untilEvent(listening, 'connected');
  socket.terminate();
  const { connections } = await untilEvent<TcpEndSummary>(listening, 'summary');
  expect(connections[0]?.error).toMatch(/^(recv|send): errno (104|32)$/);
}, 30_000);

test('UDP: numbered datagrams both ways over both families', async () => {
  const [near, far] = [await freePort(), await freePort()];
  const places = (port: number) => `127.0.0.1:${port},[::1]:${port}`;
  const one = end('udpEnd', '--local', places(near), '--peer', places(far), '--seed', '1');
  const other = end('udpEnd', '--local', places(far), '--peer', places(near), '--seed', '2');
  await using _one = one;
  await using _other = other;
  for (const each of [one, other]) await untilEvent(each, 'ready');
  for (const each of [one, other]) each.write('start');
  for (const each of [one, other]) await untilEvent(each, 'arriving');
  for (const each of [one, other]) each.write('stop');
  const [a, b] = [
    await untilEvent<UdpEndSummary>(one, 'summary'),
    await untilEvent<UdpEndSummary>(other, 'summary'),
  ];
  expect([...complaintsOfUdp('up', a, b), ...complaintsOfUdp('down', b, a)]).toEqual([]);
  expect(Math.min(a.sent, b.sent)).toBeGreaterThan(1);
}, 30_000);
