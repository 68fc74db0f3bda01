/**
 * The review as Markdown (CommonMark with tables). Pure.
 *
 * @module
 */
import type { Section } from './sections.ts';

export function markdownOf(title: string, sections: readonly Section[]): string {
  return [
    `# ${title}`,
    ...sections.map((section) =>
      [
        `## ${section.title}`,
        ...section.sentences.map(escaped),
        ...(section.rows.length === 0 ? [] : [tableOf(section.rows)]),
      ].join('\n\n'),
    ),
    '',
  ].join('\n\n');
}

function tableOf(rows: Section['rows']): string {
  const [head = [], ...rest] = rows;
  const line = (cells: readonly string[]) => `| ${cells.map(escaped).join(' | ')} |`;
  return [line(head), `|${' --- |'.repeat(head.length)}`, ...rest.map(line)].join('\n');
}

/** Words from a log are no markup, end no row of a table, and tell a terminal nothing: no control characters (C0, DEL, C1). */
const escaped = (text: string) =>
  text.replace(/\p{Cc}/gu, '\ufffd').replace(/[\\`*_[\]<>|#]/g, (mark) => `\\${mark}`);
