/**
 * The emergency table of a policy, derived: an override for every field that says how it tightens.
 *
 * @module
 */
import type { Field, Fields, InstantField, NumberField } from './field.ts';

type Tightening = { readonly tighten: 'lower' | 'raise' };
type TableOf<Inner> = { readonly kind: 'table'; readonly meaning: string; readonly fields: Inner };

type OverridesOf<Inner> = {
  readonly [Key in keyof Inner as Inner[Key] extends Tightening ? Key : never]: NumberField & {
    readonly default: null;
  };
};

/** Only sections in which something tightens. */
type SectionsOf<Tree> = {
  readonly [Key in keyof Tree as Tree[Key] extends { readonly fields: infer Inner }
    ? keyof OverridesOf<Inner> extends never
      ? never
      : Key
    : never]: Tree[Key] extends { readonly fields: infer Inner }
    ? TableOf<OverridesOf<Inner>>
    : never;
};

export type EmergencyField<Tree> = TableOf<{
  readonly expires_at: InstantField;
  readonly overrides: TableOf<SectionsOf<Tree>>;
}>;

export function emergencyFields<Tree extends Fields>(tree: Tree): EmergencyField<Tree> {
  const sections: Record<string, Field> = {};
  for (const [key, section] of Object.entries(tree)) {
    if (section.kind !== 'table') continue;
    const overrides = Object.entries(section.fields).flatMap(([name, field]) =>
      'tighten' in field ? [[name, overrideOf(field)] as const] : [],
    );
    if (overrides.length === 0) continue;
    sections[key] = {
      kind: 'table',
      meaning: `Overrides of \`${key}\`.`,
      fields: Object.fromEntries(overrides),
    };
  }
  return {
    kind: 'table',
    meaning: 'Tighter values for a while. What would loosen a bound is refused.',
    fields: {
      expires_at: {
        kind: 'instant',
        meaning: 'When the overrides end by themselves. Required with overrides.',
        default: null,
      },
      overrides: {
        kind: 'table',
        meaning: 'Same sections and names as above, only those that an emergency may tighten.',
        // The loop above is what SectionsOf says, which the compiler cannot see.
        fields: sections as unknown as SectionsOf<Tree>,
      },
    },
  };
}

function overrideOf(field: NumberField): NumberField {
  const direction = field.tighten === 'raise' ? 'higher' : 'lower';
  return { ...field, meaning: `May only be ${direction} than the policy’s own.`, default: null };
}
