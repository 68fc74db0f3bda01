/**
 * Case 1: everything the device and the hub said to each other is said again, by somebody else.
 *
 * Recorded from the first handshake on, both directions. Sent again at once, later, and once more when the device has
 * restarted and the channel is another one; to the hub from an address of the attacker, to the device in the hub's name
 * and in the attacker's.
 *
 * @module
 */
import { Arena, type ArenaOptions, DEVICE, HUB_END, LATE_ANSWERS_MS, tapOn } from './arena.ts';
import { type AgentStatus, ask } from './gauge.ts';
import { type Attack, during, type Outcome } from './outcome.ts';
import type { TappedDatagram, UdpEnd } from './packet.ts';
import type { Forger, Tap } from './raw.ts';

const ATTACKER: UdpEnd = { address: '198.18.7.7', port: 7_777 };
/** So that the receive buffers are emptied in between. */
const BURST = 64;
const RECORDED_MAX = 3_000;

export class Recorder {
  readonly toHub: TappedDatagram[] = [];
  readonly toDevice: TappedDatagram[] = [];
  readonly #lan: Tap;
  readonly #wan: Tap;

  constructor(lan: Tap, wan: Tap) {
    this.#lan = lan;
    this.#wan = wan;
  }

  take(): void {
    this.toHub.push(...this.#lan.datagrams().filter(({ target }) => target.port === HUB_END.port));
    this.toDevice.push(
      ...this.#wan.datagrams().filter(({ target }) => !target.address.startsWith('198.')),
    );
  }
}

/** An arena whose first handshake is on record. */
export async function recordedArena(
  binary: string,
  options: ArenaOptions,
): Promise<{ arena: Arena; recorder: Recorder }> {
  let recorder: Recorder | undefined;
  const arena = await Arena.create(binary, {
    ...options,
    beforeAgent: (net) => {
      recorder = new Recorder(tapOn(net, 'lan'), tapOn(net, 'wan'));
    },
  });
  recorder!.take();
  return { arena, recorder: recorder! };
}

export async function replay(
  arena: Arena,
  recorder: Recorder,
  laterMs: number,
): Promise<Outcome[]> {
  const wan = arena.tap('wan');
  const end = await arena.deviceEnd();
  const toHub = arena.forger();
  const toDevice = arena.forger(end);
  const atOnce = await during(arena, 'replay, at once', async (wave) => {
    // How much traffic is on record; each wave sends the same.
    if (wave === 0) await Bun.sleep(laterMs);
    if (wave === 0) recorder.take();
    return again(recorder, toHub, toDevice, wan);
  });
  const later = await during(arena, 'replay, later', async (wave) => {
    if (wave === 0) await Bun.sleep(laterMs); // how old the record is
    return again(recorder, toHub, toDevice, wan);
  });
  await arena.restartAgent();
  const { session_id: sessionId } = await ask<AgentStatus>(arena.site, DEVICE);
  const newEnd = await arena.deviceEnd();
  const restarted = await during(arena, 'replay, other channel', async () => {
    const attack = await again(recorder, toHub, arena.forger(newEnd), wan);
    const { session_id: after } = await ask<AgentStatus>(arena.site, DEVICE);
    const faults = after === sessionId ? [] : ['the replay ended the resumed session'];
    return { ...attack, faults: [...(attack.faults ?? []), ...faults] };
  });
  return [atOnce, later, restarted];
}

async function again(
  recorder: Recorder,
  toHub: Forger,
  toDevice: Forger,
  wan: Tap,
): Promise<Attack> {
  wan.packets();
  const before = { hub: toHub.sentCount, device: toDevice.sentCount, bytes: toHub.sentBytes };
  const recorded = [
    ...recorder.toHub.slice(0, RECORDED_MAX).map((each) => ({ each, forger: toHub })),
    ...recorder.toDevice.slice(0, RECORDED_MAX).map((each) => ({ each, forger: toDevice })),
  ];
  for (const [at, { each, forger }] of recorded.entries()) {
    const isHubs = forger === toDevice && at % 2 === 0;
    while (!forger.send(each.payload, isHubs ? HUB_END : ATTACKER)) await Bun.sleep(1); // until the kernel has room
    if (at % BURST === BURST - 1) await Bun.sleep(2);
  }
  await Bun.sleep(LATE_ANSWERS_MS);
  const got = wan.datagrams().filter(({ target }) => target.address === ATTACKER.address);
  const sentBytes = toHub.sentBytes - before.bytes;
  const answeredBytes = got.reduce((sum, { payload }) => sum + payload.length, 0);
  const toHubCount = toHub.sentCount - before.hub;
  const toDeviceCount = toDevice.sentCount - before.device;
  return {
    sent: toHubCount + toDeviceCount,
    sentBytes,
    answered: got.length,
    answeredBytes,
    notes: [`${toHubCount} to the hub, ${toDeviceCount} to the device`],
    faults: [
      ...(toHubCount > 0 && toDeviceCount > 0 ? [] : ['nothing was recorded']),
      ...(answeredBytes > 3 * sentBytes ? [`${answeredBytes} bytes drawn by ${sentBytes}`] : []),
    ],
  };
}
