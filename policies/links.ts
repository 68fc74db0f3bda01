/**
 * Policy fields about links, and the rules that hold for one link.
 *
 * The table's keys are kinds of link (`ethernet`) or names of interfaces (`wwan0`). Every kind has
 * defaults. An entry for a name overrides the entry of its kind, field by field, so a policy for a
 * fleet can speak of kinds and an exception of one name.
 *
 * @module
 */
import type { LinkKind } from '../session/wire/frames.ts';
import type { TablesField, ValueOf } from './field.ts';
import { INTERFACE } from './format.ts';

/** In the order of their default preference. */
export const LINK_KINDS = [
  'ethernet',
  'usb',
  'wifi',
  'lte',
  'other',
] as const satisfies readonly LinkKind[];

/** `free`: use it as you like. `metered`: bytes cost money. `never`: never a binding. */
export const COST_CLASSES = ['free', 'metered', 'never'] as const;
export type CostClass = (typeof COST_CLASSES)[number];

export const LINKS = {
  kind: 'tables',
  meaning:
    'What each link is worth, by kind (`ethernet`) or by interface name (`wwan0`); a name wins over its kind.',
  key: 'link kind or interface name',
  keyFormat: INTERFACE,
  countMin: 0,
  countMax: 64,
  default: {
    ethernet: { preference: 10, cost_class: 'free', daily_bytes_max: 0 },
    usb: { preference: 20, cost_class: 'free', daily_bytes_max: 0 },
    wifi: { preference: 30, cost_class: 'free', daily_bytes_max: 0 },
    lte: { preference: 40, cost_class: 'metered', daily_bytes_max: 0 },
    other: { preference: 50, cost_class: 'free', daily_bytes_max: 0 },
  } satisfies Record<LinkKind, Record<string, string | number>>,
  entry: {
    preference: {
      kind: 'integer',
      meaning: 'The lowest number is the preferred link.',
      unit: '',
      default: null,
      min: 0,
      max: 1_000,
    },
    cost_class: {
      kind: 'text',
      meaning: 'What traffic on it costs: `free`, `metered`, or `never` to be used.',
      default: null,
      words: COST_CLASSES,
    },
    daily_bytes_max: {
      kind: 'integer',
      meaning:
        'Budget of a metered link for one UTC day; spent, the session leaves it if it can. 0: no budget.',
      unit: 'bytes',
      default: null,
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
    },
  },
} as const satisfies TablesField;

/** As written: null means "as its kind". The entry of a kind has no nulls. */
export type LinkEntry = ValueOf<typeof LINKS>[string];

export interface LinkRules {
  /** Lower is preferred. */
  readonly preference: number;
  readonly costClass: CostClass;
  /** 0: no budget. */
  readonly dailyBytesMax: number;
}

/** What the policy says about the interface `name` of that kind. */
export function linkRules(
  links: Readonly<Record<string, LinkEntry>>,
  name: string,
  kind: LinkKind,
): LinkRules {
  const ofKind = links[kind]!;
  const ofName = Object.hasOwn(links, name) ? links[name]! : ofKind;
  return {
    preference: ofName.preference ?? ofKind.preference!,
    costClass: ofName.costClass ?? ofKind.costClass!,
    dailyBytesMax: ofName.dailyBytesMax ?? ofKind.dailyBytesMax!,
  };
}

/** Kinds that may become a binding: what a hub can check of a claim, which names only its kind safely. */
export function allowedLinkKinds(links: Readonly<Record<string, LinkEntry>>): LinkKind[] {
  return LINK_KINDS.filter((kind) => linkRules(links, kind, kind).costClass !== 'never');
}
