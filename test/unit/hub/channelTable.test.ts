import { describe, expect, test } from 'bun:test';
import { ChannelTable } from '../../../hub/channelTable.ts';
import { NO_RECEIVER } from '../../../session/wire/transport.ts';

const table = () => new ChannelTable<string>((count) => new Uint8Array(count).fill(7));

describe('a channel table', () => {
  test('finds what was set last, also where it was looked up before', () => {
    const channels = table();
    channels.set(1, 'first', null);
    expect(channels.find(1)?.owner).toBe('first');
    channels.set(1, 'second', null);
    expect(channels.find(1)?.owner).toBe('second');
  });

  test('forgets what was deleted, also where it was found last', () => {
    const channels = table();
    channels.set(1, 'first', null);
    channels.set(2, 'other', null);
    expect(channels.find(1)?.owner).toBe('first');
    channels.delete(1);
    expect(channels.find(1)).toBeUndefined();
    expect(channels.find(2)?.owner).toBe('other');
  });

  test('an index that was looked up in vain is found once it is set', () => {
    const channels = table();
    expect(channels.find(3)).toBeUndefined();
    channels.set(3, 'late', null);
    expect(channels.find(3)?.owner).toBe('late');
  });

  test('no receiver is nobody, at first and after a look-up', () => {
    const channels = table();
    expect(channels.find(NO_RECEIVER)).toBeUndefined();
    channels.set(1, 'first', null);
    channels.find(1);
    expect(channels.find(NO_RECEIVER)).toBeUndefined();
  });
});
