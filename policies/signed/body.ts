/**
 * The body of a document by its kind, judged by the same rules as a file.
 *
 * | kind | body |
 * | --- | --- |
 * | policy | the tables of a policy file, keys as text; its `version` is the document's |
 * | emergency | the tables of `[emergency.overrides]` |
 * | rotation | 1: the successor's public key, 32 bytes |
 * | command | 1: what to do; 2: id, 16 bytes; 3: its argument, a text, where it has one |
 *
 * Keys of a rotation or command that are not known are refused, as are policies with fields that this release does not have.
 *
 * @module
 */
import { bytesToHex } from '../../session/bytes.ts';
import { checkDocument } from '../document.ts';
import { INTERFACE } from '../format.ts';
import { loadPolicy } from '../load.ts';
import type { Problem } from '../problem.ts';
import { POLICY_FIELDS, type Policy } from '../schema.ts';
import { PUBLIC_KEY_BYTES } from './anchors.ts';
import type { Cbor, CborMap } from './cbor.ts';
import type { Claims } from './claims.ts';
import { type Refused, refuse } from './refusal.ts';
import { isSigningKey } from './signingKey.ts';

export type Overrides = Policy['emergency']['overrides'];

/** What an operator may ask of one device by a document; `rebind` names its link. */
export const COMMANDS = [
  'terminate_session',
  'rebind',
  'refresh_health',
  'rotate_keys',
  'collect_log',
] as const;
export type CommandName = (typeof COMMANDS)[number];

export interface Command {
  readonly name: CommandName;
  /** 16 bytes as 32 hex digits: the answer names it, and the same one is carried out once. */
  readonly id: string;
  /** An interface name of `rebind`; null for all others. */
  readonly link: string | null;
}

/** What a topic says of the command on it, as texts that nobody has checked (`hal/mqtt/commandTopic.ts`). */
export interface CommandPlace {
  readonly name: string;
  readonly id: string;
}

const COMMAND_ID_BYTES = 16;
const KEY = { successor: 1, name: 1, id: 2, link: 3 } as const;

export function policyOf({ body, version }: Claims): { readonly policy: Policy } | Refused {
  const loaded = loadPolicy(tableOf(body));
  if (!loaded.ok) return invalid(loaded.problems);
  if (loaded.policy.version !== version) {
    const found = `its policy has version ${loaded.policy.version}, the document ${version}`;
    return refuse('document_invalid', found);
  }
  return { policy: loaded.policy };
}

export function overridesOf({ body }: Claims): { readonly overrides: Overrides } | Refused {
  const checked = checkDocument(tableOf(body), POLICY_FIELDS.emergency.fields.overrides.fields);
  return checked.ok ? { overrides: checked.value } : invalid(checked.problems);
}

export function successorOf({ body }: Claims): { readonly publicKey: Uint8Array } | Refused {
  const publicKey = body.get(KEY.successor);
  if (body.size !== 1 || !(publicKey instanceof Uint8Array)) {
    return refuse('document_invalid', 'a rotation names one key');
  }
  if (publicKey.length !== PUBLIC_KEY_BYTES) {
    return refuse('document_invalid', `a key of ${publicKey.length} bytes`);
  }
  return isSigningKey(publicKey)
    ? { publicKey }
    : refuse('document_invalid', 'a key under which anybody can sign');
}

export function commandOf({ body }: Claims): { readonly command: Command } | Refused {
  const name = COMMANDS.find((known) => known === body.get(KEY.name));
  if (name === undefined) return refuse('document_invalid', `no command of ${COMMANDS.join(', ')}`);
  const id = body.get(KEY.id);
  if (!(id instanceof Uint8Array) || id.length !== COMMAND_ID_BYTES) {
    return refuse('document_invalid', `the id is not ${COMMAND_ID_BYTES} bytes`);
  }
  const link = body.get(KEY.link) ?? null;
  const takesLink = name === 'rebind';
  const isLink = typeof link === 'string' && INTERFACE.accepts(link);
  if (takesLink ? !isLink : link !== null) {
    return refuse('document_invalid', takesLink ? 'rebind names no link' : `${name} takes nothing`);
  }
  if (body.size !== (takesLink ? 3 : 2)) return refuse('document_invalid', 'an unknown part');
  return { command: { name, id: bytesToHex(id), link: isLink ? link : null } };
}

/** The body of a {@link Command}, to be signed. */
export function commandBody({ name, link }: Omit<Command, 'id'>, id: Uint8Array): CborMap {
  const body = new Map<number, Cbor>([
    [KEY.name, name],
    [KEY.id, id],
  ]);
  return link === null ? body : body.set(KEY.link, link);
}

export const rotationBody = (successor: Uint8Array): CborMap =>
  new Map([[KEY.successor, successor]]);

/** A parsed TOML document as a body; null for a value that documents do not have. */
export function bodyOfTable(table: Readonly<Record<string, unknown>>): CborMap | null {
  const entries = Object.entries(table).map(([key, value]) => [key, cborOf(value)] as const);
  return entries.some(([, value]) => value === undefined)
    ? null
    : new Map(entries as (readonly [string, Cbor])[]);
}

function cborOf(value: unknown): Cbor | undefined {
  if (typeof value === 'number') {
    const isWritable = Number.isSafeInteger(value) || (Number.isFinite(value) && value % 1 !== 0);
    return isWritable ? value : undefined;
  }
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) {
    const items = value.map(cborOf);
    return items.includes(undefined) ? undefined : (items as Cbor[]);
  }
  if (Object.prototype.toString.call(value) === '[object Temporal.Instant]') return String(value);
  if (typeof value !== 'object' || value === null) return undefined;
  return bodyOfTable(value as Readonly<Record<string, unknown>>) ?? undefined;
}

/** As a parser of TOML gives it, for the checks of files. Without a prototype: `__proto__` is a key like any other. */
function tableOf(map: CborMap): unknown {
  const table: Record<string, unknown> = Object.create(null);
  for (const [key, value] of map) table[String(key)] = plain(value);
  return table;
}

function plain(value: Cbor): unknown {
  if (value instanceof Map) return tableOf(value as CborMap);
  return Array.isArray(value) ? value.map(plain) : value;
}

function invalid(problems: readonly Problem[]): Refused {
  const [first] = problems;
  const more = problems.length > 1 ? `, and ${problems.length - 1} more` : '';
  const where = first === undefined || first.path === '' ? '' : `${first.path}: `;
  return refuse('document_invalid', `${where}${first?.wrong}${more}`);
}
