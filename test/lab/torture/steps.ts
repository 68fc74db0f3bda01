/**
 * Where the power of a device can go: at each step that leaves its process, and in each write.
 *
 * A step has a name, so that a torture can say at how many kinds of them it cut: what the process does, and of a write also what it is
 * for, to which slot, and whether the power goes before, in or behind it.
 *
 * @module
 */
import type { Flash, FlashResult, FlashSlot } from '../../../hal/flash.ts';
import { keyIdText } from '../../../policies/signed/anchors.ts';
import { decodePushRecord, type PushRecord } from '../../../policies/signed/record.ts';
import { equalBytes } from '../../../session/bytes.ts';
import type { SimFlash } from '../../sim/disk/simFlash.ts';
import { Fuse } from '../../sim/machine/powerCut.ts';

/** The simulated flash asks three times in a write. */
const PLACES = ['before', 'in', 'behind'] as const;

export class Steps extends Fuse {
  /** Where the power went. */
  cutAt = '';
  #doing = '';
  #calls = 0;

  /** What is about to be done. */
  doing(what: string): void {
    this.#doing = what;
    this.#calls = 0;
  }

  /** One that is no call into the flash. @throws PowerCut */
  step(what: string): void {
    this.doing(what);
    this.call();
  }

  override call(): void {
    this.#calls += 1;
    super.call();
  }

  override blow(): never {
    const isWrite = this.#doing.startsWith('write');
    this.cutAt = isWrite ? `${PLACES[this.#calls - 1] ?? 'behind'} ${this.#doing}` : this.#doing;
    return super.blow();
  }
}

/** The flash of a device, whose writes have names. */
export class NamedFlash implements Flash {
  readonly slotBytes: number;
  readonly #flash: SimFlash;
  readonly #steps: Steps;

  constructor(flash: SimFlash, steps: Steps) {
    this.slotBytes = flash.slotBytes;
    this.#flash = flash;
    this.#steps = steps;
  }

  get writtenBytes(): number {
    return this.#flash.writtenBytes;
  }

  readSlot(slot: FlashSlot): Uint8Array | null {
    this.#steps.doing(`read slot ${slot}`);
    return this.#flash.readSlot(slot);
  }

  writeSlot(slot: FlashSlot, bytes: Uint8Array): FlashResult {
    const other = this.#flash.readBack(slot === 0 ? 1 : 0);
    const own = this.#flash.readBack(slot);
    const [fresh, before, old] = [bytes, other, own].map((held) =>
      held === null ? null : (decodePushRecord(held)?.record ?? null),
    );
    // The first of the two that a save writes differs from the slot beside it, the second one from its own.
    const isFirst = fresh != null && purposeOf(fresh, before ?? null) !== 'mend';
    const purpose = fresh == null ? 'mend' : purposeOf(fresh, (isFirst ? before : old) ?? null);
    this.#steps.doing(`write of ${purpose}, ${isFirst ? 'first' : 'second'} slot`);
    return this.#flash.writeSlot(slot, bytes);
  }
}

function purposeOf(fresh: PushRecord, before: PushRecord | null): string {
  const isSame = (key: 'confirmed' | 'pending' | 'emergency') => {
    const [one, other] = [fresh[key], before?.[key] ?? null];
    return one === other || (one !== null && other !== null && equalBytes(one, other));
  };
  if (!isSame('confirmed')) return 'confirm';
  if (!isSame('pending')) return fresh.pending === null ? 'roll back' : 'stage';
  if (!isSame('emergency')) return fresh.emergency === null ? 'end emergency' : 'emergency';
  const versions = (record: PushRecord | null) =>
    record?.floors.map(({ version }) => version).join() ?? '';
  if (versions(fresh) === versions(before)) return 'mend';
  const successors = (record: PushRecord | null) =>
    record?.rotated.successors.map(({ publicKey }) => keyIdText(publicKey)) ?? [];
  const known = successors(before);
  return successors(fresh).every((key) => known.includes(key)) ? 'command' : 'rotate';
}
