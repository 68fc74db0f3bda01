/**
 * Goal: a hub that was restarted says of a channel that it does not know it, to whoever speaks in it, while it waits for a
 * device of its store; and has no word for strangers otherwise.
 * Method: a device attaches at one hub, and goes on with the same keys at another one that begins with what the store held.
 */
import { describe, expect, test } from 'bun:test';
import type { SessionRecord } from '../../../session/hub/record.ts';
import { MESSAGE_TYPE } from '../../../session/wire/messages.ts';
import { decodeUnknownChannel } from '../../../session/wire/unknownChannel.ts';
import { packet, RigDevice, SiteRig } from './siteRig.ts';

const AWAITED_MAX_MS = 600_000;
const AT = '198.51.100.1';

/** The hub begins with `change` of what the store held; the device still speaks as before. */
async function restarted(
  change: (record: SessionRecord) => Partial<SessionRecord> = () => ({}),
): Promise<{ rig: SiteRig; device: RigDevice; speak: () => Uint8Array[] }> {
  const { enrolled } = new RigDevice(1, () => first);
  const first = new SiteRig([enrolled]);
  const former = RigDevice.on(first, 1, AT);
  await former.attach(1);
  const record = first.records.get(enrolled.publicKey)!;
  const rig = new SiteRig([enrolled], [{ ...record, ...change(record) }]);
  const device = RigDevice.on(rig, 1, AT);
  device.session = former.session;
  const speak = () => {
    device.send(device.session!.sealControl(1, new Uint8Array(0)));
    return device.take();
  };
  return { rig, device, speak };
}

describe('a restarted hub', () => {
  test('◆ answers a keepalive in a channel of the process before with its header, and counts both', async () => {
    const { rig, device, speak } = await restarted();
    const [told] = speak();
    const { remoteIndex } = device.session!;
    const named = decodeUnknownChannel(told!);
    expect(named.ok && named.value).toMatchObject({ transportId: 1, receiver: remoteIndex });
    expect(named.ok && device.session!.hasLatelySent(1, named.value.counter)).toBe(true);
    const { unknown_channel_sent, wrong_key_datagram } = rig.counters;
    expect([unknown_channel_sent, wrong_key_datagram]).toEqual([1, 1]);
  });

  test('says nothing of data, of type 4, and of what has no form of ours', async () => {
    const { rig, device } = await restarted();
    device.send(device.sealed(1, packet('10.77.0.2', '10.0.0.9')));
    const control = device.session!.sealControl(1, new Uint8Array(0));
    const changed = (at: number, byte: number) => {
      const copy = control.slice();
      copy[at] = byte;
      return copy;
    };
    const plain = control.slice();
    plain.set([MESSAGE_TYPE.transport, 0, 0, 0]);
    for (const other of [plain, changed(1, 2), changed(2, 0), changed(14, 0x20)])
      device.send(other);
    device.send(control.subarray(0, 31));
    expect([device.take(), rig.counters.unknown_channel_sent]).toEqual([[], 0]);
  });

  test('◆ has no word left once it has heard the device in keys of its own', async () => {
    const { rig, device, speak } = await restarted();
    const former = device.session;
    device.shakeHands();
    const next = device.session;
    device.session = former;
    expect(speak()).toHaveLength(1); // a handshake alone binds nothing
    device.session = next;
    expect(speak()).toEqual([]);
    rig.nowMs += 1_000;
    device.session = former;
    expect([speak(), rig.counters.unknown_channel_sent]).toEqual([[], 1]);
  });

  test('… nor after ten minutes, whoever is missing still', async () => {
    const { rig, speak } = await restarted();
    rig.nowMs += AWAITED_MAX_MS - 1;
    expect(speak()).toHaveLength(1);
    rig.nowMs += 1;
    expect(speak()).toEqual([]);
  });

  test('waits beyond the end of the session: its device has to learn of that', async () => {
    const { rig, device, speak } = await restarted();
    rig.pass(120_000);
    expect(rig.records.get(device.enrolled.publicKey)).toBeDefined();
    expect(speak()).toHaveLength(1);
  });

  test('waits for who may not know that its session has ended: the TERMINATE may be lost', async () => {
    const ends = ['recovery_window_exceeded', 'operator_terminated'] as const;
    for (const terminated of ends) {
      const { speak } = await restarted(() => ({ terminated }));
      expect(speak()).toHaveLength(1);
    }
  });

  test('waits for nobody who took its leave, or is another hub’s', async () => {
    for (const change of [{ terminated: 'shutdown' }, { owner: 'other' }] as const) {
      const { rig, speak } = await restarted(() => change);
      expect([speak(), rig.counters.unknown_channel_sent]).toEqual([[], 0]);
    }
  });
});

test('a hub without records has no word for strangers', async () => {
  const { device } = await restarted();
  const rig = new SiteRig([device.enrolled]);
  const stranger = RigDevice.on(rig, 1, AT);
  stranger.send(device.session!.sealControl(1, new Uint8Array(0)));
  expect([stranger.take(), rig.counters.wrong_key_datagram]).toEqual([[], 1]);
});

test('◆ an address is told once a second, and others beside it meanwhile', async () => {
  const { rig, device, speak } = await restarted();
  const beside = RigDevice.on(rig, 1, '198.51.100.2');
  const saysBeside = () => {
    beside.send(device.session!.sealControl(1, new Uint8Array(0)));
    return beside.take().length;
  };
  expect([speak().length, speak().length, saysBeside(), saysBeside()]).toEqual([1, 0, 1, 0]);
  rig.nowMs += 999;
  expect([speak().length, saysBeside()]).toEqual([0, 0]);
  rig.nowMs += 1;
  expect([speak().length, saysBeside()]).toEqual([1, 1]);
  expect(rig.counters.unknown_channel_sent).toBe(4);
});

test('◆ a network is told as often as it may shake hands, and all together a thousand times a second', async () => {
  const { rig, device } = await restarted();
  const { perPrefixPerSecond } = rig.site.rules.door;
  const count = () => rig.counters.unknown_channel_sent;
  const speakFrom = (net: number) => {
    for (let host = 1; host <= perPrefixPerSecond + 20; host++) {
      const one = RigDevice.on(rig, 1, `203.0.${net}.${host}`);
      one.send(device.session!.sealControl(1, new Uint8Array(0)));
    }
  };
  speakFrom(0);
  expect([perPrefixPerSecond, count()]).toEqual([200, 200]);
  for (let net = 1; net < 8; net++) speakFrom(net);
  expect(count()).toBe(1_000);
});
