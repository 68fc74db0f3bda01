import { describe, expect, test } from 'bun:test';
import { attached, Process } from './process.ts';
import type { Rig } from './rig.ts';
import { untouched } from './untouched.ts';

describe('a new session', () => {
  const stranger = (rig: Rig, version = 50) =>
    new Process(rig, { version, sessionId: 'aa'.repeat(16) }, '7');

  test('◆ is not granted while the last one lives, without proof of it; recoverable, with a time', () => {
    const { rig } = attached();
    const other = stranger(rig);
    other.shake(2);
    untouched(rig, () => other.send(other.attachFrame(other.claim(2), { isNew: true }), 2));
    expect(rig.frame('reject')).toMatchObject({
      reasonCode: 'session_live',
      isFatal: false,
      retryAfterMs: 35_000,
      recordedVersion: 1,
    });
  });

  test('◆ with the secret of the last one it is granted; one swap ends the old and creates the new', () => {
    const { rig, device } = attached();
    const next = device.copy('1');
    next.sessionId = 'aa'.repeat(16);
    next.shake(2);
    const frame = next.attachFrame(next.claim(2), {
      isNew: true,
      previousSessionId: device.sessionId,
    });
    next.send(frame, 2);
    rig.run(400);
    expect(rig.effects.filter((effect) => effect.kind === 'swap').length).toBe(1);
    expect(rig.record).toMatchObject({
      sessionId: 'aa'.repeat(16),
      previousSessionId: device.sessionId,
      terminated: null,
      stateVersion: 2,
      predecessorMemoryKey: null,
    });
    expect(rig.reports()).toEqual([
      'transition superseded_by_new_session ATTACHED→TERMINATED',
      'transition attach_accepted BIRTH→ATTACHED',
      'claim claim_committed',
    ]);
    expect(rig.dropped()).toEqual([{ channelId: 1, refuseForMs: 0 }]);
  });

  test('the old binding may object to it', () => {
    const { rig, device } = attached();
    const copy = device.copy('1');
    copy.sessionId = 'aa'.repeat(16);
    copy.shake(2);
    copy.send(copy.attachFrame(copy.claim(2), { isNew: true }), 2);
    untouched(rig, () => device.respond(rig.sent('challenge')[0]!, false));
    expect(rig.refusal()).toBe('identity_conflict');
  });

  test('with the memory key it is granted at once', () => {
    const { rig, device } = attached();
    device.sessionId = 'aa'.repeat(16);
    device.secret = device.memoryKey;
    device.send(device.attachFrame(device.claim(1), { isNew: true }), 1);
    expect(rig.frame('attached').claim.sessionId).toBe('aa'.repeat(16));
  });

  test('with it on another channel the old one is not asked', () => {
    const { rig, device } = attached();
    device.sessionId = 'aa'.repeat(16);
    device.secret = device.memoryKey;
    device.shake(2);
    device.send(device.attachFrame(device.claim(2), { isNew: true }), 2);
    rig.frame('attached');
  });

  test('its lost answer: another claim for it with the old secret is granted', () => {
    const { rig, device } = attached();
    const next = device.copy('1');
    next.sessionId = 'aa'.repeat(16);
    next.shake(2);
    next.send(next.attachFrame(next.claim(2), { isNew: true }), 2);
    rig.run(400);
    next.send(next.attachFrame(next.claim(3), { isNew: true }), 3);
    expect(rig.frame('attached').claim.transportId).toBe(3);
    expect(rig.record?.previousSessionId).toBe(device.sessionId);
  });

  test('is granted without proof once the last one has ended', () => {
    const { rig, device } = attached();
    rig.feed({ kind: 'operatorTerminate', reasonCode: 'operator_terminated' });
    stranger(rig).open(2);
    expect(rig.frame('attached').claim.stateVersion).toBe(51);
    expect(rig.record?.previousSessionId).toBe(device.sessionId);
    expect(rig.reports('transition')).toEqual(['transition attach_accepted BIRTH→ATTACHED']);
  });

  test('◆ versions span the sessions of a device: a stale one learns the recorded version', () => {
    const { rig } = attached();
    rig.feed({ kind: 'operatorTerminate', reasonCode: 'operator_terminated' });
    const other = stranger(rig, 0).open(2);
    expect(rig.frame('reject')).toMatchObject({
      reasonCode: 'stale_state_version',
      isFatal: false,
      recordedVersion: 2,
    });
    other.version = 2;
    other.open(2);
    rig.frame('attached');
  });

  test('a session that ended is never opened again', () => {
    const { rig, device } = attached();
    rig.feed({ kind: 'operatorTerminate', reasonCode: 'operator_terminated' });
    device.send(device.attachFrame(device.claim(1, { stateVersion: 9 }), { isNew: true }), 1);
    expect(rig.refusal()).toBe('invalid_state');
  });
});
