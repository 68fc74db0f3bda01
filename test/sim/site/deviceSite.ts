/**
 * A gateway with everything around its process: clock, links, flash, tun, telemetry, the applications.
 *
 * A clone is a site of its own with the identity, and the flash, of another one.
 *
 * @module
 */
import { FLASH_SLOT_BYTES } from '../../../agent/memory.ts';
import type { LinkSnapshot } from '../../../hal/links.ts';
import { type HalFailure, halFail, halOk } from '../../../hal/result.ts';
import { type LinkRules, linkRules } from '../../../policies/links.ts';
import type { Policy } from '../../../policies/schema.ts';
import { PUSH_RECORD_BYTES } from '../../../policies/signed/record.ts';
import type { AuditEvent } from '../../../session/audit.ts';
import { deriveSealKey, openSecret } from '../../../session/flash/seal.ts';
import {
  type LinkSpending,
  SPENDING_BYTES,
  SpendingStore,
} from '../../../session/flash/spending.ts';
import { DAY_MS } from '../../../session/metering/dayMeter.ts';
import type { LinkKind } from '../../../session/wire/frames.ts';
import type { Durable } from '../checkers/durability.ts';
import type { LinkFacts } from '../checkers/facts.ts';
import { hasBattery, SimClock } from '../clock/simClock.ts';
import { SimFlash } from '../disk/simFlash.ts';
import type { FlashChange, LinkChange } from '../fault.ts';
import { Machine, type MachineEvents } from '../machine/machine.ts';
import { Forger } from '../network/forger.ts';
import type { Internet } from '../network/internet.ts';
import type { SimLink } from '../network/simLink.ts';
import type { DevicePlan, PolicyVariant } from '../options.ts';
import { policyOf } from '../policy.ts';
import { AgentProcess } from '../process/agentProcess.ts';
import type { Primitives } from '../process/primitives.ts';
import type { Random } from '../random.ts';
import { SimBroker } from '../telemetry/simBroker.ts';
import { SimTun } from '../traffic/simTun.ts';
import type { World } from '../world.ts';
import { durablePushed, pushingOf, signedPolicy } from './documents.ts';
import { isRenumbered, newLink } from './siteLinks.ts';
import { SitePolicies } from './sitePolicies.ts';

const POLICY_RESTART_MS = 100; // `systemctl restart`

/** Measured: up to 620 ms after another event of the same link, mostly a few. Chosen. */
const NETLINK_MS_MAX = 60;

/** What a device is to its hubs; a clone has the same. */
export interface Identity {
  /** Which device of the scenario. */
  readonly index: number;
  readonly privateKey: Uint8Array;
  /** Base64. */
  readonly publicKey: string;
  readonly psk: Uint8Array;
  readonly hubPublicKey: Uint8Array;
}

export interface DeviceParts {
  readonly world: World;
  readonly internet: Internet;
  readonly random: Random;
  readonly primitives: Primitives;
  readonly endpoints: readonly string[];
  readonly flashWriteMs: number;
  readonly events: MachineEvents;
  readonly onAudit: (site: DeviceSite, event: AuditEvent) => void;
  readonly onViolation: (site: DeviceSite, claim: string) => void;
  /** It was told of its links while it was awake, and has had its turn. */
  readonly onTold: (site: DeviceSite) => void;
  /** What is wrong with its reports, or null. */
  readonly onReports: (site: DeviceSite, fault: string | null) => void;
  /** The machine learns that these transports go over a link that works on, and has another address. */
  readonly onRenumbered: (site: DeviceSite, transportIds: readonly number[]) => void;
}

export class DeviceSite {
  readonly name: string;
  /** Number of the machine in the run, in its packets and addresses. */
  readonly origin: number;
  readonly identity: Identity;
  readonly machine: Machine;
  readonly links: readonly SimLink[];
  readonly flash: SimFlash;
  /** The slots of their own that what metered links spent, and what was pushed, lie in; the same medium. */
  readonly spendingFlash: SimFlash;
  readonly pushFlash: SimFlash;
  /** What the former held when its process was started last. */
  spentAtBoot: readonly LinkSpending[] = [];
  readonly tun: SimTun;
  readonly broker: SimBroker;
  readonly process: AgentProcess;
  readonly policies: SitePolicies;
  #snapshots: readonly LinkSnapshot[];
  #toldAtMs = 0;
  readonly #onTold: DeviceParts['onTold'];
  readonly #forger: Forger;
  readonly #hasBattery: boolean;
  readonly #world: World;
  readonly #netlink: Random;
  readonly #sealKey: Uint8Array;
  readonly #endpointCount: number;
  readonly #onRenumbered: DeviceParts['onRenumbered'];

  constructor(
    name: string,
    origin: number,
    identity: Identity,
    plan: DevicePlan,
    policy: PolicyVariant,
    parts: DeviceParts,
  ) {
    const { world, internet, events } = parts;
    const random = parts.random.fork(name);
    this.name = name;
    this.origin = origin;
    this.#endpointCount = parts.endpoints.length;
    this.#onRenumbered = parts.onRenumbered;
    this.#world = world;
    this.#onTold = parts.onTold;
    this.#netlink = random.fork('netlink');
    this.#forger = new Forger(world, (link) => internet.refuseAll(link));
    this.identity = identity;
    this.policies = new SitePolicies(policy);
    const clock = new SimClock(world, plan.clock);
    this.#sealKey = deriveSealKey(identity.privateKey);
    this.#hasBattery = hasBattery(plan.clock);
    this.machine = new Machine(name, world, clock, events);
    this.links = plan.links.map((link, at) => newLink(link, at, origin));
    this.#snapshots = this.#look();
    const { fuse } = this.machine;
    this.flash = new SimFlash(FLASH_SLOT_BYTES, parts.flashWriteMs, random.fork('flash'), fuse);
    const { flashWriteMs } = parts;
    this.spendingFlash = new SimFlash(SPENDING_BYTES, flashWriteMs, random.fork('spending'), fuse);
    this.pushFlash = new SimFlash(PUSH_RECORD_BYTES, flashWriteMs, random.fork('push'), fuse);
    this.tun = new SimTun('jv0', fuse);
    this.broker = new SimBroker(world, random.fork('broker'), (fault) =>
      parts.onReports(this, fault),
    );
    const keys = random.fork('keys');
    const main = random.fork('main');
    this.process = new AgentProcess({
      name,
      identity,
      endpoints: parts.endpoints,
      links: plan.links.map(({ name: link, kind }) => ({ name: link, kind })),
      mtuMaxBytes: 1_440,
      policy: () => this.policies.file,
      primitives: parts.primitives,
      clock,
      openSocket: (options) => {
        const link = this.links.find(({ plan: { name: own } }) => own === options.link);
        if (link === undefined) return halFail('deviceMissing', String(options.link));
        return internet.openOnLink(this.machine, link, options);
      },
      tun: this.tun,
      flash: this.flash,
      spendingFlash: this.spendingFlash,
      pushing: () =>
        this.policies.takesDocuments ? pushingOf(identity.publicKey, this.pushFlash) : null,
      snapshots: () => this.#snapshots,
      random: (count) => keys.bytes(count),
      mainThread: (work) => {
        const tookMs = main.below(this.flash.writeMs * 8 + 1) / 8;
        this.machine.mainThread(tookMs, work);
      },
      onAudit: (event) => {
        this.broker.note(event);
        parts.onAudit(this, event);
      },
      onExit: (exit) => events.note(`exits: ${exit}`),
      onViolation: (claim) => parts.onViolation(this, claim),
    });
    this.machine.run(this.process);
    this.broker.askStatus = () => this.machine.act(() => this.process.status());
    this.machine.onDeath = () => {
      this.tun.close();
      this.broker.forget();
    };
  }

  /** What the policy lets the link of a transport spend in a day; 0: whatever it likes. */
  budgetBytes(transportId: number): number {
    return this.rulesOf(transportId)?.dailyBytesMax ?? 0;
  }

  /** What the policy in force says of the link of a transport; null: it has no such link. */
  rulesOf(transportId: number): LinkRules | null {
    const link = this.#linkOf(transportId);
    if (link === undefined) return null;
    const { name, kind } = link.plan;
    return linkRules(this.inForce.links, name, kind);
  }

  /** The process starts: what it finds of budgets that were spent before. */
  lookAtSpending(): void {
    const slots = {
      readSlot: (slot: 0 | 1) => this.spendingFlash.readBack(slot),
      writeSlot: () => halOk(null),
    };
    this.spentAtBoot = new SpendingStore<HalFailure>(slots).links;
  }

  /** Whether flash said at the start that the link's budget of the newest day is spent. */
  wasSpentAtBoot(transportId: number): boolean {
    const budget = this.budgetBytes(transportId);
    const name = this.#linkOf(transportId)?.plan.name;
    const known = this.spentAtBoot.find(({ link }) => link === name);
    if (budget === 0 || known === undefined) return false;
    return known.bytes >= budget && known.day >= this.newestDay;
  }

  /** The newest day that its wall clock has ever shown, counted from 1970-01-01. */
  get newestDay(): number {
    return Math.floor(this.machine.clock.newestWallMs / DAY_MS);
  }

  /** Null: it has no such link. */
  kindOf(transportId: number): LinkKind | null {
    return this.#linkOf(transportId)?.plan.kind ?? null;
  }

  #linkOf(transportId: number): SimLink | undefined {
    return this.links[Math.floor((transportId - 1) / this.#endpointCount)];
  }

  /** Transports over the other links that the kernel calls usable, as the agent was told, and policy does not forbid. */
  otherWays(transportId: number): readonly number[] {
    const own = Math.floor((transportId - 1) / this.#endpointCount);
    return this.links.flatMap(({ plan: { name, kind } }, at) => {
      const { costClass } = linkRules(policyOf(this.policy).links, name, kind);
      const snapshot = this.#snapshots.find((one) => one.name === name);
      if (at === own || costClass === 'never' || snapshot === undefined) return [];
      const { carrier, hasRoute, addresses } = snapshot;
      if (!carrier || !hasRoute || addresses.length === 0) return [];
      return this.#waysOver(at);
    });
  }

  #waysOver(link: number): readonly number[] {
    return Array.from(
      { length: this.#endpointCount },
      (_, endpoint) => link * this.#endpointCount + endpoint + 1,
    );
  }

  /** Whether a plan for that link could be made, were the governor not asked: data travels elsewhere, and nothing is under way. */
  mayPlan(linkName: string): boolean {
    const { device } = this.process;
    const at = this.links.findIndex(({ plan: { name } }) => name === linkName);
    const isSettled = device?.claim === null && device.granted === null;
    const isFree = device !== null && isSettled && device.plannedAtMs === null;
    const activeId = device?.activeId ?? null;
    if (at < 0 || !isFree || activeId === null) return false;
    const firstId = at * this.#endpointCount + 1;
    const isActive = activeId >= firstId && activeId < firstId + this.#endpointCount;
    const told = this.#snapshots.find(({ name }) => name === linkName);
    const { costClass } = linkRules(this.inForce.links, linkName, this.links[at]!.plan.kind);
    const isKnownGone =
      told === undefined || told.radio === 'disconnected' || costClass === 'never';
    return !isActive && !isKnownGone && this.otherWays(activeId).includes(firstId);
  }

  get isClone(): boolean {
    return this.name.endsWith('clone');
  }

  /** Of its policy file. */
  get policy(): PolicyVariant {
    return this.policies.inFile;
  }

  /** A policy file that was replaced; the agent reads it when it starts, and it is started again. */
  usePolicy(policy: PolicyVariant): void {
    this.policies.replace(policy);
    this.machine.crash(POLICY_RESTART_MS);
  }

  /** A policy file that was replaced and is read by the running agent; one that is not running reads it when it starts. */
  reloadPolicy(policy: PolicyVariant, isOlder: boolean): boolean {
    if (isOlder) {
      if (!this.machine.isAwake) return false;
      const older = this.policies.older(policy);
      this.machine.act(() => this.process.reloadPolicy(older));
      return true;
    }
    if (policy === this.policy) return false;
    this.policies.add(policy);
    this.machine.act(() => this.process.reloadPolicy(this.policies.file));
    return true;
  }

  /** A signed policy, newer than whatever was there, arrives at the running agent. */
  push(policy: PolicyVariant, isEarly: boolean): boolean {
    if (!this.machine.isAwake) return false;
    const version = this.policies.push(policy);
    const signed = signedPolicy(policy, version, this.machine.clock.wallMs(), isEarly);
    this.machine.act(() => this.process.push(signed));
    return true;
  }

  /** The highest version of a policy that a start would find after a power cut at this moment, one on trial included. */
  get durablePolicyVersion(): number {
    return Math.max(this.durable?.policyVersion ?? 0, durablePushed(this.pushFlash));
  }

  /** What the process follows; while it is down, what its file says. */
  get inForce(): Policy {
    return this.policies.at(this.process.policyVersion);
  }

  /** The policy whose bounds the process follows: while one is on trial, the one before. */
  get bounding(): Policy {
    return this.policies.at(this.process.boundsVersion);
  }

  changeLink(at: number, change: LinkChange): boolean {
    const link = this.links[at];
    if (link === undefined) return false;
    if (link.change(change)) this.#linksChanged();
    this.#forger.look(link);
    return true;
  }

  /** What is so of the link of a transport, and what the machine was told; null: it has no such link. */
  factsOf(transportId: number): LinkFacts | null {
    const link = this.#linkOf(transportId);
    if (link === undefined) return null;
    const told = this.#snapshots.find(({ name }) => name === link.plan.name) ?? null;
    const { refusedAtMs } = link;
    return {
      name: link.plan.name,
      told,
      // Asleep it takes nothing in, and once awake it may meet a refused send first.
      toldAtMs: Math.max(this.#toldAtMs, this.machine.resumedAtMs),
      real: link.snapshot(),
      refusedAtMs,
    };
  }

  readonly healLinks = (): void => {
    const changed = this.links.map((link) => link.heal());
    if (changed.includes(true)) this.#linksChanged();
  };

  /** What the agent would find after a power cut at this moment. */
  get durable(): Durable | null {
    const record = this.flash.durable;
    if (record === null) return null;
    const { versionCeiling, policyVersion, session } = record;
    const opened =
      session === null ? null : openSecret(this.#sealKey, session.sessionId, session.sealedSecret);
    return {
      versionCeiling,
      policyVersion,
      sessionId: session?.sessionId ?? null,
      secret: opened?.ok ? opened.value : null,
      terminated: session?.lastTerminated ?? null,
    };
  }

  /** The medium works otherwise, for all that lies on it; whether that is a difference. */
  changeFlash(change: FlashChange): boolean {
    const { writes = this.flash.writes, writeMs = this.flash.writeMs } = change;
    const isOther = writes !== this.flash.writes || writeMs !== this.flash.writeMs;
    for (const flash of [this.flash, this.spendingFlash, this.pushFlash]) {
      Object.assign(flash, { writes, writeMs });
    }
    return isOther;
  }

  /** Power goes: what flash was doing is torn, and the clocks begin anew. */
  cutPower(): void {
    this.flash.cut();
    this.spendingFlash.cut();
    this.pushFlash.cut();
    this.machine.clock.reboot(this.#hasBattery);
  }

  /** The kernel tells a moment later: until then sends fail, or vanish. */
  #linksChanged(): void {
    this.#world.after(this.#netlink.below(NETLINK_MS_MAX * 8) / 8, () => {
      const before = this.#snapshots;
      this.#snapshots = this.#look();
      this.#toldAtMs = this.#world.nowMs;
      const renumbered = this.links.flatMap((link, at) =>
        isRenumbered(link.plan.name, before, this.#snapshots) ? this.#waysOver(at) : [],
      );
      if (renumbered.length > 0) this.#onRenumbered(this, renumbered);
      this.machine.act(() => this.process.linksChanged());
      if (this.machine.isAwake) this.#onTold(this);
    });
  }

  #look(): readonly LinkSnapshot[] {
    return this.links.flatMap((link) => link.snapshot() ?? []);
  }
}
