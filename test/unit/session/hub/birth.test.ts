/**
 * Goal: a session opened without proof may be attached again without proof only while its first answer
 * may still be lost; its id is no secret for longer (status, logs and health reports show it).
 */
import { expect, test } from 'bun:test';
import { Process } from './process.ts';
import { Rig } from './rig.ts';

/** Who has the device's static key and knows the session's id, and nothing else. */
const thiefOf = (rig: Rig, device: Process) =>
  new Process(rig, { sessionId: device.sessionId, version: device.version + 5 }, '9');

function steal(rig: Rig, device: Process): void {
  const thief = thiefOf(rig, device);
  thief.shake(2);
  thief.send(thief.attachFrame(thief.claim(2)), 2);
}

test('the id alone is proof while the birth is young: the first ATTACHED may be lost', () => {
  const rig = new Rig();
  const device = new Process(rig).open(1);
  device.secret = null;
  device.send(device.attachFrame(device.claim(1), { isNew: true }), 1);
  expect(rig.frame('attached').claim.stateVersion).toBe(2);
});

test('and is none later, also after the hub restarted and forgot who used its keys', () => {
  const rig = new Rig();
  const device = new Process(rig).open(1);
  device.data(1);
  for (let seconds = 0; seconds < 120; seconds += 4) {
    rig.run(4_000);
    device.probe(1);
  }
  const before = rig.record?.claim;
  rig.restart(500);
  steal(rig, device);
  expect(rig.refusal()).toBe('bad_proof');
  rig.run(5_000);
  expect(rig.record?.claim).toEqual(before!);
});
