/**
 * What a field allows, in words: the second line of every problem and a column of every reference.
 *
 * @module
 */
import type { Field, Fields } from './field.ts';

export function allowedWords(field: Field): string {
  switch (field.kind) {
    case 'integer':
    case 'number': {
      const article = field.kind === 'integer' ? 'an integer' : 'a number';
      const unit = field.unit === '' ? '' : ` ${field.unit}`;
      return `${article} from ${field.min} to ${field.max}${unit}`;
    }
    case 'text':
      if (field.words !== undefined) return `one of ${wordList(field.words)}`;
      return field.format?.words ?? 'text in quotes';
    case 'texts': {
      const count =
        field.countMin === field.countMax
          ? `${field.countMin}`
          : `${field.countMin} to ${field.countMax}`;
      return `a list of ${count}, each ${field.format?.words ?? 'text in quotes'}`;
    }
    case 'boolean':
      return 'true or false';
    case 'instant':
      return 'a time in UTC like 2026-12-24T18:00:00Z';
    case 'table':
      return `a table with ${keyList(field.fields)}`;
    case 'tables':
      return `a table for each ${field.key}, each with ${keyList(field.entry)}`;
  }
}

export function keyList(fields: Fields): string {
  return Object.keys(fields).join(', ');
}

function wordList(words: readonly string[]): string {
  return words.map((word) => `"${word}"`).join(', ');
}
