import { expect, test } from 'vitest'
import { didYouMean, nearest } from '../../../src/config/suggest.js'

test.each([
  ['intervall', ['interval', 'meters'], 'interval'],
  ['itnerval', ['interval', 'meters'], 'interval'],
  ['METERS', ['interval', 'meters'], 'meters'],
  ['cpu_utl', ['cpu', 'cpu_util'], 'cpu_util'],
  ['network.incoming.packets', ['network.incoming.bytes'], undefined],
  ['disk.device.read.byte', ['disk.device.write.bytes', 'disk.device.read.bytes'], 'disk.device.read.bytes'],
  ['x', ['interval'], undefined],
  ['', ['a'], 'a'],
  ['interval'.repeat(20), ['interval'], undefined],
  ['interval', [], undefined],
])('takes %j among %j for %j', (word, candidates, found) => {
  expect(nearest(word, candidates)).toBe(found)
})

test('ends a message with a question, or with nothing', () => {
  expect(didYouMean('intervall', ['interval'])).toBe('; did you mean "interval"?')
  expect(didYouMean('nonsense', ['interval'])).toBe('')
})
