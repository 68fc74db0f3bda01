/**
 * A life drawn from a seed: faults, forged and stale frames, broken flash, kills, policy changes.
 *
 * Each seed first decides which faults exist at all, then when they happen. Nothing here knows what
 * the device should do; it checks what must hold whatever happens.
 *
 * @module
 */
import { expect } from 'bun:test';
import type { DeviceEffect, LinkView } from '../../../../session/device/event.ts';
import { rehearse } from '../../../../session/device/rehearse.ts';
import type { Frame } from '../../../../session/wire/frames.ts';
import { Random } from '../../../sim/random.ts';
import { Driver } from './driver.ts';
import { forgery, REFUSALS, VIEWS } from './forgery.ts';
import { reject } from './peer.ts';
import { configOf, ETH, type Fault, HOUR_MS, LINK_POLICIES, links, WLAN, WWAN } from './setup.ts';

const IDS = [ETH, WLAN, WWAN];
const FAULTS: readonly Fault[] = ['carrier', 'address', 'route'];
const MISCHIEF = [
  'links',
  'paths',
  'traffic',
  'forged',
  'stale',
  'channels',
  'flash',
  'refusals',
  'policy',
  'operator',
  'sendFailed',
  'kill',
  'lostFlash',
  'sleep',
  'views',
] as const;
type Mischief = (typeof MISCHIEF)[number];

export class Chaos {
  readonly random: Random;
  readonly driver: Driver;
  readonly mischief: readonly Mischief[];
  /** Of this device, over all its processes, unless flash was lost. */
  #versionMax = 0;
  readonly #tuples = new Map<number, string>();
  #heard: { frame: Frame; transportId: number; channelId: number }[] = [];
  #channelIds: number[] = [1];

  constructor(seed: number) {
    this.random = new Random(seed);
    this.driver = new Driver({ seed, config: this.#config() });
    this.mischief = MISCHIEF.filter(() => this.random.chance(50));
    this.#eavesdrop();
  }

  run(events: number): void {
    const { driver, random } = this;
    driver.boot();
    driver.links(links(IDS));
    this.#watch();
    for (let i = 0; i < events; i++) {
      driver.run(random.chance(80) ? random.between(0, 400) : random.between(0, 20_000));
      const kind = this.mischief[random.below(Math.max(1, this.mischief.length))];
      if (kind !== undefined) this.#do(kind);
      // In no state does it break anything.
      rehearse(driver.device, driver.config);
      this.#watch();
    }
  }

  /** Everything heals for good: it must be attached again, and stay so. */
  calm(): void {
    const { driver } = this;
    driver.isFlashBroken = false;
    driver.flashDelayMs = 1;
    driver.config = configOf();
    driver.peer.judge = () => undefined;
    driver.peer.view = 'carrying';
    driver.peer.shakesHands = true;
    driver.peer.rotates = true;
    for (const id of IDS) driver.peer.paths.delete(id);
    // Told to shut down, it stays down.
    if (driver.device.state === 'TERMINATED' && driver.device.reopenAtMs === null) return;
    if (driver.device.endWanted === 'shutdown') return;
    driver.links(links(IDS));
    // An identity conflict keeps it out for ten minutes, a granted slot for as long.
    const isSettled = () => driver.device.state === 'ATTACHED' && driver.device.claim === null;
    driver.run(HOUR_MS, isSettled);
    // A forged grant is found out by the next PROBE_ACK; on a metered link that takes six minutes.
    driver.run(400_000);
    driver.run(20_000, isSettled);
    this.#watch();
    expect(driver.device.state).toBe('ATTACHED');
    driver.run(60_000);
    expect(driver.peer.mtuBytes).toBe(driver.device.mtuBytes);
    expect(driver.moves.filter((move) => move.endsWith('RECOVERING'))).toEqual([]);
  }

  #do(kind: Mischief): void {
    const { driver, random } = this;
    const atMs = driver.nowMs;
    switch (kind) {
      case 'links':
        driver.links(this.#links());
        return;
      case 'paths':
        return this.#changePath();
      case 'traffic':
        return driver.traffic(random.between(20, 400), random.between(100, 5_000));
      case 'forged':
        driver.frame(forgery(random, driver.device), this.#id(), this.#channelId());
        return;
      case 'stale': {
        const old = this.#heard[random.below(Math.max(1, this.#heard.length))];
        if (old !== undefined) driver.frame(old.frame, old.transportId, old.channelId);
        return;
      }
      case 'channels':
        return this.#meddleWithChannels();
      case 'flash':
        driver.isFlashBroken = random.chance(50);
        driver.flashDelayMs = random.between(0, 3_000);
        return;
      case 'refusals':
        return this.#refuse();
      case 'policy':
        driver.config = this.#config();
        driver.feed({ kind: 'tick', atMs });
        return;
      case 'operator':
        return this.#operate();
      case 'sendFailed':
        driver.feed({ kind, atMs, transportId: this.#id(), error: 'x' });
        return;
      case 'kill':
        return this.#kill(false);
      case 'lostFlash':
        if (random.chance(20)) this.#kill(true);
        return;
      case 'sleep':
        // Suspended: every deadline in between is late, and no frame was read.
        driver.nowMs += random.between(0, 30_000) * (random.chance(10) ? 1_000 : 1);
        driver.feed({ kind: 'tick', atMs: driver.nowMs });
        return;
      case 'views':
        driver.peer.view = VIEWS[random.below(VIEWS.length)] ?? 'carrying';
        return;
    }
  }

  #changePath(): void {
    const { random } = this;
    const path = this.driver.peer.path(this.#id());
    path.delayMs = random.between(0, random.chance(10) ? 3_000 : 100);
    path.jitterMs = random.chance(50) ? 0 : random.between(0, 200);
    path.lossPercent = random.chance(50) ? 0 : random.between(0, 80);
    path.isInOpen = random.chance(75);
    path.isOutOpen = random.chance(75);
  }

  #meddleWithChannels(): void {
    const { driver, random } = this;
    const atMs = driver.nowMs;
    const channelId = this.#channelId();
    switch (random.below(5)) {
      case 0:
        this.#channelIds.push(driver.channelUp(this.#id()));
        return;
      case 1:
        driver.feed({ kind: 'channelDue', atMs, channelId });
        return;
      case 2:
        driver.feed({ kind: 'channelGone', atMs, channelId });
        return;
      case 3:
        driver.peer.shakesHands = random.chance(50);
        return;
      default:
        driver.peer.rotates = random.chance(50);
        driver.peer.bound.clear();
    }
  }

  #refuse(): void {
    const { driver, random } = this;
    const reasonCode = REFUSALS[random.below(REFUSALS.length)] ?? 'rate_limited';
    const isFatal = reasonCode === 'identity_conflict' || reasonCode === 'unknown_session';
    const retryAfterMs = random.chance(50) ? 0 : random.between(0, 20_000);
    const ahead = random.chance(50) ? random.between(0, 10_000) : 0;
    driver.peer.judge = (frame) => {
      if (random.chance(40)) return undefined;
      if (random.chance(20)) return null;
      const recordedVersion = frame.claim.stateVersion + ahead;
      return reject(frame, reasonCode, { isFatal, retryAfterMs, recordedVersion });
    };
  }

  #operate(): void {
    const { driver, random } = this;
    const atMs = driver.nowMs;
    const linkName = ['eth0', 'wlan0', 'wwan0', 'none'][random.below(4)] ?? 'eth0';
    if (random.chance(70)) driver.feed({ kind: 'rebind', atMs, linkName });
    else
      driver.feed({
        kind: 'terminate',
        atMs,
        reasonCode: random.chance(90) ? 'operator_terminated' : 'shutdown',
      });
  }

  #kill(isFlashLost: boolean): void {
    const { driver } = this;
    this.#watch();
    driver.kill();
    this.#channelIds = [1];
    if (isFlashLost) {
      driver.flash = null;
      this.#versionMax = 0;
      this.#tuples.clear();
    }
    driver.boot(driver.remembered, isFlashLost);
    driver.links(this.#links());
  }

  #config() {
    const { random } = this;
    const failbacks = ['always', 'better', 'on_failure'] as const;
    const policies = random.chance(80)
      ? LINK_POLICIES
      : { ...LINK_POLICIES, eth0: { preference: 10, cost: 'never' as const } };
    return configOf(
      {
        maxSwitchesPerMinute: random.between(3, 8),
        cooldownMs: random.between(0, 2_000),
        failback: failbacks[random.below(3)] ?? 'better',
        failbackStableMs: random.between(1_000, 10_000),
        degradedMaxMs: random.chance(20) ? 10_000 : null,
        sessionTtlMs: random.chance(30) ? 60_000 : 86_400_000,
        meteredStandbyProbeMs: random.between(10_000, 60_000),
        meteredKeepaliveMs: 5_000 * random.between(1, 3),
      },
      policies,
    );
  }

  #links(): readonly LinkView[] {
    const { random } = this;
    const faults: Record<number, Fault> = {};
    for (const id of IDS) {
      const fault = FAULTS[random.below(8)];
      if (fault !== undefined) faults[id] = fault;
    }
    const mtus: Record<number, number> = {};
    for (const id of IDS) if (random.chance(30)) mtus[id] = random.between(576, 1_600);
    return links(
      IDS.filter(() => random.chance(85)),
      faults,
      mtus,
    );
  }

  #id(): number {
    return this.random.below(5);
  }

  #channelId(): number {
    const current = this.driver.device.channel?.channelId ?? 1;
    if (this.random.chance(50)) return current;
    return this.#channelIds[this.random.below(this.#channelIds.length)] ?? current;
  }

  /** Keeps what the hub said, to say it again later. */
  #eavesdrop(): void {
    const { peer } = this.driver;
    const answer = peer.answer.bind(peer);
    peer.answer = (frame, channelId, transportId) => {
      const said = answer(frame, channelId, transportId);
      if (said !== null) this.#heard.push({ frame: said, transportId, channelId });
      this.#heard = this.#heard.slice(-50);
      return said;
    };
  }

  /** I4 over kills: a version is used by one claim or transition, and never again. */
  #watch(): void {
    for (const effect of this.driver.log) this.#check(effect);
    this.#checkMtu();
    this.driver.forget();
  }

  /** Whatever may become the binding carries what is inside, down to what the families need. */
  #checkMtu(): void {
    const { device, config } = this.driver;
    const leastBytes = device.inner6 === null && device.inner4 !== null ? 576 : 1_280;
    for (const { unusable, linkName, linkKind, mtuBytes } of device.transports) {
      if (unusable !== null || config.linkPolicy(linkName, linkKind).cost === 'never') continue;
      expect(device.mtuBytes).toBeLessThanOrEqual(Math.max(leastBytes, mtuBytes - 60));
    }
  }

  #check(effect: DeviceEffect): void {
    if (effect.kind === 'report' && effect.event.event === 'transition') {
      const { stateVersion } = effect.event;
      expect(stateVersion).toBeGreaterThan(this.#versionMax);
      this.#versionMax = stateVersion;
    }
    if (effect.kind !== 'send') return;
    const { frame } = effect;
    if (frame.type !== 'attach' && frame.type !== 'reattach') return;
    const { stateVersion } = frame.claim;
    const tuple = JSON.stringify(frame.claim);
    const known = this.#tuples.get(stateVersion);
    if (known === undefined) {
      expect(stateVersion).toBeGreaterThan(this.#versionMax);
      this.#versionMax = stateVersion;
      this.#tuples.set(stateVersion, tuple);
    } else expect(known).toBe(tuple);
  }
}
