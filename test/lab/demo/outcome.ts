/**
 * The end of the demo: the flows are ended, the logs audited, and everything measured put together.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { loadPolicyText } from '../../../policies/load.ts';
import { auditStreams } from '../../../session/invariants/stream/auditor.ts';
import { type AuditStream, decodeAuditLine } from '../../../session/invariants/stream/record.ts';
import { type Parties, POLICY_FILE } from './parties.ts';
import type { Cut, Stage } from './stage.ts';
import type { Measured } from './summary.ts';

/** The agent reports a second after a change, and finds its broker again within this after a restart. */
const HEALTH_MAX_MS = 40_000;

export async function conclude(stage: Stage, cuts: readonly Cut[]): Promise<Measured> {
  const { parties } = stage;
  const stateVersion = cuts.at(-1)?.stateVersion ?? 0;
  await stage.until(
    'a health report of the last state over MQTT',
    () => (parties.mailbox.lastHealth()?.state_version ?? 0) >= stateVersion,
    HEALTH_MAX_MS,
  );
  const tcp = await parties.finishTcp();
  const [uplink, downlink] = await Promise.all(parties.flows.map((flow) => flow.finish()));
  if (uplink === undefined || downlink === undefined) throw new Error('a flow was never started');
  const streams = [streamOf(parties, 'device'), streamOf(parties, 'hub')];
  const { session, switching } = boundsOfPolicy();
  return {
    // Only now is everything in that was resent or held back.
    cuts: cuts.map((cut) => ({ ...cut, ...stage.damageOf(cut) })),
    tcp,
    udp: { uplink, downlink },
    session: {
      ids: [...new Set(streams[0]!.records.flatMap(({ sessionId }) => sessionId ?? []))],
      stateVersion: streams[0]!.records.at(-1)?.stateVersion ?? 0,
    },
    verdicts: auditStreams(streams, { ...session, ...switching }),
    mqtt: { messages: parties.mailbox.messages, lastHealth: parties.mailbox.lastHealth() },
  };
}

function boundsOfPolicy() {
  const loaded = loadPolicyText(readFileSync(POLICY_FILE, 'utf8'), Bun.TOML.parse);
  if (!loaded.ok) throw new Error(`${POLICY_FILE}: ${JSON.stringify(loaded.problems)}`);
  return loaded.policy;
}

/** The whole log; the daemons write whole lines, so one that cannot be read is a fault of theirs. */
function streamOf(parties: Parties, writer: AuditStream['writer']): AuditStream {
  const lines = parties.auditText(writer).trimEnd().split('\n');
  const records = lines.map((line) => {
    const decoded = decodeAuditLine(line);
    if (!decoded.ok) throw new Error(`${writer} log: ${decoded.code}: ${line}`);
    return decoded.value;
  });
  return { writer, records };
}
