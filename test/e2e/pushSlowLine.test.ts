/**
 * Goal: over a line on which a round trip takes long, a push knows what the broker keeps for its target before it publishes.
 *
 * Method: a real mosquitto that keeps what a hundred devices said, behind a line with a round trip of a second; it sends as many messages at QoS 1
 * as the client takes, 256, before it waits for their acknowledgements.
 */
import { expect } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { runPolicyPush } from '../../agent/cli/policyPush.ts';
import { policyFile, signPolicy } from '../../agent/cli/pushDocument.ts';
import { CuttableLine } from '../lab/cuttableLine.ts';
import { freePort, mosquittoObstacle, startMosquitto } from '../lab/mosquitto.ts';
import { testUnless } from '../obstacle.ts';
import { collect } from '../unit/agent/cli/collect.ts';

const OWNER = new Uint8Array(32).fill(45);
const DEVICES = 100;
const DELAY_MS = 500;
const DESIRED = 'jvpn/v1/jvpn/_fleet/policy/desired';

testUnless(
  mosquittoObstacle,
  'an older version does not take the place of a newer one that came late',
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'jvpn-slow-line-'));
    const at = (name: string, text: string) => {
      writeFileSync(join(directory, name), text, { mode: 0o600 });
      return join(directory, name);
    };
    const port = await freePort();
    const broker = await startMosquitto({ directory, port });
    try {
      const key = at('owner.key', `${Buffer.from(OWNER).toString('base64')}\n`);
      const { body } = policyFile(at('newer.toml', 'version = 6\nname = "newer"\n'));
      const times = { notBeforeS: 1, expiresS: 1_000_000 };
      const newer = Buffer.from(signPolicy(body, { level: 'fleet', name: 'jvpn' }, times, OWNER));
      const near = await connectAsync(`mqtt://127.0.0.1:${port}`);
      const kept = { qos: 1, retain: true } as const;
      await near.publishAsync(DESIRED, newer, kept);
      for (let device = 0; device < DEVICES; device++) {
        for (const leaf of ['presence', 'policy/reported', 'health']) {
          await near.publishAsync(`jvpn/v1/jvpn/gw-${device}/${leaf}`, '{"v":1}', kept);
        }
      }
      const newest: Buffer[] = [];
      near.on('message', (_topic, payload) => newest.push(payload));
      await near.subscribeAsync(DESIRED);

      using line = await new CuttableLine(port, DELAY_MS).listen();
      const older = at('older.toml', 'version = 5\nname = "older"\n');
      const terminal = collect();
      const code = await runPolicyPush(
        [
          ...[older, '--broker', `mqtt://127.0.0.1:${line.port}`, '--all', '--answer-within', '1s'],
          ...['--signing-key-file', key],
        ],
        terminal,
      );
      expect([code, terminal.errLines.join()]).toEqual([
        1,
        expect.stringContaining('the broker keeps version 6 for fleet:jvpn'),
      ]);
      expect(newest).toEqual([newer]);
      await near.endAsync();
    } finally {
      await broker.stop();
      rmSync(directory, { recursive: true, force: true });
    }
  },
  60_000,
);
