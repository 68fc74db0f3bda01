import { describe, expect, test } from 'bun:test';
import { attached } from './process.ts';
import type { SendEffect } from './rig.ts';
import { untouched } from './untouched.ts';

const NEW = '192.0.2.1:9999';

describe('the old binding is asked before an ATTACH', () => {
  test('◆ twice, and the challenge names the claim', () => {
    const { rig, device } = attached();
    const next = device.copy('1');
    next.shake(2);
    const frame = next.attachFrame(next.claim(2));
    next.send(frame, 2);
    const asked = [...rig.sent('challenge')];
    rig.run(299);
    asked.push(...rig.sent('challenge'));
    expect(asked.map(({ target, channelId }) => [target, channelId])).toEqual([
      ['192.0.2.1:4001', 1],
      ['192.0.2.1:4001', 1],
    ]);
    expect(
      asked.every(
        (each) => each.frame.type === 'challenge' && each.frame.claim?.nonce === frame.claim.nonce,
      ),
    ).toBe(true);
    expect(rig.record?.transportId).toBe(1);
    rig.run(1);
    rig.frame('attached');
  });

  test('◆ "not mine" from it refuses the newcomer and alarms', () => {
    const { rig, device } = attached();
    const copy = device.copy('1');
    copy.shake(2);
    copy.send(copy.attachFrame(copy.claim(2)), 2);
    const [challenge] = rig.sent('challenge');
    untouched(rig, () => device.respond(challenge!, false));
    expect(rig.frame('reject')).toMatchObject({ reasonCode: 'identity_conflict', isFatal: true });
    expect(rig.dropped()).toEqual([{ channelId: 2, refuseForMs: 600_000 }]);
    expect(rig.reports('alarm')).toEqual(['alarm identity_conflict']);
    rig.run(1_000);
    expect(rig.record?.transportId).toBe(1);
  });

  for (const isRebindFirst of [true, false]) {
    test(`◆ a NAT rebind just ${isRebindFirst ? 'before' : 'after'} the claim: the binding is asked where it is`, () => {
      const { rig, device } = attached();
      const asked: SendEffect[] = [];
      const run = (ms: number) => {
        rig.run(ms);
        asked.push(...rig.sent('challenge'));
      };
      const rebind = () => {
        device.data(1, NEW);
        asked.push(...rig.sent('challenge'));
      };
      const copy = device.copy('1');
      copy.shake(2);
      if (isRebindFirst) rebind();
      run(20);
      copy.send(copy.attachFrame(copy.claim(2)), 2);
      run(20);
      if (!isRebindFirst) rebind();
      device.respond(asked.find(({ target }) => target === NEW)!, false);
      run(400);
      expect(rig.route?.target).toBe(NEW);
      asked.length = 0;
      run(700);
      device.respond(asked.find(({ target }) => target === NEW)!, false);
      expect(rig.frame('reject').reasonCode).toBe('identity_conflict');
      run(2_000);
      expect([rig.record?.transportId, rig.route?.target]).toEqual([1, NEW]);
    });
  }

  test('◆ "mine" is no conflict: the claim passes at once', () => {
    const { rig, device } = attached();
    const next = device.copy('1');
    next.shake(2);
    next.send(next.attachFrame(next.claim(2)), 2);
    device.respond(rig.sent('challenge')[0]!, true);
    rig.frame('attached');
  });

  test('a claimant that proves the memory key while it is asked about is not refused', () => {
    const { rig, device } = attached();
    device.shake(2);
    device.send(device.attachFrame(device.claim(2)), 2);
    device.move(2);
    rig.frame('reattached');
    rig.run(1_000);
    for (const challenge of rig.sent('challenge').slice(0, 1)) device.respond(challenge, false);
    expect([rig.dropped(), rig.seat.channelId]).toEqual([[], 2]);
    device.probe(2);
    expect(rig.frame('probeAck').view).toBe('carrying');
  });

  test('an answer from another address does not count', () => {
    const { rig, device } = attached();
    const copy = device.copy('1');
    copy.shake(2);
    copy.send(copy.attachFrame(copy.claim(2)), 2);
    const [challenge] = rig.sent('challenge');
    device.respond(challenge!, false, '192.0.2.99:1');
    expect(rig.seat.pending).not.toBeNull();
    // Something of the binding came from elsewhere: where it is is found out first.
    rig.run(999);
    expect(rig.record?.transportId).toBe(1);
    rig.run(2);
    expect(rig.record?.transportId).toBe(2);
  });

  test('an answer of the claimant does not count', () => {
    const { rig, device } = attached();
    const copy = device.copy('1');
    copy.shake(2);
    copy.send(copy.attachFrame(copy.claim(2)), 2);
    const [challenge] = rig.sent('challenge');
    if (challenge?.frame.type !== 'challenge') throw new Error('no challenge');
    const { token } = challenge.frame;
    copy.send({ type: 'response', token, isMine: true }, 1, { source: challenge.target });
    expect(rig.seat.pending).not.toBeNull();
  });

  test('a repeat while it is asked neither asks again nor passes', () => {
    const { rig, device } = attached();
    const next = device.copy('1');
    next.shake(2);
    const frame = next.attachFrame(next.claim(2));
    next.send(frame, 2);
    next.send(frame, 2);
    expect(rig.effects).toEqual([]);
    rig.run(300);
    rig.frame('attached');
  });

  test('nobody is asked after a hub restart, when no channel is bound', () => {
    const { rig, device } = attached();
    rig.restart();
    const next = device.copy('1');
    next.shake(2);
    next.send(next.attachFrame(next.claim(2)), 2);
    rig.frame('attached');
  });

  test('a claim with a memory key is not asked about, and does not wait', () => {
    const { rig, device } = attached();
    const copy = device.copy('1');
    copy.shake(2);
    copy.send(copy.attachFrame(copy.claim(2)), 2);
    device.version = copy.version;
    device.move(3);
    rig.frame('reattached');
    expect(rig.record?.transportId).toBe(3);
    rig.run(2_000);
    expect(
      rig.effects.some((effect) => effect.kind === 'swap' && effect.record.transportId === 2),
    ).toBe(false);
  });

  test('when the binding moves meanwhile, it is asked where it is', () => {
    const { rig, device } = attached();
    const copy = device.copy('1');
    copy.shake(2);
    copy.send(copy.attachFrame(copy.claim(2, { stateVersion: 50 })), 2);
    device.probe(3);
    const { token } = rig.frame('probeAck');
    device.move(3, { token });
    rig.run(1_000);
    const [challenge] = rig.sent('challenge');
    expect(challenge?.target).toBe('203.0.113.3:4003');
    device.respond(challenge!, false);
    expect(rig.refusal()).toBe('identity_conflict');
  });

  test('◆ a thread that stood still past the objection, while the store works, asks nobody and breaks nothing', () => {
    const { rig, device } = attached();
    rig.nowMs += 5_000;
    device.data(1);
    const copy = device.copy('1');
    copy.shake(2);
    copy.send(copy.attachFrame(copy.claim(2)), 2);
    expect(rig.seat.pending?.isAsked).toBe(true);
    rig.nowMs += 10;
    rig.store = 'hold';
    device.move(1);
    expect([rig.seat.swap?.kind, rig.seat.pending !== null]).toEqual(['commit', true]);
    rig.nowMs += 400;
    rig.feed({ kind: 'tick' });
    expect(rig.sent('challenge')).toEqual([]);
    expect(rig.seat.pending?.question?.repeatAtMs).toBeNull();
  });
});
