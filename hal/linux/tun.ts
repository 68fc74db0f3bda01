/**
 * A tun interface through /dev/net/tun: one IP packet per read and write, no header in front.
 *
 * The interface disappears with its descriptor, and its addresses and routes with it.
 * Source: linux/if_tun.h, Documentation/networking/tuntap.rst.
 *
 * @module
 */
import { type HalResult, halFail, halOk } from '../result.ts';
import { TUN_GONE, type Tun } from '../tun.ts';
import { ERRNO, errnoName } from './errno.ts';
import { errno, libc } from './libc.ts';
import { addressOf, nativeBytes, nativeText } from './memory.ts';

const TUN_PATH = '/dev/net/tun';
const O_RDWR = 0o2;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const TUNSETIFF = 0x400454ca;
const IFF_TUN = 0x0001;
const IFF_NO_PI = 0x1000;
const IFREQ_BYTES = 40;

/** Whether the kernel would take it as an interface name. `%d` lets it choose a number. */
export function isDeviceName(name: string): boolean {
  return /^[!-.0-9;-~]{1,15}$/.test(name) && name !== '.' && name !== '..';
}

/** Open the interface `name`, creating it. Needs CAP_NET_ADMIN. */
export function openTun(name: string): HalResult<Tun> {
  if (!isDeviceName(name)) return halFail('deviceNameInvalid', name);
  const path = nativeText(TUN_PATH);
  const fd = libc.open(addressOf(path), O_RDWR | O_NONBLOCK | O_CLOEXEC, 0);
  if (fd < 0) return openFailure(errno());

  const request = nativeBytes(IFREQ_BYTES);
  request.set(new TextEncoder().encode(name));
  new DataView(request.buffer).setUint16(16, IFF_TUN | IFF_NO_PI, true);
  if (libc.ioctl(fd, TUNSETIFF, addressOf(request)) < 0) {
    const code = errno();
    libc.close(fd);
    return attachFailure(name, code);
  }
  const end = request.indexOf(0);
  return halOk(new LinuxTun(new TextDecoder().decode(request.slice(0, end)), fd));
}

function openFailure(code: number) {
  const detail = `open ${TUN_PATH}: ${errnoName(code)}`;
  switch (code) {
    case ERRNO.ENOENT:
    case ERRNO.ENODEV:
    case ERRNO.ENXIO:
      return halFail('tunDeviceMissing', detail);
    case ERRNO.EACCES:
    case ERRNO.EPERM: // a device cgroup of a container answers with this one
      return halFail('tunDeviceDenied', detail);
    default:
      return halFail('systemCallFailed', detail);
  }
}

function attachFailure(name: string, code: number) {
  const detail = `TUNSETIFF ${name}: ${errnoName(code)}`;
  if (code === ERRNO.EPERM || code === ERRNO.EACCES) return halFail('netAdminMissing', detail);
  // EINVAL: an interface of that name exists and is no tun.
  if (code === ERRNO.EBUSY || code === ERRNO.EINVAL) return halFail('deviceBusy', detail);
  return halFail('systemCallFailed', detail);
}

class LinuxTun implements Tun {
  readonly name: string;
  readonly fd: number;
  refusedCount = 0;

  constructor(name: string, fd: number) {
    this.name = name;
    this.fd = fd;
  }

  read(target: Uint8Array): number {
    const bytes = libc.read(this.fd, addressOf(target), target.length);
    if (bytes >= 0) return bytes;
    const code = errno();
    return code === ERRNO.EBADFD || code === ERRNO.EIO || code === ERRNO.EBADF ? TUN_GONE : 0;
  }

  write(packet: Uint8Array, bytes: number): boolean {
    if (libc.write(this.fd, addressOf(packet), Math.min(bytes, packet.length)) === bytes) {
      return true;
    }
    this.refusedCount++;
    return false;
  }

  close(): void {
    libc.close(this.fd);
  }
}
