/**
 * When a rollout stops: `degraded > 2% or rolled_back >= 1`.
 *
 * ```text
 *   conditions = condition *( ( "or" / "," ) condition )
 *   condition  = indicator ( ">" / ">=" ) number [ "%" ]      ; % of the devices that are watched
 * ```
 *
 * States count where a device's report was made under the policy that is being rolled out.
 *
 * @module
 */

/** Of each how many devices there are, but for the last, which is the mean of those that follow the policy. */
export const INDICATORS = [
  'degraded', // DEGRADED in the newest report
  'volatile',
  'recovering',
  'terminated',
  'offline', // the broker says that it is gone
  'silent', // has said nothing of the document, and should have
  'rolled_back',
  'refused',
  'switches_per_minute',
] as const;
export type Indicator = (typeof INDICATORS)[number];

export interface Condition {
  readonly indicator: Indicator;
  readonly comparison: '>' | '>=';
  readonly limit: number;
  readonly isPercent: boolean;
}

/** What is watched at one moment. */
export type Tally = Readonly<Record<Indicator, number>> & {
  /** How many devices are watched. */
  readonly devices: number;
};

export type Conditions =
  | { readonly ok: true; readonly conditions: readonly Condition[] }
  | { readonly ok: false; readonly message: string };

const ALLOWED = `allowed: ${INDICATORS.join(', ')}; > or >=; a number of devices or a share like 2%; joined by "or" or ","`;
const CONDITION = /^([a-z_]+)\s*(>=|>)\s*([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*(%?)$/;

/** Takes any text; the message says what was not understood, and what would be. */
export function parseConditions(text: string): Conditions {
  const conditions: Condition[] = [];
  for (const part of text.split(/,|\bor\b/)) {
    const written = part.trim();
    const [, name, comparison, digits, percent] = CONDITION.exec(written) ?? [];
    const indicator = INDICATORS.find((known) => known === name);
    if (name !== undefined && indicator === undefined) {
      return { ok: false, message: `${JSON.stringify(name)} is not known; ${ALLOWED}` };
    }
    if (indicator === undefined) {
      return { ok: false, message: `${JSON.stringify(written)} is no condition; ${ALLOWED}` };
    }
    const limit = Number(digits);
    const isPercent = percent === '%';
    if (isPercent && indicator === 'switches_per_minute') {
      return { ok: false, message: 'switches_per_minute is no share of devices: without %' };
    }
    if (isPercent && limit > 100) {
      return { ok: false, message: `${limit} % of devices are too many; ${ALLOWED}` };
    }
    conditions.push({ indicator, comparison: comparison === '>=' ? '>=' : '>', limit, isPercent });
  }
  return { ok: true, conditions };
}

/** The first that holds, as a sentence, or null. Of no devices nothing holds. */
export function brokenCondition(conditions: readonly Condition[], tally: Tally): string | null {
  if (tally.devices === 0) return null;
  for (const { indicator, comparison, limit, isPercent } of conditions) {
    const found = tally[indicator];
    const value = isPercent ? (found * 100) / tally.devices : found;
    const isBroken = comparison === '>' ? value > limit : value >= limit;
    if (!isBroken) continue;
    const of = indicator === 'switches_per_minute' ? '' : ` of ${tally.devices}`;
    return `${indicator} ${round(found)}${of}, and the limit is ${comparison} ${limit}${isPercent ? ' %' : ''}`;
  }
  return null;
}

const round = (value: number) => Math.round(value * 100) / 100;

/** What came of the document itself stops a canary at the first device, where `conditions` do not say how many it takes. */
export function withStrict(conditions: readonly Condition[]): readonly Condition[] {
  const named = conditions.map(({ indicator }) => indicator);
  const strict = (['rolled_back', 'refused'] as const)
    .filter((indicator) => !named.includes(indicator))
    .map((indicator): Condition => ({ indicator, comparison: '>', limit: 0, isPercent: false }));
  return [...conditions, ...strict];
}
