import { expect, test } from 'bun:test';
import { type Rank, rankOf, toDrop } from '../../../../agent/events/keep.ts';

const held = (...ranks: string[]) =>
  ranks.map((word, index) => ({
    rank: (word === 'l' ? 'lesser' : 'greater') as Rank,
    bytes: 10,
    index,
  }));
const gone = (ranks: string, comingBytes: number, bytesMax: number) =>
  toDrop(held(...ranks), comingBytes, bytesMax).map(({ index }) => index);

test('notices and refusals are the lesser ones', () => {
  const kinds = ['transition', 'switch', 'alarm', 'notice', 'refusal'] as const;
  expect(kinds.map(rankOf)).toEqual(['greater', 'greater', 'greater', 'lesser', 'lesser']);
});

test('nothing goes as long as there is room, to the byte', () => {
  expect(gone('lgl', 10, 40)).toEqual([]);
  expect(gone('lgl', 11, 40)).toEqual([0]);
});

test('the lesser go first, the oldest first, and then the greater', () => {
  expect(gone('glgl', 10, 30)).toEqual([1, 3]);
  expect(gone('glgl', 10, 20)).toEqual([1, 3, 0]);
  expect(gone('glgl', 50, 20)).toEqual([1, 3, 0, 2]);
});
