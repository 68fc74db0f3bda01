/**
 * A folder with what `jvpn policy push` needs, and the command as somebody types it.
 *
 * @module
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runPolicyPush } from '../../../../agent/cli/policyPush.ts';
import { collect } from './collect.ts';

/** In the file `key`. */
export const KEY = new Uint8Array(32).fill(7);

/** Until the end of the scope: `key`, policies of two versions, an emergency. */
export function scratch() {
  const path = mkdtempSync(join(tmpdir(), 'jvpn-push-'));
  const at = (name: string) => join(path, name);
  const write = (name: string, text: string) => {
    writeFileSync(at(name), text, { mode: 0o600 });
    return at(name);
  };
  write('key', `${Buffer.from(KEY).toString('base64')}\n`);
  write('p.toml', 'version = 5\nname = "next"\n');
  write('before.toml', 'version = 4\nname = "before"\n');
  write('e.toml', '[switching]\nmax_switches_per_minute = 4\n');
  return { at, write, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

/** What it said, errors first. */
export async function pushed(...argv: readonly string[]) {
  const terminal = collect();
  const code = await runPolicyPush(argv, terminal);
  return { code, said: [...terminal.errLines, ...terminal.outLines].join('\n') };
}
