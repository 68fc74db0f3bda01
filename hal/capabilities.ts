/**
 * Everything the operating system can refuse us, and how to grant it: code → sentence and hint.
 *
 * Logs, the command line and `docs/operating.md` read this one table.
 *
 * @module
 */

interface HalCodeRow {
  readonly sentence: string;
  /** What the operator can do, or where to look. */
  readonly hint: string;
}

export const HAL_CODES = {
  netAdminMissing: {
    sentence: 'The process lacks CAP_NET_ADMIN, which tun devices, addresses and routes need.',
    hint: 'setcap cap_net_admin+ep /usr/bin/jvpn, or AmbientCapabilities=CAP_NET_ADMIN in the unit.',
  },
  tunDeviceMissing: {
    sentence: 'The kernel offers no /dev/net/tun.',
    hint: 'modprobe tun; in a container pass --device /dev/net/tun.',
  },
  tunDeviceDenied: {
    sentence: '/dev/net/tun exists, but this user may not open it.',
    hint: 'chmod 0666 /dev/net/tun (the usual mode; CAP_NET_ADMIN still guards it), or run as root.',
  },
  markRefused: {
    sentence: 'SO_MARK was refused; packets of this socket carry no firewall mark.',
    hint: 'setcap cap_net_admin+ep /usr/bin/jvpn. ENOPROTOOPT means emulation without SO_MARK: harmless there.',
  },
  bindToDeviceRefused: {
    sentence:
      'SO_BINDTODEVICE was refused, so packets could leave on another link than the chosen one.',
    hint: 'setcap cap_net_raw+ep /usr/bin/jvpn (kernels before 5.7 need it).',
  },
  deviceMissing: {
    sentence: 'There is no network interface of that name.',
    hint: 'Compare the link names in the configuration with the output of ip link.',
  },
  deviceBusy: {
    sentence: 'The device is in use by another process.',
    hint: 'Is another agent running? ip tuntap shows who holds the name.',
  },
  deviceNameInvalid: {
    sentence: 'A network interface name is 1 to 15 characters without spaces or slashes.',
    hint: 'Correct the name in the configuration.',
  },
  addressInvalid: {
    sentence: 'That is not an IPv4 or IPv6 address, or its prefix length does not fit.',
    hint: 'Write addresses as 192.0.2.1, 2001:db8::1 or, with a prefix, 192.0.2.0/24.',
  },
  addressInUse: {
    sentence: 'Another socket has that UDP port.',
    hint: 'ss -lunp shows which process; choose another port or stop it.',
  },
  addressUnavailable: {
    sentence: 'The local address to bind to is not assigned to this machine.',
    hint: 'ip address shows which ones are.',
  },
  familyUnavailable: {
    sentence: 'The kernel has neither IPv6 nor IPv4 datagram sockets for us.',
    hint: 'Check that the kernel was built with CONFIG_INET, and the seccomp filter of the unit.',
  },
  routeConflict: {
    sentence: 'A route to the same destination with the same metric leads to another device.',
    hint: 'Choose another metric or table; ip route show table all lists what exists.',
  },
  netlinkRefused: {
    sentence: 'The kernel refused a netlink request.',
    hint: 'The detail names the request and the errno.',
  },
  netlinkSilent: {
    sentence: 'The kernel did not answer a netlink request in time.',
    hint: 'Overload or a seccomp filter; the detail names the request.',
  },
  storageFull: {
    sentence: 'The file system that holds the state directory is full.',
    hint: 'Free some space; the agent needs two slots of 512 bytes, with [push] two of 32 KiB as well.',
  },
  storageReadOnly: {
    sentence: 'The file system that holds the state directory is read-only.',
    hint: 'Point state.directory to a writable file system that survives a reboot.',
  },
  storageDenied: {
    sentence: 'This user may not write in the state directory.',
    hint: 'chown the directory to the user of the service; its mode is 0700.',
  },
  storageFailed: {
    sentence: 'Writing or syncing the state failed; what the medium holds is unknown.',
    hint: 'Look for I/O errors in the kernel log: the medium may be worn out.',
  },
  systemCallFailed: {
    sentence: 'A system call failed for a reason that has no row of its own.',
    hint: 'The detail names the call and the errno.',
  },
} as const satisfies Record<string, HalCodeRow>;

export type HalCode = keyof typeof HAL_CODES;

/** One line for a person: sentence, hint and what exactly happened. */
export function explain(failure: { readonly code: HalCode; readonly detail: string }): string {
  const { sentence, hint } = HAL_CODES[failure.code];
  return `${sentence} ${hint} (${failure.code}: ${failure.detail})`;
}
