/**
 * The inputs that are kept: what reached new code, and every input that once broke something.
 *
 * One text file a target, a line an input, so that a change is a readable diff:
 *
 * ```text
 *   # corpus of frames
 *   0601deadbeef
 *   …
 * ```
 *
 * `test/vectors/fuzz/<target>.txt` grows by `scripts/fuzz --grow`; `test/vectors/fuzz/regressions/<target>.txt`
 * by hand or by a crash, and nothing is ever taken out of it.
 *
 * @module
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const CORPUS_FOLDER = join(import.meta.dir, '../vectors/fuzz');
/** Most that the file of one target grows to, so that no target takes the room of the others. Chosen. */
export const CORPUS_BYTES_MAX = 16 * 1_024;
/** All of them together stay below this, regressions included; a repository is no data store. Chosen. */
export const CORPORA_BYTES_MAX = 300 * 1_024;

export type CorpusKind = 'corpus' | 'regressions';

export function corpusFile(target: string, kind: CorpusKind): string {
  return kind === 'corpus'
    ? join(CORPUS_FOLDER, `${target}.txt`)
    : join(CORPUS_FOLDER, 'regressions', `${target}.txt`);
}

export function readCorpus(target: string, kind: CorpusKind): Uint8Array[] {
  const file = corpusFile(target, kind);
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const bytes = bytesOfHex(line.trim());
      if (bytes === null) throw new Error(`${file}: "${line.slice(0, 20)}" is no hex`);
      return bytes;
    });
}

/** What every run of a target tries first: regressions, then the corpus. */
export function readKnown(target: string): Record<'regressions' | 'corpus', Uint8Array[]> {
  return {
    regressions: readCorpus(target, 'regressions'),
    corpus: readCorpus(target, 'corpus'),
  };
}

export function writeCorpus(target: string, inputs: readonly Uint8Array[]): void {
  const file = corpusFile(target, 'corpus');
  mkdirSync(dirname(file), { recursive: true });
  const lines = inputs.map(hexOf).sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  writeFileSync(file, `# corpus of ${target}; grown by scripts/fuzz --grow\n${lines.join('\n')}\n`);
}

/** False: it stands there already. */
export function addRegression(target: string, input: Uint8Array, reason: string): boolean {
  const file = corpusFile(target, 'regressions');
  const hex = hexOf(input);
  const before = existsSync(file)
    ? readFileSync(file, 'utf8')
    : `# inputs that once broke ${target}; never removed\n`;
  if (before.split('\n').includes(hex)) return false;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${before}# ${reason.replace(/[^\x20-\x7e]+/g, ' ')}\n${hex}\n`);
  return true;
}

export const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** Null where it is no hex. */
export function bytesOfHex(text: string): Uint8Array | null {
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(text)) return null;
  return Uint8Array.from(Buffer.from(text, 'hex'));
}
