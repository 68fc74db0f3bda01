/**
 * Goal: neither somebody on the path nor a device with keys of its own moves, weakens or ends another's session.
 *
 * Method: as `hostile.test.ts`.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { HostileBinary } from './hostileCases.ts';

const binary = new HostileBinary();
beforeAll(() => binary.build(), 60_000);
afterAll(() => binary[Symbol.dispose]());

test('redirection: an address is taken only with an answer from it, and no data goes there before', async () => {
  const { faults, of } = await binary.play('redirect');
  expect(faults).toEqual([]);
  for (const how of ['kept', 'handed on']) {
    const { audited, countedAs } = of(`race without drops, answers ${how}`);
    expect(audited).toContain('redirect_refused');
    expect(countedAs['replayed_datagram']).toBeGreaterThan(50);
  }
  expect(of('on-path redirection, race').audited).toContain('redirect_refused');
  expect(of('on-path relay, as a NAT').audited).toContain('nat_rebind');
}, 60_000);

test('downgrade: a mode is enrolled, a cipher agreed, a version only grows, and silence is no fallback', async () => {
  const { faults, of } = await binary.play('downgrade');
  expect(faults).toEqual([]);
  expect(of('downgrade by a peer').countedAs['mode_mismatch']).toBeGreaterThan(0);
}, 60_000);

test('garbage of an enrolled device is its own affair', async () => {
  const { faults, of } = await binary.play('frames');
  expect(faults).toEqual([]);
  expect(of('garbage of an enrolled device').countedAs['unknown_frame']).toBeGreaterThan(100);
  expect(of('flood of an enrolled device').countedAs['rate_limited']).toBeGreaterThan(1_000);
}, 40_000);

test('unknown, revoked and wrongly keyed devices stay outside, and are counted as what they are', async () => {
  const { faults, of } = await binary.play('strangers');
  expect(faults).toEqual([]);
  expect(of('strangers').countedAs).toMatchObject({
    not_enrolled: expect.any(Number),
    revoked: expect.any(Number),
  });
}, 40_000);
