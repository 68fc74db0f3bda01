/**
 * How far the newest policy has come: a row for each outcome, whose name leads to the devices with it.
 *
 * Figures change in place: a rollout changes them each second, and a link that is made anew under a finger or the keyboard leads nowhere.
 *
 * @module
 */
import type { Outcome } from '../../outcome.ts';
import type { Rollout } from '../answers.ts';
import { addressOf, FIRST_PAGE } from '../deviceQuery.ts';
import { countText, percentText } from '../format.ts';
import { outcomesOf, rolloutText } from '../rollout.ts';
import { showOutcome } from './deviceList.ts';
import { element, named, say, shape } from './element.ts';
import { tableOf } from './table.ts';

interface Line {
  readonly count: HTMLElement;
  readonly percent: HTMLElement;
  readonly bar: SVGRectElement;
}

/** Null: none is shown. */
let lines: ReadonlyMap<Outcome, Line> | null = null;

export function showRollout(rollout: Rollout | null): void {
  const place = named('rollout', HTMLElement);
  if (rollout === null) {
    lines = null;
    const none = 'No device has said anything of a signed policy.';
    if (place.textContent !== none) place.replaceChildren(element('p', { class: 'none' }, none));
    return;
  }
  const shares = outcomesOf(rollout);
  if (lines === null) {
    const made = shares.map(({ id, ...words }) => ({ id, words, line: newLine(id) }));
    lines = new Map(made.map(({ id, line }) => [id, line]));
    place.replaceChildren(
      tableOf({
        // Something, or there is no caption to change.
        caption: rolloutText(rollout),
        heads: ['Policy is', 'Devices', 'Share', 'Drawn'],
        rows: made.map(({ id, words: { name, words }, line: { count, percent, bar } }) => [
          element(
            'span',
            {},
            element('strong', {}, linkTo(id, name)),
            ' ',
            element('span', { class: 'soft' }, words),
          ),
          count,
          percent,
          shape('svg', { class: 'bar', height: 14, 'aria-hidden': 'true' }, bar),
        ]),
        none: '',
      }),
    );
  }
  say(place.querySelector('caption')!, rolloutText(rollout));
  for (const { id, count, percent } of shares) {
    const line = lines.get(id)!;
    say(line.count, countText(count));
    say(line.percent, percentText(percent));
    line.bar.setAttribute('width', `${percent}%`);
  }
}

const newLine = (id: Outcome): Line => ({
  count: element('span'),
  percent: element('span'),
  bar: shape('rect', { class: `outcome ${id}`, x: 0, y: 0.5, width: 0, height: 13 }),
});

/** Also for a page of its own; on this one the list is narrowed and shown. */
function linkTo(outcome: Outcome, name: string): HTMLElement {
  const href = `/?${addressOf({ ...FIRST_PAGE, outcome })}#devices`;
  const link = element('a', { href }, name);
  link.addEventListener('click', (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    showOutcome(outcome);
  });
  return link;
}
