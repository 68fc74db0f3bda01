/**
 * Which of some code seals, and which cipher is the faster one: tried out once, at the start of a tunnel thread. What
 * there is to try on this machine is `ownCiphers.ts`.
 *
 * Each candidate must prove itself first (`session/channel/proveDataKey.ts`), and once more after the
 * measurement, when its code is hot. One that fails is out, with its reason kept for status. The
 * portable code is tried where no other serves: it is ten to four hundred times slower, and its proof
 * alone would take longer than all the rest. Without ChaCha20-Poly1305 there is no channel, and the
 * thread does not start.
 *
 * Bounded: a candidate is measured for 4 ms at most, all together for 20, and one that is clearly
 * slower than another of its suite for two rounds. Which provider serves and which suite is faster is
 * decided in turns, when the code of all is hot.
 *
 * @module
 */
import { assert } from '../../session/assert.ts';
import type { CipherSuite, Ciphers } from '../../session/channel/aead.ts';
import type { DataKey } from '../../session/channel/dataKey.ts';
import { newProofCases, type ProofCases } from '../../session/channel/proofCases.ts';
import { PROOF_MEMORY_BYTES, proveDataKey } from '../../session/channel/proveDataKey.ts';
import type { Memory } from '../../session/memory.ts';
import { nativeMemory } from './memory.ts';
import { benchCiphers } from './noCipher.ts';

export type CipherProvider = 'libcrypto' | 'node:crypto' | 'noble';

export interface CipherCandidate {
  readonly suite: CipherSuite;
  readonly provider: CipherProvider;
  /** Or why there is none. */
  readonly ciphers: Ciphers | string;
}

export interface CipherReport {
  readonly suite: CipherSuite;
  readonly provider: CipherProvider;
  /** Of 1,400 bytes, mean of sealing and opening; null where it was refused or not tried. */
  readonly nsPerPacket: number | null;
  /** Why it does not serve; null where it would, or was not needed. */
  readonly refused: string | null;
}

export interface ChosenCiphers {
  /** For each suite the fastest that was proven. */
  readonly ciphers: Ciphers;
  /** What may carry data, the fastest first. */
  readonly preference: readonly CipherSuite[];
  readonly report: readonly CipherReport[];
}

export interface CipherOptions {
  /** The only suite to offer or accept; where it cannot be had, ChaCha20-Poly1305. */
  readonly wanted?: CipherSuite | 'auto';
  readonly candidates: readonly CipherCandidate[];
  readonly nowNs?: () => number;
}

export const SUITES = [
  'aes-256-gcm',
  'chacha20-poly1305',
] as const satisfies readonly CipherSuite[];

const PACKET_BYTES = 1400;
/** Two keys a candidate are measured, one after the other. Chosen. */
const MEASURE_NS = 2_000_000;
const MEASURE_ALL_NS = 20_000_000;
/** As long as a round takes at least, so that reading the clock does not count. Chosen. */
const ROUND_NS = 100_000;
const ROUND_PACKETS_MAX = 64;
/** Also with a clock that stands still. */
const ROUNDS_MAX = 1_000;
/** So much slower than another of its suite needs no second look. Chosen. */
const CLEARLY_SLOWER = 3;
/** Turns of all that were proven, one after the other. Chosen. */
const DUEL_TURNS = 4;
const DUEL_NS = 300_000;

export function chooseCiphers(options: CipherOptions): ChosenCiphers {
  return bestOf(tryAll(options), options.wanted);
}

/** What became of each candidate. */
export interface Trial {
  readonly proven: readonly Proven[];
  readonly report: readonly CipherReport[];
}

/** Prove and measure each. */
export function tryAll(options: Pick<CipherOptions, 'candidates' | 'nowNs'>): Trial {
  const nowNs = options.nowNs ?? (() => Bun.nanoseconds());
  const memory = nativeMemory(PROOF_MEMORY_BYTES);
  const stopAtNs = nowNs() + MEASURE_ALL_NS;
  const report: CipherReport[] = [];
  const proven: Proven[] = [];

  for (const suite of SUITES) {
    const cases = newProofCases(suite);
    for (const { provider, ciphers } of options.candidates.filter((each) => each.suite === suite)) {
      if (provider === 'noble' && fastestOf(proven, suite) !== null) {
        report.push({ suite, provider, nsPerPacket: null, refused: null });
        continue;
      }
      const fastestNs = fastestOf(proven, suite)?.ns ?? Number.POSITIVE_INFINITY;
      const meter = { nowNs, stopAtNs, fastestNs, limitNs: MEASURE_NS };
      const tried = typeof ciphers === 'string' ? ciphers : tryOut(ciphers, cases, memory, meter);
      const ns = typeof tried === 'string' ? null : Math.round(tried);
      const refused = typeof tried === 'string' ? tried : null;
      report.push({ suite, provider, nsPerPacket: ns, refused });
      if (ns === null || typeof ciphers === 'string') continue;
      proven.push({ suite, ciphers, provider, ns });
    }
  }
  if (proven.length > 1) duel(proven, memory, nowNs);
  return { proven, report: report.map((row) => settled(row, proven)) };
}

/** For each suite the fastest. @throws InvariantError without ChaCha20-Poly1305. */
export function bestOf({ proven, report }: Trial, wanted?: CipherSuite | 'auto'): ChosenCiphers {
  const best = new Map<CipherSuite, Proven>();
  for (const suite of SUITES) {
    const fastest = fastestOf(proven, suite);
    if (fastest !== null) best.set(suite, fastest);
  }
  assert(best.has('chacha20-poly1305'), 'ChaCha20-Poly1305 is proven on this machine');
  return {
    ciphers: benchCiphers(joined(best)),
    preference: preferenceOf(best, wanted),
    report,
  };
}

/** Each is reported with what decided. */
function settled(row: CipherReport, proven: readonly Proven[]): CipherReport {
  const entry = proven.find(
    ({ suite, provider }) => suite === row.suite && provider === row.provider,
  );
  return entry === undefined ? row : { ...row, nsPerPacket: Math.round(entry.ns) };
}

export interface Proven {
  readonly suite: CipherSuite;
  readonly ciphers: Ciphers;
  readonly provider: CipherProvider;
  ns: number;
}

function fastestOf(proven: readonly Proven[], suite: CipherSuite): Proven | null {
  const own = proven.filter((each) => each.suite === suite);
  return own.length === 0 ? null : own.reduce((a, b) => (b.ns < a.ns ? b : a));
}

/**
 * The order of the tries must not decide: what came first was measured while code was still cold, on a
 * busy machine all the while. So what was measured before is forgotten.
 */
function duel(proven: readonly Proven[], memory: Memory, nowNs: () => number): void {
  const stopAtNs = Number.POSITIVE_INFINITY;
  for (const entry of proven) entry.ns = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < DUEL_TURNS; turn++) {
    for (const entry of proven) {
      const fastestNs = fastestOf(proven, entry.suite)?.ns ?? stopAtNs;
      if (turn > 0 && entry.ns > CLEARLY_SLOWER * fastestNs) continue;
      const key = entry.ciphers.newDataKey(entry.suite, new Uint8Array(32), 'associated');
      const meter = { nowNs, stopAtNs, fastestNs, limitNs: DUEL_NS };
      entry.ns = Math.min(entry.ns, nsPerPacket(key, memory, meter));
      key.close();
    }
  }
}

interface Meter {
  readonly nowNs: () => number;
  readonly limitNs: number;
  readonly stopAtNs: number;
  readonly fastestNs: number;
}

/** Nanoseconds a packet, or why the candidate does not serve. */
function tryOut(
  ciphers: Ciphers,
  cases: ProofCases,
  memory: Memory,
  meter: Meter,
): number | string {
  let bestNs = Number.POSITIVE_INFINITY;
  const heat = (key: DataKey) => {
    bestNs = Math.min(bestNs, nsPerPacket(key, memory, meter));
  };
  try {
    return proveDataKey({ ciphers, cases, memory, heat }) ?? bestNs;
  } catch (error) {
    // Nothing of a candidate that broke a promise is used, so that others may serve instead.
    return error instanceof Error ? error.message : String(error);
  }
}

function nsPerPacket(key: DataKey, memory: Memory, meter: Meter): number {
  const { nowNs, limitNs, stopAtNs, fastestNs } = meter;
  const untilNs = Math.min(nowNs() + limitNs, stopAtNs);
  const datagramBytes = PACKET_BYTES + 32;
  let packets = 1;
  let bestNs = Number.POSITIVE_INFINITY;
  for (let rounds = 1; ; rounds++) {
    const startNs = nowNs();
    for (let i = 0; i < packets; i++) {
      key.seal(i, memory, 16, PACKET_BYTES, memory, 0);
      const isOpened = key.open(i, memory, 0, datagramBytes, memory, datagramBytes);
      assert(isOpened, 'a datagram opens under its own key');
    }
    const endNs = nowNs();
    bestNs = Math.min(bestNs, (endNs - startNs) / (2 * packets));
    const isHopeless = rounds > 1 && bestNs > CLEARLY_SLOWER * fastestNs;
    if (endNs >= untilNs || isHopeless || rounds >= ROUNDS_MAX) return bestNs;
    if (endNs - startNs < ROUND_NS && packets < ROUND_PACKETS_MAX) packets *= 2;
  }
}

function joined(best: ReadonlyMap<CipherSuite, { readonly ciphers: Ciphers }>): Ciphers {
  const of = (suite: CipherSuite) => {
    const found = best.get(suite);
    assert(found !== undefined, `${suite} is proven on this machine`);
    return found.ciphers;
  };
  return {
    newKey: (suite, key) => of(suite).newKey(suite, key),
    newDataKey: (suite, key, use) => of(suite).newDataKey(suite, key, use),
  };
}

function preferenceOf(
  best: ReadonlyMap<CipherSuite, { readonly ns: number }>,
  wanted: CipherSuite | 'auto' = 'auto',
): readonly CipherSuite[] {
  if (wanted !== 'auto') return [best.has(wanted) ? wanted : 'chacha20-poly1305'];
  return [...best].sort(([, a], [, b]) => a.ns - b.ns).map(([suite]) => suite);
}
