/**
 * Goal: what is wrong on this machine, or likely not meant, is told before the broker is asked, and says of which flag or file it is.
 */
import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { preparation } from '../../../../agent/cli/policyPush.ts';
import { readPushFlags } from '../../../../agent/cli/pushFlags.ts';
import { pushed, scratch } from './pushScratch.ts';

test('files that the broker needs and that are of no use are named at once, by flag and path', async () => {
  using place = scratch();
  const key = ['--signing-key-file', place.at('key'), '--all', '--username', 'u'];
  const push = [place.at('p.toml'), ...key, '--broker', 'mqtts://127.0.0.1:9'];
  const [none, text] = [place.at('none'), place.at('e.toml')];
  const missing = `cannot be used: ENOENT: no such file or directory (${none})`;
  const cases = [
    [['--ca-file', none], `--ca-file ${missing}`],
    [['--password-file', none], `--password-file ${missing}`],
    [['--certificate-file', none, '--key-file', text], `--certificate-file ${missing}`],
    [['--certificate-file', text, '--key-file', none], `--key-file ${missing}`],
    [['--ca-file', text], `--ca-file cannot be used: Invalid CA (${text})`],
  ] as const;
  for (const [argv, why] of cases) {
    const { code, said } = await pushed(...push, ...argv);
    expect([code, said]).toEqual([1, `jvpn policy push: ${why}`]);
  }
});

test('an emergency of the file that is over is warned of before anybody is asked', () => {
  using place = scratch();
  const ended = '[emergency]\nexpires_at = "2020-01-01T00:00:00Z"\n';
  const file = place.write('over.toml', `${ended}[emergency.overrides.session]\nttl_ms = 60000\n`);
  const flags = ['--broker', 'mqtt://x', '--all', '--signing-key-file', place.at('key')];
  const warnings: string[] = [];
  for (const one of [file, place.at('p.toml')]) {
    preparation(readPushFlags([one, ...flags])!, (text) => warnings.push(text));
  }
  expect(warnings).toEqual([
    `${file}: warning: the emergency ended at 2020-01-01T00:00:00Z: nothing of it holds`,
  ]);
});

test('a state file in a folder that is none: which, and what to do', async () => {
  using place = scratch();
  const argv = [place.at('p.toml'), '--signing-key-file', place.at('key'), '--all'];
  const push = [...argv, '--broker', 'mqtt://127.0.0.1:9', '--canary', '1'];
  for (const folder of [place.at('nodir'), place.at('key')]) {
    const { code, said } = await pushed(...push, '--state-file', join(folder, 'x'));
    expect([code, said]).toEqual([
      1,
      `jvpn policy push: --state-file ${join(folder, 'x')}: there is no folder ${folder}: make it, or name another --state-file`,
    ]);
  }
});
