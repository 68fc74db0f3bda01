/**
 * The command line of `jvpn policy push`: what it may be, and what of it belongs together.
 *
 * @module
 */
import { lintBroker } from '../../hal/mqtt/lint.ts';
import { parseShare, type Share } from '../../policies/rollout/canary.ts';
import { type Condition, parseConditions } from '../../policies/rollout/condition.ts';
import { isTargetName, type Target } from '../../policies/signed/claims.ts';
import { parseArguments } from './arguments.ts';
import { DURATION_WORDS, durationMs } from './duration.ts';

export const PUSH_HELP = `Usage: jvpn policy push FILE --broker URL (--device D | --group G | --all) --signing-key-file KEY
       jvpn policy push FILE … --canary 5% [--soak 10m] [--abort-if 'degraded > 2%'] [--revert-to FILE] [--state-file S]
       jvpn policy push FILE … --abort
       jvpn policy push FILE --emergency --expires 1h …
       jvpn policy push --emergency --end …

Signs a policy or an emergency, publishes it retained, and waits for what devices report of it (docs/push.md).

  FILE                     a policy, the tables of [emergency.overrides], or what \`jvpn policy sign\` wrote
  --broker URL             mqtt://, mqtts://, ws:// or wss://
  --username NAME, --password-file FILE, --ca-file FILE, --certificate-file FILE, --key-file FILE
  --fleet F                as in the topics (default: jvpn)
  --device D | --group G | --all
  --signing-key-file KEY   as \`jvpn keygen --signing\` writes it; not for a signed FILE
  --expires DURATION       until when a device may take it (default: 30d), and how long an emergency lasts
  --answer-within DURATION how long a device that is there may say nothing (default: what it may need)
  --canary N%|N            to so many devices first, chosen by a hash of their names
  --soak DURATION          how long the canary is heard before the rest gets it (default: 10m)
  --abort-if CONDITIONS    when to stop and to send the policy before to those who have this one
  --revert-to FILE         the policy before (default: what the broker keeps for the target, if this key signed it)
  --state-file S           where the rollout stands (default: FILE.rollout.json); the same command again goes on
  --abort                  stop the rollout of the state file and take it back
  --emergency, --end       values that may only be tighter, for a while; and their end
  --json                   a line of JSON for each step, on standard output
  --help                   this text

Exit status: 0 all that are there confirmed it, 1 it was aborted, refused, overtaken, not answered or for nobody, 2 wrong usage.`;

const FLAGS = {
  broker: { type: 'string' },
  username: { type: 'string' },
  'password-file': { type: 'string' },
  'ca-file': { type: 'string' },
  'certificate-file': { type: 'string' },
  'key-file': { type: 'string' },
  fleet: { type: 'string' },
  device: { type: 'string' },
  group: { type: 'string' },
  all: { type: 'boolean' },
  'signing-key-file': { type: 'string' },
  expires: { type: 'string' },
  'answer-within': { type: 'string' },
  canary: { type: 'string' },
  soak: { type: 'string' },
  'abort-if': { type: 'string' },
  'revert-to': { type: 'string' },
  'state-file': { type: 'string' },
  abort: { type: 'boolean' },
  emergency: { type: 'boolean' },
  end: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

export interface CanaryFlags {
  readonly canary: string;
  readonly soak: string;
  readonly abortIf: string;
  readonly share: Share;
  readonly soakMs: number;
  readonly conditions: readonly Condition[];
  readonly revertTo: string | null;
  readonly stateFile: string;
  readonly isAbort: boolean;
}

export interface PushFlags {
  /** Null only with `isEnd`. */
  readonly file: string | null;
  readonly broker: {
    readonly url: string;
    readonly username: string | null;
    readonly passwordFile: string | null;
    readonly caFile: string | null;
    readonly certificateFile: string | null;
    readonly keyFile: string | null;
  };
  readonly fleet: string;
  readonly target: Target;
  readonly signingKeyFile: string | null;
  readonly expiresMs: number | null;
  readonly answerWithinMs: number | null;
  readonly canary: CanaryFlags | null;
  readonly isEmergency: boolean;
  readonly isEnd: boolean;
  readonly isJson: boolean;
}

export const SOAK = '10m';
/** No condition: what is refused or rolled back stops a canary anyway. */
export const ABORT_IF = '';

/** What is wrong with the command line, for whoever typed it. */
export class PushUsage extends Error {}

/** Null: `--help`. @throws PushUsage */
export function readPushFlags(argv: readonly string[]): PushFlags | null {
  const parsed = parseArguments(argv, FLAGS, 1);
  if (!parsed.ok) throw new PushUsage(parsed.message);
  const { flags, operands } = parsed;
  if (flags.help === true) return null;
  const isEnd = flags.end === true;
  const isEmergency = flags.emergency === true;
  const file = operands[0] ?? null;
  if (isEnd && !isEmergency) throw new PushUsage('--end goes with --emergency');
  if (isEnd && file !== null) throw new PushUsage('--end takes no FILE: it takes values back');
  if (!isEnd && file === null) throw new PushUsage('FILE is missing');
  const fleet = flags.fleet ?? 'jvpn';
  if (!isTargetName(fleet)) throw new PushUsage(`--fleet: ${NAME_WORDS}`);
  const broker = {
    url: flags.broker ?? '',
    username: flags.username ?? null,
    passwordFile: flags['password-file'] ?? null,
    caFile: flags['ca-file'] ?? null,
    certificateFile: flags['certificate-file'] ?? null,
    keyFile: flags['key-file'] ?? null,
  };
  if (flags.broker === undefined) throw new PushUsage('--broker is missing');
  const [wrong] = lintBroker('broker', broker);
  if (wrong !== undefined) {
    const flag = wrong.path === 'broker.url' ? 'broker' : wrong.path.slice('broker.'.length);
    throw new PushUsage(`--${flag.replaceAll('_', '-')} ${wrong.wrong}; allowed: ${wrong.allowed}`);
  }
  return {
    ...{ file, broker, fleet, isEmergency, isEnd, isJson: flags.json === true },
    target: targetOf(flags, fleet),
    signingKeyFile: flags['signing-key-file'] ?? null,
    expiresMs: lengthOf('expires', flags.expires),
    answerWithinMs: lengthOf('answer-within', flags['answer-within']),
    canary: canaryOf(flags, file, isEmergency),
  };
}

type Values = (ReturnType<typeof parseArguments<typeof FLAGS>> & { ok: true })['flags'];

const NAME_WORDS = 'a name of at most 64 letters, digits, "_", "." and "-"';

function targetOf({ device, group, all }: Values, fleet: string): Target {
  const named = [device !== undefined, group !== undefined, all === true].filter(Boolean);
  if (named.length !== 1) throw new PushUsage('--device, --group or --all, one of them');
  const level = device !== undefined ? 'device' : group !== undefined ? 'group' : 'fleet';
  const name = device ?? group ?? fleet;
  if (!isTargetName(name)) throw new PushUsage(`--${level}: ${NAME_WORDS}`);
  return level === 'fleet' ? { level, name } : { level, fleet, name };
}

function lengthOf(flag: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const lengthMs = durationMs(text);
  if (lengthMs === null) throw new PushUsage(`--${flag}: ${DURATION_WORDS}`);
  return lengthMs;
}

function canaryOf(flags: Values, file: string | null, isEmergency: boolean): CanaryFlags | null {
  const { canary, device } = flags;
  if (canary === undefined) {
    const alone = (['soak', 'abort-if', 'revert-to', 'state-file', 'abort'] as const).find(
      (flag) => flags[flag] !== undefined,
    );
    if (alone !== undefined) throw new PushUsage(`--${alone} goes with --canary`);
    return null;
  }
  if (isEmergency) throw new PushUsage('an emergency is for all at once, without --canary');
  if (device !== undefined) throw new PushUsage('--canary is for --group or --all');
  const share = parseShare(canary);
  if (share === null) throw new PushUsage('--canary: a share like 5% or a number of devices');
  const soak = flags.soak ?? SOAK;
  const abortIf = flags['abort-if'] ?? ABORT_IF;
  const parsed = abortIf === '' ? { ok: true as const, conditions: [] } : parseConditions(abortIf);
  if (!parsed.ok) throw new PushUsage(`--abort-if: ${parsed.message}`);
  return {
    ...{ canary, soak, abortIf, share, conditions: parsed.conditions },
    soakMs: lengthOf('soak', soak) ?? 0,
    revertTo: flags['revert-to'] ?? null,
    stateFile: flags['state-file'] ?? `${file}.rollout.json`,
    isAbort: flags.abort === true,
  };
}
