/**
 * `bench integrity`: whether what goes into the tunnel is what comes out of it, while the link under it loses and reorders
 * datagrams.
 *
 * @module
 */
import { machineOf } from '../machine.ts';
import type { IntegrityArguments, Part } from './arguments.ts';
import type { LossyCable } from './lossyCable.ts';
import { type PartFigures, runPart } from './part.ts';

/** Of the datagrams that are not lost, in each direction. Chosen: some in every burst. */
const REORDER_PERCENT = 2;

export interface IntegrityFigures {
  readonly gigabytes: number;
  readonly loss_percent: number;
  readonly reorder_percent: number;
  readonly seed: number;
  /** Whether the kernel merged datagrams into runs behind the link. */
  readonly merging: boolean;
  /** Every part was. */
  readonly intact: boolean;
  readonly machine: ReturnType<typeof machineOf>;
  readonly parts: Readonly<Partial<Record<Part, PartFigures>>>;
}

/** @param say takes the lines for a person. */
export async function integrity(
  net: LossyCable,
  given: IntegrityArguments,
  say: (line: string) => void,
): Promise<IntegrityFigures> {
  const { binary, gigabytes, lossPercent, seed, isClean } = given;
  const version = (await net.cable.exec('device', [binary, '--version'])).stdout.trim();
  const machine = machineOf(version, new Date());
  const injection = { lossPercent, reorderPercent: lossPercent === 0 ? 0 : REORDER_PERCENT };
  say(`seed ${seed}, ${gigabytes} GB a part, ${injectionText(injection)}`);
  if (!net.isMerging) say('datagrams arrive one by one: only real root may have them merged');
  const parts: Partial<Record<Part, PartFigures>> = {};
  for (const part of given.only) {
    const onBytes = eachGigabyte((count) => say(`${part.padEnd(5)} ${count} GB`));
    const wanted = { binary, bytes: gigabytes * 1e9, injection, isClean, seed, onBytes };
    const figures = await runPart(net, part, wanted).catch((error: Error) => {
      throw new Error(`${part}: ${error.message}`, { cause: error });
    });
    parts[part] = figures;
    for (const line of linesOf(part, figures)) say(line);
  }
  return {
    gigabytes,
    loss_percent: lossPercent,
    reorder_percent: injection.reorderPercent,
    seed,
    merging: net.isMerging,
    intact: Object.values(parts).every(({ intact }) => intact),
    machine,
    parts,
  };
}

const injectionText = ({
  lossPercent,
  reorderPercent,
}: {
  lossPercent: number;
  reorderPercent: number;
}) =>
  lossPercent === 0
    ? 'nothing is injected'
    : `${lossPercent} % of the datagrams dropped and ${reorderPercent} % held back, both ways`;

/** Tells when another whole one is reached. */
function eachGigabyte(tell: (count: number) => void): (bytes: number) => void {
  let told = 0;
  return (bytes) => {
    const count = Math.floor(bytes / 1e9);
    if (count > told) tell(count);
    told = Math.max(told, count);
  };
}

/** Pure. What a person reads of a part. */
export function linesOf(part: string, figures: PartFigures): string[] {
  const { bytes, seconds, mbps, connections, datagrams, dropped, reordered, udp } = figures;
  const share = (count: number) => ((100 * count) / Math.max(datagrams, 1)).toFixed(2);
  return [
    `${part.padEnd(5)} ${(bytes / 1e9).toFixed(2)} GB over ${connections} connections in ${seconds.toFixed(1)} s,` +
      ` ${mbps} Mbit/s; of ${datagrams} datagrams ${dropped} dropped (${share(dropped)} %),` +
      ` ${reordered} overtaken (${share(reordered)} %)`,
    ...(udp === null
      ? []
      : [
          `      UDP: ${udp.received} of ${udp.sent} arrived, ${udp.damaged} damaged, ${udp.duplicated} twice`,
        ]),
    ...(figures.intact
      ? ['      intact']
      : figures.complaints.map((line) => `      NOT INTACT: ${line}`)),
  ];
}
