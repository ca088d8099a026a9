/**
 * How hard the fault tests try: `full` is what `make faults` asks for, the reduced figure what `make test` has time
 * for.
 */
export function faultScale<T>({ reduced, full }: { readonly reduced: T; readonly full: T }): T {
  return process.env['VIRTPOLL_FAULTS'] === 'full' ? full : reduced
}
