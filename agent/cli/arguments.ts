/**
 * Command lines of the subcommands: known flags or a sentence that says which there are.
 *
 * @module
 */
import { parseArgs } from 'node:util';
import { nearest } from '../../policies/nearest.ts';

/** Exit codes of every subcommand. */
export const EXIT = { ok: 0, failure: 1, usage: 2 } as const;

/** Where a subcommand writes. Tests collect it. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

export const TERMINAL: Terminal = {
  out: (text) => process.stdout.write(`${text}\n`),
  err: (text) => process.stderr.write(`${text}\n`),
};

/** `multiple`: the flag may repeat, and its values come as a list. */
export type Options = Readonly<
  Record<string, { readonly type: 'string' | 'boolean'; readonly multiple?: true }>
>;

type ValueOf<Flag extends Options[string]> = Flag['type'] extends 'boolean' ? boolean : string;

type Values<Flags extends Options> = {
  readonly [Name in keyof Flags]?: Flags[Name] extends { readonly multiple: true }
    ? readonly ValueOf<Flags[Name]>[]
    : ValueOf<Flags[Name]>;
};

export type Arguments<Flags extends Options> =
  | { readonly ok: true; readonly flags: Values<Flags>; readonly operands: readonly string[] }
  | { readonly ok: false; readonly message: string };

/** Strict: an unknown flag, a missing value or a surplus operand is refused, never ignored. */
export function parseArguments<const Flags extends Options>(
  argv: readonly string[],
  options: Flags,
  operandsMax: number,
): Arguments<Flags> {
  const allowed = `allowed: ${Object.keys(options)
    .map((name) => `--${name}`)
    .join(', ')}`;
  try {
    const parsed = parseArgs({ args: [...argv], options, allowPositionals: true });
    const surplus = parsed.positionals[operandsMax];
    if (surplus !== undefined) {
      return { ok: false, message: `unexpected argument ${JSON.stringify(surplus)}` };
    }
    return { ok: true, flags: parsed.values as Values<Flags>, operands: parsed.positionals };
  } catch (error) {
    const unknown = argv.find((argument) => isUnknownFlag(argument, options));
    if (unknown === undefined) {
      const message = error instanceof Error ? error.message : String(error);
      return { ok: false, message: `${message}; ${allowed}` };
    }
    const meant = nearest(unknown.replace(/^-+/, '').split('=')[0]!, Object.keys(options));
    const hint = meant === null ? '' : `, did you mean --${meant}?`;
    return { ok: false, message: `unknown flag ${unknown}${hint}; ${allowed}` };
  }
}

function isUnknownFlag(argument: string, options: Options): boolean {
  if (!argument.startsWith('-') || argument === '-' || argument === '--') return false;
  return !Object.hasOwn(options, argument.replace(/^-+/, '').split('=')[0]!);
}
