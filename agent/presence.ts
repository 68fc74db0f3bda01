/**
 * Whether a device is at the broker: published on every connect, and left there as the last will.
 *
 * A will may arrive late, after the device is back. `boot` and `connection` are the same in a birth and
 * in the will of that connection, so a reader can tell: a will of another boot or of a lower connection
 * than the latest birth is old news.
 *
 * @module
 */

export interface Presence {
  /** Version of this document. */
  readonly v: 1;
  readonly online: boolean;
  /** Why it went: `lost` is the will's, `stopped` the device's own word. Null while online. */
  readonly why: 'lost' | 'stopped' | null;
  /** Random name of the agent's process, 16 hex digits. */
  readonly boot: string;
  /** Connections of that process to its broker, this one included; from 1. */
  readonly connection: number;
  /** Wall clock when the document was made; for a will that is when it was left, not when it was sent. */
  readonly ts_ms: number;
}

type Moment = Pick<Presence, 'boot' | 'connection' | 'ts_ms'>;

export const presenceBirth = (moment: Moment): Presence => ({
  v: 1,
  online: true,
  why: null,
  ...moment,
});

export const presenceWill = (moment: Moment): Presence => ({
  v: 1,
  online: false,
  why: 'lost',
  ...moment,
});

export const presenceEnd = (moment: Moment): Presence => ({
  ...presenceWill(moment),
  why: 'stopped',
});
