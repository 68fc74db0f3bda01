/**
 * Every target, by name.
 *
 * @module
 */
import type { Target } from './target.ts';
import { audit } from './targets/audit.ts';
import { cbor } from './targets/cbor.ts';
import { agentConfig, hubConfig } from './targets/config.ts';
import { control } from './targets/control.ts';
import { core } from './targets/core.ts';
import { deliver } from './targets/deliver.ts';
import { device } from './targets/device.ts';
import { document } from './targets/document.ts';
import { documents } from './targets/documents.ts';
import { flash } from './targets/flash.ts';
import { fleet } from './targets/fleet.ts';
import { frames } from './targets/frames.ts';
import { hub } from './targets/hub.ts';
import { mqtt } from './targets/mqtt.ts';
import { netlink } from './targets/netlink.ts';
import { plain } from './targets/plain.ts';
import { policy } from './targets/policy.ts';
import { pushRecord } from './targets/pushRecord.ts';
import { record } from './targets/record.ts';
import { seat } from './targets/seat.ts';
import { socket } from './targets/socket.ts';
import { split } from './targets/split.ts';
import { texts } from './targets/texts.ts';

export const TARGETS: readonly Target[] = [
  ...[hub, device, plain, seat, core, frames, cbor, agentConfig, hubConfig, policy, split, deliver],
  ...[netlink, control, flash, record, audit, texts, mqtt, socket, fleet],
  ...[document, documents, pushRecord],
];
