/**
 * Reads the JUnit reports of `bun test` and says in one line what happened.
 *
 * Only what `bun test` 1.4 writes is understood; a report that is anything else is refused, because a report that
 * is silently read as empty would turn a crash into a success. Bun leaves out a file that failed to load and writes
 * no report when a test ends the process, so the caller names the files that must appear.
 *
 * @module
 */

export interface Skip {
  readonly name: string;
  readonly reason: string;
}

export interface Tally {
  readonly passed: number;
  /** Names of what failed: tests, and files or steps that left no report. */
  readonly failed: readonly string[];
  readonly skipped: readonly Skip[];
}

export const NOTHING: Tally = { passed: 0, failed: [], skipped: [] };

/** How `test/obstacle.ts` writes the reason into the name of a test that cannot run here. */
const REASON = / \[cannot run here: (.*)\]$/;

/**
 * @param xml a whole report.
 * @param files the test files that must have reported, as the report names them.
 */
export function readReport(xml: string, files: readonly string[]): Tally {
  if (!/<testsuites[\s>]/.test(xml) || !/<\/testsuites>\s*$/.test(xml)) {
    return { ...NOTHING, failed: files.map((file) => `${file}: its report is cut short`) };
  }
  let passed = 0;
  const failed: string[] = [];
  const skipped: Skip[] = [];
  for (const [, attributes = '', body = ''] of xml.matchAll(
    /<testcase\b((?:[^>"]|"[^"]*")*?)(?:\/>|>(.*?)<\/testcase>)/gs,
  )) {
    const name = testName(attributes);
    if (/<(failure|error)\b/.test(body)) failed.push(name);
    else if (/<skipped\b/.test(body)) skipped.push(skip(name, body));
    else passed++;
  }
  const reported = new Set(
    [...xml.matchAll(/<testsuite\b[^>]*? file="([^"]*)"/g)].map((m) => m[1]),
  );
  for (const file of files) if (!reported.has(file)) failed.push(`${file}: reported no tests`);
  return { passed, failed, skipped };
}

export function sum(tallies: readonly Tally[]): Tally {
  return {
    passed: tallies.reduce((total, tally) => total + tally.passed, 0),
    failed: tallies.flatMap((tally) => tally.failed),
    skipped: tallies.flatMap((tally) => tally.skipped),
  };
}

/** `12 passed, 0 failed`, and `, 3 skipped` behind it when something was. */
export function closingLine(tally: Tally): string {
  const skipped = tally.skipped.length === 0 ? '' : `, ${tally.skipped.length} skipped`;
  return `${tally.passed} passed, ${tally.failed.length} failed${skipped}`;
}

/** Green needs at least one test that ran: a run of nothing proves nothing. */
export function isGreen(tally: Tally): boolean {
  return tally.failed.length === 0 && tally.passed > 0;
}

/** One report of many: the suites of all of them under one root. */
export function mergeReports(reports: readonly string[]): string {
  const suites = reports.map((xml) => /<testsuites[^>]*>(.*)<\/testsuites>/s.exec(xml)?.[1] ?? '');
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="all">${suites.join('')}</testsuites>\n`;
}

function skip(name: string, body: string): Skip {
  const reason = REASON.exec(name)?.[1] ?? /<skipped message="([^"]*)"/.exec(body)?.[1];
  return { name: name.replace(REASON, ''), reason: reason ?? 'no reason given' };
}

function testName(attributes: string): string {
  const read = (key: string) =>
    decodeEntities(new RegExp(`\\b${key}="([^"]*)"`).exec(attributes)?.[1] ?? '');
  return [read('file'), read('classname'), read('name')].filter((part) => part !== '').join(' > ');
}

const ENTITY: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  amp: '&',
};

function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d+)|(\w+));/g, (whole, code?: string, entity?: string) =>
    code !== undefined ? String.fromCodePoint(Number(code)) : (ENTITY[entity ?? ''] ?? whole),
  );
}
