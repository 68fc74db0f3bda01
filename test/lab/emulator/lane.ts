/**
 * One direction of one link: frames read from one tap, shaped, kept until due, written to the other tap.
 *
 * A cut sits at the device's end of the link, where a cable is pulled or a radio falls silent: towards the hub a frame
 * is dropped as it enters, towards the device as it would arrive. Frames under way towards the hub still get there.
 *
 * @module
 */
import { libc } from '../libc.ts';
import { type Arena, SLOT_BYTES } from './arena.ts';
import { Shaper } from './impairment.ts';
import { ArrivalQueue } from './queue.ts';

/** `out` is from the device, `in` is towards it. */
export type Direction = 'out' | 'in';

/** Frames since the start, by what became of them: entered = delivered + lost + cut + overflow + waiting, copies aside. */
export interface LaneCounters {
  readonly entered: number;
  readonly enteredBytes: number;
  /** Copies included. */
  readonly delivered: number;
  readonly deliveredBytes: number;
  /** Dropped by chance. */
  readonly lost: number;
  /** Dropped by a cut, a silence or a missing carrier. */
  readonly cut: number;
  /** Dropped in front of the bottleneck, or because the emulator was full. */
  readonly overflow: number;
  readonly duplicated: number;
  /** Held back. */
  readonly reordered: number;
  /** Delivered behind one that entered later. */
  readonly overtaken: number;
  /** Under way. */
  readonly waiting: number;
}

/** Frames taken from one tap before the others have their turn. */
const BATCH = 64;

export class Lane {
  readonly shaper: Shaper;
  isCut = false;
  readonly #direction: Direction;
  readonly #fromFd: number;
  readonly #toFd: number;
  readonly #arena: Arena;
  readonly #queue: ArrivalQueue;
  readonly #count = {
    entered: 0,
    enteredBytes: 0,
    delivered: 0,
    deliveredBytes: 0,
    lost: 0,
    cut: 0,
    overflow: 0,
    duplicated: 0,
    reordered: 0,
    overtaken: 0,
  };
  #latestTurn = -1;

  constructor(
    direction: Direction,
    fds: { from: number; to: number },
    arena: Arena,
    slots: number,
    random: () => number,
  ) {
    this.#direction = direction;
    this.#fromFd = fds.from;
    this.#toFd = fds.to;
    this.#arena = arena;
    this.#queue = new ArrivalQueue(slots);
    this.shaper = new Shaper(random);
  }

  get nextAtMs(): number {
    return this.#queue.nextAtMs;
  }

  get counters(): LaneCounters {
    return { ...this.#count, waiting: this.#queue.size };
  }

  /** Take in what the tap has, one batch at most. */
  receive(nowMs: number): void {
    for (let i = 0; i < BATCH; i += 1) {
      const slot = this.#arena.next;
      const bytes = Number(libc.read(this.#fromFd, this.#arena.address(slot), SLOT_BYTES));
      if (bytes <= 0) return;
      this.#enter(slot, bytes, nowMs);
    }
  }

  /** Write out what is due. */
  deliver(nowMs: number): void {
    while (this.#queue.nextAtMs <= nowMs) {
      const slot = this.#queue.pop();
      const turn = this.#queue.poppedTurn;
      if (this.isCut && this.#direction === 'in') {
        this.#count.cut += 1;
      } else {
        const bytes = this.#arena.bytes(slot);
        libc.write(this.#toFd, this.#arena.address(slot), bytes);
        this.#count.delivered += 1;
        this.#count.deliveredBytes += bytes;
        if (turn < this.#latestTurn) this.#count.overtaken += 1;
        else this.#latestTurn = turn;
      }
      this.#arena.release(slot);
    }
  }

  #enter(slot: number, bytes: number, nowMs: number): void {
    const count = this.#count;
    count.entered += 1;
    count.enteredBytes += bytes;
    // The dice fall for cut frames too: the fate of a frame depends on its number alone.
    const fate = this.shaper.decide(nowMs, bytes);
    if (this.isCut && this.#direction === 'out') {
      count.cut += 1;
    } else if (fate === 'lost') {
      count.lost += 1;
    } else if (fate === 'queue full' || this.#arena.isFull) {
      count.overflow += 1;
    } else {
      const copies = fate === 'pass twice' ? 2 : 1;
      if (this.shaper.heldBack) count.reordered += 1;
      count.duplicated += copies - 1;
      this.#arena.take(bytes, copies);
      for (let copy = 0; copy < copies; copy += 1) {
        if (!this.#queue.push(this.shaper.dueAtMs, slot)) {
          count.overflow += 1;
          this.#arena.release(slot);
        }
      }
    }
  }
}
