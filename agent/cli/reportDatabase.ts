/**
 * `jvpn report --database FILE`: a review of a whole fleet, from what `jvpn fleet` remembered.
 *
 * @module
 */
import { statesOverTime } from './report/fleetPlot.ts';
import { htmlOf } from './report/html.ts';
import { markdownOf } from './report/markdown.ts';

const TITLE = 'Jumping VPN: a review of the fleet';

export interface DatabaseAsked {
  readonly file: string;
  readonly fromMs: number | null;
  readonly toMs: number | null;
  readonly isJson: boolean;
}

/** `page`: with plots, which needs nothing else. */
export type DatabaseReview =
  | { readonly ok: true; readonly text: string; readonly page: string }
  | { readonly ok: false; readonly message: string };

export async function reviewDatabase(asked: DatabaseAsked): Promise<DatabaseReview> {
  const { readReview } = await import('../../fleet/review.ts');
  const { reviewSections, STATES_TITLE } = await import('../../fleet/reviewSections.ts');
  const read = readReview(asked.file, asked);
  if (!read.ok) return read;
  const sections = reviewSections(read.facts);
  const text = asked.isJson ? JSON.stringify(read.facts, null, 2) : markdownOf(TITLE, sections);
  const drawn = { [STATES_TITLE]: statesOverTime(read.facts.series) };
  return { ok: true, text, page: htmlOf(TITLE, sections, null, drawn) };
}
