import { expect, test } from 'bun:test';
import { byLabel, counter, expositionOf, gauge, known, stateSet } from '../../../hal/exposition.ts';
import { promtoolFindings, promtoolObstacle } from '../../lab/promtool.ts';
import { testUnless } from '../../obstacle.ts';

test('a head for each metric, then its samples; what is not known is left out', () => {
  const text = expositionOf([
    counter('a_total', 'Counted.', byLabel('code', { x: 1, y: 2 })),
    gauge('b_seconds', 'Not known.', known(null)),
    gauge('c', 'Known.', known(0.5)),
    gauge('d', 'Which.', stateSet(['on', 'off'], 'off')),
  ]);
  expect(text).toBe(
    [
      '# HELP a_total Counted.',
      '# TYPE a_total counter',
      'a_total{code="x"} 1',
      'a_total{code="y"} 2',
      '# HELP c Known.',
      '# TYPE c gauge',
      'c 0.5',
      '# HELP d Which.',
      '# TYPE d gauge',
      'd{state="on"} 0',
      'd{state="off"} 1',
      '',
    ].join('\n'),
  );
});

const HOSTILE = 'a"} 1\nb_total{c="\\';

test('nothing that a label says ends it', () => {
  expect(expositionOf([gauge('a', 'Help.', known(1, { b: HOSTILE }))])).toContain(
    'a{b="a\\"} 1\\nb_total{c=\\"\\\\"} 1\n',
  );
});

testUnless(promtoolObstacle, 'promtool reads it, and finds what is against the rules', async () => {
  const good = expositionOf([gauge('a', 'Help.', known(1, { b: HOSTILE }))]);
  expect(await promtoolFindings(good)).toEqual([]);
  const bad = expositionOf([counter('a_ms', 'Not a total, not in seconds.', known(1))]);
  expect((await promtoolFindings(bad)).length).toBeGreaterThan(0);
});
