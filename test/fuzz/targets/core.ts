/**
 * A device's session core spoken to without manners: any frame an authentic hub could send, in any
 * order, while links, flash and time do as they like. No cryptography on the way, so a hundred times
 * more histories than in `device.ts`.
 *
 * Held against it: nothing throws; a tick uses up its deadline; nothing that leaves is above what flash
 * holds (I4); what is to be made durable can be written; what it sends can be encoded; and it comes to
 * rest: no answer makes it spin.
 *
 * @module
 */
import { tunnelRules } from '../../../agent/rules.ts';
import { loadPolicy } from '../../../policies/load.ts';
import { nextDeadline } from '../../../session/device/deadlines.ts';
import type { DeviceEffect, DeviceEvent, Durable } from '../../../session/device/event.ts';
import type { DeviceConfig } from '../../../session/device/limits.ts';
import { type Device, newDevice } from '../../../session/device/state.ts';
import { step as advance } from '../../../session/device/step.ts';
import { encodeRecord } from '../../../session/flash/record.ts';
import { decodeFrame } from '../../../session/wire/decode.ts';
import { encodeFrame } from '../../../session/wire/encode.ts';
import type { Frame } from '../../../session/wire/frames.ts';
import type { Random } from '../../sim/random.ts';
import { sampleFrame } from '../sampleFrame.ts';
import { Tape, TapeWriter } from '../tape.ts';
import { demand, type Target } from '../target.ts';

const OP = {
  frame: 0, // any frame
  answer: 1, // a frame that answers the newest claim
  ack: 2, // a PROBE_ACK to the newest probe
  handshake: 3, // the hub answers the newest initiation
  pass: 4,
  links: 5,
  traffic: 6,
  flash: 7, // it answers, fails, or is slow
  channel: 8, // keys are due, or gone
  operator: 9,
} as const;
const OPS = Object.keys(OP).length;
const STEPS_MAX = 60;
const EFFECTS_MAX = 200;
const TICKS_MAX = 40;
const IDS = [1, 2, 3] as const;

const policy = loadPolicy({});
demand(policy.ok, 'the default policy');
const CONFIG: DeviceConfig = {
  device: 'device-key',
  ciphers: ['aes-256-gcm', 'chacha20-poly1305'],
  mtuMaxBytes: 1_440,
  limits: tunnelRules(policy.policy, []).limits,
  linkPolicy: (name) => ({
    preference: name === 'wwan0' ? 40 : 10,
    cost: name === 'wwan0' ? 'metered' : 'free',
  }),
};

export const core: Target = {
  name: 'core',
  what: 'a history of frames, links, flash outcomes and time at a device',
  covers: ['session/device/', 'session/liveness/', 'session/wire/decode.ts'],
  bytesMax: 6_144,
  generate(random) {
    const tape = new TapeWriter().byte(random.below(4));
    for (let steps = random.between(2, 30); steps > 0; steps--) step(random, tape);
    return tape.done();
  },
  judge(input) {
    const tape = new Tape(input);
    const run = new Run();
    if (tape.byte() % 4 !== 0) run.attach();
    run.wasMoved = false;
    for (let steps = 0; tape.hasMore && steps < STEPS_MAX; steps++) run.step(tape);
    run.pass(40_000);
    return run.wasMoved ? 'accepted' : 'refused';
  },
};

class Run {
  #nowMs = 1_000;
  #device: Device = newDevice();
  #flash: Durable | null = null;
  #mode: 'answers' | 'fails' | 'waits' = 'answers';
  #waiting: Extract<DeviceEffect, { kind: 'persist' }>[] = [];
  #channels = 0;
  #initiation: number | null = null;
  #claim: Extract<Frame, { type: 'attach' | 'reattach' }>['claim'] | null = null;
  #probe = { probeId: 0, transportId: 1 };
  wasMoved = false;

  constructor() {
    const seed = new Uint8Array(32).fill(3);
    this.#feed({ kind: 'boot', atMs: this.#nowMs, seed, remembered: null, wasLost: false });
    this.#links(7);
  }

  attach(): void {
    this.#handshake();
    this.#answer(0, new Uint8Array(0));
    demand(this.#device.state === 'ATTACHED', 'an honest hub attaches it');
  }

  step(tape: Tape): void {
    const op = tape.byte() % OPS;
    const which = tape.byte();
    const transportId = IDS[which % 3]!;
    const atMs = this.#nowMs;
    switch (op) {
      case OP.frame: {
        const frame = decodeFrame(tape.block());
        if (frame.ok) this.#hear(frame.value, transportId, which & 0x80 ? which : undefined);
        break;
      }
      case OP.answer:
        this.#answer(which, tape.block());
        break;
      case OP.ack: {
        const views = ['carrying', 'unattached', 'recovering', 'terminated', 'standby'] as const;
        const { activeId, stateVersion } = this.#device;
        const named = which & 0x40 ? (activeId ?? 0) : transportId;
        const recorded = which & 0x20 ? stateVersion : (this.#claim?.stateVersion ?? 0);
        this.#hear(
          {
            ...{ type: 'probeAck', probeId: this.#probe.probeId, view: views[(which >> 2) % 5]! },
            ...{ transportId: named, stateVersion: recorded, token: new Uint8Array(8).fill(which) },
          },
          this.#probe.transportId,
        );
        break;
      }
      case OP.handshake:
        this.#handshake();
        break;
      case OP.pass:
        this.pass([1, 5, 20, 100, 600, 1_500, 5_000, 31_000][which & 7]!);
        break;
      case OP.links:
        this.#links(which);
        break;
      case OP.traffic:
        if (which & 8) this.#feed({ kind: 'sendFailed', atMs, transportId, error: 'unreachable' });
        else
          this.#feed({
            kind: 'traffic',
            atMs,
            sentPackets: which,
            heardOn: [{ transportId, atMs }],
          });
        break;
      case OP.flash:
        this.#setFlash(which);
        break;
      case OP.channel: {
        const channelId = 1 + (which % Math.max(1, this.#channels));
        if (this.#channels === 0) break;
        if (which & 0x80) this.#feed({ kind: 'channelGone', atMs, channelId });
        else this.#feed({ kind: 'channelDue', atMs, channelId });
        break;
      }
      default:
        if ((which & 0xf0) === 0)
          this.#feed({ kind: 'terminate', atMs, reasonCode: 'operator_terminated' });
        else this.#feed({ kind: 'rebind', atMs, linkName: which & 1 ? 'eth0' : 'wwan0' });
    }
  }

  pass(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (let ticks = 0; ; ticks++) {
      const dueAtMs = nextDeadline(this.#device);
      if (dueAtMs === null || dueAtMs > untilMs) break;
      // A busy device ticks often over a long time; it may not tick without time passing.
      if (ticks >= TICKS_MAX) {
        demand(this.#nowMs > untilMs - ms, 'ticks use up time');
        break;
      }
      this.#nowMs = Math.max(this.#nowMs, dueAtMs);
      this.#feed({ kind: 'tick', atMs: this.#nowMs });
    }
    this.#nowMs = untilMs;
  }

  #links(bits: number): void {
    const links = (['ethernet', 'wifi', 'lte'] as const).map((kind, at) => {
      const endpoint = { transportId: IDS[at]!, endpoint: '192.0.2.1:51820', hasAddress: true };
      return {
        ...{ name: ['eth0', 'wlan0', 'wwan0'][at]!, kind, hasCarrier: ((bits >> at) & 1) !== 0 },
        mtuBytes: bits & 0x80 ? 1_280 : 1_500,
        endpoints: [{ ...endpoint, hasRoute: (bits & 0x40) === 0 }],
      };
    });
    this.#feed({ kind: 'links', atMs: this.#nowMs, links });
  }

  #handshake(): void {
    const transportId = this.#initiation;
    if (transportId === null) return;
    this.#initiation = null;
    const channelId = ++this.#channels;
    const handshakeHash = new Uint8Array(32).fill(channelId);
    this.#feed({ kind: 'channelUp', atMs: this.#nowMs, channelId, transportId, handshakeHash });
  }

  #answer(which: number, keys: Uint8Array): void {
    const claim = this.#claim;
    if (claim === null) return;
    const key = (at: number) => new Uint8Array(32).fill(keys[at] ?? 1);
    const { stateVersion } = claim;
    const most = Number.MAX_SAFE_INTEGER;
    const versions = [
      0,
      stateVersion - 1,
      stateVersion,
      stateVersion + 5,
      2 ** 40,
      most - 2 ** 32,
      most,
    ];
    const recordedVersion = versions[which % versions.length]!;
    const reject = { type: 'reject', claim, retryAfterMs: which * 10, recordedVersion } as const;
    const codes = [
      'stale_state_version',
      'identity_conflict',
      'policy_denied',
      'rate_limited',
    ] as const;
    const address = `10.77.${keys[0] ?? 0}.${keys[1] ?? 2}/32`;
    const answers: readonly Frame[] = [
      {
        ...{ type: 'attached', claim, secret: key(0), memoryKey: key(1), inner4: address },
        ...{ inner6: null, routes: [], cipher: 'aes-256-gcm', ownerEpoch: 1, hubSeq: 1 },
      },
      { type: 'reattached', claim, ownerEpoch: 1, hubSeq: 2, renewed: null, heardMs: 5 },
      {
        ...{ type: 'reattached', claim, ownerEpoch: 1, hubSeq: 2 },
        renewed: { secret: key(0), memoryKey: key(1) },
        heardMs: null,
      },
      { ...reject, reasonCode: codes[(which >> 3) & 3]!, isFatal: (which & 0x80) !== 0 },
      { type: 'challenge', token: new Uint8Array(8), claim },
      {
        type: 'terminate',
        sessionId: claim.sessionId,
        reasonCode: 'operator_terminated',
        stateVersion: 9,
      },
    ];
    this.#hear(answers[which % answers.length]!, claim.transportId);
  }

  #hear(frame: Frame, transportId: number, channelId?: number): void {
    const channel = channelId ?? this.#device.channel?.channelId;
    if (channel === undefined) return;
    const before = this.#device.stateVersion;
    this.#feed({ kind: 'frame', atMs: this.#nowMs, channelId: channel, transportId, frame });
    if (this.#device.stateVersion !== before) this.wasMoved = true;
  }

  #setFlash(which: number): void {
    this.#mode = (['answers', 'fails', 'waits'] as const)[which % 3]!;
    if (this.#mode === 'waits') return;
    for (const { ticket, durable } of this.#waiting.splice(0)) this.#persisted(ticket, durable);
  }

  #persisted(ticket: number, durable: Durable): void {
    const isDurable = this.#mode !== 'fails';
    if (isDurable) this.#flash = durable;
    this.#feed({ kind: 'persisted', atMs: this.#nowMs, ticket, isDurable });
  }

  #feed(event: DeviceEvent): void {
    const next = advance(this.#device, event, CONFIG);
    this.#device = next.device;
    demand(next.effects.length <= EFFECTS_MAX, 'a bounded number of effects');
    for (const effect of next.effects) this.#perform(effect);
  }

  #perform(effect: DeviceEffect): void {
    if (effect.kind === 'handshake') this.#initiation = effect.transportId;
    else if (effect.kind === 'send') this.#sent(effect.frame, effect.transportId);
    else if (effect.kind === 'persist') {
      judgeDurable(effect.durable);
      if (this.#mode === 'waits') this.#waiting.push(effect);
      else this.#persisted(effect.ticket, effect.durable);
      demand(this.#waiting.length <= 4, 'writes do not pile up');
    }
  }

  #sent(frame: Frame, transportId: number): void {
    demand(encodeFrame(frame).length <= 1_200, 'what is said can be said');
    if (frame.type === 'probe') this.#probe = { probeId: frame.probeId, transportId };
    if (frame.type !== 'attach' && frame.type !== 'reattach') return;
    const ceiling = this.#flash?.versionCeiling ?? 0;
    demand(frame.claim.stateVersion <= ceiling, 'I4: no version is used that flash does not hold');
    this.#claim = frame.claim;
  }
}

function judgeDurable(durable: Durable): void {
  const { versionCeiling, sessionId, terminated, inner4, inner6 } = durable;
  encodeRecord({
    ...{ generation: 1, versionCeiling, timestampReserved: 0, policyVersion: 0 },
    session:
      sessionId === null
        ? null
        : {
            sessionId,
            sealedSecret: new Uint8Array(72),
            lastTerminated: terminated,
            inner4,
            inner6,
          },
  });
}

function step(random: Random, tape: TapeWriter): void {
  const op = random.chance(30) ? OP.answer : random.below(OPS);
  tape.byte(op).byte(random.below(256));
  if (op === OP.frame) tape.block(encodeFrame(sampleFrame(random)));
  if (op === OP.answer) tape.block(random.bytes(2));
}
