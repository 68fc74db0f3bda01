/**
 * `jvpn audit FILE…`: replays audit logs against the invariants and rebuilds the life of each session; or the events that a fleet keeps.
 *
 * Reads files and nothing else; needs no daemon and no rights, like `jvpn policy lint` beside it. The rules are those
 * that the daemons assert while they run (`session/invariants`).
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { type LoadedPolicy, loadPolicy, loadPolicyText } from '../../policies/load.ts';
import { formatProblems } from '../../policies/problem.ts';
import type { Policy } from '../../policies/schema.ts';
import { auditEvents, auditStreams } from '../../session/invariants/stream/auditor.ts';
import type { Bounds } from '../../session/invariants/stream/ledger.ts';
import { EXIT, parseArguments, TERMINAL, type Terminal } from './arguments.ts';
import { readEvents } from './auditDatabase.ts';
import { groupParts, Logs, type Sources } from './auditFiles.ts';
import { boundsOf, boundsOfDefault } from './auditPolicies.ts';
import { type Audit, auditJson, auditLines, isClean } from './auditReport.ts';
import { readTime } from './time.ts';

const HELP = `Usage: jvpn audit FILE… [--session ID] [--policy FILE]… [--json]
       jvpn audit --database FILE [--device NAME] [--from TIME] [--to TIME] [--session ID] [--policy FILE]… [--json]

Replays audit logs against the invariants (docs/protocol.md) and shows the life of each session in them. Give the logs of
device and hub together where you have them, and rotated parts with their log: agent.jsonl agent.jsonl.1 hub.jsonl

  --database FILE instead: the events that a jvpn fleet keeps in its history (history.file), once it has ended. What is not
                  in it (claims, the hubs' side, what was dropped, cut or not published) is told as not checkable
  --device NAME   of the events of a fleet: this device only
  --from TIME, --to TIME
                  of those: only what happened from then, or until then: 2026-11-29T14:00Z (without a zone: local time)
  --session ID    this session only, with all of its events; the first digits of the id will do
  --policy FILE   a policy that was in force; repeat it for each version that the logs name. The switch cap is then that of
                  the version that a line names, and none where no FILE has it, which is said at the end; other bounds
                  are the loosest. Default: the shipped one, balanced, for all lines
  --json          print one JSON document on standard output
  --help          this text

Exit: 0 nothing is wrong, 1 an invariant broke, an event is missing in a log or a line is no event, 2 wrong usage or a file
that cannot be read.`;

const FLAGS = {
  session: { type: 'string' },
  policy: { type: 'string', multiple: true },
  database: { type: 'string' },
  device: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

const FILES_MAX = 1_000;

export async function runAudit(
  argv: readonly string[],
  terminal: Terminal = TERMINAL,
): Promise<number> {
  const parsed = parseArguments(argv, FLAGS, FILES_MAX);
  if (!parsed.ok) return usage(terminal, parsed.message);
  const { session = null, policy: policyFiles = [], json, help } = parsed.flags;
  const { database, device, from, to } = parsed.flags;
  if (help === true) {
    terminal.out(HELP);
    return EXIT.ok;
  }
  if (database !== undefined && parsed.operands.length > 0) {
    return usage(terminal, '--database or audit logs, one of them');
  }
  if (database === undefined) {
    if (parsed.operands.length === 0) return usage(terminal, 'FILE is missing');
    const stray = [device, from, to].some((flag) => flag !== undefined);
    if (stray) return usage(terminal, '--device, --from and --to are of --database');
  }
  try {
    const audit =
      database === undefined
        ? auditOf(parsed.operands, policyFiles, session)
        : await auditDatabase({ file: database, device, from, to }, policyFiles, session);
    if (json === true) terminal.out(auditJson(audit));
    else for (const line of auditLines(audit)) terminal.out(line);
    return isClean(audit) ? EXIT.ok : EXIT.failure;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    terminal.err(`jvpn audit: ${error.message}`);
    return EXIT.usage;
  }
}

/** What was given cannot be used. */
class InputError extends Error {}

function auditOf(
  files: readonly string[],
  policyFiles: readonly string[],
  session: string | null,
): Audit {
  const { policies, bounds } = heldTo(policyFiles);
  const logs = new Logs();
  for (const parts of groupParts(files)) reading(parts.join(', '), () => logs.add(parts));
  if (logs.logs.every(({ records }) => records.length === 0)) {
    const [first] = logs.unreadable;
    const where = first === undefined ? files.join(', ') : `${first.file}:${first.line}`;
    throw new InputError(`${where}: there is no audit event in it`);
  }
  return {
    logs,
    policies,
    verdicts: auditStreams(logs.logs, bounds),
    sessionId: session === null ? null : sessionOf(logs, session),
  };
}

interface DatabaseAsked {
  readonly file: string;
  readonly device: string | undefined;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

async function auditDatabase(
  { file, device, from, to }: DatabaseAsked,
  policyFiles: readonly string[],
  session: string | null,
): Promise<Audit> {
  const { policies, bounds } = heldTo(policyFiles);
  const [fromMs, toMs] = [timeOf('--from', from), timeOf('--to', to)];
  const read = await readEvents({ file, fromMs, toMs, device: device ?? null });
  if (!read.ok) throw new InputError(read.message);
  const { logs, events } = read;
  if (logs.logs.length + logs.unreadable.length === 0) {
    const of = device === undefined ? '' : ` of ${device}`;
    throw new InputError(`${file}: there is no event${of} in that range in it`);
  }
  return {
    ...{ logs, events, policies },
    verdicts: auditEvents(logs.logs, bounds),
    sessionId: session === null ? null : sessionOf(logs, session),
  };
}

function timeOf(flag: string, text: string | undefined): number | null {
  const time = readTime(flag, text);
  if (time.ok) return time.atMs;
  throw new InputError(time.message);
}

/** Whose bounds hold: of the files that were given, or of the shipped policy. */
function heldTo(policyFiles: readonly string[]): Pick<Audit, 'policies'> & { bounds: Bounds } {
  const given = policiesOf(policyFiles);
  const policies = given.length === 0 ? [policyOf('balanced', loadPolicy({}))] : given;
  const bounds = given.length === 0 ? boundsOfDefault(policies[0]!) : boundsOf(given);
  return { policies: policies.map(({ name, version }) => ({ name, version })), bounds };
}

/** Ascending by version. A version that two files have would be that of a line by chance. */
function policiesOf(files: readonly string[]): readonly Policy[] {
  const policies = new Map<number, Policy>();
  for (const file of new Set(files)) {
    const text = reading(file, () => readFileSync(file, 'utf8'));
    const policy = policyOf(file, loadPolicyText(text, Bun.TOML.parse));
    if (policies.has(policy.version)) {
      const sentence = `another file that was given has version ${policy.version} as well`;
      throw new InputError(`${file}: ${sentence}`);
    }
    policies.set(policy.version, policy);
  }
  return [...policies.values()].toSorted((a, b) => a.version - b.version);
}

function policyOf(file: string, loaded: LoadedPolicy): Policy {
  if (!loaded.ok) throw new InputError(formatProblems(file, loaded.problems));
  return loaded.policy;
}

function reading<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new InputError(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function sessionOf({ logs }: Sources, given: string): string {
  const known = new Set(
    logs.flatMap(({ records }) => records.flatMap(({ sessionId }) => sessionId ?? [])),
  );
  const meant = [...known].filter((id) => id.startsWith(given.toLowerCase()));
  const [only] = meant;
  if (only !== undefined && meant.length === 1) return only;
  const what = meant.length === 0 ? 'is in none of the logs' : `may be any of ${meant.join(', ')}`;
  throw new InputError(`session ${JSON.stringify(given)} ${what}`);
}

function usage(terminal: Terminal, message: string): number {
  terminal.err(`jvpn audit: ${message}\n\n${HELP}`);
  return EXIT.usage;
}
