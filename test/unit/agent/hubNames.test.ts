/** Goal: a hub that moves is found by its name, and a name moves nobody that works. */
import { describe, expect, test } from 'bun:test';
import { HubNames, type Since } from '../../../agent/hubNames.ts';
import { Lookups, type LookupTimers } from '../../../agent/lookups.ts';
import { parseNamedEndpoint } from '../../../policies/address.ts';

/** A resolver that says what it is told to, and counts how often it is asked. */
class Resolver {
  answers: readonly string[] | null = [];
  asked = 0;
  gate: PromiseWithResolvers<void> | null = null;
  readonly lookUp = async (): Promise<readonly string[]> => {
    this.asked += 1;
    await this.gate?.promise;
    if (this.answers === null) throw new Error('SERVFAIL');
    return this.answers;
  };
}

const named = (resolver: Resolver) =>
  new HubNames(['198.51.100.1:51820', 'hub.example.org:7'], resolver.lookUp);

describe('names', () => {
  test('one endpoint a family behind those of the file, none before the first answer', async () => {
    const resolver = new Resolver();
    const names = named(resolver);
    expect(names.endpoints).toEqual(['198.51.100.1:51820', null, null]);
    resolver.answers = ['2001:DB8::1', '203.0.113.9', '203.0.113.8'];
    expect(await names.refresh()).toBe(true);
    expect(names.endpoints).toEqual(['198.51.100.1:51820', '203.0.113.9:7', '[2001:db8::1]:7']);
  });

  test('what DNS64 makes of an IPv4 address is an IPv6 endpoint like any other, beside it or alone', async () => {
    for (const [answers, endpoints] of [
      [
        ['64:ff9b::cb00:7109', '203.0.113.9'],
        ['203.0.113.9:7', '[64:ff9b::cb00:7109]:7'],
      ],
      [['64:ff9b::203.0.113.9'], [null, '[64:ff9b::cb00:7109]:7']],
      [['2001:db8:64::cb00:7109'], [null, '[2001:db8:64::cb00:7109]:7']],
    ] as const) {
      const resolver = new Resolver();
      const names = new HubNames(['hub.example.org:7'], resolver.lookUp);
      resolver.answers = answers;
      expect(await names.refresh()).toBe(true);
      expect(names.endpoints).toEqual(endpoints);
    }
  });

  test('an address that the name still has is kept, one that it lost is replaced', async () => {
    const resolver = new Resolver();
    const names = named(resolver);
    resolver.answers = ['203.0.113.9'];
    await names.refresh();
    resolver.answers = ['203.0.113.8', '203.0.113.9'];
    expect(await names.refresh()).toBe(false);
    resolver.answers = ['203.0.113.8'];
    expect(await names.refresh()).toBe(true);
    expect(names.endpoints[1]).toBe('203.0.113.8:7');
  });

  test('asked in vain, the next address of the name has its turn, in whatever order they are told, until all have had one', async () => {
    const resolver = new Resolver();
    const names = named(resolver);
    const [a, b, c] = ['203.0.113.7', '203.0.113.8', '203.0.113.9'] as const;
    resolver.answers = [a, b, c];
    await names.refresh();
    const turns = [names.endpoints[1]];
    for (const answers of [
      [c, b, a],
      [b, c, a],
      [c, a, b],
      [a, b, c],
      [a, c, b],
    ]) {
      resolver.answers = answers;
      expect(await names.refresh(() => 'inVain')).toBe(true);
      turns.push(names.endpoints[1]);
    }
    for (const round of [turns.slice(0, 3), turns.slice(3)]) {
      expect(round.toSorted()).toEqual([`${a}:7`, `${b}:7`, `${c}:7`]);
    }
    // Nothing was asked, or a binding came and went: what it was over is kept.
    resolver.answers = [b, c, a];
    for (const since of ['unasked', 'bound'] as const) {
      expect([since, await names.refresh(() => since)]).toEqual([since, false]);
    }
    // The only address that there is, and none: nothing else to ask.
    for (const answers of [[names.endpoints[1]?.split(':')[0] ?? ''], [], null]) {
      resolver.answers = answers;
      expect([answers, await names.refresh(() => 'inVain')]).toEqual([answers, false]);
    }
  });

  test('a pause in which nothing was asked takes no turn and gives none back; a binding gives all of them back', async () => {
    const resolver = new Resolver();
    const names = named(resolver);
    const [a, b, c] = ['203.0.113.7', '203.0.113.8', '203.0.113.9'] as const;
    resolver.answers = [a, b, c];
    const turn = async (since: Since) => {
      await names.refresh(() => since);
      return names.endpoints[1];
    };
    expect(await turn('unasked')).toBe(`${a}:7`);
    const turns = [await turn('inVain'), await turn('unasked'), await turn('inVain')];
    expect(turns).toEqual([`${b}:7`, `${b}:7`, `${c}:7`]);
    expect([await turn('bound'), await turn('inVain')]).toEqual([`${c}:7`, `${a}:7`]);
  });

  test('a lookup that fails, or that finds nothing or nonsense, keeps what there was', async () => {
    const resolver = new Resolver();
    const names = named(resolver);
    resolver.answers = ['203.0.113.9'];
    await names.refresh();
    for (const answers of [null, [], ['x', '', '203.0.113.9.9', '203.0.113.9:7']]) {
      resolver.answers = answers;
      expect([answers, await names.refresh()]).toEqual([answers, false]);
    }
    expect(names.endpoints[1]).toBe('203.0.113.9:7');
  });

  test('an address that an endpoint before it has already is no second endpoint, until it is another one', async () => {
    const resolver = new Resolver();
    const endpoints = ['198.51.100.1:7', 'hub.example.org:7', 'two.example.org:7'];
    const names = new HubNames(endpoints, resolver.lookUp);
    resolver.answers = ['198.51.100.1', '2001:db8::1'];
    await names.refresh();
    const v6 = '[2001:db8::1]:7';
    expect(names.endpoints).toEqual(['198.51.100.1:7', null, v6, null, null]);
    resolver.answers = ['203.0.113.9'];
    await names.refresh();
    expect(names.endpoints).toEqual(['198.51.100.1:7', '203.0.113.9:7', v6, null, null]);
  });

  test('however the file writes an address, a name that has it is no second endpoint', async () => {
    for (const [written, answer] of [
      ['[64:ff9b::203.0.113.9]:7', '64:ff9b::cb00:7109'],
      ['[2001:DB8:0::1]:7', '2001:db8::1'],
    ] as const) {
      const resolver = new Resolver();
      const names = new HubNames([written, 'hub.example.org:7'], resolver.lookUp);
      resolver.answers = [answer];
      await names.refresh();
      expect(names.endpoints).toEqual([`[${answer}]:7`, null, null]);
    }
  });

  test('who asks while a lookup runs gets its answer, and nobody is asked twice', async () => {
    const resolver = new Resolver();
    const names = named(resolver);
    resolver.gate = Promise.withResolvers<void>();
    resolver.answers = ['203.0.113.9'];
    const both = [names.refresh(), names.refresh()];
    resolver.gate.resolve();
    expect([await Promise.all(both), resolver.asked]).toEqual([[true, true], 1]);
    expect([await names.refresh(), resolver.asked]).toEqual([false, 2]);
  });

  test('what is a name with a port, and what is not', () => {
    expect(parseNamedEndpoint('Hub-1.Example.org.:51820')).toEqual({
      name: 'hub-1.example.org',
      port: 51_820,
    });
    for (const text of [
      ...['', 'hub', 'hub:', 'hub:0', 'hub:65536', ':1', '-hub.org:1', 'hub-.org:1', 'a..b:1'],
      ...['198.51.100.1:51820', '[2001:db8::1]:1', 'hub.1:1', 'höb.org:1', 'hub.org:1:1'],
      ...[`${'a'.repeat(64)}.org:1`, `${'a.'.repeat(127)}org:1`, 'hub.org: 1', 'hub.org:1 '],
    ]) {
      expect([text, parseNamedEndpoint(text)]).toEqual([text, null]);
    }
  });
});

describe('lookups', () => {
  /** Timers that run when told to. */
  function world(gate: PromiseWithResolvers<void> | null = null) {
    const resolver = new Resolver();
    resolver.gate = gate;
    const armed: { run: () => void; inMs: number }[] = [];
    const timers: LookupTimers = {
      set: (run, inMs) => {
        const timer = { run, inMs };
        armed.push(timer);
        return timer;
      },
      clear: (timer) => void armed.splice(armed.indexOf(timer), 1),
    };
    const told: (readonly (string | null)[])[] = [];
    const link = { isUsable: true };
    const lookups = new Lookups({
      names: named(resolver),
      tell: (endpoints) => told.push(endpoints),
      hasLink: async () => link.isUsable,
      timers,
    });
    const settle = () => Bun.sleep(0);
    const fire = async () => {
      armed.shift()?.run();
      await settle();
    };
    return { resolver, armed, told, link, lookups, settle, fire };
  }

  test('at start at once, then after pauses that grow to a minute, until there is a binding', async () => {
    const { resolver, armed, told, lookups, settle, fire } = world();
    await settle();
    const pauses: number[] = [];
    for (let i = 0; i < 6; i++) {
      pauses.push(armed[0]?.inMs ?? 0);
      await fire();
    }
    expect(pauses).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
    expect([resolver.asked, told]).toEqual([7, []]);
    resolver.answers = ['203.0.113.9'];
    await fire();
    expect(told).toEqual([['198.51.100.1:51820', '203.0.113.9:7', null]]);
    lookups.onState('ATTACHED');
    expect(armed).toEqual([]);
  });

  test('◆ while the session carries nobody is asked, and a late answer is not told', async () => {
    const gate = Promise.withResolvers<void>();
    const { resolver, armed, told, lookups, settle } = world(gate);
    await settle();
    lookups.onState('ATTACHED');
    resolver.answers = ['203.0.113.66'];
    gate.resolve();
    await settle();
    lookups.onState('VOLATILE');
    lookups.onState('ATTACHED');
    await settle();
    expect([resolver.asked, told, armed]).toEqual([1, [], []]);
    lookups.onState('RECOVERING');
    await settle();
    // What came late is news now.
    expect([resolver.asked, told]).toEqual([2, [['198.51.100.1:51820', '203.0.113.66:7', null]]]);
  });

  test('◆ a binding lost while a lookup runs: no second one, and the first pause follows its end', async () => {
    const gate = Promise.withResolvers<void>();
    const { resolver, armed, told, lookups, settle, fire } = world(gate);
    await settle();
    for (let flap = 0; flap < 3; flap++) {
      lookups.onState('ATTACHED');
      lookups.onState('RECOVERING');
      await settle();
    }
    // Nobody waits for a pause while the resolver still thinks.
    expect([resolver.asked, armed]).toEqual([1, []]);
    resolver.answers = ['203.0.113.66'];
    gate.resolve();
    await settle();
    expect(told).toEqual([['198.51.100.1:51820', '203.0.113.66:7', null]]);
    expect(armed.map(({ inMs }) => inMs)).toEqual([5_000]);
    await fire();
    expect([resolver.asked, armed.map(({ inMs }) => inMs)]).toEqual([2, [10_000]]);
  });

  test('◆ a hub that moves, and DNS lists both: the old address first, and the new one after a pause in vain', async () => {
    const { resolver, told, lookups, settle, fire } = world();
    resolver.answers = ['203.0.113.8'];
    await fire();
    await settle();
    await fire();
    lookups.onState('ATTACHED');
    resolver.answers = ['203.0.113.8', '203.0.113.9'];
    lookups.onState('RECOVERING');
    await settle();
    const addresses = () => told.map(([, address]) => address);
    expect(addresses()).toEqual(['203.0.113.8:7']);
    await fire();
    expect(addresses()).toEqual(['203.0.113.8:7', '203.0.113.9:7']);
    lookups.onState('ATTACHED');
    lookups.onState('RECOVERING');
    await settle();
    expect(addresses()).toEqual(['203.0.113.8:7', '203.0.113.9:7']);
  });

  test('◆ what carried while the resolver thought over a pause in vain was not in vain, whether it carries still or not', async () => {
    for (const isLost of [false, true]) {
      const { resolver, told, lookups, settle, fire } = world();
      resolver.answers = ['203.0.113.8', '203.0.113.9'];
      await fire();
      await settle();
      await fire();
      const gate = Promise.withResolvers<void>();
      resolver.gate = gate;
      const before = told.at(-1);
      await fire();
      lookups.onState('ATTACHED');
      if (isLost) lookups.onState('RECOVERING');
      gate.resolve();
      await settle();
      if (!isLost) lookups.onState('RECOVERING');
      await settle();
      expect([isLost, told.at(-1)]).toEqual([isLost, before]);
    }
  });

  test('◆ without a link nothing is asked in vain: after a long outage the address is the one that carried last', async () => {
    const { resolver, told, link, lookups, settle, fire } = world();
    resolver.answers = ['203.0.113.8', '203.0.113.9'];
    await fire();
    await settle();
    lookups.onState('ATTACHED');
    link.isUsable = false;
    lookups.onState('RECOVERING');
    await settle();
    for (let pause = 0; pause < 5; pause++) await fire();
    expect(told.map(([, address]) => address)).toEqual(['203.0.113.8:7']);
    link.isUsable = true;
    await fire();
    expect(told.map(([, address]) => address)).toEqual(['203.0.113.8:7', '203.0.113.9:7']);
  });

  test('without names nothing is armed; stopped, nothing is left', async () => {
    const resolver = new Resolver();
    const armed: unknown[] = [];
    const timers = { set: (run: () => void) => armed.push(run), clear: () => {} };
    const none = new Lookups({
      names: new HubNames(['198.51.100.1:51820'], resolver.lookUp),
      tell: () => {},
      hasLink: async () => true,
      timers,
    });
    none.onState('ATTACHED');
    none.onState('RECOVERING');
    await Bun.sleep(0);
    expect([armed, resolver.asked]).toEqual([[], 0]);
    const { lookups, armed: others, settle } = world();
    await settle();
    lookups.stop();
    lookups.onState('RECOVERING');
    await settle();
    expect(others).toEqual([]);
  });
});
