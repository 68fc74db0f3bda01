/**
 * One session device at this hub: its seat, joined to its keys, its data and the store.
 *
 * Reality goes in as events, effects come out as datagrams and messages. Decides nothing by itself:
 * the seat (session/hub) does, the door (`door.ts`) apart. A seat that breaks an invariant, in its
 * step or in what it asks for, is thrown away with its channels, its session is ended in the store,
 * and the others go on.
 *
 * @module
 */
import { assert, InvariantError } from '../session/assert.ts';
import type { SessionKeypair } from '../session/channel/sessionKeypair.ts';
import { TimestampGate } from '../session/channel/timestamp.ts';
import { isOver } from '../session/hub/deadline.ts';
import type { SeatEffect, SeatEvent } from '../session/hub/event.ts';
import { doDuplicatesCount } from '../session/hub/heard.ts';
import type { SeatConfig } from '../session/hub/limits.ts';
import type { SessionRecord } from '../session/hub/record.ts';
import { isAwaited } from '../session/hub/replies.ts';
import { newSeat, nextDeadline, type Seat, status, step } from '../session/hub/seat.ts';
import type { Memory } from '../session/memory.ts';
import type { ReasonCode } from '../session/reasons.ts';
import { decodeFrame } from '../session/wire/decode.ts';
import { encodeFrame } from '../session/wire/encode.ts';
import type { Frame, Received } from '../session/wire/frames.ts';
import { transportIdOf } from '../session/wire/transport.ts';
import { turnAway } from './claimDoor.ts';
import type { Timed } from './deadlines.ts';
import type { EnrolledDevice } from './device.ts';
import type { Endpoint } from './endpoints.ts';
import { FrameBudget } from './frameBudget.ts';
import { HintPace } from './hintPace.ts';
import type { PeerStatus, ToHub } from './messages.ts';
import { seatConfig } from './seatConfig.ts';
import { endEvent, seatEvent } from './seatEvent.ts';
import { SessionChannels } from './sessionChannels.ts';
import { SessionData } from './sessionData.ts';
import type { Site } from './site.ts';

/** The main thread commits in milliseconds; after this long the outcome counts as unknown. Chosen. */
const SWAP_TIMEOUT_MS = 2_000;

export class SessionPeer implements Timed {
  readonly mode = 'session';
  readonly gate = new TimestampGate(null);
  readonly channels: SessionChannels;
  readonly data: SessionData;
  device: EnrolledDevice;
  readonly hintPace = new HintPace();
  readonly #site: Site;
  #config: SeatConfig;
  #seat: Seat;
  readonly #budget: FrameBudget;
  /** Of copies, so that nobody who repeats uses up the device's own; and no answer that a question waits for. */
  readonly #copies: FrameBudget;
  #life = 1;
  #swap: { readonly swapId: number; readonly expiresAtMs: number } | null = null;
  #isBroken = false;
  /** Events that came up while another was worked on; as many as data waited for a commit. */
  readonly #queue: SeatEvent[] = [];
  #isFeeding = false;

  constructor(site: Site, device: EnrolledDevice, record: SessionRecord | null) {
    this.#site = site;
    this.device = device;
    this.channels = new SessionChannels(site, this);
    this.data = new SessionData(site, this, this.channels);
    this.#budget = new FrameBudget(site.nowMs());
    this.#copies = new FrameBudget(site.nowMs());
    this.#config = seatConfig(site, device);
    this.#seat = newSeat(record, site.nowMs(), this.#config);
    site.deadlines.note(this);
    this.#tellLease();
  }

  /** Whether there is a session that has not ended. */
  get isLive(): boolean {
    const { record } = this.#seat;
    return !this.#isBroken && record !== null && record.terminated === null;
  }

  /** The core's state, for whoever watches; it never changes in place. */
  get seat(): Seat {
    return this.#seat;
  }

  get state(): string {
    return this.#seat.state ?? 'none';
  }

  /** Renamed or revoked; anything else about a device makes a new peer. */
  update(device: EnrolledDevice): void {
    this.device = device;
    this.#config = seatConfig(this.#site, device);
    if (device.revokedAtMs === null) return;
    // Where another hub owns the session it lives on for a while; for us there is nobody any more.
    this.data.dropHeld();
    this.terminate('revoked');
  }

  /** Enrolled with other addresses while no hub ran: only a new session tells the device. */
  endIfReassigned(): void {
    const { record } = this.#seat;
    const { inner4, inner6 } = this.device;
    if (!this.isLive || (record?.inner4 === inner4 && record.inner6 === inner6)) return;
    this.terminate('operator_terminated');
  }

  /** Begin again with what the store holds; channels and their data are gone. */
  rebuild(record: SessionRecord | null): void {
    this.noteEnd(record);
    this.#forgetEverything();
    this.#life += 1;
    this.#isBroken = false;
    this.#seat = newSeat(record, this.#site.nowMs(), this.#config);
    this.#site.deadlines.note(this);
    this.#tellLease();
  }

  /** Somebody else may have ended our session in the store: then the log says so. */
  noteEnd(record: SessionRecord | null): void {
    const event = endEvent(this.#seat, record, this.device.publicKey, this.#site.nowMs());
    if (event !== null) this.#site.report(event);
  }

  close(): void {
    this.#forgetEverything();
    this.#isBroken = true;
    this.#site.deadlines.forget(this);
  }

  terminate(reasonCode: ReasonCode): void {
    this.feed({ kind: 'operatorTerminate', atMs: this.#site.nowMs(), reasonCode });
    this.#dropRevoked();
  }

  onSwapped({ life, swapId, outcome, current }: Extract<ToHub, { kind: 'swapped' }>): void {
    if (life !== this.#life) return;
    if (this.#swap?.swapId === swapId) this.#swap = null;
    this.feed({ kind: 'swapped', atMs: this.#site.nowMs(), swapId, outcome, current });
    this.#dropRevoked();
    this.#site.rehearsals.onSwapped(this, this.#site.nowMs());
  }

  /** This hub's lease began or ended. @param atMs the batch's time: what comes later in it is not later than this. */
  onLease(isValid: boolean, atMs: number): void {
    this.feed({ kind: 'lease', atMs, isValid });
  }

  /** A bound that is over by the new policy ends the session now, with its reason. */
  onRules(): void {
    this.#config = seatConfig(this.#site, this.device);
    this.feed({ kind: 'tick', atMs: this.#site.nowMs() });
  }

  onOwner({ life, current, isEnded }: Extract<ToHub, { kind: 'owner' }>): void {
    if (life !== this.#life) return;
    this.feed({ kind: 'owner', atMs: this.#site.nowMs(), current, isEnded });
  }

  onRelease({ ownerEpoch, isMemory }: Extract<ToHub, { kind: 'release' }>): void {
    this.feed({ kind: 'release', atMs: this.#site.nowMs(), ownerEpoch, isMemory });
  }

  /** A seat that begins under a lease has to know of it. */
  #tellLease(): void {
    const { setup, isLeaseValid } = this.#site;
    if (setup.lease !== null && isLeaseValid) this.onLease(true, this.#site.nowMs());
  }

  /** What one read of the tun gave for this device. */
  onPacket(memory: Memory, at: number, bytes: number, atMs: number): void {
    this.data.onPacket(memory, at, bytes, atMs);
  }

  /** A type 17 message for `keypair`, from anyone. */
  onControl(keypair: SessionKeypair, datagram: Uint8Array, endpoint: Endpoint, atMs: number): void {
    const { counters } = this.#site;
    const opened = keypair.openControl(datagram);
    if (!opened.ok) {
      counters.countError(opened.code);
      if (opened.code === 'duplicate') this.#onRepeated(keypair, datagram, endpoint, atMs);
      return;
    }
    const { localIndex: channelId, handshakeHash } = keypair;
    const { transportId, plaintext, newest: isNewest } = opened.value;
    const source = endpoint.text;
    if (!this.#budget.take(atMs)) return this.#turnAway(source, atMs);
    if (this.channels.isWaiting(keypair)) {
      const isSame = this.channels.confirm() === source;
      const validated = isSame ? source : null;
      this.#site.awaited.noteHeard(this.device.publicKey);
      this.feed({ kind: 'channelUp', atMs, channelId, handshakeHash, source: validated });
    }
    if (this.channels.find(channelId) === null) return counters.count('channel_refused');
    this.channels.noteSource(keypair, endpoint);
    if (plaintext.length === 0) {
      return this.feed({ kind: 'data', atMs, channelId, transportId, source, isNewest });
    }
    const decoded = decodeFrame(plaintext);
    if (!decoded.ok) return counters.count('unknown_frame');
    const frame = decoded.value;
    if (frame.type === 'attach' || frame.type === 'reattach') {
      const { publicKey } = this.device;
      const refusal = turnAway(this.#site, this.#seat, publicKey, frame, source, atMs);
      if (refusal !== null) return this.#send(channelId, transportId, source, refusal);
    }
    const bytes = datagram.length;
    this.feed({ kind: 'frame', atMs, channelId, transportId, source, bytes, isNewest, frame });
  }

  /** A copy was faster: this one is not taken again, but where it came from counts, and whose address it answers for. */
  #onRepeated(
    keypair: SessionKeypair,
    datagram: Uint8Array,
    endpoint: Endpoint,
    atMs: number,
  ): void {
    const { localIndex: channelId } = keypair;
    if (this.channels.find(channelId) === null || !doDuplicatesCount(this.#seat, atMs)) return;
    // Opened first, as every forgery is: what decides whether it may cost a step is inside.
    const plaintext = keypair.readControl(datagram);
    if (plaintext === null) return;
    const decoded = decodeFrame(plaintext);
    const response = decoded.ok && decoded.value.type === 'response' ? decoded.value : undefined;
    const transportId = transportIdOf(datagram);
    const source = endpoint.text;
    const arrival = { channelId, transportId, source };
    const isAnswer = response !== undefined && isAwaited(this.#seat, arrival, response);
    if (!isAnswer && !this.#copies.take(atMs)) return;
    const said = response === undefined ? {} : { response };
    this.feed({ kind: 'duplicate', atMs, ...arrival, ...said });
  }

  /** A device that floods: dropped after it was opened, so that nobody else can use up its budget. */
  #turnAway(source: string, atMs: number): void {
    this.#site.counters.count('rate_limited');
    const { publicKey } = this.device;
    this.#site.report(
      seatEvent(this.#seat, publicKey, 'refusal', 'rate_limited', atMs, { source }),
    );
  }

  nextDeadlineMs(): number | null {
    if (this.#isBroken) return null;
    const armed = [
      nextDeadline(this.#seat),
      this.channels.nextExpiryMs(),
      this.data.nextDeadlineMs(),
      this.#swap?.expiresAtMs ?? null,
    ].filter((at) => at !== null);
    return armed.length === 0 ? null : Math.min(...armed);
  }

  /** ◆ Nothing is opened or sealed under keys that expired while nobody ran, nor for a session that is over. */
  expire(atMs: number): void {
    for (const channelId of this.channels.expire(atMs)) {
      this.data.forget(channelId);
      this.feed({ kind: 'channelGone', atMs, channelId });
    }
    if (isOver(this.#seat, atMs, this.#config)) this.feed({ kind: 'tick', atMs });
  }

  onTime(atMs: number): void {
    this.expire(atMs);
    this.data.onTime(atMs);
    if (this.#swap !== null && this.#swap.expiresAtMs <= atMs) {
      const { swapId } = this.#swap;
      this.#swap = null;
      this.#site.counters.count('swap_timeout');
      this.feed({ kind: 'swapped', atMs, swapId, outcome: 'unknown', current: null });
    }
    const dueAtMs = nextDeadline(this.#seat);
    if (dueAtMs !== null && dueAtMs <= atMs) this.feed({ kind: 'tick', atMs });
  }

  /** Step the seat and do what it asks. What happens meanwhile is fed after it, never in between. */
  feed(event: SeatEvent): void {
    this.#queue.push(event);
    if (this.#isFeeding) return;
    this.#isFeeding = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      this.#step(next);
    }
    this.#isFeeding = false;
    this.#site.deadlines.note(this);
  }

  #step(event: SeatEvent): void {
    if (this.#isBroken) return;
    try {
      const next = step(this.#seat, event, this.#config);
      this.#seat = next.seat;
      for (const effect of next.effects) this.#perform(effect, event.atMs);
    } catch (error) {
      if (!(error instanceof InvariantError)) throw error;
      this.#onViolated(error.message);
    }
  }

  status(): PeerStatus {
    return {
      mode: 'session',
      name: this.device.name,
      seat: status(this.#seat, this.#config),
      traffic: this.data.traffic.snapshot(),
      held: this.data.heldCount,
      resend: { ...this.data.resend },
    };
  }

  #perform(effect: SeatEffect, atMs: number): void {
    switch (effect.kind) {
      case 'send':
        return this.#send(effect.channelId, effect.transportId, effect.target, effect.frame);
      case 'swap': {
        const { swapId, expectedRevision, record } = effect;
        const { publicKey: device } = this.device;
        this.#swap = { swapId, expiresAtMs: atMs + SWAP_TIMEOUT_MS };
        const life = this.#life;
        return this.#site.post({ kind: 'swap', device, life, swapId, expectedRevision, record });
      }
      case 'route':
        return this.data.setRoute(effect.route, atMs);
      case 'accept':
        return this.data.setAccepted(effect.from, atMs);
      case 'exchange':
        return this.data.beginExchange(effect.exchange, atMs);
      case 'received':
        return this.data.onReceived(effect.frame, atMs);
      case 'dropChannel':
        this.data.forget(effect.channelId);
        return this.channels.drop(effect.channelId, effect.refuseForMs, atMs);
      case 'report':
        return this.#site.report(effect.event);
      case 'askOwner':
      case 'askRelease': {
        assert(this.#site.setup.lease !== null, 'only a shared store has other owners');
        const { publicKey: device } = this.device;
        const named = { ...effect, device };
        return this.#site.post(named.kind === 'askOwner' ? { ...named, life: this.#life } : named);
      }
    }
  }

  /** What resending says; the address is that of the route. */
  tell(channelId: number, transportId: number, target: string, frame: Received): void {
    this.#send(channelId, transportId, target, frame);
  }

  #send(channelId: number, transportId: number, target: string, frame: Frame): void {
    const { endpoints, counters } = this.#site;
    const keypair = this.channels.find(channelId);
    const endpoint = endpoints.find(target);
    if (keypair === null || endpoint === null) return counters.count('channel_expired');
    if (!keypair.hasRoomFor(transportId)) return counters.count('queue_overflow');
    endpoints.sendMessage(endpoint, keypair.sealControl(transportId, encodeFrame(frame)));
  }

  /** Fail closed: nothing of this seat is used again; the main thread ends the session's record. */
  #onViolated(message: string): void {
    const atMs = this.#site.nowMs();
    this.#site.counters.count('invariant_violated');
    this.#site.report(
      seatEvent(this.#seat, this.device.publicKey, 'alarm', 'invariant_violated', atMs, {
        claim: message,
      }),
    );
    this.#isBroken = true;
    this.#tellBroken();
    this.#forgetEverything();
    this.#site.post({ kind: 'violated', device: this.device.publicKey, message });
  }

  /** As far as that still works: the device would find out by silence. */
  #tellBroken(): void {
    const { record, channelId, source } = this.#seat;
    if (record === null || channelId === null || source === null) return;
    const { sessionId, stateVersion, transportId } = record;
    const reasonCode = 'invariant_violated';
    const end = { type: 'terminate', sessionId, reasonCode, stateVersion } as const;
    try {
      this.#send(channelId, transportId, source, end);
    } catch (error) {
      if (!(error instanceof InvariantError)) throw error;
    }
  }

  #dropRevoked(): void {
    if (this.device.revokedAtMs !== null && !this.isLive) this.#forgetEverything();
  }

  #forgetEverything(): void {
    this.channels.dropAll();
    this.data.clear();
    this.#swap = null;
  }
}
