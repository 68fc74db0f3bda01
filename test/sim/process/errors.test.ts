/** Goal: what the system and ICMP say of a link reaches the core: the one is a death, the other a question. */
import { expect, test } from 'bun:test';
import { SEND } from '../../../hal/datagram.ts';
import { fastPrimitives } from './primitives.ts';
import { DEVICE_INNER, HUB_INNER, packet, Rig } from './rig.ts';

/** Of the device, on Ethernet: the first port that the memory gives. */
const ETH = '198.51.100.1:32768';

function attached(): Rig {
  const rig = new Rig(fastPrimitives);
  rig.boot();
  expect(rig.runUntil(() => rig.isAttached, 5_000)).toBe(true);
  return rig;
}

test('a datagram that the system cannot send is the death of the binding', () => {
  const rig = attached();
  rig.network.socketAt(ETH)!.sendResult = SEND.unreachable;
  rig.fromAgent(packet(DEVICE_INNER, HUB_INNER, 1));
  expect(rig.audit.map(({ reasonCode }) => reasonCode)).toContain('local_send_error');
});

test('an ICMP error makes the device ask', () => {
  const rig = attached();
  rig.run(20_000);
  const asked = () => rig.agent.device!.counters['doubt_hearsay'] ?? 0;
  expect(asked()).toBe(0);
  rig.network.socketAt(ETH)!.icmpCount += 1;
  rig.run(10_000);
  expect([asked(), rig.agent.device!.state]).toEqual([1, 'ATTACHED']);
});
