/**
 * What a field of a document is: meaning, unit, default and range, once and for all.
 *
 * Policies, agent and hub configuration are trees of these. Validation (`document.ts`), the
 * TypeScript types ({@link ValueOf}), the reference pages and the JSON Schemas are all derived from
 * the same tree, so no default and no range exists a second time.
 *
 * `default: null` means "may be left out, and then is null"; no `default` means "must be given".
 *
 * @module
 */
import type { Format } from './format.ts';

interface Common {
  /** One sentence for the reference page and the editor's tooltip. */
  readonly meaning: string;
  /** True where a change takes effect only after a restart of the daemon; a table’s holds for all in it. */
  readonly restart?: boolean;
}

export interface NumberField extends Common {
  /** `integer` refuses fractions; neither accepts NaN or infinity. */
  readonly kind: 'integer' | 'number';
  /** `ms`, `bytes`, `percent`, `per minute`, …; empty for a bare count. */
  readonly unit: string;
  readonly default?: number | null;
  readonly min: number;
  readonly max: number;
  /** The direction in which an emergency may move it. Absent: an emergency leaves it alone. */
  readonly tighten?: 'lower' | 'raise';
}

export interface TextField extends Common {
  readonly kind: 'text';
  readonly default?: string | null;
  /** Only these words, if given. */
  readonly words?: readonly string[];
  readonly format?: Format;
}

/** A list of texts in which each may appear once. */
export interface TextsField extends Common {
  readonly kind: 'texts';
  readonly default?: readonly string[];
  readonly format?: Format;
  readonly countMin: number;
  readonly countMax: number;
}

export interface BooleanField extends Common {
  readonly kind: 'boolean';
  readonly default?: boolean;
}

/** A point in time on the wall clock, RFC 3339 in UTC. Its value is the text in canonical form. */
export interface InstantField extends Common {
  readonly kind: 'instant';
  readonly default: null;
}

export interface TableField extends Common {
  readonly kind: 'table';
  readonly fields: Fields;
}

/** A table of tables whose keys are names that the operator chooses, such as links. */
export interface TablesField extends Common {
  readonly kind: 'tables';
  /** What a key is, for the reference page: `link`. */
  readonly key: string;
  readonly keyFormat: Format;
  readonly entry: Fields;
  /** Entries that exist without being written; a written entry of the same key overlays its one. */
  readonly default: Readonly<Record<string, Readonly<Record<string, string | number>>>>;
  readonly countMin: number;
  readonly countMax: number;
}

export type Field =
  | NumberField
  | TextField
  | TextsField
  | BooleanField
  | InstantField
  | TableField
  | TablesField;

export type Fields = { readonly [key: string]: Field };

/** `max_age_ms` → `maxAgeMs`: documents are snake_case, code is camelCase. */
export type CamelCase<Text extends string> = Text extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Text;

export function camelCase(key: string): string {
  return key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

type OrNull<F> = F extends { readonly default: null } ? null : never;
type TextOf<F> = F extends { readonly words: readonly (infer Word)[] } ? Word : string;

/** The TypeScript type of a field's value, after defaults. */
export type ValueOf<F> = F extends { readonly kind: 'integer' | 'number' }
  ? number | OrNull<F>
  : F extends { readonly kind: 'text' }
    ? TextOf<F> | OrNull<F>
    : F extends { readonly kind: 'texts' }
      ? readonly string[]
      : F extends { readonly kind: 'boolean' }
        ? boolean
        : F extends { readonly kind: 'instant' }
          ? string | null
          : F extends { readonly kind: 'tables'; readonly entry: infer Entry }
            ? Readonly<Record<string, ValuesOf<Entry>>>
            : F extends { readonly kind: 'table'; readonly fields: infer Inner }
              ? ValuesOf<Inner>
              : never;

/** The TypeScript type of a whole table. */
export type ValuesOf<Tree> = {
  readonly [Key in keyof Tree & string as CamelCase<Key>]: ValueOf<Tree[Key]>;
};
