/**
 * Goal: the closing line of `scripts/test` never says more passed, or less failed, than did.
 *
 * Method: reports as `bun test` 1.4.5 wrote them, shortened, the odd cases included.
 */
import { expect, test } from 'bun:test';
import {
  closingLine,
  isGreen,
  mergeReports,
  NOTHING,
  readReport,
  sum,
} from '../../../scripts/junit.ts';

const report = (suites: string) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="bun test" tests="1">\n${suites}</testsuites>\n`;
const suite = (cases: string, file = 'test/a.test.ts') =>
  `<testsuite name="${file}" file="${file}" tests="1" time="0.1" hostname="x">${cases}</testsuite>\n`;

const PASSED =
  '<testcase name="ok" classname="" time="0" file="test/a.test.ts" line="2" assertions="0" />';
const FAILED = `<testcase name="bad" classname="d &lt;&amp;&quot;&gt; &#233;" time="0" file="test/a.test.ts" line="3">
  <failure type="AssertionError" message="a &gt; b&#10;<skipped />">at x</failure></testcase>`;
const SKIPPED = (name: string) =>
  `<testcase name="${name}" classname="" file="test/a.test.ts" line="4"><skipped /></testcase>`;
const LATER = `<testcase name="later" classname="" file="test/a.test.ts"><skipped message="TO${'DO'}" /></testcase>`;

test('passed, failed and skipped are told apart, also in nested suites', () => {
  const nested = `<testsuite name="d" file="test/a.test.ts" line="3">${FAILED}${SKIPPED('s')}</testsuite>`;
  expect(readReport(report(suite(PASSED + nested + PASSED)), ['test/a.test.ts'])).toEqual({
    passed: 2,
    failed: ['test/a.test.ts > d <&"> é > bad'],
    skipped: [{ name: 'test/a.test.ts > s', reason: 'no reason given' }],
  });
});

test('a skipped test never counts as passed and carries its reason', () => {
  const cases = SKIPPED('tun opens [cannot run here: no /dev/net/tun]') + LATER;
  expect(readReport(report(suite(cases)), ['test/a.test.ts'])).toEqual({
    passed: 0,
    failed: [],
    skipped: [
      { name: 'test/a.test.ts > tun opens', reason: 'no /dev/net/tun' },
      { name: 'test/a.test.ts > later', reason: `TO${'DO'}` },
    ],
  });
});

test('an error is a failure, and a > inside an attribute ends no tag', () => {
  const cases =
    '<testcase name="a > b" classname=""><error message="x" /></testcase><testcase name="c -> d" />';
  expect(readReport(report(suite(cases)), [])).toEqual({
    passed: 1,
    failed: ['a > b'],
    skipped: [],
  });
});

test('a file that failed to load is in no report and counts as failed', () => {
  const tally = readReport(report(suite(PASSED)), ['test/a.test.ts', 'test/b.test.ts']);
  expect(tally).toEqual({ passed: 1, failed: ['test/b.test.ts: reported no tests'], skipped: [] });
});

test('half a report, or none, counts as failed for every file', () => {
  const whole = report(suite(PASSED));
  for (const xml of [
    '',
    'Segmentation fault',
    whole.slice(0, -20),
    `<testsuite>${PASSED}</testsuite>`,
  ]) {
    expect(readReport(xml, ['test/a.test.ts'])).toEqual({
      ...NOTHING,
      failed: ['test/a.test.ts: its report is cut short'],
    });
  }
});

test('any cut of a report never counts as green', () => {
  const whole = report(suite(PASSED + FAILED + SKIPPED('s')));
  for (let length = 0; length < whole.trimEnd().length; length++) {
    expect(isGreen(readReport(whole.slice(0, length), ['test/a.test.ts']))).toBe(false);
  }
});

test('the closing line names what was skipped only when something was', () => {
  expect(closingLine({ passed: 12, failed: [], skipped: [] })).toBe('12 passed, 0 failed');
  expect(closingLine({ passed: 0, failed: ['x'], skipped: [{ name: 'y', reason: 'z' }] })).toBe(
    '0 passed, 1 failed, 1 skipped',
  );
});

test('green needs at least one test that ran and none that failed', () => {
  expect(isGreen({ passed: 1, failed: [], skipped: [{ name: 'y', reason: 'z' }] })).toBe(true);
  expect(isGreen({ passed: 9, failed: ['x'], skipped: [] })).toBe(false);
  expect(isGreen({ passed: 0, failed: [], skipped: [{ name: 'y', reason: 'z' }] })).toBe(false);
  expect(isGreen(NOTHING)).toBe(false);
});

test('a merged report holds the tests of all, and reads the same', () => {
  const reports = [report(suite(PASSED + FAILED)), report(suite(SKIPPED('s'), 'test/b.test.ts'))];
  const files = ['test/a.test.ts', 'test/b.test.ts'];
  const apart = sum(reports.map((xml, index) => readReport(xml, [files[index]!])));
  expect(readReport(mergeReports(reports), files)).toEqual(apart);
  expect(closingLine(apart)).toBe('1 passed, 1 failed, 1 skipped');
});
