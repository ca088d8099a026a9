/**
 * Every method of a connection with the arguments of each kind that the runs need. `right` is given a domain's UUID;
 * `local` ones ask no daemon, so that nothing can hold them up.
 */
const ignore = () => undefined
const noteUri = 'urn:example:note'

/** @param {{ disk: string, vnic: string }} devices of the domain that is asked about */
export const methodsFor = ({ disk, vnic }) => ({
  isAlive: { right: () => [], local: true },
  onClose: { right: () => [ignore], wrong: [undefined] },
  setKeepAlive: { right: () => [5, 3], wrong: [0.5, 3], local: true },
  hypervisorType: { right: () => [], local: true },
  hypervisorVersion: { right: () => [] },
  libvirtVersion: { right: () => [] },
  hostname: { right: () => [] },
  nodeInfo: { right: () => [] },
  listDomains: { right: () => [0], wrong: [-1], refused: [2 ** 31] },
  allDomainStats: { right: () => [0, 0], wrong: [0, 2 ** 32], refused: [0, 2 ** 20] },
  domainStats: { right: (uuid) => [[uuid], 0, 0], wrong: ['text', 0, 0] },
  domainState: { right: (uuid) => [uuid], wrong: [7] },
  domainInfo: { right: (uuid) => [uuid], wrong: [null] },
  domainControlInfo: { right: (uuid) => [uuid], wrong: [undefined] },
  memoryStats: { right: (uuid) => [uuid], wrong: [{}] },
  blockStats: { right: (uuid) => [uuid, disk], wrong: ['text', 0] },
  blockStatsParameters: { right: (uuid) => [uuid, disk], wrong: ['text', 'nul\0'] },
  blockInfo: { right: (uuid) => [uuid, disk], wrong: ['text', []] },
  interfaceStats: { right: (uuid) => [uuid, vnic], wrong: ['text', 1n] },
  domainXml: { right: (uuid) => [uuid, 0], wrong: ['text', '0'] },
  domainMetadata: { right: (uuid) => [uuid, 2, noteUri, 0], wrong: ['text', 2, undefined, 0] },
  onDomainEvent: { right: () => [['lifecycle', 'metadata-change'], ignore], wrong: [['lifecycle']] },
  close: { right: () => [] },
})

/** `answers`, the kind of a TypeError, or the number of a LibvirtError. */
export const outcomeOf = (promise) =>
  promise.then(
    () => 'answers',
    (error) => (error.name === 'LibvirtError' ? `libvirt ${error.libvirtCode}` : error.name),
  )
