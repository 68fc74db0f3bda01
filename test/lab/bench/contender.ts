/**
 * Who is measured, and what a running tunnel is to the measurements.
 *
 * @module
 */
import type { LabProcess } from '../process.ts';
import type { End } from './cable.ts';

/** In the order in which they are measured within a round. */
export const CONTENDERS = [
  'none',
  'jvpn',
  'jvpn_chacha',
  'jvpn_nocipher',
  'wireguard_go',
  'openvpn',
] as const;
export type Contender = (typeof CONTENDERS)[number];

export const isContender = (name: string): name is Contender =>
  CONTENDERS.some((known) => known === name);

export interface Tunnel extends AsyncDisposable {
  /** Where the hub's end of the tunnel is reached from the device. */
  readonly hubInner: string;
  /** Of the tun interface, by the contender's own default. */
  readonly mtuBytes: number;
  readonly cipher: string;
  /** What the figures have to be read with: version, and options that are not defaults. */
  readonly about: string;
  /** Whether the daemons were started with `LOG_PAUSES`. */
  readonly logsPauses?: boolean;
  /** The daemons; none for the bare cable. */
  readonly processes: Readonly<Partial<Record<End, LabProcess>>>;
}

/** This machine or this tree cannot run the contender: said in the figures, and no failure. */
export class Absent extends Error {
  override readonly name = 'Absent';
}

/** The path of a program, or {@link Absent}. */
export function needed(program: string): string {
  const path = Bun.which(program);
  if (path === null) throw new Absent(`${program} is not installed`);
  return path;
}
