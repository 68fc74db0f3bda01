/**
 * Goal: what comes in the name of others (the hub, a router, a victim) or through the control sockets does no harm.
 *
 * Method: as `hostile.test.ts`.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { HostileBinary } from './hostileCases.ts';

const binary = new HostileBinary();
beforeAll(() => binary.build(), 60_000);
afterAll(() => binary[Symbol.dispose]());

test('control sockets: whoever asks is answered, whoever only sits there makes room', async () => {
  const { faults, of } = await binary.play('control');
  expect(faults).toEqual([]);
  for (const end of ['hub', 'agent']) {
    const { countedAs } = of(`control socket of the ${end}`);
    expect(countedAs['control tooMany']).toBeGreaterThan(0);
  }
}, 40_000);

test('messages in the name of the hub are counted by the device and change nothing', async () => {
  const { faults, of } = await binary.play('spoof');
  expect(faults).toEqual([]);
  expect(of('spoofed hub, attached').countedAs['agent unexpectedCookie']).toBeGreaterThan(0);
}, 60_000);

test('forged ICMP errors neither stop a session nor cut its datagrams', async () => {
  const { faults, of } = await binary.play('icmp');
  expect(faults).toEqual([]);
  expect(of('spoofed ICMP').countedAs['agent icmp_error']).toBeGreaterThan(0);
}, 40_000);

test('no victim gets more than three times what was sent in its name', async () => {
  const { faults, of } = await binary.play('amplification');
  expect(faults).toEqual([]);
  const { answeredBytes, sentBytes } = of('amplification');
  expect(answeredBytes).toBeGreaterThan(0);
  expect(answeredBytes).toBeLessThan(sentBytes);
}, 40_000);
