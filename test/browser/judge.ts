/**
 * What a machine can say of a page's accessibility: axe-core, run in the page under the page's own policy.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** WCAG 2.2 up to AA, and what axe holds to be good practice besides. */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

interface Finding {
  readonly id: string;
  readonly nodes: readonly {
    readonly target: readonly string[];
    readonly failureSummary: string;
  }[];
}

/** Each breach with its place, and how many rules were kept, so that a run that looked at nothing is seen. */
export async function judge(page: Page): Promise<{ breaches: string[]; kept: number }> {
  // An expression of the debugger, which the policy does not concern; a script element would be refused.
  await page.evaluate(AXE);
  const run = `axe.run(document, { runOnly: ${JSON.stringify(RULES)}, resultTypes: ['violations'] })
    .then(({ violations, passes }) => ({ violations, kept: passes.length }))`;
  const { violations, kept } = await page.evaluate<{ violations: Finding[]; kept: number }>(run);
  const breaches = violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} ${target.join(' ')}: ${failureSummary}`),
  );
  return { breaches, kept };
}
