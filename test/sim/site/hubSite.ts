/**
 * A hub with everything around its process: clock, addresses, its way to the store, the site behind it.
 *
 * @module
 */
import type { EnrolledDevice } from '../../../hub/device.ts';
import type { AuditEvent } from '../../../session/audit.ts';
import { hasBattery, SimClock } from '../clock/simClock.ts';
import { Machine, type MachineEvents } from '../machine/machine.ts';
import type { Internet, HubSite as Listener } from '../network/internet.ts';
import type { HubPlan, PolicyVariant } from '../options.ts';
import { policyOf } from '../policy.ts';
import { HubProcess, type SharedStore } from '../process/hubProcess.ts';
import type { Primitives } from '../process/primitives.ts';
import type { Random } from '../random.ts';
import { HubStoreClient } from '../store/hubStore.ts';
import type { SimStore } from '../store/simStore.ts';
import { SimTun } from '../traffic/simTun.ts';
import type { World } from '../world.ts';
import { readPools } from './pools.ts';

export const HUB_PORT = 51_820;
/** `systemctl restart`. */
const POLICY_RESTART_MS = 100;
/** How often a hub that cannot read its store is started again. */
const STORE_RETRY_MS = 500;

export interface HubSiteParts {
  readonly world: World;
  readonly internet: () => Internet;
  readonly random: Random;
  readonly primitives: Primitives;
  readonly privateKey: Uint8Array;
  readonly store: SimStore;
  /** Null: the store is this hub's alone. */
  readonly shared: SharedStore | null;
  readonly devices: readonly EnrolledDevice[];
  readonly events: MachineEvents;
  readonly onAudit: (site: HubSite, event: AuditEvent) => void;
  readonly onViolation: (site: HubSite, claim: string) => void;
}

/** The first is IPv4, the second IPv6. */
export const hubAddresses = (at: number, { addresses }: HubPlan): readonly string[] =>
  [`203.0.113.${at + 1}`, `2001:db8:ff::${at + 1}`].slice(0, addresses);

/** When its machine is awake; never if that dies first. Whoever does it may die of it, and is started again. */
type Later = (work: () => void) => void;

function answeredBy(shared: SharedStore, later: Later): SharedStore {
  return {
    ttlMs: shared.ttlMs,
    ask: (hubId, question, answer) =>
      shared.ask(hubId, question, (message) => later(() => answer(message))),
  };
}

export class HubSite implements Listener {
  readonly name: string;
  /** Number of the machine in the run. */
  readonly origin: number;
  readonly machine: Machine;
  readonly tun: SimTun;
  readonly process: HubProcess;
  readonly #hasBattery: boolean;
  policy: PolicyVariant;
  /** Nothing reaches it from the internet, nor leaves it. */
  isCut = false;

  constructor(
    at: number,
    origin: number,
    plan: HubPlan,
    policy: PolicyVariant,
    parts: HubSiteParts,
  ) {
    const { world, store, events } = parts;
    this.name = `hub-${at}`;
    this.origin = origin;
    this.policy = policy;
    const random = parts.random.fork(this.name);
    const clock = new SimClock(world, plan.clock);
    this.#hasBattery = hasBattery(plan.clock);
    this.machine = new Machine(this.name, world, clock, events);
    const { fuse } = this.machine;
    this.tun = new SimTun('jvh0', fuse);
    const keys = random.fork('keys');
    const later: Later = (work) => this.machine.act(work);
    this.process = new HubProcess({
      name: this.name,
      hubId: this.name,
      privateKey: parts.privateKey,
      addresses: hubAddresses(at, plan),
      udpPort: HUB_PORT,
      openSocket: (options) => parts.internet().listen(this, String(options.address), options),
      tun: this.tun,
      mtuBytes: 1_440,
      routes: ['10.79.0.0/24'],
      pools: readPools(),
      policy: () => policyOf(this.policy),
      primitives: parts.primitives,
      clock,
      random: (count) => keys.bytes(count),
      store: new HubStoreClient(this.name, store, fuse, parts.devices, later),
      shared: parts.shared === null ? null : answeredBy(parts.shared, later),
      onAudit: (event) => parts.onAudit(this, event),
      onViolation: (claim) => parts.onViolation(this, claim),
    });
    this.machine.run(this.process);
    this.machine.onDeath = () => {
      this.tun.close();
      store.hubDied(this.name);
    };
    this.machine.waitsMs = () => (store.isReachable(this.name) ? 0 : STORE_RETRY_MS);
  }

  get fuse() {
    return this.machine.fuse;
  }

  wake(): void {
    this.machine.wake();
  }

  /** Power goes, and the clocks begin anew. What the store holds stays. */
  cutPower(): void {
    this.machine.clock.reboot(this.#hasBattery);
  }

  /** A policy file that was replaced; the hub reads it when it starts, and it is started again. */
  usePolicy(policy: PolicyVariant): void {
    this.policy = policy;
    this.machine.crash(POLICY_RESTART_MS);
  }

  /** … or is read by the running hub. Versions are a device's matter: a hub takes what its operator gives it. */
  reloadPolicy(policy: PolicyVariant, isOlder: boolean): boolean {
    if (isOlder || this.policy === policy) return false;
    this.policy = policy;
    this.machine.act(() => this.process.reloadPolicy());
    return true;
  }
}
