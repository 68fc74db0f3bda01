/**
 * Delta debugging: a smaller list on which the same thing still happens.
 *
 * Source: Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", IEEE TSE 28(2), 2002
 * (ddmin, here without the step that tries subsets alone: dropping parts finds the same and asks less).
 *
 * @module
 */

/** Of several candidates the first for which it still happens, or null. */
export type FirstOf<T> = (candidates: readonly T[]) => Promise<T | null>;

/** What of `all` is needed: without any single one of it, it does not happen (unless `first` gave up). */
export async function fewer<T>(all: readonly T[], first: FirstOf<readonly T[]>): Promise<T[]> {
  let kept = [...all];
  if (kept.length > 0 && (await first([[]])) !== null) return [];
  let parts = 2;
  while (kept.length > 1) {
    const smaller = await first(withoutEach(kept, parts));
    if (smaller !== null) {
      kept = [...smaller];
      parts = Math.max(2, Math.min(parts - 1, kept.length));
    } else if (parts >= kept.length) break;
    else parts = Math.min(kept.length, parts * 2);
  }
  return kept;
}

/** `all` without its n-th part, for each of about `parts` parts; the last ones are dropped first. */
function withoutEach<T>(all: readonly T[], parts: number): (readonly T[])[] {
  const size = Math.ceil(all.length / parts);
  const candidates: (readonly T[])[] = [];
  for (let begin = 0; begin < all.length; begin += size) {
    candidates.unshift([...all.slice(0, begin), ...all.slice(begin + size)]);
  }
  return candidates;
}
