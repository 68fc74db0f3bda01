/** Goal: what the system and ICMP say of a link reaches the core: a death where it is a fact of the link, else a question. */
import { describe, expect, test } from 'bun:test';
import { SEND, type SendResult } from '../../../hal/datagram.ts';
import type { MemoryDatagramSocket } from '../../../hal/memory/network.ts';
import { MESSAGE_TYPE } from '../../../session/wire/messages.ts';
import { fastPrimitives } from './primitives.ts';
import { DEVICE_INNER, HUB_INNER, packet, Rig } from './rig.ts';

/** Of the device, on Ethernet: the first port that the memory gives. */
const ETH = '198.51.100.1:32768';
const WLAN = '198.51.100.2:32769';

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

/** An idle device, more than a second after its last question. */
function idle() {
  const rig = attached();
  rig.run(22_000);
  const socket = rig.network.socketAt(ETH)!;
  const send = () => rig.fromAgent(packet(DEVICE_INNER, HUB_INNER, 1));
  const asked = () => rig.agent.device!.counters['doubt_hearsay'] ?? 0;
  return { rig, socket, send, asked };
}

/** Of what goes out there all data is refused, and nothing else; how much else went out. */
function refuseData(socket: MemoryDatagramSocket, result: SendResult): () => number {
  let others = 0;
  const send = socket.send.bind(socket);
  socket.send = (memory, at, ...rest) => {
    if (memory.bytes[at] === MESSAGE_TYPE.data) {
      socket.unsentCount = 1;
      return result;
    }
    others += 1;
    return send(memory, at, ...rest);
  };
  return () => others;
}

describe('a datagram that a local firewall refuses, or the system for a reason that nobody knows', () => {
  for (const result of ['permission', 'failed'] as const) {
    test(`${result}, of one flow: the binding is asked at once, once a second, and answers`, () => {
      const { rig, socket, send, asked } = idle();
      const said = rig.audit.length;
      const others = refuseData(socket, SEND[result]);
      send();
      expect([asked(), others()]).toEqual([1, 1]);
      for (let more = 0; more < 10; more++) {
        rig.run(50);
        send();
      }
      expect(asked()).toBe(1);
      rig.run(10_000);
      expect([rig.agent.device!.state, rig.audit.length]).toEqual(['ATTACHED', said]);
    });

    test(`${result}, of everything: the silence is the verdict, and it comes soon`, () => {
      const { rig, socket, send } = idle();
      socket.sendResult = SEND[result];
      send();
      rig.run(1_000);
      const codes = rig.audit.map(({ reasonCode }) => reasonCode);
      expect(codes).toContain('heartbeat_timeout');
      expect(codes).not.toContain('local_send_error');
      expect([rig.agent.device!.state, rig.agent.device!.activeId]).toEqual(['ATTACHED', 2]);
    });
  }

  test('on another link: the binding is not asked', () => {
    const { rig, asked } = idle();
    rig.network.socketAt(WLAN)!.sendResult = SEND.permission;
    rig.run(120_000);
    expect([asked(), rig.agent.device!.state]).toEqual([0, 'ATTACHED']);
    expect(rig.agent.status()!.packets.refused['sendFailed']).toBeGreaterThan(0);
  });
});
