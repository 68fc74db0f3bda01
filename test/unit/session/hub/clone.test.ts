import { describe, expect, test } from 'bun:test';
import { attached, Process } from './process.ts';
import { untouched } from './untouched.ts';

/** A copy of the device's flash attached while the original was silent and did not object. */
function cloned() {
  const { rig, device } = attached();
  const copy = device.copy('1').resume(2);
  copy.data(2);
  expect(rig.record?.memoryKey).toEqual(copy.memoryKey!);
  return { rig, device, copy };
}

describe('a secret that is neither current nor previous', () => {
  test('◆ a copy older than one rotation never wins, is alarmed, and never ends the recorded session', () => {
    const { rig, device } = attached();
    const copy = device.copy('1');
    let latest = device;
    for (const name of ['2', '3']) {
      const next = latest.copy(name).resume(1);
      next.data(1);
      latest = next;
    }
    untouched(rig, () => {
      for (let i = 0; i < 3; i++) {
        copy.shake(2);
        copy.send(copy.attachFrame(copy.claim(2, { stateVersion: 100 + i })), 2);
        expect(rig.frame('reject')).toMatchObject({
          reasonCode: 'identity_conflict',
          isFatal: true,
        });
        expect(rig.reports()).toContain('alarm identity_conflict');
        expect(rig.dropped()).toEqual([{ channelId: copy.channelId, refuseForMs: 600_000 }]);
      }
    });
    latest.data(1);
    expect(rig.seat.state).toBe('ATTACHED');
  });

  test('frames of the refused channel are not heard any more', () => {
    const { rig, device } = attached();
    const copy = device.copy('1');
    copy.secret = new Uint8Array(32);
    copy.shake(2);
    copy.send(copy.attachFrame(copy.claim(2)), 2);
    copy.probe(2);
    expect(rig.effects).toEqual([]);
  });
});

describe('the memory key', () => {
  test('◆ a REATTACH by another process is identity_conflict, whatever its flash holds', () => {
    const { rig, device } = attached();
    const copy = device.copy('1');
    copy.memoryKey = device.secret; // all that a copy has
    copy.shake(2);
    untouched(rig, () => copy.move(2));
    expect(rig.refusal()).toBe('identity_conflict');
    expect(rig.dropped()).toEqual([{ channelId: 2, refuseForMs: 600_000 }]);
  });

  test('◆ the original wins over a copy that attached: fresh keys, the copy told and refused', () => {
    const { rig, device, copy } = cloned();
    device.shake(3);
    device.version = copy.version;
    device.move(3);
    const { renewed } = rig.frame('reattached');
    expect(renewed?.secret).toEqual(rig.record?.secret);
    expect(renewed?.memoryKey).toEqual(rig.record?.memoryKey);
    expect(rig.frame('terminate').reasonCode).toBe('identity_conflict');
    expect(rig.sent('terminate')[0]?.channelId).toBe(copy.channelId);
    expect(rig.dropped()).toEqual([{ channelId: copy.channelId, refuseForMs: 600_000 }]);
    expect(rig.reports('alarm')).toEqual(['alarm identity_conflict']);
    expect(rig.route?.channelId).toBe(device.channelId);
    expect(rig.record?.sessionId).toBe(device.sessionId);
  });

  test('how long the copy was heard says nothing of the binding that the original lost', () => {
    const { rig, device, copy } = cloned();
    device.shake(3);
    device.version = copy.version;
    device.move(3);
    expect(rig.frame('reattached').heardMs).toBeNull();
  });

  test('◆ after that the copy has nothing that is valid once the original used its fresh keys', () => {
    const { rig, device, copy } = cloned();
    device.shake(3);
    device.version = copy.version;
    device.move(3);
    device.keep();
    device.move(1);
    rig.frame('reattached');
    for (const secret of [copy.secret, rig.record?.previousSecret ?? null]) {
      const again = copy.copy('2');
      again.secret = secret;
      again.shake(2);
      untouched(rig, () => again.send(again.attachFrame(again.claim(2, { stateVersion: 500 })), 2));
      expect(['identity_conflict', 'bad_proof']).toContain(rig.refusal());
    }
    copy.shake(2);
    untouched(rig, () => copy.move(2));
    expect(rig.refusal()).toBe('identity_conflict');
  });

  test('◆ the answer with the fresh keys was lost: the repeat brings the same ones', () => {
    const { rig, device, copy } = cloned();
    device.shake(3);
    device.version = copy.version;
    const frame = device.reattachFrame(device.claim(3));
    device.send(frame, 3);
    const first = rig.frame('reattached');
    device.send(frame, 3);
    expect(rig.frame('reattached')).toEqual(first);
    expect(rig.dropped()).toEqual([]);
  });

  test('◆ the answer with the fresh keys was lost: a new claim elsewhere wins again, and nobody is accused', () => {
    const { rig, device, copy } = cloned();
    device.shake(3);
    device.version = copy.version;
    device.move(3);
    device.shake(1);
    device.move(1);
    expect(rig.frame('reattached').renewed?.memoryKey).toEqual(rig.record?.memoryKey);
    expect(rig.dropped()).toEqual([]);
    expect(rig.reports('alarm')).toEqual([]);
  });

  test('◆ it still wins when the copy attached twice because its answer was lost', () => {
    const { rig, device } = attached();
    const copy = device.copy('1');
    copy.shake(2);
    copy.send(copy.attachFrame(copy.claim(2)), 2);
    rig.run(400);
    copy.send(copy.attachFrame(copy.claim(3)), 3);
    copy.keep();
    device.shake(1);
    device.version = copy.version;
    device.move(1);
    expect(rig.frame('reattached').renewed).not.toBeNull();
  });

  test('◆ it still wins after the hub restarted in between', () => {
    const { rig, device, copy } = cloned();
    rig.restart();
    device.shake(3);
    device.version = copy.version;
    device.move(3);
    expect(rig.frame('reattached').renewed).not.toBeNull();
  });

  test('a REATTACH of the process that attached keeps its keys and ends the secret before', () => {
    const { rig, device } = attached();
    const next = device.copy('1').resume(1);
    expect(rig.record?.previousSecret).not.toBeNull();
    next.move(2);
    expect(rig.frame('reattached').renewed).toBeNull();
    expect(rig.record).toMatchObject({ secret: next.secret!, previousSecret: null });
  });

  test('◆ a process that ended its session leaves no key behind', () => {
    const { rig, device } = attached();
    const next = device.copy('1').resume(1);
    const { sessionId } = next;
    next.send({ type: 'terminate', sessionId, reasonCode: 'shutdown', stateVersion: 50 }, 1);
    expect(rig.record).toMatchObject({
      terminated: 'shutdown',
      stateVersion: 50,
      predecessorMemoryKey: null,
    });
    const fresh = new Process(rig, { version: 50, sessionId: 'aa'.repeat(16) }, '3');
    fresh.open(2);
    expect(rig.record?.predecessorMemoryKey).toBeNull();
  });
});
