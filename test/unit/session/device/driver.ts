/**
 * Steps the device's session in virtual time, with a scripted peer and a flash that may be slow or fail.
 *
 * Checks at every step what no test should have to ask for: the deadline is honoured and used up, the
 * session does not spin, and nothing that leaves the device is above what flash holds.
 *
 * @module
 */
import { expect } from 'bun:test';
import type { AuditEvent } from '../../../../session/audit.ts';
import { nextDeadline } from '../../../../session/device/deadlines.ts';
import type {
  DeviceEffect,
  DeviceEvent,
  Durable,
  LinkView,
  Remembered,
} from '../../../../session/device/event.ts';
import type { DeviceConfig } from '../../../../session/device/limits.ts';
import { type Device, newDevice, transportOf } from '../../../../session/device/state.ts';
import { step } from '../../../../session/device/step.ts';
import { carriesData, type State } from '../../../../session/transitions.ts';
import type { Frame } from '../../../../session/wire/frames.ts';
import { type ClaimFrame, Peer } from './peer.ts';
import { configOf, ETH, links } from './setup.ts';

/** More steps than this at one instant is spinning. */
const STEPS_AT_ONCE_MAX = 200;
const STEPS_MAX = 2_000_000;

interface Happening {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** An effect, and when it was asked for. */
export type Logged = DeviceEffect & { readonly atMs: number };

export class Driver {
  nowMs: number;
  device: Device = newDevice();
  config: DeviceConfig;
  readonly peer: Peer;
  /** Everything asked of the world, oldest first; `forget` empties it. */
  log: Logged[] = [];
  /** What a process that starts now would find. */
  flash: Durable | null = null;
  flashDelayMs = 1;
  isFlashBroken = false;
  steps = 0;
  /** Set by a killed process: what is still on its way reaches nobody. */
  #life = 0;
  #stepsAtOnce = 0;
  #order = 0;
  #nextChannelId = 1;
  readonly #queue: Happening[] = [];

  constructor(how: { config?: DeviceConfig; seed?: number; nowMs?: number } = {}) {
    this.config = how.config ?? configOf();
    this.peer = new Peer(how.seed ?? 1);
    this.nowMs = how.nowMs ?? 1_000;
  }

  /** Run `what` in `delayMs`; equal times keep their order. */
  after(delayMs: number, what: () => void): void {
    const happening = { atMs: this.nowMs + delayMs, order: this.#order++, run: what };
    const at = this.#queue.findIndex((other) => other.atMs > happening.atMs);
    this.#queue.splice(at < 0 ? this.#queue.length : at, 0, happening);
  }

  /** One event, now. */
  feed(event: DeviceEvent): readonly DeviceEffect[] {
    this.#countStep();
    const { device, effects } = step(this.device, event, this.config);
    this.device = device;
    for (const effect of effects) {
      this.log.push({ ...effect, atMs: this.nowMs });
      this.#check(effect);
      this.#perform(effect);
    }
    return effects;
  }

  boot(remembered: Remembered | null = null, wasLost = false): void {
    const seed = new Uint8Array(32).fill(this.#life + 1);
    this.feed({ kind: 'boot', atMs: this.nowMs, seed, remembered, wasLost });
  }

  links(views: readonly LinkView[]): readonly DeviceEffect[] {
    return this.feed({ kind: 'links', atMs: this.nowMs, links: views });
  }

  frame(frame: Frame, transportId: number, channelId?: number): readonly DeviceEffect[] {
    return this.feed({
      kind: 'frame',
      atMs: this.nowMs,
      channelId: channelId ?? this.device.channel?.channelId ?? 0,
      transportId,
      frame,
    });
  }

  /** Let `forMs` pass, one happening or deadline at a time, until `isEnough` says so. */
  run(forMs: number, isEnough: () => boolean = () => false): boolean {
    const untilMs = this.nowMs + forMs;
    while (!isEnough()) {
      const happeningAtMs = this.#queue[0]?.atMs ?? Number.POSITIVE_INFINITY;
      const deadlineMs = nextDeadline(this.device) ?? Number.POSITIVE_INFINITY;
      const nextMs = Math.min(happeningAtMs, deadlineMs);
      if (nextMs > untilMs) {
        this.nowMs = untilMs;
        return isEnough();
      }
      this.nowMs = Math.max(this.nowMs, nextMs);
      if (happeningAtMs <= deadlineMs) this.#queue.shift()?.run();
      else this.feed({ kind: 'tick', atMs: this.nowMs });
    }
    return true;
  }

  /** Let time pass until it is `state`; fails the test if it does not become so. */
  until(state: State, withinMs: number): void {
    this.run(withinMs, () => this.device.state === state);
    expect(this.device.state).toBe(state);
  }

  /** Data both ways or one, each packet with its own luck; told to the core as the shell would. */
  traffic(everyMs: number, forMs: number, ways: 'both' | 'out' | 'in' = 'both'): void {
    const untilMs = this.nowMs + forMs;
    const tell = () => {
      const { activeId } = this.device;
      const sent = { kind: 'traffic', atMs: this.nowMs, sentPackets: 1, heardOn: [] } as const;
      if (this.device.phase !== 'off' && ways !== 'in') this.feed(sent);
      if (activeId !== null && ways !== 'out') this.#deliverData(activeId);
      if (this.nowMs + everyMs <= untilMs) this.after(everyMs, tell);
    };
    this.after(0, tell);
  }

  #deliverData(transportId: number): void {
    const travelMs = this.peer.travelMs(transportId, 'in');
    if (travelMs === null || this.peer.recorded?.transportId !== transportId) return;
    this.#later(travelMs, () =>
      this.feed({
        kind: 'traffic',
        atMs: this.nowMs,
        sentPackets: 0,
        heardOn: [{ transportId, atMs: this.nowMs }],
      }),
    );
  }

  /** The process dies at once. What is on flash is all that is left. */
  kill(): void {
    this.#life += 1;
    this.device = newDevice();
    this.peer.bound.clear();
  }

  /** What the next boot finds. */
  get remembered(): Remembered | null {
    if (this.flash === null) return null;
    const { versionCeiling, sessionId, secret, terminated } = this.flash;
    return { versionCeiling, sessionId, secret, terminated };
  }

  forget(): void {
    this.log = [];
  }

  get frames(): readonly (Frame & { atMs: number; transportId: number })[] {
    return this.log.flatMap((effect) =>
      effect.kind === 'send'
        ? [{ ...effect.frame, atMs: effect.atMs, transportId: effect.transportId }]
        : [],
    );
  }

  get claims(): readonly (ClaimFrame & { atMs: number })[] {
    return this.frames.flatMap((frame) =>
      frame.type === 'attach' || frame.type === 'reattach' ? [frame] : [],
    );
  }

  get audit(): readonly AuditEvent[] {
    return this.log.flatMap((effect) => (effect.kind === 'report' ? [effect.event] : []));
  }

  /** `FROM reason TO`, one a transition. */
  get moves(): readonly string[] {
    return this.audit
      .filter(({ event }) => event === 'transition')
      .map(({ from, reasonCode, to }) => `${from} ${reasonCode} ${to}`);
  }

  #later(delayMs: number, what: () => void): void {
    const life = this.#life;
    this.after(delayMs, () => {
      if (life === this.#life && this.device.phase !== 'off') what();
    });
  }

  #perform(effect: DeviceEffect): void {
    if (effect.kind === 'persist') return this.#persist(effect.ticket, effect.durable);
    if (effect.kind === 'handshake') return this.#shakeHands(effect.transportId);
    if (effect.kind !== 'send') return;
    const { frame, channelId, transportId } = effect;
    const outMs = this.peer.travelMs(transportId, 'out');
    if (outMs === null) return;
    this.#later(outMs, () => {
      const answer = this.peer.answer(frame, channelId, transportId);
      const inMs = answer === null ? null : this.peer.travelMs(transportId, 'in');
      if (answer === null || inMs === null) return;
      this.#later(inMs, () => this.frame(answer, transportId, channelId));
    });
  }

  #persist(ticket: number, durable: Durable): void {
    const isDurable = !this.isFlashBroken;
    this.#later(this.flashDelayMs, () => {
      if (isDurable) this.flash = durable;
      this.feed({ kind: 'persisted', atMs: this.nowMs, ticket, isDurable });
    });
  }

  #shakeHands(transportId: number): void {
    const outMs = this.peer.travelMs(transportId, 'out');
    const inMs = this.peer.travelMs(transportId, 'in');
    if (outMs === null || inMs === null || !this.peer.shakesHands) return;
    this.#later(outMs + inMs, () => this.channelUp(transportId));
  }

  channelUp(transportId: number): number {
    const channelId = this.#nextChannelId++;
    const handshakeHash = new Uint8Array(32).fill(channelId);
    this.feed({ kind: 'channelUp', atMs: this.nowMs, channelId, transportId, handshakeHash });
    return channelId;
  }

  #countStep(): void {
    this.steps += 1;
    if (this.steps > STEPS_MAX) throw new Error(`no end in sight at ${this.nowMs} ms`);
    this.#stepsAtOnce = this.device.nowMs === this.nowMs ? this.#stepsAtOnce + 1 : 0;
    if (this.#stepsAtOnce > STEPS_AT_ONCE_MAX) throw new Error(`spinning at ${this.nowMs} ms`);
  }

  /** What must hold for every effect of every test. */
  #check(effect: DeviceEffect): void {
    const durable = this.flash?.versionCeiling ?? 0;
    if (effect.kind === 'report' && effect.event.event === 'transition')
      expect(effect.event.stateVersion).toBeLessThanOrEqual(durable);
    if (effect.kind === 'route' && effect.route !== null)
      expect(transportOf(this.device, effect.route.transportId)).not.toBeNull();
    if (effect.kind !== 'send') return;
    const { frame } = effect;
    if (frame.type !== 'attach' && frame.type !== 'reattach') return;
    expect(frame.claim.stateVersion).toBeLessThanOrEqual(durable);
    expect(this.flash?.sessionId ?? null).toBe(frame.claim.sessionId);
  }
}

/** A device that has attached over the best of `present` and settled. */
export function attachedDevice(
  present: readonly number[] = [ETH],
  how: ConstructorParameters<typeof Driver>[0] & { delayMs?: number } = {},
): Driver {
  const driver = new Driver(how);
  for (const transportId of present) driver.peer.path(transportId).delayMs = how.delayMs ?? 10;
  driver.boot();
  driver.links(links(present));
  driver.until('ATTACHED', 10_000);
  driver.run(200);
  expect(carriesData(driver.device.state)).toBe(true);
  driver.forget();
  return driver;
}
