/**
 * A device in the simulator: the real session core, with a stand-in for channel cryptography.
 *
 * STAND-IN: a channel is an index and a random handshake hash that both ends know; frames travel as
 * the real bytes of session/wire, unsealed. Flash is one value that a finished write replaces.
 *
 * @module
 */
import { nextDeadline } from '../../../session/device/deadlines.ts';
import type {
  DeviceEffect,
  DeviceEvent,
  Durable,
  Remembered,
} from '../../../session/device/event.ts';
import type { DeviceConfig } from '../../../session/device/limits.ts';
import { type Device, newDevice } from '../../../session/device/state.ts';
import { step } from '../../../session/device/step.ts';
import { decodeFrame } from '../../../session/wire/decode.ts';
import { encodeFrame } from '../../../session/wire/encode.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';
import type { HubProcess } from './hubProcess.ts';
import type { Network } from './network.ts';
import type { Options } from './options.ts';

const WRITE_MS_MAX = 30;
const BOOT_MS_MAX = 3_000;

export class DeviceProcess {
  readonly name: string;
  readonly network: Network;
  device: Device = newDevice();
  isRunning = false;
  /** What finished writes left behind. */
  flash: Durable | null = null;
  /** Where data is sent now. */
  route: { channelId: number; transportId: number } | null = null;
  /** The canary: a device that boots as if flash remembered no versions. */
  isForgetful = false;
  readonly log: (line: string) => void;
  onEffect: (effect: DeviceEffect) => void = () => {};
  onBoot: () => void = () => {};
  readonly #world: World;
  readonly #random: Random;
  readonly #options: Options;
  readonly #hub: HubProcess;
  readonly #config: DeviceConfig;
  /** Raised by every crash: what was scheduled for an earlier life does not happen. */
  #life = 0;
  #timerAtMs: number | null = null;
  #nextChannel = 0;
  #mayFail = true;

  constructor(parts: {
    name: string;
    world: World;
    random: Random;
    options: Options;
    network: Network;
    hub: HubProcess;
    config: DeviceConfig;
    log: (line: string) => void;
  }) {
    this.name = parts.name;
    this.#world = parts.world;
    this.#random = parts.random;
    this.#options = parts.options;
    this.network = parts.network;
    this.#hub = parts.hub;
    this.#config = parts.config;
    this.log = parts.log;
  }

  boot(wasLost = false): void {
    this.#life += 1;
    this.isRunning = true;
    this.onBoot();
    this.device = newDevice();
    this.route = null;
    this.#timerAtMs = null;
    const { flash } = this;
    const remembered: Remembered | null =
      flash === null
        ? null
        : {
            versionCeiling: this.isForgetful ? 0 : flash.versionCeiling,
            sessionId: flash.sessionId,
            secret: flash.secret,
            terminated: flash.terminated,
          };
    this.feed({
      kind: 'boot',
      atMs: this.#world.nowMs,
      seed: this.#random.bytes(32),
      remembered,
      wasLost,
    });
    this.tellLinks();
  }

  crash(): void {
    if (!this.isRunning) return;
    this.log(`${this.name} crashes`);
    this.isRunning = false;
    this.route = null;
    this.#life += 1;
    this.#world.after(this.#random.below(BOOT_MS_MAX), () => {
      if (!this.isRunning) this.boot();
    });
  }

  /** From here on writes do not fail. */
  heal(): void {
    this.#mayFail = false;
  }

  tellLinks(): void {
    if (!this.isRunning) return;
    const links = this.network.links.map((link) => ({
      name: link.name,
      kind: link.kind,
      hasCarrier: link.hasCarrier,
      mtuBytes: link.mtuBytes,
      endpoints: [
        {
          transportId: link.transportId,
          endpoint: '203.0.113.1:51820',
          hasAddress: true,
          hasRoute: true,
        },
      ],
    }));
    this.feed({ kind: 'links', atMs: this.#world.nowMs, links });
  }

  feed(event: DeviceEvent): void {
    const next = step(this.device, event, this.#config);
    this.device = next.device;
    for (const effect of next.effects) {
      this.onEffect(effect);
      this.#perform(effect);
    }
    this.#arm();
  }

  #arm(): void {
    const atMs = nextDeadline(this.device);
    if (atMs === null || (this.#timerAtMs !== null && this.#timerAtMs <= atMs)) return;
    this.#timerAtMs = atMs;
    this.#later(atMs - this.#world.nowMs, () => {
      this.#timerAtMs = null;
      const dueAtMs = nextDeadline(this.device);
      if (dueAtMs !== null && dueAtMs <= this.#world.nowMs)
        this.feed({ kind: 'tick', atMs: this.#world.nowMs });
      else this.#arm();
    });
  }

  #later(delayMs: number, run: () => void): void {
    const life = this.#life;
    this.#world.after(delayMs, () => {
      if (life === this.#life && this.isRunning) run();
    });
  }

  #perform(effect: DeviceEffect): void {
    const { network } = this;
    switch (effect.kind) {
      case 'handshake': {
        const channelId = ++this.#nextChannel;
        const key = `${this.name} ${this.#life} ${channelId}`;
        return network.up(effect.transportId, ({ source }) =>
          this.#hub.onHandshake(key, (handshakeHash) =>
            network.down(source, () =>
              this.#later(0, () =>
                this.feed({
                  kind: 'channelUp',
                  atMs: this.#world.nowMs,
                  channelId,
                  transportId: effect.transportId,
                  handshakeHash,
                }),
              ),
            ),
          ),
        );
      }
      case 'send': {
        const bytes = encodeFrame(effect.frame);
        const { channelId, transportId } = effect;
        const key = `${this.name} ${this.#life} ${channelId}`;
        return network.up(transportId, (packet) =>
          this.#hub.onControl(key, transportId, packet, bytes, this),
        );
      }
      case 'keepalive': {
        const key = `${this.name} ${this.#life} ${effect.channelId}`;
        return network.up(effect.transportId, (packet) =>
          this.#hub.onData(key, effect.transportId, packet),
        );
      }
      case 'persist': {
        const { ticket, durable } = effect;
        const fails = this.#mayFail && this.#random.chance(this.#options.failedWritePercent);
        return this.#later(this.#random.below(WRITE_MS_MAX), () => {
          if (!fails) this.flash = durable;
          this.feed({ kind: 'persisted', atMs: this.#world.nowMs, ticket, isDurable: !fails });
        });
      }
      case 'route':
        this.route = effect.route;
        return;
      default:
    }
  }

  /** A frame from the hub arrived on this transport, in the channel with this key. */
  receive(key: string, transportId: number, bytes: Uint8Array): void {
    const [, life, channelId] = key.split(' ');
    if (!this.isRunning || Number(life) !== this.#life) return;
    const frame = decodeFrame(bytes);
    if (!frame.ok) throw new Error(`the hub sent a frame that does not decode: ${frame.code}`);
    this.feed({
      kind: 'frame',
      atMs: this.#world.nowMs,
      channelId: Number(channelId),
      transportId,
      frame: frame.value,
    });
  }

  /** Applications send something. */
  sendData(): void {
    const { route } = this;
    if (!this.isRunning) return;
    this.feed({ kind: 'traffic', atMs: this.#world.nowMs, sentPackets: 1, heardOn: [] });
    if (route === null || route !== this.route) return;
    const key = `${this.name} ${this.#life} ${route.channelId}`;
    this.network.up(route.transportId, (packet) =>
      this.#hub.onData(key, route.transportId, packet),
    );
  }
}
