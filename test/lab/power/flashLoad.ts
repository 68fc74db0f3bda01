/**
 * A device's memory at work: saves as fast as the disk takes them, and says each time what it was promised.
 *
 * ```text
 * flashLoad.ts --directory FOLDER --marks FILE --saves N --seed N [--sync 0]
 * ```
 *
 * The real `openFlash` and `Memory`. With `--sync 0` fsync does nothing: the control that must lose what it was promised.
 *
 * @module
 */
import { FLASH_SLOT_BYTES, Memory } from '../../../agent/memory.ts';
import { openFlash, SYSTEM } from '../../../hal/linux/flash.ts';
import { VERSIONS } from '../../../session/flash/reservation.ts';
import { parseFlow } from '../flows/command.ts';
import { newRandom } from '../random.ts';
import { durableOf, PRIVATE_KEY, serialOf } from './flashState.ts';
import { type FlashMark, marker } from './mark.ts';

const WITHOUT_SYNC = { ...SYSTEM, fsyncSync: () => {} };

class Device {
  readonly #memory: Memory;
  readonly #mark: (mark: FlashMark) => void;
  readonly #random: () => number;
  #serial: number;
  #session: number;
  #version: number;
  #ceiling: number;

  constructor(memory: Memory, mark: (mark: FlashMark) => void, random: () => number) {
    const before = memory.remembered;
    this.#memory = memory;
    this.#mark = mark;
    this.#random = random;
    this.#serial = serialOf(before?.secret ?? null);
    this.#session = Number.parseInt(before?.sessionId ?? '1', 16);
    this.#version = this.#ceiling = before?.versionCeiling ?? 0;
  }

  step(): void {
    const chance = this.#random();
    if (chance < 0.05) this.#reserve();
    else if (chance < 0.08) this.#applyPolicy();
    else this.#save();
  }

  /** A new secret, now and then a new session, and more versions when the old ones run out. */
  #save(): void {
    const serial = this.#serial + 1;
    const isNewSession = this.#random() < 0.02;
    const session = this.#session + (isNewSession ? 1 : 0);
    const isJump = this.#random() < 0.01;
    if (isJump) this.#version += 100_000;
    const ceiling =
      this.#version >= this.#ceiling - 200 ? this.#version + VERSIONS.block : this.#ceiling;
    this.#mark({ kind: 'began', serial });
    this.#must(this.#memory.save(durableOf(serial, session, ceiling)));
    this.#mark({ kind: 'saved', serial, ceiling, session });
    [this.#serial, this.#session, this.#ceiling] = [serial, session, ceiling];
    this.#version = Math.min(this.#ceiling, this.#version + Math.floor(this.#random() * 300));
    this.#mark({ kind: 'used', version: this.#version });
  }

  #reserve(): void {
    const grant = this.#memory.reserveTimestamps(0);
    if (grant !== null) this.#mark({ kind: 'reserved', untilMs: grant.untilMs });
    this.#must(grant !== null);
  }

  #applyPolicy(): void {
    const version = this.#memory.policyVersion + 1;
    this.#must(this.#memory.applyPolicy(version));
    this.#mark({ kind: 'policy', version });
  }

  #must(isSaved: boolean): void {
    if (!isSaved) throw new Error(`not saved: ${this.#memory.lastFailure}`);
  }
}

if (import.meta.main) {
  const given = parseFlow(process.argv.slice(2), {
    ...{ directory: '', marks: '', saves: 1_000, seed: 1, sync: 1 },
  });
  const opened = openFlash(
    given.directory,
    FLASH_SLOT_BYTES,
    given.sync === 0 ? WITHOUT_SYNC : undefined,
  );
  if (!opened.ok) throw new Error(opened.detail);
  const memory = new Memory(opened.value, PRIVATE_KEY);
  const random = newRandom(given.seed, 'flash load');
  const device = new Device(memory, marker(given.marks), random);
  for (let save = 0; save < given.saves; save++) device.step();
}
