/**
 * The public door for pollster files, imported as `virtpoll/pollster`. A file outside the package gets the same
 * functions handed to its default export; pollsters/README.md shows how.
 */
export { instanceRate, diskRate, vnicDelta, vnicRate, type DeltaRow, type RateRow } from './changes.js'
export {
  diskMeter,
  flavorMeter,
  instanceMeter,
  vnicMeter,
  type InstanceMeterRow,
  type MeterFields,
  type MeterRow,
} from './meters.js'
export type {
  Memory,
  Missing,
  Outcome,
  PollContext,
  Pollster,
  PollsterLog,
  PollsterModule,
  Reading,
  Remembered,
} from './pollster.js'
export type { Flavor, Instance, Resource } from '../discovery/discovery.js'
export type {
  Absence,
  AbsenceReason,
  DiskStats,
  DomainLook,
  MemoryStats,
  PerfStats,
  StatsGroup,
  VnicStats,
} from '../inspector/inspector.js'
export type { Metadata, MeterType } from '../sample/sample.js'
export { add, subtract, type NumberKind, type Volume } from '../sample/volume.js'
export type { Instant } from '../schedule/clock.js'
