/** Goal: whatever a thread loads from outside is seen, however far away it is imported, and nothing else. */
import { expect, test } from 'bun:test';
import { loadedBy } from '../../structure/loaded.ts';
import { planted } from './planted.ts';

const loaded = (files: Record<string, string>) =>
  planted(files, (tree) => loadedBy(tree, 'agent/a.ts'));

test('packages and modules of the runtime are found through imports, exports and requires', () => {
  expect(
    loaded({
      'agent/a.ts': "import { b } from '../hal/b.ts'; import 'node:tls'; b();",
      'hal/b.ts': "export * from './c.ts'; import fs from 'node:fs'; fs.x();",
      'hal/c.ts': "import './../agent/a.ts'; export const c = require('mqtt');",
    }),
  ).toEqual(['mqtt', 'node:fs', 'node:tls']);
});

test('types load nothing, and neither does what is imported when it is reached', () => {
  expect(
    loaded({
      'agent/a.ts': `import type { A } from 'mqtt'; import { type B, b } from './b.ts';
        export const a = async (x: A, y: B) => [b(x, y), await import('node:tls'), import('./d.ts')];`,
      'agent/b.ts': "import type { X } from './c.ts'; export const b = (x: X) => x;",
      'agent/c.ts': "import 'node:crypto';",
      'agent/d.ts': "import 'node:net';",
    }),
  ).toEqual([]);
});

test('a file that is not there is said', () => {
  expect(loaded({ 'agent/a.ts': "import './gone.ts';" })).toEqual(['agent/gone.ts is not there']);
});
