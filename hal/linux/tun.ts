/**
 * A tun interface through /dev/net/tun: IP packets behind a virtio header, super-packets where the
 * kernel makes them.
 *
 * Asked for in steps, from all to nothing: IFF_VNET_HDR with checksum, TSO and USO (Linux 6.2), without
 * USO, with nothing, and at last a tun without the header. The interface disappears with its
 * descriptor, and its addresses and routes with it.
 * Source: linux/if_tun.h, Documentation/networking/tuntap.rst.
 *
 * @module
 */
import type { Memory } from '../../session/memory.ts';
import { VIRTIO_BYTES } from '../../session/packet/virtio.ts';
import { type HalResult, halFail, halOk } from '../result.ts';
import { NO_TUN_OFFLOAD, TUN_GONE, TUN_READ_BYTES, type Tun, type TunOffload } from '../tun.ts';
import { ERRNO, errnoName } from './errno.ts';
import { errno, libc, type Pointer } from './libc.ts';
import { addressOf, assertInside, nativeBytes, nativeText } from './memory.ts';

const TUN_PATH = '/dev/net/tun';
const O_RDWR = 0o2;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const TUNSETIFF = 0x400454ca;
const TUNGETFEATURES = 0x800454cf;
const TUNSETOFFLOAD = 0x400454d0;
const IFF_TUN = 0x0001;
const IFF_NO_PI = 0x1000;
const IFF_VNET_HDR = 0x4000;
const IFREQ_BYTES = 40;
/** TUN_F_CSUM, TUN_F_TSO4, TUN_F_TSO6, TUN_F_TSO_ECN. */
const OFFLOAD_TCP = 0x0f;
/** TUN_F_USO4, TUN_F_USO6. */
const OFFLOAD_UDP = 0x60;

/** Whether the kernel would take it as an interface name. `%d` lets it choose a number. */
export function isDeviceName(name: string): boolean {
  return /^[!-.0-9;-~]{1,15}$/.test(name) && name !== '.' && name !== '..';
}

/**
 * Open the interface `name`, creating it. Needs CAP_NET_ADMIN.
 *
 * @param wanted `off`: one complete packet a read, as if the kernel offered nothing.
 */
export function openTun(name: string, wanted: 'auto' | 'off' = 'auto'): HalResult<Tun> {
  if (!isDeviceName(name)) return halFail('deviceNameInvalid', name);
  const path = nativeText(TUN_PATH);
  const fd = libc.open(addressOf(path), O_RDWR | O_NONBLOCK | O_CLOEXEC, 0);
  if (fd < 0) return openFailure(errno());

  const hasHeader = wanted === 'auto' && (featuresOf(fd) & IFF_VNET_HDR) !== 0;
  const request = nativeBytes(IFREQ_BYTES);
  request.set(new TextEncoder().encode(name));
  const flags = IFF_TUN | IFF_NO_PI | (hasHeader ? IFF_VNET_HDR : 0);
  new DataView(request.buffer).setUint16(16, flags, true);
  if (libc.ioctl(fd, TUNSETIFF, addressOf(request)) < 0) {
    const code = errno();
    libc.close(fd);
    return attachFailure(name, code);
  }
  const end = request.indexOf(0);
  const given = new TextDecoder().decode(request.slice(0, end));
  if (!hasHeader) return halOk(new PlainTun(given, fd));
  return halOk(new OffloadTun(given, fd, enableOffload(fd)));
}

function featuresOf(fd: number): number {
  const word = nativeBytes(4);
  if (libc.ioctl(fd, TUNGETFEATURES, addressOf(word)) < 0) return 0;
  return new DataView(word.buffer).getUint32(0, true);
}

function enableOffload(fd: number): TunOffload {
  // The argument is the number itself, not a pointer to it.
  const asked = (flags: number) => libc.ioctl(fd, TUNSETOFFLOAD, flags as Pointer) >= 0;
  if (asked(OFFLOAD_TCP | OFFLOAD_UDP)) return { checksum: true, tcp: true, udp: true };
  if (asked(OFFLOAD_TCP)) return { checksum: true, tcp: true, udp: false };
  // What we write may have an open checksum all the same: that needs the header and nothing else.
  return { checksum: true, tcp: false, udp: false };
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

abstract class LinuxTun {
  readonly name: string;
  readonly fd: number;
  refusedCount = 0;

  constructor(name: string, fd: number) {
    this.name = name;
    this.fd = fd;
  }

  close(): void {
    libc.close(this.fd);
  }

  protected readAt(memory: Memory, at: number, bytesMax: number): number {
    assertInside(memory, at, bytesMax);
    const bytes = libc.read(this.fd, (memory.address + at) as Pointer, bytesMax);
    if (bytes >= 0) return bytes;
    const code = errno();
    return code === ERRNO.EBADFD || code === ERRNO.EIO || code === ERRNO.EBADF ? TUN_GONE : 0;
  }

  protected writeAt(memory: Memory, at: number, bytes: number): boolean {
    assertInside(memory, at, bytes);
    if (libc.write(this.fd, (memory.address + at) as Pointer, bytes) === bytes) return true;
    this.refusedCount++;
    return false;
  }
}

class OffloadTun extends LinuxTun implements Tun {
  readonly offload: TunOffload;

  constructor(name: string, fd: number, offload: TunOffload) {
    super(name, fd);
    this.offload = offload;
  }

  read(memory: Memory, at: number): number {
    return this.readAt(memory, at, TUN_READ_BYTES);
  }

  write(memory: Memory, at: number, bytes: number): boolean {
    return this.writeAt(memory, at, bytes);
  }
}

/** The header of {@link Tun} is ours to write and to leave out. */
class PlainTun extends LinuxTun implements Tun {
  readonly offload = NO_TUN_OFFLOAD;

  read(memory: Memory, at: number): number {
    const bytes = this.readAt(memory, at + VIRTIO_BYTES, TUN_READ_BYTES - VIRTIO_BYTES);
    if (bytes <= 0) return bytes;
    memory.bytes.fill(0, at, at + VIRTIO_BYTES);
    return VIRTIO_BYTES + bytes;
  }

  write(memory: Memory, at: number, bytes: number): boolean {
    return this.writeAt(memory, at + VIRTIO_BYTES, bytes - VIRTIO_BYTES);
  }
}
