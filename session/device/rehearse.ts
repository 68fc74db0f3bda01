/**
 * What would follow if the binding's link went away now: taken as steps, and nothing of it kept.
 *
 * Whoever has to act within milliseconds acts by code that may never have run in this process, or not for an hour: it is
 * read, linked and fetched into caches on the way, which costs more than what it does. The core is pure, so the steps can
 * be taken ahead of time, on the present state, as often as one likes (docs/decisions/0029-rehearsed-while-data-flows.md).
 *
 * @module
 */
import { carriesData } from '../transitions.ts';
import type { Frame } from '../wire/frames.ts';
import type { LinkView } from './event.ts';
import type { DeviceConfig } from './limits.ts';
import { type Device, type Transport, transportOf } from './state.ts';
import { step } from './step.ts';

/** So often while data flows (chosen): what is left alone for longer gets cold (docs/decisions/0029-rehearsed-while-data-flows.md). */
export const REHEARSE_EVERY_MS = 250;

/**
 * Lose the binding's link, claim the next one, and take the hub's answer.
 *
 * @returns the frames that would travel, ours and the answer; none where nothing carries data.
 */
export function rehearse(device: Device, config: DeviceConfig): readonly Frame[] {
  const { nowMs: atMs } = device;
  const active = transportOf(device, device.activeId);
  if (active === null || !carriesData(device.state)) return [];
  const links = linksWithout(active.linkName, device.transports);
  const lost = step(device, { kind: 'links', atMs, links }, config);
  const frames = lost.effects.flatMap((effect) => (effect.kind === 'send' ? [effect.frame] : []));
  const { claim, channel } = lost.device;
  if (claim === null || channel === null) return frames;
  const { channelId } = channel;
  const { transportId } = claim.claim;
  const answer: Frame = {
    type: 'reattached',
    claim: claim.claim,
    ownerEpoch: 1,
    hubSeq: 1,
    renewed: null,
    heardMs: 0,
  };
  step(lost.device, { kind: 'frame', atMs, channelId, transportId, frame: answer }, config);
  return [...frames, answer];
}

/** The links as the core saw them last, and one of them without carrier. */
function linksWithout(lostName: string, transports: readonly Transport[]): readonly LinkView[] {
  const names = [...new Set(transports.map(({ linkName }) => linkName))];
  return names.flatMap((name) => {
    const ofLink = transports.filter(({ linkName }) => linkName === name);
    const [first] = ofLink;
    if (first === undefined) return [];
    const endpoints = ofLink.map(({ transportId, endpoint, local, unusable }) => ({
      transportId,
      endpoint,
      local,
      hasAddress: unusable !== 'address_lost',
      hasRoute: unusable !== 'route_lost',
    }));
    const hasCarrier =
      name !== lostName && ofLink.every(({ unusable }) => unusable !== 'carrier_lost');
    const { linkKind: kind, mtuBytes } = first;
    return [{ name, kind, hasCarrier, mtuBytes, endpoints }];
  });
}
