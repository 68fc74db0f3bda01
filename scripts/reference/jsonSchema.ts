/**
 * JSON Schema (2020-12) of a field tree, for editors that complete and check TOML while one types.
 *
 * Says what an editor can say. The rules between fields and some formats are checked only by
 * `jvpn policy lint` and at daemon start.
 *
 * @module
 */
import { allowedWords } from '../../policies/allowed.ts';
import type { Field, Fields } from '../../policies/field.ts';

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = { readonly [key: string]: Json };

export function jsonSchemaOf(title: string, fields: Fields): JsonObject {
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', title, ...tableSchema(fields) };
}

function tableSchema(fields: Fields): JsonObject {
  const entries = Object.entries(fields);
  const required = entries.filter(([, field]) => isRequired(field)).map(([key]) => key);
  return {
    type: 'object',
    additionalProperties: false,
    ...(required.length > 0 ? { required } : {}),
    properties: Object.fromEntries(entries.map(([key, field]) => [key, fieldSchema(field)])),
  };
}

/** A table must be written where something in it must be. */
function isRequired(field: Field): boolean {
  if (field.kind === 'table') return Object.values(field.fields).some(isRequired);
  if (field.kind === 'tables') return field.countMin > 0;
  return field.default === undefined;
}

function fieldSchema(field: Field): JsonObject {
  const description =
    field.kind === 'table' || field.kind === 'tables'
      ? field.meaning
      : `${field.meaning} Allowed: ${allowedWords(field)}.`;
  return { description, ...shapeOf(field), ...defaultOf(field) };
}

function shapeOf(field: Field): JsonObject {
  switch (field.kind) {
    case 'integer':
    case 'number':
      return { type: field.kind, minimum: field.min, maximum: field.max };
    case 'text':
      if (field.words !== undefined) return { type: 'string', enum: field.words };
      return textShape(field.format?.pattern);
    case 'texts':
      return {
        type: 'array',
        items: textShape(field.format?.pattern),
        minItems: field.countMin,
        maxItems: field.countMax,
        uniqueItems: true,
      };
    case 'boolean':
      return { type: 'boolean' };
    case 'instant':
      return { type: 'string', format: 'date-time' };
    case 'table':
      return tableSchema(field.fields);
    case 'tables':
      return {
        type: 'object',
        propertyNames: textShape(field.keyFormat.pattern),
        minProperties: field.countMin,
        maxProperties: field.countMax,
        additionalProperties: tableSchema(field.entry),
      };
  }
}

function textShape(pattern: string | undefined): JsonObject {
  return pattern === undefined ? { type: 'string' } : { type: 'string', pattern };
}

function defaultOf(field: Field): JsonObject {
  if (field.kind === 'table' || field.default === undefined || field.default === null) return {};
  return { default: field.default };
}

/** Laid out as Biome formats JSON: a list of plain values stays on one line while it fits. */
export function jsonText(value: Json, indent = ''): string {
  if (Array.isArray(value)) {
    const line = `[${value.map((entry) => jsonText(entry)).join(', ')}]`;
    // The key in front of the list is at most 14 characters (`required`, `enum`, `default`).
    if (indent.length + 14 + line.length <= 100) return line;
    const inner = value.map((entry) => `${indent}  ${jsonText(entry, `${indent}  `)}`);
    return `[\n${inner.join(',\n')}\n${indent}]`;
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    if (entries.length === 0) return '{}';
    const inner = entries.map(
      ([key, entry]) => `${indent}  ${JSON.stringify(key)}: ${jsonText(entry, `${indent}  `)}`,
    );
    return `{\n${inner.join(',\n')}\n${indent}}`;
  }
  return JSON.stringify(value);
}
