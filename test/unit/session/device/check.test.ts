/**
 * Goal: whatever the device asserts after a step can fail.
 *
 * Method: a step in which nothing is wrong, and a table that breaks one thing of its outcome at a time.
 */
import { expect, test } from 'bun:test';
import { check } from '../../../../session/device/check.ts';
import type { DeviceEffect, DeviceEvent } from '../../../../session/device/event.ts';
import type { Device, OpenClaim } from '../../../../session/device/state.ts';
import { claiming } from './claiming.ts';
import { attachedDevice } from './driver.ts';
import { reattached } from './peer.ts';
import { configOf, ETH, links, WLAN } from './setup.ts';

const CONFIG = configOf();
const attached = attachedDevice([ETH, WLAN]).device;
const tick: DeviceEvent = { kind: 'tick', atMs: attached.nowMs };
const many = <T>(count: number, item: T): readonly T[] => Array.from({ length: count }, () => item);

const recovering = (() => {
  const driver = attachedDevice([ETH, WLAN]);
  driver.peer.judge = () => null;
  driver.links(links([]));
  expect(driver.device.state).toBe('RECOVERING');
  return driver.device;
})();

const verdict = (
  after: Device,
  before: Device,
  event: DeviceEvent = tick,
  effects: readonly DeviceEffect[] = [],
) => {
  try {
    check(before, after, event, effects, CONFIG);
    return 'fine';
  } catch (error) {
    return (error as Error).message;
  }
};

test('steps in which nothing is wrong pass', () => {
  expect(verdict(attached, attached)).toBe('fine');
  expect(verdict(recovering, recovering)).toBe('fine');
});

const open: OpenClaim = {
  claim: { sessionId: attached.sessionId ?? '', stateVersion: 9, transportId: WLAN, nonce: 'n' },
  ...{ kind: 'reattach', purpose: 'planned', reasonCode: 'failback' },
  ...{ mtuBytes: 1_440, noticeMs: 27_000 },
  ...{ openedAtMs: 0, sends: 1, sendsInChannel: 1, repeatAtMs: attached.nowMs + 100 },
};
const [eth, wlan] = attached.transports;
const late = attached.nowMs - 3;

// biome-ignore format: this is a table
const BROKEN: readonly (readonly [what: string, change: Partial<Device>, from?: Device])[] = [
  ['I1: a device carries without a binding',                { activeId: null }],
  ['I1: a device that carries nothing is bound to 1',       { activeId: ETH }, recovering],
  ['I9: data moves on a channel that proved nothing',       { channel: { ...attached.channel!, isBound: false } }],
  ['I9: data moves on a channel that proved nothing',       { channel: null }],
  ['I9: data moves without a session',                      { memoryKey: null }],
  ['a binding is on a transport that can be used',          { transports: [{ ...eth!, unusable: 'carrier_lost' }, wlan!] }],
  ['what an operator holds is the binding',                 { heldId: WLAN }],
  ['what an operator holds is the binding',                 { heldId: ETH }, recovering],
  ['I7: failback leaves a binding that an operator holds',  { heldId: ETH, claim: open }],
  ['I2: session f appeared while',                          { sessionId: 'f' }],
  ['I2: session ',                                          { sessionId: null }, recovering],
  ['I3: recoveryDeadlineAtMs was due 3 ms ago',             { recoveryDeadlineAtMs: recovering.nowMs - 3 }, recovering],
  ['I3: transportTtlAtMs was due',                          { transportTtlAtMs: recovering.nowMs }, recovering],
  ['I3: sessionEndsAtMs was due 3 ms ago',                  { sessionEndsAtMs: late }],
  ['I3: RECOVERING without recoveryDeadlineAtMs',           { recoveryDeadlineAtMs: null }, recovering],
  ['I3: RECOVERING without transportTtlAtMs',               { transportTtlAtMs: null }, recovering],
  ['I4: state_version went back',                           { stateVersion: attached.stateVersion - 1 }],
  ['I4: no version above the durable ceiling',              { ceiling: attached.stateVersion - 1 }],
  ['I5: nothing but an answer binds',                       { answeredAtMs: attached.nowMs }],
  ['I7: switches stay under the cap',                       { switchedAtMs: many(9, attached.nowMs) }],
  ['I8: ATTACHED became VOLATILE without an event',         { state: 'VOLATILE', stateVersion: attached.stateVersion + 1 }],
  ['I4: state_version 2 was used before',                   { state: 'VOLATILE' }],
  ['the inner MTU is one that a hub takes',                 { mtuBytes: 100 }],
  ['I11: tried transports holds 65',                        { triedIds: many(65, ETH) }],
  ['I11: remembered recoveries holds 65',                   { recoveriesMs: many(65, 1) }],
  ['I11: remembered claims holds 65',                       { ownClaims: many(65, open.claim) }],
  ['I11: remembered switches holds 65',                     { switchedAtMs: many(65, -60_000) }],
  ['I11: routes holds 17',                                  { routes: many(17, '10.0.0.0/8') }],
  ['I11: transports holds 130',                             { transports: many(65, attached.transports).flat() }],
  ['I11: counters holds',                                   { counters: Object.fromEntries(many(200, 0).map((_, at) => [`c${at}`, 1])) }],
  ['I11: outstanding probes holds',                         { transports: [{ ...eth!, liveness: { ...eth!.liveness, outstanding: many(999, { probeId: 1, sentAtMs: 0 } as never) } }, wlan!] }],
];

for (const [what, change, from = attached] of BROKEN) {
  test(what, () => {
    expect(verdict({ ...from, ...change }, from)).toStartWith(what);
  });
}

test('I7: a plan goes back to a link before its penalty ends; recovery and an operator may', () => {
  const penaltyUntilMs = attached.nowMs + 1;
  const before = { ...attached, transports: [eth!, { ...wlan!, penaltyUntilMs }] };
  const claims = (change: object) => verdict({ ...before, claim: { ...open, ...change } }, before);
  expect(claims({})).toStartWith('I7: failback goes back to a link 1 ms before');
  expect(claims({ purpose: 'recovery' })).toBe('fine');
  expect(claims({ reasonCode: 'operator_rebind' })).toBe('fine');
});

test('I8: TERMINATED says why', () => {
  const ended: Device = { ...attached, state: 'TERMINATED', activeId: null, terminated: null };
  expect(verdict(ended, ended)).toBe('I8: TERMINATED without a reason');
  expect(verdict({ ...ended, terminated: 'shutdown' }, ended)).toBe('fine');
});

test('I5: an answer counts for the claim that is open, and closes it', () => {
  const driver = claiming();
  const before = driver.device;
  const frame = reattached(driver.claims.at(-1)!);
  driver.frame(frame, WLAN);
  const after = driver.device;
  const effects = driver.log.slice(-20);
  const event: DeviceEvent = {
    ...{ kind: 'frame', atMs: after.nowMs, channelId: before.channel!.channelId },
    ...{ transportId: WLAN, frame },
  };
  const moved = effects.filter(
    (effect) =>
      effect.kind === 'report' &&
      effect.event.atMs === after.nowMs &&
      effect.event.event === 'transition' &&
      effect.event.to === 'ATTACHED',
  );
  expect(verdict(after, before, event, moved)).toBe('fine');
  expect(verdict(after, { ...before, claim: null }, event, moved)).toStartWith(
    'I5: an answer to version',
  );
  const other = { ...frame, claim: { ...frame.claim, nonce: 'another' } };
  expect(verdict(after, before, { ...event, frame: other }, moved)).toStartWith('I5: an answer to');
  expect(verdict({ ...after, claim: before.claim }, before, event, moved)).toBe(
    'I5: an answered claim is closed',
  );
});
