import { rm } from 'node:fs/promises'
import { afterAll, expect, test } from 'vitest'
import { diskPath } from '../support/domain-xml.js'
import { openLab } from '../support/lab.js'
import { folderOf, removeFolders, runVirtpoll } from '../support/virtpoll.js'

const lab = openLab()
afterAll(async () => {
  await lab.removeDomains()
  await removeFolders()
})

test('a disk whose image is gone is missing, and libvirt’s text is told', async () => {
  const domain = await lab.createDomain({ number: 0x3e1, disks: [{ target: 'vda' }] }, 'defined')
  const image = diskPath(domain.spec, { target: 'vda' }) ?? ''
  await rm(image)

  const folder = await folderOf({ 'agent.yaml': { polling: { report_stopped_instances: true } } })
  const config = ['--config', `${folder}/agent.yaml`]
  const { code, stdout, stderr } = await runVirtpoll([
    ...['poll-once', ...config, '--meter', 'disk.device.capacity'],
  ])

  expect([code, stdout]).toEqual([0, ''])
  expect(stderr).toContain('disk.device.capacity: no-data, libvirt answered with an error')
  expect(stderr.split('\n').filter((line) => line.startsWith(`${domain.name}: blockInfo failed: `))).toEqual([
    expect.stringContaining(image),
  ])
})
