/**
 * The arguments of `scripts/bench idle`. Pure.
 *
 * @module
 */
import { parseArgs } from 'node:util';
import { PROFILE_NAMES, type ProfileName } from '../../../../policies/profiles.ts';
import { optionNumber } from '../../optionNumber.ts';
import { outputFile } from '../../outputFile.ts';

export interface IdleArguments {
  readonly binary: string;
  readonly json: string | null;
  /** Length of the window that is measured. */
  readonly minutes: number;
  /** From the start of the last agent to the start of the window. */
  readonly settleSeconds: number;
  readonly profiles: readonly ProfileName[];
  /** Whether CPUs are kept from sleeping (`awake.ts`). */
  readonly isAwake: boolean;
}

/** Below these a figure is a look, not a result. */
export const PUBLISHABLE = { minutes: 10, settleSeconds: 45 } as const;

/** @throws Error with a sentence for a person. */
export function readIdleArguments(argv: readonly string[]): IdleArguments {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...argv],
    options: {
      ...{ binary: text, json: text, minutes: text, profile: text, 'settle-seconds': text },
      asleep: { type: 'boolean' },
    },
  });
  if (values.binary === undefined) throw new Error('--binary FILE is missing');
  return {
    binary: values.binary,
    json: outputFile('--json', values.json),
    minutes: optionNumber('--minutes', values.minutes, 0.05, 24 * 60) ?? PUBLISHABLE.minutes,
    settleSeconds:
      optionNumber('--settle-seconds', values['settle-seconds'], 0, 600) ??
      PUBLISHABLE.settleSeconds,
    profiles: profilesOf(values.profile),
    isAwake: values.asleep !== true,
  };
}

function profilesOf(text: string | undefined): readonly ProfileName[] {
  if (text === undefined) return PROFILE_NAMES;
  const named = text.split(',');
  const unknown = named.find((name) => !PROFILE_NAMES.some((known) => known === name));
  if (unknown !== undefined) {
    throw new Error(`--profile: "${unknown}" is not one of ${PROFILE_NAMES.join(', ')}`);
  }
  return PROFILE_NAMES.filter((name) => named.includes(name));
}
