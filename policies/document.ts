/**
 * A parsed document (TOML or CBOR) against a tree of fields: its value with every default filled in,
 * or ALL the problems it has.
 *
 * Takes any value that a parser can produce and never throws on it. It refuses unknown keys, wrong
 * types, NaN, infinities, fractions of integers, values out of range, and the same entry twice in
 * one list. A key twice in one table is the parser's to refuse: here it can no longer be seen.
 *
 * @module
 */
import { allowedWords, keyList } from './allowed.ts';
import {
  camelCase,
  type Field,
  type Fields,
  type NumberField,
  type TablesField,
  type TextField,
  type TextsField,
  type ValuesOf,
} from './field.ts';
import { foundWords, isInstant, isTable } from './found.ts';
import { instantMs } from './instant.ts';
import { nearest } from './nearest.ts';
import { type Checked, joinPath, type Problem, problem, quoted } from './problem.ts';

/** More would help nobody, and a foreign document could hold millions. */
const PROBLEMS_MAX = 200;

export function checkDocument<Tree extends Fields>(
  document: unknown,
  fields: Tree,
): Checked<ValuesOf<Tree>> {
  const check = new Check(fields);
  const value = check.table(document, fields, '');
  if (check.problems.length > 0) return { ok: false, problems: check.problems };
  return { ok: true, value: value as ValuesOf<Tree> };
}

/** One run over one document. After any problem the values it returns are not to be used. */
class Check {
  readonly problems: Problem[] = [];
  readonly #root: Fields;

  constructor(root: Fields) {
    this.#root = root;
  }

  table(given: unknown, fields: Fields, path: string): Record<string, unknown> {
    const value: Record<string, unknown> = {};
    if (!isTable(given)) {
      this.#add(path, `${foundWords(given)} instead of a table`, `a table with ${keyList(fields)}`);
      return value;
    }
    for (const key of Object.keys(given)) {
      if (!Object.hasOwn(fields, key)) this.#addUnknown(path, key, fields);
    }
    for (const [key, field] of Object.entries(fields)) {
      const found = Object.hasOwn(given, key) ? given[key] : undefined;
      value[camelCase(key)] = this.#field(found, field, joinPath(path, key));
    }
    return value;
  }

  #field(given: unknown, field: Field, path: string): unknown {
    if (field.kind === 'table') return this.table(given ?? {}, field.fields, path);
    if (field.kind === 'tables') return this.#tables(given ?? {}, field, path);
    if (given === undefined || (given === null && field.default === null)) {
      if (field.default === undefined) this.#add(path, 'missing', allowedWords(field));
      return field.default;
    }
    switch (field.kind) {
      case 'integer':
      case 'number':
        return this.#number(given, field, path);
      case 'text':
        return this.#text(given, field, path);
      case 'texts':
        return this.#texts(given, field, path);
      case 'boolean':
        if (typeof given !== 'boolean') this.#addType(given, field, path);
        return given;
      case 'instant': {
        const text = isInstant(given) ? String(given) : given;
        if (typeof text !== 'string') this.#addType(given, field, path);
        else if (instantMs(text) === null) this.#add(path, quoted(text), allowedWords(field));
        return text;
      }
    }
  }

  #number(given: unknown, field: NumberField, path: string): unknown {
    const allowed = allowedWords(field);
    if (typeof given !== 'number') this.#addType(given, field, path);
    else if (Number.isNaN(given)) this.#add(path, 'not a number', allowed);
    else if (field.kind === 'integer' && Number.isFinite(given) && !Number.isInteger(given)) {
      this.#add(path, `${given} is not an integer`, allowed);
    } else if (given < field.min) this.#add(path, `${given} is below ${field.min}`, allowed);
    else if (given > field.max) this.#add(path, `${given} is above ${field.max}`, allowed);
    return given;
  }

  #text(given: unknown, field: TextField, path: string): unknown {
    if (typeof given !== 'string') this.#addType(given, field, path);
    else if (field.words !== undefined && !field.words.includes(given)) {
      this.#add(path, quoted(given), allowedWords(field), nearest(given, field.words));
    } else if (field.format?.accepts(given) === false) {
      this.#add(path, quoted(given), allowedWords(field));
    }
    return given;
  }

  #texts(given: unknown, field: TextsField, path: string): unknown {
    const allowed = allowedWords(field);
    if (!Array.isArray(given)) {
      this.#addType(given, field, path);
      return [];
    }
    if (given.length < field.countMin || given.length > field.countMax) {
      this.#add(path, `a list of ${given.length}`, allowed);
      return [];
    }
    const seen = new Set<unknown>();
    for (const [index, entry] of given.entries()) {
      const where = `${path}[${index}]`;
      if (typeof entry !== 'string')
        this.#add(where, foundWords(entry), field.format?.words ?? null);
      else if (field.format?.accepts(entry) === false) {
        this.#add(where, quoted(entry), field.format.words);
      } else if (seen.has(entry)) this.#add(where, `${quoted(entry)} is there twice`);
      seen.add(entry);
    }
    return given;
  }

  #tables(given: unknown, field: TablesField, path: string): Record<string, unknown> {
    const value: Record<string, unknown> = {};
    if (!isTable(given)) {
      this.#addType(given, field, path);
      return value;
    }
    const keys = Object.keys(given);
    if (keys.length < field.countMin || keys.length > field.countMax) {
      const range = `${field.countMin} to ${field.countMax}`;
      this.#add(path, `${keys.length} of them`, `${range}, one for each ${field.key}`);
      return value;
    }
    for (const key of new Set([...Object.keys(field.default), ...keys])) {
      const where = joinPath(path, key);
      if (!field.keyFormat.accepts(key)) {
        this.#add(where, `${quoted(key)} is no ${field.key}`, field.keyFormat.words);
        continue;
      }
      const base = Object.hasOwn(field.default, key) ? field.default[key] : {};
      const own = Object.hasOwn(given, key) ? given[key] : {};
      value[key] = this.table(isTable(own) ? { ...base, ...own } : own, field.entry, where);
    }
    return value;
  }

  #addUnknown(path: string, key: string, fields: Fields): void {
    const known = Object.keys(fields);
    const elsewhere = pathOfKey(key, this.#root, '');
    const meant = elsewhere ?? nearest(key, known);
    this.#add(joinPath(path, key), 'unknown key', `only ${keyList(fields)}`, meant);
  }

  #addType(given: unknown, field: Field, path: string): void {
    this.#add(path, `${foundWords(given)} is of the wrong type`, allowedWords(field));
  }

  #add(
    path: string,
    wrong: string,
    allowed: string | null = null,
    near: string | null = null,
  ): void {
    if (this.problems.length < PROBLEMS_MAX)
      this.problems.push(problem(path, wrong, allowed, near));
  }
}

/** Where in the tree a key belongs that was written into the wrong table. */
function pathOfKey(key: string, fields: Fields, path: string): string | null {
  for (const [name, field] of Object.entries(fields)) {
    const here = joinPath(path, name);
    if (field.kind === 'table') {
      const inner = pathOfKey(key, field.fields, here);
      if (inner !== null) return inner;
    } else if (name === key) {
      return here;
    }
  }
  return null;
}
