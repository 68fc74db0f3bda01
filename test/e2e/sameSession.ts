/**
 * What has to be true after each change under a session: packets pass, and it is the session that it was.
 *
 * @module
 */
import { expect } from 'bun:test';
import type { LabProcess } from '../lab/process.ts';
import { auditOf } from '../lab/site.ts';
import type { Topology } from '../lab/topology.ts';

/** Pings through the tunnel are answered, and neither end has ever told of another session. */
export async function expectSameSession(
  net: Topology,
  ends: readonly LabProcess[],
  sessionId: string,
): Promise<void> {
  await expectAnswers(net, 3);
  const sessions = ends.flatMap(auditOf).flatMap(({ session_id }) => session_id ?? []);
  expect(new Set(sessions)).toEqual(new Set([sessionId]));
}

/** `count` pings to the hub's inner address, a tenth of a second apart, none lost. */
export async function expectAnswers(net: Topology, count: number): Promise<void> {
  const argv = ['ping', '-c', String(count), '-i', '0.1', '-W', '1', '10.79.0.2'];
  expect((await net.exec('device', argv)).stdout).toContain(' 0% packet loss');
}
