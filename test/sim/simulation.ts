/**
 * Everything that takes part in a run, joined: machines, network, store, applications and checkers.
 *
 * @module
 */
import type { AuditEvent } from '../../session/audit.ts';
import { Answers } from './checkers/answers.ts';
import { Bindings } from './checkers/bindings.ts';
import { boundsIn } from './checkers/bounds.ts';
import { Copies } from './checkers/copies.ts';
import { Devices } from './checkers/devices.ts';
import { Doors } from './checkers/doors.ts';
import { Durability } from './checkers/durability.ts';
import { Governor } from './checkers/governor.ts';
import { Hubs } from './checkers/hubs.ts';
import { Records } from './checkers/records.ts';
import { Seals } from './checkers/seals.ts';
import { judgeTables } from './checkers/tables.ts';
import { invariantOf, type Report, type Watch } from './checkers/watch.ts';
import { Wire } from './checkers/wire.ts';
import { Seen } from './coverage.ts';
import type { MachineEvents } from './machine/machine.ts';
import { wordsOf } from './network/datagram.ts';
import { frameWordsOf } from './network/frameWords.ts';
import { Internet } from './network/internet.ts';
import { Passage } from './network/passage.ts';
import type { InvariantId, Violation } from './outcome.ts';
import { policyOf, switchesMax } from './policy.ts';
import { fastPrimitives, type Primitives, realPrimitives } from './process/primitives.ts';
import { Random } from './random.ts';
import type { Scenario } from './scenario.ts';
import { DeviceSite, type Identity } from './site/deviceSite.ts';
import { HUB_PORT, HubSite, hubAddresses } from './site/hubSite.ts';
import { drawHubIdentity, drawIdentity, enrolled, revocation } from './site/pools.ts';
import { SimSharedStore } from './store/sharedStore.ts';
import { SimStore } from './store/simStore.ts';
import type { Trace } from './trace.ts';
import { EndToEnd } from './traffic/endToEnd.ts';
import { World } from './world.ts';

/** How often status is asked for, in sweeps. */
const SWEEPS_PER_LOOK = 10;
/** Of one rule; after that it is only counted. */
const TOLD_PER_CHECKER = 5;

/** Ends a run at once. */
export class Abort extends Error {}

export class Simulation {
  readonly world = new World();
  readonly seen = new Seen();
  readonly violations: Violation[] = [];
  readonly scenario: Scenario;
  readonly trace: Trace;
  readonly store: SimStore;
  readonly devices: DeviceSite[] = [];
  readonly hubs: HubSite[] = [];
  /** Devices that the operator has thrown out. */
  readonly revoked = new Set<number>();
  readonly applications: EndToEnd;
  commits = 0;
  #sweeps = 0;
  /** Machines whose flash lost something. */
  readonly #forgetful = new Set<string>();
  readonly #random: Random;
  readonly #watches: readonly Watch[];
  readonly #told = new Map<string, number>();
  readonly #shared: SimSharedStore;
  readonly #internet: Internet;
  readonly #primitives: Primitives;
  readonly #endpoints: readonly string[];
  readonly #sites = new Map<string, DeviceSite | HubSite>();
  readonly #identities: readonly Identity[];

  constructor(scenario: Scenario, trace: Trace) {
    const { seed, options } = scenario;
    this.scenario = scenario;
    this.trace = trace;
    this.#random = new Random(seed).fork('run');
    this.#primitives = options.primitives === 'real' ? realPrimitives : fastPrimitives;
    this.#watches = this.#newWatches(options.primitives === 'real');
    this.store = this.#newStore(options.storeDelayMs);
    this.#shared = new SimSharedStore(this.world, this.#random.fork('leases'), this.store);
    this.#shared.onRelease = ({ owner, device, ownerEpoch, isMemory }) => {
      const hub = this.hubs.find(({ name }) => name === owner);
      hub?.machine.act(() => hub.process.release(device, ownerEpoch, isMemory));
    };
    this.applications = new EndToEnd(({ invariant, checker, sentence }) =>
      this.report(invariant, checker, sentence),
    );
    this.#endpoints = options.hubs.flatMap((plan, at) =>
      hubAddresses(at, plan).map((ip) =>
        ip.includes(':') ? `[${ip}]:${HUB_PORT}` : `${ip}:${HUB_PORT}`,
      ),
    );
    this.#internet = this.#newInternet();
    const { dh } = this.#primitives;
    const keys = this.#random.fork('identities');
    const hub = drawHubIdentity(keys, dh);
    this.#identities = options.devices.map((_, at) => drawIdentity(keys, at, hub.publicKey, dh));
    for (const [at] of options.hubs.entries()) this.#addHub(at, hub.privateKey);
    for (const [at] of options.devices.entries()) this.#addDevice(`device-${at}`, at);
  }

  readonly #judge: Report = (checker, who, fault) => {
    if (fault === null) return;
    this.report(invariantOf(fault), checker, `${who}: ${fault.slice(fault.indexOf(': ') + 2)}`);
  };

  #newWatches(isSealed: boolean): readonly Watch[] {
    const report = this.#judge;
    const boundsOf = (who: string) => boundsIn(this.scenario, this.#device(who).identity.index);
    const clockMs = (who: string) => {
      const { machine } = this.#device(who);
      return machine.isAwake ? machine.clock.monotonicMs() : null;
    };
    const durableOf = (who: string) => this.#device(who).durable;
    return [
      new Seals(report, isSealed),
      new Records(report, switchesMax()),
      new Bindings(report),
      new Hubs(report, (device) => this.store.record(device)?.owner ?? null),
      new Devices(report, { boundsOf, clockMs }),
      new Answers(report, clockMs, (who) => boundsOf(who).slackMs),
      new Durability(report, durableOf),
      new Copies(report, durableOf),
      new Governor(report, (who) => policyOf(this.#device(who).policy).switching),
      new Doors(report, (who) => this.#forgetful.has(who) || this.#hasCopy(who)),
      new Wire(report, {
        deviceOf: (who) => {
          const site = this.#sites.get(who);
          return site instanceof DeviceSite ? site.identity.publicKey : null;
        },
        record: (device) => this.store.record(device),
      }),
    ];
  }

  #newStore(delayMs: number): SimStore {
    const store = new SimStore(this.world, this.#random.fork('store'), delayMs);
    store.onCommit = (hub, before, after) => {
      this.commits += 1;
      const { stateVersion, transportId, revision, ownerEpoch, terminated } = after;
      const end = terminated === null ? '' : ` ${terminated}`;
      this.note(
        hub,
        `commits v${stateVersion} T${transportId} revision ${revision} epoch ${ownerEpoch}${end}`,
      );
      this.#tell((watch) => watch.onCommit?.({ atMs: this.world.nowMs, hub, before, after }));
    };
    store.onLearned = (hub, record) => this.#tell((watch) => watch.onLearned?.(hub, record));
    return store;
  }

  #newInternet(): Internet {
    const passage = new Passage(this.world, this.#random.fork('network'), (...packet) => {
      const [bytes, sentAtMs, arrivedAtMs, way, fate] = packet;
      this.seen.fate(fate);
      const words = this.trace.isWhole ? frameWordsOf : wordsOf;
      this.trace.packet(bytes, sentAtMs, arrivedAtMs, way, fate, words);
    });
    return new Internet(passage, this.#endpoints, (from, to, isUp, bytes, transportId) => {
      const sent = { atMs: this.world.nowMs, from, to, isUp, bytes, transportId };
      this.#tell((watch) => watch.onSent?.(sent));
    });
  }

  #addHub(at: number, privateKey: Uint8Array): void {
    const { options } = this.scenario;
    const name = `hub-${at}`;
    const site = new HubSite(at, 100 + at, options.hubs[at]!, options.policy, {
      world: this.world,
      internet: () => this.#internet,
      random: this.#random,
      primitives: this.#primitives,
      privateKey,
      store: this.store,
      shared: options.isLeased ? this.#shared : null,
      devices: this.#identities.map(enrolled),
      events: this.#eventsOf(name),
      onAudit: (hub, event) => this.#onAudit(hub, event),
      onViolation: (hub, claim) => this.report('crash', 'assertion', `${hub.name}: ${claim}`),
    });
    site.machine.onBoot = () => this.#tell((watch) => watch.onBoot?.(name));
    site.tun.onDelivered = (packet) => this.applications.onDelivered(name, null, packet);
    this.hubs.push(site);
    this.#sites.set(name, site);
  }

  #addDevice(name: string, index: number): DeviceSite {
    const { options } = this.scenario;
    const origin = this.devices.length + 1;
    const plan = options.devices[index]!;
    const site = new DeviceSite(name, origin, this.#identities[index]!, plan, options.policy, {
      world: this.world,
      internet: this.#internet,
      random: this.#random,
      primitives: this.#primitives,
      endpoints: this.#endpoints,
      flashWriteMs: options.flashWriteMs,
      events: this.#eventsOf(name),
      onAudit: (device, event) => this.#onAudit(device, event),
      onViolation: (device, claim) => this.report('crash', 'assertion', `${device.name}: ${claim}`),
      onOverfull: (device, bytes) =>
        this.report('I11', 'telemetryQueue', `${device.name} keeps ${bytes} bytes of reports`),
    });
    site.machine.onBoot = () => {
      const { forgotten } = site.flash;
      if (forgotten !== null) this.#forgetful.add(name);
      if (forgotten !== null) this.#tell((watch) => watch.onForgotten?.(name, forgotten));
      this.#tell((watch) => watch.onBoot?.(name));
    };
    site.tun.onDelivered = (packet) => this.applications.onDelivered(name, index, packet);
    this.devices.push(site);
    this.#sites.set(name, site);
    return site;
  }

  #eventsOf(name: string): MachineEvents {
    return {
      note: (text) => {
        this.note(name, text);
        if (text === 'dies') this.#tell((watch) => watch.onDeath?.(name));
      },
      defect: (error) => {
        const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
        this.report('crash', 'exception', `${name}: ${words}`);
      },
      spin: (sentence) => {
        this.report('spin', 'turns', sentence);
        throw new Abort(sentence);
      },
    };
  }

  #onAudit(site: DeviceSite | HubSite, event: AuditEvent): void {
    const isDevice = site instanceof DeviceSite;
    const role = isDevice ? 'device' : 'hub';
    const { from, to, reasonCode, stateVersion } = event;
    this.seen.reason(`${role} ${reasonCode}`);
    if (to !== null) this.seen.state(`${role} ${to}`);
    const move = to === null ? '' : ` ${from} → ${to}`;
    this.note(site.name, `${event.event}${move} ${reasonCode} v${stateVersion} ${wordsIn(event)}`);
    const core = isDevice ? site.process.device : null;
    const held = core === null ? null : { secret: core.secret, memoryKey: core.memoryKey };
    const said = { atMs: this.world.nowMs, who: site.name, role } as const;
    this.#tell((watch) => watch.onSaid?.({ ...said, event, held }));
  }

  /** A second machine with everything that the flash of `index` holds now. */
  clone(index: number, downMs: number): boolean {
    const original = this.devices[index];
    const name = `device-${index}-clone`;
    if (original === undefined || this.#sites.has(name)) return false;
    const copy = this.#addDevice(name, index);
    copy.flash.copyFrom(original.flash);
    copy.machine.bootAfter(downMs);
    return true;
  }

  operatorTerminate(index: number): boolean {
    const key = this.#identities[index]?.publicKey;
    const awake = this.hubs.filter(({ machine }) => machine.isAwake);
    if (key === undefined || awake.length === 0) return false;
    for (const { machine, process } of awake) {
      machine.act(() => process.terminate(key, 'operator_terminated'));
    }
    return true;
  }

  /** At all hubs that run now. */
  revoke(index: number): boolean {
    const identity = this.#identities[index];
    const awake = this.hubs.filter(({ machine }) => machine.isAwake);
    if (identity === undefined || awake.length === 0) return false;
    this.revoked.add(index);
    for (const { machine, process } of awake) {
      machine.act(() => process.control(revocation(identity)));
    }
    return true;
  }

  #hasCopy(who: string): boolean {
    const { index } = this.#device(who).identity;
    return this.devices.some(({ isClone, identity }) => isClone && identity.index === index);
  }

  pickSlot(): 0 | 1 {
    return this.#random.below(2) as 0 | 1;
  }

  sweep(): void {
    this.#tell((watch) => watch.onSweep?.(this.world.nowMs));
    this.#sweeps += 1;
    if (this.#sweeps % SWEEPS_PER_LOOK === 0) judgeTables(this.#judge, this.devices, this.hubs);
  }

  end(): void {
    this.#tell((watch) => watch.onEnd?.());
  }

  note(who: string, text: string): void {
    this.trace.note(this.world.nowMs, who, text);
  }

  report(invariant: InvariantId, checker: string, sentence: string): void {
    const count = (this.#told.get(checker) ?? 0) + 1;
    this.#told.set(checker, count);
    if (count > TOLD_PER_CHECKER) return;
    this.violations.push({ invariant, checker, sentence, atMs: this.world.nowMs });
    this.note('checker', `${invariant} ${checker}: ${sentence}`);
  }

  #device(who: string): DeviceSite {
    return this.#sites.get(who) as DeviceSite;
  }

  #tell(what: (watch: Watch) => void): void {
    for (const watch of this.#watches) what(watch);
  }
}

function wordsIn({ detail }: AuditEvent): string {
  return Object.entries(detail)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
}
