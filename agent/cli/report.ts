/**
 * `jvpn report FILE…`: a review of what audit logs tell, as Markdown and as a page with plots; or of what a fleet remembers.
 *
 * Reads files and nothing else, as `jvpn audit`, whose verdicts are part of it.
 *
 * @module
 */
import { statSync, writeFileSync } from 'node:fs';
import { loadPolicy } from '../../policies/load.ts';
import { auditStreams } from '../../session/invariants/stream/auditor.ts';
import { EXIT, parseArguments, TERMINAL, type Terminal } from './arguments.ts';
import { groupParts, Logs, WALL_MS_MAX } from './auditFiles.ts';
import { boundsOfDefault } from './auditPolicies.ts';
import { type Facts, factsOf } from './report/facts.ts';
import { htmlOf } from './report/html.ts';
import { markdownOf } from './report/markdown.ts';
import { sectionsOf } from './report/sections.ts';
import { storiesOf, type Told } from './report/stories.ts';
import { reviewDatabase } from './reportDatabase.ts';
import { readTime } from './time.ts';

const HELP = `Usage: jvpn report FILE… [--from TIME] [--to TIME] [--device KEY] [--html FILE] [--json]
       jvpn report --database FILE [--from TIME] [--to TIME] [--html FILE] [--json]

A review of what happened, from audit logs: states, recovery latency, switches, refused claims, ended sessions, invariants. As
Markdown on standard output. Give the logs of devices and hub together, and rotated parts with their log.

  --database FILE          instead: the history of a jvpn fleet that has ended (history.file), the whole fleet
  --from TIME, --to TIME   only events from then, or until then: 2026-11-29T14:00Z (without a zone: local time)
  --device KEY             only of this device; the first characters of its public key will do
  --html FILE              also write a page with plots, which needs nothing else; not over one of the logs
  --json                   the figures as one JSON document instead of Markdown
  --help                   this text

The invariants are judged over all that is given, by the shipped policy; jvpn audit knows more of them.

Exit: 0 written, 1 an invariant broke, 2 wrong usage, a file that cannot be read, or no event in the range.`;

const FLAGS = {
  from: { type: 'string' },
  to: { type: 'string' },
  device: { type: 'string' },
  database: { type: 'string' },
  html: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

const FILES_MAX = 1_000;
const TITLE = 'Jumping VPN: a review';

export async function runReport(
  argv: readonly string[],
  terminal: Terminal = TERMINAL,
): Promise<number> {
  const parsed = parseArguments(argv, FLAGS, FILES_MAX);
  if (!parsed.ok) return usage(terminal, parsed.message);
  const { from, to, device, html, json, help } = parsed.flags;
  if (help === true) {
    terminal.out(HELP);
    return EXIT.ok;
  }
  const { database } = parsed.flags;
  if (database !== undefined && parsed.operands.length > 0) {
    return usage(terminal, '--database or audit logs, one of them');
  }
  if (database === undefined && parsed.operands.length === 0) {
    return usage(terminal, 'FILE is missing');
  }
  try {
    if (database !== undefined) return await reportFleet(database, parsed.flags, terminal);
    if (html !== undefined) checkPage(html, parsed.operands);
    const range = { fromMs: timeOf('--from', from), toMs: timeOf('--to', to) };
    const facts = factsIn(parsed.operands, range, device ?? '');
    const sections = sectionsOf(facts);
    if (html !== undefined) writing(html, htmlOf(TITLE, sections, facts));
    terminal.out(json === true ? JSON.stringify(facts, null, 2) : markdownOf(TITLE, sections));
    const isHeld = facts.invariants.every(({ violations }) => violations.length === 0);
    return isHeld ? EXIT.ok : EXIT.failure;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    terminal.err(`jvpn report: ${error.message}`);
    return EXIT.usage;
  }
}

/** Of the whole fleet: `--device` is of audit logs. */
async function reportFleet(
  file: string,
  { from, to, html, json, device }: Partial<Record<keyof typeof FLAGS, string | boolean>>,
  terminal: Terminal,
): Promise<number> {
  if (device !== undefined) throw new InputError('--device is of audit logs, not of --database');
  const text = (flag: string | boolean | undefined) =>
    typeof flag === 'string' ? flag : undefined;
  const page = text(html);
  if (page !== undefined) checkPage(page, [file]);
  const fromMs = timeOf('--from', text(from));
  const toMs = timeOf('--to', text(to));
  const review = await reviewDatabase({ file, fromMs, toMs, isJson: json === true });
  if (!review.ok) throw new InputError(review.message);
  if (page !== undefined) writing(page, review.page);
  terminal.out(review.text);
  return EXIT.ok;
}

/** What was given cannot be used. */
class InputError extends Error {}

interface Range {
  readonly fromMs: number | null;
  readonly toMs: number | null;
}

function factsIn(files: readonly string[], range: Range, device: string): Facts {
  const logs = new Logs();
  for (const parts of groupParts(files)) {
    try {
      logs.add(parts);
    } catch (error) {
      throw new InputError(
        `${parts.join(', ')}: ${error instanceof Error ? error.message : error}`,
      );
    }
  }
  const told = storiesOf(logs, { ...range, device });
  if (told.stories.length + told.besides.length === 0) {
    const asked = [
      ...(device === '' ? [] : [`of device ${device}`]),
      ...(range.fromMs === null ? [] : [`from ${new Date(range.fromMs).toISOString()}`]),
      ...(range.toMs === null ? [] : [`to ${new Date(range.toMs).toISOString()}`]),
    ];
    throw new InputError(`there is no event ${asked.join(' ')} in ${files.join(', ')}`);
  }
  checkTimes(logs, told);
  const policy = loadPolicy({});
  if (!policy.ok) throw new Error('the shipped policy is good');
  return factsOf(told, {
    invariants: auditStreams(logs.logs, boundsOfDefault(policy.policy)),
    gaps: logs.gaps.length,
    unreadable: logs.unreadable.length,
  });
}

/** A review is of a stretch of time: one event with a time is the least. */
function checkTimes(logs: Logs, { stories, besides }: Told): void {
  const events = [...stories.flatMap((story) => story.events), ...besides];
  if (events.some(({ wallMs }) => wallMs !== null)) return;
  const { file, line } = logs.placeOf(events[0]!.record);
  throw new InputError(
    `${file}:${line}: ts_ms is no time, here and in every other event; it is a number of milliseconds since 1970, ` +
      `at most ${WALL_MS_MAX} either way. Give the log as the daemon wrote it, or ask jvpn audit, which needs no times`,
  );
}

function timeOf(flag: string, text: string | undefined): number | null {
  const time = readTime(flag, text);
  if (time.ok) return time.atMs;
  throw new InputError(time.message);
}

/** The page takes the place of what is there: by whatever name, that is no log that was given. */
function checkPage(html: string, files: readonly string[]): void {
  const page = inodeOf(html);
  const log = page === null ? undefined : files.find((file) => inodeOf(file) === page);
  if (log === undefined) return;
  throw new InputError(
    `--html ${html} would overwrite ${log}, a log that the review is of; name another file for the page`,
  );
}

/** Null: it is not there, or nobody may look. */
function inodeOf(file: string): string | null {
  try {
    const { dev, ino } = statSync(file, { bigint: true });
    return `${dev} ${ino}`;
  } catch {
    return null;
  }
}

function writing(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new InputError(`${file}: ${error instanceof Error ? error.message : error}`);
  }
}

function usage(terminal: Terminal, message: string): number {
  terminal.err(`jvpn report: ${message}\n\n${HELP}`);
  return EXIT.usage;
}
