/**
 * Reference pages in Markdown, from field trees and from the table of reason codes.
 *
 * @module
 */
import { allowedWords } from '../../policies/allowed.ts';
import type { Field, Fields, TablesField } from '../../policies/field.ts';
import { joinPath } from '../../policies/problem.ts';
import type { Reason } from '../../session/reasons.ts';

/** One heading with a table for each table of the tree; loose fields of the root come first. */
export function sectionsOf(fields: Fields, path = '', level = 2): string[] {
  return Object.entries(fields).flatMap(([key, field]) => {
    const here = joinPath(path, key);
    if (field.kind === 'table') {
      const isLeafTable = Object.values(field.fields).some((inner) => inner.kind !== 'table');
      const rows = isLeafTable ? [tableOf(field.fields, field.restart === true), ''] : [];
      return [
        ...heading(`[${here}]`, field, level),
        ...rows,
        ...sectionsOf(field.fields, here, level + 1),
      ];
    }
    if (field.kind === 'tables') {
      const title = `[${here}.<${field.key}>]`;
      const defaults = defaultsOf(field);
      return [
        ...heading(title, field, level),
        tableOf(field.entry, field.restart === true),
        '',
        ...(defaults === null ? [] : ['Without being written:', '', defaults, '']),
      ];
    }
    return [];
  });
}

function heading(title: string, field: Field, level: number): string[] {
  return [`${'#'.repeat(level)} \`${title}\``, '', field.meaning, ''];
}

/** The plain fields of a table; tables within it have headings of their own. */
export function tableOf(fields: Fields, isRestartForAll = false): string {
  const plain = Object.entries(fields).filter(
    ([, field]) => field.kind !== 'table' && field.kind !== 'tables',
  );
  const rows = plain.map(([key, field]) => [
    `\`${key}\``,
    field.meaning,
    defaultText(field),
    allowedWords(field),
    isRestartForAll || field.restart === true ? 'restart' : 'at once',
    emergencyText(field),
  ]);
  const hasEmergency = plain.some(([, field]) => emergencyText(field) !== '');
  const titles = ['field', 'meaning', 'default', 'allowed', 'takes effect', 'emergency may'];
  const width = hasEmergency ? titles.length : titles.length - 1;
  return table([titles, ...rows].map((row) => row.slice(0, width)));
}

function defaultText(field: Field): string {
  if (field.kind === 'table' || field.kind === 'tables') return '';
  if (field.default === undefined) return '**required**';
  if (field.default === null) return '';
  return `\`${JSON.stringify(field.default)}\``;
}

function emergencyText(field: Field): string {
  return 'tighten' in field && field.tighten !== undefined ? `${field.tighten} it` : '';
}

function defaultsOf(field: TablesField): string | null {
  const keys = Object.keys(field.default);
  if (keys.length === 0) return null;
  const columns = Object.keys(field.entry);
  const rows = keys.map((key) => [
    `\`${key}\``,
    ...columns.map((column) => `\`${JSON.stringify(field.default[key]![column])}\``),
  ]);
  return table([[field.key, ...columns.map((column) => `\`${column}\``)], ...rows]);
}

export function reasonTable(reasons: Readonly<Record<string, Reason>>): string {
  const isRefusal = Object.values(reasons).some(({ retry }) => retry !== null);
  const rows = Object.entries(reasons).map(([code, reason]) => [
    `\`${code}\``,
    reason.sentence,
    reason.severity,
    ...(isRefusal
      ? [reason.fatal ? 'ends the session' : RETRY_WORDS[reason.retry ?? 'never']]
      : []),
    reason.hint,
  ]);
  const titles = [
    'code',
    'what it means',
    'severity',
    ...(isRefusal ? ['claimant'] : []),
    'look at',
  ];
  return table([titles, ...rows]);
}

const RETRY_WORDS = {
  never: 'does not ask again',
  at_once: 'may ask again at once',
  after_wait: 'asks again after `retry_after`',
} as const;

/** Columns padded to equal width, as Biome formats Markdown. */
function table(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = cells[0]!.map((_, column) =>
    Math.max(3, ...cells.map((row) => row[column]!.length)),
  );
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(cells[0]!), rule, ...cells.slice(1).map(line)].join('\n');
}
