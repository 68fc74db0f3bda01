/** Configures a veth through our netlink requests and asks `ip` what became of it. */
import { openInterfaceSetup } from '../../../../../hal/linux/interfaces.ts';
import { ip, opened } from './opened.ts';

const setup = opened(openInterfaceSetup());
ip('link add one0 index 101 type veth peer name two0 index 202');
ip('link set two0 up');

const codes: Record<string, string> = {};
function note(what: string, result: { ok: true } | { ok: false; code: string }): void {
  codes[what] = result.ok ? 'ok' : result.code;
}

note('mtu', setup.setMtu('one0', 1_400));
note('up', setup.setUp('one0'));
note('upTwo', setup.setUp('two0'));
note('addresses', setup.setAddresses('one0', ['10.97.0.1/24', '10.97.0.9/24', 'fd97::1/64']));
const first = shown();
note('addressesAgain', setup.setAddresses('one0', ['fd97::1/64', '10.97.1.1/32']));
const second = shown();
note('addressInvalid', setup.setAddresses('one0', ['10.97.1.1/33']));

note('route', setup.addRoute('10.50.3.4/16', 'one0'));
note('routeAgain', setup.addRoute('10.50.0.0/16', 'one0'));
note('routeElsewhere', setup.addRoute('10.50.0.0/16', 'two0'));
note('routeOtherMetric', setup.addRoute('10.50.0.0/16', 'two0', { metric: 50 }));
note('route6', setup.addRoute('fd50::/32', 'one0'));
note('route6Again', setup.addRoute('fd50::/32', 'one0'));
note('default', setup.addRoute('0.0.0.0/0', 'one0', { metric: 5, table: 70_000 }));
note('defaultAgain', setup.addRoute('0.0.0.0/0', 'one0', { metric: 5, table: 70_000 }));
note('default6', setup.addRoute('::/0', 'one0', { metric: 5 }));
const routes = [
  text('ip route show 10.50.0.0/16'),
  text('ip -6 route show fd50::/32'),
  text('ip route show table 70000'),
  text('ip -6 route show default'),
];

note('remove', setup.removeRoute('10.50.0.0/16', 'one0'));
note('removeAgain', setup.removeRoute('10.50.0.0/16', 'one0'));
note('remove6', setup.removeRoute('fd50::/32', 'one0'));
note('removeDefault', setup.removeRoute('0.0.0.0/0', 'one0', { metric: 5, table: 70_000 }));
const left = [
  text('ip route show 10.50.0.0/16'),
  text('ip -6 route show fd50::/32'),
  text('ip route show table 70000'),
];
note('noDevice', setup.setUp('none0'));
note('removeNoDevice', setup.removeRoute('10.50.0.0/16', 'none0'));
note('badName', setup.setUp('a/b'));
note('badMtu', setup.setMtu('one0', 1));

// The same by somebody without the capability: this process gives it up for good.
const weak = Bun.spawnSync([
  'setpriv',
  '--bounding-set=-net_admin',
  '--inh-caps=-all',
  process.execPath,
  '-e',
  `
  import { openInterfaceSetup } from '${import.meta.dirname}/../../../../../hal/linux/interfaces.ts';
  import { openTun } from '${import.meta.dirname}/../../../../../hal/linux/tun.ts';
  const setup = openInterfaceSetup();
  const up = setup.value.setUp('one0');
  const tun = openTun('jv0');
  console.log(JSON.stringify([up, tun]));
`,
]);

console.log(
  JSON.stringify({
    codes,
    first,
    second,
    routes,
    left,
    weak: JSON.parse(weak.stdout.toString().trim() || 'null') ?? weak.stderr.toString(),
  }),
);

function shown() {
  const [link] = JSON.parse(text('ip -j addr show dev one0'));
  return {
    mtu: link.mtu,
    flags: link.flags.includes('UP'),
    addresses: link.addr_info
      .filter(({ scope }: { scope: string }) => scope === 'global')
      .map(({ local, prefixlen }: { local: string; prefixlen: number }) => `${local}/${prefixlen}`)
      .sort(),
  };
}

function text(command: string): string {
  return Bun.spawnSync(command.split(' ')).stdout.toString().trim().replaceAll(/\s+/g, ' ');
}
