/**
 * What must hold in every run, watched from outside the machines: they may not judge themselves alone.
 *
 * @module
 */
import type { AuditEvent } from '../../../session/audit.ts';
import { isSameClaim } from '../../../session/claim.ts';
import type { SessionRecord } from '../../../session/hub/record.ts';
import type { DeviceProcess } from './deviceProcess.ts';
import type { HubProcess } from './hubProcess.ts';

export class Checkers {
  readonly violations: string[] = [];
  readonly #versionOf = new Map<DeviceProcess, number>();
  readonly #sessionOf = new Map<DeviceProcess, { id: string | null; hasEnded: boolean }>();
  readonly #authors = new Map<
    string,
    { device: DeviceProcess; secret: Uint8Array | null; memoryKey: Uint8Array | null }
  >();
  readonly #recoveringSince = new Map<DeviceProcess, number>();
  readonly #diedAt = new Map<DeviceProcess, number>();
  readonly #windowMs: number;
  #commits = 0;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  #must(holds: boolean, what: string): void {
    if (!holds) this.violations.push(what);
  }

  /** I4, I5: the record never goes back, and a claim is committed once. */
  onCommit(before: SessionRecord | null, after: SessionRecord): void {
    this.#commits += 1;
    if (before === null) return;
    this.#must(after.revision === before.revision + 1, 'I4: a swap raises the revision by one');
    this.#must(after.ownerEpoch >= before.ownerEpoch, 'I4: the owner epoch never goes back');
    this.#must(
      after.stateVersion >= before.stateVersion,
      'I4: the recorded version never goes back',
    );
    const isNewClaim = !isSameClaim(before.claim, after.claim);
    this.#must(
      !isNewClaim || after.stateVersion > before.stateVersion,
      'I4: a commit is newer than the record',
    );
    if (after.sessionId !== before.sessionId) {
      this.#must(
        after.previousSessionId === before.sessionId,
        'I2: a new session names its predecessor',
      );
    }
    if (isNewClaim && before.terminated === null) this.#mustBeProven(before, after);
    const recent = after.switchedAtMs.filter(
      (at) => at > (after.switchedAtMs.at(-1) ?? 0) - 60_000,
    );
    this.#must(recent.length <= 8, 'I7: the record holds at most the cap of switches a minute');
  }

  /** ◆ Whoever changes a living session held one of its keys: a copy older than one rotation never wins. */
  #mustBeProven(before: SessionRecord, after: SessionRecord): void {
    const author = this.#authors.get(after.claim.nonce);
    if (author === undefined) return;
    const { secret, memoryKey } = author;
    const isHeld = (key: Uint8Array | null, ...known: readonly (Uint8Array | null)[]) =>
      key !== null && known.some((one) => one?.every((byte, at) => byte === key[at]));
    const isProven =
      isHeld(secret, before.secret, before.previousSecret) ||
      isHeld(memoryKey, before.memoryKey, before.predecessorMemoryKey);
    const isUnconfirmedBirth =
      before.claimKind === 'attach' && secret === null && before.sessionId === after.sessionId;
    this.#must(
      isProven || isUnconfirmedBirth,
      `clone: ${author.device.name} won without a key of the session`,
    );
  }

  /** I4 at the device, over crashes: a claim's version was never used before. */
  onClaim(device: DeviceProcess, version: number, nonce: string, isRepeat: boolean): void {
    const { secret, memoryKey } = device.device;
    if (!isRepeat) this.#authors.set(nonce, { device, secret, memoryKey });
    const newest = this.#versionOf.get(device) ?? 0;
    this.#must(
      isRepeat ? version === newest : version > newest,
      `I4: ${device.name} used version ${version} after ${newest}`,
    );
    this.#versionOf.set(device, Math.max(newest, version));
  }

  /** I2, I8 from the device's own audit stream. */
  onReport(device: DeviceProcess, event: AuditEvent): void {
    const known = this.#sessionOf.get(device);
    if (event.event === 'transition') {
      if (event.to === 'RECOVERING') {
        this.#recoveringSince.set(device, event.atMs);
        this.#diedAt.set(device, event.stateVersion);
      } else this.#recoveringSince.delete(device);
      const isAnswer = event.detail['trigger'] === 'reattach_accepted';
      const isOld = device.device.answeredVersion < (this.#diedAt.get(device) ?? 0);
      this.#must(
        !isAnswer || !isOld,
        'I5: an answer to a claim from before the death of its binding counted',
      );
      this.#must(event.from !== event.to, 'I8: a transition changes the state');
      if (event.to === 'TERMINATED')
        this.#sessionOf.set(device, { id: event.sessionId, hasEnded: true });
    }
    if (event.reasonCode === 'session_created') {
      const isFirst = known === undefined || known.id === null;
      this.#must(
        isFirst || known.hasEnded || event.detail['previousSessionId'] !== null,
        'I2: a creation names its predecessor',
      );
      this.#sessionOf.set(device, { id: event.sessionId, hasEnded: false });
    }
  }

  /** I1, I3, I6 at every moment. */
  always(devices: readonly DeviceProcess[], hub: HubProcess, nowMs: number): void {
    // The hub's moment is when it learns of a commit: while a swap is in flight the store may be ahead.
    if (hub.isRunning && hub.route !== null && hub.seat.swap === null) {
      const { record, route } = hub;
      this.#must(
        record?.transportId === route.transportId,
        'I1: the hub sends on the recorded binding only',
      );
      this.#must(record?.terminated === null, 'I6: a hub forwards only for a living session');
    }
    for (const device of devices) {
      const sinceMs = this.#recoveringSince.get(device);
      if (!device.isRunning || sinceMs === undefined) continue;
      this.#must(nowMs - sinceMs <= this.#windowMs, `I3: ${device.name} recovers past its window`);
    }
  }

  /** A process that died recovers no more; the next one says when it begins. */
  onBoot(device: DeviceProcess): void {
    this.#recoveringSince.delete(device);
    this.#diedAt.delete(device);
  }

  /** Both flash slots are gone: the one case in which versions start again, for a new session only. */
  onFlashLost(device: DeviceProcess): void {
    this.#versionOf.delete(device);
    this.#sessionOf.delete(device);
  }

  get commits(): number {
    return this.#commits;
  }
}
