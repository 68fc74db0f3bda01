import { expect, test } from 'bun:test';
import type { EnrolledDevice } from '../../../hub/device.ts';
import { type Enrolment, type EnrolmentRequest, enrol, revoke } from '../../../hub/enrolment.ts';
import { Pool } from '../../../hub/pool.ts';
import { key } from './sample.ts';

const POOLS = { inner4: new Pool('10.77.0.0/29'), inner6: new Pool('fd77::/64') };

const request = (number: number, more: Partial<EnrolmentRequest> = {}): EnrolmentRequest => ({
  publicKey: key(number),
  name: `gateway-${number}`,
  mode: 'session',
  inner4: null,
  inner6: null,
  allowed: [],
  psk: null,
  isReplacing: false,
  ...more,
});

/** The store in one variable: what each enrolment changes is written into it. */
function office() {
  const devices = new Map<string, EnrolledDevice>();
  let atMs = 0;
  const note = (outcome: Enrolment) => {
    if (outcome.ok) for (const device of outcome.changed) devices.set(device.publicKey, device);
    return outcome;
  };
  return {
    devices,
    enrol: (number: number, more: Partial<EnrolmentRequest> = {}) =>
      note(enrol(request(number, more), [...devices.values()], POOLS, ++atMs)),
    revoke: (name: string) => note(revoke(name, [...devices.values()], ++atMs)),
  };
}

const addresses = (outcome: Enrolment) =>
  outcome.ok ? [outcome.device.inner4, outcome.device.inner6] : outcome;

test('devices get addresses one after the other, behind the hub’s own', () => {
  const { enrol } = office();
  expect(POOLS.inner4.gateway).toBe('10.77.0.1/29');
  expect(addresses(enrol(1))).toEqual(['10.77.0.2/32', 'fd77::2/128']);
  expect(addresses(enrol(2))).toEqual(['10.77.0.3/32', 'fd77::3/128']);
});

test('a pool of 8 serves 5 devices, the sixth is told that it is exhausted', () => {
  const { enrol } = office();
  for (const number of [1, 2, 3, 4, 5]) expect(enrol(number).ok).toBe(true);
  expect(enrol(6)).toMatchObject({ ok: false, code: 'poolExhausted' });
});

test('an address given back goes to another device only when nothing fresh is left', () => {
  const { enrol, revoke } = office();
  enrol(1);
  enrol(2);
  revoke('gateway-1');
  expect(addresses(enrol(3))).toEqual(['10.77.0.4/32', 'fd77::4/128']);
  enrol(4);
  enrol(5);
  expect(addresses(enrol(6))).toEqual(['10.77.0.2/32', 'fd77::7/128']);
});

test('a wished address is given if it is free and in the pool', () => {
  const { enrol } = office();
  expect(addresses(enrol(1, { inner4: '10.77.0.5', inner6: 'fd77::beef' }))).toEqual([
    '10.77.0.5/32',
    'fd77::beef/128',
  ]);
  for (const inner4 of ['10.77.0.5', '10.77.0.1', '10.77.0.0', '10.77.0.7', '10.78.0.2', 'x']) {
    expect([inner4, enrol(2, { inner4 })]).toMatchObject([inner4, { code: 'inputInvalid' }]);
  }
});

test('an enrolled key or name is not enrolled twice, but may be replaced', () => {
  const { enrol, devices } = office();
  enrol(1);
  expect(enrol(1, { name: 'other' })).toMatchObject({ code: 'keyTaken' });
  expect(enrol(2, { name: 'gateway-1' })).toMatchObject({ code: 'nameTaken' });
  const replaced = enrol(2, { name: 'gateway-1', isReplacing: true });
  expect(addresses(replaced)).toEqual(['10.77.0.2/32', 'fd77::2/128']);
  expect(devices.get(key(1))?.revokedAtMs).toBe(4);
  expect(enrol(1)).toMatchObject({ code: 'keyTaken' });
  const changed = enrol(2, { name: 'gateway-1', mode: 'plain', isReplacing: true });
  expect(changed.ok && [changed.device.mode, changed.device.inner4]).toEqual([
    'plain',
    '10.77.0.2/32',
  ]);
});

test('revoking names the device or its key; an unknown one is told', () => {
  const { enrol, revoke, devices } = office();
  enrol(1);
  expect(revoke('gateway-9')).toMatchObject({ code: 'unknownDevice' });
  expect(revoke(key(1)).ok).toBe(true);
  expect(devices.get(key(1))?.revokedAtMs).not.toBeNull();
  expect(revoke(key(1))).toMatchObject({ code: 'unknownDevice' });
});

test('bad input is refused with a sentence that repeats it', () => {
  const { enrol } = office();
  const wrong: Partial<EnrolmentRequest>[] = [
    { publicKey: 'abc' },
    { publicKey: key(0) },
    { name: '' },
    { name: 'a b' },
    { mode: 'fast' as never },
    { allowed: ['10.0.0.0'] },
    { allowed: Array.from({ length: 17 }, (_, at) => `10.${at}.0.0/16`) },
    { psk: 'short' },
  ];
  for (const more of wrong)
    expect([more, enrol(1, more)]).toMatchObject([more, { code: 'inputInvalid' }]);
});

test('a routed network belongs to one device, and host bits do not matter', () => {
  const { enrol } = office();
  const first = enrol(1, { allowed: ['192.168.7.9/24'] });
  expect(first.ok && first.device.allowed).toEqual(['192.168.7.0/24']);
  expect(enrol(2, { allowed: ['192.168.7.0/24'] })).toMatchObject({ code: 'inputInvalid' });
  expect(enrol(2, { allowed: ['192.168.7.0/25'] }).ok).toBe(true);
});

test('a network behind a device is none of the pool’s: it would take other devices’ addresses', () => {
  const { enrol } = office();
  enrol(1);
  for (const cidr of [
    '10.77.0.2/32',
    '10.77.0.0/29',
    '10.76.0.0/15',
    '0.0.0.0/0',
    'fd77::/80',
    '::/0',
  ]) {
    expect([cidr, enrol(2, { allowed: [cidr] })]).toMatchObject([cidr, { code: 'inputInvalid' }]);
  }
  expect(enrol(2, { allowed: ['10.77.0.8/29', 'fd78::/64'] }).ok).toBe(true);
});
