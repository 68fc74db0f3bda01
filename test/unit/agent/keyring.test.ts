/**
 * Goal: a keypair's age is noticed when its time comes, not later, although nobody looks in between.
 */
import { expect, test } from 'bun:test';
import { Keyring } from '../../../agent/keyring.ts';
import { nodeCiphers } from '../../../hal/linux/ciphers.ts';
import { SESSION_TIMES } from '../../../session/channel/age.ts';
import { SessionKeypair } from '../../../session/channel/sessionKeypair.ts';
import { handshake, newEnds } from '../session/channel/twoEnds.ts';

const { idleRekeyAfterMs, idleRejectAfterMs, dataRekeyAfterMs, dataRejectAfterMs } = SESSION_TIMES;

function keypair(seed: number, createdAtMs = 0): SessionKeypair {
  const made = handshake(newEnds(seed));
  return new SessionKeypair({
    secrets: made.device,
    ciphers: nodeCiphers,
    localIndex: made.deviceIndex,
    remoteIndex: made.hubIndex,
    isInitiator: true,
    createdAtMs,
  });
}

test('an idle keypair is due after an hour, told once, and gone a minute later', () => {
  const keyring = new Keyring();
  const one = keypair(1);
  expect(keyring.nextDeadlineMs()).toBeNull();
  keyring.add(one);
  expect(keyring.nextDeadlineMs()).toBe(idleRekeyAfterMs);
  expect(keyring.aged(idleRekeyAfterMs - 1)).toEqual({ due: [], gone: [] });
  expect(keyring.aged(idleRekeyAfterMs)).toEqual({ due: [one.localIndex], gone: [] });
  expect(keyring.nextDeadlineMs()).toBe(idleRejectAfterMs);
  expect(keyring.aged(idleRejectAfterMs - 1)).toEqual({ due: [], gone: [] });
  expect(keyring.aged(idleRejectAfterMs)).toEqual({ due: [], gone: [one.localIndex] });
  expect([keyring.nextDeadlineMs(), keyring.find(one.localIndex)]).toEqual([null, undefined]);
});

test('data brings the deadline forward as soon as its use is noted', () => {
  const keyring = new Keyring();
  const one = keypair(1);
  keyring.add(one);
  keyring.nextDeadlineMs();
  one.noteData(5_000);
  keyring.noteUse();
  expect(keyring.nextDeadlineMs()).toBe(5_000 + dataRekeyAfterMs);
  keyring.aged(5_000 + dataRekeyAfterMs);
  expect(keyring.nextDeadlineMs()).toBe(5_000 + dataRejectAfterMs);
});

test('used up transport ids call for a new keypair at once', () => {
  const keyring = new Keyring();
  const one = keypair(1);
  keyring.add(one);
  for (let transportId = 1; transportId <= 24; transportId++) {
    one.sealControl(transportId, new Uint8Array(0));
  }
  keyring.noteUse();
  expect(keyring.nextDeadlineMs()).toBe(0);
  expect(keyring.aged(10).due).toEqual([one.localIndex]);
  expect(keyring.nextDeadlineMs()).toBe(idleRejectAfterMs);
});

test('the earliest of several counts, and a forgotten one no more', () => {
  const keyring = new Keyring();
  const [older, newer] = [keypair(1), keypair(2, 60_000)];
  keyring.add(newer);
  keyring.add(older);
  expect(keyring.nextDeadlineMs()).toBe(idleRekeyAfterMs);
  keyring.forget(older.localIndex);
  expect(keyring.nextDeadlineMs()).toBe(60_000 + idleRekeyAfterMs);
});

test('a datagram finds its keypair by the index it names, as long as it is there', () => {
  const keyring = new Keyring();
  const [one, two] = [keypair(1), keypair(2)];
  keyring.add(one);
  keyring.add(two);
  const memory = new Uint8Array(200);
  const datagramFor = ({ localIndex }: SessionKeypair) => {
    memory.set([16, 1, 1, 0], 100);
    new DataView(memory.buffer).setUint32(104, localIndex, true);
    return keyring.addressed(memory, 100, 32);
  };
  expect([datagramFor(one), datagramFor(one), datagramFor(two)]).toEqual([one, one, two]);
  expect(keyring.addressed(memory, 100, 31)).toBeUndefined();
  keyring.forget(two.localIndex);
  expect(datagramFor(two)).toBeUndefined();
  expect(datagramFor(one)).toBe(one);
});

test('what has expired is gone before its deadline is asked for, also where it was never told to be due', () => {
  const keyring = new Keyring();
  const one = keypair(1);
  keyring.add(one);
  keyring.nextDeadlineMs();
  one.noteData(5_000);
  expect(keyring.expired(5_000 + dataRejectAfterMs - 1)).toEqual([]);
  expect(keyring.expired(5_000 + dataRejectAfterMs)).toEqual([one.localIndex]);
  expect([keyring.nextDeadlineMs(), keyring.find(one.localIndex)]).toEqual([null, undefined]);
});
