/**
 * The review as one page that needs nothing else: no script, no font, no picture from elsewhere. Pure.
 *
 * @module
 */
import { STATES } from '../../../session/transitions.ts';
import type { Facts } from './facts.ts';
import { escaped, recoveriesOf, timelineOf } from './plots.ts';
import type { Section } from './sections.ts';

/** Light and dark; told apart by colour-blind eyes as well (Okabe and Ito). */
const COLOURS = {
  BIRTH: '#999999',
  ATTACHED: '#009e73',
  VOLATILE: '#e69f00',
  DEGRADED: '#d55e00',
  RECOVERING: '#cc79a7',
  TERMINATED: '#555555',
} as const satisfies Record<(typeof STATES)[number], string>;

const STYLE = `:root{color-scheme:light dark;--ink:#1c2733;--paper:#fff;--line:#d5dae0}
@media (prefers-color-scheme:dark){:root{--ink:#e4e8ec;--paper:#14191f;--line:#38424d}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;display:block;overflow-x:auto}th,td{text-align:left;padding:.25rem .75rem;border-bottom:1px solid var(--line)}
svg{width:100%;height:auto;font:12px system-ui,sans-serif}svg text{fill:var(--ink)}.bar{fill:#0072b2}
.key span{display:inline-block;margin-right:1rem}.key i{display:inline-block;width:.8em;height:.8em;margin-right:.3em}
${STATES.map((state) => `.${state}{fill:${COLOURS[state]};background:${COLOURS[state]}}`).join('')}`;

/**
 * @param facts what plots are drawn from; null: no section names one.
 * @param drawn SVG in the colours of states, by the title of its section.
 */
export function htmlOf(
  title: string,
  sections: readonly Section[],
  facts: Facts | null,
  drawn: Readonly<Record<string, string>> = {},
): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title><style>${STYLE}</style></head><body><main>
<h1>${escaped(title)}</h1>
${sections.map((section) => sectionOf(section, facts, drawn[section.title] ?? '')).join('\n')}
</main></body></html>
`;
}

function sectionOf(
  { title, sentences, rows, plot }: Section,
  facts: Facts | null,
  drawn: string,
): string {
  return [
    `<section><h2>${escaped(title)}</h2>`,
    ...sentences.map((sentence) => `<p>${escaped(sentence)}</p>`),
    ...(plot === 'timeline' && facts !== null ? [key(), timelineOf(facts)] : []),
    ...(plot === 'recoveries' && facts !== null ? [recoveriesOf(facts)] : []),
    ...(drawn === '' ? [] : [key(), drawn]),
    ...(rows.length === 0 ? [] : [tableOf(rows)]),
    '</section>',
  ].join('\n');
}

const key = () =>
  `<p class="key">${STATES.map((state) => `<span><i class="${state}"></i>${state}</span>`).join('')}</p>`;

function tableOf([head = [], ...rest]: Section['rows']): string {
  const cells = (row: readonly string[], tag: string) =>
    `<tr>${row.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;
  const body = rest.map((row) => cells(row, 'td')).join('');
  return `<table><thead>${cells(head, 'th scope="col"').replaceAll('</th scope="col">', '</th>')}</thead><tbody>${body}</tbody></table>`;
}
