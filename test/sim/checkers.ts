/**
 * What must hold in every run, watched from outside the machines: they may not judge themselves alone.
 *
 * The rules are in `session/invariants`; this file only shows them what happens.
 *
 * @module
 */
import type { AuditEvent } from '../../session/audit.ts';
import type { SessionRecord } from '../../session/hub/record.ts';
import { RecoveryWatch } from '../../session/invariants/boundedRecovery.ts';
import { excessSwitching, OscillationWatch } from '../../session/invariants/boundedSwitching.ts';
import { ExplicitWatch } from '../../session/invariants/explicit.ts';
import { KeyHeldWatch } from '../../session/invariants/keyHeld.ts';
import { AnswerWatch, EffectWatch } from '../../session/invariants/noReplay.ts';
import { staleRecord, VersionWatch } from '../../session/invariants/noRollback.ts';
import { SessionWatch, silentReset } from '../../session/invariants/noSilentReset.ts';
import { manyOwners } from '../../session/invariants/oneOwner.ts';
import { strayBinding, straySending } from '../../session/invariants/singleBinding.ts';
import { carriesData } from '../../session/transitions.ts';
import type { DeviceProcess } from './deviceProcess.ts';
import type { HubProcess } from './hubProcess.ts';

/** The default policy's; the run uses no other. */
const SWITCHES_MAX = 8;
const TRANSPORT_TTL_MS = 60_000;
const TTL_MS = 86_400_000;
const PENALTY_MAX_MS = 60_000;

/** What is remembered of one device over its processes. */
class DeviceWatches {
  readonly versions = new VersionWatch();
  readonly sessions = new SessionWatch();
  readonly answers = new AnswerWatch();
  readonly penalties = new OscillationWatch(PENALTY_MAX_MS);
  readonly #windowMs: number;
  #sessionId: string | null = null;
  recovery: RecoveryWatch;
  moves = new ExplicitWatch();
  life = 0;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
    this.recovery = this.#newRecovery();
  }

  see(event: AuditEvent): readonly (string | null)[] {
    if (event.sessionId !== null && event.sessionId !== this.#sessionId) {
      this.#sessionId = event.sessionId;
      this.recovery = this.#newRecovery();
      this.moves = new ExplicitWatch();
    }
    const { sessions, answers, penalties, recovery, moves } = this;
    return [sessions, answers, penalties, recovery, moves].map((watch) => watch.see(event));
  }

  #newRecovery(): RecoveryWatch {
    const bounds = { ttlMs: TTL_MS, transportTtlMs: TRANSPORT_TTL_MS };
    return new RecoveryWatch({ ...bounds, recoveryWindowMs: this.#windowMs }, 0);
  }
}

export class Checkers {
  readonly violations: string[] = [];
  readonly #devices = new Map<DeviceProcess, DeviceWatches>();
  readonly #keys = new KeyHeldWatch();
  readonly #effects = new EffectWatch();
  readonly #windowMs: number;
  #commits = 0;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  #enter(who: string, ...faults: readonly (string | null)[]): void {
    for (const fault of faults) {
      if (fault !== null) this.violations.push(who === '' ? fault : `${fault} (${who})`);
    }
  }

  #of(device: DeviceProcess): DeviceWatches {
    const known = this.#devices.get(device) ?? new DeviceWatches(this.#windowMs);
    this.#devices.set(device, known);
    return known;
  }

  /** The record never goes back, a claim is committed once and by who held a key, switches stay under the cap. */
  onCommit(before: SessionRecord | null, after: SessionRecord): void {
    this.#commits += 1;
    this.#enter('store', staleRecord(before, after), this.#keys.committed(before, after));
    this.#enter('store', excessSwitching(after.switchedAtMs, SWITCHES_MAX));
    if (before?.claim.nonce !== after.claim.nonce) {
      this.#enter('store', this.#effects.claim(after.claim));
    }
    const [beforeId, afterId, namedId] = [
      before?.sessionId ?? null,
      after.sessionId,
      after.previousSessionId,
    ];
    this.#enter('store', silentReset({ beforeId, afterId, hasEnded: true, namedId }));
  }

  /** A claim leaves a device. */
  onClaim(device: DeviceProcess, version: number, nonce: string, isRepeat: boolean): void {
    const { secret, memoryKey } = device.device;
    if (!isRepeat) this.#keys.claimed(nonce, { name: device.name, secret, memoryKey });
    const { versions, life } = this.#of(device);
    this.#enter('', versions.claimed({ device: device.name, life, version, nonce, isRepeat }));
  }

  /** The device's own audit stream. */
  onReport(device: DeviceProcess, event: AuditEvent): void {
    this.#enter(device.name, ...this.#of(device).see(event));
  }

  /** What holds at every moment. */
  always(devices: readonly DeviceProcess[], hub: HubProcess, nowMs: number): void {
    // The hub's moment is when it learns of a commit: while a swap is in flight the store may be ahead.
    if (hub.isRunning && hub.route !== null && hub.seat.swap === null) this.#judgeHub(hub);
    for (const process of devices) {
      if (!process.isRunning) continue;
      const { activeId, state } = process.device;
      const routeTransportId = process.route?.transportId ?? null;
      this.#enter(
        process.name,
        straySending({ isCarrying: carriesData(state), activeId, routeTransportId }),
        this.#of(process).recovery.at(nowMs),
      );
    }
  }

  #judgeHub({ record, route, seat }: HubProcess): void {
    const { isOwner, isLeaseValid } = seat;
    this.#enter(
      'hub',
      strayBinding({
        sendingTransportId: route?.transportId ?? null,
        recordedTransportId: record?.transportId ?? null,
      }),
      manyOwners([
        {
          hubId: 'hub-a',
          isServing: true,
          isOwner,
          isLeaseValid,
          sessionId: record?.sessionId ?? null,
          terminated: record?.terminated ?? null,
        },
      ]),
    );
  }

  /** A process that died recovers no more; the next one says when it begins. */
  onBoot(device: DeviceProcess): void {
    const watches = this.#of(device);
    watches.life += 1;
    watches.recovery.stop();
    watches.moves = new ExplicitWatch();
  }

  /** Both flash slots are gone: the one case in which versions start again, for a new session only. */
  onFlashLost(device: DeviceProcess): void {
    this.#of(device).versions.forget();
    this.#of(device).sessions.forget();
  }

  get commits(): number {
    return this.#commits;
  }
}
