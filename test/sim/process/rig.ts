/**
 * One agent and one hub on a small calm network: what the tests of the processes need, no more.
 *
 * Every datagram takes 10 ms; a link that is down loses them all. Time is virtual. Whatever is sent goes
 * into a hash, so that two runs can be compared byte by byte.
 *
 * @module
 */
import { FLASH_SLOT_BYTES } from '../../../agent/memory.ts';
import type { DatagramOptions, DatagramSocket } from '../../../hal/datagram.ts';
import { MemoryClock } from '../../../hal/memory/clock.ts';
import { MemoryFlash } from '../../../hal/memory/flash.ts';
import { MemoryLinkMonitor } from '../../../hal/memory/links.ts';
import { type Datagram, type MemoryHost, MemoryNetwork } from '../../../hal/memory/network.ts';
import { MemoryTun } from '../../../hal/memory/tun.ts';
import { type HalResult, halOk } from '../../../hal/result.ts';
import type { EnrolledDevice } from '../../../hub/device.ts';
import { Pool } from '../../../hub/pool.ts';
import { loadPolicy } from '../../../policies/load.ts';
import type { Policy } from '../../../policies/schema.ts';
import type { AuditEvent } from '../../../session/audit.ts';
import { encodeKey, NO_PSK, newIdentity } from '../../../session/channel/identity.ts';
import { SPENDING_BYTES } from '../../../session/flash/spending.ts';
import { LEASE_TTL_MS } from '../../../session/ownership/validity.ts';
import { formatAddress } from '../../../session/wire/address.ts';
import { Random } from '../random.ts';
import { World } from '../world.ts';
import type { AgentExit } from './agentParts.ts';
import { AgentProcess } from './agentProcess.ts';
import { Fuse, FusedFlash, FusedSocket, FusedTun } from './fuse.ts';
import { HubProcess, type SharedStore, type SwapAnswer, type SwapRequest } from './hubProcess.ts';
import type { Primitives } from './primitives.ts';
import { PromptStore, RecordTable } from './recordTable.ts';
import { SharedTable } from './sharedTable.ts';
import type { SimProcess } from './simProcess.ts';

const DELAY_MS = 10;
const WRITE_MS = 5;
const COMMIT_MS = 2;
const WALL_MS = Date.UTC(2026, 0, 1);
const hubIp = (at: number) => `192.0.2.${at + 1}`;
export const HUB_INNER = '10.77.0.1';
export const DEVICE_INNER = '10.77.0.2';
const LINKS = [
  { name: 'eth0', kind: 'ethernet', ip: '198.51.100.1' },
  { name: 'wlan0', kind: 'wifi', ip: '198.51.100.2' },
] as const;

export class Rig {
  readonly world = new World();
  readonly clock = new MemoryClock(0, WALL_MS);
  readonly network = new MemoryNetwork();
  readonly monitor = new MemoryLinkMonitor();
  readonly flash = new MemoryFlash(FLASH_SLOT_BYTES);
  readonly agentTun = new MemoryTun('agent');
  readonly hubTun = new MemoryTun('hub');
  /** Of each hub. */
  readonly hubTuns: MemoryTun[] = [];
  readonly agentFuse = new Fuse();
  readonly hubFuse = new Fuse();
  /** Of all hubs. */
  readonly records = new RecordTable();
  readonly store: PromptStore;
  readonly agent: AgentProcess;
  /** The first of them. */
  readonly hub: HubProcess;
  readonly hubs: readonly HubProcess[];
  readonly deviceKey: string;
  readonly audit: AuditEvent[] = [];
  readonly violations: string[] = [];
  readonly exits: AgentExit[] = [];
  datagrams = 0;
  /** Who wants to see each datagram that is sent. */
  onDatagram: (datagram: Datagram) => void = () => {};
  /** Durable work of the agent is never done. */
  isMainThreadStuck = false;
  policyVersion = 1;
  /** Instead of the default one. */
  devicePolicy: Policy | null = null;
  hubPolicy: Policy | null = null;
  readonly spendingFlash = new MemoryFlash(SPENDING_BYTES);
  /** Datagrams that never arrive. */
  swallows: (bytes: Uint8Array) => boolean = () => false;
  /** FNV-1a over time, addresses and bytes of everything that was sent. */
  hash = 0x811c9dc5;
  readonly #down = new Set<string>();
  readonly #agentHost: MemoryHost;
  readonly #cutHubs = new Set<string>();
  readonly #asleep = new Map<SimProcess, (() => void)[]>();
  /** The earliest wake-up that is scheduled for each process. */
  readonly #armedAtMs = new Map<SimProcess, number>();

  /** @param hubCount with two or more the store is shared, under leases. */
  constructor(primitives: Primitives, hubCount = 1, seed = 1) {
    const random = new Random(seed);
    const agentRandom = new Random(random.next());
    const keys = [random.bytes(32), random.bytes(32)] as const;
    const hubKeys = newIdentity(keys[0], primitives.dh);
    const deviceKeys = newIdentity(keys[1], primitives.dh);
    this.deviceKey = encodeKey(deviceKeys.publicKey);
    this.#agentHost = this.network.newHost(
      Object.fromEntries(LINKS.map(({ name, ip }) => [name, [ip]])),
    );
    this.network.onSend((datagram) => this.#carry(datagram));
    for (const { name, ip } of LINKS) this.monitor.set(name, { addresses: [ip] });
    this.monitor.drain();
    const policy = defaultPolicy();
    const both = {
      primitives,
      clock: this.clock,
      policy: () => ({ ...(this.hubPolicy ?? policy), version: this.policyVersion }),
      onAudit: (event: AuditEvent) => this.audit.push(event),
      onViolation: (claim: string) => this.violations.push(claim),
    };
    this.agent = new AgentProcess({
      ...both,
      policy: () => ({ ...(this.devicePolicy ?? policy), version: this.policyVersion }),
      spendingFlash: new FusedFlash(this.spendingFlash, this.agentFuse),
      name: 'device',
      identity: { privateKey: keys[1], hubPublicKey: hubKeys.publicKey, psk: NO_PSK },
      endpoints: Array.from({ length: hubCount }, (_, at) => `${hubIp(at)}:51820`),
      links: LINKS.map(({ name, kind }) => ({ name, kind })),
      mtuMaxBytes: 1_440,
      openSocket: (options) => fused(this.#agentHost, options, this.agentFuse),
      tun: new FusedTun(this.agentTun, this.agentFuse),
      flash: new FusedFlash(this.flash, this.agentFuse),
      snapshots: () => this.monitor.snapshot(),
      random: (count) => agentRandom.bytes(count),
      mainThread: (work) => {
        if (!this.isMainThreadStuck) this.after(WRITE_MS, work);
      },
      onExit: (exit) => this.exits.push(exit),
    });
    const shared = hubCount === 1 ? null : this.#shared();
    const stores = Array.from({ length: hubCount }, () => new SlowStore(this, [this.#device()]));
    this.store = stores[0]!;
    this.hubs = stores.map((store, at) => {
      const hubRandom = new Random(random.next());
      const host = this.network.newHost({ eth0: [hubIp(at)] });
      const tun = at === 0 ? this.hubTun : new MemoryTun(`hub${at}`);
      this.hubTuns.push(tun);
      return new HubProcess({
        ...both,
        name: `hub${at}`,
        hubId: `hub${at}`,
        privateKey: keys[0],
        addresses: [null],
        udpPort: 51_820,
        openSocket: (options) => fused(host, options, this.hubFuse),
        tun: new FusedTun(tun, this.hubFuse),
        mtuBytes: 1_440,
        routes: [`${HUB_INNER}/32`],
        pools: { inner4: new Pool('10.77.0.0/24'), inner6: null },
        random: (count) => hubRandom.bytes(count),
        store,
        shared,
      });
    });
    this.hub = this.hubs[0]!;
  }

  #shared(): SharedStore {
    const table = new SharedTable(this.records, () => this.world.nowMs);
    return {
      ttlMs: LEASE_TTL_MS,
      ask: (hubId, question, answer) => {
        if (this.#cutHubs.has(hubId)) return;
        this.after(COMMIT_MS, () => {
          if (question.kind === 'askRelease') {
            const { device, ownerEpoch, isMemory } = question;
            const owner = this.hubs.find(({ name }) => name === question.owner);
            return this.#when(owner, () => owner?.release(device, ownerEpoch, isMemory));
          }
          const told = table.ask(hubId, question);
          const hub = this.hubs.find(({ name }) => name === hubId);
          if (told !== null) this.after(COMMIT_MS, () => this.#when(hub, () => answer(told)));
        });
      },
    };
  }

  /** The machine is suspended: its clock goes on, what arrives waits. */
  suspend(process: SimProcess): void {
    this.#asleep.set(process, []);
  }

  resume(process: SimProcess): void {
    const postponed = this.#asleep.get(process) ?? [];
    this.#asleep.delete(process);
    this.#sync();
    for (const run of postponed) run();
    process.turn();
    this.#arm();
  }

  /** Now, or when it is awake again. */
  #when(process: SimProcess | undefined, run: () => void): void {
    const postponed = process === undefined ? undefined : this.#asleep.get(process);
    if (postponed === undefined) run();
    else postponed.push(run);
  }

  #turn(process: SimProcess): void {
    if (!this.#asleep.has(process)) process.turn();
  }

  /** From here on this hub reaches the store no more. */
  cutFromStore(hub: HubProcess): void {
    this.#cutHubs.add(hub.name);
  }

  isCutFromStore(name: string): boolean {
    return this.#cutHubs.has(name);
  }

  #device(): EnrolledDevice {
    return {
      publicKey: this.deviceKey,
      name: 'gateway-1',
      mode: 'session',
      inner4: `${DEVICE_INNER}/32`,
      inner6: null,
      allowed: [],
      psk: NO_PSK,
      enrolledAtMs: 0,
      revokedAtMs: null,
    };
  }

  boot(): void {
    for (const hub of this.hubs) hub.boot();
    this.agent.boot();
    this.#arm();
  }

  /** Whatever happens, processes are told and wake-ups kept. */
  after(delayMs: number, run: () => void): void {
    this.world.after(delayMs, () => {
      this.#sync();
      run();
      this.#arm();
    });
  }

  run(forMs: number): void {
    this.runUntil(() => false, forMs);
  }

  /** Whether `isDone` came true in time. */
  runUntil(isDone: () => boolean, maxMs: number): boolean {
    const untilMs = this.world.nowMs + maxMs;
    this.#arm();
    while (!isDone() && this.world.nowMs < untilMs) {
      const stepMs = Math.min(1_000, untilMs - this.world.nowMs);
      this.#runTo(this.world.nowMs + stepMs);
    }
    return isDone();
  }

  #runTo(untilMs: number): void {
    this.world.runUntil(untilMs, () => {});
    this.#sync();
  }

  get isAttached(): boolean {
    const { device } = this.agent;
    return (
      device?.state === 'ATTACHED' &&
      this.hubs.some((hub) => {
        const route = hub.seat(this.deviceKey)?.route ?? null;
        return route !== null && route.transportId === device.activeId;
      })
    );
  }

  setCarrier(link: string, carrier: boolean): void {
    if (carrier) this.#down.delete(link);
    else this.#down.add(link);
    this.monitor.set(link, { carrier });
    this.monitor.drain();
    this.agent.linksChanged();
    this.#arm();
  }

  /** The link says nothing of it, and nothing gets through either way. */
  silence(link: string, isSilent: boolean): void {
    if (isSilent) this.#down.add(link);
    else this.#down.delete(link);
  }

  fromAgent(packet: Uint8Array): void {
    this.#sync();
    this.agentTun.sendFromApplication(packet);
    this.agent.turn();
    this.#arm();
  }

  fromHub(packet: Uint8Array): void {
    this.#sync();
    this.hubTun.sendFromApplication(packet);
    this.hub.turn();
    this.#arm();
  }

  /** The clocks show the world's time. */
  #sync(): void {
    this.clock.advance(this.world.nowMs - this.clock.monotonicMs());
  }

  #arm(): void {
    for (const process of [this.agent, ...this.hubs]) {
      const atMs = process.nextDeadlineMs();
      const armedAtMs = this.#armedAtMs.get(process) ?? Number.POSITIVE_INFINITY;
      if (atMs === null || armedAtMs <= atMs || this.#asleep.has(process)) continue;
      this.#armedAtMs.set(process, atMs);
      this.world.after(atMs - this.world.nowMs, () => {
        if (this.#armedAtMs.get(process) === atMs) this.#armedAtMs.delete(process);
        this.#sync();
        this.#turn(process);
        this.#arm();
      });
    }
  }

  #carry(datagram: Datagram): void {
    this.#note(datagram);
    this.onDatagram(datagram);
    if (datagram.link !== null && this.#down.has(datagram.link)) return;
    if (this.swallows(datagram.bytes)) return;
    const to = formatAddress(datagram.to);
    const link = LINKS.find(({ ip }) => to.startsWith(`${ip}:`));
    if (link !== undefined && this.#down.has(link.name)) return;
    this.world.after(DELAY_MS, () => {
      this.#sync();
      this.network.deliver(datagram);
      const hub = this.hubs.find((_, at) => to === `${hubIp(at)}:51820`);
      this.#turn(hub ?? this.agent);
      this.#arm();
    });
  }

  #note({ from, to, bytes }: Datagram): void {
    this.datagrams += 1;
    let { hash } = this;
    const text = `${this.world.nowMs} ${formatAddress(from)} ${formatAddress(to)} `;
    for (let at = 0; at < text.length; at++)
      hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
    this.hash = hash >>> 0;
  }
}

/** Carried out a little after it was asked, and answered a little after that. */
class SlowStore extends PromptStore {
  readonly #rig: Rig;

  constructor(rig: Rig, devices: readonly EnrolledDevice[]) {
    super(rig.records, devices);
    this.#rig = rig;
  }

  override swap(request: SwapRequest, answer: (answer: SwapAnswer) => void): void {
    const rig = this.#rig;
    const tell = (told: SwapAnswer) => rig.after(COMMIT_MS, () => answer(told));
    rig.hubFuse.around(() => rig.after(COMMIT_MS, () => super.swap(request, tell)));
  }
}

function fused(host: MemoryHost, options: DatagramOptions, fuse: Fuse): HalResult<DatagramSocket> {
  fuse.boundary();
  const opened = host.openDatagramSocket(options);
  if (!opened.ok) return opened;
  try {
    fuse.boundary();
  } catch (cut) {
    opened.value.close(); // as the system does for the dead
    throw cut;
  }
  return halOk(new FusedSocket(opened.value, fuse));
}

export function defaultPolicy(): Policy {
  const loaded = loadPolicy({});
  if (!loaded.ok) throw new Error('the default policy does not load');
  return loaded.policy;
}

/** An IPv4 packet of UDP's number with `mark` behind its header. */
export function packet(source: string, destination: string, mark: number): Uint8Array {
  const made = new Uint8Array(60);
  made[0] = 0x45;
  made[3] = made.length;
  made[8] = 64;
  made[9] = 253; // for experiments, RFC 3692: nothing looks into it
  made.set(source.split('.').map(Number), 12);
  made.set(destination.split('.').map(Number), 16);
  made[20] = mark;
  return made;
}
