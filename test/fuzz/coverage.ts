/**
 * Which blocks of the product's sources a run reached, at nearly full speed, in the product's own runtime.
 *
 * Sources are rewritten as they are loaded: Bun's own transpiler strips the types and prints one
 * statement a line, and each block, case and return gets a counter. Must be switched on before the
 * first product module is imported. Why not a profiler or a fuzzer from a registry:
 * docs/decisions/0015-fuzzing.md.
 *
 * ```text
 *   if (left < 20) {                 if (left < 20) { __hits[7]++;
 *     return fail("tooShort");  ──►    return __hits[8]++, fail("tooShort");
 *   }                                }
 * ```
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { plugin } from 'bun';

const ROOT = join(import.meta.dir, '../..');
const SOURCES = /\/(agent|hal|hub|policies|session)\/.*\.ts$/;
/** More blocks than the product has. */
const BLOCKS_MAX = 1 << 16;

/** Of the current run; counts wrap at 256, which costs a run in a million its novelty. */
const hits = new Uint8Array(BLOCKS_MAX);
/** Of each block: the file it is in, a path from the root. */
const fileOf: string[] = [];

export function watchSources(): void {
  (globalThis as { __hits?: Uint8Array }).__hits = hits;
  const transpiler = new Bun.Transpiler({ loader: 'ts', target: 'bun' });
  plugin({
    name: 'coverage',
    setup(build) {
      build.onLoad({ filter: SOURCES }, ({ path }) => {
        const file = relative(ROOT, path);
        const source = transpiler.transformSync(readFileSync(path, 'utf8'));
        return { contents: withCounters(source, file), loader: 'js' };
      });
    },
  });
}

export function withCounters(source: string, file: string): string {
  const lines = source.split('\n').map((line) => {
    const counter = () => {
      fileOf.push(file);
      return `__hits[${fileOf.length - 1}]++`;
    };
    if (/^\s*return;$/.test(line)) return line.replace('return;', `{ ${counter()}; return; }`);
    const returns = /^(\s*return )(?=\S)/.exec(line);
    const isBlock =
      /(\)|\belse|=>|\btry|\bfinally|\bdo) \{$/.test(line) && !/\bswitch \(/.test(line);
    const isCase = /^\s*(case .*:( \{)?|default:)$/.test(line);
    const begun = isBlock || isCase ? `${line} ${counter()};` : line;
    if (returns === null) return begun;
    return `${returns[1]}${counter()}, ${begun.slice(returns[1]!.length)}`;
  });
  return lines.join('\n');
}

/** What was reached since the last call that nobody ever reached, in files that begin with one of `prefixes`. */
export class Frontier {
  /** Of each block: which orders of magnitude of its count were seen, a bit each. */
  readonly #seen = new Uint8Array(BLOCKS_MAX);
  readonly #prefixes: readonly string[];
  blocks = 0;

  constructor(prefixes: readonly string[]) {
    this.#prefixes = prefixes;
  }

  /** Forget the current run. */
  begin(): void {
    hits.fill(0, 0, fileOf.length);
  }

  /**
   * Features of the current run, marked as seen; `isNew` if one was new.
   *
   * A block and the order of magnitude of its count is a feature, as AFL has it.
   */
  end(): { readonly isNew: boolean; readonly blocks: readonly number[] } {
    const reached: number[] = [];
    let isNew = false;
    for (let block = 0; block < fileOf.length; block++) {
      const count = hits[block]!;
      if (count === 0 || !this.#isWatched(block)) continue;
      reached.push(block);
      const bit = 1 << Math.min(7, 31 - Math.clz32(count));
      const before = this.#seen[block]!;
      if ((before & bit) !== 0) continue;
      if (before === 0) this.blocks += 1;
      this.#seen[block] = before | bit;
      isNew = true;
    }
    return { isNew, blocks: reached };
  }

  /** Blocks that there are in the watched files that were loaded. */
  get total(): number {
    let total = 0;
    for (let block = 0; block < fileOf.length; block++) if (this.#isWatched(block)) total += 1;
    return total;
  }

  readonly #watched: boolean[] = [];

  #isWatched(block: number): boolean {
    this.#watched[block] ??= this.#prefixes.some((prefix) => fileOf[block]!.startsWith(prefix));
    return this.#watched[block];
  }
}
