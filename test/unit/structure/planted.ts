/**
 * A source tree on disk that holds exactly the files a test plants in it.
 *
 * @module
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readTree, type Tree } from '../../structure/tree.ts';

/** Paths and contents to a tree as the rules see it. Scripts without a suffix are made executable. */
export function planted<Value>(
  files: Readonly<Record<string, string>>,
  look: (tree: Tree) => Value,
): Value {
  const root = mkdtempSync(join(tmpdir(), 'jvpn-structure-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
      if (text.startsWith('#!')) chmodSync(join(root, path), 0o755);
    }
    return look(readTree(root));
  } finally {
    rmSync(root, { recursive: true });
  }
}
