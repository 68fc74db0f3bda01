/**
 * The figures of a demo: as `--json` writes them, as a person reads them, and whether they are good.
 *
 * Pure: what was measured in, text and verdict out.
 *
 * @module
 */
import type { InvariantVerdict } from '../../../session/invariants/stream/auditor.ts';
import type { UdpTotals } from './flow.ts';
import type { Health } from './mailbox.ts';
import type { TcpResult } from './parties.ts';
import type { Cut, CutDamage } from './stage.ts';

export type DamagedCut = Cut & CutDamage;

export interface Measured {
  readonly cuts: readonly DamagedCut[];
  readonly tcp: TcpResult;
  readonly udp: Readonly<Record<'uplink' | 'downlink', UdpTotals>>;
  /** Every session id in the device's log, in order, and its last state_version. */
  readonly session: { readonly ids: readonly string[]; readonly stateVersion: number };
  readonly verdicts: readonly InvariantVerdict[];
  readonly mqtt: { readonly messages: number; readonly lastHealth: Health | null };
}

/** What is promised of a cut, in milliseconds without a datagram, either way. */
const GAP_LIMITS_MS: Readonly<Record<string, number>> = { carrier_lost: 250, silence: 1_500 };

/** The document that `--json` writes. `gap_ms` is of the worse direction, counts are of both together. */
export function figuresOf({ cuts, tcp, udp, session, verdicts, mqtt }: Measured) {
  const sum = (count: (totals: UdpTotals) => number) => count(udp.uplink) + count(udp.downlink);
  return {
    cuts: cuts.map((cut) => ({
      name: cut.name,
      gap_ms: Math.round(cut.gapMs),
      lost: cut.lost,
      duplicated: cut.duplicated,
      reason_code: cut.reasonCode,
      from: cut.from,
      to: cut.to,
    })),
    tcp: { bytes: tcp.bytes, intact: tcp.intact, connections: tcp.connections },
    udp: {
      sent: sum((totals) => totals.sent),
      lost: sum((totals) => totals.lost),
      duplicated: sum((totals) => totals.duplicated),
    },
    session: { ids: session.ids, state_version: session.stateVersion },
    invariants: {
      checked: verdicts.reduce((total, verdict) => total + verdict.checked, 0),
      violated: verdicts.reduce((total, verdict) => total + verdict.violations.length, 0),
    },
    mqtt: { messages: mqtt.messages, last_health: mqtt.lastHealth },
  };
}

/** What is not as it should be, one sentence each; none means that all is. */
export function faultsOf({ cuts, tcp, session, verdicts, mqtt }: Measured): readonly string[] {
  const faults: string[] = [];
  for (const { name, gapMs } of cuts) {
    const limitMs = GAP_LIMITS_MS[name];
    if (limitMs !== undefined && gapMs > limitMs) {
      faults.push(`${name}: a gap of ${Math.round(gapMs)} ms, the limit is ${limitMs}`);
    }
  }
  if (!tcp.intact) faults.push('the TCP transfer did not arrive as it was sent');
  if (tcp.connections !== 1) faults.push(`the TCP transfer took ${tcp.connections} connections`);
  if (session.ids.length !== 1) faults.push(`${session.ids.length} sessions instead of one`);
  if (mqtt.lastHealth === null) faults.push('no health report arrived over MQTT');
  for (const { id, checked, violations } of verdicts) {
    // A check that never looked has shown nothing.
    if (checked === 0) faults.push(`${id} was not checked: the logs hold nothing to check it by`);
    faults.push(
      ...violations.map(({ sentence, writer, seq }) => `${sentence} (${writer} log, ${seq})`),
    );
  }
  return faults;
}

/** The summary as lines for a person. */
export function summaryOf(measured: Measured): readonly string[] {
  const { tcp, udp, session, verdicts, mqtt } = measured;
  const stallMs = tcp.longestStallMs === null ? '?' : Math.round(tcp.longestStallMs);
  const health = mqtt.lastHealth;
  const flow = (name: 'uplink' | 'downlink') => {
    const { sent, lost, duplicated } = udp[name];
    return `${name} ${sent} sent, ${lost} lost, ${duplicated} duplicated`;
  };
  return [
    ...cutTable(measured.cuts),
    '',
    `TCP         ${(tcp.bytes / 1e6).toFixed(1)} MB over ${tcp.connections} connection, ${
      tcp.intact ? 'SHA-256 the same at both ends' : 'NOT as it was sent'
    }, longest stall ${stallMs} ms`,
    `UDP         ${flow('uplink')}; ${flow('downlink')}`,
    `session     ${session.ids.join(', ')} throughout, state_version ${session.stateVersion}`,
    `MQTT        ${mqtt.messages} messages; last health: ${
      health === null
        ? 'none'
        : `${health.state} on ${health.binding}, version ${health.state_version}`
    }`,
    `invariants  ${verdicts.map(verdictText).join(', ')}`,
  ];
}

const verdictText = ({ id, checked, violations }: InvariantVerdict) =>
  violations.length === 0 ? `${id} ok (${checked})` : `${id} VIOLATED ${violations.length}×`;

function cutTable(cuts: readonly DamagedCut[]): readonly string[] {
  const rows = [
    ['cut', 'reason_code', 'from → to', 'state_version', 'gap ms', 'up', 'down', 'lost', 'dup'],
    ...cuts.map((cut) => [
      cut.name,
      cut.reasonCode,
      `${cut.from} → ${cut.to}`,
      ...[cut.stateVersion, cut.gapMs, cut.gaps.uplink, cut.gaps.downlink].map(
        (value) => `${Math.round(value)}`,
      ),
      `${cut.lost}`,
      `${cut.duplicated}`,
    ]),
  ];
  const widths = rows[0]!.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)));
  return rows.map((row) =>
    row
      .map((cell, at) => (at < 3 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!)))
      .join('  ')
      .trimEnd(),
  );
}
