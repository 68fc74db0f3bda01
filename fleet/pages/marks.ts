/**
 * The kinds of marks on a device's timeline: their words and their shapes. Pure.
 *
 * @module
 */
import type { Mark } from './answers.ts';
import { wordsOf } from './reasonWords.ts';

/** Paths of SVG around (0, 0), within 5 pixels: told apart by shape. */
export const MARK_KINDS = {
  switch: { words: 'switch', path: 'M0-5 5 4H-5Z' },
  refused: { words: 'refused', path: 'M-5-3-3-5 0-2 3-5 5-3 2 0 5 3 3 5 0 2-3 5-5 3-2 0Z' },
  terminated: { words: 'ended', path: 'M-4-4H4V4H-4Z' },
  presence: { words: 'presence', path: 'M-5 0A5 5 0 1 0 5 0A5 5 0 1 0-5 0Z' },
  policy: { words: 'policy', path: 'M0-5 5 0 0 5-5 0Z' },
  noticed: { words: 'noticed', path: 'M-1.5-5H1.5V1H-1.5ZM-1.5 2.5H1.5V5H-1.5Z' },
  gap: { words: 'gap', path: 'M-5-4H-2V4H-5ZM2-4H5V4H2Z' },
  document: { words: 'document', path: 'M-4-5H1L4-2V5H-4ZM-2-1V0H2V-1ZM-2 2V3H2V2Z' },
} as const;
export type MarkKind = keyof typeof MARK_KINDS;

export const isMarkKind = (kind: string): kind is MarkKind => Object.hasOwn(MARK_KINDS, kind);

/** `switch`, `switch, 3 times`, `ended, heard of later`; the kind as it came where this version does not know it. */
export function kindText({ kind, count = 1, late = false }: Mark): string {
  const words = isMarkKind(kind) ? MARK_KINDS[kind].words : kind;
  return `${words}${count > 1 ? `, ${count} times` : ''}${late ? ', heard of later' : ''}`;
}

/** What changed: `wwan0→hub ⇒ eth0→hub`, one end where there is only one, or nothing. */
export function changeText({ from, to }: Mark): string {
  if (from === null && to === null) return '';
  if (from === null || to === null) return `${to ?? from}`;
  return `${from} ⇒ ${to}`;
}

/** The reason's sentence, or nothing where a mark has none. */
export function reasonText({ reason }: Mark): string {
  return reason === null ? '' : wordsOf(reason).sentence;
}
