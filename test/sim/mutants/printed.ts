/**
 * The table of mutants as it is printed: two lines each, what it breaks and what noticed.
 *
 * @module
 */
import { type CampaignFigures, isNoticed, type Verdict } from './campaign.ts';

const ID_CHARS = 40;
const CHECKERS_SHOWN = 4;

export function printHead(): void {
  console.log(`${'mutant'.padEnd(ID_CHARS)}noticed     first seed  noticed by`);
}

export function printRow(verdict: Verdict): void {
  for (const line of rowOf(verdict)) console.log(line);
}

export function rowOf(verdict: Verdict): string[] {
  const { mutant, seeds, noticedIn, firstSeed, isByScenario, checkers } = verdict;
  const share = `${noticedIn} of ${seeds}`.padEnd(12);
  const more = checkers.length > CHECKERS_SHOWN ? `, ${checkers.length - CHECKERS_SHOWN} more` : '';
  const by = isNoticed(verdict)
    ? `${checkers.slice(0, CHECKERS_SHOWN).join(', ')}${more}`
    : 'SURVIVED';
  const first = isByScenario ? 'scenario' : String(firstSeed ?? '-');
  return [
    `${mutant.id.padEnd(ID_CHARS)}${share}${first.padEnd(12)}${by}`,
    `    ${mutant.breaks} (${mutant.invariant})`,
  ];
}

export function printTotals(figures: CampaignFigures): void {
  const { mutants, killed, survived, table, rules, wall_seconds: seconds } = figures;
  console.log(`\n${killed} of ${mutants} mutants noticed, in ${seconds} s`);
  for (const id of survived) console.log(`SURVIVED  ${id}`);
  const others = table.filter((row) => !survived.includes(row.id) && !row.noticed_as_such);
  console.log(
    `${others.length} by other rules than those of the invariant that they should break:`,
  );
  for (const { id, should_break } of others) console.log(`  ${id} (${should_break})`);
  console.log(`rules that noticed something: ${rules.join(', ')}`);
}
