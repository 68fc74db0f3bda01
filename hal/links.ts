/**
 * What the links of this machine are like, as snapshots; who wants changes compares two of them.
 *
 * @module
 */
export interface LinkSnapshot {
  readonly name: string;
  /** The kernel's number for it; a re-plugged modem comes back under another one. */
  readonly index: number;
  /** Cable in, associated and authenticated, modem connected. False while the link is down. */
  readonly carrier: boolean;
  /**
   * What a modem or a Wi-Fi driver says of itself, where one is asked: `disconnected` while the bearer is down or
   * the station has no access point, although the interface may still have its carrier. Absent: nobody says.
   */
  readonly radio?: 'connected' | 'disconnected';
  readonly adminUp: boolean;
  /** Usable global addresses of both families in canonical form, sorted. No tentative ones. */
  readonly addresses: readonly string[];
  /** Networks that these addresses are in (`192.0.2.0/24`), sorted: neighbours need no route. */
  readonly networks: readonly string[];
  /** A default route, or any route that leads beyond the neighbours, goes through it. */
  readonly hasRoute: boolean;
  /** The same, one family at a time. */
  readonly hasRoute4: boolean;
  readonly hasRoute6: boolean;
  /** Bytes. */
  readonly mtu: number;
}

export interface LinkMonitor {
  /** To wait on; readable when something happened since `drain` said no. */
  readonly fd: number;
  /** All links, by name. The same array until something changes. */
  snapshot(): readonly LinkSnapshot[];
  /**
   * Take in what happened; whether the snapshot is another one than before. To be called until it says no, with other
   * work in between: a carrier that is lost is told first, and with the next call what takes longer to find out.
   */
  drain(): boolean;
  /** What happened could not be read: to be drained again after a while, although nothing is readable. */
  readonly isBehind: boolean;
  /** How often events were lost and everything was read anew. */
  readonly resyncCount: number;
  close(): void;
}
