/**
 * The trials as a table, as JSON, and as a verdict. Pure.
 *
 * @module
 */
import type { TrialFigures } from './trial.ts';
import type { Trial } from './trials.ts';

type Kind = Pick<Trial, 'name' | 'isControl'>;

const COLUMNS = [
  ...['trial', 'writes', 'flushes', 'acknowledged', 'copies', 'replayed', 'open', 'lost'],
];

export function tableOf(trials: readonly Kind[], all: readonly TrialFigures[]): string[] {
  const rows = all.map((figures, at) => [
    figures.name,
    ...[figures.writes, figures.flushes, figures.acknowledged, figures.copies].map(String),
    ...[figures.replayed, figures.open].map(String),
    `${figures.lost} (${trials[at]?.isControl ? 'control: must lose' : 'must be 0'})`,
  ]);
  const cells = [COLUMNS, ...rows];
  const widths = COLUMNS.map((_, at) => Math.max(...cells.map((row) => row[at]!.length)));
  const text = (row: readonly string[]) =>
    row
      .map((cell, at) =>
        at === 0 || at === COLUMNS.length - 1
          ? cell.padEnd(widths[at]!)
          : cell.padStart(widths[at]!),
      )
      .join('  ')
      .trimEnd();
  return [
    ...cells.map(text),
    'replayed: copies whose journal held something; open: copies with writes that the cut could lose or tear.',
  ];
}

/** Why this is no proof, one sentence each; none means that it is one. */
export function faultsOf(trials: readonly Kind[], all: readonly TrialFigures[]): string[] {
  return trials.flatMap(({ name, isControl }) => {
    const figures = all.find((each) => each.name === name);
    if (figures === undefined || figures.copies === 0) return [`${name}: was not run`];
    if (figures.acknowledged === 0) return [`${name}: nothing was acknowledged`];
    if (isControl) {
      return figures.lost > 0
        ? []
        : [`${name}: lost nothing, so the cuts of this run show nothing`];
    }
    if (figures.replayed === 0 || figures.open === 0) {
      return [`${name}: no copy had a journal to replay and writes to lose`];
    }
    return figures.losses.map((loss) => `${name}: ${loss}`);
  });
}

/** The document that `--json` writes. */
export function figuresOf(
  trials: readonly Kind[],
  all: readonly TrialFigures[],
  seed: number,
  seconds: number,
) {
  const sum = (isControl: boolean, count: (figures: TrialFigures) => number) =>
    all.reduce(
      (total, figures, at) => total + (trials[at]?.isControl === isControl ? count(figures) : 0),
      0,
    );
  return {
    seed,
    seconds: Math.round(seconds),
    copies: sum(false, ({ copies }) => copies),
    acknowledged: sum(false, ({ acknowledged }) => acknowledged),
    lost: sum(false, ({ lost }) => lost),
    control_copies: sum(true, ({ copies }) => copies),
    control_lost: sum(true, ({ lost }) => lost),
    trials: all.map((figures, at) => ({ ...figures, is_control: trials[at]?.isControl === true })),
  };
}
