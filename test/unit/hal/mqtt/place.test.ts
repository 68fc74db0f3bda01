import { expect, test } from 'bun:test';
import { placeOf } from '../../../../hal/mqtt/place.ts';

test('host and port, with the registered port where none is written', () => {
  const place = (protocol: 'mqtt' | 'mqtts', host: string, port: number) => ({
    protocol,
    host,
    hostname: host,
    port,
  });
  expect(placeOf('mqtt://broker.example')).toEqual(place('mqtt', 'broker.example', 1_883));
  expect(placeOf('mqtts://broker.example/')).toEqual(place('mqtts', 'broker.example', 8_883));
  expect(placeOf('mqtt://192.0.2.1:2000')).toEqual(place('mqtt', '192.0.2.1', 2_000));
  expect(placeOf('mqtt://[2001:db8::1]:2000')).toEqual(place('mqtt', '2001:db8::1', 2_000));
});

test('a WebSocket address keeps its path and its brackets', () => {
  expect(placeOf('wss://[2001:db8::1]/mqtt?a=b')).toEqual({
    protocol: 'wss',
    host: '[2001:db8::1]',
    hostname: '[2001:db8::1]',
    port: 443,
    path: '/mqtt?a=b',
  });
  expect(placeOf('ws://broker.example')).toMatchObject({ port: 80, path: '/' });
});

test('a user name and a password in the address are decoded', () => {
  expect(placeOf('mqtt://g%40w:p%2Fw@broker.example')).toMatchObject({
    username: 'g@w',
    password: 'p/w',
    host: 'broker.example',
  });
  expect(placeOf('mqtt://gw:100%@broker.example')).toMatchObject({ password: '100%' });
});

test('what is no address of a broker is null', () => {
  for (const url of ['', 'broker.example', 'mqtt://', 'http://broker.example', 'mqtt://h:99999']) {
    expect([url, placeOf(url)]).toEqual([url, null]);
  }
});
