/**
 * TOML documents out of a tree of fields: mostly legal, with every kind of lie about one field at a time.
 *
 * @module
 */
import type { Field, Fields } from '../../policies/field.ts';
import type { Random } from '../sim/random.ts';

/** What an operator, or somebody who means harm, writes where a value belongs. */
const STRAY = [
  ...['1', '-1', '0', '1.5', 'nan', '-inf', '9007199254740993', '1e400', '0x7fffffff', 'true'],
  ...['""', '"x"', '"::ffff:10.0.0.0/104"', '"[::ffff:192.0.2.1]:51820"', '"0.0.0.0/0"', '"::/0"'],
  ...['[]', '[[]]', '["a", "a"]', '{}', '{ a = 1 }', '1979-05-27T07:32:00Z', '07:32:00'],
  ...[
    '"\\u0000"',
    "'''\n'''",
    '"2026-13-01T00:00:00Z"',
    '"2026-01-01T00:00:00Z"',
    '"10.77.0.1/24"',
  ],
];
const STRAY_KEYS = ['__proto__', 'constructor', '"a b"', 'hub', 'x', 'toString', '""'];
const GOOD: Readonly<Record<string, readonly string[]>> = {
  public_key: ['"xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="'],
  endpoints: ['["198.51.100.1:51820"]', '["[2001:db8::1]:51820", "198.51.100.1:1"]'],
  addresses: ['["10.77.0.5/24"]', '["0.0.0.0", "::"]', '["fd77::5/64", "10.0.0.1/8"]'],
  allowed: ['["10.0.0.0/8"]', '["::/0", "0.0.0.0/0"]'],
  routes: ['["10.79.0.0/24"]', '[]'],
  inner4: ['"10.77.0.0/16"', '"10.0.0.0/30"'],
  inner6: ['"fd77::/64"'],
  url: ['"mqtt://192.0.2.1:1883"', '"mqtts://[2001:db8::1]"'],
  expires_at: ['"2026-12-31T00:00:00Z"', '2026-12-31T00:00:00Z'],
};
const KEYS_OF_TABLES = ['eth0', 'wwan0', 'wlan0', 'jvpn0', 'constructor', 'lte', 'wifi', '"a/b"'];

export function tomlOf(fields: Fields, random: Random, needed: readonly string[]): string {
  const plain: string[] = [];
  const tables: string[] = [];
  writeTable(fields, '', random, plain, tables, needed);
  const lines = [...plain, ...tables];
  if (random.chance(10)) lines.push(`${pick(random, STRAY_KEYS)} = ${pick(random, STRAY)}`);
  return `${lines.join('\n')}\n`;
}

function writeTable(
  fields: Fields,
  path: string,
  random: Random,
  plain: string[],
  tables: string[],
  needed: readonly string[],
): void {
  for (const [key, field] of Object.entries(fields)) {
    const where = path === '' ? key : `${path}.${key}`;
    const isNeeded = needed.includes(where);
    if (!random.chance(isNeeded ? 98 : 25)) continue;
    if (field.kind === 'table') {
      const own: string[] = [];
      const inner: string[] = [];
      writeTable(field.fields, where, random, own, inner, needed);
      tables.push(`[${where}]`, ...own, ...inner);
    } else if (field.kind === 'tables') {
      for (let count = random.between(1, 3); count > 0; count--) {
        const own: string[] = [];
        writeTable(field.entry, '', random, own, [], Object.keys(field.entry));
        tables.push(`[${where}.${pick(random, KEYS_OF_TABLES)}]`, ...own);
      }
    } else plain.push(`${key} = ${writtenValue(key, field, random)}`);
  }
}

function writtenValue(key: string, field: Field, random: Random): string {
  if (random.chance(4)) return pick(random, STRAY);
  const good = GOOD[key];
  if (good !== undefined) return pick(random, good);
  switch (field.kind) {
    case 'integer':
    case 'number': {
      const bounds = [field.min, field.max, field.default ?? field.min];
      const value = pick(random, bounds) + (random.chance(3) ? random.between(0, 2) - 1 : 0);
      return String(value);
    }
    case 'text':
      if (field.words !== undefined) return JSON.stringify(pick(random, field.words));
      return typeof field.default === 'string' ? JSON.stringify(field.default) : '"a"';
    case 'texts':
      return JSON.stringify(field.default ?? ['a']);
    case 'boolean':
      return String(random.chance(50));
    default:
      return pick(random, STRAY);
  }
}

const pick = <T>(random: Random, items: readonly T[]): T => items[random.below(items.length)]!;
