/**
 * Which MQTT to speak: 5, unless the broker turns out to know only 3.1.1.
 *
 * A broker that says so is believed until this process ends, or until it refuses 3.1.1. One that just
 * hangs up on a CONNECT of version 5 may be an old one or one that is going down: after two in a row,
 * 3.1.1 gets one try, and the connection after that asks for 5 again.
 *
 * @module
 */

/** As the CONNECT packet carries it. */
export type ProtocolLevel = 5 | 4;

/** Chosen: one hang-up is more often a restart of the broker than an old one. */
const HANG_UPS_MAX = 2;

export const MQTT_NAME = { 5: '5.0', 4: '3.1.1' } as const satisfies Record<ProtocolLevel, string>;

export class MqttVersion {
  #level: ProtocolLevel = 5;
  #isFiveRefused = false;
  #hasSpokenFive = false;
  #hangUps = 0;

  /** For the next CONNECT. */
  get level(): ProtocolLevel {
    return this.#level;
  }

  /** The broker answered that it does not speak the version it was asked for. */
  onRefused(): void {
    this.#isFiveRefused = this.#level === 5;
    this.#hangUps = 0;
    this.#level = this.#isFiveRefused ? 4 : 5;
  }

  /** The broker closed the connection instead of answering CONNECT. */
  onHangUp(): void {
    if (this.#isFiveRefused || this.#hasSpokenFive) return;
    this.#hangUps = this.#level === 4 ? 0 : this.#hangUps + 1;
    this.#level = this.#hangUps >= HANG_UPS_MAX ? 4 : 5;
  }

  onAccepted(): void {
    this.#hangUps = 0;
    if (this.#level === 5) this.#hasSpokenFive = true;
    else if (!this.#isFiveRefused) this.#level = 5;
  }
}
