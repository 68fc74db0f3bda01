/** Goal: what operators and supervisors do to running processes takes the real ways, and ends as documented. */
import { expect, test } from 'bun:test';
import { fastPrimitives } from './primitives.ts';
import { HUB_INNER, packet, Rig } from './rig.ts';

function attached(): Rig {
  const rig = new Rig(fastPrimitives);
  rig.boot();
  expect(rig.runUntil(() => rig.isAttached, 5_000)).toBe(true);
  return rig;
}

const reasons = (rig: Rig) => rig.audit.map(({ reasonCode }) => reasonCode);

test('SIGTERM ends the session on flash and at the hub before the process stops', () => {
  const rig = attached();
  const sessionId = rig.agent.device?.sessionId;
  rig.agent.sigterm();
  expect(rig.agent.isRunning).toBe(true);
  rig.run(2_000);
  expect(rig.exits).toEqual(['stopped']);
  expect(rig.agent.isRunning).toBe(false);
  expect(rig.records.read(rig.deviceKey)?.terminated).toBe('shutdown');
  rig.agent.boot();
  expect(rig.runUntil(() => rig.isAttached, 10_000)).toBe(true);
  expect(rig.agent.device).toMatchObject({ previousSessionId: sessionId });
});

test('SIGTERM does not wait for a flash that never answers', () => {
  const rig = attached();
  rig.isMainThreadStuck = true;
  rig.agent.sigterm();
  rig.run(1_900);
  expect(rig.agent.isRunning).toBe(true);
  rig.run(200);
  expect(rig.exits).toEqual(['stoppedLate']);
});

test('the operator moves a session to another link', () => {
  const rig = attached();
  const before = rig.agent.device?.activeId;
  rig.agent.rebind('wlan0');
  expect(rig.runUntil(() => rig.agent.device?.activeId !== before, 5_000)).toBe(true);
  expect(rig.runUntil(() => rig.isAttached, 5_000)).toBe(true);
});

test('what the operator chose is not left for failback, and is left where it fails', () => {
  const rig = attached();
  rig.agent.rebind('wlan0');
  const isOn = (link: string) => rig.agent.status()?.binding === `${link}→192.0.2.1:51820`;
  expect(rig.runUntil(() => isOn('wlan0') && rig.isAttached, 5_000)).toBe(true);
  expect(rig.agent.status()).toMatchObject({ binding_held_for: 'operator_rebind' });
  // The preferred link is stable all the time.
  rig.run(120_000);
  expect([isOn('wlan0'), reasons(rig).includes('failback')]).toEqual([true, false]);
  rig.setCarrier('wlan0', false);
  expect(rig.runUntil(() => isOn('eth0') && rig.isAttached, 5_000)).toBe(true);
  expect(rig.agent.status()).toMatchObject({ binding_held_for: null });
});

test('the operator ends a session at the hub, and the device opens another one', () => {
  const rig = attached();
  const sessionId = rig.agent.device?.sessionId;
  rig.hub.terminate(rig.deviceKey, 'operator_terminated');
  rig.run(100);
  expect(rig.records.read(rig.deviceKey)?.terminated).toBe('operator_terminated');
  expect(rig.runUntil(() => rig.isAttached, 60_000)).toBe(true);
  expect(rig.agent.device?.previousSessionId).toBe(sessionId!);
});

test('a revoked device is out', () => {
  const rig = attached();
  expect(rig.hub.control({ method: 'revoke', device: 'gateway-1' })).toMatchObject({ ok: true });
  rig.run(100);
  expect(rig.records.read(rig.deviceKey)?.terminated).toBe('revoked');
  rig.run(120_000);
  expect(rig.isAttached).toBe(false);
  expect(reasons(rig)).toContain('revoked');
});

test('a device that is enrolled with another address gets a new session with it', () => {
  const rig = attached();
  const sessionId = rig.agent.device?.sessionId;
  const wanted = { method: 'enroll', public_key: rig.deviceKey, name: 'gateway-1' };
  const answer = rig.hub.control({ ...wanted, inner4: '10.77.0.9', replace: true });
  expect(answer).toMatchObject({ ok: true });
  expect(rig.records.read(rig.deviceKey)?.terminated).toBe('operator_terminated');
  const isNew = () => rig.isAttached && rig.agent.device?.sessionId !== sessionId;
  expect(rig.runUntil(isNew, 60_000)).toBe(true);
  expect(rig.agent.device?.inner4).toBe('10.77.0.9/32');
  rig.fromHub(packet(HUB_INNER, '10.77.0.9', 9));
  rig.run(100);
  expect(rig.agentTun.takeDelivered().length).toBe(1);
});

test('an older policy does not boot, and the one in force does', () => {
  const rig = attached();
  rig.agent.crash();
  rig.policyVersion = 0;
  rig.agent.boot();
  expect(rig.exits).toEqual(['policyRefused']);
  expect(rig.agent.isRunning).toBe(false);
  rig.policyVersion = 3;
  rig.agent.boot();
  expect(rig.runUntil(() => rig.isAttached, 10_000)).toBe(true);
});

test('a flash that fails at boot ends the process, and nothing was sent', () => {
  const rig = new Rig(fastPrimitives);
  rig.hub.boot();
  rig.flash.failNext = { ok: false, code: 'storageFailed', detail: 'EIO' };
  rig.agent.boot();
  rig.run(1_000);
  expect(rig.exits).toEqual(['flashFailed']);
  expect(rig.datagrams).toBe(0);
});

test('an answer of the store to a process that died means nothing to the next one', () => {
  const rig = new Rig(fastPrimitives);
  const isOwner: (boolean | undefined)[] = [];
  const look = () => isOwner.push(rig.hub.seat(rig.deviceKey)?.isOwner);
  rig.records.onCommit = () => {
    rig.records.onCommit = () => {};
    rig.after(0, () => {
      rig.hub.crash();
      rig.hub.boot();
      // The answer to the dead comes after 2 ms, the new one's own after 4 ms.
      rig.after(3, look);
      rig.after(5, look);
    });
  };
  rig.boot();
  expect(rig.runUntil(() => rig.isAttached, 30_000)).toBe(true);
  expect(isOwner).toEqual([false, true]);
  expect(rig.violations).toEqual([]);
});

test('status of both is what the command shows', () => {
  const rig = attached();
  expect(rig.agent.status()).toMatchObject({ state: 'ATTACHED', binding: 'eth0→192.0.2.1:51820' });
  expect(rig.hub.status()?.sessions).toEqual({ ATTACHED: 1 });
  expect(rig.hub.peers()).toMatchObject([{ mode: 'session', name: 'gateway-1' }]);
  rig.agent.crash();
  rig.hub.crash();
  expect([rig.agent.status(), rig.hub.status(), rig.hub.peers()]).toEqual([null, null, []]);
});
