/**
 * What both daemons hold at rest: alive in their JavaScript heaps, and anonymous memory.
 *
 * Left alone, the runtime collects when garbage has doubled the heap, and that looks like a leak for as long as an attack
 * lasts. So where memory is measured every collection is a full one, and there is one for each MiB that was allocated;
 * a point is taken when each heap has been collected {@link COLLECTIONS} times since it was asked for, and questions at the
 * control socket make the garbage that it takes. It is the median: the first may have begun before, and what one
 * collection reports has been seen far off once.
 *
 * @module
 */
import { monotonicMs } from '../libc.ts';
import { type LiveHeap, LOG_HEAP } from '../soak/liveHeap.ts';
import { type Arena, DEVICE } from './arena.ts';
import type { Point } from './flat.ts';
import { ask, useOf } from './gauge.ts';

const GARBAGE_MAX_BYTES = 1_048_576;
const COLLECTIONS = 4;
/** A heap that is not collected within this is a fault of the measurement. Chosen. */
const COLLECTED_MS = 30_000;
const KIB = 1_024;

/** The environment in which a daemon of ours is measured; as it ships, where an arena measures nothing. */
export const MEASURED = { ...LOG_HEAP, BUN_JSC_gcMaxHeapSize: `${GARBAGE_MAX_BYTES}` } as const;

export async function pointOf(arena: Arena): Promise<Point> {
  const [hub, agent] = await Promise.all([
    restOf(arena, 'hub', arena.hubHeap, arena.hub.pid),
    restOf(arena, DEVICE, arena.agentHeap, arena.agent.pid),
  ]);
  return { hub, agent };
}

async function restOf(arena: Arena, name: string, heap: LiveHeap, pid: number) {
  const from = heap.points.length;
  const known = new Set(heap.points.map((point) => point.heap));
  const deadlineMs = monotonicMs() + COLLECTED_MS;
  let anonymousMiB = Number.POSITIVE_INFINITY;
  for (;;) {
    // Only the garbage is wanted: that a busy daemon once answers late is no matter here.
    await ask(arena.site, name, 'status').catch(() => null);
    anonymousMiB = Math.min(anonymousMiB, useOf(pid).anonymousMiB);
    const since = Map.groupBy(heap.points.slice(from), (point) => point.heap);
    const isCollected = [...known].every((each) => (since.get(each)?.length ?? 0) >= COLLECTIONS);
    if (known.size > 0 && isCollected) {
      const alive = [...since.values()].map((points) =>
        median(points.map((each) => each.aliveKib)),
      );
      return { aliveMiB: alive.reduce((sum, kib) => sum + kib, 0) / KIB, anonymousMiB };
    }
    if (monotonicMs() > deadlineMs) throw new Error(`a heap of ${name} was not collected`);
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
