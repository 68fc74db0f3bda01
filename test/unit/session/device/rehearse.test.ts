/**
 * Goal: what is rehearsed is what then happens, and nothing of it is left behind.
 */
import { describe, expect, test } from 'bun:test';
import { rehearse } from '../../../../session/device/rehearse.ts';
import type { Frame } from '../../../../session/wire/frames.ts';
import { attachedDevice, type Driver } from './driver.ts';
import { ETH, links, SECOND_MS, WLAN, WWAN } from './setup.ts';

const rehearsed = ({ device, config }: Driver): readonly Frame[] => rehearse(device, config);
const typesOf = (frames: readonly Frame[]) => frames.map(({ type }) => type);

describe('a rehearsed loss of carrier', () => {
  test('sends the very frames that the real one sends, and takes the answer', () => {
    const driver = attachedDevice([ETH, WLAN, WWAN]);
    const frames = rehearsed(driver);
    driver.forget();
    driver.links(links([WLAN, WWAN]));
    expect(typesOf(driver.frames)).toContain('reattach');
    const sent = driver.log.flatMap((effect) => (effect.kind === 'send' ? [effect.frame] : []));
    expect(frames.slice(0, -1)).toEqual(sent);
    expect(frames.at(-1)).toMatchObject({ type: 'reattached', claim: driver.device.claim?.claim });
  });

  test('leaves the device as it was, and what it does next as it would have been', () => {
    const driver = attachedDevice([ETH, WLAN]);
    const before = structuredClone(driver.device);
    rehearsed(driver);
    expect(driver.device).toEqual(before);
    const other = attachedDevice([ETH, WLAN]);
    for (const one of [driver, other]) one.run(20 * SECOND_MS);
    expect(driver.log).toEqual(other.log);
  });

  test('on the only link asks nobody', () => {
    expect(typesOf(rehearsed(attachedDevice([ETH])))).not.toContain('reattach');
  });

  test('is nothing where there is no binding to lose', () => {
    const driver = attachedDevice([ETH]);
    driver.links(links([]));
    expect(driver.device.state).toBe('RECOVERING');
    expect(rehearsed(driver)).toEqual([]);
  });
});
