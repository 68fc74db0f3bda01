import { expect, test } from 'bun:test';
import { statusLines } from '../../../../agent/cli/show.ts';
import { statusOn } from '../../../lab/reporting.ts';

const NOTICE = {
  link: 'wwan0',
  code: 'markRefused',
  detail: 'SO_MARK: EPERM',
  sentence: 'It was refused.',
  hint: 'Grant it.',
};

test('status says what the system refused to a link, and what would help', () => {
  const lines = statusLines({ ...statusOn('eth0'), link_notices: [NOTICE] });
  const at = lines.indexOf('wwan0: It was refused. (markRefused: SO_MARK: EPERM)');
  expect(at).toBeGreaterThan(lines.findIndex((line) => line.startsWith('wwan0 ')));
  expect(lines[at + 1]).toBe('  Grant it.');
});

test('nothing refused, or a daemon that does not know the word: nothing said', () => {
  const { link_notices: none, ...older } = statusOn('eth0');
  expect(none).toEqual([]);
  expect(statusLines(older)).toEqual(statusLines(statusOn('eth0')));
  expect(statusLines(older).join('\n')).not.toContain('refused');
});
