/**
 * The highest rate of datagrams of which less than one in a hundred is lost.
 *
 * @module
 */

export const LOSS_MAX_PERCENT = 1;

export interface Probe {
  readonly sentPps: number;
  readonly receivedPps: number;
  readonly lossPercent: number;
}

/** What overload leaves through is a hint where the limit lies: the search is between these multiples of it. */
const WINDOW = { low: 0.3, high: 1.3 } as const;
/** Below the window the rate is halved this often before it is called 0. */
const HALVINGS_MAX = 4;

/**
 * Flood first, then bisect.
 *
 * @param probe sends at a rate, or as fast as it can for null.
 * @param steps of the bisection; each halves the error, which starts at the hint itself.
 * @returns what arrived at the best rate that was probed; 0 when every rate lost too much.
 */
export async function highestRate(
  probe: (pps: number | null) => Promise<Probe>,
  steps: number,
): Promise<number> {
  const flood = await probe(null);
  if (isGood(flood)) return flood.receivedPps;
  let low = flood.receivedPps * WINDOW.low;
  let high = Math.min(flood.receivedPps * WINDOW.high, flood.sentPps);
  let best = 0;
  for (let step = 0; step < steps; step += 1) {
    const pps = (low + high) / 2;
    const tried = await probe(pps);
    if (isGood(tried)) {
      low = pps;
      best = Math.max(best, tried.receivedPps);
    } else {
      high = pps;
    }
  }
  for (let halving = 0; best === 0 && halving < HALVINGS_MAX; halving += 1) {
    low /= halving === 0 ? 1 : 2;
    const tried = await probe(low);
    if (isGood(tried)) best = tried.receivedPps;
  }
  return best;
}

const isGood = ({ lossPercent }: Probe) => lossPercent < LOSS_MAX_PERCENT;
