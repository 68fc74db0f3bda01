/**
 * Everything that takes part in a run, joined: machines, network, store, applications and checkers.
 *
 * @module
 */
import { isLive } from '../../session/hub/state.ts';
import { newWatches } from './checkers/everyWatch.ts';
import { judgeTables } from './checkers/tables.ts';
import { Waits } from './checkers/waits.ts';
import { Internet } from './network/internet.ts';
import { Passage } from './network/passage.ts';
import { Observer } from './observer.ts';
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

export class Simulation {
  readonly world = new World();
  readonly observer: Observer;
  readonly scenario: Scenario;
  readonly store: SimStore;
  readonly devices: DeviceSite[] = [];
  readonly hubs: HubSite[] = [];
  /** Devices that the operator has thrown out. */
  readonly revoked = new Set<number>();
  readonly applications: EndToEnd;
  /** What devices were told to wait. */
  readonly waits = new Waits((hub, device) => this.#patienceOfOwnerMs(hub, device));
  #sweeps = 0;
  /** Machines whose flash lost everything: they cannot know which timestamps they used. */
  readonly #forgetful = new Set<string>();
  readonly #random: Random;
  readonly #shared: SimSharedStore;
  readonly #internet: Internet;
  readonly #primitives: Primitives;
  readonly #endpoints: readonly string[];
  readonly #identities: readonly Identity[];

  constructor(scenario: Scenario, trace: Trace) {
    const { seed, options } = scenario;
    this.scenario = scenario;
    this.#random = new Random(seed).fork('run');
    this.#primitives = options.primitives === 'real' ? realPrimitives : fastPrimitives;
    this.observer = new Observer(this.world, trace);
    this.store = new SimStore(this.world, this.#random.fork('store'), options.storeDelayMs);
    this.store.onCommit = (hub, before, after) => this.observer.onCommit(hub, before, after);
    this.store.onDoubt = (hub, device, isInDoubt) =>
      this.observer.tell((watch) => watch.onDoubt?.(hub, device, isInDoubt));
    this.store.onLearned = (hub, record) =>
      this.observer.tell((watch) => watch.onLearned?.(hub, record));
    const watches = newWatches(this.observer.judge, {
      scenario,
      deviceSite: (who) => this.devices.find(({ name }) => name === who) ?? null,
      hubs: this.hubs,
      devices: () => this.#identities.map(({ publicKey }) => publicKey),
      record: (device) => this.store.record(device),
      policiesOf: (device) =>
        this.devices
          .filter(({ identity }) => identity.publicKey === device)
          .map(({ inForce }) => inForce),
      mayBeBehind: (who) => this.#forgetful.has(who) || this.#hasCopy(who),
    });
    this.observer.watches = [...watches, this.waits];
    this.#shared = new SimSharedStore(this.world, this.#random.fork('leases'), this.store);
    this.#shared.onRelease = ({ owner, device, ownerEpoch, isMemory }) => {
      const hub = this.hubs.find(({ name }) => name === owner);
      hub?.machine.act(() => hub.process.release(device, ownerEpoch, isMemory));
    };
    this.applications = new EndToEnd(
      ({ invariant, checker, sentence }) => this.observer.report(invariant, checker, sentence),
      () => this.world.nowMs,
    );
    this.#endpoints = options.hubs.flatMap((plan, at) =>
      hubAddresses(at, plan).map((ip) =>
        ip.includes(':') ? `[${ip}]:${HUB_PORT}` : `${ip}:${HUB_PORT}`,
      ),
    );
    const { onPacket, onSent } = this.observer;
    const passage = new Passage(this.world, this.#random.fork('network'), onPacket);
    this.#internet = new Internet(passage, this.#endpoints, onSent);
    const { dh } = this.#primitives;
    const keys = this.#random.fork('identities');
    const hub = drawHubIdentity(keys, dh);
    this.#identities = options.devices.map((_, at) => drawIdentity(keys, at, hub.publicKey, dh));
    for (const [at] of options.hubs.entries()) this.#addHub(at, hub.privateKey);
    for (const [at] of options.devices.entries()) this.#addDevice(`device-${at}`, at);
  }

  /** 0: `hub` itself owns the session of `device`, or nobody does. */
  #patienceOfOwnerMs(hub: string, device: string): number {
    const owner = this.hubs.find(({ name }) => name === this.store.record(device)?.owner);
    if (owner === undefined || owner.name === hub || !owner.machine.isAwake) return 0;
    return owner.process.seat(device)?.noticeMs ?? 0;
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
      events: this.observer.eventsOf(name),
      onAudit: (_, event) => this.observer.onAudit(name, 'hub', event, null),
      onViolation: (hub, claim) =>
        this.observer.report('crash', 'assertion', `${hub.name}: ${claim}`),
    });
    site.machine.onBoot = () => this.observer.tell((watch) => watch.onBoot?.(name));
    site.tun.onDelivered = (packet) =>
      this.#onDelivered(name, null, packet, (device) => {
        const record = site.process.seat(device)?.record ?? null;
        return isLive(record) ? record.sessionId : null;
      });
    this.hubs.push(site);
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
      events: this.observer.eventsOf(name),
      onAudit: ({ process }, event) => this.observer.onAudit(name, 'device', event, process.device),
      onViolation: (device, claim) =>
        this.observer.report('crash', 'assertion', `${device.name}: ${claim}`),
      onRenumbered: (_, transportIds) =>
        this.observer.tell((watch) => watch.onRenumbered?.(name, transportIds, this.world.nowMs)),
      onTold: () => this.observer.tell((watch) => watch.onTold?.(name, this.world.nowMs)),
      onReports: (device, fault) => this.observer.judge('telemetryQueue', device.name, fault),
    });
    site.machine.onBoot = () => {
      site.lookAtSpending();
      // A flash that nobody has written yet forgot nothing.
      const forgotten = site.machine.life > 0 ? site.flash.forgotten : null;
      // After the loss of one slot ceilings are lifted over what it may have held.
      if (forgotten === 'all') this.#forgetful.add(name);
      if (forgotten !== null) this.observer.tell((watch) => watch.onForgotten?.(name, forgotten));
      this.observer.tell((watch) => watch.onBoot?.(name));
    };
    site.tun.onDelivered = (packet) =>
      this.#onDelivered(name, index, packet, () => {
        const { device } = site.process;
        return device === null || device.state === 'TERMINATED' ? null : device.sessionId;
      });
    this.devices.push(site);
    return site;
  }

  /** @param sessionWith the living session that `who` has with a device, or as that device. */
  #onDelivered(
    who: string,
    index: number | null,
    packet: Uint8Array,
    sessionWith: (device: string) => string | null,
  ): void {
    const other = this.applications.onDelivered(who, index, packet);
    const device = other === null ? undefined : this.#identities[other]?.publicKey;
    if (device === undefined) return;
    const sessionId = sessionWith(device);
    this.observer.tell((watch) => watch.onDelivered?.({ who, device, sessionId }));
  }

  /** A second machine with everything that the flash of `index` holds now. */
  clone(index: number, downMs: number): boolean {
    const original = this.devices[index];
    const name = `device-${index}-clone`;
    if (original === undefined || this.devices.some((site) => site.name === name)) return false;
    const copy = this.#addDevice(name, index);
    copy.policies.copyFrom(original.policies);
    copy.flash.copyFrom(original.flash);
    copy.spendingFlash.copyFrom(original.spendingFlash);
    copy.pushFlash.copyFrom(original.pushFlash);
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
    const index = this.devices.find(({ name }) => name === who)?.identity.index;
    return this.devices.some(({ isClone, identity }) => isClone && identity.index === index);
  }

  pickSlot(): 0 | 1 {
    return this.#random.below(2) as 0 | 1;
  }

  sweep(): void {
    this.observer.tell((watch) => watch.onSweep?.(this.world.nowMs));
    this.#sweeps += 1;
    if (this.#sweeps % SWEEPS_PER_LOOK !== 0) return;
    judgeTables(this.observer.judge, this.devices, this.hubs, (who, status) =>
      this.observer.tell((watch) => watch.onStatus?.(who, status)),
    );
  }
}
