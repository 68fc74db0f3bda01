/**
 * A hub in the simulator: the real seats, keys, door, routes and hub time, in one thread.
 *
 * Both threads of the daemon are here. The tunnel thread's turn is `hub/turn.ts`; of the main thread hub
 * time, registry and the way of a swap. Not here: control socket, addresses and routes, plain config.
 *
 * ```text
 *   const hub = new HubProcess(parts);
 *   hub.boot();                      // devices and records from the store, one own-swap a session
 *   hub.turn();                      // after a datagram or a packet arrived, or at nextDeadlineMs()
 *   hub.terminate(deviceKey, 'operator_terminated');
 *   hub.control({ method: 'revoke', device: 'gateway-1' });   // enroll, revoke, devices
 *   hub.release(deviceKey, epoch, isMemory);    // another hub's askRelease, where hubs share the store
 *   hub.crash();                     // also by itself, when the HAL or the store throws a PowerCut
 *   hub.stop();                      // SIGTERM: like a crash, but the lease and hub time's mark are given back
 * ```
 *
 * @module
 */
import type { OpenSocket } from '../../../agent/uplinks.ts';
import type { Clock } from '../../../hal/clock.ts';
import type { ControlAnswer, ControlRequest } from '../../../hal/control.ts';
import type { DatagramSocket } from '../../../hal/datagram.ts';
import type { RandomBytes } from '../../../hal/means.ts';
import type { Tun } from '../../../hal/tun.ts';
import type { RecordStore } from '../../../hub/compareAndSwap.ts';
import type { Pools } from '../../../hub/enrolment.ts';
import type {
  FromHub,
  HubSetup,
  PeerStatus,
  SharedQuestion,
  ToHub,
  TunnelStatus,
} from '../../../hub/messages.ts';
import { Ownership } from '../../../hub/ownership.ts';
import { type DeviceStore, Registry } from '../../../hub/registry.ts';
import { hubRules } from '../../../hub/rules.ts';
import { Site } from '../../../hub/site.ts';
import { HubTime, hubTimeMs, type TimeStore } from '../../../hub/time.ts';
import { Turn } from '../../../hub/turn.ts';
import type { Policy } from '../../../policies/schema.ts';
import { assert, InvariantError } from '../../../session/assert.ts';
import type { AuditEvent } from '../../../session/audit.ts';
import { bytesToHex } from '../../../session/bytes.ts';
import { PLAIN_TIMES } from '../../../session/channel/age.ts';
import type { SessionRecord } from '../../../session/hub/record.ts';
import type { Seat } from '../../../session/hub/seat.ts';
import type { ReasonCode } from '../../../session/reasons.ts';
import type { Primitives } from './primitives.ts';
import {
  Buffers,
  chosenOf,
  closeDead,
  isPowerCut,
  ROUNDS_MAX,
  type SimProcess,
} from './simProcess.ts';

/** As in `hub/daemon.ts`. */
const RESERVE_EVERY_MS = 1_000;
/** A batch of packets and a few for what is resent: a run never has 512. */
const SEALED_SLOTS = 72;

export type SwapRequest = Extract<FromHub, { kind: 'swap' }>;
export type SwapAnswer = Extract<ToHub, { kind: 'swapped' }>;

/**
 * What outlives the process. Records may be shared by several hubs; devices and the mark are this hub's.
 *
 * `Ownership` (hub/ownership.ts) over a `RecordTable` makes the answer to a swap; when it is carried out,
 * and when or whether the answer arrives, is the world's to decide.
 */
export interface HubStore extends RecordStore, DeviceStore, TimeStore {
  readAll(): SessionRecord[];
  /** Call `answer` once, at most; after the process died that does nothing. */
  swap(request: SwapRequest, answer: (answer: SwapAnswer) => void): void;
}

/** What a store that several hubs share does besides swaps; the world's, one for all hubs. */
export interface SharedStore {
  /** How long a lease lasts. */
  readonly ttlMs: number;
  /**
   * Carry out `question` of the hub `hubId`; `answer` is called once, at most, with `leaseAnswered` or
   * `owner`. `askRelease` has no answer: it is for {@link HubProcess.release} of the hub it names.
   */
  ask(hubId: string, question: SharedQuestion, answer: (message: ToHub) => void): void;
}

export interface HubParts {
  readonly name: string;
  readonly hubId: string;
  readonly privateKey: Uint8Array;
  /** One socket each; null: all addresses. */
  readonly addresses: readonly (string | null)[];
  readonly udpPort: number;
  readonly openSocket: OpenSocket;
  readonly tun: Tun;
  readonly mtuBytes: number;
  /** Networks that devices are told to reach through this hub. */
  readonly routes: readonly string[];
  readonly pools: Pools;
  /** Read at each boot. */
  readonly policy: () => Policy;
  readonly primitives: Primitives;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly store: HubStore;
  /** Null: no other hub uses the records. */
  readonly shared: SharedStore | null;
  readonly onAudit: (event: AuditEvent) => void;
  /** A broken invariant: a finding. With a device only its seat broke and the process goes on. */
  readonly onViolation: (claim: string, device: string | null) => void;
}

interface Life {
  readonly site: Site;
  readonly turn: Turn;
  readonly time: HubTime;
  readonly registry: Registry;
}

export class HubProcess implements SimProcess {
  readonly name: string;
  readonly #parts: HubParts;
  readonly #ownership: Ownership;
  readonly #buffers = new Buffers();
  readonly #sockets: DatagramSocket[] = [];
  readonly #inbox: ToHub[] = [];
  #life: Life | null = null;
  #lives = 0;
  #reserveAtMs = 0;
  #isTurning = false;
  #told: { status: TunnelStatus | null; peers: readonly PeerStatus[] } = {
    status: null,
    peers: [],
  };

  constructor(parts: HubParts) {
    this.name = parts.name;
    this.#parts = parts;
    this.#ownership = new Ownership(parts.store);
  }

  get isRunning(): boolean {
    return this.#life !== null;
  }

  /** The state of a device's seat; null while the process is down or where there is none. */
  seat(publicKey: string): Seat | null {
    return this.#life?.turn.peers.session(publicKey)?.seat ?? null;
  }

  /** Hub time; null while the process is down. */
  hubTimeMs(): number | null {
    return this.#life?.time.nowMs() ?? null;
  }

  boot(): void {
    if (this.#life !== null) return;
    this.#guarded(() => this.#boot());
    this.turn();
  }

  #boot(): void {
    const { clock, store, tun, random, primitives, pools } = this.#parts;
    const time = new HubTime(clock, store);
    this.#reserveAtMs = clock.monotonicMs() + RESERVE_EVERY_MS;
    const setup = this.#setup(time);
    this.#buffers.reset();
    this.#openSockets();
    const site = new Site(setup, {
      chosen: chosenOf(primitives),
      means: { dh: primitives.dh, random, newMemory: this.#buffers.newMemory },
      nowMs: () => hubTimeMs(time.base, clock),
      tun,
      sockets: [...this.#sockets],
      post: (message) => this.#onPost(message),
    });
    const turn = new Turn(site, () => true);
    const registry = new Registry({
      store,
      pools,
      nowMs: () => time.nowMs(),
      onChanged: (after, before) => this.#inbox.push(this.#ownership.onDevice(after, before)),
    });
    this.#life = { site, turn, time, registry };
  }

  #openSockets(): void {
    const { addresses, udpPort: port, openSocket } = this.#parts;
    for (const address of addresses) {
      const bufferBytes = 8 * 1024 * 1024;
      const opened = openSocket({
        link: null,
        address,
        port,
        mark: null,
        bufferBytes,
        offload: 'off',
      });
      if (!opened.ok) throw new Error(`${this.name}: ${opened.code} ${opened.detail}`);
      this.#sockets.push(opened.value);
    }
  }

  #setup(time: HubTime): HubSetup {
    const { privateKey, hubId, addresses, udpPort, tun, mtuBytes, routes, random } = this.#parts;
    const { store, policy } = this.#parts;
    return {
      wakeFd: -1,
      port: null as never,
      privateKey,
      hubId,
      addresses,
      udpPort,
      tunName: tun.name,
      mtuBytes,
      offload: 'off',
      sealedSlots: SEALED_SLOTS,
      dataCipher: 'auto',
      time: time.base,
      lease: this.#leaseConfig(),
      routes,
      rules: hubRules(policy()),
      seed: random(32),
      plainTimes: PLAIN_TIMES,
      devices: store.devices(),
      records: store.readAll(),
    };
  }

  #leaseConfig(): HubSetup['lease'] {
    const { shared, random } = this.#parts;
    if (shared === null) return null;
    return { instance: bytesToHex(random(16)), ttlMs: shared.ttlMs };
  }

  crash(): void {
    if (this.#life !== null) this.#drop();
  }

  /** SIGTERM. Ends no session: the next process finds them in the store. */
  stop(): void {
    const time = this.#life?.time;
    if (this.#parts.shared !== null) this.#tell({ kind: 'stop' });
    this.#drop();
    if (time !== undefined) this.#guarded(() => time.release());
  }

  turn(): void {
    const life = this.#life;
    if (life === null || this.#isTurning) return;
    this.#isTurning = true;
    this.#guarded(() => this.#turn(life));
    this.#isTurning = false;
  }

  #turn(life: Life): void {
    const { clock } = this.#parts;
    const { site, turn } = life;
    if (this.#reserveAtMs <= clock.monotonicMs()) {
      this.#reserveAtMs = clock.monotonicMs() + RESERVE_EVERY_MS;
      life.time.reserve();
    }
    turn.expire(site.nowMs());
    for (let rounds = 0; this.#life === life; rounds++) {
      assert(rounds < ROUNDS_MAX, `${this.name} spins`);
      for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift())
        turn.onMessage(next);
      const moved = turn.take(site.nowMs());
      turn.onTime(site.nowMs());
      if (moved === 0 && this.#inbox.length === 0) break;
    }
  }

  nextDeadlineMs(): number | null {
    const life = this.#life;
    if (life === null) return null;
    const deadlineMs = life.turn.nextDeadlineMs();
    if (deadlineMs === null) return this.#reserveAtMs;
    return Math.min(this.#reserveAtMs, deadlineMs - life.time.base.offsetMs);
  }

  /** The operator ends a session. */
  terminate(publicKey: string, reasonCode: ReasonCode): void {
    this.#tell({ kind: 'terminate', device: publicKey, reasonCode });
  }

  /** An operator's request to the registry: `devices`, `enroll`, `revoke`. Null: the hub is down. */
  control(request: ControlRequest): ControlAnswer | null {
    let answer: ControlAnswer | null = null;
    const registry = this.#life?.registry;
    if (registry === undefined) return null;
    this.#guarded(() => {
      answer = registry.handle(request);
    });
    this.turn();
    return answer;
  }

  /** `policy` gives another one than before. */
  readonly reloadPolicy = () =>
    this.#tell({ kind: 'policy', rules: hubRules(this.#parts.policy()) });

  /** What `jvpn status` shows; null while the process is down. */
  status(): TunnelStatus | null {
    this.#told.status = null;
    this.#tell({ kind: 'status', requestId: 1 });
    return this.#told.status;
  }

  peers(): readonly PeerStatus[] {
    this.#told.peers = [];
    this.#tell({ kind: 'peers', requestId: 1 });
    return this.#told.peers;
  }

  /** Another hub wants the record of a device that this one owns. */
  release(device: string, ownerEpoch: number, isMemory: boolean): void {
    this.#tell({ kind: 'release', device, ownerEpoch, isMemory });
  }

  #tell(message: ToHub): void {
    if (this.#life === null) return;
    this.#inbox.push(message);
    this.turn();
  }

  #onPost(message: FromHub): void {
    switch (message.kind) {
      case 'swap':
        return this.#swap(message);
      case 'askLease':
      case 'askOwner':
      case 'askRelease':
        return this.#ask(message);
      case 'audit':
        return this.#parts.onAudit(message.event);
      case 'violated':
        return this.#onViolated(message.device, message.message);
      case 'status':
        this.#told.status = message.status;
        return;
      case 'peers':
        this.#told.peers = message.peers;
        return;
      case 'rehearse': // for a thread that there is none of here
      case 'ready':
      case 'failed':
    }
  }

  #ask(question: SharedQuestion): void {
    const { shared, hubId } = this.#parts;
    assert(shared !== null, 'a hub that shares its store has a shared store');
    const lives = this.#lives;
    const answer = (message: ToHub) => {
      if (lives === this.#lives) this.#tell(message);
    };
    shared.ask(hubId, question, answer);
  }

  #swap(request: SwapRequest): void {
    const lives = this.#lives;
    this.#parts.store.swap(request, (answer) => {
      if (lives !== this.#lives) return;
      this.#inbox.push(answer);
      this.turn();
    });
  }

  /** As the daemon does: the session ends in the store, and the seat begins again. */
  #onViolated(device: string, claim: string): void {
    this.#parts.onViolation(claim, device);
    const record = this.#ownership.end(device, 'invariant_violated');
    this.#inbox.push({ kind: 'rebuild', device, record });
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#drop();
      if (isPowerCut(error)) return;
      if (!(error instanceof InvariantError)) throw error;
      this.#parts.onViolation(error.message, null);
    }
  }

  #drop(): void {
    this.#lives += 1;
    this.#life = null;
    this.#inbox.length = 0;
    for (const socket of this.#sockets) closeDead(socket);
    this.#sockets.length = 0;
  }
}
